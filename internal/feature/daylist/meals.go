package daylist

import (
	"slices"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// MealCounts are the meals of a unit at a place over some days, in the order of the days asked. Nobody is named.
type MealCounts struct {
	Activity *activity.Activity
	Unit     activity.Unit
	Site     town.SiteID
	SiteName string // "" when the place is not known
	Diets    []DietCount
	Total    []int
	Alert    []int    // of the total, with an allergy or a care plan
	Closed   []string // why the place is closed, "" when all that is booked counts
	Dropped  []int    // booked where it is closed: not in the total
	Asked    []int    // on top, asked late and not answered yet
}

// DietCount is how many meals of one diet, day by day.
type DietCount struct {
	Label string
	Meals []int
}

// noDiet is how a kitchen calls what has no diet.
const noDiet = "Sans régime particulier"

// plain are the words by which files say that there is no diet.
var plain = []string{"", "aucun", "aucune", "sans", "normal", "standard", "neant", "rien", "non"}

// otherDiet is what a kitchen reads of a diet that no list of kitchens has: a file's own words may tell of an illness, and
// are for those who may read the health.
const otherDiet = "Autre régime, écrit au dossier"

// kitchens are the diets that say nothing of anybody, folded, with the name that kitchens give them.
var kitchens = map[string]string{"sans porc": "Sans porc", "vegetarien": "Végétarien", "vegetarienne": "Végétarien", "sans viande": "Sans viande",
	"vegetalien": "Végétalien", "vegetalienne": "Végétalien", "vegan": "Végétalien", "sans poisson": "Sans poisson", "sans boeuf": "Sans bœuf",
	"halal": "Halal", "casher": "Casher", "kasher": "Casher", "cacher": "Casher", "sans gluten": "Sans gluten", "sans lactose": "Sans lactose",
	"sans oeuf": "Sans œuf", "sans oeufs": "Sans œuf", "panier repas": "Panier repas"}

// dietKey is a diet whatever its capitals and accents. Who may not read the health reads one that kitchens know, or that
// there is another.
func dietKey(noted string, health bool) (key, label string) {
	key = person.Fold(noted)
	if slices.Contains(plain, key) {
		return "", noDiet
	}
	if name, known := kitchens[key]; known {
		return person.Fold(name), name
	}
	if !health {
		return "~", otherDiet
	}
	return key, french.Upper(strings.TrimSpace(noted))
}

// Meals counts the meals by diet over some days, for the kitchens: of the services where the agent holds Read. At most
// two queries, whatever the number of children.
func Meals(r db.Reader, a actor.Actor, cat *activity.Catalogue, days civil.Range) ([]MealCounts, error) {
	if !a.Can(booking.Read) {
		return nil, fault.New(fault.Forbidden, "")
	}
	units, sound := listedUnits(a, cat, Filter{}, func(u activity.Unit) bool { return u.Meal })
	rows, err := mealsOn(r, days, units)
	if err != nil {
		return nil, err
	}
	shut, err := closedOn(r, days, units)
	if err != nil {
		return nil, err
	}
	return countMeals(cat, days, rows, shut, sound), nil
}

// countMeals adds the rows up by unit, place and diet; sound are the units of which the reader may read the health.
func countMeals(cat *activity.Catalogue, days civil.Range, rows []mealRow, shut closedPlaces, sound map[activity.UnitID]bool) []MealCounts {
	n := days.To.Sub(days.From) + 1
	at := map[sectionKey]int{}
	diets := map[sectionKey]map[string]int{}
	var all []MealCounts
	for _, x := range rows {
		act, known := cat.OfUnit(x.unit)
		if !known {
			continue
		}
		site, name := x.at(act)
		key := sectionKey{unit: x.unit, site: site}
		i, known := at[key]
		if !known {
			u, _ := act.UnitByID(x.unit)
			i = len(all)
			at[key], diets[key] = i, map[string]int{}
			all = append(all, MealCounts{Activity: act, Unit: u, Site: site, SiteName: name, Total: make([]int, n), Alert: make([]int, n), Asked: make([]int, n),
				Closed: make([]string, n), Dropped: make([]int, n)})
		}
		m, day := &all[i], x.day.Sub(days.From)
		if why := shut.why(x.placed, x.day, key); why != "" && x.meals > 0 {
			m.Closed[day] = why
			m.Dropped[day] += x.meals
			x.meals, x.alert = 0, 0
		}
		m.Total[day] += x.meals
		m.Alert[day] += x.alert
		m.Asked[day] += x.asked
		if x.meals == 0 {
			continue
		}
		diet, label := dietKey(x.diet, sound[x.unit])
		j, known := diets[key][diet]
		if !known {
			j = len(m.Diets)
			diets[key][diet] = j
			m.Diets = append(m.Diets, DietCount{Label: label, Meals: make([]int, n)})
		}
		m.Diets[j].Meals[day] += x.meals
	}
	all = shut.meals(cat, days, all)
	for i := range all {
		slices.SortFunc(all[i].Diets, func(x, y DietCount) int { return strings.Compare(dietOrder(x.Label), dietOrder(y.Label)) })
	}
	slices.SortStableFunc(all, func(x, y MealCounts) int { return compareSections(x.section(), y.section()) })
	return all
}

// dietOrder puts what has no diet first.
func dietOrder(label string) string {
	if label == noDiet {
		return ""
	}
	return person.Fold(label)
}

func (m MealCounts) section() Section {
	return Section{Activity: m.Activity, Unit: m.Unit, Site: m.Site, SiteName: m.SiteName}
}

// sumMeals is all places together.
func sumMeals(all []MealCounts) MealCounts {
	n := len(all[0].Total)
	sum := MealCounts{Total: make([]int, n), Alert: make([]int, n), Asked: make([]int, n), Closed: make([]string, n), Dropped: make([]int, n)}
	at := map[string]int{}
	for _, m := range all {
		for i := range n {
			sum.Total[i] += m.Total[i]
			sum.Alert[i] += m.Alert[i]
			sum.Asked[i] += m.Asked[i]
			sum.Dropped[i] += m.Dropped[i]
		}
		for _, d := range m.Diets {
			key := dietOrder(d.Label)
			j, known := at[key]
			if !known {
				j = len(sum.Diets)
				at[key] = j
				sum.Diets = append(sum.Diets, DietCount{Label: d.Label, Meals: make([]int, n)})
			}
			for i := range n {
				sum.Diets[j].Meals[i] += d.Meals[i]
			}
		}
	}
	for i := range n {
		if !slices.ContainsFunc(all, func(m MealCounts) bool { return m.Closed[i] == "" }) {
			sum.Closed[i] = all[0].Closed[i]
		}
	}
	slices.SortFunc(sum.Diets, func(x, y DietCount) int { return strings.Compare(dietOrder(x.Label), dietOrder(y.Label)) })
	return sum
}
