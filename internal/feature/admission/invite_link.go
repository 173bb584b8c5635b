package admission

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// invited is what a link's page shows: who invites, and no child, no address.
type invited struct {
	Invite
	secret  string
	me      actor.Actor // the zero Actor when nobody is signed in
	terms   town.Version
	privacy town.Version
	rule    string
	help    town.Service
	checked bool // an agent answers before the family opens
	p       Invites
}

func (v invited) path() string { return "/invitation/" + v.secret }

func (v invited) conditions() string { return v.terms.ID + "/" + v.privacy.ID }

// lead is "Camille Martin vous invite à représenter sa famille, connue par le service Enfance."
func (v invited) lead() string {
	who, where := v.ByName+" vous invite à représenter sa famille", ""
	if v.ByName == "" {
		who = "La mairie vous invite à représenter une famille"
	}
	if v.ServiceIn != "" {
		where = ", connue par le service " + v.ServiceIn
	}
	return who + where + "."
}

func (v invited) signIn() string {
	return "/connexion?" + url.Values{"suite": {v.path()}}.Encode()
}

// read gives the invitation of a link, with what the page needs beside.
func (p Invites) read(r *http.Request, a actor.Actor) (invited, error) {
	v := invited{secret: r.PathValue("jeton"), rule: account.RuleFor(account.Citizen).Sentence(), p: p,
		help: p.Settings.Get(r.Context(), p.Now()).Help()}
	if a.Kind == actor.Citizen || a.Kind == actor.Agent {
		v.me = a
	}
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (_ invited, err error) {
		if v.Invite, err = inviteBySecret(rd, v.secret); err != nil {
			return v, err
		}
		if v.terms, err = town.TermsVersion(rd); err != nil {
			return v, err
		}
		if v.privacy, err = town.PrivacyVersion(rd); err != nil {
			return v, err
		}
		v.checked, err = agentFirst(rd, v.Invite)
		return v, err
	})
}

// agentFirst tells whether an agent of the service answers before who accepts enters the family, by the town's rule:
// what is decided at acceptance may ask for an agent more often.
func agentFirst(r db.Reader, v Invite) (bool, error) {
	if v.Vouched() {
		return false, nil
	}
	s, err := town.ReadSettings(r)
	return v.Person != "" || !s.CoholderAtOnce, err
}

// alive tells whether a link still waits for its answer.
func (v invited) alive() bool {
	s, _ := v.State(civil.InstantOf(v.p.Now()))
	return (s == InviteSent || s == InviteOpened) && v.Tries < inviteTries
}

// link shows who invites. The first look is noted, and nothing else: mailboxes open links by themselves.
func (p Invites) link(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.read(r, a)
	if err == nil && v.alive() && v.OpenedAt == 0 {
		if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return noteOpened(tx, p.Now(), v.ID) }); err != nil {
			return err
		}
	}
	return p.show(w, r, v, err, nil, http.StatusOK)
}

// show is the link's page: the answer to give, or what became of the link.
func (p Invites) show(w http.ResponseWriter, r *http.Request, v invited, err error, f *web.Form, status int) error {
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return web.Render(w, r, web.Page{Status: http.StatusNotFound, Title: "Ce lien n’est pas complet"}, brokenInvitePage(p.Settings.Get(r.Context(), p.Now()).Help()))
	case err != nil:
		return err
	case !v.alive():
		s, _ := v.State(civil.InstantOf(p.Now()))
		title := "Ce lien ne fonctionne plus"
		if s == InviteAccepted {
			title = "Cette invitation est déjà acceptée"
		}
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: title}, deadInvitePage(v, s))
	case v.me.Kind == actor.Citizen:
		return web.Render(w, r, web.Page{Status: status, Title: "Accepter l’invitation"}, acceptPage(f, v))
	case v.me.Kind == actor.Agent:
		return web.Render(w, r, web.Page{Status: status, Title: "Invitation d’une famille"}, agentInvitedPage(v))
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Ouvrez votre espace"}, openPage(f, v))
}

// open takes the form of somebody without an account.
func (p Invites) open(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.read(r, a)
	if err == nil && v.AcceptedBy != "" && string(v.AcceptedBy) == a.Account { // sent again by who has just come in
		return web.SeeOther(w, "/espace")
	}
	if err != nil || v.me.SignedIn() {
		return p.show(w, r, v, err, nil, http.StatusOK)
	}
	f := web.ReadForm(r)
	var answer Answer
	alive := v.alive()
	if alive { // else the same form sent again gets its first answer below
		if answer, err = p.answer(r.Context(), v, f); err != nil {
			return p.failed(w, r, a, f, err)
		}
		if f.Failed() {
			return p.show(w, r, v, nil, f, http.StatusUnprocessableEntity)
		}
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if !alive {
			return web.Done{}, usedUp()
		}
		id, outcome, err := AcceptNew(tx, p.Now(), v.secret, answer)
		if err != nil {
			return web.Done{}, err
		}
		opened, err := account.EnterInvited(tx, p.Now(), guest(), id, account.BrowserOf(r, a))
		return web.Done{Location: "/espace", Sentence: outcome.sentence(),
			After: func(w http.ResponseWriter) { account.SetSession(w, r, opened) }}, err
	})
	return p.failed(w, r, a, f, err)
}

// failed shows the link's page again with what a verb refused.
func (p Invites) failed(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, err error) error {
	status := http.StatusUnprocessableEntity
	switch kind := fault.KindOf(err); {
	case err == nil:
		return nil
	case kind == fault.Conflict || kind == fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		status = http.StatusConflict
	case !f.Take(err):
		return err
	}
	v, err := p.read(r, a)
	return p.show(w, r, v, err, f, status)
}

func (o Outcome) sentence() string {
	switch o {
	case ToVerify:
		return "Votre réponse est enregistrée. Le service vérifie votre place dans la famille, puis vous y entrez."
	case ToLink:
		return "Votre espace est créé. Un agent vérifie que vous êtes la personne invitée avant d’ouvrir la famille."
	}
	return "Vous représentez maintenant la famille."
}

// answer checks all that somebody without an account typed, at once, and hashes the password when all is right.
func (p Invites) answer(ctx context.Context, v invited, f *web.Form) (Answer, error) {
	w := Answer{Username: f.Line("identifiant"), Terms: v.terms.ID, Privacy: v.privacy.ID, LastName: v.LastName, FirstNames: v.FirstNames, Civility: v.Civility}
	if v.Person == "" {
		w.LastName, w.FirstNames = f.Line("nom"), f.Line("prenoms")
		w.Civility, _ = person.ParseCivility(f.Line("civilite"))
		for _, x := range []struct{ name, typed, missing string }{{"nom", w.LastName, "Indiquez votre nom."}, {"prenoms", w.FirstNames, "Indiquez votre prénom."}} {
			if x.typed == "" {
				f.Fail(x.name, x.missing)
			} else if s := person.CheckTypedName(x.typed); s != "" {
				f.Fail(x.name, s)
			}
		}
	}
	today := civil.DateOf(p.Now())
	birth, err := civil.ParseFrench(f.Line("naissance"))
	if err != nil || birth.Year < 1900 || birth.After(today) {
		f.Fail("naissance", "Indiquez votre date de naissance, par exemple 3 mars 1985 ou 03/03/1985.")
	}
	w.Birth = birth
	if w.Username == "" {
		f.Fail("identifiant", "Choisissez un nom d’utilisateur.")
	} else if s := account.CheckUsername(w.Username, v.Email); s != "" {
		f.Fail("identifiant", s)
	}
	if err := p.judged(ctx, v, w, f); err != nil {
		return w, err
	}
	for _, x := range account.CheckNewPassword(account.RuleFor(account.Citizen), f.Raw("mot_de_passe"), f.Raw("confirmation"),
		w.LastName, w.FirstNames, w.Username, v.Email) {
		f.Fail(x.Name, x.Sentence)
	}
	if f.Raw("conditions") != v.conditions() {
		f.Fail("", "Les conditions d’utilisation ou l’information sur vos données ont changé pendant votre saisie. Relisez-les, puis validez de nouveau.")
	}
	if f.Failed() {
		return w, nil
	}
	hash := p.hash
	if hash == nil {
		hash = crypt.HashPassword
	}
	w.Hash, err = hash(ctx, f.Raw("mot_de_passe"))
	return w, err
}

// judged checks what the town knows and the link's holder may not try at length: each answer is counted first.
func (p Invites) judged(ctx context.Context, v invited, w Answer, f *web.Form) error {
	type known struct {
		taken bool
		birth string
	}
	if f.Problem("identifiant") != "" && f.Problem("naissance") != "" {
		return nil
	}
	answer := base64.RawURLEncoding.EncodeToString(p.Key.HMAC("invite-answer", string(v.ID), account.FoldUsername(w.Username), w.Birth.String())[:16])
	left, err := db.Write(ctx, p.DB, func(tx *db.Tx) (bool, error) { return countTry(tx, v.ID, answer) })
	if err != nil {
		return err
	}
	if !left {
		return tooManyTries()
	}
	got, err := db.Read(ctx, p.DB, func(r db.Reader) (k known, err error) {
		if f.Problem("identifiant") == "" {
			if k.taken, err = account.UsernameTaken(r, w.Username); err != nil {
				return k, err
			}
		}
		if k.taken && v.Person != "" && v.Vouched() { // one's own imported identifier is not taken
			acc, err := account.ForPerson(r, v.Person, account.Citizen)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return k, err
			}
			k.taken = account.FoldUsername(acc.Username) != account.FoldUsername(w.Username)
		}
		if f.Problem("naissance") == "" {
			k.birth, err = birthFault(r, v.Invite, w.Birth)
		}
		return k, err
	})
	if err != nil || !got.taken && got.birth == "" {
		return err
	}
	if got.taken {
		f.Fail("identifiant", "Ce nom d’utilisateur est déjà pris. Choisissez-en un autre.")
	}
	if got.birth != "" {
		f.Fail("naissance", got.birth)
	}
	return nil
}

func tooManyTries() error {
	return fault.New(fault.Conflict, "Ce lien a reçu trop de réponses : il ne fonctionne plus. Demandez une autre invitation, ou appelez la mairie.")
}

// accept takes the answer of somebody signed in, who confirmed under which name.
func (p Invites) accept(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	if a.Kind != actor.Citizen || f.Raw("compte") != a.Account {
		v, err := p.read(r, a)
		if err == nil && a.Kind == actor.Citizen {
			f.Fail("", "Vous êtes maintenant connecté comme "+a.Name+". Vérifiez, puis acceptez.")
		}
		return p.show(w, r, v, err, f, http.StatusConflict)
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		outcome, err := AcceptAs(tx, p.Now(), a, r.PathValue("jeton"))
		return web.Done{Location: "/espace", Sentence: outcome.sentence()}, err
	})
	return p.failed(w, r, a, f, err)
}
