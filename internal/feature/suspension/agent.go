package suspension

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
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
		if !f.Bool("verifier") || f.Failed() {
			return v, nil
		}
		service, err := v.asked.Check(a, cat, v.today)
		if err != nil {
			if !f.Take(err) {
				return v, err
			}
			return v, nil
		}
		v.scope = Suspension{Scopes: v.asked.scopes(cat)}.where(cat)
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

// Effect is what a suspension would do, before it is made.
type Effect struct {
	Lines    []EffectLine
	Families int
	Children int
	Mails    int // one a head of family who may read of it
	Happened int // days whose presence is noted already: they stay
	ByChild  []childDays
	Calls    []call // the families that no mail reaches
	Open     bool   // some place there is still open
}

// childDays is how many days a child loses.
type childDays struct {
	child family.ChildID
	days  int
}

// EffectLine counts the children that an activity loses on a day.
type EffectLine struct {
	Activity string
	Day      civil.Date
	Booked   int
	Changed  int // booked, of which another choice stays
	Asked    int // asked, waited for or offered
}

func effectOf(r db.Reader, cat *activity.Catalogue, x Asked, today civil.Date) (Effect, error) {
	all, err := across{x.scopes(cat), x.Days}.heldBy(r, cat, "")
	if err != nil {
		return Effect{}, err
	}
	var e Effect
	families, children := map[family.ID][]family.ChildID{}, map[family.ChildID]int{}
	at := map[string]int{}
	for _, h := range all {
		act, known := cat.Activity(h.Activity)
		if !known {
			continue
		}
		if h.happened() {
			e.Happened++
			continue
		}
		if !h.changes(cat) {
			continue
		}
		families[h.family] = append(families[h.family], h.Child)
		children[h.Child]++
		key := h.Day.String() + string(h.Activity)
		i, seen := at[key]
		if !seen {
			i = len(e.Lines)
			at[key] = i
			e.Lines = append(e.Lines, EffectLine{Activity: act.Name, Day: h.Day})
		}
		switch {
		case h.left != "":
			e.Lines[i].Changed++
		case h.State == booking.Booked:
			e.Lines[i].Booked++
		default:
			e.Lines[i].Asked++
		}
	}
	slices.SortFunc(e.Lines, func(x, y EffectLine) int {
		return cmp.Or(x.Day.Compare(y.Day), strings.Compare(x.Activity, y.Activity))
	})
	e.Families, e.Children = len(families), len(children)
	e.ByChild = sorted(children)
	told, err := booking.MailsTo(r, today, families)
	if err != nil {
		return e, err
	}
	for _, n := range told {
		e.Mails += n
	}
	if e.Calls, err = toCall(r, families, told, today); err != nil {
		return e, err
	}
	e.Open, err = x.anyOpen(r, cat)
	return e, err
}

// sorted are children with their days, in a fixed order.
func sorted(days map[family.ChildID]int) []childDays {
	var all []childDays
	for id, n := range days {
		all = append(all, childDays{id, n})
	}
	slices.SortFunc(all, func(x, y childDays) int { return strings.Compare(string(x.child), string(y.child)) })
	return all
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
			return web.Mark{Tone: web.Error, Icon: "alert", Word: "Rouvert, sauf " + counted(s.Left, "jour")}
		}
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Rouvert"}
	}
	if s.Left > 0 {
		return web.Mark{Tone: web.Error, Icon: "alert", Word: "Suspendu, sauf " + counted(s.Left, "jour")}
	}
	return web.Mark{Tone: web.Warning, Icon: "ban", Word: "Suspendu"}
}

func counted(n int, word string) string {
	if n > 1 {
		word += "s"
	}
	return strconv.Itoa(n) + "\u00a0" + word
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

// again is the address of the form as it is filled in.
func (v formView) again() string { return newPath + "?" + v.fields().Encode() }

// happenedWords tells the days that stay.
func (e Effect) happenedWords() string {
	if e.Happened == 1 {
		return "1\u00a0jour reste\u00a0: sa présence est déjà notée."
	}
	return strconv.Itoa(e.Happened) + "\u00a0jours restent\u00a0: leur présence est déjà notée."
}

// mailsWords are "4 courriels partiront".
func (e Effect) mailsWords() string {
	switch e.Mails {
	case 0:
		return "Aucun courriel ne partira\u00a0: aucun responsable n’a d’adresse électronique."
	case 1:
		return "1\u00a0courriel partira, avec les jours de ses enfants, le motif et le message."
	}
	return strconv.Itoa(e.Mails) + "\u00a0courriels partiront, un par responsable, avec les jours de ses enfants, le motif et le message."
}

// button is what confirming does.
func (e Effect) button() string {
	switch {
	case e.Mails > 0:
		return "Suspendre et prévenir"
	case len(e.Lines) > 0:
		return "Suspendre"
	}
	return "Fermer ces places"
}

// partly tells that some keep a part of their day.
func (e Effect) partly() bool {
	return slices.ContainsFunc(e.Lines, func(l EffectLine) bool { return l.Changed > 0 })
}

// totals are "3 enfants de 2 familles".
func (e Effect) totals() string {
	return counted(e.Children, "enfant") + " de " + counted(e.Families, "famille")
}
