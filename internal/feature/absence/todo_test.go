package absence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// todo is « À faire » of an actor, as the first page reads it.
func (w *world) todo(t *testing.T, a actor.Actor) []string {
	t.Helper()
	all, err := db.Read(db.Remember(context.Background()), w.d, func(r db.Reader) (lines []string, err error) {
		if err := web.ReadParts(r, w.now, a, absence.Parts()...); err != nil {
			return nil, err
		}
		todos, err := absence.Todo(r, w.now, a)
		for _, x := range todos {
			lines = append(lines, fmt.Sprintf("%s %s, %s -> %s", x.When, words(x.Title), words(x.Detail), x.Href))
		}
		return lines, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWhatWaitsForAFamilyIsOnItsFirstPage: an incident with its day until somebody of the home answers, and a document
// until it is due.
func TestWhatWaitsForAFamilyIsOnItsFirstPage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10", "malade-7j")
		if got := w.todo(t, citizen(w.Camille)); len(got) != 0 {
			t.Errorf("before: %v", got)
		}
		w.mark(t, w.Ines, 13, "present")
		w.now = at(13, 19, 0)
		if got := w.todo(t, citizen(w.Camille)); len(got) != 0 {
			t.Errorf("before the evening: %v", got)
		}
		w.evening(t, at(13, 20, 0))
		w.now = at(13, 21, 0)
		id := w.text(t, `select id from incident`)
		line := "2027-01-13 Inès : présence sans réservation mercredi 13 janvier, Restauration scolaire -> /espace/incidents/" + id
		for _, a := range []actor.Actor{citizen(w.Camille), citizen(w.Thomas)} {
			if got := w.todo(t, a); !slices.Equal(got, []string{line}) {
				t.Errorf("the same evening: %v, want %s", got, line)
			}
		}
		for _, a := range []actor.Actor{citizen(w.Bruno), citizen(w.Contact)} {
			if got := w.todo(t, a); len(got) != 0 {
				t.Errorf("another person: %v", got)
			}
		}
		w.client(t, citizen(w.Thomas)).Get("/espace/incidents/"+id).Submit("#exact", nil).Follow()
		if got := w.todo(t, citizen(w.Camille)); len(got) != 0 {
			t.Errorf("once answered: %v", got)
		}
		if err := db.Do(context.Background(), w.d, func(tx *db.Tx) error { return absence.Admit(tx, w.now, citizen(w.Bruno), absence.IncidentID(id)) }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("the other home answers: %v", err)
		}
		if page := w.client(t, citizen(w.Camille)).Get("/espace/incidents/" + id); page.Has("#exact") || !page.Has("#contester") {
			t.Errorf("after the answer: %s", page.Text("main"))
		}
		w.exec(t, `update incident set admitted_at = null`)
		w.now = w.now.AddDate(0, 2, 0)
		if got := w.todo(t, citizen(w.Camille)); len(got) != 0 {
			t.Errorf("two months later: %v", got)
		}
		w.now = at(14, 12, 0)
		out, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 14)}, Reason: ill})
		if err != nil {
			t.Fatal(err)
		}
		got := w.todo(t, citizen(w.Camille))
		if len(got) != 2 || !strings.Contains(got[1], "Absence d’Inès : justificatif à remettre") || !strings.HasSuffix(got[1], "/espace/absences/"+out.Reference) {
			t.Errorf("a document is due: %v", got)
		}
		for day := 1; day <= 4; day++ {
			w.mark(t, w.Jeremy, 15+day, "present")
		}
		w.evening(t, at(19, 20, 0))
		w.now = at(19, 21, 0)
		if got := w.todo(t, citizen(w.Camille)); len(got) != 2 || !strings.Contains(got[0], "5 écarts avec vos réservations") {
			t.Errorf("many: %v", got)
		}
		w.do(t, func(tx *db.Tx) error {
			_, err := family.Restrict(tx, w.now, actor.Job("test"), family.Restriction{Person: w.Thomas, Child: w.Jeremy, DecidedOn: civil.DateOf(w.now), Reference: "RG"})
			return err
		})
		if got := w.todo(t, citizen(w.Thomas)); len(got) != 2 || strings.Contains(strings.Join(got, " "), "Jérémy") {
			t.Errorf("who is kept from a child: %v", got)
		}
	})
}
