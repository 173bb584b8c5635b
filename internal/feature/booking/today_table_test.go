package booking_test

import (
	"testing"

	"parvis/internal/feature/booking"
	"parvis/internal/testkit"

	"parvis/internal/base/db"
)

// TestLockedDaysOfTheTableLeadToTheAbsence: as in the list, a day that cannot be cancelled any more tells where to say that
// the child will not come.
func TestLockedDaysOfTheTableLeadToTheAbsence(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		page := portal(t, d).As(as(g.Camille, "Camille Martin")).Get("/espace/agenda?semaine=2027-01-04&vue=tableau")
		if !page.Has(`.board-table a[href="` + booking.AbsenceHref(g.Jeremy, g.Row(g.Jeremy, 7, g.First).Day) + `"]`) {
			t.Errorf("no way to tell the absence of the 7th: %s", page.Text("main"))
		}
	})
}
