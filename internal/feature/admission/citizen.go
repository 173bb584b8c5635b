package admission

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"
)

// Pages are the activation links and the agents' follow-up.
type Pages struct {
	Desk
	Settings *town.Cache
	URL      func(path string) string // address of a path of the portal, for letters and previews
	// SignIn is account.Pages.Enter: the link's page is a sign-in box.
	SignIn func(w http.ResponseWriter, r *http.Request, a actor.Actor, field string, show func(f *web.Form, status int) error) error
}

// Citizen declares the public pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/activation", web.Visitor, web.NoObject, p.notReceived)
	rt.Get("/activation/envoye", web.Visitor, web.NoObject, p.sentAgain)
	rt.Get("/activation/{jeton}", web.Visitor, "activation", p.link)
	rt.Post("/activation/{jeton}", web.Visitor, "activation", p.enter)
	rt.Post("/activation/{jeton}/nouveau", web.Visitor, "activation", p.askAgain)
}

func (p Pages) help(r *http.Request) town.Service { return p.Settings.Get(r.Context(), p.Now()).Help() }

func (p Pages) notReceived(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, web.Page{Title: "Je n’ai pas reçu l’e-mail"}, notReceivedPage(p.help(r)))
}

func (p Pages) sentAgain(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, web.Page{Title: "Regardez vos e-mails"}, sentAgainPage(p.help(r)))
}

// linkView is what a link shows.
type linkView struct {
	activation Activation
	username   string
	claimed    bool
}

// living runs a step on a link that still counts; for any other it shows what became of it. Nothing is told of an
// unknown one but that it is not whole: nobody guesses 192 bits.
func (p Pages) living(w http.ResponseWriter, r *http.Request, step func(view linkView) error) error {
	secret := r.PathValue("jeton")
	view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (linkView, error) {
		v, err := bySecret(rd, secret)
		if err != nil {
			return linkView{}, err
		}
		acc, err := account.ByID(rd, v.Account)
		return linkView{activation: v, username: acc.Username, claimed: acc.State != account.Unclaimed}, err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return web.Render(w, r, web.Page{Status: http.StatusNotFound, Title: "Ce lien n’est pas complet"}, brokenPage(p.help(r)))
	case err != nil:
		return err
	case view.claimed:
		return web.Render(w, r, web.Page{Title: "Votre espace est déjà ouvert"}, claimedPage())
	case !view.activation.Alive(civil.InstantOf(p.Now())):
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Ce lien ne fonctionne plus"},
			deadPage(secret, view.activation.ReplacedAt != 0, p.help(r)))
	}
	return step(view)
}

// link is the sign-in box with the identifier filled in. The look is noted, and nothing else: mailboxes open links
// by themselves.
func (p Pages) link(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.living(w, r, func(view linkView) error {
		if view.activation.OpenedAt == 0 {
			err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return Open(tx, p.Now(), view.activation.ID) })
			if err != nil {
				return err
			}
		}
		return p.showLink(w, r, view, nil, http.StatusOK)
	})
}

func (p Pages) showLink(w http.ResponseWriter, r *http.Request, view linkView, f *web.Form, status int) error {
	until := civil.DateOf(view.activation.ExpiresAt.In(p.Now().Location()))
	return web.Render(w, r, web.Page{Status: status, Title: "Activez votre espace personnel"},
		linkPage(r.URL.Path, f, view.username, until, p.help(r)))
}

// enter signs in from the link's page, as /connexion does; a wrong password comes back here.
func (p Pages) enter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.living(w, r, func(view linkView) error {
		return p.SignIn(w, r, a, "mot_de_passe", func(f *web.Form, status int) error { return p.showLink(w, r, view, f, status) })
	})
}

// askAgain says the same whatever becomes of it.
func (p Pages) askAgain(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	err := p.AskAgain(r.Context(), r.PathValue("jeton"))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return web.SeeOther(w, "/activation/envoye")
}
