package custody

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
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Pages are the pages of two homes: a child's, for its parents and for agents, and the queue of what parents propose.
type Pages struct {
	DB  *db.DB
	Now func() time.Time
}

// What {id} names on the pages of two homes.
const (
	object    = web.Object("custody")
	theirs    = web.Object("custody-proposed") // by the other home
	dayObject = web.Object("custody-day")
)

// Path is « Deux foyers » of a child.
func Path(id family.ChildID) string { return "/espace/famille/partage/" + string(id) }

// Citizen declares the families' pages about two homes.
func (p Pages) Citizen(rt *web.Router) {
	child := web.Object("child")
	rt.Get("/espace/famille/partage/{id}", web.Activated, child, p.shared)
	rt.Get("/espace/famille/partage/{id}/proposer", web.Activated, child, p.proposal)
	rt.Post("/espace/famille/partage/{id}/verifier", web.Activated, child, p.proposalCheck)
	rt.Post("/espace/famille/partage/{id}/proposer", web.Activated, child, p.propose)
	rt.Get("/espace/famille/partage/{id}/confier", web.Activated, child, p.handing)
	rt.Post("/espace/famille/partage/{id}/confier", web.Activated, child, p.hand)
	rt.Post("/espace/famille/partages/{id}/retrait", web.Activated, object, p.withdraw)
	rt.Post("/espace/famille/partages/{id}/avis", web.Activated, theirs, p.say)
	rt.Post("/espace/famille/jours/{id}/reponse", web.Activated, dayObject, p.answerDay)
	rt.Post("/espace/famille/jours/{id}/retrait", web.Activated, dayObject, p.withdrawDay)
}

// sharedView is « Deux foyers » of a child, for one of its homes.
type sharedView struct {
	Child    family.Child
	Other    family.ID
	TwoHomes bool
	Line     Timeline
	Standing []entry // what stands or will, the latest first
	Mine     *entry  // this home's proposal
	Theirs   *entry  // the other home's
	Days     []handedDay
	Today    civil.Date
	Services []town.Service
}

func (v sharedView) at() naming { return yours(v.Child.Family) }

func (v sharedView) path() string { return Path(v.Child.ID) }

// offers are the days that wait for this home's answer.
func (v sharedView) offers() []handedDay {
	var all []handedDay
	for _, d := range v.Days {
		if d.State == DayOffered && d.Taker == v.Child.Family {
			all = append(all, d)
		}
	}
	return all
}

// others are the other days handed over, or offered by this home.
func (v sharedView) others() []handedDay {
	var all []handedDay
	for _, d := range v.Days {
		if d.State != DayOffered || d.Taker != v.Child.Family {
			all = append(all, d)
		}
	}
	return all
}

// own are the days of the coming weeks that this home has and may hand over.
func (v sharedView) own() []web.Option {
	var all []web.Option
	offered := map[civil.Date]bool{}
	for _, d := range v.Days {
		offered[d.Day] = offered[d.Day] || d.State == DayOffered
	}
	for i := range 7 * previewWeeks {
		d := v.Today.AddDays(i)
		if home, known := v.Line.HomeOn(d); known && home == v.Child.Family && !offered[d] {
			all = append(all, web.Option{Value: d.String(), Label: french.Upper(d.Long())})
		}
	}
	return all
}

// mayGive tells that a day is one of own.
func (v sharedView) mayGive(day civil.Date) bool {
	return slices.ContainsFunc(v.own(), func(o web.Option) bool { return o.Value == day.String() })
}

// ownChild is a child that the actor may act for, and its other home; "" for a child of one home, or of more than two.
func ownChild(r db.Reader, now time.Time, a actor.Actor, id family.ChildID) (family.Child, family.ID, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil {
		return family.Child{}, "", err
	}
	for _, c := range children {
		if c.ID != id {
			continue
		}
		_, other, err := twoHomesOf(r, id, c.Family)
		if fault.KindOf(err) == fault.Refused {
			return c, "", nil
		}
		return c, other, err
	}
	return family.Child{}, "", fault.Missing("child")
}

// preview are the days that pages show: whole weeks from this one on.
func preview(today civil.Date) civil.Range {
	return civil.Range{From: today.Monday(), To: today.Monday().AddDays(7*previewWeeks + 6)}
}

func (p Pages) readShared(r db.Reader, a actor.Actor, id family.ChildID) (sharedView, error) {
	now := p.Now()
	v := sharedView{Today: civil.DateOf(now)}
	var err error
	if v.Child, v.Other, err = ownChild(r, now, a, id); err != nil {
		return v, err
	}
	if v.Services, err = family.Services(r, a, v.Today); err != nil || v.Other == "" {
		return v, err
	}
	v.TwoHomes = true
	all, err := entriesOf(r, id)
	if err != nil {
		return v, err
	}
	for i, c := range all {
		switch {
		case !c.has(v.Child.Family) || !c.has(v.Other): // of a home that the child has left
		case c.State == Standing && (c.Days.To.IsZero() || !c.Days.To.Before(v.Today)):
			v.Standing = append(v.Standing, c)
		case c.State == Asked && c.AskedHome == v.Child.Family:
			v.Mine = &all[i]
		case c.State == Asked:
			v.Theirs = &all[i]
		}
	}
	if v.Line, err = timelineOf(r, id, preview(v.Today), v.Today); err != nil {
		return v, err
	}
	v.Days, err = daysOf(r, id, v.Child.Family, v.Today)
	return v, err
}

func (p Pages) sharedRead(req *http.Request, a actor.Actor) (sharedView, error) {
	return db.Read(req.Context(), p.DB, func(r db.Reader) (sharedView, error) {
		return p.readShared(r, a, family.ChildID(req.PathValue("id")))
	})
}

// sharedPage is the frame of these pages; last is "" for the first of them.
func (v sharedView) page(title, last string, f *web.Form) web.Page {
	page := web.Page{Title: title, Nav: "/espace/famille", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Ma famille", Href: "/espace/famille"},
		{Label: "Deux foyers\u00a0: " + v.Child.First(), Href: v.path()}}}
	if last != "" {
		page.Crumbs = append(page.Crumbs, web.Crumb{Label: last})
	} else {
		page.Wide, page.Crumbs[2].Href = true, ""
	}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return page
}

func (p Pages) shared(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	return p.showShared(w, req, a, web.NewForm())
}

func (p Pages) showShared(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := p.sharedRead(req, a)
	if err != nil {
		return err
	}
	return web.Render(w, req, v.page("Deux foyers\u00a0: "+v.Child.First(), "", f), sharedPage(f, v))
}

// say is what a home says of the other's proposal.
func (p Pages) say(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(req), ID(req.PathValue("id"))
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		child, err := Say(tx, p.Now(), a, id, Opinion(f.Text("avis")), f.Text("mot"))
		return web.Done{Location: Path(child), Sentence: "Votre avis est transmis au service. Lui seul lit votre mot."}, err
	})
	if err == nil || !f.Take(err) {
		return err
	}
	c, err := db.Read(req.Context(), p.DB, func(r db.Reader) (entry, error) { return byID(r, id) })
	if err != nil {
		return err
	}
	req.SetPathValue("id", string(c.Child))
	return p.showShared(w, req, a, f)
}

// needsTwo refuses what only a child of two homes has.
func (v sharedView) needsTwo() error {
	if !v.TwoHomes {
		return fault.New(fault.Refused, "Seul un enfant connu dans deux foyers a ses jours partagés. Appelez le service.")
	}
	return nil
}

func (p Pages) proposal(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("rythme", req.URL.Query().Get("rythme"))
	return p.showProposal(w, req, a, f)
}

func (p Pages) showProposal(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := p.sharedRead(req, a)
	if err != nil {
		return err
	}
	kind, known := rhythmOf(f.Line("rythme"))
	if !v.TwoHomes || !known {
		return web.Render(w, req, v.page("Proposer un partage des jours", "Proposer", f), rhythmPage(v.path()+"/proposer", v.TwoHomes))
	}
	return web.Render(w, req, v.page(kind.label, "Proposer", f), proposalPage(f, v, v.form(kind)))
}

// form is the form of a proposal.
func (v sharedView) form(kind rhythm) sharingForm {
	return sharingForm{Kind: kind, First: "Chez vous", Second: "Dans l’autre foyer", Action: v.path() + "/verifier", Back: v.path() + "/proposer",
		Child: v.Child.First()}
}

// proposalCheck shows what a proposal would make of the coming weeks; nothing is written.
func (p Pages) proposalCheck(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.ReadForm(req)
	if f.Line("action") == "modifier" {
		return p.showProposal(w, req, a, f)
	}
	v, err := p.sharedRead(req, a)
	if err != nil {
		return err
	}
	if err := v.needsTwo(); err != nil {
		return err
	}
	s := sharingOf(f, v.Child.Family, v.Other)
	if unread(f); !f.Failed() {
		f.Take(s.check(v.Today, v.Today))
	}
	if f.Failed() {
		return p.showProposal(w, req, a, f)
	}
	check := checkedSharing{Fields: sentFields(f), Words: s.words(v.at()), Court: entry{DecidedOn: s.DecidedOn, Reference: s.Reference}.courtLine(),
		Weeks: v.Line.asIf(s.Arrangement).weeksOf(firstShown(v.Today, s.Days.From), v.Child.Family, v.Other), First: "chez vous", Second: "dans l’autre foyer",
		Send: v.path() + "/proposer", Change: v.path() + "/verifier", Button: "Envoyer au service"}
	return web.Render(w, req, v.page("Vérifiez avant d’envoyer", "Proposer", nil), checkedPage(check))
}

// firstShown is where a preview starts: at the first day, or now when it is past.
func firstShown(today, from civil.Date) civil.Date {
	if from.After(today) {
		return from
	}
	return today
}

func (p Pages) propose(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(req), family.ChildID(req.PathValue("id"))
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		c, other, err := ownChild(tx, p.Now(), a, id)
		if err != nil {
			return web.Done{}, err
		}
		if other == "" {
			return web.Done{}, sharedView{}.needsTwo()
		}
		_, err = Propose(tx, p.Now(), a, id, sharingOf(f, c.Family, other))
		return web.Done{Location: Path(id), Sentence: "Votre proposition est envoyée au service, qui vous répondra par e-mail."}, err
	})
	if err != nil && f.Take(err) {
		return p.showProposal(w, req, a, f)
	}
	return err
}

func (p Pages) handing(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("jour", req.URL.Query().Get("jour"))
	return p.showHanding(w, req, a, f)
}

func (p Pages) showHanding(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := p.sharedRead(req, a)
	if err != nil {
		return err
	}
	return web.Render(w, req, v.page("Confier un jour à l’autre foyer", "Confier un jour", f), handingPage(f, v))
}

func (p Pages) hand(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(req), family.ChildID(req.PathValue("id"))
	day, _ := civil.ParseDate(f.Line("jour")) // the zero day is told by the verb
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		_, err := OfferDay(tx, p.Now(), a, id, day)
		return web.Done{Location: Path(id), Sentence: "Le jour est proposé à l’autre foyer. Il reste chez vous tant que l’autre foyer n’a pas accepté."}, err
	})
	if err != nil && f.Take(err) {
		return p.showHanding(w, req, a, f)
	}
	return err
}

func (p Pages) withdraw(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	return web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		child, err := Withdraw(tx, p.Now(), a, ID(req.PathValue("id")))
		return web.Done{Location: Path(child), Sentence: "Votre proposition est annulée."}, err
	})
}

func (p Pages) answerDay(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	accept := web.ReadForm(req).Text("reponse") == "accepter"
	return web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		d, err := AnswerDay(tx, p.Now(), a, DayID(req.PathValue("id")), accept)
		sentence := "Votre réponse est envoyée\u00a0: le " + d.Day.Long() + " reste dans l’autre foyer."
		if accept {
			sentence = "Le " + d.Day.Long() + " est chez vous. Ce que l’autre foyer n’a pas réservé ce jour-là se réserve dans votre agenda."
		}
		return web.Done{Location: Path(d.Child), Sentence: sentence}, err
	})
}

func (p Pages) withdrawDay(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	return web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		d, err := WithdrawDay(tx, p.Now(), a, DayID(req.PathValue("id")))
		return web.Done{Location: Path(d.Child), Sentence: "Le " + d.Day.Long() + " reste chez vous."}, err
	})
}
