package enrolment

import (
	"net/http"
	"slices"
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
)

// Pages are the agents' pages: to enrol a child, to end an enrolment, to carry those of a year over to the next.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/familles/{id}/inscriptions", web.AgentWith(Write), web.Object("family"), p.form)
	rt.Post("/agents/familles/{id}/inscriptions", web.AgentWith(Write), web.Object("family"), p.enrol)
	rt.Post("/agents/familles/{id}/inscriptions/fin", web.AgentWith(Write), web.Object("family"), p.end)
	rt.Get("/agents/inscriptions/reconduire", web.AgentWith(Write), web.NoObject, p.carryForm)
	rt.Post("/agents/inscriptions/reconduire", web.AgentWith(Write), web.NoObject, p.carry)
}

func pathOf(id family.ID) string { return "/agents/familles/" + string(id) + "/inscriptions" }

// formView is the enrolments of a family, and the form that adds one.
type formView struct {
	Family   family.ID
	Children []family.Child
	Current  []Standing
	Options  []web.Option // activities
	Sites    []web.Option
	From, To string
}

func (p Pages) form(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.show(w, r, a, web.ReadForm(r), 0)
}

func (p Pages) show(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now, id := p.Now(), family.ID(r.PathValue("id"))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (formView, error) {
		if err := family.Readable(rd, a, id, Write); err != nil {
			return formView{}, err
		}
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return formView{}, err
		}
		v := formView{Family: id}
		if v.Children, err = family.ChildrenOf(rd, id); err != nil {
			return v, err
		}
		if v.Current, err = standing(rd, v.Children, civil.DateOf(now)); err != nil {
			return v, err
		}
		v.offer(cat, a, now)
		return v, nil
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Inscriptions", Status: status, Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(id)}, {Label: "Inscriptions"}}}
	return web.Render(w, r, page, formPage(v, f))
}

// offer fills the choices of the form: activities that the agent may enrol in, their sites, today to the end of the year.
func (v *formView) offer(cat *activity.Catalogue, a actor.Actor, now time.Time) {
	seen := map[town.SiteID]bool{}
	v.Sites = []web.Option{{Value: "", Label: "L’école de l’enfant"}}
	for _, act := range cat.Activities {
		if !a.CanFor(Write, string(act.Service)) {
			continue
		}
		v.Options = append(v.Options, web.Option{Value: string(act.ID), Label: act.Name})
		for _, place := range act.Places {
			if !seen[place.Site] {
				seen[place.Site] = true
				v.Sites = append(v.Sites, web.Option{Value: string(place.Site), Label: place.Name})
			}
		}
	}
	today := civil.DateOf(now)
	v.From = today.French()
	v.To = civil.NewDate(int(civil.SchoolYearOf(today))+1, time.August, 31).French()
}

// read reads the form.
func read(f *web.Form) (Enrolment, error) {
	e := Enrolment{Child: family.ChildID(f.Text("enfant")), Activity: activity.ID(f.Text("activite")), Site: town.SiteID(f.Text("lieu"))}
	var fields []fault.Field
	if e.Child == "" {
		fields = append(fields, fault.Field{Name: "enfant", Sentence: "Choisissez l’enfant."})
	}
	if e.Activity == "" {
		fields = append(fields, fault.Field{Name: "activite", Sentence: "Choisissez l’activité."})
	}
	for name, day := range map[string]*civil.Date{"debut": &e.Days.From, "fin": &e.Days.To} {
		d, err := civil.ParseFrench(f.Text(name))
		if err != nil {
			fields = append(fields, fault.Field{Name: name, Sentence: "Écrivez la date ainsi\u00a0: 01/09/2027."})
		}
		*day = d
	}
	return e, fault.InvalidFields(fields...)
}

func (p Pages) enrol(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id, now := web.ReadForm(r), family.ID(r.PathValue("id")), p.Now()
	e, err := read(f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if err := mayEnrol(tx, a, id, e); err != nil {
				return web.Done{}, err
			}
			if _, err := Insert(tx, now, a, e); err != nil {
				return web.Done{}, err
			}
			return web.Done{Location: pathOf(id), Sentence: "L’enfant est inscrit. Aucun jour n’est réservé pour autant."}, nil
		})
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.show(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

// mayEnrol tells whether the agent may enrol that child, of that family, in that activity and at that site.
func mayEnrol(tx *db.Tx, a actor.Actor, id family.ID, e Enrolment) error {
	if err := family.Readable(tx, a, id, Write); err != nil {
		return err
	}
	children, err := family.ChildrenOf(tx, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(children, func(c family.Child) bool { return c.ID == e.Child }) {
		return fault.Missing("child")
	}
	act, err := activity.ByID(tx, e.Activity)
	if err != nil {
		return err
	}
	if !a.CanFor(Write, string(act.Service)) {
		return fault.New(fault.Forbidden, "")
	}
	if e.Site != "" && !slices.ContainsFunc(act.Places, func(p activity.Place) bool { return p.Site == e.Site }) {
		return fault.InvalidFields(fault.Field{Name: "lieu", Sentence: "Cette activité n’a pas lieu ici. Choisissez un de ses lieux."})
	}
	return nil
}

func (p Pages) end(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id, now := web.ReadForm(r), family.ID(r.PathValue("id")), p.Now()
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if err := family.Readable(tx, a, id, Write); err != nil {
			return web.Done{}, err
		}
		children, err := family.ChildrenOf(tx, id)
		if err != nil {
			return web.Done{}, err
		}
		if err := End(tx, now, a, children, ID(f.Text("inscription"))); err != nil {
			return web.Done{}, err
		}
		return web.Done{Location: pathOf(id), Sentence: "L’inscription se termine aujourd’hui. Ce qui est déjà réservé le reste\u00a0: annulez-le s’il le faut."}, nil
	})
}

// carryView offers to carry the enrolments of a year over to the next.
type carryView struct {
	From, To civil.SchoolYear
	Options  []web.Option
}

func (p Pages) years() (from, to civil.SchoolYear) {
	to = civil.SchoolYearOf(civil.DateOf(p.Now()).AddDays(120)) // from April on, the year that comes
	return to - 1, to
}

func (p Pages) carryForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showCarry(w, r, a, web.ReadForm(r), 0)
}

func (p Pages) showCarry(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	var v carryView
	v.From, v.To = p.years()
	counts, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]carried, error) { return carriable(rd, v.From, v.To) })
	if err != nil {
		return err
	}
	for _, c := range counts {
		if a.CanFor(Write, c.service) {
			v.Options = append(v.Options, web.Option{Value: string(c.activity), Label: c.name, Hint: c.words()})
		}
	}
	page := web.Page{Title: "Reconduire les inscriptions", Status: status, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Activités", Href: "/agents/activites"}, {Label: "Reconduire les inscriptions"}}}
	return web.Render(w, r, page, carryPage(v, f))
}

func (p Pages) carry(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, now := web.ReadForm(r), p.Now()
	from, to := p.years()
	chosen := f.All("activite")
	if len(chosen) == 0 {
		f.Take(fault.InvalidFields(fault.Field{Name: "activite", Sentence: "Choisissez au moins une activité."}))
		return p.showCarry(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		total := 0
		for _, id := range chosen {
			n, err := Carry(tx, now, a, activity.ID(id), from, to)
			if err != nil {
				return web.Done{}, err
			}
			total += n
		}
		return web.Done{Location: "/agents/inscriptions/reconduire", Sentence: carriedSentence(total, to)}, nil
	})
}

func carriedSentence(n int, to civil.SchoolYear) string {
	switch n {
	case 0:
		return "Aucune inscription à reconduire\u00a0: elles le sont déjà toutes."
	case 1:
		return "1 inscription est reconduite pour " + to.String() + "."
	}
	return strings.Join([]string{count(n), "inscriptions sont reconduites pour", to.String() + "."}, " ")
}
