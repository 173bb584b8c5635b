package app_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
)

// addAbsence finds what the demonstration's family told and what happened to it, and makes the rest.
func (l *looker) addAbsence() {
	l.do(func(tx *db.Tx, a actor.Actor) error {
		id, err := db.One(tx, "activity", db.Column[string], `select u.activity from booking b join unit u on u.id = b.unit where b.family = $1 order by b.day limit 1`, l.objects["family"])
		if err != nil {
			return err
		}
		l.objects["absence-activity"] = id
		book, err := absence.ReadRules(tx)
		if err != nil {
			return err
		}
		rules := absence.Rules{}
		if all := book[activity.ID(id)]; len(all) > 0 {
			rules = all[0]
		} else {
			for _, m := range absence.Models() {
				if m.Key == "malade-7j" || m.Key == "sans-10" || m.Key == "autre" || m.Key == "retard-15" {
					rules = rules.With(m.Part)
				}
			}
			rules.From = activity.EarliestRules(civil.DateOf(l.Now()))
			if _, err := absence.Publish(tx, l.Now(), a, &activity.Activity{ID: activity.ID(id)}, rules, 0); err != nil {
				return err
			}
			if book, err = absence.ReadRules(tx); err != nil {
				return err
			}
			rules = book[activity.ID(id)][0]
		}
		today, at := civil.DateOf(l.Now()), civil.InstantOf(l.Now())
		l.objects["absence-report"], l.objects["absence"], l.objects["incident"] = "R-TEST-ABSN", "absence-vue", "incident-vu"
		if _, err := tx.Exec(`insert into absence_report (reference, family, note, at) values ($1, $2, 'Chez le médecin', $3) on conflict do nothing`, l.objects["absence-report"], l.objects["family"], at); err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into absence (id, reference, position, family, child, activity, day, did, rules, reason, timing, first_day, proof, due_at, proved)
			values ($1, $2, 0, $3, $4, $5, $6, 'absent', $7, 'enfant-malade', 'in', $6, 'due', $8, 0) on conflict do nothing`,
			l.objects["absence"], l.objects["absence-report"], l.objects["family"], l.objects["child"], id, today.AddDays(-3), rules.ID, at); err != nil {
			return err
		}
		_, err = tx.Exec(`insert into incident (id, kind, family, child, activity, day, rules, found_at, told_at, told_day) values ($1, 'unbooked', $2, $3, $4, $5, $6, $7, $7, $5) on conflict do nothing`,
			l.objects["incident"], l.objects["family"], l.objects["child"], id, today.AddDays(-1), rules.ID, at)
		return err
	})
}

// absenceVisits are the states of these pages that their addresses alone do not show: what is booked in the weeks that come, for a
// family and at the desk, a wrong date, the late pick-ups of an activity, the builder with all it has.
func (l *looker) absenceVisits() []visit {
	days := "?enfant=" + l.objects["child"] + "&quand=dates&du=" + civil.DateOf(l.Now()).String() + "&au=" + civil.DateOf(l.Now()).AddDays(20).String()
	return []visit{
		{"titulaire", "/espace/absence" + days, http.StatusOK},
		{"titulaire", "/espace/absence?enfant=" + l.objects["child"] + "&quand=dates&du=hier", http.StatusUnprocessableEntity},
		{"agent instruction", "/agents/familles/" + l.objects["family"] + "/absences" + days, http.StatusOK},
		{"agent instruction", "/agents/retards?activite=" + l.objects["absence-activity"], http.StatusOK},
		{"administrateur", "/agents/activites/" + l.objects["absence-activity"] + "/absences", http.StatusOK},
	}
}

// TestAbsencePagesAnswer opens the pages about absences without a browser, each as who opens it in TestLooks.
func TestAbsencePagesAnswer(t *testing.T) {
	l := newLooker(t)
	all := l.absenceVisits()
	for _, r := range l.Routes() {
		if r.Method == http.MethodGet && (strings.Contains(r.Path, "absence") || strings.Contains(r.Path, "incidents") || strings.HasSuffix(r.Path, "/retards") || strings.HasSuffix(r.Path, "/dispense")) {
			all = append(all, visit{l.whoOf(r), l.pathOf(r), http.StatusOK})
		}
	}
	all = append(all, visit{"agent instruction", "/agents/familles/" + l.objects["family"], http.StatusOK}, visit{"titulaire", "/espace/agenda", http.StatusOK})
	for _, v := range all {
		page := l.client(v.who).Get(v.path)
		if page.Status != v.status || page.Doc.Find("h1").Length() != 1 {
			t.Errorf("%s as %s: %d, %d h1: %s", v.path, v.who, page.Status, page.Doc.Find("h1").Length(), page.Text("main"))
		}
		for _, a := range page.Doc.Find("main input, main select, main textarea").EachIter() {
			id, hidden := a.AttrOr("id", ""), a.AttrOr("type", "") == "hidden"
			if !hidden && id != "" && page.Doc.Find("label[for='"+id+"']").Length() == 0 {
				t.Errorf("%s: the field %s has no label", v.path, id)
			}
		}
		if !strings.Contains(v.path, "absence") {
			continue
		}
		for _, banned := range []string{"nvalide", "Oups", "euillez", "%!"} {
			if strings.Contains(page.Text("main"), banned) {
				t.Errorf("%s says %q", v.path, banned)
			}
		}
	}
	if len(all) < 16 {
		t.Errorf("only %d pages", len(all))
	}
}
