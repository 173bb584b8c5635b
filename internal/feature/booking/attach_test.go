package booking_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestWhatCameFromTheOldPortalHoldsItsPlace(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1)})
		now, monday := persontest.Now(), civil.DateOf(persontest.Now()).Monday().AddDays(7)
		row := booking.Row{Unit: o.Units[""], Day: monday, Family: o.First, State: booking.Booked}
		jeremy, ines, cancelled := row, row, row
		jeremy.Child, ines.Child = o.Jeremy, o.Ines
		cancelled.Child, cancelled.Day, cancelled.State = o.Ines, monday.AddDays(1), booking.Cancelled
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := booking.InsertMany(tx, now, actor.Job("test"), []booking.Row{jeremy, ines, cancelled})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			if _, err := activity.CoverOpen(context.Background(), d, now, o.ID, civil.Date{}, booking.Attach); err != nil {
				t.Fatal(err)
			}
			if n := taken(t, d, monday); n != 2 {
				t.Errorf("two booked for one place: taken = %d, want 2", n)
			}
			if n := taken(t, d, monday.AddDays(1)); n != 0 {
				t.Errorf("a cancelled one holds a place: %d", n)
			}
		}
		token := booking.Token("booked." + string(o.Only()))
		out, err := o.Apply(t, now, as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{{Cell: booking.Cell{Child: o.Jeremy, Activity: o.ID, Day: monday}, Seen: token}}})
		if err != nil || out.Done() != 1 || taken(t, d, monday) != 1 {
			t.Errorf("cancelling gives the place back: %+v, %v, taken %d", out, err, taken(t, d, monday))
		}
	})
}
