package activity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the agents' pages about activities: what is offered, where, when, to whom and until which moment.
type Pages struct {
	DB     *db.DB
	Now    func() time.Time
	Cache  *Cache // of this process, told of each change
	Placed Placer // what CoverOpen is given
	// Answered says what families answered about each period of an activity of the holidays; nil says nothing.
	Answered func(db.Reader, ID) (map[PeriodID]string, error)
}

// The addresses. What belongs to an activity has an address of its own.
const (
	listPath      = "/agents/activites"
	newPath       = listPath + "/nouvelle"
	unitsPath     = "/agents/unites"
	choicesPath   = "/agents/formules"
	groupsPath    = "/agents/groupes"
	periodsPath   = "/agents/periodes"
	qualitiesPath = "/agents/qualites"
	familiesPath  = "/agents/familles"
)

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	read, write := web.AgentWith(Read), web.AgentWith(Write)
	rt.Get(listPath, read, web.NoObject, p.list)
	rt.Get(newPath, write, web.NoObject, p.newActivity)
	rt.Post(newPath, write, web.NoObject, p.addActivity)
	of := web.Object("activity")
	rt.Get(listPath+"/{id}", read, of, p.hub)
	rt.Post(listPath+"/{id}/etat", write, of, p.setState)
	rt.Get(listPath+"/{id}/modele", write, of, p.templatePage)
	rt.Post(listPath+"/{id}/modele", write, of, p.complete)
	p.detailRoutes(rt)
	rt.Get(listPath+"/{id}/unites", read, of, p.units)
	p.unitRoutes(rt)
	p.placeRoutes(rt)
	p.periodRoutes(rt)
	rt.Get(listPath+"/{id}/delais", read, of, p.deadlines)
	rt.Post(listPath+"/{id}/delais", write, of, p.editDeadlines)
	rt.Get(listPath+"/{id}/apercu", read, of, p.preview)
	p.qualityRoutes(rt)
}

// desk is what every page of an activity knows.
type desk struct {
	*Activity
	cat      *Catalogue
	today    civil.Date
	sites    []town.Site
	services []town.Service
	years    []town.Year

	qualities []NamedQuality
	may       bool // change
	settings  bool // change the town
	answered  map[PeriodID]string
}

func (d desk) serviceName(id town.ServiceID) string {
	for _, s := range d.services {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

func (d desk) path(end string) string {
	path := listPath + "/" + string(d.ID)
	if end != "" {
		path += "/" + end
	}
	return path
}

// siteName is the name of a place of the town.
func (d desk) siteName(id town.SiteID) string {
	for _, s := range d.sites {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

// desk reads an activity whole with the calendar; pages of agents never ask the cache, another instance may have
// changed it.
func (p Pages) desk(ctx context.Context, a actor.Actor, id ID) (desk, error) {
	return db.Read(ctx, p.DB, func(r db.Reader) (desk, error) { return p.deskOf(r, a, id) })
}

func (p Pages) deskOf(r db.Reader, a actor.Actor, id ID) (desk, error) {
	now := p.Now()
	d := desk{today: civil.DateOf(now)}
	var err error
	if d.cat, err = catalogueOf(r, now); err != nil {
		return d, err
	}
	x, known := d.cat.Activity(id)
	if !known {
		return d, fault.Missing("activity")
	}
	d.Activity, d.may, d.settings = x, may(a, x.Service) == nil, a.Can(town.SettingsWrite)
	if d.services, err = town.AllServices(r); err != nil {
		return d, err
	}
	if d.years, err = town.Years(r); err != nil {
		return d, err
	}
	if d.qualities, err = AllQualities(r); err != nil {
		return d, err
	}
	d.sites, err = town.AllSites(r)
	return d, err
}

func (p Pages) deskAt(r *http.Request, a actor.Actor) (desk, error) {
	return p.desk(r.Context(), a, ID(r.PathValue("id")))
}

// page is the head of a page below an activity.
func (d desk) page(title string) web.Page {
	crumbs := []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Activités", Href: listPath}}
	if title == "" {
		return web.Page{Title: d.Name, Nav: listPath, Crumbs: append(crumbs, web.Crumb{Label: d.Name})}
	}
	crumbs = append(crumbs, web.Crumb{Label: d.Name, Href: d.path("")}, web.Crumb{Label: title})
	return web.Page{Title: title, Caption: d.Name, Nav: listPath, Crumbs: crumbs}
}

// submit runs a verb of the set-up. After its commit this process forgets what it knew, and the slots of the open
// periods are made before the answer; the job that the verb wrote does it again should this be cut short.
func (p Pages) submit(w http.ResponseWriter, r *http.Request, a actor.Actor, verb func(tx *db.Tx) (ID, web.Done, error)) error {
	var id ID
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		of, done, err := verb(tx)
		id = of
		done.After = func(http.ResponseWriter) {
			if p.Cache != nil {
				p.Cache.Invalidate()
			}
			if id != "" {
				_, _ = CoverOpen(r.Context(), p.DB, p.Now(), id, civil.DateOf(p.Now()), p.Placed) // the job says what fails
			}
		}
		return done, err
	})
}

// fact is one line of what a form holds, to compare two versions of it.
type fact struct{ label, value string }

// difference is a line that two agents wrote differently.
type difference struct{ label, theirs, ours string }

func differences(theirs, ours []fact) []difference {
	var all []difference
	for i, f := range theirs {
		if i < len(ours) && f.value != ours[i].value {
			all = append(all, difference{f.label, f.value, ours[i].value})
		}
	}
	if len(all) == 0 {
		all = []difference{{"Rien", "les mêmes valeurs", "les mêmes valeurs"}}
	}
	return all
}

// frame is what every form of the set-up shows around its fields.
type frame struct {
	action, back string
	version      string
	conflict     []difference
	submit       string
	drop         string // the address that takes the row away, "" for none
	dropLabel    string
}

// sheet is a page with one form about T: a unit, a group, the details.
type sheet[T any] struct {
	p      Pages
	find   func(r *http.Request, a actor.Actor) (desk, T, error)
	title  func(d desk, x T) string
	frame  func(d desk, x T) frame
	read   func(d desk, f *web.Form, x T) (T, []fault.Field)                                                 // what was typed over x
	save   func(tx *db.Tx, now time.Time, a actor.Actor, d desk, x T, stamp string) (more string, err error) // more is told after done
	stamp  func(x T) string
	facts  func(d desk, x T) []fact
	fields func(f *web.Form, d desk, x T) templ.Component
	done   func(d desk, x T) string
}

func (s sheet[T]) get(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, x, err := s.find(r, a)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, nil, d, x, s.stamp(x), nil)
}

func (s sheet[T]) show(w http.ResponseWriter, r *http.Request, status int, f *web.Form, d desk, x T, version string, conflict []difference) error {
	page := d.page(s.title(d, x))
	page.Status = status
	fr := s.frame(d, x)
	fr.version, fr.conflict = version, conflict
	if !d.may {
		return fault.New(fault.Forbidden, "")
	}
	return web.Render(w, r, page, framed(f, fr, s.fields(f, d, x)))
}

func (s sheet[T]) post(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, before, err := s.find(r, a)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	x, wrong := s.read(d, f, before)
	err = fault.InvalidFields(wrong...)
	if err == nil {
		fr := s.frame(d, before)
		err = s.p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			more, err := s.save(tx, s.p.Now(), a, d, x, f.Raw("version"))
			return d.ID, web.Done{Location: fr.back, Sentence: strings.TrimSpace(s.done(d, x) + " " + more)}, err
		})
	}
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) == fault.Conflict:
		f.Fail("", fault.SentenceOf(err))
		return s.show(w, r, http.StatusConflict, f, d, before, s.stamp(before), differences(s.facts(d, before), s.facts(d, x)))
	case fault.KindOf(err) == fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		return s.show(w, r, http.StatusConflict, f, d, before, f.Raw("version"), nil)
	case f.Take(err):
		return s.show(w, r, http.StatusUnprocessableEntity, f, d, before, f.Raw("version"), nil)
	}
	return err
}

func (s sheet[T]) declare(rt *web.Router, path string, of web.Object) {
	rt.Get(path, web.AgentWith(Write), of, s.get)
	rt.Post(path, web.AgentWith(Write), of, s.post)
}

// listed is a line of the list of activities.
type listed struct {
	*Activity
	lacks  int
	period string // the next, or the current one
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	c, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (*Catalogue, error) { return catalogueOf(rd, p.Now()) })
	if err != nil {
		return err
	}
	today := civil.DateOf(p.Now())
	var all []listed
	for i := range c.Activities {
		x := &c.Activities[i]
		all = append(all, listed{Activity: x, lacks: len(x.Lacks()), period: x.nextPeriod(today)})
	}
	page := web.Page{Title: "Activités", Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Activités"}}}
	return web.Render(w, r, page, listPage(all, a.Can(Write)))
}

// nextPeriod is the current period, else the next one, in words.
func (a *Activity) nextPeriod(today civil.Date) string {
	for _, p := range a.Periods {
		if p.Days.To.Before(today) {
			continue
		}
		words := p.Name + ", du " + p.Days.From.French() + " au " + p.Days.To.French()
		if !p.Open {
			words += ", pas encore ouverte"
		}
		return words
	}
	return "Aucune à venir"
}

func listRows(all []listed) [][]templ.Component {
	var rows [][]templ.Component
	for _, a := range all {
		var units, sites []string
		for _, u := range a.Units {
			if u.Name != "" {
				units = append(units, u.Name)
			}
		}
		for _, s := range a.Places {
			sites = append(sites, s.Name)
		}
		rows = append(rows, []templ.Component{web.TextLink(listPath+"/"+string(a.ID), a.Name), web.Text(a.ServiceName), web.Text(strings.Join(units, ", ")),
			web.Text(strings.Join(sites, ", ")), web.Text(a.weekdays().inWords()), web.Text(a.period), listTag(a)})
	}
	return rows
}

// inWords is "lundi, mardi, jeudi, vendredi", or that nothing is known.
func (w Weekdays) inWords() string {
	var names []string
	for _, d := range weekdays() {
		if w.Has(d) {
			names = append(names, civil.WeekdayName(d))
		}
	}
	if len(names) == 0 {
		return "Pas encore connus"
	}
	return strings.Join(names, ", ")
}

// weekdays is the week from Monday.
func weekdays() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
}

// sorted keeps the periods in order of their days.
func sorted(all []Period) []Period {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Period) int { return a.Days.From.Compare(b.Days.From) })
	return all
}
