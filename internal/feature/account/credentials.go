package account

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// credentialsView is what the page of identifiers shows, of a family's adult or of an agent.
type credentialsView struct {
	acc      Account
	sessions []Session
	codes    int64 // recovery codes left
	outside  []outsideLine
	passkeys []Passkey
	// takesKeys: passkeys may be added at the portal's address.
	takesKeys bool
	figures   bool // opened at an address in figures, where browsers keep none
	current   string
	base      string // "/espace/identifiants"
	zone      *time.Location
}

// stamp is a moment as the page writes it.
func (v credentialsView) stamp(at civil.Instant) string { return civil.Stamp(at.In(v.zone)) }

func (v credentialsView) agent() bool { return v.acc.Audience == Agent }

// credentialsBase is the page of an actor's own identifiers.
func credentialsBase(a actor.Actor) (base string, crumbs []web.Crumb) {
	if a.Kind == actor.Agent {
		return "/agents/identifiants", []web.Crumb{{Label: "Accueil", Href: "/agents"}}
	}
	return "/espace/identifiants", []web.Crumb{{Label: "Mon accueil", Href: "/espace"}}
}

func (p Pages) credentials(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showCredentials(w, r, a, nil, http.StatusOK)
}

func (p Pages) showCredentials(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	base, crumbs := credentialsBase(a)
	now := p.Now()
	view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (credentialsView, error) {
		v := credentialsView{base: base, takesKeys: p.TakesPasskeys(), figures: inFigures(r.Host), current: a.Session, zone: now.Location()}
		var err error
		if v.acc, err = ByID(rd, ID(a.Account)); err != nil {
			return v, err
		}
		if v.codes, err = recoveryLeft(rd, v.acc.ID); err != nil {
			return v, err
		}
		if v.passkeys, err = Passkeys(rd, v.acc.ID); err != nil {
			return v, err
		}
		if v.outside, err = p.outsideLines(rd, v.acc); err != nil {
			return v, err
		}
		v.sessions, err = Sessions(rd, now, v.acc.ID)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Modification de vos identifiants",
		Crumbs: append(crumbs, web.Crumb{Label: "Identifiants"})}, credentialsPage(f, view))
}

// inFigures tells whether a request's host is an address in figures, as 127.0.0.1:8080 is.
func inFigures(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

func (p Pages) saveCredentials(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	change, err := p.wanted(r, a, f)
	if err == nil {
		base, _ := credentialsBase(a)
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if err := SetCredentials(tx, p.Now(), a, change); err != nil {
				return web.Done{}, err
			}
			after, err := stayKnown(tx, p.Now(), r, a)
			return web.Done{Location: base, Sentence: "Vos identifiants sont enregistrés. Vos autres appareils sont déconnectés.", After: after}, err
		})
	}
	if err == nil {
		return nil
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showCredentials(w, r, a, f, status)
}

// wanted checks the form of identifiers: first what was typed, then the old password, then it hashes the new one.
func (p Pages) wanted(r *http.Request, a actor.Actor, f *web.Form) (Credentials, error) {
	acc, err := p.account(r.Context(), a)
	if err != nil {
		return Credentials{}, err
	}
	change := Credentials{Username: f.Line("identifiant")}
	if change.Username == "" {
		f.Fail("identifiant", "Indiquez votre nom d’utilisateur.")
	} else if change.Username != acc.Username {
		if s := CheckUsername(change.Username, acc.Email); s != "" {
			f.Fail("identifiant", s)
		}
	}
	if change.Username == acc.Username && f.Raw("mot_de_passe")+f.Raw("confirmation") == "" {
		f.Fail("mot_de_passe", "Rien n’a changé. Choisissez un nouveau mot de passe, ou changez le nom d’utilisateur.")
		return Credentials{}, checked(f)
	}
	if f.Raw("ancien_mot_de_passe") == "" {
		f.Fail("ancien_mot_de_passe", "Indiquez votre mot de passe actuel.")
	}
	renamedOnly := change.Username != acc.Username && f.Raw("mot_de_passe")+f.Raw("confirmation") == ""
	if f.Failed() {
		return Credentials{}, checked(f)
	}
	if err := p.ConfirmPassword(r.Context(), a, f.Raw("ancien_mot_de_passe"), address(r), "ancien_mot_de_passe"); err != nil {
		return change, err
	}
	if change.Username != acc.Username {
		if err := p.countRename(r.Context(), a); err != nil {
			return change, err
		}
	}
	if renamedOnly {
		return change, nil
	}
	change.Hash, err = p.newHash(r.Context(), acc, f)
	return change, err
}

// checked is an Invalid fault for a form that already holds its problems.
func checked(*web.Form) error { return &fault.Error{Kind: fault.Invalid} }

func (p Pages) endSession(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	base, _ := credentialsBase(a)
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: base, Sentence: "L’appareil est déconnecté."}, EndSession(tx, p.Now(), a, SessionID(r.PathValue("id")))
	})
}

func (p Pages) endOthers(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	base, _ := credentialsBase(a)
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if _, err := EndOthers(tx, p.Now(), a); err != nil {
			return web.Done{}, err
		}
		after, err := stayKnown(tx, p.Now(), r, a)
		return web.Done{Location: base, Sentence: "Vos autres appareils sont déconnectés.", After: after}, err
	})
}

// secondView is a secret to put in an application.
type secondView struct {
	offer Enrolment
	qr    string
}

func (p Pages) offered(r *http.Request, e Enrolment, username string) (secondView, error) {
	issuer := strings.ReplaceAll(p.Settings.Get(r.Context(), p.Now()).SpaceName(), ":", " ")
	picture, err := e.QR(issuer, username)
	return secondView{offer: e, qr: picture}, err
}

func (p Pages) second(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showSecond(w, r, a, nil, http.StatusOK)
}

func (p Pages) showSecond(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	acc, err := p.account(r.Context(), a)
	if err != nil {
		return err
	}
	base, crumbs := credentialsBase(a)
	page := web.Page{Status: status, Title: "Double authentification",
		Crumbs: append(crumbs, web.Crumb{Label: "Identifiants", Href: base}, web.Crumb{Label: "Double authentification"})}
	if acc.HasTOTP() {
		return web.Render(w, r, page, removeSecondPage(f))
	}
	view, err := p.offered(r, enrolment(p.Key, a.Account, a.Session), acc.Username)
	if err != nil {
		return err
	}
	return web.Render(w, r, page, addSecondPage(f, view))
}

func (p Pages) addSecond(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe"), address(r), "mot_de_passe")
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if err := p.AddSecond(tx, a, f.Line("code")); err != nil {
				return web.Done{}, err
			}
			after, err := stayKnown(tx, p.Now(), r, a)
			return web.Done{Location: "/espace/identifiants/codes-de-secours", Sentence: "La double authentification est active.", After: after}, err
		})
	}
	return p.afterSecond(w, r, a, f, err)
}

func (p Pages) removeSecond(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe"), address(r), "mot_de_passe")
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: "/espace/identifiants", Sentence: "La double authentification est retirée."},
				RemoveSecond(tx, p.Now(), a)
		})
	}
	return p.afterSecond(w, r, a, f, err)
}

func (p Pages) afterSecond(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, err error) error {
	if err == nil {
		return nil
	}
	status, shown := failedStatus(w, f, err)
	if !shown {
		return err
	}
	return p.showSecond(w, r, a, f, status)
}

// showCodesFor is how long after enrolment the recovery codes can be read.
const showCodesFor = 10 * time.Minute

func (p Pages) codes(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	acc, err := p.account(r.Context(), a)
	if err != nil {
		return err
	}
	base, crumbs := credentialsBase(a)
	if !acc.HasTOTP() || acc.TOTPAt.Add(showCodesFor) <= civil.InstantOf(p.Now()) {
		return web.SeeOther(w, base)
	}
	next := base
	if a.Kind == actor.Agent { // agents get theirs when their access opens: on to work
		next = "/agents"
	}
	return web.Render(w, r, web.Page{Title: "Vos codes de secours", Crumbs: append(crumbs, web.Crumb{Label: "Identifiants", Href: base},
		web.Crumb{Label: "Codes de secours"})}, codesPage(recoveryCodes(p.Key, acc.ID, acc.TOTPAt), next))
}
