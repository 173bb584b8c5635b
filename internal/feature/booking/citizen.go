package booking

import (
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the agendas.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
}

// Citizen declares the families' pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/agenda", web.Activated, web.NoObject, p.board)
	rt.Get("/espace/enfants/{id}/agenda", web.Activated, web.Object("child"), p.child)
}

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

// childView is a child's agenda.
type childView struct {
	Child    family.Child
	Title    string // "Novembre 2026", "Semaine du 23 novembre"
	Previous web.Link
	Next     web.Link
	Other    web.Link // from the month to the week and back
	Print    web.Link
	Weeks    []web.AgendaWeek
	Enrolled []enrolled
	Services []town.Service
	Paper    bool // the version to print: all weeks open, no help
	Far      bool // asked for outside the horizon
	Horizon  reach
}

func (v childView) legend() []web.Mark { return legend(v.Weeks) }

func (p Pages) child(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, q := p.Now(), r.URL.Query()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (childView, error) {
		c, err := oneChild(rd, a, family.ChildID(r.PathValue("id")), civil.DateOf(now))
		if err != nil {
			return childView{}, err
		}
		var v childView
		if q.Get("semaine") != "" {
			monday, far := mondayOf(q.Get("semaine"), civil.DateOf(now))
			v, err = weekView(rd, now, settings, c, monday)
			v.Far = far
		} else {
			first, far := monthOf(q.Get("mois"), civil.DateOf(now))
			v, err = monthView(rd, now, settings, c, first, q.Get("vue") == "impression")
			v.Far = far
		}
		if err == nil {
			v.Services, err = desks(rd, a, now, settings)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Agenda " + civil.Of(v.Child.First()), OwnTitle: true, Wide: true, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: v.Child.First()}}}
	return web.Render(w, r, page, childPage(v))
}

// oneChild is one of the children the actor may act for today; any other is a NotFound fault, as MayAct says.
func oneChild(r db.Reader, a actor.Actor, id family.ChildID, day civil.Date) (family.Child, error) {
	all, err := family.Children(r, a, day)
	if err != nil {
		return family.Child{}, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return family.Child{}, fault.Missing("child")
}

// desks is whom to call: the services that know the family, or else the town's help.
func desks(r db.Reader, a actor.Actor, now time.Time, s town.Settings) ([]town.Service, error) {
	services, err := family.Services(r, a, civil.DateOf(now))
	if err != nil || len(services) > 0 {
		return services, err
	}
	return []town.Service{s.Help()}, nil
}

func monthView(r db.Reader, now time.Time, s town.Settings, c family.Child, first civil.Date, paper bool) (childView, error) {
	starts := mondays(first)
	g, err := read(r, now, s, []family.Child{c}, civil.Range{From: starts[0], To: starts[len(starts)-1].AddDays(6)})
	if err != nil {
		return childView{}, err
	}
	h := horizon(g.today)
	before, after := civil.NewDate(first.Year, first.Month-1, 1), civil.NewDate(first.Year, first.Month+1, 1)
	v := childView{Child: c, Title: upperFirst(first.MonthYear()), Enrolled: g.plan, Paper: paper, Horizon: h,
		Previous: h.link(before, first.AddDays(-1), web.Link{Href: monthHref(c.ID, before), Label: upperFirst(civil.MonthName(before.Month))}),
		Next:     h.link(after, after, web.Link{Href: monthHref(c.ID, after), Label: upperFirst(civil.MonthName(after.Month))}),
		Print:    web.Link{Href: monthHref(c.ID, first) + "&vue=impression", Label: "Version à imprimer de " + civil.MonthName(first.Month)}}
	now1 := g.today.Monday()
	current := !now1.Before(starts[0]) && !now1.After(starts[len(starts)-1])
	for i, m := range starts {
		open := paper || m == now1 || !current && i == 0
		v.Weeks = append(v.Weeks, g.week(c, m, open, false))
	}
	v.Other = web.Link{Href: weekHref(c.ID, firstOpen(v.Weeks)), Label: "Voir semaine par semaine"}
	return v, nil
}

func firstOpen(weeks []web.AgendaWeek) civil.Date {
	for _, w := range weeks {
		if w.Open {
			return w.Monday
		}
	}
	return weeks[0].Monday
}

func weekView(r db.Reader, now time.Time, s town.Settings, c family.Child, monday civil.Date) (childView, error) {
	g, err := read(r, now, s, []family.Child{c}, civil.Range{From: monday, To: monday.AddDays(6)})
	if err != nil {
		return childView{}, err
	}
	h, before, after := horizon(g.today), monday.AddDays(-7), monday.AddDays(7)
	return childView{Child: c, Title: weekTitle(monday), Enrolled: g.plan, Horizon: h,
		Previous: h.link(before, before.AddDays(6), web.Link{Href: weekHref(c.ID, before), Label: shortDay(before)}),
		Next:     h.link(after, after, web.Link{Href: weekHref(c.ID, after), Label: shortDay(after)}),
		Other:    web.Link{Href: monthHref(c.ID, h.inside(monday)), Label: "Voir le mois"},
		Weeks:    []web.AgendaWeek{g.week(c, monday, true, true)}}, nil
}

// weekTitle is "Semaine du 23 novembre 2026".
func weekTitle(monday civil.Date) string {
	return "Semaine du " + strings.TrimPrefix(monday.Long(), civil.WeekdayName(monday.Weekday())+" ")
}

// shortDay is "23 novembre".
func shortDay(d civil.Date) string {
	return strings.TrimPrefix(d.DayMonth(), civil.WeekdayName(d.Weekday())+" ")
}

func upperFirst(s string) string { return first(s, strings.ToUpper) }

func lowerFirst(s string) string { return first(s, strings.ToLower) }

func first(s string, change func(string) string) string {
	if s == "" {
		return ""
	}
	runes := []rune(s)
	return change(string(runes[:1])) + string(runes[1:])
}

// boardView is the family's week: all children, all activities.
type boardView struct {
	Monday   civil.Date
	Today    civil.Date
	Days     []civil.Date
	Closed   map[civil.Date]string
	Children []boardChild
	Services []town.Service
	Horizon  reach
	Far      bool            // asked for outside the horizon
	Empty    string          // why no child has anything, "" when one has
	Awaiting templ.Component // of who waits for a place in a family; nil else
}

type boardChild struct {
	Child family.Child
	Rows  []boardRow
}

// boardRow is one activity over the week: per day its cells, none when it does not take place.
type boardRow struct {
	Activity string
	Cells    [][]line
}

func (p Pages) board(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	monday, far := mondayOf(r.URL.Query().Get("semaine"), civil.DateOf(now))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (boardView, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return boardView{}, err
		}
		g, err := read(rd, now, settings, children, civil.Range{From: monday, To: monday.AddDays(6)})
		if err != nil {
			return boardView{}, err
		}
		v := g.board(monday)
		v.Far = far
		if len(children) == 0 {
			if v.Awaiting, err = family.Awaiting(rd, now, a); err != nil {
				return v, err
			}
		}
		v.Services, err = desks(rd, a, now, settings)
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "La semaine de la famille", Wide: true, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille"}}}
	return web.Render(w, r, page, boardPage(v))
}

// board lays out a week of all children.
func (g agenda) board(monday civil.Date) boardView {
	v := boardView{Monday: monday, Today: g.today, Days: g.weekDays(monday, false), Closed: map[civil.Date]string{}, Horizon: horizon(g.today)}
	for _, d := range v.Days {
		if why := g.calendar.Why(d); why != "" {
			v.Closed[d] = why
		}
	}
	for _, c := range g.children {
		b := boardChild{Child: c}
		at := map[string]int{}
		row := func(name string) *boardRow {
			i, known := at[name]
			if !known {
				i = len(b.Rows)
				at[name] = i
				b.Rows = append(b.Rows, boardRow{Activity: name, Cells: make([][]line, len(v.Days))})
			}
			return &b.Rows[i]
		}
		for _, e := range g.plan {
			if e.Child == c.ID {
				row(e.Name)
			}
		}
		for i, d := range v.Days {
			for _, l := range g.lines(c, d) {
				at := row(l.Activity)
				at.Cells[i] = append(at.Cells[i], l)
			}
		}
		v.Children = append(v.Children, b)
	}
	v.Empty = v.whyEmpty()
	return v
}

// web lays the week out for the component.
func (v boardView) web() []web.BoardChild {
	all := make([]web.BoardChild, 0, len(v.Children))
	for _, b := range v.Children {
		c := web.BoardChild{ID: string(b.Child.ID), Index: b.Child.Rank, Name: b.Child.First(), PhotoURL: b.Child.PhotoURL(), Detail: b.Child.Where(),
			Link: web.Link{Href: monthHref(b.Child.ID, v.Horizon.inside(v.Monday)), Label: "Son mois"}}
		for _, r := range b.Rows {
			row := web.BoardRow{Activity: r.Activity}
			for i, lines := range r.Cells {
				row.Cells = append(row.Cells, boardCell(lines, v.Closed[v.Days[i]]))
			}
			c.Rows = append(c.Rows, row)
		}
		all = append(all, c)
	}
	return all
}

// boardCell is what an activity has on a day: its states, that the day is closed, or nothing.
func boardCell(lines []line, closed string) web.BoardCell {
	if len(lines) == 0 && closed != "" {
		return web.BoardCell{Mark: markClosed, Note: closed}
	}
	var all []web.BoardCell
	for _, l := range lines {
		note := l.Unit
		if l.Cell.Reason != "" {
			note = strings.TrimPrefix(note+". "+l.Cell.Reason, ". ")
		}
		all = append(all, web.BoardCell{Mark: l.Cell.Mark, Note: note})
	}
	if len(all) == 0 {
		return web.BoardCell{}
	}
	all[0].Also = all[1:]
	return all[0]
}

func (v boardView) previous() web.Link {
	m := v.Monday.AddDays(-7)
	return v.Horizon.link(m, m.AddDays(6), web.Link{Href: "/espace/agenda?semaine=" + m.String(), Label: shortDay(m)})
}

func (v boardView) next() web.Link {
	m := v.Monday.AddDays(7)
	return v.Horizon.link(m, m, web.Link{Href: "/espace/agenda?semaine=" + m.String(), Label: shortDay(m)})
}
