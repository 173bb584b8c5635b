package signup

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/geo"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Pages are the wizard and what follows it. Photos and Promise are filled by app from the packages above or below.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Key      *crypt.Key
	Settings *town.Cache
	Check    captcha.Check
	Photos   person.Photos
	// Promise is when an account whose address is confirmed at a moment is active at the latest.
	Promise func(r db.Reader, from time.Time) (time.Time, error)
	// Rule is the town's rule of a field; nil: the settings'.
	Rule func(ctx context.Context, name string) town.FieldRule

	// Standing is where a request stands, and Resubmit puts it back in the agents' queue: admission's.
	Standing func(r db.Reader, now time.Time, id account.ID) (Standing, error)
	Resubmit func(tx *db.Tx, now time.Time, a actor.Actor) error

	hash func(ctx context.Context, password string) (string, error) // nil: crypt's
}

// The cookies of a visitor: the draft's, and the one that shows « Demande reçue ».
const (
	draftCookie    = "creation"
	receivedCookie = "demande"
)

// Citizen declares the wizard's pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(root, web.Public, web.NoObject, p.welcome)
	rt.Get(root+"/identite", web.Visitor, web.NoObject, p.show("identite"))
	rt.PostFile(root+"/identite", web.Visitor, web.NoObject, person.MaxPhoto+1<<20, p.send("identite"))
	rt.Get(root+"/photo", web.Visitor, web.NoObject, p.photo)
	rt.Get(root+"/communes", web.Visitor, web.NoObject, p.communes)
	rt.Get(root+"/adresse", web.Visitor, web.NoObject, p.show("adresse"))
	rt.Post(root+"/adresse", web.Visitor, web.NoObject, p.send("adresse"))
	rt.Get(root+"/moyens-de-contact", web.Visitor, web.NoObject, p.show("contact"))
	rt.Post(root+"/moyens-de-contact", web.Visitor, web.NoObject, p.send("contact"))
	rt.Get(root+"/authentification", web.Visitor, web.NoObject, p.show("authentification"))
	rt.Post(root+"/authentification", web.Visitor, web.NoObject, p.submit)
	rt.Get(root+"/annuler", web.Visitor, web.NoObject, p.cancel)
	rt.Post(root+"/annuler", web.Visitor, web.NoObject, p.cancelled)
	rt.Get(root+"/demande-recue", web.Visitor, web.NoObject, p.received)
	rt.Post(root+"/demande-recue/renvoi", web.Visitor, web.NoObject, p.resend)
	rt.Post(root+"/demande-recue/correction", web.Visitor, web.NoObject, p.reopen)
	rt.Get(root+"/confirmer/{jeton}", web.Visitor, "signup-link", p.link)
	rt.Post(root+"/confirmer/{jeton}", web.Visitor, "signup-link", p.confirm)
	rt.Get(correctionPath, web.Citizen, web.NoObject, p.correction)
	rt.Post(correctionPath, web.Citizen, web.NoObject, p.correct)
}

func (p Pages) rule(ctx context.Context) ruler {
	if p.Rule != nil {
		return func(name string) town.FieldRule { return p.Rule(ctx, name) }
	}
	return p.Settings.Get(ctx, p.Now()).Field
}

// ticket is what the request shows to reach its draft.
func (p Pages) ticket(r *http.Request) Ticket {
	return Ticket{Token: web.Cookie(r, draftCookie), Browser: p.browser(r),
		Address: derived(p.Key, "signup-address", web.Network(web.ClientIP(r)))}
}

func (p Pages) browser(r *http.Request) string {
	return derived(p.Key, "signup-browser", sortOf(r.UserAgent(), r.Header.Get("Accept-Language")))
}

// draft reads the browser's draft; without any it is an empty one.
func (p Pages) draft(r *http.Request) (Draft, error) {
	if web.Cookie(r, draftCookie) == "" {
		return orEmpty(Draft{}, nil)
	}
	return orEmpty(db.Read(r.Context(), p.DB, func(rd db.Reader) (Draft, error) { return readDraft(rd, p.Now(), p.Key, p.ticket(r)) }))
}

// shown is the browser's draft for a page, which settles which cookie opens it from now on.
func (p Pages) shown(w http.ResponseWriter, r *http.Request) (Draft, error) {
	if web.Cookie(r, draftCookie) == "" {
		return orEmpty(Draft{}, nil)
	}
	type settled struct {
		draft Draft
		token string
	}
	settles := false
	s, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (settled, error) {
		row, err := findDraft(rd, p.Now(), p.ticket(r))
		if err != nil {
			return settled{}, err
		}
		settles = row.previousHash != ""
		d, err := row.open(p.Key)
		return settled{draft: d}, err
	})
	if err == nil && settles {
		s, err = db.Write(r.Context(), p.DB, func(tx *db.Tx) (settled, error) {
			d, token, err := ShowDraft(tx, p.Now(), p.Key, p.ticket(r))
			return settled{d, token}, err
		})
	}
	if err == nil && s.token != "" {
		web.SetCookie(w, r, draftCookie, s.token, draftLife)
	}
	return orEmpty(s.draft, err)
}

// orEmpty is an empty draft in place of none.
func orEmpty(d Draft, err error) (Draft, error) {
	if fault.KindOf(err) == fault.NotFound || errors.Is(err, crypt.ErrSealed) {
		d, err = Draft{}, nil
	}
	if err == nil && d.Fields == nil {
		d.Fields = map[string]string{}
	}
	return d, err
}

// save changes the browser's draft and gives it its next cookie.
func (p Pages) save(w http.ResponseWriter, r *http.Request, change func(*Draft), photo []byte) (Draft, error) {
	type saved struct {
		draft Draft
		token string
	}
	s, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (saved, error) {
		d, token, err := SaveDraft(tx, p.Now(), p.Key, p.ticket(r), r.PostForm.Get("cle"), change)
		if err == nil && photo != nil {
			err = setDraftPhoto(tx, p.Key, d.ID, photo)
		}
		return saved{d, token}, err
	})
	if err == nil {
		web.SetCookie(w, r, draftCookie, s.token, draftLife)
	}
	return s.draft, err
}

// home sends somebody signed in to the space that she has.
func home(w http.ResponseWriter, a actor.Actor) (bool, error) {
	switch a.Kind {
	case actor.Citizen:
		return true, web.SeeOther(w, "/espace")
	case actor.Agent:
		return true, web.SeeOther(w, "/agents")
	}
	return false, nil
}

func (p Pages) welcome(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if gone, err := home(w, a); gone {
		return err
	}
	d, err := p.shown(w, r)
	if err != nil {
		return err
	}
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	view := welcomeView{settings: p.Settings.Get(r.Context(), p.Now()), start: steps[0].path, minutes: len(steps)}
	if view.reference, err = p.running(r); err != nil {
		return err
	}
	view.lost = r.URL.Query().Has("perdue")
	if d.ID != "" {
		view.resume = steps[firstMissing(d, steps, rule, p.Now())].path
	}
	return web.Render(w, r, web.Page{Title: "Bonjour et bienvenue", Caption: wizardName}, welcomePage(view))
}

// running is the reference of the demand that this browser has sent and that waits, "" without.
func (p Pages) running(r *http.Request) (string, error) {
	token := web.Cookie(r, receivedCookie)
	if token == "" {
		return "", nil
	}
	d, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Demand, error) { return received(rd, p.Now(), token, p.browser(r)) })
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Conflict {
		return "", nil
	}
	return d.Reference, err
}

const wizardName = "Création d’un espace personnel"

// show is a screen with what was typed before. A screen is not reached before those that precede it.
func (p Pages) show(name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		if gone, err := home(w, a); gone {
			return err
		}
		d, err := p.shown(w, r)
		if err != nil {
			return err
		}
		rule := p.rule(r.Context())
		steps := stepsOf(rule)
		at := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
		if allowed := firstMissing(d, steps, rule, p.Now()); at < 0 || at > allowed {
			return web.SeeOther(w, steps[allowed].path)
		}
		return p.screen(w, r, http.StatusOK, d, filled(d), name)
	}
}

// filled is a form that shows what a draft holds.
func filled(d Draft) *web.Form {
	f := web.NewForm()
	for name, value := range d.Fields {
		f.Set(name, value)
	}
	return f
}

// screen renders one screen of the wizard.
func (p Pages) screen(w http.ResponseWriter, r *http.Request, status int, d Draft, f *web.Form, name string) error {
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
	if at < 0 {
		return fault.Missing("step")
	}
	settings := p.Settings.Get(r.Context(), p.Now())
	view := stepView{f: f, draft: d, rule: rule, steps: steps, at: at, help: settings.Help()}
	if name == "authentification" {
		if err := p.lastScreen(r, &view); err != nil {
			return err
		}
	}
	page := web.Page{Status: status, Title: steps[at].title, NoIndex: true, Caption: wizardName + " – " + caption(at, len(steps))}
	return web.Render(w, r, page, stepPage(view))
}

// lastScreen adds what only the last screen shows: the security check, the texts to accept, the promise.
func (p Pages) lastScreen(r *http.Request, view *stepView) error {
	form := captcha.Form{Purpose: "inscription", Scope: view.draft.ID}
	var err error
	if view.f.Posted() {
		view.challenge, err = p.Check.Again(r.Context(), form, view.f)
	} else {
		view.challenge, err = p.Check.New(r.Context(), form)
	}
	if err != nil {
		return err
	}
	now := p.Now()
	_, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (struct{}, error) {
		if view.terms, view.privacy, err = accepted(rd); err != nil {
			return struct{}{}, err
		}
		view.promise, err = p.promised(rd, now)
		return struct{}{}, err
	})
	view.zone = now.Location()
	return err
}

func accepted(r db.Reader) (terms, privacy town.Version, err error) {
	if terms, err = town.TermsVersion(r); err != nil {
		return terms, privacy, err
	}
	privacy, err = town.PrivacyVersion(r)
	return terms, privacy, err
}

// promised is the promise in words, "" when the town makes none.
func (p Pages) promised(r db.Reader, from time.Time) (string, error) {
	if p.Promise == nil {
		return "", nil
	}
	at, err := p.Promise(r, from)
	if err != nil || at.IsZero() {
		return "", err
	}
	return inWords(at), nil
}

// send takes a screen's answers. They are kept whatever they are worth; only right ones lead to the next screen.
func (p Pages) send(name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		if gone, err := home(w, a); gone {
			return err
		}
		f := web.ReadForm(r)
		rule := p.rule(r.Context())
		picture, err := p.sentPhoto(r, name, rule)
		if err != nil && !f.Take(err) {
			return err
		}
		if f.Raw("aller") == "sans-photo" {
			picture = []byte{}
		}
		var problems []fault.Field
		d, err := p.save(w, r, func(d *Draft) {
			d.Midway = d.Midway || len(d.Fields) == 0 && name != stepsOf(rule)[0].name
			capture(d, name, f, rule)
			if picture != nil {
				d.Photo = len(picture) > 0
			}
			problems = check(name, *d, rule, p.Now())
			d.Passed = slices.DeleteFunc(d.Passed, func(s string) bool { return s == name })
			if len(problems) == 0 {
				d.Passed = append(d.Passed, name)
				echo(name, d)
			}
		}, picture)
		if err != nil {
			return err
		}
		return p.onward(w, r, d, f, name, problems)
	}
}

// onward leads to where the pressed button goes, or shows the screen again with what is wrong.
func (p Pages) onward(w http.ResponseWriter, r *http.Request, d Draft, f *web.Form, name string, problems []fault.Field) error {
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	at := max(slices.IndexFunc(steps, func(s step) bool { return s.name == name }), 0)
	switch f.Raw("aller") {
	case "annuler":
		return web.SeeOther(w, root+"/annuler")
	case "precedent":
		if at == 0 {
			return web.SeeOther(w, root)
		}
		return web.SeeOther(w, steps[at-1].path)
	case "sans-photo":
		return web.SeeOther(w, steps[at].path)
	}
	for _, problem := range problems {
		if f.Problem(problem.Name) == "" {
			f.Fail(problem.Name, problem.Sentence)
		}
	}
	if f.Failed() {
		return p.screen(w, r, http.StatusUnprocessableEntity, d, f, name)
	}
	if allowed := firstMissing(d, steps, rule, p.Now()); allowed <= at {
		return web.SeeOther(w, steps[allowed].path)
	}
	return web.SeeOther(w, steps[at+1].path)
}

// capture keeps what a screen sent.
func capture(d *Draft, name string, f *web.Form, rule ruler) {
	for _, field := range fieldsOf(name, rule) {
		switch field.Name {
		case "photo", "mot_de_passe", "confirmation":
		default:
			d.Fields[field.Name] = limit(f.Line(field.Name))
		}
	}
}

// sentPhoto is the picture made of the file that was chosen, nil without one.
func (p Pages) sentPhoto(r *http.Request, name string, rule ruler) ([]byte, error) {
	if name != "identite" || rule("photo") == town.Hidden {
		return nil, nil
	}
	file, head, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && head.Size == 0 && head.Filename == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, person.MaxPhoto+1))
	if err != nil {
		return nil, err
	}
	return p.Photos.Decoder.Square(r.Context(), data)
}

// photo shows the draft's picture to the browser that sent it.
func (p Pages) photo(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	picture, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]byte, error) {
		d, err := OpenDraft(rd, p.Now(), p.Key, p.ticket(r))
		if err != nil {
			return nil, err
		}
		return DraftPhoto(rd, p.Key, d)
	})
	if err == nil && len(picture) == 0 {
		err = fault.Missing("photo")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, err = w.Write(picture)
	return err
}

// suggestions is how many communes are proposed while one is typed.
const suggestions = 12

// communes proposes birth places to the script: the list of [name, département].
func (p Pages) communes(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	q := r.URL.Query()
	found := [][2]string{}
	for _, c := range geo.FindCommunes(departmentCode(q.Get("dep")), limit(q.Get("q")), suggestions) {
		found = append(found, [2]string{c.Name, geo.DepartmentName(c.Department)})
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(found)
}

func (p Pages) cancel(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if gone, err := home(w, a); gone {
		return err
	}
	d, err := p.shown(w, r)
	if err != nil {
		return err
	}
	if d.ID == "" {
		return web.SeeOther(w, root)
	}
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	return web.Render(w, r, web.Page{Title: "Annuler la création ?", Caption: wizardName, NoIndex: true},
		cancelPage(steps[firstMissing(d, steps, rule, p.Now())].path))
}

func (p Pages) cancelled(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	web.ClearCookie(w, r, draftCookie)
	account.ForgetIdentity(w, r)
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/", Sentence: "Ce que vous aviez saisi est effacé."}, DeleteDraft(tx, p.Now(), p.ticket(r))
	})
}

// suggestURL is where the script asks for communes.
func suggestURL() string { return (&url.URL{Path: root + "/communes"}).String() }
