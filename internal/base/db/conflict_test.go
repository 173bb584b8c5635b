package db_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/testkit"
)

// book counts, then inserts; with lock it takes the parent row first.
func book(place, child string, lock bool) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		if lock {
			if _, err := tx.Exec(`update place set capacity = capacity where id = $1`, place); err != nil {
				return err
			}
		}
		free, err := db.One(tx, "place", db.Column[int64],
			`select capacity - (select count(*) from booking where place = $1) from place where id = $1`, place)
		if err != nil {
			return err
		}
		if free < 1 {
			return fault.New(fault.Refused, "Complet.")
		}
		return addBooking(place, child)(tx)
	}
}

// overbooked lets 24 parents compete for 5 places, and tells how many places too many were given.
func overbooked(t *testing.T, d *db.DB, place string, lock bool) int64 {
	t.Helper()
	mustDo(t, d, addPlace(place, 5))
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			err := db.Do(context.Background(), d, book(place, fmt.Sprint(i), lock))
			if err != nil && fault.KindOf(err) != fault.Refused {
				t.Errorf("book: %v", err)
			}
		})
	}
	wg.Wait()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from booking where place = $1`, place)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n - 5
}

func TestCountThenInsertNeverOverbooksWithTheParentLocked(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		for i := range 5 {
			if n := overbooked(t, d, fmt.Sprint("place ", i), true); n != 0 {
				t.Errorf("%d too many", n)
			}
		}
	})
}

// Without the lock PostgreSQL does overbook: the test above proves something.
func TestCountThenInsertOverbooksPostgresWithoutTheLock(t *testing.T) {
	d := testkit.Postgres(t, notes())
	for i := range 40 {
		if overbooked(t, d, fmt.Sprint("place ", i), false) > 0 {
			return
		}
	}
	t.Error("40 rounds without the lock never overbooked: the locked test proves nothing")
}

func openPostgres(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), testkit.PostgresURL(t, notes()), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestConflictsRunAgainOnPostgres(t *testing.T) {
	d := openPostgres(t)
	for _, id := range []string{"a", "b"} {
		mustDo(t, d, addPlace(id, 0))
	}
	add := func(tx *db.Tx, id string) error {
		_, err := tx.Exec(`update place set capacity = capacity + 1 where id = $1`, id)
		return err
	}
	// together holds the first two closures, on their first run, until both are there, so that they do conflict; one
	// whose partner is stuck behind a lock goes on after a while.
	var arrived [2]chan struct{}
	together := func(i int) {
		if i > 1 {
			return
		}
		select {
		case <-arrived[i]:
			return // a later run
		default:
			close(arrived[i])
		}
		select {
		case <-arrived[1-i]:
		case <-time.After(2 * time.Second):
		}
	}
	cases := map[string]func(tx *db.Tx, i int) error{
		"serialization failure (40001)": func(tx *db.Tx, i int) error {
			if _, err := tx.Exec(`set transaction isolation level repeatable read`); err != nil {
				return err
			}
			n, err := db.One(tx, "place", db.Column[int64], `select capacity from place where id = 'a'`)
			if err != nil {
				return err
			}
			together(i)
			_, err = tx.Exec(`update place set capacity = $1 where id = 'a'`, n+1)
			return err
		},
		"deadlock (40P01)": func(tx *db.Tx, i int) error {
			first, second := "a", "b"
			if i%2 == 1 {
				first, second = second, first
			}
			if err := add(tx, first); err != nil {
				return err
			}
			together(i)
			return add(tx, second)
		},
	}
	for name, fn := range cases {
		t.Run(name, func(t *testing.T) {
			mustDo(t, d, func(tx *db.Tx) error {
				_, err := tx.Exec(`update place set capacity = 0`)
				return err
			})
			arrived = [2]chan struct{}{make(chan struct{}), make(chan struct{})}
			before := d.Stats().Retries
			var runs atomic.Int64
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					err := db.Do(context.Background(), d, func(tx *db.Tx) error { runs.Add(1); return fn(tx, i) })
					if err != nil {
						t.Errorf("got %v, want the conflict run again until it passes", err)
					}
				})
			}
			wg.Wait()
			if d.Stats().Retries == before || runs.Load() <= 4 {
				t.Errorf("%d runs, %d retries: no conflict happened", runs.Load(), d.Stats().Retries-before)
			}
			n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
				return db.One(r, "place", db.Column[int64], `select capacity from place where id = 'a'`)
			})
			if err != nil || n != 4 {
				t.Errorf("got %d, %v; want each of the 4 writes once", n, err)
			}
		})
	}
}

func TestReadersThatLeaveHarmNobody(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		mustDo(t, d, func(tx *db.Tx) error {
			for i := range 200 {
				if err := addPlace(fmt.Sprint(i), 1)(tx); err != nil {
					return err
				}
			}
			return nil
		})
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 10 {
					ctx, leave := context.WithTimeout(context.Background(), time.Duration(i*j)*100*time.Microsecond)
					_, _ = db.Read(ctx, d, func(r db.Reader) (int64, error) {
						return db.One(r, "count", db.Column[int64], `select count(*) from place a, place b, place c where c.id < '15'`)
					})
					leave()
					if n := count(t, d, "place"); n != 200 {
						t.Errorf("the next reader sees %d rows, want 200", n)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestAReadIsOneSnapshot(t *testing.T) {
	testkit.EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
		mustDo(t, d, addPlace("hall", 1))
		counts, err := db.Read(context.Background(), d, func(r db.Reader) ([2]int64, error) {
			var n [2]int64
			var err error
			for i := range n {
				if n[i], err = db.One(r, "count", db.Column[int64], `select count(*) from place`); err != nil {
					return n, err
				}
				mustDo(t, d, addPlace(fmt.Sprint("meanwhile ", i), 1))
			}
			return n, nil
		})
		if err != nil || counts[0] != counts[1] {
			t.Errorf("got %v, %v; want the same count twice", counts, err)
		}
	})
}
