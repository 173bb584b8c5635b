package account

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/openid"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// SessionCookie is the name of the cookie of a session, as web.SetCookie takes it.
const SessionCookie = "session"

// Pages are the sign-in, the sessions, the identifiers and the agents' accounts.
type Pages struct {
	Gate
	Grants   Grants
	Settings *town.Cache
	OpenID   OpenID
	Panels   []web.Panel // of an agent's page; their id is the account's
	// Kept tells that the portal keeps in this browser what outlives a session: the marks of a tablet that wait to be sent.
	// nil: never. Filled from attendance.
	Kept func(*http.Request) bool
	// SignUp begins a demand for a space with what a provider told of somebody who has none: the wizard's. nil: typed whole.
	SignUp func(w http.ResponseWriter, r *http.Request, who openid.Identity) error
}

// Citizen declares the public pages of signing in and the family's own.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/connexion", web.Visitor, web.NoObject, p.signIn)
	rt.Post("/connexion", web.Visitor, web.NoObject, p.enter)
	rt.Get("/connexion/code", web.Visitor, web.NoObject, p.code)
	rt.Post("/connexion/code", web.Visitor, web.NoObject, p.giveCode)
	rt.Get("/premiere-connexion", web.MustPass, web.NoObject, p.first)
	rt.Post("/premiere-connexion", web.MustPass, web.NoObject, p.claim)
	rt.Post("/deconnexion", web.Visitor, web.NoObject, p.signOut)
	rt.Get("/mot-de-passe-oublie", web.Visitor, web.NoObject, p.forgotten)
	rt.Post("/mot-de-passe-oublie", web.Visitor, web.NoObject, p.askLink)
	rt.Get("/mot-de-passe-oublie/envoye", web.Visitor, web.NoObject, p.linkSent)
	rt.Get("/mot-de-passe-oublie/{jeton}", web.Visitor, "password-link", p.link)
	rt.Post("/mot-de-passe-oublie/{jeton}", web.Visitor, "password-link", p.reset)
	rt.Get("/identifiant-oublie", web.Visitor, web.NoObject, p.identifier)
	rt.Post("/identifiant-oublie", web.Visitor, web.NoObject, p.askIdentifier)
	rt.Get("/identifiant-oublie/envoye", web.Visitor, web.NoObject, p.identifierSent)
	rt.Get("/espace/identifiants", web.Citizen, web.NoObject, p.credentials)
	rt.Post("/espace/identifiants", web.Citizen, web.NoObject, p.saveCredentials)
	rt.Post("/espace/identifiants/sessions/fin", web.Citizen, web.NoObject, p.endOthers)
	rt.Post("/espace/identifiants/sessions/{id}/fin", web.Citizen, "session", p.endSession)
	rt.Get("/espace/identifiants/double-authentification", web.Citizen, web.NoObject, p.second)
	rt.Post("/espace/identifiants/double-authentification", web.Citizen, web.NoObject, p.addSecond)
	rt.Post("/espace/identifiants/double-authentification/retrait", web.Citizen, web.NoObject, p.removeSecond)
	rt.Get("/espace/identifiants/codes-de-secours", web.Citizen, web.NoObject, p.codes)
	p.outside(rt, FranceConnect)
	p.citizenPasskeys(rt)
}

// Identify tells who sends a request, in one query; the session's last use is written once a minute at most. It
// is web.Config's Identify.
func (p Pages) Identify(_ http.ResponseWriter, r *http.Request) (actor.Actor, error) {
	token := web.Cookie(r, SessionCookie)
	if !tokenLike(token) {
		return actor.Actor{}, nil
	}
	type who struct {
		actor actor.Actor
		touch bool
	}
	now := p.Now()
	found, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (who, error) {
		a, touch, err := identify(rd, now, p.Grants, token)
		return who{a, touch}, err
	})
	if err != nil || !found.touch {
		return found.actor, err
	}
	return found.actor, db.Do(r.Context(), p.DB, func(tx *db.Tx) error {
		return touchSession(tx, now, SessionID(found.actor.Session))
	})
}

// LastSignIn is the sign-in before the present one, for « Dernière connexion le … »; 0 at the first.
func LastSignIn(r db.Reader, a actor.Actor) (civil.Instant, error) {
	acc, err := ByID(r, ID(a.Account))
	return acc.PreviousSignInAt, err
}

// address is where a request comes from, for limits: one household draws as many IPv6 addresses as it wishes.
func address(r *http.Request) string { return web.Network(web.ClientIP(r)) }

// attempt is what a sign-in form holds.
func attempt(r *http.Request, a actor.Actor, f *web.Form, audience Audience) Attempt {
	return Attempt{Audience: audience, Name: f.Line("identifiant"), Password: f.Raw("mot_de_passe"), Address: address(r),
		Device: r.UserAgent(), Shared: f.Bool("partage"), Previous: a.Session, Known: web.Cookie(r, KnownCookie)}
}

// failedStatus shows on the form what a sign-in was refused for; false for a fault of ours.
func failedStatus(w http.ResponseWriter, f *web.Form, err error) (int, bool) {
	var many tooManyError
	if errors.As(err, &many) {
		w.Header().Set("Retry-After", strconv.Itoa(int(many.wait.Seconds())+1))
		f.Fail("", fault.SentenceOf(err))
		return http.StatusTooManyRequests, true
	}
	if fault.KindOf(err) == fault.Refused {
		f.Fail("", fault.SentenceOf(err))
		return http.StatusConflict, true
	}
	return http.StatusUnprocessableEntity, f.Take(err)
}

// setSession gives the browser its session. What a provider told before, of whoever sat there, is let go, unless it is
// what they sign in for.
func setSession(w http.ResponseWriter, r *http.Request, o Opened) {
	web.SetCookie(w, r, SessionCookie, o.Token, o.For)
	if !leadsToLink(web.WithSuite(r, "")) {
		ForgetIdentity(w, r)
	}
	setKnown(w, r, o.Known)
}

func (p Pages) signIn(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	switch a.Kind {
	case actor.Citizen:
		return web.AfterSignIn(w, r, "/espace")
	case actor.Agent:
		return web.SeeOther(w, "/agents")
	}
	return p.SignInPage(w, r, a)
}

// SignInPage shows the sign-in form; it is web.Config's SignIn.
func (p Pages) SignInPage(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showSignIn(w, r, nil, http.StatusOK)
}

func (p Pages) showSignIn(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	return web.Render(w, r, web.Page{Status: status, Title: "Connexion"}, signInPage(f, web.Kept(r), p.outsideButton(r, FranceConnect), help))
}

func (p Pages) enter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.Enter(w, r, a, "", func(f *web.Form, status int) error { return p.showSignIn(w, r, f, status) })
}

// Enter signs a citizen in with SignInBox's fields, on whatever page they stand; show is that page again with what is
// wrong, the sentence of a wrong pair beside a field, or over the form for "".
func (p Pages) Enter(w http.ResponseWriter, r *http.Request, a actor.Actor, field string, show func(f *web.Form, status int) error) error {
	f := web.ReadForm(r)
	t := attempt(r, a, f, Citizen)
	if t.Name == "" {
		f.Fail("identifiant", "Indiquez votre identifiant ou votre adresse e-mail.")
	}
	if t.Password == "" {
		f.Fail("mot_de_passe", "Indiquez votre mot de passe.")
	}
	if f.Failed() {
		return show(f, http.StatusUnprocessableEntity)
	}
	opened, err := p.SignIn(r.Context(), t)
	if fault.KindOf(err) == fault.Invalid {
		f.Fail(field, fault.SentenceOf(err))
		return show(f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		status, shown := failedStatus(w, f, err)
		if !shown {
			return err
		}
		return show(f, status)
	}
	setSession(w, r, opened)
	switch {
	case opened.Half:
		return web.Render(w, r, web.Page{Title: "Code de connexion"}, codePage(nil, "/connexion/code", web.Kept(r)))
	case opened.MustPass:
		return web.SeeOther(w, web.WithSuite(r, "/premiere-connexion"))
	}
	return web.AfterSignIn(w, r, "/espace")
}

func (p Pages) code(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.SignedIn() || a.Session == "" {
		return web.SeeOther(w, "/connexion")
	}
	return web.Render(w, r, web.Page{Title: "Code de connexion"}, codePage(nil, "/connexion/code", web.Kept(r)))
}

func (p Pages) giveCode(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.SignedIn() || a.Session == "" {
		return web.SeeOther(w, "/connexion")
	}
	f := web.ReadForm(r)
	opened, err := p.GiveCode(r.Context(), f.Line("code"), browserOf(r, a))
	if err != nil {
		status, shown := failedStatus(w, f, err)
		if !shown {
			return err
		}
		return web.Render(w, r, web.Page{Status: status, Title: "Code de connexion"}, codePage(f, "/connexion/code", web.Kept(r)))
	}
	setSession(w, r, opened)
	return web.AfterSignIn(w, r, "/espace")
}

// signOut ends the session everywhere, and asks the browser to forget what it kept, but for KnownCookie: its owner
// comes back.
func (p Pages) signOut(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	var provider side
	elsewhere := ""
	if a.Session != "" {
		var err error
		if provider, elsewhere, err = p.outsideSignOut(r.Context(), a); err != nil {
			return err
		}
		err = db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return closeSession(tx, p.Now(), a) })
		if err != nil {
			return err
		}
	}
	web.ClearCookie(w, r, SessionCookie)
	web.ClearCookie(w, r, attemptCookie)
	forget := `"cache", "storage"`
	if p.Kept != nil && p.Kept(r) {
		forget = `"cache"` // nothing of a family or an agent is in the storage: a tablet’s day alone, which ends by itself
	}
	w.Header().Set("Clear-Site-Data", forget)
	if elsewhere != "" {
		w.Header().Set("Refresh", "0; url="+elsewhere) // not a redirect: a form's answer may not leave the portal
		return web.Render(w, r, web.Page{Title: "Vous êtes déconnecté"}, outsideSignOutPage(provider, elsewhere))
	}
	if a.Kind == actor.Agent {
		return web.SeeOther(w, "/agents/connexion")
	}
	return web.SeeOther(w, "/")
}

// firstView is what the first sign-in asks.
type firstView struct {
	username string
	birth    bool // the provisional password came by post
	rule     PasswordRule
	kept     templ.Component
}

func (p Pages) first(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showFirst(w, r, a, nil, http.StatusOK)
}

func (p Pages) showFirst(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	acc, err := p.account(r.Context(), a)
	if err != nil {
		return err
	}
	view := firstView{username: acc.Username, birth: acc.ProvisionalByPost, rule: RuleFor(Citizen), kept: web.Kept(r)}
	return web.Render(w, r, web.Page{Status: status, Title: "Choisissez votre mot de passe", Caption: "Première connexion"}, firstPage(f, view))
}

func (p Pages) account(ctx context.Context, a actor.Actor) (Account, error) {
	return db.Read(ctx, p.DB, func(r db.Reader) (Account, error) { return ByID(r, ID(a.Account)) })
}

func (p Pages) claim(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	hash, birth, err := p.firstAnswers(r, a, f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			to := web.LocalPath(f.Raw("suite"))
			if to == "" {
				to = "/espace"
			}
			if err := Claim(tx, p.Now(), a, hash, birth); err != nil {
				return web.Done{}, err
			}
			after, err := stayKnown(tx, p.Now(), r, a)
			return web.Done{Location: to, Sentence: "Votre mot de passe est enregistré. Votre espace est ouvert.", After: after}, err
		})
	}
	if err == nil {
		return nil
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showFirst(w, r, a, f, status)
}

// firstAnswers checks the form of a first sign-in and hashes its password.
func (p Pages) firstAnswers(r *http.Request, a actor.Actor, f *web.Form) (hash string, birth civil.Date, err error) {
	acc, err := p.account(r.Context(), a)
	if err != nil {
		return "", birth, err
	}
	if acc.ProvisionalByPost {
		if birth, err = civil.ParseFrench(f.Line("naissance")); err != nil {
			return "", birth, fault.InvalidFields(fault.Field{Name: "naissance", Sentence: "Indiquez votre date de naissance, par exemple 3 mars 1985 ou 03/03/1985."})
		}
		if err = p.ConfirmBirth(r.Context(), a, birth, address(r)); err != nil {
			return "", birth, err
		}
	}
	hash, err = p.newHash(r.Context(), acc, f)
	return hash, birth, err
}

// newHash checks a new password against the rule and the person's own names, and hashes it.
func (p Pages) newHash(ctx context.Context, acc Account, f *web.Form) (string, error) {
	who, err := db.Read(ctx, p.DB, func(r db.Reader) (person.Person, error) { return person.ByID(r, acc.Person) })
	if err != nil {
		return "", err
	}
	own := []string{who.LastName, who.BirthName, who.FirstNames, acc.Username, acc.Email}
	fields := checkNew(RuleFor(acc.Audience), f.Raw("mot_de_passe"), f.Raw("confirmation"), own)
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	return p.hasher().hash(ctx, f.Raw("mot_de_passe"))
}

// closeSession ends the session in hand.
func closeSession(tx *db.Tx, now time.Time, a actor.Actor) error {
	if a.Account == "" { // the second factor was still owed
		_, err := tx.Exec(`delete from session where id = $1`, a.Session)
		return err
	}
	err := EndSession(tx, now, a, SessionID(a.Session))
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}
