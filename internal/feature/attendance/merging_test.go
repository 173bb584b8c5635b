package attendance_test

import (
	"context"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestMarksFollowTheChildThatStays: two files of one child, both marked and both disputed; all names the one that stays,
// and comes back with an undo.
func TestMarksFollowTheChildThatStays(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Ines, attendance.Present, ""), p.said(2, p.Jeremy, attendance.Absent, ""), p.said(3, p.Jeremy, attendance.Unexpected, ""))
		for _, c := range []attendance.Key{{Child: p.Ines, Unit: p.unit, Day: p.day}, {Child: p.Jeremy, Unit: p.unit, Day: p.day}} {
			p.write(func(tx *db.Tx) error {
				return attendance.Dispute(tx, p.now, persontest.Citizen(p.Camille), c, "Ce n’est pas exact")
			})
		}
		u := person.Union{Of: person.OneHuman, Keep: string(p.Jeremy), Gone: string(p.Ines)}
		var kept []revert.Change
		p.write(func(tx *db.Tx) error {
			l := revert.New(tx)
			for _, part := range []person.Part{booking.MergePart(), attendance.MergePart()} {
				if _, err := part.Move(l, p.now, u); err != nil {
					return err
				}
			}
			kept = l.Changes()
			return nil
		})
		for table, want := range map[string]int{"attendance_mark": 3, "attendance_stay": 1, "attendance_anomaly": 1} {
			if n := count(t, d, `select count(*) from `+table+` where child = $1`, string(p.Ines)); n != 0 {
				t.Errorf("%d rows of %s name the child that is no more", n, table)
			}
			if n := count(t, d, `select count(*) from `+table+` where child = $1`, string(p.Jeremy)); n != want {
				t.Errorf("%d rows of %s name the child that stays, want %d", n, table, want)
			}
		}
		if _, err := db.Write(context.Background(), d, func(tx *db.Tx) ([]revert.Left, error) { return revert.Back(tx, kept) }); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, `select count(*) from attendance_mark where child = $1`, string(p.Ines)); n != 1 || p.told(p.Ines) != booking.Present {
			t.Errorf("undone: %d marks of the other child", n)
		}
	})
}
