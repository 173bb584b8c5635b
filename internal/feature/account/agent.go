package account

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

const agentCodePath = "/agents/double-authentification"

// Agent declares the agents' sign-in and the pages of their accounts.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/connexion", web.Visitor, web.NoObject, p.agentSignIn)
	rt.Post("/agents/connexion", web.Visitor, web.NoObject, p.agentEnter)
	rt.Get(agentCodePath, web.AgentHalf, web.NoObject, p.agentCode)
	rt.Post(agentCodePath, web.AgentHalf, web.NoObject, p.giveAgentCode)
	rt.Post("/agents/deconnexion", web.Visitor, web.NoObject, p.signOut)
	rt.Get("/agents/invitation/{jeton}", web.Visitor, "agent-link", p.invitation)
	rt.Post("/agents/invitation/{jeton}", web.Visitor, "agent-link", p.enrol)
	rt.Get("/agents/identifiants", web.Agent, web.NoObject, p.credentials)
	rt.Post("/agents/identifiants", web.Agent, web.NoObject, p.saveCredentials)
	rt.Post("/agents/identifiants/sessions/fin", web.Agent, web.NoObject, p.endOthers)
	rt.Post("/agents/identifiants/sessions/{id}/fin", web.Agent, "session", p.endSession)
	rt.Get("/agents/identifiants/codes-de-secours", web.Agent, web.NoObject, p.codes)
	p.agentPasskeys(rt)
	rt.Get("/agents/comptes", web.AgentWith(Manage), web.NoObject, p.agents)
	rt.Get("/agents/comptes/nouveau", web.AgentWith(Manage), web.NoObject, p.newAgent)
	rt.Post("/agents/comptes/nouveau", web.AgentWith(Manage), web.NoObject, p.addAgent)
	rt.Get("/agents/comptes/{id}", web.AgentWith(Manage), "agent", p.agent)
	rt.Post("/agents/comptes/{id}/roles", web.AgentWith(Manage), "agent", p.setRoles)
	rt.Get("/agents/comptes/{id}/desactivation", web.AgentWith(Manage), "agent", p.confirm(suspending))
	rt.Post("/agents/comptes/{id}/desactivation", web.AgentWith(Manage), "agent", p.act("Le compte est désactivé.", Suspend))
	rt.Post("/agents/comptes/{id}/reactivation", web.AgentWith(Manage), "agent", p.act("Le compte est réactivé.", Reopen))
	rt.Get("/agents/comptes/{id}/invitation", web.AgentWith(Manage), "agent", p.confirm(reinviting))
	rt.Post("/agents/comptes/{id}/invitation", web.AgentWith(Manage), "agent", p.act("Un nouveau lien part par e-mail.", p.invite))
	rt.Get("/agents/comptes/{id}/lien", web.AgentWith(Manage), "agent", p.confirm(showing))
	rt.Post("/agents/comptes/{id}/lien", web.AgentWith(Manage), "agent", p.handOver)
	p.outside(rt, ProConnect)
}

func (p Pages) agentSignIn(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.Kind == actor.Agent && a.Second {
		return web.AfterSignIn(w, r, "/agents")
	}
	return p.AgentSignInPage(w, r, a)
}

// AgentSignInPage shows the agents' sign-in form; it is web.Config's AgentSignIn.
func (p Pages) AgentSignInPage(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showAgentSignIn(w, r, nil, http.StatusOK)
}

func (p Pages) showAgentSignIn(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	return web.Render(w, r, web.Page{Status: status, Title: "Connexion des agents"}, agentSignInPage(f, web.Kept(r), p.outsideButton(r, ProConnect)))
}

func (p Pages) agentEnter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	t := attempt(r, a, f, Agent)
	if t.Name == "" {
		f.Fail("identifiant", "Indiquez votre identifiant.")
	}
	if t.Password == "" {
		f.Fail("mot_de_passe", "Indiquez votre mot de passe.")
	}
	if f.Failed() {
		return p.showAgentSignIn(w, r, f, http.StatusUnprocessableEntity)
	}
	opened, err := p.SignIn(r.Context(), t)
	if err != nil {
		status, shown := failedStatus(w, f, err)
		if !shown {
			return err
		}
		return p.showAgentSignIn(w, r, f, status)
	}
	setSession(w, r, opened)
	return web.Render(w, r, web.Page{Title: "Code de connexion"}, codePage(nil, agentCodePath, web.Kept(r)))
}

func (p Pages) agentCode(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.Second {
		return web.SeeOther(w, "/agents")
	}
	return web.Render(w, r, web.Page{Title: "Code de connexion"}, codePage(nil, agentCodePath, web.Kept(r)))
}

func (p Pages) giveAgentCode(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.Second {
		return web.SeeOther(w, "/agents")
	}
	f := web.ReadForm(r)
	opened, err := p.GiveCode(r.Context(), f.Line("code"), browserOf(r, a))
	if err != nil {
		status, shown := failedStatus(w, f, err)
		if !shown {
			return err
		}
		return web.Render(w, r, web.Page{Status: status, Title: "Code de connexion"},
			codePage(f, agentCodePath, web.Kept(r)))
	}
	setSession(w, r, opened)
	return web.AfterSignIn(w, r, "/agents")
}

// invitationView is what an invited agent sets.
type invitationView struct {
	path, username string
	rule           PasswordRule
	second         secondView
}

func (p Pages) invitation(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showInvitation(w, r, nil, http.StatusOK)
}

func (p Pages) showInvitation(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	type found struct {
		acc   Account
		token string
	}
	link, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (found, error) {
		acc, t, err := byLink(rd, p.Now(), "invitation", r.PathValue("jeton"))
		return found{acc, t.id}, err
	})
	if fault.KindOf(err) == fault.Refused || fault.KindOf(err) == fault.NotFound {
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Ce lien ne fonctionne plus"}, deadInvitationPage())
	}
	if err != nil {
		return err
	}
	second, err := p.offered(r, enrolment(p.Key, link.token), link.acc.Username)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Ouvrez votre accès", Caption: "Espace agents"}, enrolmentPage(f,
		invitationView{path: r.URL.Path, username: link.acc.Username, rule: RuleFor(Agent), second: second}))
}

func (p Pages) enrol(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	acc, err := p.ofLink(r, "invitation")
	if err != nil {
		return p.showInvitation(w, r, f, http.StatusConflict)
	}
	hash, err := p.newHash(r.Context(), acc, f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			opened, err := p.Enrol(tx, r.PathValue("jeton"), hash, f.Line("code"), browserOf(r, a))
			return web.Done{Location: "/agents/identifiants/codes-de-secours", Sentence: "Votre accès est ouvert.",
				After: func(w http.ResponseWriter) { setSession(w, r, opened) }}, err
		})
	}
	if err == nil {
		return nil
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showInvitation(w, r, f, status)
}

// agentsView lists the agents, or one of them with what can be changed.
type agentsView struct {
	agents   []AgentRow
	services []town.Service
	zone     *time.Location
}

// roleWords is "Instruction (Enfance)" for each role held.
func (v agentsView) roleWords(a AgentRow) []string {
	words := make([]string, len(a.Roles))
	for i, h := range a.Roles {
		words[i] = h.Role.Label()
		for _, s := range v.services {
			if s.ID == h.Service {
				words[i] += " (" + s.Name + ")"
			}
		}
	}
	return words
}

func (v agentsView) lastSignIn(a AgentRow) string {
	if a.SignedInAt == 0 {
		return "Jamais"
	}
	return civil.Stamp(a.SignedInAt.In(v.zone))
}

// rows are the cells of the list.
func (v agentsView) rows() [][]templ.Component {
	var rows [][]templ.Component
	for _, a := range v.agents {
		rows = append(rows, []templ.Component{agentName(a), web.Text(a.Username), lines(v.roleWords(a)), web.Text(v.lastSignIn(a)),
			stateTag(a.mark())})
	}
	return rows
}

// mark is an agent's state in a word.
func (a AgentRow) mark() web.Mark {
	switch {
	case a.State != Active:
		return web.Mark{Tone: web.Neutral, Icon: "x", Word: a.State.Label()}
	case !a.HasTOTP():
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Lien à ouvrir"}
	}
	return web.Mark{Tone: web.OK, Icon: "check", Word: "Actif"}
}

func (p Pages) readAgents(r *http.Request, id ID) (agentsView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (agentsView, error) {
		v := agentsView{zone: p.Now().Location()}
		var err error
		if v.agents, err = Agents(rd, id); err != nil {
			return v, err
		}
		v.services, err = town.Services(rd)
		return v, err
	})
}

func agentCrumbs(more ...web.Crumb) []web.Crumb {
	return append([]web.Crumb{{Label: "Accueil", Href: "/agents"}}, more...)
}

func (p Pages) agents(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	view, err := p.readAgents(r, "")
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Comptes des agents", Wide: true, Crumbs: agentCrumbs(web.Crumb{Label: "Comptes des agents"})}, agentsPage(view))
}

func (p Pages) newAgent(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showNewAgent(w, r, nil, http.StatusOK)
}

func (p Pages) showNewAgent(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	view, err := p.readAgents(r, "")
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Ajouter un agent", Crumbs: agentCrumbs(
		web.Crumb{Label: "Comptes des agents", Href: "/agents/comptes"}, web.Crumb{Label: "Ajouter un agent"})}, newAgentPage(f, view))
}

// heldOf reads the ticked services under each role.
func heldOf(f *web.Form) []Held {
	var held []Held
	for _, role := range Roles() {
		for _, service := range f.All(roleField(role)) {
			held = append(held, Held{Role: role, Service: town.ServiceID(service)})
		}
	}
	return held
}

func roleField(r Role) string { return "role_" + string(r) }

// roleChoice is the question « for which services » of one role.
func (v agentsView) roleChoice(role Role, held []Held) web.Choice {
	c := web.Choice{Name: roleField(role), Label: role.Label(), Inline: true,
		Options: []web.Option{{Value: actor.AllServices, Label: "Tous les services"}}}
	for _, s := range v.services {
		if role != Administrateur {
			c.Options = append(c.Options, web.Option{Value: string(s.ID), Label: s.Name})
		}
	}
	for _, h := range held {
		if h.Role == role {
			c.Values = append(c.Values, string(h.Service))
		}
	}
	return c
}

func (p Pages) addAgent(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	if f.Line("courriel") == "" {
		f.Fail("courriel", "Indiquez l’adresse e-mail de l’agent : le lien y est envoyé.")
		return p.showNewAgent(w, r, f, http.StatusUnprocessableEntity)
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		id, _, err := AddAgent(tx, p.Now(), a, p.Key, NewAgent{LastName: f.Line("nom"), FirstNames: f.Line("prenom"),
			Email: f.Line("courriel"), Username: f.Line("identifiant"), Roles: heldOf(f)})
		if err != nil {
			return web.Done{}, err
		}
		return web.Done{Location: "/agents/comptes/" + string(id), Sentence: "Le compte est créé. Le lien part par e-mail."},
			sendFirst(tx, p.Now(), p.Key, id)
	})
	if f.Take(err) {
		return p.showNewAgent(w, r, f, http.StatusUnprocessableEntity)
	}
	return err
}

func (p Pages) agent(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showAgent(w, r, a, nil, http.StatusOK)
}

func (p Pages) showAgent(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	view, err := p.readAgents(r, ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if len(view.agents) == 0 {
		return fault.Missing("agent")
	}
	one := view.agents[0]
	panels, err := p.readPanels(r.Context(), a, one.ID)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: one.Name(), Crumbs: agentCrumbs(
		web.Crumb{Label: "Comptes des agents", Href: "/agents/comptes"}, web.Crumb{Label: one.Name()})},
		templ.Join(agentPage(f, view, one, string(one.ID) == a.Account), panelSections(panels)))
}

func (p Pages) setRoles(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := ID(r.PathValue("id"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/agents/comptes/" + string(id), Sentence: "Les rôles sont enregistrés. Ils valent dès maintenant."},
			SetRoles(tx, p.Now(), a, id, heldOf(f))
	})
	if f.Take(err) {
		return p.showAgent(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

// weighty is a button of an agent's page that is confirmed on a page of its own, since it closes an access at once.
type weighty struct {
	path, title, button string
	danger              bool
	consequences        []string
}

var (
	suspending = weighty{path: "desactivation", title: "Désactiver ce compte ?", button: "Désactiver le compte", danger: true, consequences: []string{
		"L’agent ne peut plus se connecter, et ses appareils sont déconnectés aussitôt.",
		"Un lien déjà envoyé ne fonctionne plus.",
		"Ses rôles sont gardés : le compte peut se rouvrir.",
	}}
	reinviting = weighty{path: "invitation", title: "Envoyer un nouveau lien ?", button: "Envoyer un nouveau lien", consequences: []string{
		"L’ancien mot de passe, l’application de codes, les clés d’accès et les sessions cessent aussitôt.",
		"Un lien valable 24 heures part à son adresse : jusqu’à ce qu’il l’ouvre, l’agent ne peut plus se connecter.",
	}}
)

// confirm asks before the button acts, and says what it changes. An account that it cannot act on shows its own page.
func (p Pages) confirm(what weighty) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		view, err := p.readAgents(r, ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		if len(view.agents) == 0 {
			return fault.Missing("agent")
		}
		one := view.agents[0]
		back := "/agents/comptes/" + string(one.ID)
		if string(one.ID) == a.Account || one.State != Active {
			return web.SeeOther(w, back)
		}
		return web.Render(w, r, web.Page{Title: what.title, Caption: one.Name(), Nav: "/agents/comptes", Crumbs: agentCrumbs(
			web.Crumb{Label: "Comptes des agents", Href: "/agents/comptes"}, web.Crumb{Label: one.Name(), Href: back},
			web.Crumb{Label: what.button})}, weightyPage(what, one))
	}
}

// act is a button of an agent's page.
func (p Pages) act(sentence string, verb func(*db.Tx, time.Time, actor.Actor, ID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		id := ID(r.PathValue("id"))
		return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: "/agents/comptes/" + string(id), Sentence: sentence}, verb(tx, p.Now(), a, id)
		})
	}
}

func (p Pages) invite(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	return Invite(tx, now, a, p.Key, id)
}
