package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// powerCuts lets 32 goroutines write while power is cut again and again, and counts what the cuts took.
func powerCuts(t *testing.T, random *rand.Rand, cuts int, keep float64, hooks db.Hooks) (acknowledged, lost, halved int) {
	t.Helper()
	hooks.VFS = diskLayer()
	path := filepath.Join(t.TempDir(), "p.db")
	d := openFile(t, path, db.WithHooks(hooks))
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var mu sync.Mutex
	var journal []string
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for ctx.Err() == nil {
				id := db.NewID()
				if err := db.Do(ctx, d, pair(id, 0)); err == nil {
					mu.Lock()
					journal = append(journal, id)
					mu.Unlock()
				}
			}
		})
	}
	for range cuts {
		time.Sleep(time.Millisecond + time.Duration(random.Int64N(int64(8*time.Millisecond))))
		mu.Lock()
		before := append([]string(nil), journal...)
		mu.Unlock()
		left, err := cut(path, t.TempDir(), random, keep)
		if err != nil {
			t.Fatal(err)
		}
		l, h := oracle(t, left, 0, before)
		lost, halved, acknowledged = lost+l, halved+h, len(before)
	}
	stop()
	wg.Wait()
	return acknowledged, lost, halved
}

// freshEach is after how many kills or cuts a test starts with an empty database: each is followed by a reading of
// all rows, which would otherwise take longer and longer.
const freshEach = 20

func TestPowerCutLosesNothingAcknowledged(t *testing.T) {
	cuts := 30
	if deep() {
		cuts = 1000
	}
	for name, keep := range map[string]float64{"all unsynced writes gone": 0, "half of them gone": 0.5} {
		t.Run(name, func(t *testing.T) {
			random, total := seeded(t), 0
			for done := 0; done < cuts; done += freshEach {
				t.Run("", func(t *testing.T) {
					acknowledged, lost, halved := powerCuts(t, random, min(freshEach, cuts-done), keep, db.Hooks{})
					if lost > 0 || halved > 0 || acknowledged == 0 {
						t.Errorf("%d acknowledged, %d lost, %d halved; want some, 0, 0", acknowledged, lost, halved)
					}
					total += acknowledged
				})
			}
			t.Logf("%d cuts, %d acknowledged writes", cuts, total)
		})
	}
}

// The harness above proves something only if it goes red when the commit path is wrong.
func TestPowerCutHarnessSeesWrongCommitPaths(t *testing.T) {
	for name, c := range map[string]struct {
		hooks db.Hooks
		lies  bool
	}{
		"synchronous=normal, no sync at commit": {hooks: db.Hooks{Synchronous: "normal"}},
		"sync that does nothing":                {lies: true},
		"answer before the commit": {hooks: db.Hooks{AnswerEarly: true, BeforeCommit: func() error {
			time.Sleep(2 * time.Millisecond)
			return nil
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.lies {
				t.Cleanup(func() { behave(false, false) })
			}
			lost := 0
			random := seeded(t)
			for range 5 {
				path := filepath.Join(t.TempDir(), "p.db")
				lost += cutOnce(t, random, path, c.hooks, c.lies)
			}
			if lost == 0 {
				t.Error("no acknowledged write was lost: this harness proves nothing")
			}
			behave(false, false)
		})
	}
}

// cutOnce writes for a while with the given faults from a sound start, cuts, and counts the lost.
func cutOnce(t *testing.T, random *rand.Rand, path string, hooks db.Hooks, lies bool) int {
	t.Helper()
	hooks.VFS = diskLayer()
	d := openFile(t, path, db.WithHooks(hooks))
	behave(lies, false)
	defer behave(false, false)
	var mu sync.Mutex
	var journal []string
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				id := db.NewID()
				if err := db.Do(ctx, d, pair(id, 0)); err == nil {
					mu.Lock()
					journal = append(journal, id)
					mu.Unlock()
				}
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	mu.Lock()
	before := append([]string(nil), journal...)
	left, err := cut(path, t.TempDir(), random, 0)
	mu.Unlock()
	stop()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return len(before) - surviving(left, before)
}

// surviving counts the acknowledged pairs in what a faulty path left, which may not even be a database.
func surviving(path string, acknowledged []string) int {
	ctx := context.Background()
	d, err := db.Open(ctx, path, quiet())
	if err != nil {
		return 0
	}
	defer d.Close()
	n, err := db.Read(ctx, d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from two`)
	})
	if err != nil {
		return 0
	}
	return min(int(n), len(acknowledged))
}

func TestFailedSyncStopsWritingForGood(t *testing.T) {
	t.Cleanup(func() { behave(false, false) })
	d := openFile(t, filepath.Join(t.TempDir(), "p.db"), db.WithHooks(db.Hooks{VFS: diskLayer()}))
	ctx := context.Background()
	mustDo(t, d, addPlace("before", 1))
	behave(false, true)
	if err := db.Do(ctx, d, addPlace("doubtful", 1)); !errors.Is(err, db.ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown: the disk refused to sync", err)
	}
	behave(false, false)
	err := db.Do(ctx, d, addPlace("later", 1))
	if fault.KindOf(err) != fault.Unavailable || fault.SentenceOf(err) == "" || errors.Is(err, db.ErrUnknown) {
		t.Errorf("got %v, want Unavailable: after a failed sync nothing more is promised", err)
	}
	if n := count(t, d, "place"); n < 1 {
		t.Errorf("reading sees %d rows, want it to go on", n)
	}
}

func TestDiskFullIsSaidAndRecovers(t *testing.T) {
	d := openFile(t, filepath.Join(t.TempDir(), "p.db"))
	ctx := context.Background()
	mustDo(t, d, addPlace("before", 1))
	err := db.Do(ctx, d, func(tx *db.Tx) error {
		if _, err := db.List(tx, db.Column[int64], `pragma max_page_count = 30`); err != nil {
			return err
		}
		for i := range 100_000 {
			if err := addPlace(fmt.Sprint("filler ", i), 1)(tx); err != nil {
				return fmt.Errorf("fill: %w", err)
			}
		}
		return nil
	})
	if fault.KindOf(err) != fault.Unavailable || fault.SentenceOf(err) == "" {
		t.Errorf("got %v, want Unavailable with a sentence", err)
	}
	if n := count(t, d, "place"); n != 1 {
		t.Errorf("got %d rows, want only the first", n)
	}
	mustDo(t, d, func(tx *db.Tx) error {
		_, err := db.List(tx, db.Column[int64], `pragma max_page_count = 100000`)
		return err
	})
	mustDo(t, d, addPlace("after", 1))
}
