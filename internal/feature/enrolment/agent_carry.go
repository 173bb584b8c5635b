package enrolment

import (
	"net/http"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// carryView offers to carry the enrolments of a year over to the next.
type carryView struct {
	From, To civil.SchoolYear
	Years    []web.Option // to choose To among
	Options  []web.Option
	Why      string // why there is nothing to carry
}

// years are the school years that an agent may carry over to, this one and the next, and the one meant when none is
// chosen: from April on, the year that comes.
func (p Pages) years() (all []civil.SchoolYear, meant civil.SchoolYear) {
	today := civil.DateOf(p.Now())
	year := civil.SchoolYearOf(today)
	return []civil.SchoolYear{year, year + 1}, civil.SchoolYearOf(today.AddDays(120))
}

// yearOf is the year chosen; none is the one meant, and another than those offered is refused.
func (p Pages) yearOf(f *web.Form) (civil.SchoolYear, error) {
	all, meant := p.years()
	typed := f.Line("annee")
	if typed == "" {
		return meant, nil
	}
	for _, y := range all {
		if y.String() == typed {
			return y, nil
		}
	}
	return meant, fault.InvalidFields(fault.Field{Name: "annee", Sentence: "Choisissez une année de la liste."})
}

func (p Pages) carryForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showCarry(w, r, a, web.ReadForm(r))
}

func (p Pages) showCarry(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form) error {
	var v carryView
	var err error
	v.To, err = p.yearOf(f)
	f.Take(err)
	v.From = v.To - 1
	f.Set("annee", v.To.String())
	all, _ := p.years()
	for _, y := range all {
		v.Years = append(v.Years, web.Option{Value: y.String(), Label: y.String()})
	}
	counts, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]carried, error) { return carriable(rd, v.From, v.To) })
	if err != nil {
		return err
	}
	for _, c := range counts {
		if a.CanFor(Write, c.service) {
			v.Options = append(v.Options, web.Option{Value: string(c.activity), Label: c.name, Hint: c.words()})
		}
	}
	if len(v.Options) == 0 {
		if v.Why, err = p.whyNone(r, a, v); err != nil {
			return err
		}
	}
	page := web.Page{Title: "Reconduire les inscriptions", Nav: carryPath, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Reconduire les inscriptions"}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, carryPage(v, f))
}

// whyNone says why nobody can be carried over in the services of an agent.
func (p Pages) whyNone(r *http.Request, a actor.Actor, v carryView) (string, error) {
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]uncarried, error) { return notCarriable(rd, v.From, v.To) })
	var sum uncarried
	for _, u := range all {
		if a.CanFor(Write, u.service) {
			sum.enrolled, sum.done, sum.out = sum.enrolled+u.enrolled, sum.done+u.done, sum.out+u.out
		}
	}
	return sum.words(v.From, v.To), err
}

func (u uncarried) words(from, to civil.SchoolYear) string {
	june := "juin " + count(int(from)+1)
	switch {
	case u.enrolled == 0:
		return "Aucune inscription de vos services ne va jusqu’en " + june + "\u00a0: il n’y a rien à reprendre de " + from.String() + "."
	case u.out == 0:
		return "Tous les enfants inscrits en " + june + " le sont déjà pour " + to.String() + "."
	case u.done == 0:
		return "Les enfants inscrits en " + june + " ne sont plus dans une famille connue de la commune."
	}
	return "Les enfants inscrits en " + june + " le sont déjà pour " + to.String() + ", ou ne sont plus dans une famille connue de la commune."
}

func (p Pages) carry(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, now := web.ReadForm(r), p.Now()
	to, err := p.yearOf(f)
	chosen := f.All("activite")
	if err == nil && len(chosen) == 0 {
		err = fault.InvalidFields(fault.Field{Name: "activite", Sentence: "Choisissez au moins une activité."})
	}
	if f.Take(err) {
		return p.showCarry(w, r, a, f)
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		total := 0
		for _, id := range chosen {
			n, err := Carry(tx, now, a, activity.ID(id), to-1, to)
			if err != nil {
				return web.Done{}, err
			}
			total += n
		}
		return web.Done{Location: carryPath + "?annee=" + to.String(), Sentence: carriedSentence(total, to)}, nil
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
