package suspension

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// Path is where suspensions are made and followed.
const Path = "/agents/suspensions"

const newPath = Path + "/nouvelle"

// Pages are the agents' pages about suspensions.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Agent declares them.
func (p Pages) Agent(rt *web.Router) {
	may, of := web.AgentWith(Write), web.Object("suspension")
	rt.Get(Path, may, web.NoObject, p.list)
	rt.Get(newPath, may, web.NoObject, p.form)
	rt.Post(newPath, may, web.NoObject, p.suspend)
	rt.Get(Path+"/{id}", may, of, p.one)
	rt.Post(Path+"/{id}/reouverture", may, of, p.reopen)
}

var crumbs = []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Jours suspendus", Href: Path}}

func page(title, last string) web.Page {
	all := slices.Clone(crumbs)
	if last == "" {
		all[1].Href = ""
	} else {
		all = append(all, web.Crumb{Label: last})
	}
	return web.Page{Title: title, Wide: true, Nav: Path, Crumbs: all}
}

// listView is the suspensions to come and of the last month.
type listView struct {
	all []kept
	cat *activity.Catalogue
}

// listed is how many days past its end a suspension stays in the list.
const listed = 31

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v listView, err error) {
		if v.cat, err = p.Catalogue.In(rd, now); err != nil {
			return v, err
		}
		v.all, err = recent(rd, civil.DateOf(now).AddDays(-listed))
		v.all = slices.DeleteFunc(v.all, func(s kept) bool { return !a.CanFor(Write, string(s.Service)) })
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, page("Jours suspendus", ""), listPage(v))
}

// formView is the form of a suspension, and once it is filled in, what it will do.
type formView struct {
	activities []web.Option
	units      []web.Option // of the activities with several parts
	sites      []web.Option
	groups     []web.Option
	today      civil.Date
	asked      Asked
	effect     *Effect // nil: not checked yet
	scope      string  // what is asked, in words
	everywhere string  // the places, when none is chosen
	twice      []kept  // the suspensions that take some of it already
	cat        *activity.Catalogue
	who
}

// read reads the form.
func read(f *web.Form) Asked {
	x := Asked{Reason: f.Text("motif"), Message: f.Text("message")}
	for _, id := range f.All("activite") {
		x.Activities = append(x.Activities, activity.ID(id))
	}
	for _, id := range f.All("lieu") {
		x.Sites = append(x.Sites, town.SiteID(id))
	}
	for _, id := range f.All("partie") {
		x.Units = append(x.Units, activity.UnitID(id))
	}
	for _, id := range f.All("groupe") {
		x.Groups = append(x.Groups, activity.GroupID(id))
	}
	x.Days.From, _ = civil.ParseFrench(f.Text("debut"))
	if x.Days.To = x.Days.From; f.Text("fin") != "" {
		x.Days.To, _ = civil.ParseFrench(f.Text("fin"))
	}
	return x.clean()
}

func (p Pages) form(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.show(w, r, a, web.ReadForm(r))
}

// show shows the form, and below it what it would do once it says enough.
func (p Pages) show(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (formView, error) {
		v := formView{today: civil.DateOf(now), asked: read(f)}
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return v, err
		}
		v.options(a, cat)
		v.cat = cat
		if !f.Bool("verifier") && !f.Failed() {
			return v, nil
		}
		service, err := v.asked.Check(a, cat, v.today)
		if err == nil {
			if v.twice, err = (across{v.asked.scopes(cat), v.asked.Days}).clashes(rd, ""); err != nil {
				return v, fmt.Errorf("look for other suspensions: %w", err)
			}
			err = refuseTwice(cat, v.twice)
		}
		if f.Failed() { // it was sent, and says why already
			return v, nil
		}
		if err != nil {
			if !f.Take(err) {
				return v, err
			}
			return v, nil
		}
		v.scope = Suspension{Scopes: v.asked.scopes(cat)}.where(cat)
		if len(v.asked.Sites)+len(v.asked.Groups) == 0 {
			v.everywhere = placesOf(cat, v.asked.Activities)
		}
		if v.scope == "" {
			f.Fail("lieu", noSuchPlace)
			return v, nil
		}
		e, err := effectOf(rd, cat, v.asked, v.today)
		if err != nil {
			return v, err
		}
		v.effect, v.who = &e, whoFor(a, service)
		return v, v.read(rd, e.ByChild, e.Calls, nil)
	})
	if err != nil {
		return err
	}
	if err := p.looked(r.Context(), a, v.who, audit.Entry{Object: "day_list", ID: v.asked.Days.From.String() + " " + v.asked.Days.To.String()}); err != nil {
		return err
	}
	title := "Suspendre l’accueil"
	if v.effect != nil {
		title = "Vérifiez avant de suspendre"
	}
	out := page(title, "Suspendre l’accueil")
	if f.Failed() {
		out.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, out, formPage(v, f))
}

// options are the activities open to booking that the agent may suspend, and their sites.
func (v *formView) options(a actor.Actor, cat *activity.Catalogue) {
	names := map[town.SiteID]string{}
	for _, act := range cat.Activities {
		if act.State != activity.Open || !a.CanFor(Write, string(act.Service)) {
			continue
		}
		v.activities = append(v.activities, web.Option{Value: string(act.ID), Label: act.Name})
		for _, place := range act.Places {
			names[place.Site] = place.Name
		}
		if len(act.Units) > 1 {
			for _, u := range act.Units {
				v.units = append(v.units, web.Option{Value: string(u.ID), Label: act.Label(u.Name)})
			}
		}
		for _, g := range act.Groups {
			v.groups = append(v.groups, web.Option{Value: string(g.ID), Label: act.Name + ", " + placeName(&act, g.Site) + ", " + g.Name})
		}
	}
	for id, name := range names {
		v.sites = append(v.sites, web.Option{Value: string(id), Label: name})
	}
	slices.SortFunc(v.sites, func(x, y web.Option) int {
		return cmp.Or(strings.Compare(x.Label, y.Label), strings.Compare(x.Value, y.Value))
	})
}

func (p Pages) suspend(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, now := web.ReadForm(r), p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		id, err := Suspend(tx, now, a, cat, read(f))
		return web.Done{Location: Path + "/" + string(id), Sentence: "Les places sont fermées. S’il y a des jours à annuler, ils le sont dans les minutes qui viennent."}, err
	})
	if f.Take(err) {
		return p.show(w, r, a, f)
	}
	return err
}

func (p Pages) reopen(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id, now := ID(r.PathValue("id")), p.Now()
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Path + "/" + string(id), Sentence: "Les places sont rouvertes. Les jours annulés reviennent dans les minutes qui viennent."},
			Reopen(tx, now, a, id)
	})
}

// busy tells that the job goes through the families.
func (s Suspension) busy() bool { return s.State == Closing || s.State == Reopening }

// daysWords is "mardi 24 novembre 2026" or "du 24 au 26 novembre 2026".
func daysWords(d civil.Range) string {
	if d.From == d.To {
		return d.From.Long()
	}
	return "du " + d.From.Long() + " au " + d.To.Long()
}

// where names what is closed: "Restauration scolaire, Mercredi (Repas) – Les Tilleuls".
func (s Suspension) where(cat *activity.Catalogue) string {
	var names, places []string
	add := func(all []string, name string) []string {
		if name == "" || slices.Contains(all, name) {
			return all
		}
		return append(all, name)
	}
	for _, id := range s.activities() {
		act, known := cat.Activity(id)
		if !known {
			continue
		}
		var parts []string
		for _, x := range s.Scopes {
			if x.Activity != id {
				continue
			}
			if u, known := act.UnitByID(x.Unit); known {
				parts = add(parts, u.Name)
			}
			place := placeName(act, x.Site)
			for _, g := range act.Groups {
				if g.ID == x.Group && x.Group != "" {
					place += ", " + g.Name
				}
			}
			places = add(places, place)
		}
		name := act.Name
		if len(parts) > 0 {
			name += " (" + strings.Join(parts, ", ") + ")"
		}
		names = append(names, name)
	}
	words := strings.Join(names, ", ")
	if len(places) > 0 {
		words += " – " + strings.Join(places, " ; ")
	}
	return words
}

// placesOf are the places of some activities: "partout : École A, École B".
func placesOf(cat *activity.Catalogue, ids []activity.ID) string {
	var names []string
	for _, id := range ids {
		act, known := cat.Activity(id)
		if !known {
			continue
		}
		for _, p := range act.Places {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	slices.Sort(names)
	return "Partout\u00a0: " + strings.Join(names, ", ")
}

// placeName names a site of an activity, "" for none.
func placeName(act *activity.Activity, site town.SiteID) string {
	for _, p := range act.Places {
		if p.Site == site && site != "" {
			return p.Name
		}
	}
	return ""
}

// mark is the state in words.
func (s Suspension) mark() web.Mark {
	switch s.State {
	case Closing:
		return web.Mark{Tone: web.Info, Icon: "clock", Word: "Annulation en cours"}
	case Reopening:
		return web.Mark{Tone: web.Info, Icon: "clock", Word: "Réouverture en cours"}
	case Reopened:
		if s.Left > 0 {
			return web.Mark{Tone: web.Error, Icon: "alert", Word: "Rouvert, sauf " + french.Count(s.Left, "jour")}
		}
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Rouvert"}
	}
	if s.Left > 0 {
		return web.Mark{Tone: web.Error, Icon: "alert", Word: "Suspendu, sauf " + french.Count(s.Left, "jour")}
	}
	return web.Mark{Tone: web.Warning, Icon: "ban", Word: "Suspendu"}
}

// fields are what the check sends again.
func (v formView) fields() url.Values {
	all := url.Values{"debut": {v.asked.Days.From.French()}, "fin": {v.asked.Days.To.French()}, "motif": {v.asked.Reason}, "message": {v.asked.Message}}
	for _, id := range v.asked.Activities {
		all.Add("activite", string(id))
	}
	for _, id := range v.asked.Sites {
		all.Add("lieu", string(id))
	}
	for _, id := range v.asked.Units {
		all.Add("partie", string(id))
	}
	for _, id := range v.asked.Groups {
		all.Add("groupe", string(id))
	}
	return all
}

// names are those of the fields, in a fixed order.
func (v formView) names() []string {
	return []string{"activite", "partie", "lieu", "groupe", "debut", "fin", "motif", "message"}
}

// rows sum up what is asked.
func (v formView) rows() []web.Row {
	rows := []web.Row{{Label: "Ce qui est suspendu", Value: v.scope}}
	if v.everywhere != "" {
		rows = append(rows, web.Row{Label: "Lieux", Value: v.everywhere})
	}
	return append(rows, web.Row{Label: "Jours", Value: daysWords(v.asked.Days)}, web.Row{Label: "Motif", Value: v.asked.Reason}, web.Row{Label: "Message", Value: orNone(v.asked.Message)})
}

// again is the address of the form as it is filled in.
func (v formView) again() string { return newPath + "?" + v.fields().Encode() }
