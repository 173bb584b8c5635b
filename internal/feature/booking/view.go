package booking

import (
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// howToday says how a booking is made or cancelled as long as it is not done here.
func howToday(services ...town.Service) templ.Component {
	return family.AtTheDesk("Pour réserver, annuler ou signaler une absence, adressez-vous au service\u00a0:", services)
}

// enrolledRows lists what a child is enrolled in, each activity once: "Restauration scolaire" → where and until when.
func enrolledRows(plan []enrolled) []web.Row {
	var rows []web.Row
	for _, e := range plan {
		value := "du " + e.Days.From.French() + " au " + e.Days.To.French()
		if e.Site != "" {
			value = e.Site + ", " + value
		}
		rows = append(rows, web.Row{Label: e.Name, Value: value})
	}
	return rows
}

// Panels is the bookings in the agents' family file.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 40, Title: "Réservations", Right: Read,
		Render: func(r db.Reader, now time.Time, _ actor.Actor, id string) (templ.Component, error) {
			children, err := family.ChildrenOf(r, family.ID(id))
			if err != nil {
				return nil, err
			}
			today := civil.DateOf(now)
			g := agenda{children: children, today: today}
			if g.facts, err = factsOf(r, children, civil.Range{From: today, To: today.AddDays(27)}); err != nil {
				return nil, err
			}
			if len(g.facts) == 0 {
				return web.Text("Rien n’est réservé dans les quatre semaines à venir."), nil
			}
			return panel(g), nil
		}}}
}

// bookedDay is "lun. 30", or "mar. 1er décembre" when the month is not that of the day before in the list.
func bookedDay(before, d civil.Date) string {
	short := civil.WeekdayShort(d.Weekday()) + "\u00a0"
	if before.IsZero() || before.Month == d.Month && before.Year == d.Year {
		return short + strconv.Itoa(d.Day)
	}
	return short + strings.ReplaceAll(shortDay(d), " ", "\u00a0")
}

// panelRows is one row a child and activity, with the days booked in short.
func panelRows(g agenda) [][]templ.Component {
	var rows [][]templ.Component
	for _, c := range g.children {
		var order []string
		days, last := map[string][]string{}, map[string]civil.Date{}
		for _, f := range g.facts {
			if f.Child != c.ID || f.State != Booked {
				continue
			}
			name := line{Activity: f.ActivityName, Unit: f.UnitName}.label()
			if days[name] == nil {
				order = append(order, name)
			}
			days[name] = append(days[name], bookedDay(last[name], f.Day))
			last[name] = f.Day
		}
		for _, name := range order {
			rows = append(rows, []templ.Component{web.Text(c.Full()), web.Text(name), web.Text(strings.Join(days[name], ", "))})
		}
	}
	return rows
}
