package booking

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

const (
	placesPath = "/espace/places"
	joinField  = "attente"  // joins the list wherever a day of the form is full
	groupField = "ensemble" // brothers and sisters together or not at all
)

func (p Pages) placeRoutes(rt *web.Router) {
	rt.Get(placesPath, web.Activated, web.NoObject, p.places)
	rt.Post(placesPath+"/{id}", web.Activated, web.Object("offer"), p.answerPlace)
}

// placesView is what is offered to a family and what it waits for.
type placesView struct {
	Offers  []offerView
	Waiting []waitView
	Problem string
}

// offerView is what is answered at once: a cell, or those had together.
type offerView struct {
	ID    string
	Lines []string
	Until string
}

type waitView struct {
	What, When, Detail string
	Mark               web.Mark
	Leave              string // the page that leaves the list
}

func (p Pages) places(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showPlaces(w, r, a, "")
}

func (p Pages) showPlaces(w http.ResponseWriter, r *http.Request, a actor.Actor, problem string) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (placesView, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil || len(children) == 0 {
			return placesView{}, err
		}
		return p.placesOf(rd, now, children)
	})
	if err != nil {
		return err
	}
	v.Problem = problem
	page := web.Page{Title: "Listes d’attente", Nav: "/espace/agenda", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"},
		{Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: "Listes d’attente"}}}
	if problem != "" {
		page.Status = http.StatusConflict
	}
	return web.Render(w, r, page, placesPage(v))
}

// placesOf reads what is offered and waited for; the same number of statements whatever the number.
func (p Pages) placesOf(r db.Reader, now time.Time, children []family.Child) (placesView, error) {
	var v placesView
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return v, err
	}
	today := civil.DateOf(now)
	where, args := ofChildren(children)
	offers, err := liningIn(r, cat, today, Offered, where, args...)
	if err != nil {
		return v, err
	}
	waits, err := lining(r, cat, today, where, args...)
	if err != nil {
		return v, err
	}
	s := &Scene{Catalogue: cat, Now: now, ranked: true}
	days := civil.Range{From: today, To: today.AddDays(7)}
	for _, x := range waits {
		if x.Day.After(days.To) {
			days.To = x.Day
		}
	}
	if err := readScene(r, s, children, civil.Range{From: days.From.Monday(), To: days.To.Monday().AddDays(6)}); err != nil {
		return v, err
	}
	for _, one := range parties(cat, offers) {
		o := offerView{ID: lateID(one[0].Cell), Until: french.Upper(answerBefore(activity.StoredLimit(one[0].Until, cat.Zone), today))}
		for _, x := range one {
			o.Lines = append(o.Lines, french.Upper(x.Day.Long())+"\u00a0: "+s.kids[x.Child].name+", "+labelOf(cat, x.Activity, x.Choice))
		}
		if one[0].Until > civil.InstantOf(now) {
			v.Offers = append(v.Offers, o)
		}
	}
	slices.SortFunc(waits, func(x, y inLine) int { return x.Day.Compare(y.Day) })
	for _, x := range waits {
		a, known := cat.Activity(x.Activity)
		h := s.Held(x.Cell)
		if !known || h.State != Waiting {
			continue
		}
		f := s.listFace(Face{Cell: x.Cell, Held: h}, a)
		v.Waiting = append(v.Waiting, waitView{What: s.kids[x.Child].name + ", " + labelOf(cat, x.Activity, x.Choice), When: x.Day.Long(),
			Detail: joinReason(f.Reason, a.Waiting.Words()) + ".", Mark: f.Mark, Leave: cancelHref(x.Cell)})
	}
	return v, nil
}

func labelOf(cat *activity.Catalogue, id activity.ID, choice activity.ChoiceID) string {
	a, known := cat.Activity(id)
	if !known {
		return "activité"
	}
	c, _ := a.ChoiceByID(choice)
	return a.Label(c.Name)
}

// ofChildren is the condition of the bookings of some children in the families that act for them.
func ofChildren(children []family.Child) (string, []any) {
	var args []any
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	for _, c := range children {
		args = append(args, string(c.Family))
	}
	n := len(children)
	return `b.child in (` + db.Marks(1, n) + `) and b.family in (` + db.Marks(n+1, n) + `)`, args
}

func (p Pages) answerPlace(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	c, err := cellOf(r.PathValue("id"))
	if err != nil {
		return fault.Missing("offer")
	}
	f := web.ReadForm(r)
	answer := f.Line("reponse")
	now := p.Now()
	if _, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (family.Child, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return family.Child{}, err
		}
		return oneOf(children, c.Child)
	}); err != nil {
		return err
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if answer != "oui" && answer != "non" {
			return web.Done{}, fault.New(fault.Conflict, "Choisissez d’accepter ou de refuser la place. Rien n’a été enregistré.")
		}
		ref, err := AnswerOffer(tx, now, a, cat, c, answer == "oui")
		sentence := "La place est réservée."
		if answer == "non" {
			sentence = "Vous avez refusé la place\u00a0: elle va à la famille suivante."
		}
		return web.Done{Location: "/espace/reservations/" + ref, Sentence: sentence}, err
	})
	if fault.KindOf(err) == fault.Conflict {
		return p.showPlaces(w, r, a, fault.SentenceOf(err))
	}
	return err
}

// OfferTodos are the offers that a family has to answer, read with the first page's agenda.
func (p Pages) OfferTodos(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	g, err := p.overview(r, now, a)
	if err != nil || g.scene == nil {
		return nil, err
	}
	var all []web.Todo
	for c, h := range g.scene.held {
		if h.State != Offered || h.Family != g.scene.kids[c.Child].family || h.OfferUntil <= civil.InstantOf(now) {
			continue
		}
		until := activity.StoredLimit(h.OfferUntil, now.Location())
		all = append(all, web.Todo{When: civil.DateOf(h.OfferUntil.In(now.Location())), Title: "Place proposée\u00a0: répondre " + until.UntilWords(g.today),
			Detail: g.scene.kids[c.Child].name + ", " + labelOf(g.scene.Catalogue, c.Activity, h.Choice) + ", " + c.Day.DayMonth(),
			Href:   placesPath, Tag: markOffered.Word, Tone: markOffered.Tone})
	}
	slices.SortFunc(all, func(x, y web.Todo) int {
		if n := x.When.Compare(y.When); n != 0 {
			return n
		}
		return strings.Compare(x.Detail, y.Detail)
	})
	return all, nil
}

// joinView lets a family join the list for the full days of a page, by one button.
type joinView struct {
	Fields []field
	Days   int
	Back   string
}

func (v joinView) label() string {
	if v.Days == 1 {
		return "Rejoindre la liste d’attente"
	}
	return "Rejoindre la liste d’attente pour " + strconv.Itoa(v.Days) + " jours"
}

// joinOf is the form of the lines that the list would take.
func joinOf(cat *activity.Catalogue, lines []Decision) joinView {
	var v joinView
	var children []family.Child
	var used []activity.ID
	for _, d := range lines {
		if d.couldWait {
			if !slices.ContainsFunc(children, func(c family.Child) bool { return c.ID == d.Child }) {
				children = append(children, family.Child{ID: d.Child})
			}
			used = append(used, d.Activity)
			v.Days++
		}
	}
	if v.Days == 0 {
		return v
	}
	n := namesOf(cat, children)
	v.Fields = n.fields(func(id activity.ID) bool { return slices.Contains(used, id) })
	for _, d := range lines {
		if d.couldWait {
			v.Fields = append(v.Fields, field{"vu", n.seen(d.Cell, d.Held.waitSeen())}, field{n.cell(d.Cell), queueValue(n.choice(d.Activity, d.Want))})
		}
	}
	return v
}

// waitSeen is the token of a cell that holds nothing in force.
func (h Holding) waitSeen() Token {
	if h.Live() {
		return h.Token()
	}
	return ""
}

// joinLater is the form of the lines of a confirmation that had no place, as far as the list would take them now.
func (c Confirmation) joinLater(s *Scene) joinView {
	var lines []Decision
	for _, p := range c.Lines {
		h := s.Held(p.Cell)
		a, known := s.Catalogue.Activity(p.Activity)
		if p.Did != DidNone || !known || p.Became == "" || h.Live() || !strings.HasPrefix(p.Why, "Complet") {
			continue
		}
		d := s.book(Decision{Wish: Wish{Cell: p.Cell, Want: p.Became, Queue: true}, Held: Holding{}, Did: DidNone}, a)
		if s.mayWait(d) {
			d.couldWait, d.Held = true, h
			lines = append(lines, d)
		}
	}
	return joinOf(s.Catalogue, lines)
}

// doLabel and keepLabel are the two ways of the page that gives something up.
func (v cancelView) doLabel() string {
	switch v.Face.Held.State {
	case Waiting:
		return "Quitter la liste d’attente"
	case Offered:
		return "Refuser la place"
	}
	return "Annuler cette réservation"
}

func (v cancelView) keepLabel() string {
	if v.Face.Held.State == Waiting {
		return "Rester sur la liste"
	}
	return "Garder la réservation"
}

// verdictIsLate tells that what is given up is past its deadline, and welcome since somebody waits.
func (s *Scene) verdictIsLate(d Decision, a *activity.Activity) bool {
	return a != nil && !s.Overrule && s.lateWelcome(d.Held, d.Cell, a) && s.verdict(a, d.Held, d.Cell, activity.Cancel).Is != activity.Free
}
