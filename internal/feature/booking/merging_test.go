package booking_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestMergedBookingWhoseSlotIsNoMore: it comes back in the slot that its child has by then, which grows.
func TestMergedBookingWhoseSlotIsNoMore(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(2)})
		now, monday := persontest.Now(), civil.DateOf(persontest.Now()).Monday().AddDays(7)
		for _, child := range []booking.Wish{o.Wish(o.Jeremy, monday, o.Only()), o.Wish(o.Ines, monday, o.Only())} {
			if out, err := o.Apply(t, now, as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{child}}); err != nil || out.Done() != 1 {
				t.Fatalf("book: %+v %v", out, err)
			}
		}
		part, u := booking.MergePart(), person.Union{Of: person.OneHuman, Keep: string(o.Jeremy), Gone: string(o.Ines)}
		var kept []revert.Change
		var told []string
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			l := revert.New(tx)
			if _, err := part.Move(l, now, u); err != nil {
				return err
			}
			kept = l.Changes()
			_, err := tx.Exec(`update slot set capacity = 1 where day = $1`, monday) // the place was taken away meanwhile
			return err
		})
		if err != nil || taken(t, d, monday) != 1 {
			t.Fatalf("merge: %v, taken %d", err, taken(t, d, monday))
		}
		var slot any
		var dropped []revert.Left
		for _, c := range kept {
			if c.Op == revert.Drop {
				slot, c.Before["slot"] = c.Before["slot"], "a slot of before"
				dropped = append(dropped, revert.Left{Table: c.Table, Key: c.Key, Why: revert.Taken})
			}
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error {
			if err := part.Ready(tx, kept); err != nil {
				return err
			}
			left, err := revert.Back(tx, kept)
			if err != nil || len(left) != 0 {
				t.Errorf("left %v", left)
				return err
			}
			told, err = part.Restored(tx, now, kept, left)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := taken(t, d, monday); n != 2 {
			t.Errorf("taken = %d, want 2", n)
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error { // another stands where it stood: it holds nothing
			for _, c := range kept {
				if c.Op == revert.Drop {
					c.Before["slot"] = slot
				}
			}
			_, err := part.Restored(tx, now, kept, dropped)
			return err
		})
		if n := taken(t, d, monday); err != nil || n != 2 {
			t.Errorf("one that did not come back: taken = %d, want 2, %v", n, err)
		}
		bare, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from booking where state = 'booked' and slot is null`)
		})
		if err != nil || bare != 0 {
			t.Errorf("%d booked without a place, %v", bare, err)
		}
		if len(told) != 1 || !strings.Contains(told[0], monday.Long()+" : une place de plus que prévu") {
			t.Errorf("told %q", told)
		}
	})
}
