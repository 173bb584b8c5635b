package absence_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family/familytest"
)

func TestTheFirstRulesDoNotBeginInAnotherAge(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		page := w.client(t, familytest.Agent(activity.Read, activity.Write)).Get("/agents/activites/" + string(w.ID) + "/absences")
		page = page.Submit(oneForm, map[string]string{"action": "modele", "modele": "sans-10"})
		for day, want := range map[string]int{"01/01/1900": 422, "31/07/2025": 422, "01/09/2026": 200} {
			got := page.Submit(oneForm, map[string]string{"action": "verifier", "depuis": day})
			if got.Status != want || want == 422 && !strings.Contains(got.Text("#champ-depuis-erreur"), "Ce jour est passé") {
				t.Errorf("%s: %d %s", day, got.Status, got.Text("main [role=alert]"))
			}
		}
	})
}

func TestWhoMayNotPublishReadsRulesInWords(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		reader, path := w.client(t, familytest.Agent(activity.Read)), "/agents/activites/"+string(w.ID)+"/absences"
		if page := reader.Get(path); page.Has("main form") || !strings.Contains(page.Text("main"), "Aucune règle d’absence n’est encore publiée") {
			t.Errorf("before any rule: %s", page.Text("main"))
		}
		w.publish(t, "sans-10")
		page := reader.Get(path)
		if page.Status != 200 || page.Has("main form") || !strings.Contains(page.Text("main"), "Seul un administrateur") || !strings.Contains(words(page.Text("main")), "10,00 €") {
			t.Errorf("%d: %s", page.Status, page.Text("main"))
		}
	})
}

// TestExamplesAreOfDaysOfTheActivity looks at every model for an activity of Wednesdays, from a Monday that ends a month.
func TestExamplesAreOfDaysOfTheActivity(t *testing.T) {
	wednesdays := func(d civil.Date) bool { return d.Weekday() == time.Wednesday }
	for _, m := range absence.Models() {
		seen := map[absence.Example]bool{}
		for _, e := range (absence.Rules{}).With(m.Part).Examples(date("2026-11-24"), 480, zone(t), wednesdays) {
			if seen[e] {
				t.Errorf("%s: twice %v", m.Key, e)
			}
			seen[e] = true
			if _, day, is := strings.Cut(e.Caption, "trois jours à partir du "); is && !strings.HasPrefix(day, "mercredi") {
				t.Errorf("%s: %s", m.Key, e.Caption)
			}
			if strings.Contains(e.Line, " au lieu de ") && !strings.Contains(e.Line, "la première fois, rien de plus") {
				t.Errorf("%s: %s: %s", m.Key, e.Caption, e.Line)
			}
		}
		if len(seen) != 5 {
			t.Errorf("%s: %d examples", m.Key, len(seen))
		}
	}
}

// TestAnExampleAcrossTwoMonthsSaysTheFirstLimit reads three days of school from a Friday that ends a month: each day's proof has
// the end of its own month, and all three are free before the first of these.
func TestAnExampleAcrossTwoMonthsSaysTheFirstLimit(t *testing.T) {
	school := func(d civil.Date) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday }
	found := 0
	for _, m := range absence.Models() {
		for _, e := range (absence.Rules{}).With(m.Part).Examples(date("2026-11-24"), 480, zone(t), school) {
			if m.Key != "malade-mois" || !strings.Contains(e.Caption, "vendredi 29 janvier") {
				continue
			}
			if found++; !strings.Contains(e.Line, "avant le dimanche 31 janvier") {
				t.Error(e.Line)
			}
		}
	}
	if found == 0 {
		t.Error("no example crosses the end of January")
	}
}
