package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// Path is the families' page.
const Path = "/espace/calendrier"

// Pages are the page of the address, and the address.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Key       *crypt.Key
	Catalogue *activity.Cache
	URL       func(path string) string // a full address of a path
	Log       *slog.Logger
}

// Citizen declares them.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(Path, web.Activated, web.NoObject, p.page)
	rt.Post(Path, web.Activated, web.NoObject, p.create)
	rt.Post(Path+"/noms", web.Activated, web.NoObject, p.setNames)
	rt.Post(Path+"/retrait", web.Activated, web.NoObject, p.revoke)
	rt.Get("/calendrier/{jeton}", web.Public, web.Object("feed"), p.read)
}

// view is the page.
type view struct {
	Feed    *Feed  // nil: none
	Address string // "" once it was shown long enough
	Made    string // "23 novembre 2026"
	Read    string // when a calendar read it last
}

func (p Pages) page(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.show(w, r, a, web.NewForm(), 0)
}

func (p Pages) show(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (view, error) {
		found, err := own(rd, a.Account)
		if fault.KindOf(err) == fault.NotFound {
			return view{}, nil
		}
		return view{Feed: &found}, err
	})
	if err != nil {
		return err
	}
	if v.Feed != nil {
		if v.Feed.Made.In(now.Location()).Add(shownFor).After(now) {
			v.Address = p.URL("/calendrier/" + token(p.Key, v.Feed.ID) + ".ics")
		}
		v.Made = civil.DateOf(v.Feed.Made.In(now.Location())).Long()
		v.Read = "Aucun calendrier ne l’a encore lue"
		if v.Feed.LastRead != 0 {
			v.Read = "Lue le " + civil.DateOf(v.Feed.LastRead.In(now.Location())).Long()
		}
	}
	page := web.Page{Status: status, Title: "Ajouter à mon calendrier", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"},
		{Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: "Mon calendrier"}}, Nav: "/espace/agenda"}
	return web.Render(w, r, page, feedPage(v, f))
}

// answer shows the page again when the question was not answered.
func (p Pages) answer(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	f.Take(err)
	return p.show(w, r, a, f, http.StatusUnprocessableEntity)
}

func (p Pages) create(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return p.answer(w, r, a, f, web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		_, err := Make(tx, p.Now(), a, p.Key, Names(f.Text("noms")))
		return web.Done{Location: Path, Sentence: "L’adresse de votre calendrier est prête."}, err
	}))
}

func (p Pages) setNames(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return p.answer(w, r, a, f, web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Path, Sentence: "Votre choix est enregistré."}, SetNames(tx, p.Now(), a, Names(f.Text("noms")))
	}))
}

func (p Pages) revoke(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Path, Sentence: "L’adresse ne répond plus."}, Revoke(tx, p.Now(), a)
	})
}

// read is what calendars ask for. An address that is unknown, revoked or of a closed account is the same « page
// introuvable ».
func (p Pages) read(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	clear, ics := strings.CutSuffix(r.PathValue("jeton"), ".ics")
	if !ics || len(clear) > 64 {
		return fault.Missing("feed")
	}
	now := p.Now()
	var found Feed
	body, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]byte, error) {
		f, err := byToken(rd, crypt.HashToken(clear))
		if err != nil {
			return nil, err
		}
		found = f
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return nil, err
		}
		children, err := family.Children(rd, f.reader(), civil.DateOf(now))
		if err != nil {
			return nil, err
		}
		all, err := booking.Entries(rd, cat, children, booking.CalendarDays(civil.DateOf(now)))
		return calendar("Agenda de la famille", children, all, f.Names, now.Location()), err
	})
	if err != nil {
		return err
	}
	p.note(r, now, found)
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="agenda.ics"`)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, err = w.Write(body)
	return err
}

// note writes down, once an hour at most, that a calendar reads: its owner sees on the page whether somebody does. A
// reading that cannot be noted is answered all the same.
func (p Pages) note(r *http.Request, now time.Time, f Feed) {
	if f.LastRead.Add(readEvery) > civil.InstantOf(now) {
		return
	}
	if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return noteRead(tx, now, f.ID) }); err != nil {
		p.Log.Warn("reading of a calendar not noted", "error", err)
	}
}
