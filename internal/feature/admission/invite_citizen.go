package admission

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Invites are the pages of invitations: the holder's, the link's, the agents'.
type Invites struct {
	DB       *db.DB
	Key      *crypt.Key
	Now      func() time.Time
	Settings *town.Cache

	hash func(ctx context.Context, password string) (string, error) // nil: crypt's
	// Compare is where an agent compares two people, to make one of them; nil: not offered.
	Compare func(one, other person.ID) string
}

// Citizen declares the pages of the holder and of the invited person.
func (p Invites) Citizen(rt *web.Router) {
	rt.Get("/espace/famille/inviter", web.Activated, web.NoObject, p.form)
	rt.Post("/espace/famille/inviter", web.Activated, web.NoObject, p.invite)
	rt.Post("/espace/famille/invitations/{id}/renvoi", web.Activated, inviteObject, p.resend)
	rt.Post("/espace/famille/invitations/{id}/retrait", web.Activated, inviteObject, p.revoke)
	rt.Get("/invitation/{jeton}", web.Visitor, "invite-link", p.link)
	rt.Post("/invitation/{jeton}", web.Visitor, "invite-link", p.open)
	rt.Post("/invitation/{jeton}/accepter", web.Visitor, "invite-link", p.accept)
}

// inviteLine is an invitation as a family's page or file shows it.
type inviteLine struct {
	Invite
	mark  web.Mark
	facts []string
	// what the reader may do
	resend, revoke, release bool
	base                    string // before the acts' paths
}

func (l inviteLine) act(what string) templ.SafeURL {
	return templ.SafeURL(l.base + string(l.ID) + "/" + what)
}

// line puts an invitation in words. The address is shown to who typed it, and to agents: another's is not told.
func line(v Invite, now time.Time, reader actor.Actor, may bool) inviteLine {
	at := civil.InstantOf(now)
	s, _ := v.State(at)
	l := inviteLine{Invite: v, mark: s.Mark(), base: "/espace/famille/invitations/"}
	agent := reader.Kind == actor.Agent
	if agent {
		l.base = "/agents/invitations/"
	}
	if agent || v.Typed && string(v.By) == reader.Person {
		l.facts = append(l.facts, "À "+v.Email)
	}
	day := func(word string, i civil.Instant) {
		if i != 0 {
			l.facts = append(l.facts, word+" le "+civil.Stamp(i.In(now.Location())))
		}
	}
	day("Envoyée", v.SentAt)
	day("Ouverte", v.OpenedAt)
	day("Acceptée", v.AcceptedAt)
	day("Retirée", v.RevokedAt)
	switch s {
	case InviteHeld:
		l.facts = append(l.facts, "Demandée le "+civil.Stamp(v.CreatedAt.In(now.Location())))
		if !agent {
			l.facts = append(l.facts, heldText)
		} else {
			l.facts = append(l.facts, "Une restriction existe entre cette personne et un enfant de la famille. Rien ne part avant votre accord.")
		}
	case InviteSent, InviteOpened:
		l.facts = append(l.facts, "Le lien vaut jusqu’au "+civil.DateOf(v.ExpiresAt.In(now.Location())).Long())
	case InviteExpired:
		day("Expirée", v.ExpiresAt)
	case InviteAccepted:
		if v.Outcome != Joined {
			l.facts = append(l.facts, "Le service vérifie la demande")
		}
	}
	open := s == InviteSent || s == InviteOpened || s == InviteExpired
	l.resend, l.revoke, l.release = may && open && v.Sends < inviteSends, may && (open || s == InviteHeld), may && agent && s == InviteHeld
	return l
}

// Card is the part of « Ma famille » about invitations: family.Pages.Invitations.
func (p Invites) Card(r db.Reader, now time.Time, a actor.Actor, id family.ID, service town.ServiceID) (templ.Component, error) {
	err := family.Heads(r, a, id, civil.DateOf(now))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	may := err == nil
	all, err := InvitesOf(r, id)
	if err != nil || !may && len(all) == 0 {
		return nil, err
	}
	var lines []inviteLine
	for _, v := range all {
		if v.Outcome == Joined || v.Outcome == ToVerify {
			continue // the person stands on the page already
		}
		lines = append(lines, line(v, now, a, may))
	}
	href, label := "", inviteLabel
	if may {
		if another, err := family.HeadedByTwo(r, id, civil.DateOf(now)); err != nil {
			return nil, err
		} else if another {
			label = "Inviter un autre responsable"
		}
		href = "/espace/famille/inviter?" + url.Values{"famille": {string(id)}, "service": {string(service)}}.Encode()
	}
	return inviteCard(lines, href, label), nil
}

// inviteLabel is the button of a family that only one adult opens.
const inviteLabel = "Inviter le co-représentant"

// inviteForm is the page where somebody is invited.
type inviteForm struct {
	family  family.ID
	service town.ServiceID
	action  string
	back    string
	agent   bool
	checked bool // an agent answers before somebody new enters the family
	known   []web.Option
}

const someoneNew = "autre"

func (v inviteForm) options() []web.Option {
	return append(v.known, web.Option{Value: someoneNew, Label: "Une autre personne", Hint: "Remplissez alors les champs ci-dessous"})
}

// check says that an agent answers before the family opens, as the town's rule is.
func (v inviteForm) check() string {
	if len(v.known) > 0 {
		return "Quand la personne a accepté, un agent vérifie sa place dans la famille, sauf si la mairie connaît déjà ce co-représentant et son adresse e-mail."
	}
	return "Quand la personne a accepté, un agent vérifie sa place dans la famille avant de la lui ouvrir."
}

func (v inviteForm) emailHint() string {
	if len(v.known) > 0 {
		return "Pour une personne que la mairie connaît, l’e-mail part à l’adresse qu’elle a déjà, s’il y en a une."
	}
	return ""
}

func (v inviteForm) first() string {
	if len(v.known) > 0 {
		return v.known[0].Value
	}
	return someoneNew
}

func (p Invites) form(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("famille", r.URL.Query().Get("famille"))
	f.Set("service", r.URL.Query().Get("service"))
	return p.showForm(w, r, a, f, http.StatusOK)
}

func (p Invites) showForm(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	v := inviteForm{family: family.ID(f.Text("famille")), service: town.ServiceID(f.Text("service")), action: "/espace/famille/inviter", back: "/espace/famille"}
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (inviteForm, error) {
		if v.family == "" { // an address typed by hand: the first family that the reader holds
			var err error
			if v.family, err = firstHeld(rd, now, a); err != nil {
				return v, err
			}
		}
		if err := family.Heads(rd, a, v.family, civil.DateOf(now)); err != nil {
			return v, err
		}
		return v.fill(rd, now)
	})
	if err != nil {
		return err
	}
	v.checked = !p.Settings.Get(r.Context(), now).CoholderAtOnce
	return web.Render(w, r, web.Page{Status: status, Title: "Inviter un responsable", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"},
		{Label: "Ma famille", Href: "/espace/famille"}, {Label: "Inviter"}}}, invitePage(f, v))
}

func firstHeld(r db.Reader, now time.Time, a actor.Actor) (family.ID, error) {
	homes, err := family.Households(r, a, civil.DateOf(now))
	if err != nil {
		return "", err
	}
	for _, h := range homes {
		if err := family.Heads(r, a, h.ID, civil.DateOf(now)); fault.KindOf(err) != fault.NotFound {
			return h.ID, err
		}
	}
	return "", fault.Missing("family")
}

// fill lists the co-holders whom the family knows and who have no account, by name alone.
func (v inviteForm) fill(r db.Reader, now time.Time) (inviteForm, error) {
	ids, err := family.Absent(r, v.family, civil.DateOf(now))
	if err != nil {
		return v, err
	}
	names, err := person.Names(r, ids...)
	for _, id := range ids {
		v.known = append(v.known, web.Option{Value: string(id), Label: names[id], Hint: "Co-représentant, pas encore de compte"})
	}
	return v, err
}

// wish reads the form of an invitation.
func wish(f *web.Form, id family.ID) Wish {
	w := Wish{Family: id, Service: town.ServiceID(f.Text("service")), Civility: f.Line("civilite"), LastName: f.Line("nom"),
		FirstNames: f.Line("prenoms"), Email: f.Line("courriel"), Relation: f.Line("lien")}
	if who := f.Text("qui"); who != "" && who != someoneNew {
		w.Person = person.ID(who)
	}
	return w
}

// send is an invitation asked on a page; back is the page that follows.
func (p Invites) send(w http.ResponseWriter, r *http.Request, a actor.Actor, x Wish, back string) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		held, err := InviteCoholder(tx, p.Now(), a, p.Key, x)
		done := web.Done{Location: back, Sentence: "Invitation envoyée."}
		if held {
			done.Sentence = "Invitation enregistrée. " + heldText
		}
		return done, err
	})
}

func (p Invites) invite(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	x := wish(f, family.ID(f.Text("famille")))
	err := p.send(w, r, a, x, "/espace/famille?"+url.Values{"famille": {string(x.Family)}, "service": {string(x.Service)}}.Encode())
	if err != nil && f.Take(err) {
		return p.showForm(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

func (p Invites) resend(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.act(w, r, a, "L’invitation est renvoyée. Le lien d’avant ne fonctionne plus.", func(tx *db.Tx, id InviteID) error {
		return ResendInvite(tx, p.Now(), a, p.Key, id)
	})
}

func (p Invites) revoke(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.act(w, r, a, "L’invitation est retirée. Son lien ne fonctionne plus.", func(tx *db.Tx, id InviteID) error {
		return RevokeInvite(tx, p.Now(), a, id)
	})
}

// act runs a verb on one invitation, and comes back to the family.
func (p Invites) act(w http.ResponseWriter, r *http.Request, a actor.Actor, sentence string, verb func(tx *db.Tx, id InviteID) error) error {
	id := InviteID(r.PathValue("id"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		v, err := inviteByID(tx, id)
		if err != nil {
			return web.Done{}, err
		}
		done := web.Done{Location: "/espace/famille?" + url.Values{"famille": {string(v.Family)}, "service": {string(v.Service)}}.Encode(), Sentence: sentence}
		if a.Kind == actor.Agent {
			done.Location = "/agents/familles/" + string(v.Family)
		}
		return done, verb(tx, id)
	})
}
