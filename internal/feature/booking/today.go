package booking

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// moment is when in a day an activity takes place, as far as its name tells: units know no hours.
type moment int

const (
	morning moment = iota
	noon
	later
)

// over is the hour from which a moment is past.
var over = map[moment]int{morning: 9, noon: 14, later: 19}

// momentOf reads the moment in the name of an activity or of its unit: « Accueil du matin », « Restauration scolaire ».
func momentOf(f fact) moment {
	name := " " + person.Fold(f.ActivityName+" "+f.UnitName) + " "
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	switch {
	case has("soir", "etude", "journee", "apres midi"):
		return later
	case has(" matin ", "matinal", "matinee"):
		return morning
	case has("restauration", "restaurant", "cantine", "dejeuner", " midi ", "pause meridienne"):
		return noon
	}
	return later
}

// next is what a child still has today, « Aujourd’hui : restauration scolaire, étude », or else its first booking after,
// « Prochaine : Étude jeudi 26 novembre »; "" without one.
func (g agenda) next(c family.Child) string {
	var rest []fact
	after := ""
	for _, f := range g.facts {
		if f.Child != c.ID || f.State != Booked || f.Attendance != "" || f.Day.Before(g.today) {
			continue
		}
		if f.Day == g.today {
			if g.hour < over[momentOf(f)] {
				rest = append(rest, f)
			}
		} else if after == "" {
			after = "Prochaine\u00a0: " + f.ActivityName + " " + f.Day.DayMonth()
		}
	}
	if len(rest) == 0 {
		return after
	}
	slices.SortStableFunc(rest, func(x, y fact) int { return int(momentOf(x) - momentOf(y)) })
	var names []string
	for _, f := range rest {
		if name := lowerFirst(f.ActivityName); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return "Aujourd’hui\u00a0: " + strings.Join(names, ", ")
}

// whyEmpty tells why a week holds nothing for any child, "" when one has something or there is no child.
func (v boardView) whyEmpty() string {
	if len(v.Children) == 0 || slices.ContainsFunc(v.Children, func(c boardChild) bool { return len(c.Rows) > 0 }) {
		return ""
	}
	week, now := civil.SchoolYearOf(v.Monday), civil.SchoolYearOf(v.Today)
	switch {
	case week > now:
		return "Cette semaine est dans l’année scolaire " + week.String() + "\u00a0: aucune inscription n’est encore connue pour cette année."
	case week < now:
		return "Cette semaine est dans l’année scolaire " + week.String() + "\u00a0: le portail n’en connaît aucune inscription."
	case v.Monday.Month == time.July || v.Monday.Month == time.August:
		return "Cette semaine est hors de l’année scolaire\u00a0: aucune inscription ne la couvre."
	}
	return "Aucune inscription de vos enfants ne couvre cette semaine."
}
