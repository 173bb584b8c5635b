package desk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/portal/desk"
	"parvis/internal/testkit"
)

const (
	keeper actor.Right = "test.keep"
	reader actor.Right = "test.read"
)

func agent(rights ...actor.Right) actor.Actor {
	a := actor.Actor{Kind: actor.Agent, Second: true, Account: "a", Name: "Nadia", Rights: map[actor.Right][]string{}}
	for _, r := range rights {
		a.Rights[r] = []string{actor.AllServices}
	}
	return a
}

func portal(t *testing.T, d *db.DB, now time.Time) *testkit.Portal {
	p := testkit.NewPortal(t, d, now)
	desk.Pages{DB: d, Now: func() time.Time { return now }, Keeper: keeper, Reader: reader,
		Coming: []desk.Coming{{Right: "test.queue", Read: func(db.Reader, time.Time, actor.Actor) (string, string, []web.Row, error) {
			return "Repas de demain", "/agents/repas?jour=2026-11-24", []web.Row{{Label: "École des Tilleuls", Value: "42 repas"}}, nil
		}}, {Right: "test.queue", Read: func(db.Reader, time.Time, actor.Actor) (string, string, []web.Row, error) {
			return "", "", nil, nil
		}}},
		Queues: []web.Queue{{Label: "Comptes à activer", Href: "/agents/comptes-a-activer", Right: "test.queue",
			Count: func(db.Reader, time.Time, actor.Actor) (int, civil.Instant, error) {
				return 3, civil.InstantOf(now.AddDate(0, 0, -2)), nil
			}}, {Label: "Impayés", Href: "/agents/impayes", Icon: "receipt", Right: "test.queue",
			Count: func(db.Reader, time.Time, actor.Actor) (int, civil.Instant, error) {
				return 61, civil.InstantOf(now.AddDate(0, -3, 0)), nil
			}}, {Label: "Demandes", Href: "/agents/demandes", Right: "test.queue",
			Count: func(db.Reader, time.Time, actor.Actor) (int, civil.Instant, error) { return 0, 0, nil }}},
		Finders: []web.Finder{func(_ db.Reader, _ actor.Actor, q string) ([]web.Hit, error) {
			if q == "mart" {
				return []web.Hit{{Kind: "Famille", Title: "Camille Martin", Href: "/agents/familles/1"}}, nil
			}
			return nil, nil
		}}}.Agent(p.Router)
	return p
}

func TestDesk(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	testkit.EachEngine(t, db.Join(web.Sources(), jobs.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		p := portal(t, d, now)
		home := p.As(agent("test.queue")).Get("/agents")
		if text := home.Doc.Find("main").Text(); !strings.Contains(text, "Comptes à activer") || !strings.Contains(text, "depuis 2 jours") {
			t.Errorf("the queue with its age is not on the first page: %s", text)
		}
		rows := home.Doc.Find("main .queue")
		for i, want := range []string{"depuis 2 jours", "depuis 3 moisAttend depuis longtemps", "À jour"} {
			if got := strings.Join(strings.Fields(rows.Eq(i).Find(".queue-end").Text()), " "); got != want {
				t.Errorf("row %d says %q, want %q", i, got, want)
			}
			if rows.Eq(i).Find(".queue-icon svg").Length() != 1 {
				t.Errorf("row %d has no icon", i)
			}
		}
		if text := home.Text("main .title"); text != "Bonjour NadiaMardi 24 novembre 2026, semaine 48" {
			t.Errorf("head: %q", text)
		}
		if text := home.Text("main"); !strings.Contains(text, "Repas de demain") || !strings.Contains(text, "42 repas") || home.Doc.Find(`main a[href^="/agents/repas?jour="]`).Length() != 1 {
			t.Errorf("what the next day brings: %s", text)
		}
		if text := p.As(agent()).Get("/agents").Doc.Find("main").Text(); strings.Contains(text, "Comptes à activer") || strings.Contains(text, "Repas de demain") {
			t.Error("a queue shows to an agent without its right")
		}
		for _, c := range []struct {
			who         actor.Actor
			says        string
			mayLookFor  bool
			description string
		}{
			{agent(), "Un administrateur attribue les rôles.", false, "without a role"},
			{agent("test.other"), "Aucune file ne concerne votre rôle pour le moment.", false, "a role without a queue"},
			{agent(reader), "Aucune file ne concerne votre rôle pour le moment.", true, "a role that may search"},
		} {
			page := p.As(c.who).Get("/agents")
			if !strings.Contains(page.Text("main"), c.says) || page.Has(`main a[href="/agents/recherche"]`) != c.mayLookFor {
				t.Errorf("%s: %s", c.description, page.Text("main"))
			}
		}
		found := p.As(agent(reader)).Get("/agents/recherche?q=mart")
		if got := found.Doc.Find(`a[href="/agents/familles/1"]`).Length(); got != 1 {
			t.Errorf("%d links to the family, want 1", got)
		}
		for _, q := range []string{"", "m", "zzz"} {
			if got := p.As(agent(reader)).Get("/agents/recherche?q=" + q).Doc.Find(`a[href="/agents/familles/1"]`).Length(); got != 0 {
				t.Errorf("%q finds %d", q, got)
			}
		}
	})
}

// TestFailedTask shows a task that failed for ever, and tries it again for who may.
func TestFailedTask(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	testkit.EachEngine(t, db.Join(web.Sources(), jobs.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		p := portal(t, d, now)
		err := db.Do(t.Context(), d, func(tx *db.Tx) error { return jobs.Enqueue(tx, now, jobs.Job{Kind: "test.broken"}) })
		if err != nil {
			t.Fatal(err)
		}
		runner := jobs.Runner{DB: d, Now: func() time.Time { return now.Add(time.Minute) },
			Handlers: []jobs.Handler{{Kind: "test.broken", Run: func(context.Context, map[string]string) error { return jobs.ErrForEver }}}}
		if _, err := runner.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status := p.As(agent()).Get("/agents/taches").Status; status != 403 {
			t.Errorf("without the right: %d, want 403", status)
		}
		page := p.As(agent(keeper)).Get("/agents/taches")
		if !strings.Contains(page.Doc.Find("main").Text(), "test.broken") {
			t.Fatalf("the failed task is not shown: %s", page.Doc.Find("main").Text())
		}
		after := page.Submit(`form[action$="/reprise"]`, nil).Follow()
		if text := after.Doc.Find("main").Text(); strings.Contains(text, "test.broken") {
			t.Errorf("still shown as failed after being tried again: %s", text)
		}
	})
}
