package account

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

func (p Pages) forgotten(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, web.Page{Title: "J’ai oublié mon mot de passe"}, forgottenPage(nil))
}

func (p Pages) askLink(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	f := web.ReadForm(r)
	typed := f.Line("identifiant")
	if typed == "" {
		f.Fail("identifiant", "Indiquez votre identifiant ou votre adresse e-mail.")
		return web.Render(w, r, web.Page{Status: http.StatusUnprocessableEntity, Title: "J’ai oublié mon mot de passe"}, forgottenPage(f))
	}
	if err := p.AskLink(r.Context(), typed, address(r)); err != nil {
		return err
	}
	return web.SeeOther(w, "/mot-de-passe-oublie/envoye")
}

func (p Pages) linkSent(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	return web.Render(w, r, web.Page{Title: "Regardez vos e-mails"}, sentPage(
		"Si un espace correspond, un lien part à son adresse e-mail. Il fonctionne 30 minutes, une seule fois.", help))
}

func (p Pages) identifier(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, web.Page{Title: "J’ai oublié mon identifiant"}, identifierPage(nil))
}

func (p Pages) askIdentifier(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	f := web.ReadForm(r)
	typed := f.Line("courriel")
	if typed == "" {
		f.Fail("courriel", "Indiquez votre adresse e-mail.")
		return web.Render(w, r, web.Page{Status: http.StatusUnprocessableEntity, Title: "J’ai oublié mon identifiant"}, identifierPage(f))
	}
	if err := p.AskIdentifiers(r.Context(), typed, address(r)); err != nil {
		return err
	}
	return web.SeeOther(w, "/identifiant-oublie/envoye")
}

func (p Pages) identifierSent(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	return web.Render(w, r, web.Page{Title: "Regardez vos e-mails"}, sentPage(
		"Si un espace utilise cette adresse, son identifiant vient d’y être envoyé.", help))
}

// link shows the form of a link; it uses nothing up, so that a mailbox that opens links does no harm.
func (p Pages) link(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showLink(w, r, nil, http.StatusOK)
}

func (p Pages) showLink(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	acc, err := p.ofLink(r, "password")
	switch fault.KindOf(err) {
	case fault.Refused:
		why := fault.SentenceOf(err)
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Ce lien ne fonctionne plus"}, deadLinkPage(why, why == usedLink))
	case fault.NotFound: // nothing is told of a link that the portal did not make
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Ce lien ne fonctionne plus"},
			deadLinkPage("Le lien a été mal recopié, il a déjà servi, un autre l’a remplacé, ou ses 30 minutes sont passées.", false))
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Choisissez un nouveau mot de passe"},
		resetPage(f, r.URL.Path, acc.Username, RuleFor(Citizen)))
}

func (p Pages) ofLink(r *http.Request, kind string) (Account, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (Account, error) {
		acc, _, err := byLink(rd, p.Now(), kind, r.PathValue("jeton"))
		return acc, err
	})
}

func (p Pages) reset(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	acc, err := p.ofLink(r, "password")
	if err != nil {
		return p.showLink(w, r, f, http.StatusConflict)
	}
	hash, err := p.newHash(r.Context(), acc, f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			opened, err := Reset(tx, p.Now(), p.Key, r.PathValue("jeton"), hash, browserOf(r, a))
			to := "/espace"
			if opened.Half {
				to = "/connexion/code"
			}
			return web.Done{Location: to, Sentence: "Votre nouveau mot de passe est enregistré. Vos autres appareils sont déconnectés.",
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
	return p.showLink(w, r, f, status)
}
