package signup

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
)

// receivedView is what « Demande reçue » shows.
type receivedView struct {
	f         *web.Form
	reference string
	email     string
	promise   string
	confirmed bool
	typed     Draft
	rows      []web.Row
}

// received tells what comes next. It is the same whatever the address.
func (p Pages) received(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showReceived(w, r, http.StatusOK, nil)
}

func (p Pages) showReceived(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	now := p.Now()
	rule := p.rule(r.Context())
	view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (receivedView, error) {
		d, err := received(rd, now, web.Cookie(r, receivedCookie), p.browser(r))
		if err != nil {
			return receivedView{}, err
		}
		v := receivedView{f: f, reference: d.Reference, confirmed: d.ConfirmedAt != 0}
		from := now
		if v.confirmed {
			from = d.ConfirmedAt.In(now.Location())
		} else if v.typed, err = openSnapshot(p.Key, d); err != nil {
			return v, err
		}
		v.rows, v.email = recap(v.typed, rule), v.typed.Fields["courriel"]
		v.promise, err = p.promised(rd, from)
		return v, err
	})
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Conflict {
		return web.SeeOther(w, root)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Demande reçue", Caption: wizardName, NoIndex: true},
		receivedPage(view, p.Settings.Get(r.Context(), now).Help()))
}

// recap is what was typed, to be kept or printed; the password is not part of it.
func recap(d Draft, rule ruler) []web.Row {
	var rows []web.Row
	for _, s := range allSteps {
		for _, f := range fieldsOf(s.name, rule) {
			value := d.Fields[f.Name]
			switch f.Name {
			case "mot_de_passe", "confirmation":
				continue
			case "civilite":
				c, _ := person.ParseCivility(value)
				value = c.Label()
			case "contact_prefere":
				value = person.Means(value).Label()
			case "photo":
				if d.Photo {
					value = "Envoyée"
				}
			}
			if value != "" {
				rows = append(rows, web.Row{Label: f.Label, Value: value})
			}
		}
	}
	return rows
}

func (p Pages) resend(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: root + "/demande-recue", Sentence: "L’e-mail vient de repartir."},
			Resend(tx, p.Now(), web.Cookie(r, receivedCookie), p.browser(r))
	})
	switch fault.KindOf(err) {
	case fault.NotFound:
		return web.SeeOther(w, root)
	case fault.Throttled, fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		status := http.StatusTooManyRequests
		if fault.KindOf(err) == fault.Refused {
			status = http.StatusConflict
		}
		return p.showReceived(w, r, status, f)
	}
	return err
}

// reopen goes back into the wizard with all that was typed: the address was wrong.
func (p Pages) reopen(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	photo, err := p.sentPicture(r)
	if err == nil {
		var token string
		token, err = db.Write(r.Context(), p.DB, func(tx *db.Tx) (string, error) {
			return Reopen(tx, p.Now(), p.Key, web.Cookie(r, receivedCookie), p.browser(r), p.ticket(r).Address, photo)
		})
		if err == nil {
			web.SetCookie(w, r, draftCookie, token, draftLife)
			return web.SeeOther(w, root+"/moyens-de-contact")
		}
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Conflict:
		return web.SeeOther(w, root)
	case fault.Refused:
		return web.SeeOther(w, root+"/demande-recue")
	}
	return err
}

// sentPicture is the photo of the demand that the browser sent, nil without.
func (p Pages) sentPicture(r *http.Request) ([]byte, error) {
	stored, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (string, error) {
		d, err := received(rd, p.Now(), web.Cookie(r, receivedCookie), p.browser(r))
		if err != nil {
			return "", err
		}
		acc, err := account.ByID(rd, d.Account)
		if err != nil {
			return "", err
		}
		who, err := person.ByID(rd, acc.Person)
		return who.Photo, err
	})
	if err != nil || stored == "" || p.Photos.Open == nil {
		return nil, err
	}
	return p.Photos.Open(r.Context(), stored)
}

// linkView is what the page of a confirmation link shows.
type linkView struct {
	f         *web.Form
	path      string
	reference string
	email     string
	wished    string
	taken     bool // somebody else has the identifier: another is asked for
	confirmed bool
	promise   string
}

// link shows what answering would do. It changes nothing: mailboxes open links by themselves.
func (p Pages) link(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showLink(w, r, http.StatusOK, nil)
}

func (p Pages) showLink(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	view, err := p.readLink(r.Context(), r.PathValue("jeton"))
	w.Header().Set("Referrer-Policy", "no-referrer")
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	switch {
	case errors.Is(err, errKnown):
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Vous avez déjà un espace", Plain: true, NoIndex: true}, knownPage(help))
	case fault.KindOf(err) == fault.NotFound, fault.KindOf(err) == fault.Refused:
		return web.Render(w, r, web.Page{Status: http.StatusConflict, Title: "Ce lien ne fonctionne plus", Plain: true, NoIndex: true}, deadLinkPage(help))
	case err != nil:
		return err
	}
	view.f, view.path = f, r.URL.Path
	page := web.Page{Status: status, Title: "Confirmez votre adresse e-mail", Caption: wizardName, NoIndex: true}
	if view.confirmed {
		page.Title = "Votre adresse est confirmée"
	}
	return web.Render(w, r, page, linkPage(view, help))
}

func (p Pages) readLink(ctx context.Context, secret string) (linkView, error) {
	return db.Read(ctx, p.DB, func(r db.Reader) (linkView, error) {
		d, err := demandByLink(r, secret)
		if err != nil {
			return linkView{}, err
		}
		v := linkView{reference: d.Reference, wished: d.Wished}
		if d.ConfirmedAt != 0 {
			v.confirmed = true
			v.promise, err = p.promised(r, d.ConfirmedAt.In(p.Now().Location()))
			return v, err
		}
		if err := answerable(d, p.Now()); err != nil {
			return v, err
		}
		acc, err := account.ByID(r, d.Account)
		if err != nil {
			return v, err
		}
		v.email = acc.Email
		known, err := account.WithEmail(r, acc.Email)
		if err != nil || len(known) > 0 {
			return v, errors.Join(err, errKnown)
		}
		v.taken, err = account.UsernameTaken(r, d.Wished)
		return v, err
	})
}

func (p Pages) confirm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	path := root + "/confirmer/" + r.PathValue("jeton")
	if err := p.countTry(r, f); err != nil {
		return err
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		_, err := Confirm(tx, p.Now(), r.PathValue("jeton"), f.Line("identifiant"))
		return web.Done{Location: path, Sentence: "Votre adresse e-mail est confirmée."}, err
	})
	switch {
	case errors.Is(err, errUsed):
		return web.SeeOther(w, path)
	case f.Take(err):
		return p.showLink(w, r, http.StatusUnprocessableEntity, f)
	case fault.KindOf(err) == fault.Refused, fault.KindOf(err) == fault.NotFound:
		return p.showLink(w, r, http.StatusConflict, f)
	}
	return err
}

// countTry bounds the identifiers that one demand may try: « déjà pris » tells that a name exists.
func (p Pages) countTry(r *http.Request, f *web.Form) error {
	if f.Line("identifiant") == "" {
		return nil
	}
	n, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (int64, error) { return countTry(tx, r.PathValue("jeton")) })
	if err == nil && n > triesEach {
		return fault.New(fault.Throttled, "Vous avez essayé beaucoup de noms. Confirmez avec votre adresse e-mail comme nom d’utilisateur, ou appelez la mairie.")
	}
	if fault.KindOf(err) == fault.NotFound {
		return nil // the verb says so
	}
	return err
}

// inWords is « vendredi 8 janvier 2027 à 17 h 30 ».
func inWords(t time.Time) string {
	return strings.TrimSpace(civil.DateOf(t).Long() + " à " + civil.Clock(t))
}
