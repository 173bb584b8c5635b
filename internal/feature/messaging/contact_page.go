package messaging

import (
	"crypto/hmac"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

const (
	writePath    = "/contacts/ecrire"
	unprovenPath = "/contacts/ecrire/sans-controle"
	sentPath     = "/contacts/ecrire/recu"
	potField     = "site_web" // only robots fill it, on the form without check
	openedField  = "ouvert"
	minFill      = 3 * time.Second
	maxFill      = 24 * time.Hour
)

// citizenContact declares the contact form.
func (p Pages) citizenContact(rt *web.Router) {
	rt.Get(writePath, web.Visitor, web.NoObject, p.contactForm)
	rt.Post(writePath, web.Visitor, web.NoObject, p.sendContact)
	rt.Get(unprovenPath, web.Visitor, web.NoObject, p.unprovenForm)
	rt.Post(unprovenPath, web.Visitor, web.NoObject, p.sendUnproven)
	rt.Get(sentPath, web.Visitor, web.NoObject, p.contactSent)
}

// contactView is the form, for a family signed in (no check), a visitor (the check) or one who cannot pass it.
type contactView struct {
	form      *web.Form
	proof     Proof
	known     person.Person // what fills the form in, for a family signed in
	services  []web.Option
	help      town.Service
	challenge captcha.Challenge
	opened    string // when a form without check was shown, signed
}

func (v contactView) action() string {
	if v.proof == Unproven {
		return unprovenPath
	}
	return writePath
}

func (v contactView) agent() captcha.Agent {
	return captcha.Agent{Phone: v.help.Phone, Hours: v.help.Hours, Counter: v.help.Counter, Href: unprovenPath,
		Label: "Écrire à un agent sans ce contrôle"}
}

// proofOf is what a form asks of somebody on the page with the check.
func proofOf(a actor.Actor) Proof {
	if ownSpace(a) {
		return BySession
	}
	return ByCheck
}

func (p Pages) contactForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v := contactView{form: web.NewForm(), proof: proofOf(a)}
	if v.proof == ByCheck {
		var err error
		if v.challenge, err = p.Check.New(r.Context(), p.checkForm(w, r)); err != nil {
			return err
		}
	}
	return p.showContact(w, r, a, http.StatusOK, v)
}

func (p Pages) unprovenForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if ownSpace(a) {
		return web.SeeOther(w, writePath)
	}
	return p.showContact(w, r, a, http.StatusOK, contactView{form: web.NewForm(), proof: Unproven})
}

func (p Pages) checkForm(w http.ResponseWriter, r *http.Request) captcha.Form {
	return captcha.Form{Purpose: "contact", Scope: captcha.Visitor(w, r)}
}

func (p Pages) showContact(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, v contactView) error {
	type known struct {
		services []town.Service
		person   person.Person
	}
	read, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (k known, err error) {
		if k.services, err = town.Services(rd); err != nil || v.proof != BySession || a.Person == "" {
			return k, err
		}
		k.person, err = person.ByID(rd, person.ID(a.Person))
		return k, err
	})
	if err != nil {
		return err
	}
	v.known, v.services = read.person, writeOptions(read.services)
	v.help = p.Settings.Get(r.Context(), p.Now()).Help()
	if v.proof == Unproven {
		v.opened = p.stamp(p.realNow())
	}
	title := "Écrire à la mairie"
	return web.Render(w, r, web.Page{Status: status, Title: title, NoIndex: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/"},
		{Label: "Contacts", Href: "/contacts"}, {Label: title}}}, contactFormPage(v))
}

func writeOptions(services []town.Service) []web.Option {
	options := []web.Option{{Value: "", Label: "Je ne sais pas, ou autre sujet"}}
	for _, s := range services {
		options = append(options, web.Option{Value: string(s.ID), Label: s.Name})
	}
	return options
}

func messageOf(f *web.Form, proof Proof) ContactMessage {
	return ContactMessage{Name: f.Line("nom"), Email: f.Line("courriel"), Phone: f.Line("telephone"),
		Service: town.ServiceID(f.Text("service")), Body: f.Text("message"), Proof: proof}
}

// sendContact takes the form of a family, or of a visitor: then the check is judged first.
func (p Pages) sendContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	m := messageOf(f, proofOf(a))
	if m.Proof == BySession {
		f.Take(m.Check())
		return p.keepContact(w, r, a, f, m, nil)
	}
	form := p.checkForm(w, r)
	if p.Check.Asked(f) {
		return p.contactAgain(w, r, a, http.StatusOK, f, form)
	}
	pass, err := p.Check.Verify(r.Context(), form, f, captcha.From(r, m.Email))
	if err != nil && !f.Take(err) {
		return err
	}
	f.Take(m.Check())
	return p.keepContact(w, r, a, f, m, &pass)
}

// sendUnproven takes the form without check: a trap for robots, a least time to write, few a day.
func (p Pages) sendUnproven(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	m := messageOf(f, Unproven)
	f.Take(m.Check())
	switch {
	case f.Raw(potField) != "":
		f.Fail("", "Votre message n’est pas parti : une case qui doit rester vide a été remplie, peut-être par votre navigateur. Envoyez-le de nouveau, ou appelez la mairie.")
	case !p.timely(f.Raw(openedField)):
		f.Fail("", "Votre message n’est pas parti : la page a été envoyée trop vite, ou elle était ouverte depuis hier. Envoyez-la de nouveau.")
	}
	return p.keepContact(w, r, a, f, m, nil)
}

// keepContact writes the message when nothing is wrong with it, and else shows the form as it was typed.
func (p Pages) keepContact(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, m ContactMessage, pass *captcha.Pass) error {
	status := http.StatusUnprocessableEntity
	if !f.Failed() {
		err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if pass != nil {
				if err := p.Check.Spend(tx, *pass); err != nil {
					return web.Done{}, err
				}
			}
			kept, err := Contact(tx, p.Now(), a, m, p.senderOf(r, m))
			return web.Done{Location: sentPath + "?reference=" + url.QueryEscape(kept.Reference), Sentence: "Votre message est enregistré."}, err
		})
		if fault.KindOf(err) == fault.Throttled {
			status = http.StatusTooManyRequests
			f.Fail("", fault.SentenceOf(err))
		} else if !f.Take(err) {
			return err
		}
	}
	if m.Proof == ByCheck {
		return p.contactAgain(w, r, a, status, f, p.checkForm(w, r))
	}
	return p.showContact(w, r, a, status, contactView{form: f, proof: m.Proof})
}

// contactAgain shows a visitor's form once more, with the test already passed or another.
func (p Pages) contactAgain(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form, form captcha.Form) error {
	again, err := p.Check.Again(r.Context(), form, f)
	if err != nil {
		return err
	}
	return p.showContact(w, r, a, status, contactView{form: f, proof: ByCheck, challenge: again})
}

func (p Pages) contactSent(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	title := "Votre message à la mairie"
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	return web.Render(w, r, web.Page{Title: title, NoIndex: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/"},
		{Label: "Contacts", Href: "/contacts"}, {Label: title}}}, contactSentPage(readReference(r.URL.Query().Get("reference")), ownSpace(a), help))
}

// readReference is a reference as newReference makes them, "" for any other text.
func readReference(s string) string {
	if len(s) != 11 || s[:2] != "M-" || s[6] != '-' || strings.Trim(s[2:6]+s[7:], referenceLetters) != "" {
		return ""
	}
	return s
}

// senderOf names where a message comes from, for the counts: what is kept tells neither address.
func (p Pages) senderOf(r *http.Request, m ContactMessage) Sender {
	from := web.ClientIP(r)
	return Sender{Network: p.hash("contact-network", web.Network(from)), Area: p.hash("contact-area", web.Area(from)),
		Mailbox: p.hash("contact-mailbox", strings.ToLower(m.Email))}
}

func (p Pages) hash(purpose, value string) string {
	return hex.EncodeToString(p.Check.Key.HMAC(purpose, value)[:16])
}

func (p Pages) realNow() time.Time {
	if p.Check.RealNow == nil {
		return p.Now()
	}
	return p.Check.RealNow()
}

// stamp is a moment that only this portal can have written.
func (p Pages) stamp(at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return seconds + "." + p.hash("contact-opened", seconds)
}

// timely tells whether a form was open for as long as somebody needs to write, and not since yesterday.
func (p Pages) timely(stamp string) bool {
	if p.Check.Limits.Lifted {
		return true
	}
	seconds, _, _ := strings.Cut(stamp, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !hmac.Equal([]byte(stamp), []byte(p.stamp(time.Unix(n, 0)))) {
		return false
	}
	took := p.realNow().Sub(time.Unix(n, 0))
	return took >= minFill && took <= maxFill
}
