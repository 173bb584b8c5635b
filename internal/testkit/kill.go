package testkit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parvis/internal/base/db"
)

// childVariable names, in the environment of a test binary started again, what it has to do; it reads how.
const childVariable = "PARVIS_CHILD"

// Main runs the tests; in a process that Killing started it does what it was started for, and never returns. It is all of
// a TestMain.
func Main(m *testing.M, children map[string]func(plan []byte) error) {
	name, started := os.LookupEnv(childVariable)
	if !started {
		os.Exit(m.Run())
	}
	plan, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = children[name](plan)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// waitForChild is how long a child may take, to be killed or to end.
const waitForChild = 2 * time.Minute

// Killing is a process that is killed at its work, with SIGKILL.
type Killing struct {
	Child   string        // one of Main's children
	Plan    any           // handed to it as JSON
	Answers int           // lines "ok …" after which it is killed; 0: never
	More    time.Duration // how long after; at once when it is not positive
}

// Run starts the process and returns the lines that it said whole: one that the kill cut was not seen. Ended tells that it
// came to its end by itself. Whatever it complains of fails the test.
func (k Killing) Run(t testing.TB) (said []string, ended bool) {
	t.Helper()
	plan, err := json.Marshal(k.Plan)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+k.Child)
	cmd.Stdin = bytes.NewReader(plan)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tooLong := time.AfterFunc(waitForChild, func() { _ = cmd.Process.Kill() })
	answers := 0
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		said = append(said, strings.TrimSuffix(line, "\n"))
		if strings.HasPrefix(line, "ok") {
			if answers++; answers == k.Answers {
				time.AfterFunc(k.More, func() { _ = cmd.Process.Kill() })
			}
		}
	}
	err = cmd.Wait()
	if !tooLong.Stop() {
		t.Fatalf("child: neither killed nor over after %s; it said %d lines. %s", waitForChild, len(said), complaints.String())
	}
	if complaints.Len() > 0 {
		t.Fatalf("child: %s", complaints.String())
	}
	return said, err == nil
}

// Say is a killed process's line of what it tries or was answered, written at once so that none is mixed with another's.
func Say(words ...any) { _, _ = os.Stdout.WriteString(fmt.Sprintln(words...)) }

// DieAtWrite makes a process kill itself before the n-th statement under a context that writes and has a word in it; never
// when left is not positive. A kill from outside seldom falls between two short transactions: this one does when there
// are two.
func DieAtWrite(ctx context.Context, left *atomic.Int64, has string) context.Context {
	return db.TraceQueries(ctx, func(query string, _ []any) {
		if word, _, _ := strings.Cut(strings.TrimSpace(query), " "); word != "select" && strings.Contains(query, has) && left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
}

// OpenPath opens a database in a killed process: each write runs once, and a busy machine's slow ones are no complaint.
func OpenPath(path string) (*db.DB, error) {
	errorsOnly := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return db.Open(context.Background(), path, db.WithLog(errorsOnly))
}

// Killable is a place for databases that killed processes write to.
type Killable struct {
	Fresh   func(t testing.TB) string // makes a database, migrated
	Settled func(t testing.TB)        // returns once nothing of a killed process is at work in the last one
}

// EachKillable runs fn on a place for files, which die with the process, and on PostgreSQL's databases, which outlive it.
func EachKillable(t *testing.T, sources []db.Source, fn func(t *testing.T, k Killable)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		fn(t, Killable{func(t testing.TB) string {
			path := filepath.Join(t.TempDir(), "p.db")
			if err := os.WriteFile(path, sqliteTemplate(t, sources), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, func(testing.TB) {}})
	})
	t.Run("postgres", func(t *testing.T) {
		var last struct {
			sync.Mutex
			path string
		}
		fn(t, Killable{func(t testing.TB) string {
			last.Lock()
			defer last.Unlock()
			last.path = PostgresURL(t, sources)
			return last.path
		}, func(t testing.TB) {
			last.Lock()
			defer last.Unlock()
			PostgresLeft(t, last.path)
		}})
	})
}

// Reopened opens what a killed process left, checks that the engine finds it whole, and hands it over.
func Reopened(t testing.TB, path string, look func(d *db.DB)) {
	t.Helper()
	d, err := OpenPath(path)
	if err != nil {
		t.Fatalf("reopen: %v", err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	if err := db.Check(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	look(d)
}

// CountsAreZero runs counts of what must not be, by what each counts.
func CountsAreZero(t testing.TB, d *db.DB, counts map[string]string) {
	t.Helper()
	for what, query := range counts {
		n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) { return db.One(r, what, db.Column[int64], query) })
		if err != nil || n != 0 {
			t.Fatalf("%d %s (%v)", n, what, err)
		}
	}
}

// Random is a test's random source; it tells how to repeat it.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
