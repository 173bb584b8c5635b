package absence_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family/familytest"
)

// TestADayThatTheServiceGivesUpAsksNoProofAndItsAbsenceComesBackWithIt: an absence told of a day, then a strike that day,
// then the strike is called off.
func TestADayThatTheServiceGivesUpAsksNoProofAndItsAbsenceComesBackWithIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		told, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill})
		if err != nil {
			t.Fatal(err)
		}
		agent := familytest.Agent(activity.Write, booking.Write, absence.Note, absence.Decide)
		list := func() string { return words(w.client(t, citizen(w.Camille)).Get("/espace/absences").Text("main")) }
		if text := list(); !strings.Contains(text, "Justificatif à remettre") || len(w.todo(t, citizen(w.Camille))) != 1 {
			t.Fatalf("before: %s %v", text, w.todo(t, citizen(w.Camille)))
		}
		w.exec(t, `update slot set state = 'closed', reason = 'Grève du personnel' where day = $1`, civil.NewDate(2027, 1, 11))
		wish := w.Wish(w.Ines, civil.NewDate(2027, 1, 11), "")
		wish.Seen = booking.Holding{State: booking.Booked, Choice: w.Only()}.Token()
		if out, err := w.Apply(t, w.now, agent, booking.Order{Family: w.First, Overrule: true, Reason: "Grève du personnel", Wishes: []booking.Wish{wish}}); err != nil || out.Done() != 1 {
			t.Fatalf("strike: %+v, %v", out, err)
		}
		text := list()
		if strings.Contains(text, "ustificatif à remettre a") || strings.Contains(text, "Justificatif à remettre") || !strings.Contains(text, "Grève du personnel") || !strings.Contains(text, "non facturé, aucun justificatif à remettre") {
			t.Errorf("the day of the strike: %s", text)
		}
		if all := w.todo(t, citizen(w.Camille)); len(all) != 0 {
			t.Errorf("to do on the day of the strike: %v", all)
		}
		if page := w.client(t, agent).Get("/agents/absences"); strings.Contains(page.Text("main"), "Inès") {
			t.Errorf("agents still wait for a proof: %s", page.Text("main"))
		}
		line := told.Lines[0].ID
		w.refused(t, fault.Conflict, func(tx *db.Tx) error { return absence.Withdraw(tx, w.now, citizen(w.Camille), line) })
		w.refused(t, fault.Conflict, func(tx *db.Tx) error { return absence.AnswerProof(tx, w.now, agent, line, absence.Accepted, "") })

		w.exec(t, `update slot set state = 'open', reason = '' where day = $1`, civil.NewDate(2027, 1, 11))
		back := w.Wish(w.Ines, civil.NewDate(2027, 1, 11), w.Only())
		if out, err := w.Apply(t, w.now, agent, booking.Order{Family: w.First, Overrule: true, Restore: true, Reason: "Accueil rétabli", Wishes: []booking.Wish{back}}); err != nil || out.Done() != 1 || out.Lines[0].Late {
			t.Fatalf("called off: %+v, %v", out, err)
		}
		if text := list(); !strings.Contains(text, "Justificatif à remettre") {
			t.Errorf("called off: %s", text)
		}
		if s := w.text(t, `select state || case when absence_at is null then '' else ' told' end || case when late then ' late' else '' end from booking where child = $1 and day = '2027-01-11'`, string(w.Ines)); s != "booked told" {
			t.Errorf("the booking is %s", s)
		}
	})
}

// TestADayBookedAgainMayBeToldAgain: what was told of a day that was cancelled and booked again since says nothing of it.
func TestADayBookedAgainMayBeToldAgain(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		rep := absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill}
		if _, err := w.declare(t, w.now, citizen(w.Camille), rep); err != nil {
			t.Fatal(err)
		}
		agent := familytest.Agent(booking.Write)
		wish := w.Wish(w.Ines, civil.NewDate(2027, 1, 11), "")
		wish.Seen = booking.Holding{State: booking.Booked, Choice: w.Only()}.Token()
		for _, one := range []booking.Wish{wish, w.Wish(w.Ines, civil.NewDate(2027, 1, 11), w.Only())} {
			if out, err := w.Apply(t, w.now, agent, booking.Order{Family: w.First, Overrule: true, Reason: "Au guichet", Wishes: []booking.Wish{one}}); err != nil || out.Done() != 1 {
				t.Fatalf("at the counter: %+v, %v", out, err)
			}
		}
		if s := w.text(t, `select state || case when absence_at is null then '' else ' told' end from booking where child = $1 and day = '2027-01-11'`, string(w.Ines)); s != "booked" {
			t.Fatalf("the booking is %s", s)
		}
		if text := words(w.client(t, citizen(w.Camille)).Get("/espace/absences").Text("main")); !strings.Contains(text, "cette absence ne compte plus") {
			t.Errorf("the first absence: %s", text)
		}
		if out, err := w.declare(t, w.now, citizen(w.Camille), rep); err != nil || len(out.Lines) != 1 {
			t.Errorf("told again: %+v, %v", out, err)
		}
	})
}

func (w *world) refused(t *testing.T, kind fault.Kind, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), w.d, fn); fault.KindOf(err) != kind {
		t.Errorf("%v, want %v", err, kind)
	}
}
