package desk_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/portal/desk"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
)

var journalNow = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func journalOf(d *db.DB) desk.Journal {
	known := map[string]string{"p-nadia": "Nadia Rahmani", "p-camille": "Camille Martin", "p-evil": `=HYPERLINK("http://x")`}
	return desk.Journal{DB: d, Now: func() time.Time { return journalNow },
		Names: func(_ db.Reader, people ...string) (map[string]string, error) { return known, nil },
		Find: func(_ db.Reader, query string, _ int) ([]string, error) {
			if query == "camille" {
				return []string{"p-camille"}, nil
			}
			return nil, nil
		},
		Agents: func(db.Reader) ([]web.Option, error) {
			return []web.Option{{Label: "Tous"}, {Value: "nadia", Label: "Nadia Rahmani"}}, nil
		}}
}

func journalPortal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, journalNow)
	journalOf(d).Agent(p.Router)
	return p
}

var nadia = actor.Actor{Kind: actor.Agent, Account: "nadia", Person: "p-nadia"}

func note(t *testing.T, d *db.DB, at time.Time, a actor.Actor, e audit.Entry) {
	t.Helper()
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error { return audit.Write(tx, at, a, e) }); err != nil {
		t.Fatal(err)
	}
}

func lookedAt(t *testing.T, d *db.DB, action string) []audit.Event {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]audit.Event, error) {
		return audit.Search(r, audit.Filter{Action: action}, 100)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func journalSources() []db.Source { return db.Join(web.Sources(), audit.Sources()) }

func TestJournalFiltersAndIsItselfWrittenDown(t *testing.T) {
	testkit.EachEngine(t, journalSources(), func(t *testing.T, d *db.DB) {
		p := journalPortal(t, d)
		yesterday := journalNow.AddDate(0, 0, -1)
		note(t, d, yesterday, nadia, audit.Entry{Action: "person.contact.changed", Object: "person", ID: "p-camille", Subject: "p-camille", Detail: "phone address"})
		note(t, d, journalNow.AddDate(0, 0, -9), actor.Actor{}, audit.Entry{Action: "account.signin.failed", Object: "account", ID: "x"})
		note(t, d, yesterday, actor.Job("import"), audit.Entry{Action: "moving.family.imported", Object: "family", ID: "f", Detail: "batch 7, line 3"})
		c := p.As(agent(desk.JournalRead))
		rows := func(query string) []string {
			var all []string
			page := c.Get("/agents/journal" + query)
			if page.Status != 200 {
				t.Fatalf("%s: %d", query, page.Status)
			}
			page.Doc.Find("main tbody tr").Each(func(_ int, row *goquery.Selection) {
				var cells []string
				row.Find("th, td").Each(func(_ int, cell *goquery.Selection) { cells = append(cells, strings.TrimSpace(cell.Text())) })
				text := strings.TrimSpace(strings.Join(cells, " "))
				if !strings.Contains(text, "Journal consulté") {
					all = append(all, text)
				}
			})
			return all
		}
		const changed = "23/11/2026 à 10:00 Nadia Rahmani (agent) Coordonnées modifiées Camille Martin téléphone, adresse"
		const failed = "15/11/2026 à 10:00 Un visiteur Connexion refusée Compte"
		const imported = "23/11/2026 à 10:00 L’import Famille reprise de l’ancien portail Famille"
		for query, want := range map[string][]string{
			"?personne=camille":             {changed},
			"?sujet=p-camille":              {changed},
			"?agent=nadia":                  {changed},
			"?acte=moving.family.imported":  {imported},
			"?objet=account":                {failed},
			"?objet=family&id=f":            {imported},
			"?du=10/11/2026&au=15/11/2026":  {failed},
			"?personne=inconnue":            nil,
			"?agent=nadia&objet=family":     nil,
			"?du=23/11/2026&au=23/11/2026":  {imported, changed},
			"?personne=camille&agent=nadia": {changed},
		} {
			if diff := cmp.Diff(want, rows(query)); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
		reads := lookedAt(t, d, "journal.read")
		if len(reads) != 11 {
			t.Errorf("%d readings written down, want 11", len(reads))
		}
		for _, e := range reads {
			if e.Kind != audit.Look || e.Account != "a" || strings.Contains(e.Entry.Detail, "camille") && !strings.Contains(e.Entry.Detail, "p-camille") {
				t.Errorf("a reading is kept as %+v", e)
			}
		}
		if wrong := c.Get("/agents/journal?du=demain"); wrong.Status != 422 || !wrong.Has("#champ-du-erreur") || wrong.Has("tbody") {
			t.Errorf("a day that is none: %d", wrong.Status)
		}
		if other := p.As(agent("test.read")).Get("/agents/journal"); other.Status != 403 {
			t.Errorf("an agent without the right: %d", other.Status)
		}
		if other := p.As(agent("test.read")).Get("/agents/journal/export"); other.Status != 403 {
			t.Errorf("an agent without the right exports: %d", other.Status)
		}
	})
}

func TestJournalPages(t *testing.T) {
	testkit.EachEngine(t, journalSources(), func(t *testing.T, d *db.DB) {
		c := journalPortal(t, d).As(agent(desk.JournalRead))
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			for i := range 120 { // many of one moment: pages part them all the same
				e := audit.Entry{Action: "person.photo.set", Object: "person", ID: fmt.Sprint(i)}
				if err := audit.Write(tx, journalNow.Add(-time.Duration(i/40)*time.Hour), nadia, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		page, seen, sizes := c.Get("/agents/journal?acte=person.photo.set"), map[string]bool{}, []int{}
		for {
			links := page.Doc.Find("main tbody a")
			sizes = append(sizes, links.Length())
			links.Each(func(_ int, a *goquery.Selection) { seen[a.AttrOr("href", "")] = true })
			if !page.Has("a:contains('Lignes plus anciennes')") {
				break
			}
			page = page.Click("a:contains('Lignes plus anciennes')")
		}
		if diff := cmp.Diff([]int{50, 50, 20}, sizes); diff != "" || len(seen) != 120 {
			t.Errorf("pages %v, %d different lines", sizes, len(seen))
		}
	})
}

func TestJournalExportComputesNothing(t *testing.T) {
	testkit.EachEngine(t, journalSources(), func(t *testing.T, d *db.DB) {
		c := journalPortal(t, d).As(agent(desk.JournalRead))
		note(t, d, journalNow, nadia, audit.Entry{Action: "person.photo.set", Object: "person", ID: "@SUM(1)", Subject: "p-evil"})
		file := c.Get("/agents/journal/export?acte=person.photo.set")
		if file.Status != 200 || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(string(file.Body), "\ufeffDate;Qui;") {
			t.Fatalf("file: %d %s %q", file.Status, file.Header.Get("Content-Type"), file.Body)
		}
		reader := csv.NewReader(strings.NewReader(string(file.Body)))
		reader.Comma = ';'
		rows, err := reader.ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v, %v", rows, err)
		}
		want := []string{"24/11/2026 à 10:00", "Nadia Rahmani (agent)", "Photo changée", "modification", `'=HYPERLINK("http://x")`, "Personne", "'@SUM(1)", ""}
		if diff := cmp.Diff(want, rows[1]); diff != "" {
			t.Error(diff)
		}
		if n := len(lookedAt(t, d, "journal.exported")); n != 1 {
			t.Errorf("%d exports written down, want 1", n)
		}
	})
}

func TestHistoryPanel(t *testing.T) {
	testkit.EachEngine(t, journalSources(), func(t *testing.T, d *db.DB) {
		note(t, d, journalNow, nadia, audit.Entry{Action: "family.service.added", Object: "family", ID: "f"})
		note(t, d, journalNow, nadia, audit.Entry{Action: "person.contact.changed", Object: "person", ID: "p-camille", Subject: "p-camille"})
		note(t, d, journalNow, nadia, audit.Entry{Action: "family.made", Object: "family", ID: "other", Subject: "p-evil"})
		panel := journalOf(d).Panel("family", func(db.Reader, string) ([]string, error) { return []string{"p-camille"}, nil })
		if panel.Right != desk.JournalRead {
			t.Errorf("shown to holders of %q", panel.Right)
		}
		for range 2 { // a showing written down is not in the next
			var text strings.Builder
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				body, err := panel.Render(tx, journalNow, nadia, "f")
				if err != nil {
					return err
				}
				text.Reset()
				return body.Render(context.Background(), &text)
			})
			if err == nil {
				err = db.Do(context.Background(), d, func(tx *db.Tx) error { return panel.Log(tx, journalNow, nadia, "f") })
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Famille connue d’un service de plus", "Coordonnées modifiées", "Nadia Rahmani (agent) – Camille Martin"} {
				if !strings.Contains(text.String(), want) {
					t.Errorf("the panel lacks %q: %s", want, text.String())
				}
			}
			if strings.Contains(text.String(), "Famille créée") || strings.Contains(text.String(), "Historique consulté") {
				t.Errorf("the panel says too much: %s", text.String())
			}
		}
		if n := len(lookedAt(t, d, "journal.history.read")); n != 2 {
			t.Errorf("%d showings written down, want 2", n)
		}
	})
}
