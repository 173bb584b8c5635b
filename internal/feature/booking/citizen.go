package booking

import (
	"net/http"
	"strconv"
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
			v, err = weekView(rd, now, settings, c, mondayOf(q.Get("semaine"), civil.DateOf(now)))
		} else {
			v, err = monthView(rd, now, settings, c, monthOf(q.Get("mois"), civil.DateOf(now)), q.Get("vue") == "impression")
		}
		if err == nil {
			v.Services, err = desks(rd, a, now, settings)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Agenda " + civil.Of(v.Child.First()), Caption: v.Child.Where(), Wide: true, Nav: "/espace/agenda",
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
	before, after := civil.NewDate(first.Year, first.Month-1, 1), civil.NewDate(first.Year, first.Month+1, 1)
	v := childView{Child: c, Title: upperFirst(first.MonthYear()), Enrolled: g.plan, Paper: paper,
		Previous: web.Link{Href: monthHref(c.ID, before), Label: upperFirst(civil.MonthName(before.Month))},
		Next:     web.Link{Href: monthHref(c.ID, after), Label: upperFirst(civil.MonthName(after.Month))},
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
	return childView{Child: c, Title: weekTitle(monday), Enrolled: g.plan,
		Previous: web.Link{Href: weekHref(c.ID, monday.AddDays(-7)), Label: shortDay(monday.AddDays(-7))},
		Next:     web.Link{Href: weekHref(c.ID, monday.AddDays(7)), Label: shortDay(monday.AddDays(7))},
		Other:    web.Link{Href: monthHref(c.ID, monday), Label: "Voir le mois"},
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
	Days     []civil.Date
	Closed   map[civil.Date]string
	Children []boardChild
	Services []town.Service
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
	monday := mondayOf(r.URL.Query().Get("semaine"), civil.DateOf(now))
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
	v := boardView{Monday: monday, Days: g.weekDays(monday, false), Closed: map[civil.Date]string{}}
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
	return v
}

func (v boardView) columns() []web.Column {
	all := []web.Column{{Label: "Activité"}}
	for _, d := range v.Days {
		all = append(all, web.Column{Label: civil.WeekdayShort(d.Weekday()) + " " + strconv.Itoa(d.Day)})
	}
	return all
}

func (v boardView) rows(b boardChild) [][]templ.Component {
	var all [][]templ.Component
	for _, r := range b.Rows {
		row := []templ.Component{web.Text(r.Activity)}
		for i, cells := range r.Cells {
			row = append(row, boardCell(cells, v.Closed[v.Days[i]]))
		}
		all = append(all, row)
	}
	return all
}

func (v boardView) previous() web.Link {
	m := v.Monday.AddDays(-7)
	return web.Link{Href: "/espace/agenda?semaine=" + m.String(), Label: shortDay(m)}
}

func (v boardView) next() web.Link {
	m := v.Monday.AddDays(7)
	return web.Link{Href: "/espace/agenda?semaine=" + m.String(), Label: shortDay(m)}
}
