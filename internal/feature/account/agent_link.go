package account

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// InviteOnScreen is Invite for an agent without an e-mail address: it returns the link's path, for an administrator to
// hand over. It is kept nowhere in clear; asked again, it is another link and the first one dies.
func InviteOnScreen(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, id ID) (string, error) {
	acc, err := managed(tx, a, id)
	if err != nil {
		return "", err
	}
	if acc.Email != "" {
		return "", fault.New(fault.Refused, "Ce compte a une adresse e-mail : le lien y est envoyé, personne d’autre ne le lit.")
	}
	if err := endAccess(tx, now, acc); err != nil {
		return "", err
	}
	token, err := newToken(tx, now, key, acc.ID, "invitation", invitationFor)
	if err != nil {
		return "", err
	}
	return invitationPath(key, token), audit.Write(tx, now, a, audit.Entry{Action: "account.agent.link_shown", Object: "account",
		ID: string(id), Subject: string(acc.Person)})
}

// endAccess ends all that lets an agent in, before a new link: password, second factor, passkeys and sessions.
func endAccess(tx *db.Tx, now time.Time, acc Account) error {
	if acc.State != Active {
		return fault.New(fault.Refused, "Ce compte est désactivé. Réactivez-le d’abord.")
	}
	if acc.HasTOTP() {
		if err := keepAnAdministrator(tx, acc.ID); err != nil {
			return err
		}
	}
	if err := dropTOTP(tx, now, acc.ID); err != nil {
		return err
	}
	if err := dropPasskeys(tx, acc.ID); err != nil {
		return err
	}
	if err := setHash(tx, now, acc.ID, ""); err != nil {
		return err
	}
	_, err := endSessions(tx, acc.ID, "")
	return err
}

var showing = weighty{path: "lien", title: "Afficher un nouveau lien ?", button: "Afficher un nouveau lien", consequences: []string{
	"L’ancien mot de passe, l’application de codes, les clés d’accès et les sessions cessent aussitôt.",
	"Un lien valable 24 heures s’affiche une seule fois : remettez-le vous-même à l’agent, en main propre.",
	"Le journal garde qui l’a affiché, et quand.",
}}

// handOver shows the link once, in the answer itself: no address leads back to it.
func (p Pages) handOver(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := ID(r.PathValue("id"))
	view, err := p.readAgents(r, id)
	if err != nil {
		return err
	}
	if len(view.agents) == 0 {
		return fault.Missing("agent")
	}
	now := p.Now()
	path, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (string, error) { return InviteOnScreen(tx, now, a, p.Key, id) })
	if err != nil {
		return err
	}
	link := path
	if p.Base != nil {
		link = p.Base.JoinPath(path).String()
	}
	one := view.agents[0]
	back := "/agents/comptes/" + string(id)
	return web.Render(w, r, web.Page{Title: "Lien d’accès", Caption: one.Name(), Nav: "/agents/comptes", Crumbs: agentCrumbs(
		web.Crumb{Label: "Comptes des agents", Href: "/agents/comptes"}, web.Crumb{Label: one.Name(), Href: back}, web.Crumb{Label: "Lien d’accès"})},
		shownLinkPage(one, link, civil.Stamp(now.Add(invitationFor)), back))
}
