package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/testkit"
)

// TestAgendasEnd asks for months and weeks far away, and walks to both ends by the links.
func TestAgendasEnd(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		c := portal(t, d).As(as(g.Camille, "Camille Martin"))
		child := "/espace/enfants/" + string(g.Jeremy) + "/agenda"
		const notice = "L’agenda va de septembre 2023 à août 2028."
		for _, far := range []struct{ path, title, gone string }{
			{child + "?mois=9999-12", "Août 2028", `a[rel="next"]`},
			{child + "?mois=0001-01", "Septembre 2023", `a[rel="prev"]`},
			{child + "?semaine=9999-12-31", "Semaine du 28 août 2028", `a[rel="next"]`},
			{child + "?semaine=0001-01-01", "Semaine du 28 août 2023", `a[rel="prev"]`},
			{"/espace/agenda?semaine=9999-12-31", "Semaine du 28 août 2028", `a[rel="next"]`},
			{"/espace/agenda?semaine=0001-01-01", "Semaine du 28 août 2023", `a[rel="prev"]`},
		} {
			page := c.Get(far.path)
			if page.Status != 200 || page.Text(".month-nav h2") != far.title || !strings.Contains(page.Text("main"), notice) {
				t.Errorf("%s answers %d, %q: %s", far.path, page.Status, page.Text(".month-nav h2"), page.Text("main .notice"))
			}
			if page.Has(".month-nav " + far.gone) {
				t.Errorf("%s leads further", far.path)
			}
			if !page.Has(`meta[name="robots"][content="noindex"]`) {
				t.Errorf("%s may be indexed", far.path)
			}
		}
		for _, way := range []string{`a[rel="next"]`, `a[rel="prev"]`} {
			page, steps := c.Get(child), 0
			for ; page.Has(".month-nav "+way) && steps < 60; steps++ {
				page = page.Click(".month-nav " + way)
				if strings.Contains(page.Text("main"), notice) {
					t.Fatalf("a link leads out of reach: %s", page.Path)
				}
			}
			if steps < 12 || steps == 60 {
				t.Errorf("%s: the last page after %d months", way, steps)
			}
		}
		if text := c.Get(child + "?mois=vendredi").Text(".month-nav h2"); text != "Janvier 2027" {
			t.Errorf("what is no month gives %q", text)
		}
	})
}

// TestAYearToComeSaysWhyItIsEmpty looks at a month of the next school year: nothing is known of it, and the page says so;
// a period that is planned tells from when.
func TestAYearToComeSaysWhyItIsEmpty(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		policy := activitytest.Model(t, "veille-9h")
		policy.Rules = append(policy.Rules, activity.Rule{Action: activity.OpenFrom, Anchor: activity.AnchorDay, Offset: 30, Measure: activity.Days, Minute: 540})
		o, p := open(t, d, activitytest.Plan{Policy: policy})
		c := p.As(as(o.Camille, "Camille Martin"))
		for _, path := range []string{"/espace/agenda?mois=2027-10", "/espace/enfants/" + string(o.Jeremy) + "/agenda?mois=2027-10"} {
			text := c.Get(path).Text("main .notice")
			if !strings.Contains(text, "Réservations pas encore ouvertes") || !strings.Contains(text, "Année scolaire 2027-2028") {
				t.Errorf("%s: %q", path, text)
			}
		}
		if text := c.Get("/espace/agenda?mois=2027-01").Text("main"); strings.Contains(text, "Année scolaire") {
			t.Errorf("this year is said to be ahead: %s", text)
		}
		writeRaw(t, d, `update period set state = 'draft' where activity = $1`, string(o.ID))
		if text := portal(t, d).As(as(o.Camille, "Camille Martin")).Get("/espace/agenda?mois=2027-02").Text(".agenda"); !strings.Contains(text, "Réservations pas encore ouvertes : ouverture prévue à partir du ") {
			t.Errorf("a period that is planned: %s", text)
		}
	})
}
