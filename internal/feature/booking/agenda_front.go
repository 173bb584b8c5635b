package booking

import (
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// What the first page shows of the agenda.

// Week is « Cette semaine » of the first page: all the actor's children; nil without children.
func (p Pages) Week(r db.Reader, now time.Time, a actor.Actor) ([]web.WeekDay, error) {
	g, err := p.overview(r, now, a)
	if err != nil || len(g.children) == 0 {
		return nil, err
	}
	return g.thisWeek(), nil
}

// Upcoming is one child on the first page: where its agenda is and what it has booked next.
type Upcoming struct {
	Child family.Child
	Next  string // "Étude jeudi 26 novembre", "" without a booking
	Href  string
}

// Children is « Mes enfants » of the first page, eldest first.
func (p Pages) Children(r db.Reader, now time.Time, a actor.Actor) ([]Upcoming, error) {
	g, err := p.overview(r, now, a)
	if err != nil {
		return nil, err
	}
	all := make([]Upcoming, len(g.children))
	for i, c := range g.children {
		all[i] = Upcoming{Child: c, Next: g.next(c), Href: monthHref(c.ID, g.today)}
	}
	return all, nil
}

const (
	ahead        = 42 // days after this week's Monday in which the next booking is looked for
	overviewBack = 21 // days before it, for what is usual
)

// overview is what the first page shows of all the actor's children: this week and what comes next, read once
// even when two parts of the page ask.
func (p Pages) overview(r db.Reader, now time.Time, a actor.Actor) (agenda, error) {
	return db.Once(r, "booking.overview."+a.Person, func() (agenda, error) {
		today := civil.DateOf(now)
		children, err := family.Children(r, a, today)
		if err != nil || len(children) == 0 {
			return agenda{today: today}, err
		}
		return p.read(r, now, children, civil.Range{From: today.Monday().AddDays(-overviewBack), To: today.Monday().AddDays(ahead)}, false) // places change no word of what is held
	})
}

// thisWeek lays out « Cette semaine »: what each child has, none of what it could have, and what the service took back for
// a reason, such as a strike. What may still be given up leads to the page that does it.
func (g agenda) thisWeek() []web.WeekDay {
	var days []web.WeekDay
	for _, d := range g.weekDays(weekOf(g.today), g.holds) {
		day := web.WeekDay{Date: d, Today: d == g.today}
		for _, c := range g.children {
			for _, f := range g.scene.faces(c, d) {
				taken := f.Held.State == Cancelled && f.Held.ByAgent && f.Held.Reason != "" && !d.Before(g.today)
				if !f.Held.Live() && f.Held.Attendance == "" && !taken {
					continue
				}
				if taken {
					why, _, _ := strings.Cut(f.Held.Reason, ". ")
					f.Mark = web.Mark{Tone: web.Warning, Icon: "ban", Word: "Annulé\u00a0: " + french.Lower(strings.TrimRight(why, "."))}
				}
				l := web.WeekLine{Child: c.Rank, Name: c.First(), Activity: french.Lower(f.Label), Mark: f.Mark, Href: weekHref(c.ID, d)}
				if (f.Editable || f.Withdraw) && !taken {
					l.Href = cancelHref(f.Cell)
				}
				day.Lines = append(day.Lines, l)
			}
		}
		if len(day.Lines) == 0 {
			day.Note = "Rien de réservé"
			if why := g.why(d); why != "" {
				day.Note = "Fermé\u00a0: " + french.Lower(why)
			}
		}
		days = append(days, day)
	}
	return days
}

// weekOf is the Monday of the week that concerns a family on a day: from Saturday on, the one that comes.
func weekOf(d civil.Date) civil.Date { return d.AddDays(2).Monday() }
