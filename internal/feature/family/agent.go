package family

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"

	"github.com/a-h/templ"
)

// Agent declares the agents' pages: the queue of members and the family file.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/membres", web.AgentWith(MemberApprove), web.NoObject, p.queue)
	rt.Get("/agents/membres/{id}", web.AgentWith(MemberApprove), web.Object("family_member"), p.member)
	rt.Post("/agents/membres/{id}/decision", web.AgentWith(MemberApprove), web.Object("family_member"), p.decide)
	rt.Get("/agents/familles/{id}", web.AgentWith(FileRead), web.Object("family"), p.file)
	rt.Post("/agents/familles/{id}/sante", web.AgentWith(HealthRead), web.Object("family"), p.health)
	rt.Post("/agents/familles/{id}/restrictions", web.AgentWith(RestrictSet), web.Object("family"), p.restrict)
	rt.Post("/agents/restrictions/{id}/levee", web.AgentWith(RestrictSet), web.Object("restriction"), p.lift)
	p.counter(rt)
}

// Queues is what waits for agents.
func (p Pages) Queues() []web.Queue {
	return []web.Queue{{Label: "Membres de famille à vérifier", Href: "/agents/membres", Right: MemberApprove,
		Icon: "users", Detail: "contacts et membres demandés par les familles",
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			all, err := pendingFor(r, a)
			if err != nil || len(all) == 0 {
				return 0, 0, err
			}
			return len(all), all[0].AskedAt, nil
		}}}
}

const queueLimit = 200

// pendingFor lists what waits for this agent, oldest first.
func pendingFor(r db.Reader, a actor.Actor) ([]asked, error) {
	all, err := pending(r, queueLimit)
	if err != nil {
		return nil, err
	}
	var mine []asked
	for _, m := range all {
		if mayApprove(a, m.Service) {
			mine = append(mine, m)
		}
	}
	return mine, nil
}

func (p Pages) queue(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]asked, error) { return pendingFor(rd, a) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Membres de famille à vérifier", Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Membres à vérifier"}}}
	return web.Render(w, r, page, queuePage(all, p.Now().Location()))
}

func (p Pages) member(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showMember(w, r, a, web.NewForm())
}

func (p Pages) showMember(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form) error {
	var likely templ.Component
	m, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (asked, error) {
		m, err := memberByID(rd, MemberID(r.PathValue("id")))
		if err != nil {
			return m, err
		}
		if !mayApprove(a, m.Service) {
			return m, fault.Missing("family member")
		}
		if m.State == Pending && p.Namesakes != nil {
			likely, err = p.Namesakes(rd, p.Now(), m.Family, m.Person)
		}
		return m, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: m.full(), Caption: "Demande de " + m.asker(), Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Membres à vérifier", Href: "/agents/membres"}, {Label: m.full()}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, memberPage(f, m, p.Now().Location(), a.Can(FileRead), likely))
}

func (p Pages) decide(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	d := Decision{Approve: f.Text("decision") == "accepter", Reason: f.Text("motif")}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		sentence := "La demande est refusée. La famille est prévenue par e-mail."
		if d.Approve {
			sentence = "La personne fait partie de la famille. La famille est prévenue par e-mail."
		}
		return web.Done{Location: "/agents/membres", Sentence: sentence}, Decide(tx, p.Now(), a, MemberID(r.PathValue("id")), d)
	})
	if err != nil && f.Take(err) {
		return p.showMember(w, r, a, f)
	}
	return err
}

func (p Pages) restrict(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(r), ID(r.PathValue("id"))
	x := Restriction{Person: person.ID(f.Text("adulte")), Child: ChildID(f.Text("enfant")), Reference: f.Line("reference")}
	x.DecidedOn, _ = civil.ParseFrench(f.Line("decision")) // the zero date is told by the verb
	x.From, _ = civil.ParseFrench(f.Line("debut"))         // empty: from today
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if err := inFile(tx, a, id, x); err != nil {
			return web.Done{}, err
		}
		_, err := Restrict(tx, p.Now(), a, x)
		return web.Done{Location: "/agents/familles/" + string(id), Sentence: "La restriction est en vigueur."}, err
	})
	if err != nil && f.Take(err) {
		return p.showFile(w, r, a, f, nil)
	}
	return err
}

func (p Pages) lift(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		family, err := familyOfRestriction(tx, r.PathValue("id"))
		if err != nil {
			return web.Done{}, err
		}
		return web.Done{Location: "/agents/familles/" + string(family), Sentence: "La restriction est levée."},
			Lift(tx, p.Now(), a, r.PathValue("id"))
	})
}
