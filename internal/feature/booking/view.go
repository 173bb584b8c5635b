package booking

import (
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// howToday says whom to ask what this page does not do.
func howToday(services ...town.Service) templ.Component {
	return family.AtTheDesk("Si un jour ne peut plus être changé ici\u00a0:", services)
}

// Enrolled is a right to book, with the names that people read.
type Enrolled struct {
	Activity string
	Site     string
	Days     civil.Range
}

// enrolledOf lists what a child is enrolled in over the page's days.
func (g agenda) enrolledOf(id family.ChildID) []Enrolled {
	var all []Enrolled
	for _, a := range g.scene.Catalogue.Activities {
		for _, e := range g.scene.enrolled[childActivity{id, a.ID}] {
			x := Enrolled{Activity: a.Name, Days: e.days}
			for _, p := range a.Places {
				if p.Site == e.site {
					x.Site = p.Name
				}
			}
			all = append(all, x)
		}
	}
	return all
}

// enrolledRows lists what a child is enrolled in, each activity once: "Restauration scolaire" → where and until when.
func enrolledRows(all []Enrolled) []web.Row {
	rows := make([]web.Row, len(all))
	for i, e := range all {
		value := "du " + e.Days.From.French() + " au " + e.Days.To.French()
		if e.Site != "" {
			value = e.Site + ", " + value
		}
		rows[i] = web.Row{Label: e.Activity, Value: value}
	}
	return rows
}

// Panels is the bookings in the agents' family file.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 40, Title: "Réservations", Right: Read,
		Render: func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error) {
			children, err := family.ChildrenOf(r, family.ID(id))
			if err != nil {
				return nil, err
			}
			today := civil.DateOf(now)
			g, err := p.read(r, now, children, civil.Range{From: today, To: today.AddDays(27)}, false)
			if err != nil {
				return nil, err
			}
			g.scene.only(func(act *activity.Activity) bool { return a.CanFor(Read, string(act.Service)) })
			return panel(g, id, a.Can(Write)), nil
		}}}
}

// bookedDay is "lun. 30", or "mar. 1er décembre" when the month is not that of the day before in the list.
func bookedDay(before, d civil.Date) string {
	short := civil.WeekdayShort(d.Weekday()) + "\u00a0"
	if before.IsZero() || before.Month == d.Month && before.Year == d.Year {
		return short + strconv.Itoa(d.Day)
	}
	return short + strings.ReplaceAll(d.Short(), " ", "\u00a0")
}

// panelRows is one row a child and activity, with the days booked in short.
func panelRows(g agenda) [][]templ.Component {
	var rows [][]templ.Component
	for _, c := range g.children {
		var order []string
		days, last := map[string][]string{}, map[string]civil.Date{}
		for _, d := range g.days.Days() {
			for _, f := range g.scene.faces(c, d) {
				if f.Held.State != Booked {
					continue
				}
				if days[f.Label] == nil {
					order = append(order, f.Label)
				}
				days[f.Label] = append(days[f.Label], bookedDay(last[f.Label], d))
				last[f.Label] = d
			}
		}
		for _, name := range order {
			rows = append(rows, []templ.Component{web.Text(c.Full()), web.Text(name), web.Text(strings.Join(days[name], ", "))})
		}
	}
	return rows
}
