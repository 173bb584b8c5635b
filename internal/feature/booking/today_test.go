package booking

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

func TestWhatAChildStillHas(t *testing.T) {
	today := civil.NewDate(2027, 1, 7)
	acts := []activity.Activity{{ID: "morning", Name: "Accueil du matin"}, {ID: "lunch", Name: "Restauration scolaire"}, {ID: "study", Name: "Étude"}}
	hours := []activity.Activity{{ID: "morning", Name: "Périscolaire A", Units: []activity.Unit{{ID: "m", From: 450, To: 510}}}, {ID: "study", Name: "Périscolaire B", Units: []activity.Unit{{ID: "s", From: 990, To: 1080}}}}
	type booked struct {
		child family.ChildID
		days  int
		of    activity.ID
		unit  activity.UnitID
		state State
	}
	whole := []booked{{"zoe", 0, "morning", "", Booked}, {"zoe", 0, "study", "", Booked}, {"zoe", 0, "lunch", "", Booked}, {"zoe", 1, "study", "", Booked}}
	for _, c := range []struct {
		name string
		hour int
		acts []activity.Activity
		held []booked
		want string
	}{
		{"at dawn, all of the day", 7, acts, whole, "Aujourd’hui\u00a0: accueil du matin, restauration scolaire, étude"},
		{"after the morning", 10, acts, whole, "Aujourd’hui\u00a0: restauration scolaire, étude"},
		{"after lunch", 15, acts, whole, "Aujourd’hui\u00a0: étude"},
		{"in the evening, what comes next", 20, acts, whole, "Prochaine\u00a0: Étude, vendredi 8 janvier"},
		{"after a morning alone", 10, acts, whole[:1], ""},
		{"by their hours, not by their names", 10, hours, []booked{{"zoe", 0, "morning", "m", Booked}, {"zoe", 0, "study", "s", Booked}}, "Aujourd’hui\u00a0: périscolaire B"},
		{"another's, past or cancelled", 7, acts, []booked{{"tom", 0, "study", "", Booked}, {"zoe", -1, "study", "", Booked}, {"zoe", 0, "study", "", Cancelled}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Scene{Catalogue: &activity.Catalogue{Activities: c.acts}, held: map[Cell]Holding{}}
			for _, b := range c.held {
				s.held[Cell{b.child, b.of, today.AddDays(b.days)}] = Holding{State: b.state, Units: []heldUnit{{unit: b.unit}}}
			}
			g := agenda{today: today, hour: c.hour, scene: s, days: civil.Range{From: today.AddDays(-3), To: today.AddDays(3)}}
			if got := g.next(family.Child{ID: "zoe"}); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestWhyDaysAreEmpty: what an agenda says before days that hold nothing, and before days of which none can be changed.
func TestWhyDaysAreEmpty(t *testing.T) {
	zoe, tom := family.Child{ID: "zoe", FirstNames: "Zoé"}, family.Child{ID: "tom", FirstNames: "Tom"}
	for _, c := range []struct {
		name, title, text string
		monday            civil.Date
		children          []family.Child
		enrolled          family.ChildID
	}{
		{"next school year", "Réservations pas encore ouvertes", "Année scolaire 2027-2028\u00a0: aucune inscription n’est encore connue.", civil.NewDate(2027, 9, 6), []family.Child{zoe}, ""},
		{"next school year, a sister enrolled", "Aucune inscription pour Tom sur cette période", "Ces jours sont dans l’année scolaire 2027-2028\u00a0: aucune inscription n’est encore connue pour cette année.", civil.NewDate(2027, 9, 6), []family.Child{zoe, tom}, "zoe"},
		{"a year before", "Aucune inscription pour Zoé et Tom sur cette période", "Ces jours sont dans l’année scolaire 2025-2026\u00a0: le portail n’en connaît aucune inscription.", civil.NewDate(2026, 6, 1), []family.Child{zoe, tom}, ""},
		{"in summer", "Aucune inscription pour Zoé sur cette période", "Ces jours sont hors de l’année scolaire\u00a0: aucune inscription ne les couvre.", civil.NewDate(2027, 7, 12), []family.Child{zoe}, ""},
		{"this year", "Aucune inscription pour Zoé sur cette période", "Sans inscription, aucun jour ne peut être réservé ici.", civil.NewDate(2027, 3, 1), []family.Child{zoe}, ""},
		{"enrolled, and nothing to change", "Aucun jour ne peut être changé ici", "Chaque jour ci-dessous dit pourquoi", civil.NewDate(2027, 3, 1), []family.Child{zoe}, "zoe"},
		{"past days say it themselves", "", "", civil.NewDate(2026, 12, 14), []family.Child{zoe}, "zoe"},
		{"no child", "", "", civil.NewDate(2027, 9, 6), nil, ""},
	} {
		s := &Scene{Catalogue: &activity.Catalogue{}, enrolled: map[childActivity][]entitled{}}
		if c.enrolled != "" {
			s.enrolled[childActivity{c.enrolled, "cantine"}] = []entitled{{}}
		}
		g := agenda{today: civil.NewDate(2027, 1, 6), children: c.children, scene: s, form: true}
		title, text := "", ""
		for _, n := range g.notices(civil.Range{From: c.monday, To: c.monday.AddDays(6)}, false) {
			title, text = title+n.Title, text+strings.Join(n.Texts, " ")
		}
		if title != c.title || !strings.Contains(text, c.text) {
			t.Errorf("%s: %q, %q", c.name, title, text)
		}
	}
}

// TestWhatTheFirstPageSaysOfAbsencesAndStrikes: a child told not to come is not announced, and a day that the service took
// back says why.
func TestWhatTheFirstPageSaysOfAbsencesAndStrikes(t *testing.T) {
	today := civil.NewDate(2027, 1, 5)
	act := activity.Activity{ID: "lunch", Name: "Restauration scolaire", State: activity.Open, Units: []activity.Unit{{ID: "m"}}, Choices: []activity.Choice{{ID: "m", Units: []activity.UnitID{"m"}}}}
	s := &Scene{Catalogue: &activity.Catalogue{Activities: []activity.Activity{act}}, held: map[Cell]Holding{
		{"zoe", "lunch", today}:            {State: Booked, Family: "home", Choice: "m", Told: true},
		{"zoe", "lunch", today.AddDays(2)}: {State: Cancelled, Family: "home", Choice: "m", ByAgent: true, Reason: "Grève du personnel. Prévoyez un pique-nique"},
		{"zoe", "lunch", today.AddDays(3)}: {State: Cancelled, Family: "home", Choice: "m"},
	}, kids: map[family.ChildID]kid{"zoe": {family: "home", name: "Zoé"}}, Now: today.At(7, 0, time.UTC)}
	g := agenda{today: today, hour: 7, scene: s, days: civil.Range{From: today, To: today.AddDays(6)}, children: []family.Child{{ID: "zoe", Family: "home", FirstNames: "Zoé"}}}
	if got := g.next(g.children[0]); got != "" {
		t.Errorf("the card announces %q, told not to come", got)
	}
	week := g.thisWeek()
	if lines := week[3].Lines; len(lines) != 1 || lines[0].Mark.Word != "Annulé\u00a0: grève du personnel" {
		t.Errorf("the day of the strike: %+v", week[3])
	}
	if week[4].Note != "Rien de réservé" {
		t.Errorf("a day the family cancelled: %+v", week[4])
	}
}
