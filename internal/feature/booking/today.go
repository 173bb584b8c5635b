package booking

import (
	"slices"
	"strings"

	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
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

// momentOf is when what is held is over: by its hours when an agent gave them, else by the name of the activity and of
// what is held: « Accueil du matin », « Restauration scolaire ».
func momentOf(label string, until int) moment {
	switch {
	case until > 15*60:
		return later
	case until > 9*60+30:
		return noon
	case until > 0:
		return morning
	}
	name := " " + person.Fold(label) + " "
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
// « Prochaine : Étude, jeudi 26 novembre »; "" without one. A day on which it was told not to come is none.
func (g agenda) next(c family.Child) string {
	type still struct {
		name string
		when moment
	}
	var rest []still
	for _, d := range g.days.Days() {
		if d.Before(g.today) {
			continue
		}
		for _, a := range g.scene.Catalogue.Activities {
			h := g.scene.held[Cell{c.ID, a.ID, d}]
			if h.State != Booked || h.Attendance != "" || h.Told {
				continue
			}
			if d.After(g.today) {
				if len(rest) == 0 {
					return "Prochaine\u00a0: " + a.Name + ", " + d.DayMonth()
				}
				continue
			}
			if when := momentOf(a.Name+" "+ChoiceName(&a, h.Choice), endOf(&a, h)); g.hour < over[when] {
				rest = append(rest, still{french.Lower(a.Name), when})
			}
		}
	}
	slices.SortStableFunc(rest, func(x, y still) int { return int(x.when - y.when) })
	names := make([]string, len(rest))
	for i, x := range rest {
		names[i] = x.name
	}
	if len(names) == 0 {
		return ""
	}
	return "Aujourd’hui\u00a0: " + strings.Join(names, ", ")
}

// endOf is the minute at which what is held ends, 0 when not known.
func endOf(a *activity.Activity, h Holding) int {
	end := 0
	for _, held := range h.Units {
		if u, known := a.UnitByID(held.unit); known {
			end = max(end, u.To)
		}
	}
	return end
}
