package account

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// passkeyCookie is the name of the cookie that binds a browser to the challenge it asked for.
const passkeyCookie = "defi"

// citizenPasskeys declares the pages of passkeys that families use, and what both sides ask before signing in.
func (p Pages) citizenPasskeys(rt *web.Router) {
	rt.Post("/connexion/cle-d-acces/defi", web.Visitor, web.NoObject, p.askPasskey)
	rt.Post("/connexion/cle-d-acces", web.Visitor, web.NoObject, p.enterByPasskey(Citizen))
	p.ownPasskeys(rt, "/espace/identifiants", web.Citizen, "passkey")
}

func (p Pages) agentPasskeys(rt *web.Router) {
	rt.Post("/agents/connexion/cle-d-acces", web.Visitor, web.NoObject, p.enterByPasskey(Agent))
	p.ownPasskeys(rt, "/agents/identifiants", web.Agent, "agent-passkey")
}

func (p Pages) ownPasskeys(rt *web.Router, base string, access web.Access, object web.Object) {
	rt.Get(base+"/cles-d-acces/nouvelle", access, web.NoObject, p.newPasskey)
	rt.Post(base+"/cles-d-acces/nouvelle", access, web.NoObject, p.offerPasskey)
	rt.Post(base+"/cles-d-acces", access, web.NoObject, p.addPasskey)
	rt.Get(base+"/cles-d-acces/{id}/retrait", access, object, p.oldPasskey)
	rt.Post(base+"/cles-d-acces/{id}/retrait", access, object, p.removePasskey)
}

// askPasskey gives the sign-in page's script a challenge.
func (p Pages) askPasskey(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	options, token, err := p.AskPasskey(r.Context(), address(r))
	if err != nil {
		return err
	}
	web.SetCookie(w, r, passkeyCookie, token, challengeFor)
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write([]byte(options))
	return err
}

// enterByPasskey signs in from one side's page; the key itself tells whose space opens.
func (p Pages) enterByPasskey(side Audience) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		opened, audience, err := p.SignInWithPasskey(r.Context(), PasskeyAttempt{Token: web.Cookie(r, passkeyCookie), Answer: f.Raw("reponse"),
			Shared: f.Bool("partage"), From: browserOf(r, a)})
		web.ClearCookie(w, r, passkeyCookie)
		if err != nil {
			status, shown := failedStatus(w, f, err)
			switch {
			case !shown:
				return err
			case side == Agent:
				return p.showAgentSignIn(w, r, f, status)
			}
			return p.showSignIn(w, r, f, status)
		}
		setSession(w, r, opened)
		home := "/espace"
		if audience == Agent {
			home = "/agents"
		}
		switch {
		case opened.MustPass:
			return web.SeeOther(w, web.WithSuite(r, "/premiere-connexion"))
		case audience != side: // what was asked for is not theirs
			return web.SeeOther(w, home)
		}
		return web.AfterSignIn(w, r, home)
	}
}

func passkeyPage(a actor.Actor, status int, title string) (page web.Page, base string) {
	base, crumbs := credentialsBase(a)
	return web.Page{Status: status, Title: title, Crumbs: append(crumbs, web.Crumb{Label: "Identifiants", Href: base}, web.Crumb{Label: title})}, base
}

func (p Pages) newPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showNewPasskey(w, r, a, nil, http.StatusOK)
}

func (p Pages) showNewPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	page, base := passkeyPage(a, status, "Ajouter une clé d’accès")
	if !p.TakesPasskeys() {
		return web.SeeOther(w, base)
	}
	return web.Render(w, r, page, newPasskeyPage(f, base, Device(r.UserAgent())))
}

// offerPasskey takes the name and the password, and shows the button that has the browser make the key.
func (p Pages) offerPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	town := p.Settings.Get(r.Context(), p.Now()).SpaceName()
	err := p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe"), address(r), "mot_de_passe")
	var options string
	if err == nil {
		options, err = db.Write(r.Context(), p.DB, func(tx *db.Tx) (string, error) { return p.OfferPasskey(tx, a, f.Line("nom_cle"), town) })
	}
	if err == nil {
		page, base := passkeyPage(a, http.StatusOK, "Ajouter une clé d’accès")
		return web.Render(w, r, page, makePasskeyPage(base, options))
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showNewPasskey(w, r, a, f, status)
}

func (p Pages) addPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	base, _ := credentialsBase(a)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: base, Sentence: "La clé d’accès est enregistrée."}, p.AddPasskey(tx, a, f.Raw("reponse"))
	})
	if err == nil {
		return nil
	}
	if fault.KindOf(err) == fault.Invalid {
		if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return DropOffer(tx, a) }); err != nil {
			return err
		}
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showNewPasskey(w, r, a, f, status)
}

func (p Pages) oldPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showOldPasskey(w, r, a, nil, http.StatusOK)
}

func (p Pages) showOldPasskey(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	key, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Passkey, error) {
		return passkeyByID(rd, ID(a.Account), PasskeyID(r.PathValue("id")))
	})
	if err != nil {
		return err
	}
	page, base := passkeyPage(a, status, "Retirer une clé d’accès")
	return web.Render(w, r, page, removePasskeyPage(f, base, key))
}

func (p Pages) removePasskey(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	base, _ := credentialsBase(a)
	err := p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe"), address(r), "mot_de_passe")
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: base, Sentence: "La clé d’accès est retirée."}, RemovePasskey(tx, p.Now(), a, PasskeyID(r.PathValue("id")))
		})
	}
	if err == nil {
		return nil
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showOldPasskey(w, r, a, f, status)
}
