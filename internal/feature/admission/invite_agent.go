package admission

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

const heldPath = "/agents/invitations"

// Agent declares the agents' pages of invitations.
func (p Invites) Agent(rt *web.Router) {
	rt.Get(heldPath, web.AgentWith(family.FileWrite), web.NoObject, p.held)
	rt.Get("/agents/familles/{id}/inviter", web.AgentWith(family.FileWrite), web.Object("family"), p.agentForm)
	rt.Post("/agents/familles/{id}/inviter", web.AgentWith(family.FileWrite), web.Object("family"), p.agentInvite)
	rt.Post(heldPath+"/{id}/renvoi", web.AgentWith(family.FileWrite), inviteObject, p.resend)
	rt.Post(heldPath+"/{id}/retrait", web.AgentWith(family.FileWrite), inviteObject, p.revoke)
}

// Queue is the invitations that wait for an agent's look.
func (p Invites) Queue() web.Queue {
	return web.Queue{Label: "Invitations à vérifier", Href: heldPath, Right: family.FileWrite, Icon: "users",
		Detail: "co-représentants sous restriction, invités par un titulaire",
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			all, err := heldFor(r, a)
			if err != nil || len(all) == 0 {
				return 0, 0, err
			}
			return len(all), all[0].CreatedAt, nil
		}}
}

// heldFor lists what waits for this agent, oldest first.
func heldFor(r db.Reader, a actor.Actor) ([]Invite, error) {
	all, err := heldInvites(r)
	var mine []Invite
	for _, v := range all {
		if a.CanFor(family.FileWrite, actor.AllServices) || v.Service != "" && a.CanFor(family.FileWrite, string(v.Service)) {
			mine = append(mine, v)
		}
	}
	return mine, err
}

func (p Invites) held(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]Invite, error) { return heldFor(rd, a) })
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Invitations à vérifier", Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Invitations à vérifier"}}}, heldPage(all, p.Now().Location()))
}

// Panel is the section of the agents' family file about invitations.
func (p Invites) Panel() web.Panel {
	return web.Panel{Order: 5, Title: "Invitations", Right: family.FileRead, Render: func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error) {
		all, err := InvitesOf(r, family.ID(id))
		if err != nil {
			return nil, err
		}
		may := false
		if a.Can(family.FileWrite) {
			may = family.Readable(r, a, family.ID(id), family.FileWrite) == nil
		}
		lines := make([]inviteLine, len(all))
		for i, v := range all {
			lines[i] = line(v, now, a, may)
		}
		href := ""
		if may {
			href = "/agents/familles/" + id + "/inviter"
		}
		return invitePanel(lines, href), nil
	}}
}

func (p Invites) agentForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showAgentForm(w, r, a, web.NewForm(), http.StatusOK)
}

func (p Invites) showAgentForm(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	id := family.ID(r.PathValue("id"))
	file := "/agents/familles/" + string(id)
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (inviteForm, error) {
		if err := family.Readable(rd, a, id, family.FileWrite); err != nil {
			return inviteForm{}, err
		}
		return inviteForm{family: id, action: file + "/inviter", back: file, agent: true}.fill(rd, now)
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, now, a, id); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Inviter le co-représentant", Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: file}, {Label: "Inviter"}}}, invitePage(f, v))
}

func (p Invites) agentInvite(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(r), family.ID(r.PathValue("id"))
	x := wish(f, id)
	x.Service = ""
	err := p.send(w, r, a, x, "/agents/familles/"+string(id))
	if err != nil && f.Take(err) {
		return p.showAgentForm(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}
