package signup

import (
	"context"
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
)

const (
	keptHashes   = 1  // passwords of one draft hashed before its demand is sent
	hashesAnHour = 30 // the same, of all that is drafted from one network
)

// submit takes the last screen. The security check comes before any hashing for a demand.
func (p Pages) submit(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if gone, err := home(w, a); gone {
		return err
	}
	f := web.ReadForm(r)
	had, err := p.draft(r)
	if err != nil {
		return err
	}
	if had.ID == "" {
		return p.sentBefore(w, r, a)
	}
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	if f.Raw("aller") == "" {
		if at := firstMissing(had, steps, rule, p.Now()); at < len(steps)-1 {
			return web.SeeOther(w, steps[at].path)
		}
	}
	return p.judge(w, r, a, f, had, rule)
}

// lostPath is the first page, which says that what was typed is no longer there.
const lostPath = root + "?perdue=1"

// judge checks the last screen's answers and sends the demand.
func (p Pages) judge(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, had Draft, rule ruler) error {
	change := func(d *Draft) { capture(d, "authentification", f, rule) }
	next := had
	next.Fields = clone(had.Fields)
	change(&next)
	if f.Raw("aller") != "" || p.Check.Asked(f) {
		d, err := p.keep(w, r, f, had, next, change)
		if err != nil {
			return err
		}
		if p.Check.Asked(f) {
			return p.screen(w, r, http.StatusOK, d, f, "authentification")
		}
		return p.onward(w, r, d, f, "authentification", nil)
	}
	pass, err := p.Check.Verify(r.Context(), captcha.Form{Purpose: "inscription", Scope: had.ID}, f, captcha.From(r, next.Fields["courriel"]))
	if err != nil && !f.Take(err) {
		return err
	}
	for _, problem := range check("authentification", next, rule, p.Now()) {
		f.Fail(problem.Name, problem.Sentence)
	}
	for _, problem := range p.passwordProblems(f, next) {
		f.Fail(problem.Name, problem.Sentence)
	}
	versions, err := p.versions(r.Context())
	if err != nil {
		return err
	}
	if got := f.Raw("conditions"); got != versions.String() {
		f.Fail("", "Les conditions d’utilisation ou l’information sur vos données ont changé pendant votre saisie. Relisez-les, puis validez de nouveau.")
	}
	if f.Failed() {
		d, err := p.keep(w, r, f, had, next, change)
		if err != nil {
			return err
		}
		sortProblems(f)
		return p.screen(w, r, http.StatusUnprocessableEntity, d, f, "authentification")
	}
	return p.order(w, r, a, f, next, pass, versions)
}

// order hashes the password and writes the demand, once for a form.
func (p Pages) order(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, d Draft, pass captcha.Pass, v versions) error {
	hash := d.Hash
	if f.Raw("mot_de_passe") != "" {
		var err error
		if hash, err = p.hashed(r.Context(), f.Raw("mot_de_passe")); err != nil {
			return err
		}
	}
	photo, err := p.storedPhoto(r.Context(), d)
	if err != nil {
		return err
	}
	t := p.ticket(r)
	o := Order{Draft: d, Hash: hash, Photo: photo, Terms: v.terms, Privacy: v.privacy, Received: p.receivedToken(t.Token), Browser: t.Browser}
	err = web.Submit(p.onSeeOther(w, r, t), r, a, func(tx *db.Tx) (web.Done, error) {
		if err := p.Check.Spend(tx, pass); err != nil {
			return web.Done{}, err
		}
		_, err := Send(tx, p.Now(), p.Key, p.Photos.Drop, o)
		return web.Done{Location: root + "/demande-recue", Sentence: "Votre demande est enregistrée."}, err
	})
	if fault.KindOf(err) == fault.Conflict {
		return web.SeeOther(w, lostPath)
	}
	if !f.Take(err) {
		return err
	}
	if d, err = p.save(w, r, func(*Draft) {}, nil); err != nil { // its answer is one answer of the cookie
		return err
	}
	return p.screen(w, r, http.StatusUnprocessableEntity, d, f, "authentification")
}

// sentBefore answers the last screen sent without a draft: the same form sent twice gets its first answer; anything
// else starts again.
func (p Pages) sentBefore(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	t := p.ticket(r)
	err := web.Submit(p.onSeeOther(w, r, t), r, a, func(*db.Tx) (web.Done, error) { return web.Done{}, errGone(nil) })
	if fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Invalid {
		return web.SeeOther(w, lostPath)
	}
	return err
}

// receivedToken is the cookie that shows « Demande reçue » to the browser whose draft had this one.
func (p Pages) receivedToken(draft string) string { return derived(p.Key, "signup-received", draft) }

// onSeeOther sets the cookies of a demand that was sent, when the answer says that it was, the first time or again.
func (p Pages) onSeeOther(w http.ResponseWriter, r *http.Request, t Ticket) http.ResponseWriter {
	return &sent{ResponseWriter: w, cookies: func() {
		web.ClearCookie(w, r, draftCookie)
		web.SetCookie(w, r, receivedCookie, p.receivedToken(t.Token), draftLife)
	}}
}

type sent struct {
	http.ResponseWriter
	cookies func()
}

// WriteHeader adds the cookies to a redirect.
func (w *sent) WriteHeader(status int) {
	if status == http.StatusSeeOther {
		w.cookies()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *sent) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// keep saves what the last screen sent; a good password that comes with something wrong beside it is kept as a
// hash, within bounds, so that nobody types it twice.
func (p Pages) keep(w http.ResponseWriter, r *http.Request, f *web.Form, had, next Draft, change func(*Draft)) (Draft, error) {
	hash := ""
	if had.hashes < keptHashes && f.Raw("mot_de_passe") != "" && len(p.passwordProblems(f, next)) == 0 {
		made, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (int64, error) { // counted first: many at once are as many
			return countHash(tx, p.ticket(r).Address, civil.InstantOf(p.Now().Truncate(time.Hour)))
		})
		if err != nil {
			return Draft{}, err
		}
		if made <= hashesAnHour {
			if hash, err = p.hashed(r.Context(), f.Raw("mot_de_passe")); err != nil {
				return Draft{}, err
			}
		}
	}
	return p.save(w, r, func(d *Draft) {
		change(d)
		switch {
		case hash != "":
			d.Hash = hash
			d.hashes++
		case f.Raw("mot_de_passe") != "":
			d.Hash = "" // another one was typed and could not be kept
		}
	}, nil)
}

// passwordProblems checks the password typed; none is needed when the draft keeps one.
func (p Pages) passwordProblems(f *web.Form, d Draft) []fault.Field {
	if d.Hash != "" && f.Raw("mot_de_passe") == "" && f.Raw("confirmation") == "" {
		return nil
	}
	return account.CheckNewPassword(citizenRule(), f.Raw("mot_de_passe"), f.Raw("confirmation"), d.Fields["nom"],
		d.Fields["nom_naissance"], d.Fields["prenoms"], d.Fields["identifiant"], d.Fields["courriel"])
}

func citizenRule() account.PasswordRule { return account.RuleFor(account.Citizen) }

func (p Pages) hashed(ctx context.Context, password string) (string, error) {
	if p.hash != nil {
		return p.hash(ctx, password)
	}
	return crypt.HashPassword(ctx, password)
}

// storedPhoto puts the draft's picture where photos are kept; one that no demand takes up is swept.
func (p Pages) storedPhoto(ctx context.Context, d Draft) (string, error) {
	picture, err := db.Read(ctx, p.DB, func(r db.Reader) ([]byte, error) { return DraftPhoto(r, p.Key, d) })
	if err != nil || len(picture) == 0 || p.Photos.Put == nil {
		return "", err
	}
	return p.Photos.Put(ctx, picture)
}

// versions are the texts that somebody accepts by sending the demand.
type versions struct{ terms, privacy string }

// String is how the form carries them.
func (v versions) String() string { return v.terms + "/" + v.privacy }

func (p Pages) versions(ctx context.Context) (versions, error) {
	return db.Read(ctx, p.DB, func(r db.Reader) (versions, error) {
		terms, privacy, err := accepted(r)
		return versions{terms.ID, privacy.ID}, err
	})
}

func clone(fields map[string]string) map[string]string {
	all := make(map[string]string, len(fields))
	for name, value := range fields {
		all[name] = value
	}
	return all
}

// sortProblems puts the problems in the order of the screen: the security check stands last.
func sortProblems(f *web.Form) {
	order := []string{"identifiant", "mot_de_passe", "confirmation"}
	slices.SortStableFunc(f.Problems(), func(a, b fault.Field) int {
		rank := func(name string) int {
			if i := slices.Index(order, name); i >= 0 {
				return i
			}
			return len(order)
		}
		return rank(a.Name) - rank(b.Name)
	})
}
