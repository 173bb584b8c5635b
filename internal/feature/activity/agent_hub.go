package activity

import (
	"fmt"
	"net/http"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

func (p Pages) hub(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, err := p.deskAt(r, a)
	if err != nil {
		return err
	}
	return web.Render(w, r, d.page(""), hubPage(d, ""))
}

func (p Pages) setState(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	open := web.ReadForm(r).Text("etat") == "ouvert"
	id := ID(r.PathValue("id"))
	err := p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
		done := web.Done{Location: listPath + "/" + string(id), Sentence: "L’activité n’est plus proposée aux familles. Ce qui est réservé le reste."}
		if open {
			done.Sentence = "L’activité est ouverte."
		}
		return id, done, OpenActivity(tx, p.Now(), a, id, open)
	})
	if fault.KindOf(err) != fault.Refused {
		return err
	}
	d, readErr := p.deskAt(r, a)
	if readErr != nil {
		return readErr
	}
	page := d.page("")
	page.Status = http.StatusConflict
	return web.Render(w, r, page, hubPage(d, fault.SentenceOf(err)))
}

// line is a row of the hub.
type line struct {
	end, title, detail string
	lacks              bool
}

// lines are the sections of an activity, each with its own page.
func (d desk) lines() []line {
	lacks := map[string]bool{}
	for _, l := range d.Lacks() {
		page, _, _ := strings.Cut(l.Page, "/")
		lacks[page] = true
	}
	all := []line{
		{end: "essentiel", title: "L’essentiel", detail: joined(d.ServiceName, d.Term.label())},
		{end: "unites", title: "Unités et formules", detail: d.unitsDetail()},
		{end: "lieux", title: "Lieux, groupes et places", detail: d.placesDetail()},
		{end: "periodes", title: "Périodes", detail: d.nextPeriod(d.today)},
		{end: "delais", title: "Délais", detail: d.deadlinesDetail()},
		{end: "qui", title: "Qui peut réserver", detail: d.whoDetail()},
		{end: "attente", title: "Liste d’attente", detail: d.waitingDetail()},
		{end: "pieces", title: "Pièces demandées", detail: d.papersDetail()},
	}
	for i := range all {
		all[i].lacks = lacks[all[i].end]
	}
	return all
}

// readOnly is the hub of an agent who may not change the activity.
func (d desk) readOnly() []web.Row {
	var rows []web.Row
	for _, l := range d.lines() {
		rows = append(rows, web.Row{Label: l.title, Value: l.detail})
	}
	return rows
}

func joined(parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, ", ")
}

func (d desk) unitsDetail() string {
	if len(d.Units) == 1 {
		return unitDetail(d.Units[0])
	}
	var all []string
	for _, c := range d.Choices {
		all = append(all, choiceName(d.Activity, c))
	}
	return strings.Join(all, ", ")
}

func choiceName(a *Activity, c Choice) string {
	if c.Name == "" {
		return a.Name
	}
	return c.Name
}

func (d desk) placesDetail() string {
	var all []string
	for _, p := range d.Places {
		all = append(all, p.Name+" : "+capacityWords(p.Capacity))
	}
	return strings.Join(all, ", ")
}

// current is the version of the deadlines that holds today, else the first to come.
func (d desk) current() (Policy, bool) {
	if p, known := PolicyFor(d.Policies, d.today); known {
		return p, true
	}
	if len(d.Policies) > 0 {
		return d.Policies[0], true
	}
	return Policy{}, false
}

func (d desk) deadlinesDetail() string {
	p, known := d.current()
	if !known {
		return "Pas encore de délais"
	}
	return strings.Join(p.sentences(), " ")
}

// label is what the action is called before its sentence.
func (a Action) label() string {
	return map[Action]string{OpenFrom: "Ouverture", Book: "Réserver", Change: "Modifier", Cancel: "Annuler", LateUntil: "Hors délai"}[a]
}

// sentences are the rules in words: "Réserver : jusqu’au jeudi de la semaine d’avant à 23 h 59."
func (p Policy) sentences(qualities ...NamedQuality) []string {
	var all []string
	for _, r := range p.Rules {
		head := r.Action.label()
		if r.For != "" {
			name := r.For.Label()
			for _, q := range qualities {
				if q.Code == r.For {
					name = q.Name
				}
			}
			head += " (" + name + ")"
		}
		all = append(all, head+" : "+r.Sentence()+".")
	}
	return append(all, "Après le délai : "+p.After.Words()+".")
}

func (d desk) whoDetail() string {
	var all []string
	if d.ResidentsOnly {
		all = append(all, "Familles de la commune")
	}
	if len(d.Levels) > 0 {
		all = append(all, "Classes : "+strings.Join(d.Levels, ", "))
	}
	if d.AgeFrom > 0 {
		all = append(all, fmt.Sprintf("À partir de %d ans", d.AgeFrom))
	}
	if d.AgeTo > 0 {
		all = append(all, fmt.Sprintf("Jusqu’à %d ans", d.AgeTo))
	}
	if len(all) == 0 {
		return "Tous les enfants inscrits"
	}
	return strings.Join(all, ", ")
}

func (d desk) papersDetail() string {
	if len(d.Papers) == 0 {
		return "Aucune"
	}
	return strings.Join(d.Papers, ", ")
}

// startView is the form that makes an activity from a template, or completes one with it.
type startView struct {
	desk     // of the activity to complete; no Activity for a new one
	action   string
	year     civil.SchoolYear
	models   []Model
	template string // proposed
}

func (p Pages) startOf(r *http.Request, a actor.Actor, id ID) (startView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (v startView, err error) {
		today := civil.DateOf(p.Now())
		v.year, v.models = civil.SchoolYearOf(today), Models(civil.SchoolYearOf(today))
		if id != "" {
			v.desk, err = p.deskOf(rd, a, id)
			if err != nil {
				return v, err
			}
			v.action, v.template = v.path("modele"), likeName(v.Name)
			return v, nil
		}
		v.action, v.template, v.today = newPath, Templates()[0].Key, today
		if v.services, err = town.Services(rd); err != nil {
			return v, err
		}
		v.sites, err = town.Sites(rd)
		return v, err
	})
}

// likeName is the template whose name an activity of that name would have.
func likeName(name string) string {
	folded := strings.ToLower(name)
	for _, like := range []struct{ word, key string }{{"cantine", "cantine"}, {"restauration", "cantine"}, {"matin", "matin"}, {"soir", "soir"}, {"étude", "etude"},
		{"etude", "etude"}, {"mercredi", "mercredi"}, {"vacances", "vacances"}} {
		if strings.Contains(folded, like.word) {
			return like.key
		}
	}
	return Templates()[0].Key
}

func (p Pages) newActivity(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.startOf(r, a, "")
	if err != nil {
		return err
	}
	return web.Render(w, r, newPage(http.StatusOK), startForm(nil, v))
}

func newPage(status int) web.Page {
	return web.Page{Status: status, Title: "Nouvelle activité", Nav: listPath, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Activités", Href: listPath}, {Label: "Nouvelle activité"}}}
}

// readStart reads the form of a start.
func (v startView) readStart(f *web.Form) (Start, []fault.Field) {
	s := Start{Template: f.Text("modele"), Model: f.Text("delais")}
	var wrong []fault.Field
	var n *int
	n, wrong = readCapacity(f, "places", wrong)
	for _, id := range f.All("lieux") {
		s.Places = append(s.Places, Place{Site: town.SiteID(id), Capacity: n})
	}
	if text := f.Text("annee"); text != "" {
		y, err := civil.ParseSchoolYear(text)
		if err != nil {
			wrong = append(wrong, fault.Field{Name: "annee", Sentence: "Choisissez une année de la liste."})
		}
		s.Year = y
	}
	return s, wrong
}

func (p Pages) addActivity(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.startOf(r, a, "")
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	s, wrong := v.readStart(f)
	x := Activity{Name: f.Line("nom"), Service: town.ServiceID(f.Text("service"))}
	if t, known := templateOf(s.Template); known && x.Name == "" {
		x.Name = t.Name
	}
	if err = fault.InvalidFields(wrong...); err == nil {
		err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			id, err := AddFrom(tx, p.Now(), a, x, s)
			return id, web.Done{Location: listPath + "/" + string(id), Sentence: "L’activité « " + x.Name + " » est prête. Relisez-la, puis ouvrez sa période."}, err
		})
	}
	return p.startAgain(w, r, f, v, newPage(http.StatusUnprocessableEntity), err)
}

func (p Pages) startAgain(w http.ResponseWriter, r *http.Request, f *web.Form, v startView, page web.Page, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) == fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		page.Status = http.StatusConflict
	case !f.Take(err):
		return err
	}
	return web.Render(w, r, page, startForm(f, v))
}

func (p Pages) templatePage(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.startOf(r, a, ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return web.Render(w, r, v.page("Compléter avec un modèle"), startForm(nil, v))
}

func (p Pages) complete(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.startOf(r, a, ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	s, wrong := v.readStart(f)
	if err = fault.InvalidFields(wrong...); err == nil {
		err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			return v.ID, web.Done{Location: v.path(""), Sentence: "L’activité est complétée. Relisez-la, puis ouvrez sa période."}, Complete(tx, p.Now(), a, v.ID, s)
		})
	}
	page := v.page("Compléter avec un modèle")
	page.Status = http.StatusUnprocessableEntity
	return p.startAgain(w, r, f, v, page, err)
}
