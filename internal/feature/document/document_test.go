package document_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/document"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func TestWhatTheTownHoldsIsOneHomes(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := testkit.NewPortal(t, d, persontest.Now())
		held := func(_ db.Reader, _ time.Time, a actor.Actor) ([]web.Row, error) {
			return []web.Row{{Label: "Quotient familial", Value: "de " + a.Person}}, nil
		}
		document.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}, Held: []document.Held{held}}.Citizen(p.Router)
		page := p.As(persontest.Citizen(h.Camille)).Get("/espace/documents")
		for _, want := range []string{"rue des Écoles", "de " + string(h.Camille), "Jérémy", "Inès", "01 00 00 00 01"} {
			if !strings.Contains(page.Text("main"), want) {
				t.Errorf("the page lacks %q: %s", want, page.Text("main"))
			}
		}
		bruno := persontest.Citizen(h.Bruno)
		bruno.Name = "Bruno Petit"
		other := p.As(bruno).Get("/espace/documents")
		for _, secret := range append(familytest.CamilleSecrets, "Inès") {
			if strings.Contains(other.Body, secret) {
				t.Errorf("the other home's page shows %q", secret)
			}
		}
	})
}
