package family

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the family's page, the agents' family file and the queue of members.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
	// Quotient gives the lines about the family's own quotient; nil shows none. Filled from tariff, which is above.
	Quotient func(r db.Reader, now time.Time, a actor.Actor, family ID) ([]web.Row, error)
	// Activation is where an agent follows the activation of an account, "" when the agent may not; nil shows no link.
	// Filled from admission, which is above.
	Activation func(r db.Reader, a actor.Actor, of map[person.ID]account.Account) (func(account.Account, person.Person) string, error)
	// Namesakes shows whom a person asked for may be, on the page where an agent answers; nil shows none. Filled from
	// admission.
	Namesakes func(r db.Reader, now time.Time, family ID, who person.ID) (templ.Component, error)
	// Invitations gives the part about the co-holders whom the holder invites; nil shows none. Filled from admission.
	Invitations func(r db.Reader, now time.Time, a actor.Actor, family ID, service town.ServiceID) (templ.Component, error)
	// TwoHomes and CounterTwoHomes are where families and agents read in which home the days of a child are; nil shows no
	// link. Filled from custody.
	TwoHomes, CounterTwoHomes func(ChildID) string
	// Panels are the sections that features above add to the agents' family file.
	Panels []web.Panel
}

// Citizen declares the family's pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/famille", web.Activated, web.NoObject, p.home)
	rt.Get("/espace/famille/ajouter", web.Activated, web.NoObject, p.addition)
	rt.Post("/espace/famille/ajouter", web.Activated, web.NoObject, p.ask)
	rt.Post("/espace/famille/membres/{id}/retrait", web.Activated, web.Object("family_member"), p.withdraw)
}

// Tiles is the family on the first page.
func (p Pages) Tiles() []web.Tile {
	return []web.Tile{{Order: 20, Label: "Famille", Href: "/espace/famille", Icon: "users", Fact: countFact}}
}

func countFact(r db.Reader, now time.Time, a actor.Actor) (string, error) {
	all, err := Households(r, a, civil.DateOf(now))
	if err != nil || len(all) == 0 {
		return "", err
	}
	var sum Household
	for _, h := range all {
		sum.Members += h.Members
		sum.Contacts += h.Contacts
	}
	fact := plural(sum.Members, "membre")
	if sum.Contacts > 0 {
		fact += ", " + plural(sum.Contacts, "contact")
	}
	return fact, nil
}

func plural(n int, word string) string {
	if n > 1 {
		word += "s"
	}
	return strconv.Itoa(n) + " " + word
}

// tab is one "Ma famille connue par le service : X".
type tab struct {
	department
	Chosen bool
}

func (t tab) href() string {
	return "/espace/famille?" + url.Values{"famille": {string(t.Family)}, "service": {string(t.Service.ID)}}.Encode()
}

func (t tab) addHref() string {
	return "/espace/famille/ajouter?" + url.Values{"famille": {string(t.Family)}, "service": {string(t.Service.ID)}}.Encode()
}

// homeView is the family's page.
type homeView struct {
	Me      string
	Tabs    []tab
	Chosen  tab
	People  []known
	Promise map[MemberID]string // when the service answers at the latest
	Facts   []web.Row
	Invites templ.Component // nil for none
	// Awaiting is the place in another family that waits for an agent; nil for none.
	Awaiting templ.Component
	// TwoHomes is where the days of a child of two homes are; nil for no link.
	TwoHomes func(ChildID) string
}

// adults, kids, others and contacts are the three parts of the page, in the mockup's words.
func (v homeView) adults() []known {
	return v.pick(func(k known) bool { return k.Role.Acts() })
}

func (v homeView) members() []known {
	return v.pick(func(k known) bool { return k.Role == Member })
}

func (v homeView) contacts() []known {
	return v.pick(func(k known) bool { return k.Role == Contact })
}

func (v homeView) pick(keep func(known) bool) []known {
	var all []known
	for _, k := range v.People {
		if keep(k) {
			all = append(all, k)
		}
	}
	return all
}

func (v homeView) kidNames() []string {
	var names []string
	for _, k := range v.members() {
		if k.IsChild && k.State == Approved {
			names = append(names, k.first())
		}
	}
	return names
}

func (p Pages) home(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	chosen := r.URL.Query()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (homeView, error) {
		return p.readHome(rd, now, a, ID(chosen.Get("famille")), town.ServiceID(chosen.Get("service")))
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Ma famille", OwnTitle: true, Wide: true, Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Ma famille"}}}
	return web.Render(w, r, page, homePage(v))
}

func (p Pages) readHome(r db.Reader, now time.Time, a actor.Actor, family ID, service town.ServiceID) (homeView, error) {
	day := civil.DateOf(now)
	v := homeView{Me: a.Person, TwoHomes: p.TwoHomes}
	all, err := departments(r, a, day)
	if err != nil {
		return v, err
	}
	people, err := members(r, a.Person, day)
	if err != nil {
		return v, err
	}
	if len(people) == 0 { // as on the other pages: who has a family already reads its own
		if v.Awaiting, err = Awaiting(r, now, a); err != nil {
			return v, err
		}
	}
	v.Tabs, v.Chosen = tabs(all, people, family, service)
	for _, k := range people {
		if k.Family == v.Chosen.Family && (k.Service == "" || k.Service == v.Chosen.Service.ID) {
			v.People = append(v.People, k)
		}
	}
	if v.Promise, err = promises(r, now, v.People); err != nil {
		return v, err
	}
	if p.Invitations != nil && v.Chosen.Family != "" {
		if v.Invites, err = p.Invitations(r, now, a, v.Chosen.Family, v.Chosen.Service.ID); err != nil {
			return v, err
		}
	}
	if p.Quotient != nil && v.Chosen.Family != "" {
		v.Facts, err = p.Quotient(r, now, a, v.Chosen.Family)
	}
	return v, err
}

// tabs makes one tab a service; a family that no service knows has one without service. The chosen one is the
// asked one when it is among them, else the first.
func tabs(all []department, people []known, family ID, service town.ServiceID) ([]tab, tab) {
	list := make([]tab, 0, len(all))
	for _, d := range all {
		list = append(list, tab{department: d})
	}
	if len(list) == 0 && len(people) > 0 {
		list = append(list, tab{department: department{Family: people[0].Family}})
	}
	if len(list) == 0 {
		return nil, tab{}
	}
	at := 0
	for i, t := range list {
		if t.Family == family && t.Service.ID == service {
			at = i
		}
	}
	list[at].Chosen = true
	return list, list[at]
}

// promises computes by when the service answers each pending member.
func promises(r db.Reader, now time.Time, people []known) (map[MemberID]string, error) {
	var waiting []known
	for _, k := range people {
		if k.State == Pending && !k.AskedAt.IsZero() {
			waiting = append(waiting, k)
		}
	}
	if len(waiting) == 0 {
		return nil, nil
	}
	working, err := town.Working(r)
	if err != nil {
		return nil, err
	}
	by := map[MemberID]string{}
	for _, k := range waiting {
		by[k.ID] = civil.DateOf(working.Deadline(k.AskedAt.In(now.Location()), town.PromiseDays)).DayMonth()
	}
	return by, nil
}

func (p Pages) addition(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("famille", r.URL.Query().Get("famille"))
	f.Set("service", r.URL.Query().Get("service"))
	return p.showAddition(w, r, a, f)
}

func (p Pages) showAddition(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form) error {
	day := civil.DateOf(p.Now())
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]department, error) { return departments(rd, a, day) })
	if err != nil {
		return err
	}
	unsaid := f.Text("famille") == "" && f.Text("service") == "" // an address typed by hand: the first of one's services
	for _, d := range all {
		if unsaid || string(d.Family) == f.Text("famille") && string(d.Service.ID) == f.Text("service") {
			page := web.Page{Title: "Ajouter à ma famille " + d.Service.Name, Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"},
				{Label: "Ma famille", Href: "/espace/famille"}, {Label: "Ajouter"}}}
			if f.Failed() {
				page.Status = http.StatusUnprocessableEntity
			}
			return web.Render(w, r, page, additionPage(f, d))
		}
	}
	return fault.Missing("family")
}

func (p Pages) ask(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	d := additionOf(f)
	d.Family, d.Service = ID(f.Text("famille")), town.ServiceID(f.Text("service"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		_, err := Ask(tx, p.Now(), a, d)
		name := person.Person{FirstNames: d.FirstNames, LastName: d.LastName}.Full()
		return web.Done{Location: tab{department: department{Family: d.Family, Service: town.Service{ID: d.Service}}}.href(),
			Sentence: "Votre demande pour " + name + " est envoyée au service."}, err
	})
	if err != nil && f.Take(err) {
		return p.showAddition(w, r, a, f)
	}
	return err
}

// additionOf reads what was typed in additionFields.
func additionOf(f *web.Form) Addition {
	return Addition{Role: Role(f.Text("role")), LastName: f.Line("nom"), FirstNames: f.Line("prenoms"), BirthDay: f.Line("naissance"),
		Relation: f.Line("lien"), Phone: f.Line("telephone"), MayCollect: f.Bool("chercher")}
}

func (p Pages) withdraw(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := Withdraw(tx, p.Now(), a, MemberID(r.PathValue("id")))
		return web.Done{Location: "/espace/famille", Sentence: "Votre demande est annulée."}, err
	})
}

// Request is something a family asked the town about its members, with what became of it.
type Request struct {
	Title  string
	Detail string
	At     civil.Instant
	State  State
	Reason string
}

// Label is the state in words for the family.
func (s State) Label() string {
	switch s {
	case Pending:
		return "En cours de vérification"
	case Approved:
		return "Acceptée"
	case Refused:
		return "Refusée"
	case Withdrawn:
		return "Annulée"
	}
	return ""
}

// Mark is the state as a tag.
func (s State) Mark() web.Mark {
	switch s {
	case Pending:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: s.Label()}
	case Approved:
		return web.Mark{Tone: web.OK, Icon: "check", Word: s.Label()}
	case Refused:
		return web.Mark{Tone: web.Error, Icon: "x", Word: s.Label()}
	}
	return web.Mark{Tone: web.Neutral, Icon: "ban", Word: s.Label()}
}

// Requests lists what the actor's families asked, latest first, at most fifty a family.
func Requests(r db.Reader, a actor.Actor, day civil.Date) ([]Request, error) {
	homes, err := Households(r, a, day)
	if err != nil {
		return nil, err
	}
	var all []Request
	for _, h := range homes {
		list, err := askedBy(r, h.ID, 50)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			all = append(all, Request{Title: "Ajouter " + m.full() + " à ma famille", Detail: m.Role.Label() + ", " + m.Relation,
				At: m.AskedAt, State: m.State, Reason: m.Reason})
		}
	}
	return all, nil
}
