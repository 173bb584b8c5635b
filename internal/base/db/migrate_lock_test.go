package db_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// steps are n migrations, each of which would fail if applied twice.
func steps(n int) db.Source {
	var files []string
	for i := range n {
		files = append(files, fmt.Sprintf("%04d_step%d.sql", i+1, i+1))
	}
	return source("steps", files...)
}

const allSteps = 25

// migratingChild is a process that migrates when its parent says so.
func migratingChild(database string) {
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	ctx := context.Background()
	d, err := db.Open(ctx, database, quiet())
	if err == nil {
		err = errors.Join(db.Migrate(ctx, d, steps(allSteps)), d.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Several processes that start at the same instant, as two machines do after an update: all of them work, and each
// migration was applied once.
func TestProcessesThatMigrateAtOnce(t *testing.T) {
	rounds := 2
	if deep() {
		rounds = 25
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, behind := range []int{0, allSteps - 1} {
			t.Run(fmt.Sprintf("%s, %d there", engine, behind), func(t *testing.T) {
				for range rounds {
					database := filepath.Join(t.TempDir(), "p.db")
					if engine == "postgres" {
						database = testkit.PostgresURL(t, nil)
					}
					if behind > 0 {
						d := open(t, database)
						if err := db.Migrate(context.Background(), d, steps(behind)); err != nil {
							t.Fatal(err)
						}
					}
					migrateTogether(t, database, 3)
					d := open(t, database)
					applied, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
						return db.One(r, "count", db.Column[int64], `select count(*) from goose_db_version where version_id > 0`)
					})
					if err != nil || applied != allSteps {
						t.Errorf("%d migrations noted, want %d (%v)", applied, allSteps, err)
					}
				}
			})
		}
	}
}

func open(t *testing.T, database string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), database, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func migrateTogether(t *testing.T, database string, n int) {
	t.Helper()
	var all []*exec.Cmd
	var starts []io.Writer
	said := make([]strings.Builder, n)
	for i := range n {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PARVIS_DB_MIGRATE="+database)
		cmd.Stderr = &said[i]
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		all, starts = append(all, cmd), append(starts, in)
	}
	for _, start := range starts {
		_, _ = io.WriteString(start, "go\n")
	}
	for i, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, said[i].String())
		}
	}
}

// Who waits too long is told why; who waits long enough goes on.
func TestWaitingForAnotherMigration(t *testing.T) {
	testkit.EachEngine(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := db.Migrate(ctx, d, steps(1)); err != nil {
			t.Fatal(err)
		}
		entered, release := make(chan bool), make(chan bool)
		var other sync.WaitGroup
		other.Go(func() {
			if err := db.Alone(ctx, d, func() error { close(entered); <-release; return nil }); err != nil {
				t.Error(err)
			}
		})
		<-entered
		if err := db.Migrate(ctx, d, steps(1)); err != nil {
			t.Errorf("nothing to apply, and yet: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		if err := db.Migrate(short, d, steps(2)); !errors.Is(err, db.ErrMigrating) {
			t.Errorf("while another migrates: got %v, want ErrMigrating", err)
		}
		waiting := make(chan error)
		go func() { waiting <- db.Migrate(ctx, d, steps(2)) }()
		close(release)
		other.Wait()
		if err := <-waiting; err != nil {
			t.Errorf("after the other: %v", err)
		}
		if n := count(t, d, "step2"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// A process killed while it migrates leaves no lock behind.
func TestALockEndsWithItsConnection(t *testing.T) {
	url := testkit.PostgresURL(t, nil)
	d := open(t, url)
	killer, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close()
	err = db.Alone(context.Background(), d, func() error {
		_, err := killer.Exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(context.Background(), d, steps(1)); err != nil {
		t.Error(err)
	}
}
