package booking_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// TestAQueueAtOneSlot lets 200 families join, leave, cancel, answer offers and book the same slot at once:
// never more children than places, and
// once all is quiet no place is empty while somebody waits.
func TestAQueueAtOneSlot(t *testing.T) {
	for engine, clients := range map[string]int{"sqlite": 200, "postgres": 200} {
		t.Run(engine, func(t *testing.T) {
			rounds := 2
			if deep() {
				rounds = 20
			}
			w := newWorld(t, quickly(t, engine))
			crowd := w.crowd(t, clients, "Garderie")
			name, only := w.byName["Garderie"], w.only("Garderie")
			w.exec(t, `update slot set capacity = 5 where unit = $1`, string(only))
			now := civil.NewDate(2027, 1, 7).At(10, 0, w.zone)
			for round := range rounds {
				promotion := []string{"auto", "offer"}[round%2]
				w.exec(t, `update activity set promotion = $2 where id = $1`, string(name.ID), promotion)
				cat, err := db.Read(context.Background(), w.d, w.read)
				if err != nil {
					t.Fatal(err)
				}
				w.cat = cat
				day := w.days.From.AddDays(round%5 + round/5%2*7)
				var runner sync.Mutex
				start, errs := time.Now(), make([]error, clients)
				at(clients, func(i int) {
					c := crowd[i]
					cell := booking.Cell{Child: c.Child, Activity: name.ID, Day: day}
					for step := range 3 {
						token := w.tokenOf(c.Child, day)
						wish := booking.Wish{Cell: cell, Seen: token, Queue: true}
						switch {
						case token == "":
							wish.Want = only
						case (i+step)%3 == 0:
							continue
						case string(token) == "offered."+string(only):
							errs[i] = w.answer(now, c, cell, i%2 == 0)
							continue
						}
						_, errs[i] = w.apply(now, c.Actor, booking.Order{Wishes: []booking.Wish{wish}})
						if errs[i] == nil && runner.TryLock() { // one runner of jobs, as an instance has
							errs[i] = w.handOn(now)
							runner.Unlock()
						}
						if errs[i] != nil {
							return
						}
					}
				})
				for i, err := range errs {
					if err != nil && fault.KindOf(err) != fault.Conflict {
						t.Fatalf("client %d: %v", i, err)
					}
				}
				if err := w.handOn(now); err != nil {
					t.Fatal(err)
				}
				taken, held, waiting := w.lineNow(t, day)
				if taken != held || taken > 5 || waiting > 0 && taken < 5 {
					t.Fatalf("round %d: %d places taken of 5, %d hold one, %d wait", round, taken, held, waiting)
				}
				t.Logf("round %d (%s): %d clients in %s, %d have a place, %d wait", round, promotion, clients, time.Since(start).Round(time.Millisecond), held, waiting)
			}
		})
	}
}

// handOn runs the jobs as the runner does.
func (w *world) handOn(now time.Time) error {
	return db.Do(context.Background(), w.d, func(tx *db.Tx) error { return runHandOn(tx, now, w.cat) })
}

func (w *world) answer(now time.Time, c client, cell booking.Cell, take bool) error {
	return db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		_, err := booking.AnswerOffer(tx, now, c.Actor, w.cat, cell, take)
		return err
	})
}

// tokenOf is what a child holds of the evening care on a day.
func (w *world) tokenOf(child family.ChildID, day civil.Date) booking.Token {
	all, _ := db.Read(context.Background(), w.d, func(r db.Reader) ([]booking.Token, error) {
		return db.List(r, db.Column[booking.Token], `select state || '.' || unit from booking where child = $1 and day = $2 and state in ('booked', 'waiting', 'offered')`,
			string(child), day)
	})
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func (w *world) lineNow(t *testing.T, day civil.Date) (taken, held, waiting int) {
	t.Helper()
	type row struct{ taken, held, waiting int }
	x, err := db.Read(context.Background(), w.d, func(r db.Reader) (row, error) {
		return db.One(r, "slot", func(s db.Scanner) (row, error) {
			var x row
			err := s.Scan(&x.taken, &x.held, &x.waiting)
			return x, err
		}, `select s.taken, (select count(*) from booking b where b.slot = s.id and b.state in ('booked', 'offered')),
			(select count(*) from booking b where b.wants = s.id and b.state = 'waiting') from slot s where s.day = $1 and s.unit = $2`, day, string(w.only("Garderie")))
	})
	if err != nil {
		t.Fatal(err)
	}
	return x.taken, x.held, x.waiting
}
