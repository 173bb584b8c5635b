package request_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/request"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/a-h/templ"
)

func TestRequestsOfOneHomeOnly(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		camille := persontest.Citizen(h.Camille)
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := family.Ask(tx, persontest.Now(), camille, family.Addition{Family: h.First, Service: h.Service, Role: family.Contact,
				LastName: "Diallo", FirstNames: "Amadou", Relation: "voisin", Phone: "0600000002"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p := testkit.NewPortal(t, d, persontest.Now())
		pages := request.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}}
		pages.Written = func(_ db.Reader, _ time.Time, a actor.Actor) (templ.Component, error) {
			if a.Person != camille.Person {
				return nil, nil
			}
			return web.Text("Message M-2345-6789"), nil
		}
		pages.Citizen(p.Router)
		page := p.As(camille).Get("/espace/demandes")
		if text := page.Text("main"); !strings.Contains(text, "Ajouter Amadou Diallo à ma famille") || !strings.Contains(text, "En cours de vérification") || !strings.Contains(text, "01 00 00 00 01") {
			t.Errorf("requests: %s", text)
		}
		if !strings.Contains(page.Text("main"), "Message M-2345-6789") || !page.Has(`main a[href="/espace/coordonnees"]`) || !page.Has(`main a[href="/contacts/ecrire"]`) {
			t.Errorf("the other ways are missing: %s", page.Text("main"))
		}
		if other := p.As(persontest.Citizen(h.Bruno)).Get("/espace/demandes"); strings.Contains(other.Body, "Diallo") || !other.Has(".empty") {
			t.Errorf("the other home reads: %s", other.Text("main"))
		}
		fact, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
			return pages.Tiles()[0].Fact(r, persontest.Now(), camille)
		})
		if err != nil || fact != "1 en cours" {
			t.Errorf("fact = %q, %v", fact, err)
		}
	})
}
