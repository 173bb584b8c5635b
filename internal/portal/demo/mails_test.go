package demo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/portal/demo"
	"parvis/internal/testkit"
)

// TestLetterBox pages through the captured mails and finds those of one address.
func TestLetterBox(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	testkit.EachEngine(t, db.Join(web.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		box := mail.Capture{DB: d, Now: func() time.Time { return now }}
		for i := range 45 {
			err := box.Send(t.Context(), mail.Mail{To: fmt.Sprintf("famille%d_x@exemple.fr", i), Subject: fmt.Sprintf("Sujet %d.", i), Text: "Bonjour"})
			if err != nil {
				t.Fatal(err)
			}
		}
		p := testkit.NewPortal(t, d, now)
		demo.Pages{DB: d, Now: func() time.Time { return now }}.Citizen(p.Router)
		visitor := p.As(actor.Actor{})
		first := visitor.Get("/demo/courriels")
		last := first.Click(`a[rel="next"]`).Click(`a[rel="next"]`)
		if n := first.Doc.Find("main .sheet").Length(); n != 20 || !strings.Contains(first.Text("main"), "Sujet 44.") {
			t.Errorf("the first page has %d mails", n)
		}
		if n := last.Doc.Find("main .sheet").Length(); n != 5 || !strings.Contains(last.Text("main"), "Sujet 0.") || last.Has(`a[rel="next"]`) {
			t.Errorf("the last page has %d mails: %s", n, last.Text("main"))
		}
		for query, want := range map[string]int{"FAMILLE12_": 1, "famille1": 11, "famille%25": 0, "_x": 20, "famille_2": 0, "personne": 0} {
			page := visitor.Get("/demo/courriels?adresse=" + query)
			if n := page.Doc.Find("main .sheet").Length(); n != want {
				t.Errorf("%q finds %d, want %d", query, n, want)
			}
		}
		for _, odd := range []string{"0", "-3", "99", "x", "99999999999999999999"} {
			if page := visitor.Get("/demo/courriels?page=" + odd); page.Status != 200 || page.Doc.Find("main .sheet").Length() == 0 {
				t.Errorf("page %s answers %d without mails", odd, page.Status)
			}
		}
	})
}
