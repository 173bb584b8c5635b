package booking

import (
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/feature/family"
)

func TestWhatAChildStillHas(t *testing.T) {
	today := civil.NewDate(2027, 1, 7)
	booked := func(days int, activity, unit string) fact {
		return fact{Child: "zoe", Day: today.AddDays(days), State: Booked, ActivityName: activity, UnitName: unit}
	}
	whole := []fact{booked(0, "Accueil du matin", ""), booked(0, "Étude", ""), booked(0, "Restauration scolaire", "Repas"), booked(1, "Étude", "")}
	for _, c := range []struct {
		name  string
		hour  int
		facts []fact
		want  string
	}{
		{"at dawn, all of the day", 7, whole, "Aujourd’hui\u00a0: accueil du matin, restauration scolaire, étude"},
		{"after the morning", 10, whole, "Aujourd’hui\u00a0: restauration scolaire, étude"},
		{"after lunch", 15, whole, "Aujourd’hui\u00a0: étude"},
		{"in the evening, what comes next", 20, whole, "Prochaine\u00a0: Étude vendredi 8 janvier"},
		{"after a morning alone", 10, whole[:1], ""},
		{"two units of one activity", 7, []fact{booked(0, "Étude", "a"), booked(0, "Étude", "b")}, "Aujourd’hui\u00a0: étude"},
		{"another's, past or cancelled", 7, []fact{{Child: "tom", Day: today, State: Booked}, booked(-1, "Étude", ""), {Child: "zoe", Day: today, State: "cancelled"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (agenda{today: today, hour: c.hour, facts: c.facts}).next(family.Child{ID: "zoe"}); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestWhyAWeekIsEmpty(t *testing.T) {
	one := []boardChild{{}}
	for _, c := range []struct {
		name, want string
		monday     civil.Date
		children   []boardChild
	}{
		{"next school year", "Cette semaine est dans l’année scolaire 2027-2028\u00a0: aucune inscription n’est encore connue pour cette année.", civil.NewDate(2027, 9, 6), one},
		{"a year before", "Cette semaine est dans l’année scolaire 2025-2026\u00a0: le portail n’en connaît aucune inscription.", civil.NewDate(2026, 6, 1), one},
		{"in summer", "Cette semaine est hors de l’année scolaire\u00a0: aucune inscription ne la couvre.", civil.NewDate(2027, 7, 12), one},
		{"this year", "Aucune inscription de vos enfants ne couvre cette semaine.", civil.NewDate(2027, 3, 1), one},
		{"something is there", "", civil.NewDate(2027, 9, 6), []boardChild{{Rows: []boardRow{{}}}}},
		{"no child", "", civil.NewDate(2027, 9, 6), nil},
	} {
		v := boardView{Monday: c.monday, Today: civil.NewDate(2027, 1, 6), Children: c.children}
		if got := v.whyEmpty(); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
