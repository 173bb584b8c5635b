package db_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
)

// deep tells that full counts are asked for (./check deep) instead of CI's.
func deep() bool { return os.Getenv("PARVIS_DEEP") == "1" }

// seeded makes the test's random source and prints how to repeat it.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// pair writes one row in each of two tables; half of it must never be seen.
func pair(id string, cycle int64) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		if _, err := tx.Exec(`insert into one (id, cycle) values ($1, $2)`, id, cycle); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into two (id, cycle) values ($1, $2)`, id, cycle)
		return err
	}
}

// oracle opens what is left and compares it with what was acknowledged: how many pairs are lost, how many halved.
func oracle(t *testing.T, path string, cycle int64, acknowledged []string) (lost, halved int) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, path, quiet())
	if err != nil {
		t.Fatalf("reopen: %v", err)
	}
	defer d.Close()
	if err := db.Check(ctx, d); err != nil {
		t.Error(err)
	}
	rows := map[string]int{}
	_, err = db.Read(ctx, d, func(r db.Reader) (int, error) {
		for _, query := range []string{`select id from one where cycle = $1`, `select id from two where cycle = $1`} {
			ids, err := db.List(r, db.Column[string], query, cycle)
			if err != nil {
				return 0, err
			}
			for _, id := range ids {
				rows[id]++
			}
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range rows {
		if n != 2 {
			halved++
		}
	}
	for _, id := range acknowledged {
		if rows[id] == 0 {
			lost++
		}
	}
	return lost, halved
}

// killedChild writes for ever and prints the id of each acknowledged pair.
func killedChild(path string) {
	var cycle int64
	fmt.Sscan(os.Getenv("PARVIS_DB_CYCLE"), &cycle)
	ctx := context.Background()
	d, err := db.Open(ctx, path, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for {
				id := db.NewID()
				if err := db.Do(ctx, d, pair(id, cycle)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				_, _ = os.Stdout.WriteString(id + "\n") // one write, so never a mixed line
			}
		})
	}
	wg.Wait()
}

func TestKill9UnderWritingLoadLosesNothingAcknowledged(t *testing.T) {
	cycles := 25
	if deep() {
		cycles = 1000
	}
	random := seeded(t)
	total := 0
	path := ""
	for cycle := range int64(cycles) {
		if cycle%freshEach == 0 {
			if path != "" {
				_ = os.RemoveAll(filepath.Dir(path))
			}
			path = freshNotes(t)
		}
		acknowledged := killOnce(t, path, cycle, 20*time.Millisecond+time.Duration(random.Int64N(int64(130*time.Millisecond))))
		lost, halved := oracle(t, path, cycle, acknowledged)
		if lost > 0 || halved > 0 {
			t.Fatalf("cycle %d: %d of %d acknowledged writes lost, %d halved", cycle, lost, len(acknowledged), halved)
		}
		total += len(acknowledged)
	}
	if total < cycles {
		t.Errorf("only %d writes were acknowledged in %d cycles: nothing was tested", total, cycles)
	}
	t.Logf("%d kills, %d acknowledged writes, 0 lost", cycles, total)
}

// freshNotes is the file of an empty database.
func freshNotes(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.db")
	d, err := db.Open(context.Background(), path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(context.Background(), d, notes()...); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// killOnce lets a child write for a while, kills it and returns what it acknowledged.
func killOnce(t *testing.T, path string, cycle int64, after time.Duration) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PARVIS_DB_CHILD="+path, fmt.Sprintf("PARVIS_DB_CYCLE=%d", cycle))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line cut by the kill was not seen by the client
		}
		if line == "ready\n" {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			continue
		}
		acknowledged = append(acknowledged, strings.TrimSpace(line))
	}
	_ = cmd.Wait()
	if complaints.Len() > 0 {
		t.Fatalf("child: %s", complaints.String())
	}
	return acknowledged
}
