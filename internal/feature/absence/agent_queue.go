package absence

import (
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// waiting is what agents have to look at, of the services where the agent may.
type waiting struct {
	proofs []serviceLine
	events []Event // contested, then to be told otherwise
}

func readWaiting(r db.Reader, now time.Time, a actor.Actor) (waiting, error) {
	var w waiting
	var err error
	if w.proofs, err = proofsWaiting(r, now.Location()); err != nil {
		return w, err
	}
	w.proofs = slices.DeleteFunc(w.proofs, func(x serviceLine) bool { return !a.CanFor(Note, x.service) })
	// A family that has an address is told by the evening's mail: only what was left untold until the next day waits here.
	w.events, err = db.List(r, scanEvent, `select `+eventColumns+` from (
			select id from incident where contested_at is not null and answered_at is null and withdrawn_at is null
			union all select id from incident where told_at is null and withdrawn_at is null and day < $1 and found_at < $2
				and (contested_at is null or answered_at is not null)) x
		join incident i on i.id = x.id join person p on p.id = i.child join activity act on act.id = i.activity
		order by coalesce(i.contested_at, i.found_at), i.id limit 500`, civil.DateOf(now), civil.InstantOf(civil.DateOf(now).At(0, 0, now.Location())))
	w.events = slices.DeleteFunc(w.events, func(e Event) bool { return !a.CanFor(Note, e.service) })
	return w, err
}

// Queues are what waits for agents: documents received or past their date, and families who say that something is not
// exact or who could not be told.
func (p Pages) Queues() []web.Queue {
	return []web.Queue{{Label: "Absences", Href: queuePath, Right: Note, Icon: "file", Detail: "justificatifs reçus ou échus, familles qui contestent ou à prévenir",
		Count: func(r db.Reader, now time.Time, a actor.Actor) (int, civil.Instant, error) {
			w, err := readWaiting(r, now, a)
			if err != nil {
				return 0, 0, err
			}
			n, oldest := 0, civil.Instant(0)
			add := func(at civil.Instant) {
				n++
				if oldest == 0 || at < oldest {
					oldest = at
				}
			}
			for _, x := range w.proofs {
				if x.ready(now) {
					add(x.At)
				}
			}
			for _, e := range w.events {
				add(e.since())
			}
			return n, oldest, nil
		}}}
}

// ready tells that a document waits for an agent: it is received, or its date is past.
func (l Line) ready(now time.Time) bool {
	return l.Proof == Received || l.Due != nil && l.Due.Passed(now)
}

// since is from when an event waits for an agent.
func (e Event) since() civil.Instant {
	if !e.ContestedAt.IsZero() {
		return e.ContestedAt
	}
	return e.FoundAt
}

type queueView struct {
	waiting
	now time.Time
	cat *activity.Catalogue
}

func (v queueView) contested() []Event {
	return slices.DeleteFunc(slices.Clone(v.events), func(e Event) bool { return e.ContestedAt.IsZero() })
}

func (v queueView) untold() []Event {
	return slices.DeleteFunc(slices.Clone(v.events), func(e Event) bool { return !e.ContestedAt.IsZero() })
}

// dueWords is "à remettre avant le mardi 12 janvier à 23 h 59".
func (v queueView) dueWords(l Line) string {
	if l.Due == nil {
		return "sans date limite"
	}
	if l.Due.Passed(v.now) {
		return "attendu " + before(*l.Due, civil.DateOf(v.now)) + ", non reçu"
	}
	return "à remettre " + before(*l.Due, civil.DateOf(v.now))
}

func (v queueView) age(at civil.Instant) string {
	n := civil.DateOf(v.now).Sub(civil.DateOf(at.In(v.now.Location())))
	if n <= 0 {
		return "depuis aujourd’hui"
	}
	return "depuis " + days(n)
}

func agentCrumbs(last string) []web.Crumb {
	all := []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Absences", Href: queuePath}}
	if last == "" {
		all[1].Href = ""
		return all
	}
	return append(all, web.Crumb{Label: last})
}

func (p Pages) queue(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (waiting, error) { return readWaiting(rd, now, a) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Absences", Wide: true, Nav: queuePath, Crumbs: agentCrumbs("")}
	return web.Render(w, r, page, queuePage(queueView{all, now, cat}))
}

// proofView is the document of one absence.
type proofView struct {
	Line
	form   *web.Form
	cat    *activity.Catalogue
	book   Book
	now    time.Time
	may    bool
	family bool // the agent may open its file
}

func (p Pages) proof(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showProof(w, r, a, web.NewForm(), http.StatusOK)
}

func (p Pages) showProof(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (proofView, error) {
		v := proofView{form: f, cat: cat, now: now, family: a.Can(family.FileRead)}
		l, service, err := lineByID(rd, now.Location(), ID(r.PathValue("id")))
		if err != nil {
			return v, err
		}
		if !a.CanFor(Note, service) {
			return v, fault.Missing("absence")
		}
		v.Line, v.may = l, a.CanFor(Decide, service)
		v.book, err = ReadRules(rd)
		return v, err
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, now, a, v.Family); err != nil {
		return err
	}
	page := web.Page{Title: "Absence " + civil.Of(v.ChildName), Status: status, Nav: queuePath, Crumbs: agentCrumbs(v.ChildName)}
	return web.Render(w, r, page, proofPage(v))
}

func (p Pages) answerProof(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		to := map[string]Proof{"recu": Received, "accepte": Accepted, "refuse": Refused}[f.Text("decision")]
		sentence := map[Proof]string{Received: "Justificatif noté comme reçu.", Accepted: "Justificatif accepté. La famille est prévenue.", Refused: "Justificatif refusé. La famille est prévenue."}[to]
		return web.Done{Location: queuePath, Sentence: sentence}, AnswerProof(tx, p.Now(), a, ID(r.PathValue("id")), to, f.Text("motif"))
	})
	return p.refused(w, r, a, f, err, p.showProof)
}

// refused shows a form again when its verb refused what it holds, and says a conflict on it.
func (p Pages) refused(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, err error, show func(http.ResponseWriter, *http.Request, actor.Actor, *web.Form, int) error) error {
	switch {
	case f.Take(err):
		return show(w, r, a, f, http.StatusUnprocessableEntity)
	case fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		return show(w, r, a, f, http.StatusConflict)
	}
	return err
}

func (p Pages) contested(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showContested(w, r, a, web.NewForm(), http.StatusOK)
}

// contestedView is an incident as agents answer it.
type contestedView struct {
	incidentView
	may    bool
	family bool
}

func (p Pages) showContested(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (contestedView, error) {
		v := contestedView{incidentView: incidentView{form: f, cat: cat, now: now}, family: a.Can(family.FileRead)}
		e, err := eventByID(rd, IncidentID(r.PathValue("id")))
		if err != nil {
			return v, err
		}
		if !a.CanFor(Note, e.service) {
			return v, fault.Missing("incident")
		}
		l, err := readList(rd, now, cat, func(id family.ChildID) bool { return id == e.Cell.Child }, e.Family)
		if err != nil {
			return v, err
		}
		v.may = a.CanFor(Decide, e.service)
		return v, v.fill(l, e)
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, now, a, v.Family); err != nil {
		return err
	}
	page := web.Page{Title: v.Kind.Label() + "\u00a0: " + v.ChildName, Status: status, Nav: queuePath, Crumbs: agentCrumbs(v.ChildName)}
	return web.Render(w, r, page, contestedPage(v))
}

func (p Pages) answerContest(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	decision := f.Text("decision")
	if decision != "retirer" && decision != "maintenir" {
		f.Fail("decision", "Choisissez une réponse.")
		return p.showContested(w, r, a, f, http.StatusUnprocessableEntity)
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: queuePath, Sentence: "Réponse enregistrée. La famille est prévenue."},
			AnswerContest(tx, p.Now(), a, IncidentID(r.PathValue("id")), decision == "retirer", f.Text("motif"))
	})
	return p.refused(w, r, a, f, err, p.showContested)
}

func (p Pages) toldOtherwise(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: queuePath, Sentence: "Famille prévenue."}, ToldOtherwise(tx, p.Now(), a, IncidentID(r.PathValue("id")))
	})
	return p.refused(w, r, a, f, err, p.showContested)
}

// lateView is the page that notes late pick-ups: an activity and a day, then who.
type lateView struct {
	form *web.Form
	acts []web.Option
	act  *activity.Activity
	day  civil.Date
	here []Here
	rule Incident
}

func (p Pages) late(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showLate(w, r, a, web.ReadForm(r), http.StatusOK)
}

func (p Pages) showLate(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v := lateView{form: f, day: civil.DateOf(now)}
	if text := f.Text("jour"); text != "" {
		d, err := civil.ParseFrench(text)
		if err != nil {
			f.Fail("jour", "Indiquez le jour, par exemple 3 mars 2027.")
			status = http.StatusUnprocessableEntity
		} else {
			v.day = d
		}
	}
	v, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (lateView, error) {
		v := v
		book, err := ReadRules(rd)
		if err != nil {
			return v, err
		}
		for i := range cat.Activities {
			act := &cat.Activities[i]
			rules, _ := InForce(book[act.ID], v.day)
			rule, known := rules.Incident(LatePickup)
			if !known || !a.CanFor(Note, string(act.Service)) {
				continue
			}
			v.acts = append(v.acts, web.Option{Value: string(act.ID), Label: act.Name})
			if string(act.ID) == f.Text("activite") {
				v.act, v.rule = act, rule
			}
		}
		if v.act != nil {
			v.here, err = presentOn(rd, v.act.ID, v.day)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Noter un retard", Status: status, Nav: queuePath, Crumbs: agentCrumbs("Noter un retard")}
	return web.Render(w, r, page, lateFormPage(v))
}

func (v lateView) names() []web.Option {
	var all []web.Option
	for _, x := range v.here {
		all = append(all, web.Option{Value: string(x.Child), Label: x.Name})
	}
	return all
}

func (p Pages) noteLate(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	x := &formReader{f: f}
	day, err := civil.ParseFrench(f.Text("jour"))
	if err != nil {
		x.fail("jour", "Indiquez le jour, par exemple 3 mars 2027.")
	}
	minute := x.minute("heure", -1)
	if minute < 0 && f.Text("heure") == "" {
		x.fail("heure", "Indiquez une heure, par exemple 18 h 45.")
	}
	if f.Text("enfant") == "" {
		x.fail("enfant", "Choisissez un enfant accueilli ce jour-là.")
	}
	if err := fault.InvalidFields(x.wrong...); err != nil {
		f.Take(err)
		return p.showLate(w, r, a, f, http.StatusUnprocessableEntity)
	}
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		counts, err := NoteLatePickup(tx, p.Now(), a, cat, Late{Child: family.ChildID(f.Text("enfant")), Activity: activity.ID(f.Text("activite")), Day: day, Minute: minute})
		sentence := "Retard noté. La famille sera prévenue ce soir."
		if !counts {
			sentence = "C’est dans la tolérance\u00a0: aucun retard n’est compté."
		}
		return web.Done{Location: latePath + "?activite=" + f.Text("activite"), Sentence: sentence}, err
	})
	return p.refused(w, r, a, f, err, p.showLate)
}

// counter tells absences for a family at the desk, and shows what it told and its counters.
func (p Pages) counter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	of := family.ID(r.PathValue("id"))
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, of); err != nil {
		return err
	}
	return p.showTell(w, r, a, of, web.ReadForm(r), http.StatusOK, "")
}

func (p Pages) counterDeclare(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	of := family.ID(r.PathValue("id"))
	if _, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (struct{}, error) {
		return struct{}{}, family.Readable(rd, a, of, Note)
	}); err != nil {
		return err
	}
	return p.send(w, r, a, of)
}

// exemptionView is the exemption of a family from what an unpaid balance closes.
type exemptionView struct {
	of   family.ID
	form *web.Form
	has  Exemption
	some bool
	now  time.Time
}

// counterPath is where agents tell absences for a family.
func counterPath(of family.ID) string { return "/agents/familles/" + string(of) + "/absences" }

func exemptionPath(of family.ID) string { return "/agents/familles/" + string(of) + "/dispense" }

func (p Pages) exemption(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showExemption(w, r, a, web.NewForm(), http.StatusOK)
}

func (p Pages) showExemption(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	of, now := family.ID(r.PathValue("id")), p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (exemptionView, error) {
		v := exemptionView{of: of, form: f, now: now}
		if err := family.Readable(rd, a, of, Decide); err != nil {
			return v, err
		}
		var err error
		v.has, v.some, err = ExemptionOf(rd, of, civil.DateOf(now))
		return v, err
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, now, a, of); err != nil {
		return err
	}
	page := web.Page{Title: "Dispense pour impayé", Status: status, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Dossier de la famille", Href: "/agents/familles/" + string(of)}, {Label: "Dispense"}}}
	return web.Render(w, r, page, exemptionPage(v))
}

func (p Pages) exempt(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, of := web.ReadForm(r), family.ID(r.PathValue("id"))
	x := &formReader{f: f}
	var to civil.Date
	if text := f.Text("jusqu_au"); text != "" {
		var err error
		if to, err = civil.ParseFrench(text); err != nil {
			x.fail("jusqu_au", "Indiquez le jour, par exemple 3 mars 2027.")
		}
	}
	err := fault.InvalidFields(x.wrong...)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if f.Text("action") == "retirer" {
				return web.Done{Location: exemptionPath(of), Sentence: "Dispense retirée à partir de demain."}, EndExemption(tx, p.Now(), a, of)
			}
			return web.Done{Location: exemptionPath(of), Sentence: "Dispense enregistrée."}, Exempt(tx, p.Now(), a, of, to, f.Text("motif"))
		})
	}
	return p.refused(w, r, a, f, err, p.showExemption)
}

// Panels is the absences and counters in the agents' family file.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 45, Title: "Absences", Right: Note,
		Render: func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error) {
			cat, err := p.Catalogue.In(r, now)
			if err != nil {
				return nil, err
			}
			v, err := readList(r, now, cat, func(family.ChildID) bool { return true }, family.ID(id))
			if err != nil {
				return nil, err
			}
			may := func(of activity.ID) bool {
				act, known := cat.Activity(of)
				return known && a.CanFor(Note, string(act.Service))
			}
			v.events = slices.DeleteFunc(v.events, func(w Weighed) bool { return !may(w.Activity) })
			v.lines = slices.DeleteFunc(v.lines, func(l Line) bool { return !may(l.Activity) })
			v.counters = slices.DeleteFunc(v.counters, func(c Counter) bool {
				return !slices.ContainsFunc(v.events, func(w Weighed) bool { return w.Cell.Child == c.Child && w.Kind == c.Kind })
			})
			return panel(v, family.ID(id), a.Can(Decide)), nil
		}}}
}

func panelRows(v listView) [][]templ.Component {
	var rows [][]templ.Component
	for i, l := range v.lines {
		if i == 20 {
			break
		}
		rows = append(rows, []templ.Component{web.TextLink(queuePath+"/"+string(l.ID), l.Day.French()), web.Text(l.ChildName), web.Text(activityName(v.cat, l.Activity)),
			web.Text(french.Upper(l.words(v.now)))})
	}
	return rows
}

func eventRows(v listView) [][]templ.Component {
	var rows [][]templ.Component
	for i, e := range v.events {
		if i == 20 {
			break
		}
		rows = append(rows, []templ.Component{web.TextLink(contestPath+"/"+string(e.ID), e.Day.French()), web.Text(e.ChildName), web.Text(activityName(v.cat, e.Activity)),
			web.Text(french.Upper(e.Event.words()) + "\u00a0: " + e.cost())})
	}
	return rows
}
