package booking

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// agenda is all that the pages of a range of days are made of.
type agenda struct {
	children []family.Child
	days     civil.Range
	today    civil.Date
	hour     int // of now, for what is past today
	scene    *Scene
	names    names                      // of the form's fields
	asked    map[Cell]activity.ChoiceID // what a form sent back shows instead of what is held
	form     bool                       // cells that may be changed are boxes
}

// read fills an agenda for some children: one query, two with places, however many children and days. Agents decide past
// deadlines.
func (p Pages) read(r db.Reader, now time.Time, children []family.Child, days civil.Range, places bool) (agenda, error) {
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return agenda{}, err
	}
	g := agenda{children: children, days: days, today: civil.DateOf(now), hour: now.Hour(), scene: &Scene{Catalogue: cat, Now: now, ranked: true}}
	if err := readScene(r, g.scene, children, days); err != nil {
		return g, err
	}
	g.names = namesOf(cat, children)
	if places {
		slots, err := activity.SlotsOn(r, g.scene.unitsToShow(), days)
		if err != nil {
			return g, err
		}
		g.scene.readPlaces(slots)
	}
	return g, nil
}

// why says why a day is closed for everybody, "" when it is not.
func (g agenda) why(d civil.Date) string {
	days := g.scene.Catalogue.Days
	if name := days.Public(d); name != "" {
		return "Jour férié\u00a0: " + name
	}
	if why := days.Closed(d, ""); why != "" {
		return why
	}
	if name := days.Holiday(d); name != "" {
		return name
	}
	if int(d.Weekday())%6 == 0 {
		return "Week-end"
	}
	return ""
}

// weekDays lists the days of a week that a page shows: Monday to Friday, and those of the weekend that have something.
func (g agenda) weekDays(monday civil.Date, has func(civil.Date) bool) []civil.Date {
	days := make([]civil.Date, 0, 7)
	for i := range 7 {
		d := monday.AddDays(i)
		if i < 5 || has(d) {
			days = append(days, d)
		}
	}
	return days
}

// open tells whether a day has something to show for a child of the page, other than that it is closed.
func (g agenda) open(d civil.Date) bool {
	for _, c := range g.children {
		for _, f := range g.scene.faces(c, d) {
			if f.Mark != markClosed {
				return true
			}
		}
	}
	return false
}

func (g agenda) holds(d civil.Date) bool {
	for c := range g.scene.held {
		if c.Day == d {
			return true
		}
	}
	return false
}

func weekHref(c family.ChildID, d civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?semaine=" + d.Monday().String()
}

func monthHref(c family.ChildID, first civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?mois=" + first.String()[:7]
}

func cancelHref(c Cell) string {
	return "/espace/enfants/" + string(c.Child) + "/annuler?jour=" + c.Day.String() + "&activite=" + string(c.Activity)
}
