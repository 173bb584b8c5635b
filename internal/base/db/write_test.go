package db_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/testkit"
)

// beside runs n writers of a place each around fn, and fails when one of theirs is refused or lost.
func beside(t *testing.T, d *db.DB, n int, fn func()) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for j := range 5 {
				if err := db.Do(context.Background(), d, addPlace(fmt.Sprintf("beside-%d-%d", i, j), 1)); err != nil {
					t.Errorf("neighbour's write: %v", err)
				}
			}
		})
	}
	fn()
	wg.Wait()
	if got, want := count(t, d, "place"), int64(5*n); got != want {
		t.Errorf("got %d rows, want the %d of the neighbours and nothing else", got, want)
	}
}

func TestPanicReachesItsOwnCallerOnly(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		beside(t, d, 8, func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("recovered %v, want the closure's own panic", got)
				}
			}()
			_ = db.Do(context.Background(), d, func(tx *db.Tx) error {
				_ = addPlace("lost", 1)(tx)
				return panicWith("boom")
			})
			t.Error("the panic was swallowed")
		})
	})
}

func panicWith(v any) error { panic(v) }

func TestGoexitEndsItsOwnGoroutineOnly(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		beside(t, d, 8, func() {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = db.Do(context.Background(), d, func(tx *db.Tx) error {
					_ = addPlace("lost", 1)(tx)
					runtime.Goexit()
					return nil
				})
				t.Error("the goroutine went on")
			}()
			<-ended
		})
	})
}

func TestErrorRollsBackItsOwnClosureOnly(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		refusal := fault.New(fault.Refused, "Complet.")
		beside(t, d, 8, func() {
			for range 20 {
				err := db.Do(context.Background(), d, func(tx *db.Tx) error {
					_ = addPlace("lost", 1)(tx)
					return refusal
				})
				if err != refusal {
					t.Errorf("got %v, want the closure's own error", err)
				}
			}
		})
	})
}

func TestClientLeavingMidClosureLosesNothing(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		ctx, leave := context.WithCancel(context.Background())
		err := db.Do(ctx, d, func(tx *db.Tx) error {
			leave()
			return addPlace("kept", 1)(tx)
		})
		if err != nil || count(t, d, "place") != 1 {
			t.Errorf("got %v and %d rows, want the write kept", err, count(t, d, "place"))
		}
	})
}

func TestClientLeavingWhileQueuedNeverStarts(t *testing.T) {
	d := openFile(t, filepath.Join(t.TempDir(), "p.db"))
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		mustDo(t, d, func(tx *db.Tx) error { close(holding); <-release; return addPlace("first", 1)(tx) })
	})
	<-holding
	ctx, leave := context.WithCancel(context.Background())
	var ran atomic.Bool
	answered := make(chan error)
	go func() { answered <- db.Do(ctx, d, func(tx *db.Tx) error { ran.Store(true); return nil }) }()
	time.Sleep(10 * time.Millisecond)
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled while the first still runs", err)
	}
	close(release)
	wg.Wait()
	mustDo(t, d, addPlace("last", 1))
	if ran.Load() {
		t.Error("a dropped request ran")
	}
}

func TestFailedCommitFailsItsWholeBatch(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		d.SetHooks(db.Hooks{BeforeCommit: func() error { return errors.New("disk on fire") }})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := db.Do(context.Background(), d, addPlace(fmt.Sprint(i), 1)); err == nil {
					t.Error("acknowledged although the commit failed")
				} else if d.Engine() == db.SQLite && (!errors.Is(err, db.ErrUnknown) || fault.KindOf(err) != fault.Unavailable) {
					t.Errorf("got %v, want ErrUnknown of kind Unavailable", err)
				}
			})
		}
		wg.Wait()
		d.SetHooks(db.Hooks{})
		if n := count(t, d, "place"); n != 0 {
			t.Errorf("%d rows of failed commits are there", n)
		}
		mustDo(t, d, addPlace("after", 1))
	})
}

func TestNobodyIsAnsweredBeforeTheCommit(t *testing.T) {
	inCommit, goOn := make(chan struct{}, 64), make(chan struct{})
	d := openFile(t, filepath.Join(t.TempDir(), "p.db"), db.WithHooks(db.Hooks{BeforeCommit: func() error {
		inCommit <- struct{}{}
		<-goOn
		return nil
	}}))
	var answered atomic.Int64
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			mustDo(t, d, addPlace(fmt.Sprint(i), 1))
			answered.Add(1)
		})
	}
	<-inCommit
	time.Sleep(50 * time.Millisecond)
	if n := answered.Load(); n != 0 {
		t.Errorf("%d writers were answered while the commit was held", n)
	}
	close(goOn)
	wg.Wait()
	if s := d.Stats(); s.Batches >= s.Writes {
		t.Errorf("%d commits for %d writes: nothing was grouped", s.Batches, s.Writes)
	}
}

func TestWriterConnectionSyncsEachCommit(t *testing.T) {
	d := testkit.SQLite(t, notes())
	want := map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"}
	for pragma, value := range want {
		got, err := db.Write(context.Background(), d, func(tx *db.Tx) (string, error) {
			return db.One(tx, pragma, db.Column[string], "pragma "+pragma)
		})
		if err != nil || got != value {
			t.Errorf("%s of the writer: got %q, %v; want %q", pragma, got, err, value)
		}
	}
}

func TestFailedStatementSpoilsTheClosureOnBothEngines(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		mustDo(t, d, addPlace("full", 1))
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			if err := addPlace("other", 1)(tx); err != nil {
				return err
			}
			if err := addPlace("full", 1)(tx); !db.IsUnique(err) {
				t.Errorf("got %v, want a refused double", err)
			}
			return nil
		})
		if !db.IsUnique(err) {
			t.Errorf("got %v, want the passed-over error", err)
		}
		if n := count(t, d, "place"); n != 1 {
			t.Errorf("got %d rows, want nothing of the spoilt closure", n)
		}
	})
}

func TestRefusalsOfTheSchemaAreTold(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		mustDo(t, d, addPlace("hall", 1))
		mustDo(t, d, addBooking("hall", "lea"))
		for name, c := range map[string]struct {
			fn   func(*db.Tx) error
			want [3]bool // unique, check, foreign key
		}{
			"same primary key":   {addPlace("hall", 2), [3]bool{true, false, false}},
			"same unique pair":   {addBooking("hall", "lea"), [3]bool{true, false, false}},
			"below zero":         {addPlace("cellar", -1), [3]bool{false, true, false}},
			"no such place":      {addBooking("attic", "lea"), [3]bool{false, false, true}},
			"still pointed at":   {func(tx *db.Tx) error { _, err := tx.Exec(`delete from place`); return err }, [3]bool{false, false, true}},
			"refused by a rule":  {func(*db.Tx) error { return fault.New(fault.Refused, "Non.") }, [3]bool{}},
			"nothing to say":     {func(*db.Tx) error { return nil }, [3]bool{}},
			"no such table here": {func(tx *db.Tx) error { _, err := tx.Exec(`delete from nowhere`); return err }, [3]bool{}},
		} {
			err := db.Do(context.Background(), d, c.fn)
			if got := [3]bool{db.IsUnique(err), db.IsCheck(err), db.IsForeignKey(err)}; got != c.want {
				t.Errorf("%s: got %v, want %v (%v)", name, got, c.want, err)
			}
		}
	})
}

func TestRowsLeftOpenAreClosed(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		for i := range 5 {
			mustDo(t, d, addPlace(fmt.Sprint(i), 1))
		}
		if d.Engine() == db.SQLite { // PostgreSQL's protocol allows one open result a connection
			mustDo(t, d, func(tx *db.Tx) error {
				for range 40 {
					rows, err := tx.Query(`select id from place order by id`)
					if err != nil || !rows.Next() {
						return fmt.Errorf("nested rows: %w", err)
					}
					var id string
					if err := rows.Scan(&id); err != nil || id != "0" {
						return fmt.Errorf("the same statement, nested, gave %q, %w", id, err)
					}
				}
				return addPlace("nested", 1)(tx)
			})
		} else {
			mustDo(t, d, func(tx *db.Tx) error {
				if err := addPlace("nested", 1)(tx); err != nil {
					return err
				}
				_, err := tx.Query(`select id from place order by id`)
				return err
			})
		}
		mustDo(t, d, addPlace("after", 1))
		_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
			_, err := r.Query(`select id from place`)
			return 0, err
		})
		if err != nil || count(t, d, "place") != 7 {
			t.Errorf("got %d rows, %v; want 7", count(t, d, "place"), err)
		}
	})
}

func TestMisuseIsRefused(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		var leaked *db.Tx
		mustDo(t, d, func(tx *db.Tx) error {
			leaked = tx
			if err := db.Do(tx.Context(), d, addPlace("inner", 1)); err == nil {
				t.Error("a write inside a write was let through")
			}
			_, err := db.Read(tx.Context(), d, func(db.Reader) (int, error) { return 0, nil })
			if err == nil {
				t.Error("a read inside a write was let through")
			}
			return nil
		})
		if _, err := leaked.Exec(`delete from place`); err == nil {
			t.Error("a transaction was used after its end")
		}
		_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
			_, err := db.List(r, db.Column[string], `insert into place (id, capacity) values ('x', 1) returning id`)
			return 0, err
		})
		if err == nil || count(t, d, "place") != 0 {
			t.Errorf("a reader wrote: %v", err)
		}
	})
}

func TestManyStatementTextsStayBounded(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		mustDo(t, d, func(tx *db.Tx) error {
			for i := range db.MaxPrepared + 50 {
				n, err := db.One(tx, "number", db.Column[int64], fmt.Sprintf(`select cast(%d as bigint)`, i))
				if err != nil || n != int64(i) {
					return fmt.Errorf("statement %d gave %d, %w", i, n, err)
				}
			}
			return nil
		})
		if n := d.Prepared(); n > db.MaxPrepared {
			t.Errorf("%d statements are kept, want %d at most", n, db.MaxPrepared)
		}
	})
}

func TestCountQueries(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		ctx, n := db.CountQueries(context.Background())
		if err := db.Do(ctx, d, addPlace("hall", 1)); err != nil {
			t.Fatal(err)
		}
		_, err := db.Read(ctx, d, func(r db.Reader) (int64, error) {
			_, _ = db.List(r, db.Column[string], `select id from place`)
			return db.One(r, "count", db.Column[int64], `select count(*) from place`)
		})
		if err != nil || *n != 3 {
			t.Errorf("got %d statements, %v; want 3: begin, commit and rehearsals are not counted", *n, err)
		}
	})
}
