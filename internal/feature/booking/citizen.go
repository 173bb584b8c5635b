package booking

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the agendas.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Settings  *town.Cache
	Catalogue *activity.Cache
	Presences func(family.ChildID) string // where a family reads what happened to a child; nil: nowhere
	Barred    Barred                      // nil: nobody is
	Openings  Openings                    // « Me prévenir », on Réserver
}

// Citizen declares the families' pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/agenda", web.Activated, web.NoObject, p.board)
	rt.Get("/espace/agenda/mois", web.Activated, web.NoObject, p.month)
	rt.Post("/espace/agenda/verifier", web.Activated, web.NoObject, p.check)
	rt.Post("/espace/agenda/confirmer", web.Activated, web.NoObject, p.confirm)
	rt.Get("/espace/agenda/verifier", web.Activated, web.NoObject, toAgenda)
	rt.Get("/espace/agenda/confirmer", web.Activated, web.NoObject, toAgenda)
	rt.Get("/espace/enfants/{id}/agenda", web.Activated, web.Object("child"), p.child)
	rt.Get("/espace/enfants/{id}/annuler", web.Activated, web.Object("child"), p.cancelDay)
	rt.Post("/espace/enfants/{id}/garder", web.Activated, web.Object("child"), p.keepDay)
	rt.Get("/espace/enfants/{id}/historique", web.Activated, web.Object("child"), p.history)
	p.placeRoutes(rt)
	rt.Get("/espace/reservations/{id}", web.Activated, web.Object("confirmation"), p.confirmation)
	p.reserving(rt)
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

// monthView is an agenda of one child, or of all.
type monthView struct {
	Child    *family.Child // nil: all
	Title    string        // "Novembre 2026", "Semaine du 23 novembre"
	Previous web.Link
	Next     web.Link
	Other    []web.Link // from the month to the week and back
	Print    web.Link
	History  string
	Presence string
	Weeks    []web.AgendaWeek
	Enrolled []Enrolled
	Services []town.Service
	Paper    bool   // the version to print: all weeks open, no help
	Ahead    string // why a year to come shows nothing, "" when it does
	Far      bool   // asked for outside the horizon
	Horizon  reach
	Form     agendaForm
	Agent    bool // at the counter
}

// agendaForm is what the form of an agenda sends besides its cells.
type agendaForm struct {
	Action string // "" when nothing can be changed
	Back   string // the page to come back to
	Names  []field
	Bar    string // what its foot says first
}

func (v monthView) legend() []web.Mark { return legend(v.Weeks) }

// shown is the range of days and the way a page was asked for.
type shown struct {
	first civil.Date // of a month
	week  civil.Date // its Monday; zero: the month
	paper bool
	far   bool
}

func askedFor(q url.Values, today civil.Date) shown {
	var s shown
	if q.Get("semaine") != "" {
		s.week, s.far = mondayOf(q.Get("semaine"), today)
		return s
	}
	s.first, s.far = monthOf(q.Get("mois"), today)
	s.paper = q.Get("vue") == "impression"
	return s
}

func (s shown) days() civil.Range {
	if !s.week.IsZero() {
		return civil.Range{From: s.week, To: s.week.AddDays(6)}
	}
	starts := mondays(s.first)
	return civil.Range{From: starts[0], To: starts[len(starts)-1].AddDays(6)}
}

func (p Pages) child(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.agenda(w, r, a, family.ChildID(r.PathValue("id")), r.URL.Query(), nil)
}

func (p Pages) month(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.agenda(w, r, a, "", r.URL.Query(), nil)
}

// agenda shows one child's agenda, or all children's month; asked is what a form sent back shows instead of what is held.
func (p Pages) agenda(w http.ResponseWriter, r *http.Request, a actor.Actor, child family.ChildID, q url.Values, asked map[Cell]activity.ChoiceID) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (monthView, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return monthView{}, err
		}
		if child != "" {
			c, err := oneOf(children, child)
			if err != nil {
				return monthView{}, err
			}
			children = []family.Child{c}
		}
		s := askedFor(q, civil.DateOf(now))
		g, err := p.read(rd, now, children, s.days(), true)
		if err != nil {
			return monthView{}, err
		}
		g.form, g.asked = !s.paper, asked
		v := g.view(child, s)
		if child != "" && p.Presences != nil {
			v.Presence = p.Presences(child)
		}
		v.Services, err = desks(rd, a, now, settings)
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Agenda de la famille", Wide: true, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: "Mois"}}}
	if v.Child != nil {
		page.Title, page.OwnTitle = "Agenda "+civil.Of(v.Child.First()), true
		page.Crumbs[2].Label = v.Child.First()
	}
	return web.Render(w, r, page, monthPage(v))
}

// oneOf is one of the children the actor may act for; any other is a NotFound fault, as MayAct says.
func oneOf(all []family.Child, id family.ChildID) (family.Child, error) {
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

// view lays out what was asked for.
func (g agenda) view(child family.ChildID, s shown) monthView {
	v := monthView{Far: s.far, Horizon: horizon(g.today), Paper: s.paper}
	path := "/espace/agenda/mois"
	if child != "" {
		v.Child = &g.children[0]
		v.Enrolled = g.enrolledOf(child)
		path = "/espace/enfants/" + string(child) + "/agenda"
		v.History = "/espace/enfants/" + string(child) + "/historique"
	}
	if s.week.IsZero() {
		g.months(&v, path, s)
	} else {
		g.oneWeek(&v, path, s)
	}
	v.Ahead = g.ahead(s.days())
	if g.changeable(v.Weeks) {
		v.Form.Action, v.Form.Bar = "/espace/agenda/verifier", g.bar()
		v.Form.Names = g.names.fields(func(id activity.ID) bool { return g.shows(id) })
	}
	return v
}

// bar is what the foot of the form says: how many changes wait there, or what to do.
func (g agenda) bar() string {
	if len(g.asked) > 0 {
		return changes(len(g.asked))
	}
	return "Cochez ou décochez des jours"
}

// shows tells whether an activity is of a child of the page.
func (g agenda) shows(id activity.ID) bool {
	for _, c := range g.children {
		if len(g.scene.enrolled[childActivity{c.ID, id}]) > 0 {
			return true
		}
	}
	for c := range g.scene.held {
		if c.Activity == id {
			return true
		}
	}
	return false
}

// changeable tells whether a page has something to change.
func (g agenda) changeable(weeks []web.AgendaWeek) bool {
	for _, w := range weeks {
		for _, d := range w.Days {
			for _, l := range d.Lines {
				if l.Seen != "" {
					return true
				}
			}
		}
	}
	return false
}

func (g agenda) months(v *monthView, path string, s shown) {
	first, starts := s.first, mondays(s.first)
	before, after := civil.NewDate(first.Year, first.Month-1, 1), civil.NewDate(first.Year, first.Month+1, 1)
	v.Title = upperFirst(first.MonthYear())
	v.Form.Back = path + "?mois=" + first.String()[:7]
	v.Previous = v.Horizon.link(before, first.AddDays(-1), web.Link{Href: path + "?mois=" + before.String()[:7], Label: upperFirst(civil.MonthName(before.Month))})
	v.Next = v.Horizon.link(after, after, web.Link{Href: path + "?mois=" + after.String()[:7], Label: upperFirst(civil.MonthName(after.Month))})
	v.Print = web.Link{Href: v.Form.Back + "&vue=impression", Label: "Version à imprimer de " + civil.MonthName(first.Month)}
	this := g.today.Monday()
	current := !this.Before(starts[0]) && !this.After(starts[len(starts)-1])
	for i, m := range starts {
		open := s.paper || m == this || !current && i == 0
		v.Weeks = append(v.Weeks, g.week(g.children, m, open, false))
	}
	v.Other = []web.Link{{Href: path + "?semaine=" + firstOpen(v.Weeks).String(), Label: "Voir semaine par semaine"}}
}

func firstOpen(weeks []web.AgendaWeek) civil.Date {
	for _, w := range weeks {
		if w.Open {
			return w.Monday
		}
	}
	return weeks[0].Monday
}

func (g agenda) oneWeek(v *monthView, path string, s shown) {
	before, after := s.week.AddDays(-7), s.week.AddDays(7)
	v.Title = weekTitle(s.week)
	v.Form.Back = path + "?semaine=" + s.week.String()
	v.Previous = v.Horizon.link(before, before.AddDays(6), web.Link{Href: path + "?semaine=" + before.String(), Label: shortDay(before)})
	v.Next = v.Horizon.link(after, after, web.Link{Href: path + "?semaine=" + after.String(), Label: shortDay(after)})
	v.Other = []web.Link{{Href: path + "?mois=" + v.Horizon.inside(s.week).String()[:7], Label: "Voir le mois"}}
	v.Weeks = []web.AgendaWeek{g.week(g.children, s.week, true, true)}
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
	Cells    [][]Face
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
		g, err := p.read(rd, now, children, civil.Range{From: monday, To: monday.AddDays(6)}, true)
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
		if why := g.why(d); why != "" {
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
				b.Rows = append(b.Rows, boardRow{Activity: name, Cells: make([][]Face, len(v.Days))})
			}
			return &b.Rows[i]
		}
		for _, e := range g.enrolledOf(c.ID) {
			row(e.Activity)
		}
		for i, d := range v.Days {
			for _, f := range g.scene.faces(c, d) {
				a, _ := g.scene.Catalogue.Activity(f.Activity)
				at := row(a.Name)
				at.Cells[i] = append(at.Cells[i], f)
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
			for i, faces := range r.Cells {
				row.Cells = append(row.Cells, boardCell(r.Activity, faces, v.Closed[v.Days[i]]))
			}
			c.Rows = append(c.Rows, row)
		}
		all = append(all, c)
	}
	return all
}

// boardCell is what an activity has on a day: its states, that the day is closed, or nothing.
func boardCell(name string, faces []Face, closed string) web.BoardCell {
	if len(faces) == 0 && closed != "" {
		return web.BoardCell{Mark: markClosed, Note: closed}
	}
	var all []web.BoardCell
	for _, f := range faces {
		note := upperFirst(strings.TrimPrefix(strings.TrimPrefix(f.Label, name), ", "))
		if f.Reason != "" {
			note = strings.TrimPrefix(note+". "+f.Reason, ". ")
		}
		all = append(all, web.BoardCell{Mark: f.Mark, Note: note})
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
