package absence_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
)

// TestAnotherServiceOfTheSameFamily knows the family, and nothing of the activities of the first service.
func TestAnotherServiceOfTheSameFamily(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j", "sans-10")
		w.do(t, func(tx *db.Tx) error { return family.AddService(tx, w.now, actor.Job("test"), w.First, w.Youth) })
		other := familytest.AgentOf(w.Youth, absence.Note, absence.Decide)
		rep := absence.Report{Family: w.First, Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill}
		if _, err := w.declare(t, at(11, 12, 0), other, rep); fault.KindOf(err) != fault.Conflict {
			t.Errorf("tells of another service's canteen: %v", err)
		}
		out, err := w.declare(t, at(11, 12, 0), citizen(w.Camille), rep)
		if err != nil {
			t.Fatal(err)
		}
		w.mark(t, w.Ines, 13, "present")
		w.evening(t, at(13, 20, 0))
		w.now = at(14, 9, 0)
		id := w.text(t, `select id from incident`)
		w.do(t, func(tx *db.Tx) error {
			return absence.Contest(tx, w.now, citizen(w.Camille), absence.IncidentID(id), "Elle n’y était pas")
		})
		c := w.client(t, other)
		if got := c.Get("/agents/absences/" + string(out.Lines[0].ID)); got.Status != 404 {
			t.Errorf("reads a proof: %d", got.Status)
		}
		if got := c.Get("/agents/absences").Text("main"); strings.Contains(got, "Inès") {
			t.Errorf("its queue: %s", got)
		}
		if got := c.Get("/agents/familles/" + string(w.First) + "/absences?quand=dates&du=11/01/2027&au=15/01/2027&enfant=" + string(w.Ines)).Text("main"); strings.Contains(got, "Restauration") {
			t.Errorf("at the desk: %s", got)
		}
		for name, verb := range map[string]func(*db.Tx) error{
			"answers": func(tx *db.Tx) error {
				return absence.AnswerContest(tx, w.now, other, absence.IncidentID(id), true, "")
			},
			"tells by it": func(tx *db.Tx) error { return absence.ToldOtherwise(tx, w.now, other, absence.IncidentID(id)) },
		} {
			if err := db.Do(context.Background(), w.d, verb); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
