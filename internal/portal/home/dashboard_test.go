package home_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/portal/home"
	"parvis/internal/testkit"

	"github.com/a-h/templ"
)

func citizen(state actor.State) actor.Actor {
	return actor.Actor{Kind: actor.Citizen, State: state, Person: "p", Account: "a", Name: "Camille Martin"}
}

func dashboard(t *testing.T, d *db.DB, change func(*home.Dashboard)) *testkit.Portal {
	t.Helper()
	day := civil.DateOf(now)
	fact := func(words string) func(db.Reader, time.Time, actor.Actor) (string, error) {
		return func(db.Reader, time.Time, actor.Actor) (string, error) { return words, nil }
	}
	todo := func(todos ...web.Todo) web.TodoSource {
		return func(db.Reader, time.Time, actor.Actor) ([]web.Todo, error) { return todos, nil }
	}
	p := home.Dashboard{DB: d, Now: func() time.Time { return now },
		Owner: func(db.Reader, actor.Actor) (home.Owner, error) {
			return home.Owner{Greeting: "Madame Martin", Name: "Camille Martin", Address: "12, rue des Écluses", LastSignIn: civil.InstantOf(now.Add(-time.Hour))}, nil
		},
		Children: func(db.Reader, time.Time, actor.Actor) ([]home.Child, error) {
			return []home.Child{{FirstName: "Jérémy", Detail: "CM1", Next: "Cantine jeudi 7", Href: "/espace/enfants/j/agenda"}}, nil
		},
		Week: func(db.Reader, time.Time, actor.Actor) ([]web.WeekDay, error) {
			return []web.WeekDay{{Date: day, Today: true, Lines: []web.WeekLine{{Name: "Jérémy", Activity: "cantine", Mark: web.Mark{Tone: web.OK, Icon: "check", Word: "Réservé"}}}}}, nil
		},
		Todos: []web.TodoSource{todo(web.Todo{Title: "Sans date", Href: "/c"}, web.Todo{When: day.AddDays(9), Title: "Payer 83,20 €", Href: "/b"}), todo(web.Todo{When: day.AddDays(1), Title: "Répondre", Href: "/a"})},
		Tiles: []web.Tile{{Order: 20, Label: "Famille", Href: "/espace/famille", Icon: "users", Fact: fact("5 membres")}, {Order: 0, Label: "Profil", Href: "/espace/profil", Icon: "user"}},
		Standing: func(db.Reader, time.Time, actor.Actor) (templ.Component, error) {
			return templ.Raw("<p>Un agent répond vendredi</p>"), nil
		},
	}
	if change != nil {
		change(&p)
	}
	portal := testkit.NewPortal(t, d, now)
	p.Citizen(portal.Router)
	return portal
}

func texts(p *testkit.Page, selector string) string {
	var all []string
	for _, n := range p.Doc.Find(selector).EachIter() {
		all = append(all, strings.Join(strings.Fields(n.Text()), " "))
	}
	return strings.Join(all, "|")
}

func TestDashboardIsMadeOfWhatFeaturesRegister(t *testing.T) {
	testkit.EachEngine(t, web.Sources(), func(t *testing.T, d *db.DB) {
		page := dashboard(t, d, nil).As(citizen(actor.Active)).Get("/espace")
		for selector, want := range map[string]string{
			"h1":               "Bonjour Madame Martin",
			".hello .muted":    "12, rue des Écluses|Dernière connexion le 06/01/2027 à 09:00",
			".rows a.row-link": "Répondre|Payer 83,20 €|Sans date",
			".children a":      "Jérémy",
			".tiles a":         "Profil|Famille",
			".week .tag":       "Réservé",
			"h2":               "À faire : 3|Mes enfants|Cette semaine|Mon tableau de bord",
		} {
			got := texts(page, "main "+selector)
			if got != want {
				t.Errorf("%s = %q, want %q", selector, got, want)
			}
		}
	})
}

func TestDashboardWithNothingToDo(t *testing.T) {
	testkit.EachEngine(t, web.Sources(), func(t *testing.T, d *db.DB) {
		page := dashboard(t, d, func(p *home.Dashboard) { p.Todos = nil }).As(citizen(actor.Active)).Get("/espace")
		if text := page.Text("main"); !strings.Contains(text, "Tout est à jour.") {
			t.Errorf("page: %s", text)
		}
	})
}

func TestWaitingAccountReadsWhereItStands(t *testing.T) {
	testkit.EachEngine(t, web.Sources(), func(t *testing.T, d *db.DB) {
		page := dashboard(t, d, nil).As(citizen(actor.Waiting)).Get("/espace")
		text := page.Text("main")
		if !strings.Contains(text, "Un agent répond vendredi") || strings.Contains(text, "Jérémy") || texts(page, ".tiles a") != "Profil" {
			t.Errorf("waiting page: %s", text)
		}
	})
}

func TestDashboardReadsSharedRowsOnce(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	shared := func(r db.Reader) (int64, error) {
		return db.Once(r, "test.shared", func() (int64, error) { return db.One(r, "one", db.Column[int64], `select 1`) })
	}
	p := dashboard(t, d, func(p *home.Dashboard) {
		p.Todos = []web.TodoSource{func(r db.Reader, _ time.Time, _ actor.Actor) ([]web.Todo, error) {
			_, err := shared(r)
			return nil, err
		}}
		p.Tiles = []web.Tile{{Label: "x", Href: "/x", Icon: "user", Fact: func(r db.Reader, _ time.Time, _ actor.Actor) (string, error) { _, err := shared(r); return "", err }}}
	})
	c := p.As(citizen(actor.Active))
	ctx, queries := db.CountQueries(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/espace", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/espace"
	if page := c.Do(r); page.Status != 200 || *queries != 1 {
		t.Errorf("status %d, %d queries, want 200 and 1", page.Status, *queries)
	}
}
