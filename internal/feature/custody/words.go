package custody

import (
	"fmt"
	"strconv"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// naming says a home in words: "chez vous" to those who live there, "dans l’autre foyer".
type naming func(family.ID) string

// yours is how homes are named to one of them: nothing of the other is said.
func yours(own family.ID) naming {
	return func(id family.ID) string {
		if id == own {
			return "chez vous"
		}
		return "dans l’autre foyer"
	}
}

// titled is how homes are named to agents.
func titled(titles map[family.ID]string) naming {
	return func(id family.ID) string { return "chez " + titles[id] }
}

// words says an arrangement in sentences.
func (a Arrangement) words(at naming) []string {
	var all []string
	switch a.Kind {
	case EvenOddWeeks:
		all = append(all, "Semaines paires\u00a0: "+at(a.Home)+". Semaines impaires\u00a0: "+at(a.Other)+".",
			"Le changement se fait le "+civil.WeekdayName(a.Change)+"\u00a0: ce jour-là est déjà du foyer qui reçoit.")
		all = append(all, a.doubled(at)...)
	case Cycle:
		all = append(all, a.cycleWords(at)...)
	case ByDates:
		if a.Cells == "" {
			all = append(all, "Aux dates indiquées. Les autres jours ne sont donnés à aucun foyer\u00a0: chacun peut les demander.")
		} else if home, _ := a.cell(a.Cells[0]); home != "" {
			all = append(all, "Aux dates indiquées. Les autres jours\u00a0: "+at(home)+".")
		}
	}
	for _, s := range a.Spans {
		all = append(all, "Du "+s.From.Full()+" au "+s.To.Full()+"\u00a0: "+at(s.Home)+".")
	}
	line := "À partir du " + a.Days.From.Full()
	if !a.Days.To.IsZero() {
		line += ", jusqu’au " + a.Days.To.Full()
	}
	return append(all, line+".")
}

func (a Arrangement) cycleWords(at naming) []string {
	if a.Step%7 == 0 && len(a.Cells) == 2 {
		first, _ := a.cell(a.Cells[0])
		n := "Une semaine"
		if weeks := a.Step / 7; weeks > 1 {
			n = french.Upper(strconv.Itoa(weeks) + " semaines")
		}
		return []string{n + " " + at(first) + ", puis autant " + at(a.opposite(first)) + ", et ainsi de suite à partir du " + a.Anchor.Full() + "."}
	}
	if a.Step != 1 || a.Anchor.Weekday() != time.Monday || len(a.Cells)%7 != 0 {
		return []string{fmt.Sprintf("Un rythme de %d jours, qui revient à partir du %s.", len(a.Cells)*a.Step, a.Anchor.Full())}
	}
	var all []string
	for week := range len(a.Cells) / 7 {
		var days []civil.Date
		for i := range 7 {
			if a.Cells[week*7+i] == 'A' {
				days = append(days, a.Anchor.AddDays(week*7+i))
			}
		}
		line := "Semaine du " + a.Anchor.AddDays(week*7).Full() + "\u00a0: "
		if len(days) == 0 {
			line += "toute la semaine " + at(a.Other) + "."
		} else {
			line += runs(days) + " " + at(a.Home) + "."
		}
		all = append(all, line)
	}
	return append(all, "Les autres jours\u00a0: "+at(a.Other)+". Ce rythme revient toutes les "+strconv.Itoa(len(a.Cells)/7)+" semaines.")
}

// doubled tells of the two odd weeks in a row around the end of a year of 53 weeks, when one comes within a year.
func (a Arrangement) doubled(at naming) []string {
	for _, year := range []int{a.Days.From.Year, a.Days.From.Year + 1} {
		last := civil.NewDate(year, time.December, 28).Monday() // December 28 is always in the last week
		start := last.AddDays((int(a.Change) + 6) % 7)
		end := start.AddDays(13)
		if last.ISOWeek() != 53 || end.Before(a.Days.From) || !a.Days.Contains(start.AddDays(7)) {
			continue
		}
		return []string{"À noter\u00a0: les semaines 53 et 1 sont toutes deux impaires. Du " + start.Full() + " au " + end.Full() +
			", deux semaines de suite sont " + at(a.Other) + "."}
	}
	return nil
}

// runs says days of a week as families do: "lundi et mardi", "du jeudi au dimanche".
func runs(days []civil.Date) string {
	var parts []string
	for i := 0; i < len(days); {
		j := i
		for j+1 < len(days) && days[j+1].Sub(days[j]) == 1 {
			j++
		}
		first, last := civil.WeekdayName(days[i].Weekday()), civil.WeekdayName(days[j].Weekday())
		switch j - i {
		case 0:
			parts = append(parts, first)
		case 1:
			parts = append(parts, first, last)
		default:
			parts = append(parts, "du "+first+" au "+last)
		}
		i = j + 1
	}
	return family.List(parts)
}

// previewWeeks is how many weeks a page shows.
const previewWeeks = 8

// weekShared is one week of a preview, in words by home.
type weekShared struct {
	Monday           civil.Date
	First, Second    string
	Nobody           string
	handed, anyKnown bool
}

// weeksOf lays out the weeks from a day on: what is in the first home, in the second, and what nothing says.
func (t Timeline) weeksOf(from civil.Date, first, second family.ID) []weekShared {
	var all []weekShared
	for w := range previewWeeks {
		x := weekShared{Monday: from.Monday().AddDays(7 * w)}
		days := map[family.ID][]civil.Date{}
		for i := range 7 {
			d := x.Monday.AddDays(i)
			home, _ := t.HomeOn(d)
			days[home] = append(days[home], d)
			x.handed = x.handed || t.Handed(d)
		}
		x.First, x.Second, x.Nobody = whole(days[first]), whole(days[second]), whole(days[""])
		x.anyKnown = len(days[""]) < 7
		all = append(all, x)
	}
	return all
}

func whole(days []civil.Date) string {
	switch len(days) {
	case 0:
		return "–"
	case 7:
		return "toute la semaine"
	}
	return runs(days)
}

// sharedTable is the weeks as a table: "Semaine 48, du 23 novembre", then who has which days.
func sharedTable(weeks []weekShared, first, second string) templ.Component {
	columns := []web.Column{{Label: "Semaine"}, {Label: french.Upper(first)}, {Label: french.Upper(second)}}
	nobody := false
	for _, x := range weeks {
		nobody = nobody || x.Nobody != "–"
	}
	if nobody {
		columns = append(columns, web.Column{Label: "Aucun foyer"})
	}
	var rows [][]templ.Component
	for _, x := range weeks {
		name := "Semaine " + strconv.Itoa(x.Monday.ISOWeek()) + ", du " + x.Monday.DayMonth()
		if x.handed {
			name += " (un jour confié)"
		}
		row := []templ.Component{web.Text(name), web.Text(x.First), web.Text(x.Second)}
		if nobody {
			row = append(row, web.Text(x.Nobody))
		}
		rows = append(rows, row)
	}
	return web.Table("Les huit semaines à venir", columns, rows)
}

func anyKnown(weeks []weekShared) bool {
	for _, x := range weeks {
		if x.anyKnown {
			return true
		}
	}
	return false
}

// courtLine is "Décision du 12/03/2026, référence RG 26/01234", "" without one.
func (c entry) courtLine() string {
	if c.DecidedOn.IsZero() {
		return ""
	}
	return "Décision du " + c.DecidedOn.French() + ", référence " + c.Reference
}

// mark is the state of a day handed over, for one of the two homes.
func (d handedDay) mark(own family.ID, today civil.Date) web.Mark {
	switch {
	case d.State == DayAccepted && d.Taker == own:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Chez vous"}
	case d.State == DayAccepted:
		return web.Mark{Tone: web.Info, Icon: "home", Word: "Dans l’autre foyer"}
	case d.State == DayDeclined:
		return web.Mark{Tone: web.Neutral, Icon: "x", Word: "Non accepté"}
	case d.Day.Before(today):
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Sans réponse"}
	}
	return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Proposé"}
}
