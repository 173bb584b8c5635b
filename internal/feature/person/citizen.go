package person

import (
	"context"
	"errors"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

// Pages are the profile and the contact details of the person signed in, and people's photos. The function
// fields are filled by app from the packages above.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Key      *crypt.Key
	Settings *town.Cache
	Photos   Photos

	// MaySee tells whether a citizen may see somebody else's photo; nil: nobody else's.
	MaySee func(r db.Reader, now time.Time, a actor.Actor, id ID) (bool, error)
	// AgentMaySee tells whether an agent who may read people may see one's photo; nil: no photo.
	AgentMaySee func(r db.Reader, now time.Time, a actor.Actor, id ID) (bool, error)
	// NeedsPassword tells whether the password was given too long ago for a change of address; nil: always ask.
	NeedsPassword func(r *http.Request, a actor.Actor) (bool, error)
	// ConfirmPassword checks the password of the one signed in: nil, or an Invalid or Throttled fault.
	ConfirmPassword func(ctx context.Context, a actor.Actor, password string) error
	// Links are the owner's other settings, shown once the account is active.
	Links []web.Link
	// EmailChanged tells account that an address is confirmed, in the same transaction.
	EmailChanged EmailChanged
}

// Citizen declares the family's pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/profil", web.Citizen, web.NoObject, p.profile)
	rt.PostFile("/espace/profil/photo", web.Citizen, web.NoObject, MaxPhoto+1<<20, p.addPhoto)
	rt.Post("/espace/profil/photo/suppression", web.Citizen, web.NoObject, p.dropPhoto)
	rt.Get("/espace/photos/{id}", web.Citizen, "person", p.photo)
	rt.Get("/espace/coordonnees", web.Citizen, web.NoObject, p.contact)
	rt.Post("/espace/coordonnees", web.Citizen, web.NoObject, p.saveContact)
	rt.Get("/espace/coordonnees/courriel", web.Citizen, web.NoObject, p.email)
	rt.Post("/espace/coordonnees/courriel", web.Citizen, web.NoObject, p.askEmail)
	rt.Get("/confirmer-adresse/{jeton}", web.Visitor, "email-change", p.confirmation)
	rt.Post("/confirmer-adresse/{jeton}", web.Visitor, "email-change", p.confirmEmail)
}

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/photos/{id}", web.AgentWith(Read), "person", p.agentPhoto)
}

func crumbs(label string, more ...web.Crumb) []web.Crumb {
	return append(append([]web.Crumb{{Label: "Mon accueil", Href: "/espace"}}, more...), web.Crumb{Label: label})
}

func (p Pages) me(ctx context.Context, a actor.Actor) (Person, error) {
	return db.Read(ctx, p.DB, func(r db.Reader) (Person, error) { return ByID(r, ID(a.Person)) })
}

// contactView is what the page of contact details shows.
type contactView struct {
	person       Person
	pendingEmail string
	addressProof bool
	conflict     bool // somebody changed them meanwhile: both versions are shown
	help         town.Service
}

func (p Pages) readContact(r *http.Request, a actor.Actor) (contactView, error) {
	settings := p.Settings.Get(r.Context(), p.Now())
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (contactView, error) {
		me, err := ByID(rd, ID(a.Person))
		if err != nil {
			return contactView{}, err
		}
		pending, err := PendingEmail(rd, p.Now(), me.ID)
		return contactView{person: me, pendingEmail: pending, addressProof: settings.AddressProof, help: settings.Help()}, err
	})
}

func (p Pages) contact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	view, err := p.readContact(r, a)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Mes coordonnées", Crumbs: crumbs("Mes coordonnées")}, contactPage(nil, view))
}

func (p Pages) saveContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	seen := SeenIn(f)
	keep := p.Settings.Get(r.Context(), p.Now()).AddressProof
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := SetContact(tx, p.Now(), a, ID(a.Person), ContactOf(f), seen, keep)
		return web.Done{Location: "/espace/coordonnees", Sentence: "Vos coordonnées sont enregistrées."}, err
	})
	status := http.StatusUnprocessableEntity
	if fault.KindOf(err) == fault.Conflict {
		f.Fail("", fault.SentenceOf(err))
		status = http.StatusConflict
	} else if !f.Take(err) {
		return err
	}
	view, err := p.readContact(r, a)
	if err != nil {
		return err
	}
	view.conflict = status == http.StatusConflict
	return web.Render(w, r, web.Page{Status: status, Title: "Mes coordonnées", Crumbs: crumbs("Mes coordonnées")}, contactPage(f, view))
}

// ContactOf reads what was typed in ContactFields.
func ContactOf(f *web.Form) Contact {
	return Contact{Phone: f.Line("telephone"), Mobile: f.Line("mobile"), Fax: f.Line("fax"), Preferred: Means(f.Text("prefere")),
		Address: Address{Number: f.Line("numero"), Street: f.Line("voie"), Building: f.Line("batiment"), Flat: f.Line("appartement"),
			Complement: f.Line("complement"), PostCode: f.Line("code_postal"), City: f.Line("ville"), Country: f.Line("pays")}}
}

// emailView is what the page of a new address shows.
type emailView struct {
	current, pending string
	askPassword      bool
}

func (p Pages) emailPage(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form, ask bool) error {
	view, err := p.readContact(r, a)
	if err != nil {
		return err
	}
	page := web.Page{Status: status, Title: "Changer d’adresse e-mail", Nav: "/espace/coordonnees",
		Crumbs: crumbs("Adresse e-mail", web.Crumb{Label: "Mes coordonnées", Href: "/espace/coordonnees"})}
	return web.Render(w, r, page, emailForm(f, emailView{current: view.person.Email, pending: view.pendingEmail, askPassword: ask}))
}

func (p Pages) needsPassword(r *http.Request, a actor.Actor) (bool, error) {
	if p.ConfirmPassword == nil {
		return false, errors.New("person pages: ConfirmPassword is not filled")
	}
	if p.NeedsPassword == nil {
		return true, nil
	}
	return p.NeedsPassword(r, a)
}

func (p Pages) email(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	ask, err := p.needsPassword(r, a)
	if err != nil {
		return err
	}
	return p.emailPage(w, r, a, http.StatusOK, nil, ask)
}

func (p Pages) askEmail(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	ask, err := p.needsPassword(r, a)
	if err != nil {
		return err
	}
	if ask {
		if err := p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe")); f.Take(err) {
			return p.emailPage(w, r, a, http.StatusUnprocessableEntity, f, ask)
		} else if err != nil {
			return err
		}
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := AskEmail(tx, p.Now(), a, p.Key, ID(a.Person), f.Line("courriel"))
		return web.Done{Location: "/espace/coordonnees", Sentence: "Un e-mail est parti à votre nouvelle adresse. Ouvrez-le pour la confirmer."}, err
	})
	if f.Take(err) {
		return p.emailPage(w, r, a, http.StatusUnprocessableEntity, f, ask)
	}
	return err
}

func (p Pages) confirmation(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	c, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (EmailChange, error) { return ChangeOf(rd, p.Now(), r.PathValue("jeton")) })
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	return web.Render(w, r, web.Page{Title: "Confirmer votre adresse e-mail", NoIndex: true, Plain: true},
		confirmEmailPage(c.Email, "/confirmer-adresse/"+r.PathValue("jeton")))
}

func (p Pages) confirmEmail(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	next := "/"
	if a.Kind == actor.Citizen && a.State != actor.MustPass {
		next = "/espace/coordonnees"
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		_, err := ConfirmEmail(tx, p.Now(), r.PathValue("jeton"), p.EmailChanged)
		return web.Done{Location: next, Sentence: "Votre nouvelle adresse e-mail est confirmée."}, err
	})
}

// SeenIn is the version that a form was made from. One without it overwrites nothing unseen: zero matches any.
func SeenIn(f *web.Form) civil.Instant {
	seen, _ := parseInstant(f.Text("version"))
	return seen
}

func parseInstant(s string) (civil.Instant, error) {
	var i civil.Instant
	for _, c := range s {
		if c < '0' || c > '9' || i > 1<<58 {
			return 0, errors.New("not an instant")
		}
		i = i*10 + civil.Instant(c-'0')
	}
	return i, nil
}
