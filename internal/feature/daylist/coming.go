package daylist

import (
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
)

// ComingMeals is how many meals each place has on the next weekday, for the agents' first page: where the agent holds
// Read. Nothing is said where no activity has a meal.
func (p Pages) ComingMeals(r db.Reader, now time.Time, a actor.Actor) (title, href string, rows []web.Row, err error) {
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return "", "", nil, err
	}
	day := civil.DateOf(now).AddDays(1)
	name := "demain"
	if day.Weekday()%6 == 0 {
		day = day.AddDays(2).Monday()
		name = day.DayMonth()
	}
	counts, err := Meals(r, a, cat, civil.Range{From: day, To: day})
	if err != nil || len(counts) == 0 {
		return "", "", nil, err
	}
	for _, m := range counts {
		words := strconv.Itoa(m.Total[0]) + "\u00a0repas"
		if m.Asked[0] > 0 {
			words += ", et " + french.Count(m.Asked[0], "demande") + " sans réponse"
		}
		rows = append(rows, web.Row{Label: m.section().Title(), Value: words})
	}
	return "Repas de " + name, mealsPath + "?jour=" + day.String(), rows, nil
}
