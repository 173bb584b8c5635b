package absence_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
)

// TestAnAbsenceWithdrawnAfterItsMailLeftIsTold: to those who were told of it, several in one mail, as they are by then.
func TestAnAbsenceWithdrawnAfterItsMailLeftIsTold(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		tell := func(children ...family.ChildID) {
			t.Helper()
			var cells []booking.Cell
			for _, c := range children {
				cells = append(cells, w.cell(c, 11))
			}
			if _, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: cells, Reason: ill}); err != nil {
				t.Fatal(err)
			}
		}
		withdraw := func(child family.ChildID) {
			t.Helper()
			id := absence.ID(w.text(t, `select id from absence where withdrawn_at is null and did = 'absent' and child = $1`, string(child)))
			w.do(t, func(tx *db.Tx) error { return absence.Withdraw(tx, w.now, citizen(w.Camille), id) })
		}
		told := func() {
			t.Helper()
			if got := w.post(t, 40*time.Minute); len(got) != 2 || !strings.Contains(got[0], "absence signalée") {
				t.Fatalf("told: %q", got)
			}
		}
		tell(w.Jeremy, w.Ines)
		told()
		withdraw(w.Jeremy)
		withdraw(w.Ines)
		got := w.post(t, 3*time.Minute)
		if len(got) != 2 {
			t.Fatalf("%d mails of what is withdrawn: %q", len(got), got)
		}
		for _, m := range got {
			for _, want := range []string{"Inès et Jérémy : absence retirée, 2 jours", "Absence retirée par un responsable de la famille", "lundi 11 janvier : l’enfant est de nouveau attendu."} {
				if !strings.Contains(m, want) {
					t.Errorf("lacks %q: %s", want, m)
				}
			}
		}

		// Withdrawn and told again before the mail leaves: it does not say that the child is expected.
		tell(w.Jeremy)
		told()
		withdraw(w.Jeremy)
		tell(w.Jeremy)
		if got := w.post(t, 40*time.Minute); len(got) != 2 || strings.Contains(got[0]+got[1], "retirée,") {
			t.Errorf("told again: %q", got)
		}

		// A court keeps one head from the child since: that head reads nothing more of it. An agent's act is told at once.
		w.exec(t, `insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ('x', $1, $2, $3, $3, 'RG', 0)`,
			string(w.Thomas), string(w.Jeremy), civil.DateOf(w.now))
		id := absence.ID(w.text(t, `select id from absence where withdrawn_at is null and did = 'absent' and child = $1`, string(w.Jeremy)))
		w.do(t, func(tx *db.Tx) error { return absence.Withdraw(tx, w.now, familytest.Agent(absence.Note), id) })
		if got := w.post(t, 0); len(got) != 1 || !strings.HasPrefix(got[0], "camille") || !strings.Contains(got[0], "par un agent de la mairie") {
			t.Errorf("an agent's: %q", got)
		}
	})
}
