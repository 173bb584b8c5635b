package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// counterView is what an agent adds to a check page: passing rules, for a reason that the family reads.
type counterView struct {
	Agent    bool
	Helpless bool // nothing can be done, even by passing rules or adding places
}

// Counter declares the pages of agents who book for a family.
func (p Pages) Counter(rt *web.Router) {
	rt.Get("/agents/familles/{id}/agenda", web.AgentWith(Write), web.Object("family"), p.counterAgenda)
	rt.Post("/agents/familles/{id}/agenda/verifier", web.AgentWith(Write), web.Object("family"), p.counterCheck)
	rt.Post("/agents/familles/{id}/agenda/confirmer", web.AgentWith(Write), web.Object("family"), p.counterConfirm)
	rt.Get("/agents/familles/{id}/agenda/verifier", web.AgentWith(Write), web.Object("family"), p.toCounter)
	rt.Get("/agents/familles/{id}/agenda/confirmer", web.AgentWith(Write), web.Object("family"), p.toCounter)
	rt.Get("/agents/reservations/{id}", web.AgentWith(Read), web.Object("confirmation"), p.counterProof)
}

// counterPath is the agenda of a family as agents change it.
func counterPath(id family.ID) string { return "/agents/familles/" + string(id) + "/agenda" }

// toCounter leads who reloads a page that only a form opens to the family's agenda.
func (p Pages) toCounter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := family.ID(r.PathValue("id"))
	if _, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (struct{}, error) { return struct{}{}, family.Readable(rd, a, id, Write) }); err != nil {
		return err
	}
	http.Redirect(w, r, counterPath(id), http.StatusSeeOther)
	return nil
}

func (p Pages) counterAgenda(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.counterShow(w, r, a, r.URL.Query(), nil)
}

func (p Pages) counterShow(w http.ResponseWriter, r *http.Request, a actor.Actor, q url.Values, asked map[Cell]activity.ChoiceID) error {
	now, id := p.Now(), family.ID(r.PathValue("id"))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (agendaView, error) {
		if err := family.Readable(rd, a, id, Write); err != nil {
			return agendaView{}, err
		}
		children, err := family.ChildrenOf(rd, id)
		if err != nil {
			return agendaView{}, err
		}
		s := askedFor(counterPath(id), q, civil.DateOf(now), false)
		g, err := p.read(rd, now, children, s.days(), true)
		if err != nil {
			return agendaView{}, err
		}
		g.form, g.asked, g.scene.Overrule, g.scene.anyHome = !s.paper, asked, true, true
		g.scene.only(func(act *activity.Activity) bool { return a.CanFor(Write, string(act.Service)) })
		return g.counterView(id, s), nil
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, id); err != nil {
		return err
	}
	return web.Render(w, r, counterPage("Agenda de la famille", id, "Agenda"), agendaPage(v))
}

// only keeps the activities that an agent may change.
func (s *Scene) only(may func(*activity.Activity) bool) {
	drop := func(id activity.ID) bool {
		a, known := s.Catalogue.Activity(id)
		return !known || !may(a)
	}
	for c := range s.held {
		if drop(c.Activity) {
			delete(s.held, c)
		}
	}
	for key := range s.enrolled {
		if drop(key.activity) {
			delete(s.enrolled, key)
		}
	}
}

// counterView lays out the agenda of a family for an agent.
func (g agenda) counterView(id family.ID, s shown) agendaView {
	v := g.view(s)
	v.Agent = true
	if v.Form.Action != "" {
		v.Form.Action = counterPath(id) + "/verifier"
	}
	if v.Table != nil {
		for i := range v.Table.Children {
			v.Table.Children[i].Link = web.Link{} // the family's page
		}
	}
	return v
}

func counterPage(title string, id family.ID, last string) web.Page {
	return web.Page{Title: title, Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(id)}, {Label: last}}}
}

// counterForm reads a form for a family that the agent may book for.
func (p Pages) counterForm(r *http.Request, a actor.Actor) ([]Wish, error) {
	_, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (struct{}, error) {
		return struct{}{}, family.Readable(rd, a, family.ID(r.PathValue("id")), Write)
	})
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, errForm()
	}
	return readWishes(r.PostForm)
}

func (p Pages) counterCheck(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	wishes, err := p.counterForm(r, a)
	if err != nil {
		return err
	}
	if r.PostForm.Get("action") == "modifier" {
		back, err := url.Parse(r.PostForm.Get("retour"))
		if err != nil {
			return errForm()
		}
		asked := map[Cell]activity.ChoiceID{}
		for _, x := range wishes {
			asked[x.Cell] = x.Want
		}
		return p.counterShow(w, r, a, back.Query(), asked)
	}
	return p.counterPreview(w, r, a, wishes, web.ReadForm(r), 0)
}

// counterPreview shows what would be done, and what would be once rules are passed.
func (p Pages) counterPreview(w http.ResponseWriter, r *http.Request, a actor.Actor, wishes []Wish, f *web.Form, status int) error {
	now, id := p.Now(), family.ID(r.PathValue("id"))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (checkView, error) {
		if err := family.Readable(rd, a, id, Write); err != nil {
			return checkView{}, err
		}
		all, s, err := p.preview(rd, a, Order{Family: id, Wishes: wishes})
		if err != nil {
			return checkView{}, err
		}
		v := viewOf(s, all, civil.DateOf(now))
		if len(v.Done) > 0 {
			return v, nil
		}
		v.Counter.Helpless, err = p.helpless(rd, a, Order{Family: id, Wishes: wishes, Overrule: true, AddPlace: true, Reason: "oui"})
		return v, err
	})
	if err != nil {
		return err
	}
	return p.counterRender(w, r, wishes, v, f, status)
}

// helpless tells that an order does nothing, whatever the agent decides.
func (p Pages) helpless(r db.Reader, a actor.Actor, o Order) (bool, error) {
	all, _, err := p.preview(r, a, o)
	return !slices.ContainsFunc(all, Decision.does), err
}

// counterRender shows the check page to the agent, who keeps what was ticked.
func (p Pages) counterRender(w http.ResponseWriter, r *http.Request, wishes []Wish, v checkView, f *web.Form, status int) error {
	id := family.ID(r.PathValue("id"))
	v.Back, v.Confirm, v.Form, v.Counter.Agent = counterPath(id), counterPath(id)+"/confirmer", f, true
	if rest := r.PostForm.Get("retour"); strings.HasPrefix(rest, counterPath(id)+"?") {
		v.Back = rest
	}
	v.Fields = sent(r.PostForm, wishes)
	for i, x := range v.Fields {
		if x.name == "retour" {
			v.Fields[i].value = v.Back
		}
	}
	page := counterPage("Vérifiez avant d’enregistrer", id, "Vérification")
	page.Status = status
	return web.Render(w, r, page, checkPage(v))
}

func (p Pages) counterConfirm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	wishes, err := p.counterForm(r, a)
	if err != nil {
		return err
	}
	now, id, f := p.Now(), family.ID(r.PathValue("id")), web.ReadForm(r)
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	o := Order{Family: id, Wishes: wishes, Overrule: f.Bool("passer"), AddPlace: f.Bool("ajouter"), Reason: f.Text("motif")}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if err := family.Readable(tx, a, id, Write); err != nil {
			return web.Done{}, err
		}
		out, err := Apply(tx, now, a, cat, o)
		if err != nil {
			return web.Done{}, err
		}
		if out.Done() == 0 {
			return web.Done{}, nothingDone{out}
		}
		told, err := toldWords(tx, id, civil.DateOf(now), out.Reference)
		return web.Done{Location: "/agents/reservations/" + out.Reference, Sentence: doneSentence(out) + " " + told}, err
	})
	if nothing, is := asNothing(err); is {
		s := &Scene{Catalogue: cat, Now: now, kids: nothing.kids()}
		v := viewOf(s, nothing.out.Lines, civil.DateOf(now))
		v.Problem, v.Full = "Rien n’a été enregistré", 0
		return p.counterRender(w, r, wishes, v, f, http.StatusConflict)
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.counterPreview(w, r, a, wishes, f, http.StatusUnprocessableEntity)
	}
	return err
}

// counterProof is a confirmation as an agent of the family's services reads it.
func (p Pages) counterProof(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	c, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Confirmation, error) {
		var of family.ID // the first line's: an order of two families has two readers
		c, err := readConfirmation(rd, cat, r.PathValue("id"), func(x Proof) bool {
			act, known := cat.Activity(x.Activity)
			if !known || !a.CanFor(Read, string(act.Service)) {
				return false
			}
			if of == "" {
				of = x.Family
			}
			return x.Family == of
		})
		if err != nil {
			return c, err
		}
		return c, family.Readable(rd, a, c.Family, Read)
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, c.Family); err != nil {
		return err
	}
	v := c.view(cat, now.Location(), civil.DateOf(now))
	v.Agendas = nil
	if a.Can(Write) {
		v.Agendas = []web.Link{{Href: counterPath(c.Family) + "?semaine=" + c.Lines[0].Day.Monday().String(), Label: "Agenda de la famille"}}
	}
	return web.Render(w, r, counterPage("Réservations "+c.Reference, c.Family, c.Reference), confirmationPage(v))
}
