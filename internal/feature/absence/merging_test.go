package absence_test

import (
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
)

// TestOneChildOfTwo makes Inès one with Jérémy: what both told for one day is told once, the rest moves, and an undo gives
// each back its own.
func TestOneChildOfTwo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "autre", "sans-10")
		for _, cells := range [][]booking.Cell{{w.cell(w.Jeremy, 11), w.cell(w.Ines, 11)}} {
			if _, err := w.declare(t, at(11, 12, 0), citizen(w.Camille), absence.Report{Cells: cells, Reason: "autre-raison"}); err != nil {
				t.Fatal(err)
			}
		}
		w.mark(t, w.Ines, 13, "present")
		w.mark(t, w.Jeremy, 13, "present")
		w.evening(t, at(13, 20, 0))
		count := func(table, child string) string {
			if table == "absence" {
				return w.text(t, `select cast(count(*) as text) from absence where child = $1`, child)
			}
			return w.text(t, `select cast(count(*) as text) from incident where child = $1`, child)
		}
		u := person.Union{Of: person.OneHuman, Keep: string(w.Jeremy), Gone: string(w.Ines)}
		var changes []revert.Change
		w.do(t, func(tx *db.Tx) error {
			l := revert.New(tx)
			_, err := absence.MergePart().Move(l, at(14, 9, 0), u)
			changes = l.Changes()
			return err
		})
		for _, table := range []string{"absence", "incident"} {
			if keep, gone := count(table, u.Keep), count(table, u.Gone); keep != "1" || gone != "0" {
				t.Errorf("%s: %s stay, %s are left behind", table, keep, gone)
			}
		}
		w.do(t, func(tx *db.Tx) error { _, err := revert.Back(tx, changes); return err })
		for _, table := range []string{"absence", "incident"} {
			if keep, gone := count(table, u.Keep), count(table, u.Gone); keep != "1" || gone != "1" {
				t.Errorf("%s after the undo: %s and %s", table, keep, gone)
			}
		}
	})
}
