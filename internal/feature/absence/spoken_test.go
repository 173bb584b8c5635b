package absence_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
)

func (w *world) spoken(t *testing.T, home family.ID) string {
	t.Helper()
	all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]absence.Spoken, error) {
		return absence.SpokenOf(r, w.Ines, home, date("2027-01-01"))
	})
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, x := range all {
		said += x.Day.String() + " " + words(x.Words)
	}
	return said
}

// TestAnIncidentWithdrawnAgreesWithWhatTheFamilySaid: no bill is announced that the answer takes back, and nothing is asked twice.
func TestAnIncidentWithdrawnAgreesWithWhatTheFamilySaid(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10")
		w.mark(t, w.Ines, 13, "present")
		if got := w.spoken(t, w.First); got != "" {
			t.Errorf("before: %s", got)
		}
		w.evening(t, at(13, 20, 0))
		w.now = at(14, 9, 0)
		id := absence.IncidentID(w.text(t, `select id from incident`))
		if got := w.spoken(t, w.First); got != "2027-01-13 Un écart avec vos réservations." {
			t.Errorf("told: %s", got)
		}
		w.do(t, func(tx *db.Tx) error { return absence.Contest(tx, w.now, citizen(w.Camille), id, "Elle était malade") })
		if got := w.spoken(t, w.First); !strings.Contains(got, "« Elle était malade ». Le service la regarde.") || w.spoken(t, w.Second) != "" {
			t.Errorf("contested: %s; the other home: %s", got, w.spoken(t, w.Second))
		}
		w.do(t, func(tx *db.Tx) error {
			return absence.AnswerContest(tx, w.now, familytest.Agent(absence.Note, absence.Decide), id, true, "C’est noté")
		})
		if got := w.spoken(t, w.First); !strings.Contains(got, "Elle était malade") || !strings.Contains(got, "Le service a retiré cet écart. Il répond : « C’est noté ».") {
			t.Errorf("withdrawn: %s", got)
		}
		page := words(w.client(t, citizen(w.Camille)).Get("/espace/incidents/" + string(id)).Text("main"))
		if strings.Contains(page, "Le jour lui-même est au tarif habituel") || !strings.Contains(page, "rien de plus n’est facturé") || !strings.Contains(page, "que si le pointage dit l’enfant présent") {
			t.Errorf("the incident: %s", page)
		}
	})
}

// TestAPresenceUpdatesTheAbsence: a child who came after all needs no document, and its day is billed.
func TestAPresenceUpdatesTheAbsence(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		if _, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill}); err != nil {
			t.Fatal(err)
		}
		w.mark(t, w.Ines, 11, "absent")
		list := func() string { return words(w.client(t, citizen(w.Camille)).Get("/espace/absences").Text("main")) }
		if text := list(); !strings.Contains(text, "Justificatif à remettre") || len(w.todo(t, citizen(w.Camille))) != 1 {
			t.Fatalf("absent: %s", text)
		}
		w.mark(t, w.Ines, 11, "present")
		if text := list(); strings.Contains(text, "ustificatif") || !strings.Contains(text, "L’enfant est venu : jour facturé au tarif habituel") || len(w.todo(t, citizen(w.Camille))) != 0 {
			t.Errorf("came: %s", text)
		}
	})
}
