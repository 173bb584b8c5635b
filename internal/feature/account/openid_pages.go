package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/openid"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"

	"github.com/a-h/templ"
)

// side is a provider with the pages on its way: the families' or the agents'.
type side struct {
	Outside
	client *openid.Client
	start  string // leaves for the provider; its answer comes to start + "/retour", the end of a sign-out to start + "/fin"
	signIn string
	code   string // the second factor
	home   string
	link   string // the page of the link
	left   string // where a sign-out ends
}

// The addresses that a town declares to its providers, after the portal's own.
const (
	FranceConnectReturn = "/connexion/franceconnect/retour"
	FranceConnectEnd    = "/connexion/franceconnect/fin"
	ProConnectReturn    = "/agents/connexion/proconnect/retour"
	ProConnectEnd       = "/agents/connexion/proconnect/fin"
)

func (p Pages) side(o Outside) side {
	if o == ProConnect {
		return side{Outside: o, client: p.OpenID.ProConnect, start: "/agents/connexion/proconnect", signIn: "/agents/connexion",
			code: "/agents/double-authentification", home: "/agents", link: "/agents/identifiants/proconnect", left: "/agents/connexion"}
	}
	return side{Outside: o, client: p.OpenID.FranceConnect, start: "/connexion/franceconnect", signIn: "/connexion",
		code: "/connexion/code", home: "/espace", link: "/espace/identifiants/franceconnect", left: "/"}
}

// outside declares the pages of a provider, which do not exist until it is configured.
func (p Pages) outside(rt *web.Router, o Outside) {
	s := p.side(o)
	if s.client == nil {
		return
	}
	signedIn := web.Citizen
	if o == ProConnect {
		signedIn = web.Agent
	}
	rt.Get(s.start, web.Visitor, web.NoObject, p.leave(s))
	rt.Get(s.start+"/retour", web.Visitor, web.NoObject, p.comeBack(s))
	rt.Get(s.start+"/fin", web.Visitor, web.NoObject, func(w http.ResponseWriter, _ *http.Request, _ actor.Actor) error {
		return web.SeeOther(w, s.left)
	})
	rt.Get(s.link, signedIn, web.NoObject, p.linkPage(s))
	rt.Post(s.link, signedIn, web.NoObject, p.linkIdentity(s))
	rt.Post(s.link+"/retrait", signedIn, web.NoObject, p.unlinkIdentity(s))
	if p.begins(s) {
		rt.Post(s.start+"/creation", web.Visitor, web.NoObject, p.signUpWith(s))
	}
	if o == FranceConnect && len(p.OpenID.Button.Body) > 0 {
		rt.Get(s.start+"/bouton", web.Public, web.NoObject, p.button)
	}
}

// button is the provider's own picture, as the town gave it.
func (p Pages) button(w http.ResponseWriter, _ *http.Request, _ actor.Actor) error {
	h := w.Header()
	h.Set("Content-Type", p.OpenID.Button.Type)
	h.Set("Cache-Control", "public, max-age=86400")
	_, err := w.Write(p.OpenID.Button.Body)
	return err
}

// outsideButton is the way to a provider from a sign-in page, nil without one.
func (p Pages) outsideButton(r *http.Request, o Outside) templ.Component {
	s := p.side(o)
	if s.client == nil {
		return nil
	}
	href := web.WithSuite(r, s.start)
	if o == FranceConnect {
		return franceConnectButton(href, len(p.OpenID.Button.Body) > 0)
	}
	return proConnectButton(href)
}

// leave sends the browser to the provider. What is needed when it comes back is kept here, for that browser alone.
func (p Pages) leave(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		suite := web.LocalPath(r.URL.Query().Get("suite"))
		if a.SignedIn() && (a.Kind == actor.Citizen || a.Second) && suite != s.link {
			return web.SeeOther(w, s.home)
		}
		address := fmt.Sprintf("%x", p.Key.HMAC("identity-attempt", address(r))[:16])
		at := civil.InstantOf(p.Now())
		n, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (int64, error) { return attemptsOf(rd, address, at) })
		if err != nil {
			return err
		}
		if n >= attemptsAtOnce {
			return web.RetryAfter(fault.New(fault.Throttled, "Trop de connexions commencées depuis votre réseau. Réessayez dans 10 minutes."), attemptFor)
		}
		start, err := s.client.Begin(r.Context())
		if err != nil {
			return p.failed(w, r, s, err)
		}
		cookie, hash := crypt.NewToken()
		err = db.Do(r.Context(), p.DB, func(tx *db.Tx) error {
			return insertAttempt(tx, attempted{state: crypt.HashToken(start.State), provider: s.Outside, browser: hash, nonce: start.Nonce,
				suite: suite, address: address, created: at, expires: at.Add(attemptFor)})
		})
		if err != nil {
			return err
		}
		web.SetCookie(w, r, attemptCookie, cookie, pendingFor)
		w.Header().Set("Location", start.URL)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
}

// comeBack is the provider's answer.
func (p Pages) comeBack(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		q := r.URL.Query()
		type taken struct {
			attempted
			reason string
		}
		t, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (taken, error) {
			attempt, reason, err := takeAttempt(tx, p.Now(), s.Outside, q.Get("state"), web.Cookie(r, attemptCookie))
			return taken{attempt, reason}, err
		})
		if err != nil {
			return err
		}
		if t.reason == "" && q.Has("iss") && q.Get("iss") != s.client.Issuer() {
			t.reason = foreignIssuer
		}
		if t.reason != "" {
			return p.failed(w, r, s, &openid.Failure{Step: "answer", Reason: t.reason})
		}
		if q.Get("error") == "access_denied" {
			return web.Render(w, r, web.Page{Title: "Connexion interrompue"}, identityStoppedPage(s))
		}
		if q.Has("error") || q.Get("code") == "" {
			return p.failed(w, r, s, &openid.Failure{Step: "answer", Reason: "an error in place of a code"})
		}
		who, err := s.client.Finish(r.Context(), q.Get("code"), t.nonce)
		if err != nil {
			return p.failed(w, r, s, err)
		}
		if reason := p.foreigner(s, who); reason != "" {
			p.log(s, reason)
			return web.Render(w, r, web.Page{Status: http.StatusForbidden, Title: "Ce compte n’est pas celui d’un agent de la commune"}, foreignerPage(s))
		}
		return p.arrive(w, r, a, s, who, t.attempted)
	}
}

// foreigner says why an agent is not one of ours.
func (p Pages) foreigner(s side, who openid.Identity) string {
	switch {
	case s.Outside != ProConnect:
		return ""
	case who.Provider == "":
		return noProvider
	case p.OpenID.Siret == "" || who.Siret != p.OpenID.Siret:
		return foreignEmployer
	}
	return ""
}

// arrive opens the account of an identity, or says how to link it.
func (p Pages) arrive(w http.ResponseWriter, r *http.Request, a actor.Actor, s side, who openid.Identity, t attempted) error {
	l, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (landing, error) { return p.land(tx, who, t, a, browserOf(r, a)) })
	if err != nil {
		return err
	}
	suite := ""
	if t.suite != "" && t.suite != s.link {
		suite = "?suite=" + url.QueryEscape(t.suite)
	}
	switch {
	case l.refused != "":
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Connexion impossible"}, identityRefusedPage(s, l.refused))
	case l.here:
		return web.SeeOther(w, s.link)
	case l.unknown && maySettle(a, s.Outside):
		return web.SeeOther(w, s.link)
	case l.unknown:
		return web.Render(w, r, web.Page{Title: "Reliez " + s.Label() + " à votre espace"}, identityUnknownPage(s, whoIs(who), p.begins(s)))
	}
	setSession(w, r, l.opened)
	web.ClearCookie(w, r, attemptCookie)
	switch {
	case l.opened.Half:
		return web.SeeOther(w, s.code+suite)
	case l.opened.MustPass:
		return web.SeeOther(w, "/premiere-connexion"+suite)
	case suite != "":
		return web.SeeOther(w, t.suite)
	}
	return web.SeeOther(w, s.home)
}

// begins tells whether an identity of a provider can begin a demand for a space.
func (p Pages) begins(s side) bool { return s.Outside == FranceConnect && p.SignUp != nil }

// signUpWith begins a demand for a space with what the provider told of somebody who has none. It proves nothing there:
// each may correct it, the e-mail address is confirmed as any other, and an agent decides.
func (p Pages) signUpWith(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		if a.SignedIn() {
			return web.SeeOther(w, "/espace")
		}
		who, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (openid.Identity, error) {
			found, err := pendingOf(rd, p.Now(), s.Outside, web.Cookie(r, attemptCookie))
			if err != nil {
				return openid.Identity{}, err
			}
			waiting, err := found.open(p.Key)
			return waiting.who, err
		})
		if fault.KindOf(err) == fault.NotFound { // too old: the same, with nothing filled in
			who, err = openid.Identity{}, nil
		}
		if err != nil {
			return err
		}
		return p.SignUp(w, r, who)
	}
}

// leadsToLink tells whether a sign-in is on its way to the page that links an identity.
func leadsToLink(suite string) bool {
	for _, o := range []Outside{FranceConnect, ProConnect} {
		if suite == "?suite="+url.QueryEscape(Pages{}.side(o).link) {
			return true
		}
	}
	return false
}

// ForgetIdentity makes the browser let go of the identity that a provider told it and that opened no space: without its
// cookie nothing gives it out any more.
func ForgetIdentity(w http.ResponseWriter, r *http.Request) {
	if web.Cookie(r, attemptCookie) != "" {
		web.ClearCookie(w, r, attemptCookie)
	}
}

// failed says that a sign-in with a provider did not succeed. Nothing was done; the other ways in are as before. It is
// logged once, by its reason, without anything that the provider gave.
func (p Pages) failed(w http.ResponseWriter, r *http.Request, s side, err error) error {
	p.log(s, err.Error())
	web.ClearCookie(w, r, attemptCookie)
	if openid.IsDown(err) {
		w.Header().Set("Retry-After", "60")
		return web.Render(w, r, web.Page{Status: http.StatusServiceUnavailable, Title: s.Label() + " ne répond pas"}, identityDownPage(s))
	}
	return web.Render(w, r, web.Page{Status: http.StatusUnprocessableEntity, Title: "La connexion n’a pas abouti"}, identityFailedPage(s))
}

func (p Pages) log(s side, reason string) {
	log := p.OpenID.Log
	if log == nil {
		log = slog.Default()
	}
	log.Warn("sign-in with a provider refused", "provider", string(s.Outside), "reason", reason)
}

// whoIs is an identity in words, for its owner to recognise: "Camille Anne Aubert, née ou né le 3 mars 1985".
func whoIs(who openid.Identity) []web.Row {
	last := who.LastName
	if who.UsageName != "" {
		last = who.UsageName + " (nom de naissance : " + who.LastName + ")"
	}
	rows := []web.Row{{Label: "Nom", Value: strings.TrimSpace(last)}, {Label: "Prénoms", Value: who.FirstNames}}
	if day := birthWords(who.Birth); day != "" {
		rows = append(rows, web.Row{Label: "Naissance", Value: day})
	}
	if who.Abroad() {
		rows = append(rows, web.Row{Label: "Lieu de naissance", Value: "À l’étranger"})
	}
	return rows
}

// birthWords is a birth with what is known of it.
func birthWords(b openid.Birth) string {
	switch {
	case b.Year == 0:
		return ""
	case b.Month == 0:
		return fmt.Sprintf("En %d", b.Year)
	case b.Day == 0:
		return fmt.Sprintf("En %s %d", civil.MonthName(b.Month), b.Year)
	}
	words := "Le " + civil.NewDate(b.Year, b.Month, b.Day).Long()
	if b.MayBePresumed() {
		words += " (ou jour inconnu de l’état civil)"
	}
	return words
}

// linkView is the page of a link with a provider.
type linkView struct {
	side     side
	linked   civil.Instant // 0: not linked
	pending  bool
	who      []web.Row
	owner    string // whose account it is
	password bool   // it is asked: the session is older than the provider's answer
	zone     *time.Location
}

func (v linkView) since() string { return civil.Stamp(v.linked.In(v.zone)) }

func (p Pages) readLink(ctx context.Context, s side, a actor.Actor, cookie string) (linkView, error) {
	now := p.Now()
	return db.Read(ctx, p.DB, func(r db.Reader) (linkView, error) {
		v := linkView{side: s, zone: now.Location()}
		who, err := person.ByID(r, person.ID(a.Person))
		if err != nil {
			return v, err
		}
		v.owner = who.Full()
		if v.linked, err = linkedAt(r, ID(a.Account), s.Outside); err != nil {
			return v, err
		}
		created, err := sessionCreated(r, a.Session)
		if err != nil {
			return v, err
		}
		found, err := pendingOf(r, now, s.Outside, cookie)
		if fault.KindOf(err) == fault.NotFound {
			return v, nil
		}
		if err != nil {
			return v, err
		}
		waiting, err := found.open(p.Key)
		v.pending, v.who, v.password = true, whoIs(waiting.who), created < found.proved
		return v, err
	})
}

func (p Pages) linkPage(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return p.showLinked(w, r, a, s, nil, http.StatusOK)
	}
}

func (p Pages) showLinked(w http.ResponseWriter, r *http.Request, a actor.Actor, s side, f *web.Form, status int) error {
	v, err := p.readLink(r.Context(), s, a, web.Cookie(r, attemptCookie))
	if err != nil {
		return err
	}
	base, crumbs := credentialsBase(a)
	return web.Render(w, r, web.Page{Status: status, Title: s.Label(), Crumbs: append(crumbs, web.Crumb{Label: "Identifiants", Href: base},
		web.Crumb{Label: s.Label()})}, linkIdentityPage(f, v))
}

func (p Pages) linkIdentity(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		cookie := web.Cookie(r, attemptCookie)
		v, err := p.readLink(r.Context(), s, a, cookie)
		if err != nil {
			return err
		}
		if v.password {
			err = p.ConfirmPassword(r.Context(), a, f.Raw("mot_de_passe"), address(r), "mot_de_passe")
		}
		if err == nil {
			err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
				return web.Done{Location: s.link, Sentence: s.Label() + " ouvre maintenant votre espace.",
						After: func(w http.ResponseWriter) { web.ClearCookie(w, r, attemptCookie) }},
					p.LinkIdentity(tx, a, s.Outside, cookie)
			})
		}
		if err == nil {
			return nil
		}
		status, shown := failedStatus(w, f, err)
		if !shown {
			return err
		}
		return p.showLinked(w, r, a, s, f, status)
	}
}

func (p Pages) unlinkIdentity(s side) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: s.link, Sentence: s.Label() + " n’ouvre plus votre espace."}, UnlinkIdentity(tx, p.Now(), a, s.Outside)
		})
	}
}
