package schoolfile_test

import (
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/schoolfile"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func TestEnrolmentsOfTheYear(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := bookingtest.New(t, d)
		p := testkit.NewPortal(t, d, persontest.Now())
		schoolfile.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}}.Citizen(p.Router)
		page := p.As(persontest.Citizen(g.Camille)).Get("/espace/dossiers")
		text := page.Text("main")
		for _, want := range []string{"Année scolaire 2026-2027", "Jérémy", "Mercredi", "Restauration scolaire", "du 01/09/2026 au 02/07/2027", "Inscription faite", "01 00 00 00 01"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q: %s", want, text)
			}
		}
		if strings.Contains(page.Text(".tag"), "Réservé") {
			t.Error("an enrolment is shown as a booking")
		}
		bruno := persontest.Citizen(g.Bruno)
		if other := p.As(bruno).Get("/espace/dossiers"); strings.Contains(other.Body, "Inès") {
			t.Error("the other home reads of the sister")
		}
	})
}
