package reminder

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"

	"github.com/a-h/templ"
)

// Path is the owner's page, and StopPath the start of the links at the foot of reminders.
const (
	Path     = "/espace/rappels"
	StopPath = "/rappels/"
)

// Pages are the choice of reminders, « Me prévenir », and the link that stops them.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Key       *crypt.Key
	Catalogue *activity.Cache
}

// Citizen declares them.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(Path, web.Activated, web.NoObject, p.page)
	rt.Post(Path, web.Activated, web.NoObject, p.set)
	rt.Post(Path+"/prevenir", web.Activated, web.NoObject, p.watch)
	rt.Post(Path+"/ne-plus-prevenir", web.Activated, web.NoObject, p.unwatch)
	rt.Get(StopPath+"{jeton}", web.Visitor, web.Object("reminder-link"), p.stopPage)
	rt.Post(StopPath+"{jeton}", web.Visitor, web.Object("reminder-link"), p.stop)
}

// view is the owner's page.
type view struct {
	asked
	Waiting []waiting
}

// waiting is a period that does not open yet, and what the account is told of it.
type waiting struct {
	Period activity.PeriodID
	Title  string // "Accueil de loisirs, Hiver 2027"
	Short  string // "Hiver 2027": what tells buttons apart
	Days   string
	When   string // "Ouverture prévue samedi 9 janvier à 9 h"
	Told   string // what a mail says and when; "" when it was not asked for
	Mail   bool   // a mail can be asked for
	Back   string
}

func (p Pages) page(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.show(w, r, a, web.NewForm(), 0)
}

func (p Pages) show(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (view, error) {
		got, err := askedOf(rd, a.Account)
		if err != nil {
			return view{}, err
		}
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return view{}, err
		}
		all, err := booking.OpeningsOf(rd, now, a, cat)
		v := view{asked: got}
		for _, x := range got.waiting(all, now, "rappels") {
			if x.Told != "" {
				v.Waiting = append(v.Waiting, x)
			}
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Status: status, Title: "Rappels", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Mon profil", Href: "/espace/profil"}, {Label: "Rappels"}}}
	return web.Render(w, r, page, remindersPage(v, f))
}

// waiting tells of the periods that do not open yet.
func (got asked) waiting(all []booking.Opening, now time.Time, back string) []waiting {
	today := civil.DateOf(now)
	var list []waiting
	for _, o := range all {
		if o.Open {
			continue
		}
		x := waiting{Period: o.Period.ID, Title: o.Activity.Name + ", " + o.Period.Name, Short: o.Period.Name, Mail: got.Mail, Back: back,
			Days: "Du " + o.Period.Days.From.DayMonth() + " au " + o.Period.Days.To.Long(), When: "La date d’ouverture n’est pas encore fixée"}
		if o.At.Kind == activity.LimitAt {
			x.When = "Ouverture prévue " + o.At.Words(today)
		}
		if told, is := got.Told[o.Period.ID]; is {
			x.Told = toldWords(o, told, now)
		}
		list = append(list, x)
	}
	return list
}

// toldWords says when a mail leaves, or that it did.
func toldWords(o booking.Opening, told civil.Instant, now time.Time) string {
	if o.At.Kind != activity.LimitAt {
		return "Vous serez prévenu par courriel dans l’heure qui suit l’ouverture."
	}
	at, _ := Eve.leaves(o.At.Day, now.Location())
	switch {
	case told == o.At.Instant():
		return "Un courriel vous a annoncé cette ouverture."
	case !now.Before(at):
		return "Vous serez prévenu par courriel dans l’heure."
	}
	return "Vous serez prévenu par courriel le " + civil.DateOf(at).DayMonth() + ", à partir de " + civil.Clock(at) + "."
}

// Soon is the section of the page Réserver on the periods that do not open yet; nothing when all do.
func Soon(r db.Reader, now time.Time, a actor.Actor, all []booking.Opening) (templ.Component, error) {
	closed := false
	for _, o := range all {
		closed = closed || !o.Open
	}
	if !closed {
		return nil, nil
	}
	got, err := askedOf(r, a.Account)
	if err != nil {
		return nil, err
	}
	return soonPart(got.waiting(all, now, "")), nil
}

func (p Pages) set(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Path, Sentence: "Votre choix est enregistré."}, SetAhead(tx, p.Now(), a, Ahead(f.Text("rappel")))
	})
	if fault.KindOf(err) != fault.Invalid || !f.Take(err) {
		return err
	}
	return p.show(w, r, a, f, http.StatusUnprocessableEntity)
}

func (p Pages) watch(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	period := activity.PeriodID(f.Text("periode"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: back(cat, f, period), Sentence: "C’est noté : un courriel vous préviendra."}, Watch(tx, p.Now(), a, cat, period)
	})
}

func (p Pages) unwatch(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	period := activity.PeriodID(f.Text("periode"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: back(cat, f, period), Sentence: "Vous ne serez pas prévenu de cette ouverture."}, Unwatch(tx, p.Now(), a, period)
	})
}

// back is the page where the button was: the owner's own, or that of the period's activity.
func back(cat *activity.Catalogue, f *web.Form, period activity.PeriodID) string {
	if f.Text("retour") == "rappels" {
		return Path
	}
	for _, a := range cat.Activities {
		for _, x := range a.Periods {
			if x.ID == period {
				return "/espace/reserver/" + string(a.ID)
			}
		}
	}
	return "/espace/reserver"
}

// stopPage asks before anything changes: mail programs open links by themselves.
func (p Pages) stopPage(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	who, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Who, error) { return ofToken(rd, p.Key, r.PathValue("jeton")) })
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Ne plus recevoir de rappels", NoIndex: true}, stopPage(StopPath+r.PathValue("jeton"), who.Ahead == None))
}

// stop is the button of that page, or of the addressee's mail program, which sends one field and no key.
func (p Pages) stop(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, token := web.ReadForm(r), r.PathValue("jeton")
	if f.Raw("List-Unsubscribe") == "One-Click" {
		if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error { return Stop(tx, p.Now(), p.Key, token) }); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: StopPath + token, Sentence: "Vous ne recevrez plus de rappels avant les dates limites."}, Stop(tx, p.Now(), p.Key, token)
	})
}
