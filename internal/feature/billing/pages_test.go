package billing_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/money"
	"parvis/internal/base/web"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func insert(d *db.DB, a actor.Actor, number string, f family.ID, due civil.Date, amount, paid money.Cents) (billing.ID, error) {
	return db.Write(context.Background(), d, func(tx *db.Tx) (billing.ID, error) {
		return billing.InsertImported(tx, persontest.Now(), a, billing.Invoice{Number: number, Family: f, Period: due.AddDays(-30).String()[:7],
			IssuedOn: due.AddDays(-20), DueOn: due, Amount: amount, Paid: paid})
	})
}

func must(t *testing.T, d *db.DB, number string, f family.ID, due civil.Date, amount, paid money.Cents) billing.ID {
	t.Helper()
	id, err := insert(d, actor.Job("test"), number, f, due, amount, paid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func portal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, persontest.Now())
	billing.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}}.Citizen(p.Router)
	return p
}

func as(id person.ID, name string) actor.Actor {
	a := persontest.Citizen(id)
	a.Name = name
	return a
}

func TestEachHomeReadsItsOwnInvoices(t *testing.T) {
	testkit.EachEngine(t, billing.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		today := civil.DateOf(persontest.Now())
		ours := must(t, d, "2026-000101", h.First, today.AddDays(9), 8320, 0)
		must(t, d, "2026-000102", h.First, today.AddDays(-40), 6200, 6200)
		theirs := must(t, d, "2026-000201", h.Second, today.AddDays(9), 4477, 0)
		p := portal(t, d)
		camille := p.As(as(h.Camille, "Camille Martin"))
		page := camille.Get("/espace/factures")
		if text := page.Text("main"); !strings.Contains(text, "83,20 €") || !strings.Contains(text, "vendredi 15 janvier 2027") || !strings.Contains(text, "Payée") {
			t.Errorf("list: %s", text)
		}
		if strings.Contains(page.Body, "000201") || strings.Contains(page.Body, "44,77") {
			t.Error("the list shows the other home's invoice")
		}
		for _, c := range []struct {
			who  actor.Actor
			id   billing.ID
			want int
		}{
			{as(h.Camille, "Camille"), ours, 200}, {as(h.Thomas, "Thomas"), ours, 200}, {as(h.Bruno, "Bruno"), theirs, 200},
			{as(h.Camille, "Camille"), theirs, 404}, {as(h.Bruno, "Bruno"), ours, 404}, {as(h.Contact, "Marie"), ours, 404},
			{as(h.Jeremy.PersonID(), "Jérémy"), ours, 404}, {as(h.Camille, "Camille"), "no such", 404},
		} {
			if got := p.As(c.who).Get("/espace/factures/" + string(c.id)); got.Status != c.want {
				t.Errorf("%s reads %s: %d, want %d", c.who.Name, c.id, got.Status, c.want)
			}
		}
		if text := camille.Get("/espace/attestations").Text("main"); !strings.Contains(text, "62,00 €") || strings.Contains(text, "44,77") {
			t.Errorf("documents: %s", text)
		}
	})
}

func TestTodoAndTile(t *testing.T) {
	testkit.EachEngine(t, billing.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		today := civil.DateOf(persontest.Now())
		must(t, d, "1", h.First, today.AddDays(9), 8320, 1000)
		must(t, d, "2", h.First, today.AddDays(-9), 500, 0)
		must(t, d, "3", h.First, today.AddDays(-39), 500, 500)
		_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
			todos, err := billing.Todo(r, persontest.Now(), as(h.Camille, "Camille"))
			if err != nil || len(todos) != 2 || todos[0].Title != "Facture à payer\u00a0: 5,00\u202f€" || todos[0].Tag != "En retard" || todos[0].Tone != web.Error ||
				todos[1].Title != "Facture à payer\u00a0: 73,20\u202f€" || todos[1].When != today.AddDays(9) {
				t.Errorf("todos = %+v, %v", todos, err)
			}
			tile := billing.Pages{}.Tiles()[0]
			if fact, err := tile.Fact(r, persontest.Now(), as(h.Camille, "Camille")); err != nil || fact != "1 en retard" {
				t.Errorf("fact = %q, %v", fact, err)
			}
			none, err := billing.Todo(r, persontest.Now(), as(h.Bruno, "Bruno"))
			if len(none) != 0 || err != nil {
				t.Errorf("the other home is asked to pay: %+v, %v", none, err)
			}
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestImportedInvoicesAreChecked(t *testing.T) {
	testkit.EachEngine(t, billing.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		today := civil.DateOf(persontest.Now())
		must(t, d, "2026-1", h.First, today, 100, 0)
		for name, c := range map[string]struct {
			who    actor.Actor
			number string
			paid   money.Cents
			want   fault.Kind
		}{
			"a number twice":      {actor.Job("test"), "2026-1", 0, fault.Conflict},
			"more paid than owed": {actor.Job("test"), "2026-2", 101, fault.Invalid},
			"by a parent":         {as(h.Camille, "Camille"), "2026-3", 0, fault.Forbidden},
		} {
			if _, err := insert(d, c.who, c.number, h.First, today, 100, c.paid); fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want kind %v", name, err, c.want)
			}
		}
	})
}
