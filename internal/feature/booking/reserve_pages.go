package booking

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

const reservePath = "/espace/reserver"

func (p Pages) reserving(rt *web.Router) {
	rt.Get(reservePath, web.Activated, web.NoObject, p.typicalWeek)
	rt.Get(reservePath+"/{id}", web.Activated, web.Object("activity"), p.oneActivity)
	rt.Post(reservePath+"/verifier", web.Activated, web.NoObject, p.reserveCheck)
	rt.Post(reservePath+"/confirmer", web.Activated, web.NoObject, p.reserveConfirm)
	rt.Post(reservePath+"/pas-besoin", web.Activated, web.NoObject, p.noNeed)
	rt.Get("/espace/reservations/{id}/annuler", web.Activated, web.Object("confirmation"), p.undoCheck)
	rt.Post("/espace/reservations/{id}/annuler", web.Activated, web.Object("confirmation"), p.undo)
}

func (p Pages) typicalWeek(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showReserve(w, r, a, "", nil, nil)
}

func (p Pages) oneActivity(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showReserve(w, r, a, activity.ID(r.PathValue("id")), nil, nil)
}

// showReserve shows the form of an activity, or of all; f is what was sent, nil for a new form; sent its fields.
func (p Pages) showReserve(w http.ResponseWriter, r *http.Request, a actor.Actor, id activity.ID, f *web.Form, sent url.Values) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (reserveView, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return reserveView{}, err
		}
		v, err := p.reserveView(rd, a, children, id, sent)
		if err != nil {
			return v, err
		}
		if p.Openings != nil {
			if v.Openings, err = p.Openings(rd, now, a, v.openings); err != nil {
				return v, err
			}
		}
		v.Services, err = desks(rd, a, now, settings)
		return v, err
	})
	if err != nil {
		return err
	}
	v.Form = f
	page := web.Page{Title: "Réserver\u00a0: la semaine type", Wide: true, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: "Réserver"}}}
	if v.Activity != nil {
		page.Title, page.Wide = "Réserver\u00a0: "+v.Activity.Name, false
		page.Crumbs[2] = web.Crumb{Label: "Réserver", Href: reservePath}
		page.Crumbs = append(page.Crumbs, web.Crumb{Label: v.Activity.Name})
	}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, reservePage(v))
}

// ofForm is the activity of a form of one activity, "" for the typical week.
func ofForm(form url.Values) activity.ID {
	if kind := form.Get("forme"); kind != formOne && kind != formWeeks {
		return ""
	}
	n, err := readNames(form)
	if err != nil {
		return ""
	}
	for _, a := range n.activities {
		if a.id != "" {
			return a.id
		}
	}
	return ""
}

// reserveCheck shows what a recipe comes to and writes nothing. Its other buttons show the form again: with all days
// ticked, with a week copied to another child, or as it was.
func (p Pages) reserveCheck(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return errForm()
	}
	form, now := r.PostForm, p.Now()
	action := form.Get("action")
	if action == "modifier" || action == "tous" || strings.HasPrefix(action, "recopier.") {
		return p.reserveAgain(w, r, a, action)
	}
	f := web.ReadForm(r)
	recipe, err := readRecipe(f, form, civil.DateOf(now))
	if err == nil {
		var v proposalView
		if v, err = p.checkRecipe(r, a, recipe); err == nil {
			return p.renderProposal(w, r, v, form, f)
		}
	}
	if f.Take(err) {
		if _, bad := readNames(form); bad != nil || ofForm(form) == "" && form.Get("forme") != formWeek {
			return err
		}
		return p.showReserve(w, r, a, ofForm(form), f, form)
	}
	return err
}

// reserveAgain shows the form again, changed as its button says.
func (p Pages) reserveAgain(w http.ResponseWriter, r *http.Request, a actor.Actor, action string) error {
	form := r.PostForm
	n, err := readNames(form)
	if err != nil {
		return err
	}
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	if action == "tous" {
		act, known := cat.Activity(ofForm(form))
		if !known {
			return fault.Missing("activity")
		}
		fillAll(form, act)
	}
	if which, copying := strings.CutPrefix(action, "recopier."); copying {
		allowed, err := p.mayReserve(r, a)
		if err != nil {
			return err
		}
		if err := n.copyWeek(form, which, allowed); err != nil {
			return err
		}
	}
	return p.showReserve(w, r, a, ofForm(form), web.ReadForm(r), form)
}

// mayReserve tells which children may be booked for which activities, for a typical week to be copied.
func (p Pages) mayReserve(r *http.Request, a actor.Actor) (func(childActivity) bool, error) {
	now := p.Now()
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (func(childActivity) bool, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return nil, err
		}
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return nil, err
		}
		s := &Scene{Catalogue: cat, Now: now}
		if err := readHabits(rd, s, children, civil.DateOf(now)); err != nil {
			return nil, err
		}
		return func(of childActivity) bool {
			act, known := cat.Activity(of.activity)
			c, err := oneOf(children, of.child)
			return known && err == nil && s.notFor(c, act, openPeriods(act, civil.DateOf(now)), civil.DateOf(now)) == ""
		}, nil
	})
}

// wishes are the cells of a recipe of the actor's children.
func (p Pages) wishes(rd db.Reader, a actor.Actor, recipe Recipe) ([]Wish, error) {
	children, err := family.Children(rd, a, civil.DateOf(p.Now()))
	if err != nil {
		return nil, err
	}
	cat, err := p.Catalogue.In(rd, p.Now())
	if err != nil {
		return nil, err
	}
	if err := recipe.check(children, cat); err != nil {
		return nil, err
	}
	return recipe.Wishes(rd.Context())
}

func (p Pages) checkRecipe(r *http.Request, a actor.Actor, recipe Recipe) (proposalView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (proposalView, error) {
		wishes, err := p.wishes(rd, a, recipe)
		if err != nil {
			return proposalView{}, err
		}
		x, err := p.propose(rd, a, wishes, recipe.named())
		if err != nil {
			return proposalView{}, err
		}
		v := x.view(recipe, civil.DateOf(p.Now()))
		v.Fields = []field{{"montre", x.shown}}
		return v, nil
	})
}

func (p Pages) renderProposal(w http.ResponseWriter, r *http.Request, v proposalView, form url.Values, f *web.Form) error {
	v.Form, v.Action = f, reservePath+"/confirmer"
	v.Fields = append(v.Fields, recipeFields(form)...)
	v.Back = web.Link{Href: reservePath, Label: "Réserver"}
	if id := ofForm(form); id != "" {
		v.Back.Href = reserveHref(id)
	}
	return p.showProposal(w, r, v)
}

func (p Pages) showProposal(w http.ResponseWriter, r *http.Request, v proposalView) error {
	page := web.Page{Title: "Vérifiez avant de confirmer", Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, v.crumb(), {Label: "Vérification"}}}
	switch {
	case v.Problem != "":
		page.Status = http.StatusConflict
	case v.Form.Failed():
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, proposalPage(v))
}

func (v proposalView) crumb() web.Crumb { return web.Crumb{Label: v.Back.Label, Href: v.Back.Href} }

// reserveConfirm does what the check page showed: one order, one reference, one mail a head of family.
func (p Pages) reserveConfirm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return errForm()
	}
	f, now := web.ReadForm(r), p.Now()
	recipe, err := readRecipe(f, r.PostForm, civil.DateOf(now))
	if err != nil {
		return err
	}
	wishes, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]Wish, error) { return p.wishes(rd, a, recipe) })
	if err != nil {
		return err
	}
	err = p.submitShown(w, r, a, wishes, r.PostForm.Get("montre"), f)
	problem := problemOf(err)
	if problem == "" && !wrongNote(f, err) {
		return err
	}
	v, err := p.checkRecipe(r, a, recipe)
	if err != nil {
		return err
	}
	v.Problem = problem
	return p.renderProposal(w, r, v, r.PostForm, f)
}

// problemOf is why nothing of an order was written and the check page is shown again, "" for another error or none.
func problemOf(err error) string {
	if _, nothing := asNothing(err); nothing {
		return "Rien n’a été enregistré\u00a0: ces jours ont changé pendant que vous regardiez la page."
	}
	if errors.Is(err, errDearer) {
		return fault.SentenceOf(err)
	}
	return ""
}

// wrongNote takes what is wrong with the word to the service into the form, false for another error or none.
func wrongNote(f *web.Form, err error) bool {
	return len(fault.FieldsOf(err)) > 0 && f.Take(err)
}

// submitShown confirms once what a page showed of some wishes.
func (p Pages) submitShown(w http.ResponseWriter, r *http.Request, a actor.Actor, wishes []Wish, shown string, f *web.Form) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		out, err := confirm(tx, now, a, cat, wishes, shown, Order{Note: f.Text("mot"), Barred: p.Barred})
		if err != nil {
			return web.Done{}, err
		}
		if out.Done() == 0 {
			return web.Done{}, nothingDone{out}
		}
		return web.Done{Location: "/espace/reservations/" + out.Reference, Sentence: doneSentence(out)}, nil
	})
}
