package home_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/portal/home"
	"parvis/internal/testkit"
)

var now = time.Date(2027, time.January, 6, 10, 0, 0, 0, time.UTC)

func portal(t *testing.T, d *db.DB, news []home.News) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, now)
	home.Front{DB: d, Now: func() time.Time { return now },
		Town: func(context.Context) home.Town {
			return home.Town{Name: "Rivebelle-sur-Seine", SpaceName: "Mon Espace Citoyen Rivebellois", OldPortal: "l’ancien portail famille",
				Help: home.Help{Service: "Pôle scolaire", Phone: "01 99 00 12 34", Hours: "du lundi au vendredi"}}
		},
		News:    func(db.Reader, time.Time, int) ([]home.News, error) { return news, nil },
		Promise: func(db.Reader, time.Time) (time.Time, error) { return now.AddDate(0, 0, 2), nil },
	}.Citizen(p.Router)
	return p
}

func TestFrontPageHoldsWhatTheGuideShows(t *testing.T) {
	testkit.EachEngine(t, web.Sources(), func(t *testing.T, d *db.DB) {
		p := portal(t, d, []home.News{{Day: civil.DateOf(now), Title: "Vacances", Extract: "Ouverture samedi.", Href: "/actualites/1"}})
		c := p.As(actor.Actor{})
		page := c.Get("/?suite=/espace/factures")
		form := page.Doc.Find("form[action='/connexion']")
		for _, name := range []string{"identifiant", "mot_de_passe", "suite", "cle"} {
			if form.Find("[name="+name+"]").Length() != 1 {
				t.Errorf("the sign-in box lacks %s", name)
			}
		}
		if got := form.Find("[name=suite]").AttrOr("value", ""); got != "/espace/factures" {
			t.Errorf("suite %q", got)
		}
		if page.Text("h1") != "Mon Espace Citoyen Rivebellois" {
			t.Errorf("h1 %q", page.Text("h1"))
		}
		text := page.Text("main")
		for _, words := range []string{"Mon espace perso", "Identifiant", "Mot de passe", "J’ai oublié mon mot de passe", "Connexion",
			"Je n’ai pas d’espace", "Créer mon espace", "vendredi 8 janvier", "Je n’ai pas reçu l’e-mail", "Vacances", "Lire la suite",
			"Voir toutes les actualités"} {
			if !strings.Contains(text, words) {
				t.Errorf("the front page does not say %q", words)
			}
		}
		for _, foreign := range []string{"/?suite=//ailleurs.example", "/?suite=https://ailleurs.example", "/?suite=%5C%5Cailleurs"} {
			if c.Get(foreign).Has("[name=suite]") {
				t.Errorf("%s is kept", foreign)
			}
		}
		if !page.Has("a[href='/creer-mon-espace']") {
			t.Error("the front page does not lead to the wizard")
		}
	})
}

func TestFrontPageOfATownWithoutAnOldPortal(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	p := testkit.NewPortal(t, d, now)
	home.Front{DB: d, Now: func() time.Time { return now },
		Town: func(context.Context) home.Town {
			return home.Town{Name: "Rivebelle-sur-Seine", SpaceName: "Mon Espace Citoyen"}
		},
		News:    func(db.Reader, time.Time, int) ([]home.News, error) { return nil, nil },
		Promise: func(db.Reader, time.Time) (time.Time, error) { return now, nil },
	}.Citizen(p.Router)
	text := p.As(actor.Actor{}).Get("/").Text("main")
	if strings.Contains(text, "existe déjà") || strings.Contains(text, "Vous utilisiez") || !strings.Contains(text, "Vous êtes nouveau") {
		t.Errorf("front page: %s", text)
	}
}

func TestFrontPageOfTheSignedIn(t *testing.T) {
	testkit.EachEngine(t, web.Sources(), func(t *testing.T, d *db.DB) {
		p := portal(t, d, nil)
		if got := p.As(actor.Actor{}).Get("/"); !strings.Contains(got.Text("main"), "Aucune actualité") {
			t.Error("no news is not said")
		}
		if got := p.As(actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "a"}).Get("/?recu=1"); got.Location() != "/espace?recu=1" {
			t.Errorf("a citizen goes to %q", got.Location())
		}
		if got := p.As(actor.Actor{Kind: actor.Agent, Account: "b"}).Get("/"); got.Location() != "/agents" {
			t.Errorf("an agent goes to %q", got.Location())
		}
	})
}
