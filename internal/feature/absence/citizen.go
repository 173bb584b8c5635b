package absence

import (
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Pages are the pages about absences, incidents and their rules.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// The addresses of families.
const (
	tellPath     = "/espace/absence"
	listPath     = "/espace/absences"
	incidentPath = "/espace/incidents"
)

// Citizen declares the families' pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(tellPath, web.Activated, web.NoObject, p.tell)
	rt.Post(tellPath, web.Activated, web.NoObject, p.declare)
	rt.Get(listPath, web.Activated, web.NoObject, p.list)
	rt.Get(listPath+"/{id}", web.Activated, web.Object("absence-report"), p.report)
	rt.Post(tellPath+"/{id}/retrait", web.Activated, web.Object("absence"), p.withdraw)
	rt.Get(incidentPath+"/{id}", web.Activated, web.Object("incident"), p.incident)
	rt.Post(incidentPath+"/{id}", web.Activated, web.Object("incident"), p.contest)
	rt.Post(incidentPath+"/{id}/exact", web.Activated, web.Object("incident"), p.admit)
}

// listView is what a family told, what did not go as booked, and its counters.
type listView struct {
	counters []Counter
	events   []Weighed
	lines    []Line
	cat      *activity.Catalogue
	book     Book
	now      time.Time
}

// readList reads what families told and what happened, of the children that a reader may read of.
func readList(r db.Reader, now time.Time, cat *activity.Catalogue, see func(family.ChildID) bool, families ...family.ID) (listView, error) {
	v := listView{cat: cat, now: now}
	today := civil.DateOf(now)
	var err error
	if v.book, err = ReadRules(r); err != nil {
		return v, err
	}
	if v.lines, err = linesOfFamilies(r, now.Location(), today.AddDays(-daysBack-60), families...); err != nil {
		return v, err
	}
	all, err := eventsOf(r, today, families...)
	if err != nil {
		return v, err
	}
	all = slices.DeleteFunc(all, func(e Event) bool { return !see(e.Cell.Child) })
	v.lines = slices.DeleteFunc(v.lines, func(l Line) bool { return !see(l.Cell.Child) })
	v.events, v.counters = weigh(cat, v.book, all), counters(cat, v.book, all, today)
	return v, nil
}

// own are the families and children of a citizen.
func own(r db.Reader, now time.Time, a actor.Actor) ([]family.ID, func(family.ChildID) bool, error) {
	homes, err := family.Households(r, a, civil.DateOf(now))
	if err != nil {
		return nil, nil, err
	}
	children, err := family.Children(r, a, civil.DateOf(now))
	var ids []family.ID
	for _, h := range homes {
		ids = append(ids, h.ID)
	}
	return ids, func(id family.ChildID) bool {
		return slices.ContainsFunc(children, func(c family.Child) bool { return c.ID == id })
	}, err
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (listView, error) {
		homes, see, err := own(rd, now, a)
		if err != nil {
			return listView{}, err
		}
		return readList(rd, now, cat, see, homes...)
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Absences", Nav: "/espace/agenda", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Absences"}}}, listPage(v))
}

// reportView is what was told at once.
type reportView struct {
	reference string
	lines     []Line
	cat       *activity.Catalogue
	book      Book
	now       time.Time
	reader    string // who reads it
}

func (p Pages) report(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (reportView, error) {
		v := reportView{reference: r.PathValue("id"), cat: cat, now: now, reader: a.Person}
		homes, see, err := own(rd, now, a)
		if err != nil {
			return v, err
		}
		all, err := linesOfReport(rd, now.Location(), v.reference)
		if err != nil {
			return v, err
		}
		v.lines = slices.DeleteFunc(all, func(l Line) bool { return !slices.Contains(homes, l.Family) || !see(l.Cell.Child) })
		if len(v.lines) == 0 {
			return v, fault.Missing("absence report")
		}
		v.book, err = ReadRules(rd)
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Absence signalée", Nav: "/espace/agenda", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Absences", Href: listPath}, {Label: v.reference}}}
	return web.Render(w, r, page, reportPage(v))
}

func (v reportView) said() string {
	l := v.lines[0]
	who := "par un responsable de la famille"
	switch {
	case l.ByAgent:
		who = "par un agent de la mairie"
	case l.By != "" && l.By == v.reader:
		who = "par vous"
	}
	return "Enregistré le " + civil.Stamp(l.At.In(v.now.Location())) + " " + who + "."
}

func (v reportView) owesProof() bool {
	return slices.ContainsFunc(v.lines, func(l Line) bool { return l.Proof == Due && l.holds() })
}

func (p Pages) withdraw(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := Withdraw(tx, p.Now(), a, ID(r.PathValue("id")))
		return web.Done{Location: listPath, Sentence: "Absence retirée : l’enfant est de nouveau attendu."}, err
	})
}

// incidentView is one incident as its family reads it.
type incidentView struct {
	Weighed
	form     *web.Form
	counters []Counter
	cat      *activity.Catalogue
	now      time.Time
}

func (p Pages) incident(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showIncident(w, r, a, web.NewForm(), http.StatusOK)
}

func (p Pages) showIncident(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (incidentView, error) {
		v := incidentView{form: f, cat: cat, now: now}
		e, err := ownEvent(rd, now, a, IncidentID(r.PathValue("id")))
		if err != nil {
			return v, err
		}
		l, err := readList(rd, now, cat, func(id family.ChildID) bool { return id == e.Cell.Child }, e.Family)
		if err != nil {
			return v, err
		}
		return v, v.fill(l, e)
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: v.ChildName + "\u00a0: " + v.Kind.Label(), Status: status, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Absences", Href: listPath}, {Label: v.Kind.Label()}}}
	return web.Render(w, r, page, incidentPage(v))
}

// fill finds the event among those of its family, with its counter.
func (v *incidentView) fill(l listView, e Event) error {
	i := slices.IndexFunc(l.events, func(w Weighed) bool { return w.ID == e.ID })
	if i < 0 {
		return fault.Missing("incident")
	}
	v.Weighed = l.events[i]
	for _, c := range l.counters {
		if c.Kind == e.Kind && c.Child == e.Cell.Child && c.Activity == activityName(l.cat, e.Activity) {
			v.counters = append(v.counters, c)
		}
	}
	return nil
}

func (p Pages) contest(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := r.PathValue("id")
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: incidentPath + "/" + id, Sentence: "Votre réponse est envoyée. Le service la regarde, et rien de plus ne vous est demandé."},
			Contest(tx, p.Now(), a, IncidentID(id), f.Text("mot"))
	})
	if f.Take(err) {
		return p.showIncident(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

func (p Pages) admit(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: listPath, Sentence: "Merci. Rien de plus ne vous est demandé."}, Admit(tx, p.Now(), a, IncidentID(r.PathValue("id")))
	})
}
