package booking

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// agenda is all that the pages of a range of days are made of.
type agenda struct {
	children []family.Child
	days     civil.Range
	today    civil.Date
	hour     int // of now, for what is past today
	calendar Calendar
	facts    []fact
	plan     []enrolled
}

// read fills an agenda for some children: three queries, however many children and days.
func read(r db.Reader, now time.Time, s town.Settings, children []family.Child, days civil.Range) (agenda, error) {
	g := agenda{children: children, days: days, today: civil.DateOf(now)}
	var err error
	if g.calendar, err = calendarOf(r, s.Zone, s.Region, days); err != nil {
		return g, err
	}
	if g.facts, err = factsOf(r, children, days); err != nil {
		return g, err
	}
	g.plan, err = planOf(r, children, days)
	return g, err
}

func (g agenda) lines(c family.Child, d civil.Date) []line {
	return lines(c, d, g.today, g.calendar.Why(d), g.facts, g.plan)
}

// weekDays lists the days of a week that a page shows: Monday to Friday, and the weekend when all is asked or
// when it holds something.
func (g agenda) weekDays(monday civil.Date, all bool) []civil.Date {
	days := make([]civil.Date, 0, 7)
	for i := range 7 {
		d := monday.AddDays(i)
		if i < 5 || all || g.holds(d) {
			days = append(days, d)
		}
	}
	return days
}

func (g agenda) holds(d civil.Date) bool {
	for _, f := range g.facts {
		if f.Day == d {
			return true
		}
	}
	return false
}

// week lays out one week of one child as the component wants it.
func (g agenda) week(c family.Child, monday civil.Date, open, all bool) web.AgendaWeek {
	w := web.AgendaWeek{Monday: monday, Open: open}
	var marks []web.Mark
	for _, d := range g.weekDays(monday, all) {
		day := web.AgendaDay{Date: d, Today: d == g.today}
		for _, l := range g.lines(c, d) {
			marks = append(marks, l.Cell.Mark)
			day.Lines = append(day.Lines, web.AgendaLine{Activity: l.label(), Mark: l.Cell.Mark, Reason: l.Cell.Reason})
		}
		if why := g.calendar.Why(d); why != "" && len(day.Lines) == 0 {
			day.Closed = true
			day.Lines = []web.AgendaLine{{Activity: "Toutes les activités", Mark: markClosed, Reason: why}}
		}
		w.Days = append(w.Days, day)
	}
	if w.Summary = tally(marks); w.Summary == "" {
		w.Summary = "Rien de réservé"
	}
	return w
}

// legend lists the marks that some weeks use, in the order they are met, "Non réservé" and "Réservé" always.
func legend(weeks []web.AgendaWeek) []web.Mark {
	marks := []web.Mark{markBooked, markFree}
	seen := map[string]bool{markBooked.Word: true, markFree.Word: true}
	for _, w := range weeks {
		for _, d := range w.Days {
			for _, l := range d.Lines {
				if !seen[l.Mark.Word] {
					seen[l.Mark.Word] = true
					marks = append(marks, l.Mark)
				}
			}
		}
	}
	return marks
}

const ahead = 42 // days after this week's Monday in which the next booking is looked for

// overview is what the first page shows of all the actor's children: this week and what comes next, read once
// even when two parts of the page ask.
func (p Pages) overview(r db.Reader, now time.Time, a actor.Actor) (agenda, error) {
	return db.Once(r, "booking.overview."+a.Person, func() (agenda, error) {
		today := civil.DateOf(now)
		g := agenda{today: today, hour: now.Hour(), days: civil.Range{From: today.Monday(), To: today.Monday().AddDays(ahead)}}
		var err error
		if g.children, err = family.Children(r, a, today); err != nil || len(g.children) == 0 {
			return g, err
		}
		s := p.Settings.Get(r.Context(), now)
		if g.calendar, err = calendarOf(r, s.Zone, s.Region, g.days); err != nil {
			return g, err
		}
		g.facts, err = factsOf(r, g.children, g.days)
		return g, err
	})
}

// thisWeek lays out « Cette semaine »: what each child has, none of what it could have.
func (g agenda) thisWeek() []web.WeekDay {
	var days []web.WeekDay
	for _, d := range g.weekDays(g.today.Monday(), false) {
		day := web.WeekDay{Date: d, Today: d == g.today}
		for _, c := range g.children {
			for _, l := range g.lines(c, d) {
				if l.Cell.Mark == markCancelled || l.Cell.Mark == markRefused {
					continue
				}
				day.Lines = append(day.Lines, web.WeekLine{Child: c.Rank, Name: c.First(), Activity: lowerFirst(l.Activity),
					Mark: l.Cell.Mark, Href: weekHref(c.ID, d)})
			}
		}
		if len(day.Lines) == 0 {
			day.Note = "Rien de réservé"
			if why := g.calendar.Why(d); why != "" {
				day.Note = "Fermé\u00a0: " + lowerFirst(why)
			}
		}
		days = append(days, day)
	}
	return days
}

func weekHref(c family.ChildID, d civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?semaine=" + d.Monday().String()
}

func monthHref(c family.ChildID, first civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?mois=" + first.String()[:7]
}
