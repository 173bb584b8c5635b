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
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// agendaPath is the family's agenda: all children, all activities, by week or by month, changed in place.
const agendaPath = "/espace/agenda"

func childAgendaPath(id family.ChildID) string { return "/espace/enfants/" + string(id) + "/agenda" }

// agendaView is an agenda of one child, or of the children of a family.
type agendaView struct {
	Child    *family.Child // nil: the family's
	Title    string        // "Novembre 2026", "Semaine du 23 novembre 2026"
	Previous web.Link
	Next     web.Link
	Views    []web.Tab // week, month, table
	Filter   agendaFilter
	Others   []iconLink // other things to do with bookings
	Weeks    []web.AgendaWeek
	Table    *agendaTable // in place of Weeks
	Enrolled []Enrolled
	Notices  []agendaNotice
	Awaiting templ.Component // of who waits for a place in a family; nil else
	NoChild  bool
	Services []town.Service
	Paper    bool // the version to print: all weeks open, no help
	Far      bool // asked for outside the horizon
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

func (v agendaView) legend() []web.Mark { return legend(v.Weeks) }

func (p Pages) family(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.agenda(w, r, a, "", r.URL.Query(), nil)
}

func (p Pages) child(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.agenda(w, r, a, family.ChildID(r.PathValue("id")), r.URL.Query(), nil)
}

// oldMonth leads the address that the family's month had to the agenda.
func oldMonth(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	asked, q := r.URL.Query(), url.Values{}
	for _, name := range []string{"semaine", "mois", "vue"} {
		if asked.Get(name) != "" {
			q.Set(name, asked.Get(name))
		}
	}
	if !q.Has("semaine") && !q.Has("mois") {
		q.Set("mois", "courant") // as any word that is no month
	}
	http.Redirect(w, r, agendaPath+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// agenda shows one child's agenda, or the family's; asked is what a form sent back shows instead of what is held.
func (p Pages) agenda(w http.ResponseWriter, r *http.Request, a actor.Actor, child family.ChildID, q url.Values, asked map[Cell]activity.ChoiceID) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (agendaView, error) { return p.agendaOf(rd, now, a, child, q, asked, settings) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Agenda de la famille", Wide: true, Nav: agendaPath, Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille"}}}
	if v.Child != nil {
		page.Title, page.OwnTitle = "Agenda "+civil.Of(v.Child.First()), true
		page.Crumbs[1].Href = agendaPath
		page.Crumbs = append(page.Crumbs, web.Crumb{Label: v.Child.First()})
	}
	return web.Render(w, r, page, agendaPage(v))
}

func (p Pages) agendaOf(r db.Reader, now time.Time, a actor.Actor, child family.ChildID, q url.Values, asked map[Cell]activity.ChoiceID, settings town.Settings) (agendaView, error) {
	today := civil.DateOf(now)
	all, err := family.Children(r, a, today)
	if err != nil {
		return agendaView{}, err
	}
	s := askedFor(agendaPath, q, today, true)
	children := all
	if child != "" {
		c, err := oneOf(all, child)
		if err != nil {
			return agendaView{}, err
		}
		children, s = []family.Child{c}, askedFor(childAgendaPath(child), q, today, false)
	} else if children, err = s.filter(all, q["enfant"]); err != nil {
		return agendaView{}, err
	}
	g, err := p.read(r, now, children, s.days(), true)
	if err != nil {
		return agendaView{}, err
	}
	if err := g.scene.readAllBars(r, p.Barred, children); err != nil {
		return agendaView{}, err
	}
	g.form, g.asked = !s.paper, asked
	v := g.view(s)
	if child != "" {
		v.ofChild(children[0], g, p.Presences)
	} else {
		v.Filter = s.boxes(all)
	}
	v.Others = append(v.Others, otherPages...)
	if len(children) == 0 {
		v.NoChild = true
		if v.Awaiting, err = family.Awaiting(r, now, a); err != nil {
			return v, err
		}
	}
	v.Services, err = desks(r, a, now, settings)
	return v, err
}

// ofChild makes the view one child's: its face, what it is enrolled in and its own pages.
func (v *agendaView) ofChild(c family.Child, g agenda, presences func(family.ChildID) string) {
	v.Child, v.Enrolled = &c, g.enrolledOf(c.ID)
	if v.Table == nil {
		v.Views = v.Views[:2] // a table is for comparing children
	}
	v.Others = append(v.Others, iconLink{"list", "/espace/enfants/" + string(c.ID) + "/historique", "Historique des réservations"})
	if presences != nil {
		v.Others = append(v.Others, iconLink{"double-check", presences(c.ID), "Présences et absences"})
	}
}

// otherTitle heads what is folded: a short walk for the keyboard.
func (v agendaView) otherTitle() string {
	if v.Agent {
		return "Imprimer"
	}
	return "Imprimer, absences, listes d’attente, calendrier"
}

type iconLink struct{ icon, href, label string }

// otherPages are what families do with bookings elsewhere.
var otherPages = []iconLink{
	{"hourglass", placesPath, "Mes listes d’attente"},
	{"file", "/espace/absence", "Signaler une absence"},
	{"list", "/espace/absences", "Absences et droit à l’erreur"},
	{"calendar-plus", "/espace/calendrier", "Ajouter à mon calendrier"},
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
func (g agenda) view(s shown) agendaView {
	v := agendaView{Far: s.far, Horizon: horizon(g.today), Paper: s.paper, Views: s.views(g.today)}
	v.Form.Back = s.here()
	v.Others = []iconLink{{"printer", strings.Replace(s.here(), "&vue=tableau", "", 1) + "&vue=impression", "Version à imprimer"}}
	switch {
	case s.week.IsZero():
		g.month(&v, s)
	case s.table && !s.paper:
		g.oneWeek(&v, s)
		v.Table = g.table(s.week)
	default:
		g.oneWeek(&v, s)
	}
	changeable := g.changeable(v.Weeks)
	if changeable {
		v.Form.Action, v.Form.Bar = agendaPath+"/verifier", g.bar()
		v.Form.Names = g.names.fields(g.shows)
	}
	v.Notices = g.notices(s.days(), changeable)
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

func (g agenda) month(v *agendaView, s shown) {
	first, starts := s.first, mondays(s.first)
	before, after := civil.NewDate(first.Year, first.Month-1, 1), civil.NewDate(first.Year, first.Month+1, 1)
	v.Title = french.Upper(first.MonthYear())
	v.Previous = v.Horizon.link(before, first.AddDays(-1), web.Link{Href: s.month(before), Label: french.Upper(civil.MonthName(before.Month))})
	v.Next = v.Horizon.link(after, after, web.Link{Href: s.month(after), Label: french.Upper(civil.MonthName(after.Month))})
	this := g.today.Monday()
	current := !this.Before(starts[0]) && !this.After(starts[len(starts)-1])
	for i, m := range starts {
		open := s.paper || m == this || !current && i == 0
		v.Weeks = append(v.Weeks, g.week(g.children, m, open))
	}
}

func (g agenda) oneWeek(v *agendaView, s shown) {
	before, after := s.week.AddDays(-7), s.week.AddDays(7)
	v.Title = "Semaine du " + s.week.Full()
	v.Previous = v.Horizon.link(before, before.AddDays(6), web.Link{Href: s.weekly(before), Label: before.Short()})
	v.Next = v.Horizon.link(after, after, web.Link{Href: s.weekly(after), Label: after.Short()})
	v.Weeks = []web.AgendaWeek{g.week(g.children, s.week, true)}
}
