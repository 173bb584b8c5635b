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
	// Booked counts the days of a range on which a child has an activity, or asked for it.
	Booked func(r db.Reader, child family.ChildID, of activity.ID, days civil.Range) (int, error)
}

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/familles/{id}/inscriptions", web.AgentWith(Write), web.Object("family"), p.form)
	rt.Post("/agents/familles/{id}/inscriptions", web.AgentWith(Write), web.Object("family"), p.enrol)
	rt.Get("/agents/familles/{id}/inscriptions/fin", web.AgentWith(Write), web.Object("family"), p.checkEnd)
	rt.Post("/agents/familles/{id}/inscriptions/fin", web.AgentWith(Write), web.Object("family"), p.end)
	rt.Get(carryPath, web.AgentWith(Write), web.NoObject, p.carryForm)
	rt.Post(carryPath, web.AgentWith(Write), web.NoObject, p.carry)
}

const carryPath = "/agents/inscriptions/reconduire"

func pathOf(id family.ID) string { return "/agents/familles/" + string(id) + "/inscriptions" }

// formView is the enrolments of a family, and the form that adds one.
type formView struct {
	Family   family.ID
	Children []family.Child
	Current  []Standing
	Options  []web.Option // activities
	Sites    []web.Option
	Today    civil.Date
	Actor    actor.Actor
	From, To string
}

// anyway tells that the form offers to enrol a child whom the activity does not take: once it was refused.
func anyway(f *web.Form) bool {
	return f.Bool("quand_meme") || f.Text("activite") != "" && f.Problem("activite") != ""
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
		v.Actor = a
		v.offer(cat, a)
		today := civil.DateOf(now)
		end, err := schoolEnd(rd, today)
		v.Today, v.From, v.To = today, today.French(), end.French()
		return v, err
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, id); err != nil {
		return err
	}
	page := web.Page{Title: "Inscriptions", Status: status, Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(id)}, {Label: "Inscriptions"}}}
	return web.Render(w, r, page, formPage(v, f))
}

// schoolEnd is the last day of the school year that runs, as the town knows it, else 31 August.
func schoolEnd(r db.Reader, today civil.Date) (civil.Date, error) {
	year := civil.SchoolYearOf(today)
	years, err := town.Years(r)
	for _, y := range years {
		if y.Year == year && !y.Days.To.Before(today) {
			return y.Days.To, err
		}
	}
	return daysOf(year).To, err
}

// ownSchools are the words under « L’école de l’enfant »: the school of each.
func ownSchools(children []family.Child) string {
	var words []string
	for _, c := range children {
		if c.School != "" {
			words = append(words, c.First()+"\u00a0: "+c.School)
		}
	}
	return strings.Join(words, "\u202f; ")
}

// offer fills the choices of the form: activities that the agent may enrol in, and their sites.
func (v *formView) offer(cat *activity.Catalogue, a actor.Actor) {
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
}

// enrolling bounds the days of an enrolment around today: a year typed wrong is not an enrolment.
func enrolling(today civil.Date) civil.Range {
	return civil.Range{From: today.AddDays(-365), To: today.AddDays(3 * 365)}
}

// read reads the form.
func read(f *web.Form, today civil.Date) (Enrolment, error) {
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
			fields = append(fields, fault.Field{Name: name, Sentence: "Écrivez la date ainsi\u00a0: " + today.French() + "."})
		} else if within := enrolling(today); !within.Contains(d) {
			fields = append(fields, fault.Field{Name: name, Sentence: "Choisissez un jour entre le " + within.From.French() + " et le " + within.To.French() + "."})
		}
		*day = d
	}
	return e, fault.InvalidFields(fields...)
}

func (p Pages) enrol(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id, now := web.ReadForm(r), family.ID(r.PathValue("id")), p.Now()
	e, err := read(f, civil.DateOf(now))
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if err := mayEnrol(tx, now, a, id, e, f.Bool("quand_meme")); err != nil {
				return web.Done{}, err
			}
			if _, err := Insert(tx, now, a, e); err != nil {
				return web.Done{}, atFirstDay(err)
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

// atFirstDay says of a child enrolled already at which field: the form stays as it was filled.
func atFirstDay(err error) error {
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	return fault.InvalidFields(fault.Field{Name: "debut", Sentence: fault.SentenceOf(err) + " Choisissez un autre premier jour, ou terminez d’abord l’inscription qui est dans la liste."})
}

// mayEnrol tells whether the agent may enrol that child, of that family, in that activity and at that site. A child whom
// the activity does not take is enrolled only when the agent says anyway.
func mayEnrol(tx *db.Tx, now time.Time, a actor.Actor, id family.ID, e Enrolment, anyway bool) error {
	if err := family.Readable(tx, a, id, Write); err != nil {
		return err
	}
	children, err := family.ChildrenOf(tx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(children, func(c family.Child) bool { return c.ID == e.Child })
	if i < 0 {
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
	if why := takes(act, children[i], e.Days.From, civil.DateOf(now)); why != "" && !anyway {
		return fault.InvalidFields(fault.Field{Name: "activite", Sentence: why + ". Pour l’inscrire malgré cela, cochez «\u00a0Inscrire quand même\u00a0»."})
	}
	return nil
}

// takes says why an activity does not take a child from a day on, "" when it does. The level is that of the school year
// that runs: of another year it is not known.
func takes(act activity.Activity, c family.Child, from, today civil.Date) string {
	level := c.Level
	if civil.SchoolYearOf(from) != civil.SchoolYearOf(today) {
		level = ""
	}
	return act.Takes(level, c.Born, from)
}
