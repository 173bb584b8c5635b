package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

func plainSpaces(s string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s)
}

// says is what the cell and the check page say of booking the study late, at the world's hour.
func (w *inLine) says(children []family.ChildID, days ...int) (cell, check string) {
	w.t.Helper()
	p := booking.Pages{DB: w.d, Now: func() time.Time { return w.now }, Catalogue: &activity.Cache{DB: w.d}}
	var wishes []booking.Wish
	for _, c := range children {
		for _, n := range days {
			wishes = append(wishes, w.wish(c, "Étude", w.day(n), w.only("Étude")))
		}
	}
	_, err := db.Read(context.Background(), w.d, func(r db.Reader) (int, error) {
		all, err := p.Checked(r, w.camille(), wishes)
		if err != nil {
			return 0, err
		}
		check = plainSpaces(strings.Join(all, " | "))
		cell, err = p.Said(r, w.camille(), wishes[0].Cell)
		cell = plainSpaces(cell)
		return 0, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return cell, check
}

func TestPagesSayWhatTheDeadlineCostsThisTime(t *testing.T) {
	eachLine(t, func(w *inLine) {
		jeremy, both := []family.ChildID{w.Jeremy}, []family.ChildID{w.Jeremy, w.Ines}
		contains := func(what, got string, wants ...string) {
			t.Helper()
			for _, x := range wants {
				if !strings.Contains(got, x) {
					t.Errorf("%s: lacks %q: %s", what, x, got)
				}
			}
		}
		w.set(`update policy set after_forgiven = 2`)
		w.set(`update slot set capacity = 9`)
		late := func(n int) time.Time { return w.day(n).At(8, 0, w.zone) } // the limit was at noon the day before
		w.now = late(1)
		cell, check := w.says(both, 1)
		contains("the first time", cell, "Hors délai : 1re fois de l’année, sans majoration ; il vous en restera 1, puis ce sera avec une majoration de 50 %")
		contains("each child counts for itself", check, "Hors délai : 1re fois de l’année, sans majoration ; il vous en restera 1, puis ce sera avec une majoration de 50 %. ", "| Hors délai : 1re fois")
		w.want("Monday", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(1), w.only("Étude"))), "booked")
		if n := w.count(`select count(*) from booking_line where why like $1`, "1re fois de l’année, sans majoration%il vous en restera 1, puis%"); n != 1 {
			t.Errorf("%d lines keep what was told", n)
		}
		w.now = late(2)
		cell, _ = w.says(jeremy, 2)
		contains("the second", cell, "2e fois de l’année, sans majoration pour la dernière fois ; ensuite, ce sera avec une majoration de 50 %")
		w.want("Tuesday", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(2), w.only("Étude"))), "booked")
		w.now = late(4)
		cell, check = w.says(jeremy, 4)
		contains("the third", cell, "3e fois de l’année, avec une majoration de 50 %")
		contains("the third", check, "3e fois de l’année, avec une majoration de 50 %")
		// What an agent did past the deadline does not count, nor what was given up.
		w.set(`update booking set by_agent = true where day = $1`, w.day(1))
		cell, _ = w.says(jeremy, 4)
		contains("the service's own", cell, "2e fois de l’année")
		w.set(`update booking set by_agent = false, state = 'cancelled' where day = $1`, w.day(1))
		cell, _ = w.says(jeremy, 4)
		contains("given up", cell, "2e fois de l’année")
		w.set(`update booking set state = 'booked' where day = $1`, w.day(1))
		w.set(`update booking set family = $2 where day = $1`, w.day(1), string(w.Second))
		cell, _ = w.says(jeremy, 4)
		contains("the other home's", cell, "2e fois de l’année")
		w.set(`update booking set family = $2 where day = $1`, w.day(1), string(w.First))
		w.set(`update policy set after_forgiven = 0, after_first = 2`)
		cell, _ = w.says(jeremy, 4)
		contains("only the first two of the month cost", cell, "Hors délai : 3e fois de janvier, au prix habituel")
		w.set(`update booking set day = $2 where day = $1`, w.day(1), w.day(1).AddDays(-14))
		cell, _ = w.says(jeremy, 4)
		contains("another month is another count", cell, "2e fois de janvier, avec une majoration de 50 %")
		w.set(`update policy set after_first = 0`)
		cell, _ = w.says(jeremy, 4)
		contains("a rule without counting", cell, "Hors délai : avec une majoration de 50 %")
	})
}

func TestAnOrderOfSeveralLateDaysCountsThemOn(t *testing.T) {
	eachLine(t, func(w *inLine) {
		w.set(`update policy set after_forgiven = 1`)
		w.set(`update deadline_rule set count = 5 where action = 'book'`)
		w.now = w.day(1).At(8, 0, w.zone)
		_, check := w.says([]family.ChildID{w.Jeremy}, 2, 4)
		if !strings.Contains(check, "1re fois de l’année, sans majoration pour la dernière fois") || !strings.Contains(check, "2e fois de l’année, avec une majoration de 50 %") {
			t.Errorf("the check page: %s", check)
		}
	})
}
