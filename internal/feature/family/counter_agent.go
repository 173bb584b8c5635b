package family

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// What {id} names on the counter's pages of one member: an adult's place or a child's.
const (
	placeObject = web.Object("place")
	pupilObject = web.Object("pupil")
)

// counter declares the pages where agents act in a family's name.
func (p Pages) counter(rt *web.Router) {
	family := web.Object("family")
	rt.Get("/agents/familles/{id}/a-imprimer", web.AgentWith(FileRead), family, p.printed)
	for _, x := range counterForms() {
		object := placeObject
		switch {
		case x.adds:
			object = family
		case x.child > 0:
			object = pupilObject
		}
		rt.Get(x.route(), web.AgentWith(x.right), object, p.openCounter(x))
		rt.Post(x.route(), web.AgentWith(x.right), object, p.actAtCounter(x))
	}
}

// counterForm is one form of the counter: its page, and the verb that its button runs.
type counterForm struct {
	path, title, done string
	right             actor.Right
	adds              bool // to a family; else it changes one place
	child             int  // 1: of a child only; -1: of an adult only
	body              func(f *web.Form, v counterView) templ.Component
	run               func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error
}

func counterForms() []counterForm {
	return []counterForm{
		{path: "coordonnees", title: "Coordonnées", done: "Les coordonnées sont enregistrées.", right: person.ContactWrite, child: -1, body: contactBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				return CounterContact(tx, p.Now(), a, MemberID(id), person.ContactOf(f), f.Line("courriel"), person.SeenIn(f), counterOf(f))
			}},
		{path: "place", title: "Place dans la famille", done: "La place dans la famille est enregistrée.", right: FileWrite, child: -1, body: placeBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				return SetPlace(tx, p.Now(), a, MemberID(id), PlaceChange{Role: Role(f.Line("role")), Relation: f.Line("lien"),
					MayCollect: f.Bool("chercher"), Despite: f.Bool("malgre")}, counterOf(f))
			}},
		{path: "scolarite", title: "École et classe", done: "L’école et la classe sont enregistrées.", right: FileWrite, child: 1, body: schoolBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				return SetSchooling(tx, p.Now(), a, MemberID(id), schoolingOf(f), counterOf(f))
			}},
		{path: "retrait", title: "Retirer du dossier", done: "Cette personne ne fait plus partie du dossier.", right: FileWrite, body: endBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				return EndPlace(tx, p.Now(), a, MemberID(id), counterOf(f))
			}},
		{path: "enfants/nouveau", title: "Ajouter un enfant", done: "L’enfant est dans le dossier.", right: FileWrite, adds: true, body: childBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				_, err := CounterAddChild(tx, p.Now(), a, pupilOf(ID(id), f), counterOf(f))
				return err
			}},
		{path: "membres/nouveau", title: "Ajouter une personne", done: "Cette personne est dans le dossier.", right: FileWrite, adds: true, body: adultBody,
			run: func(tx *db.Tx, p Pages, a actor.Actor, id string, f *web.Form) error {
				_, err := CounterAdd(tx, p.Now(), a, newcomerOf(ID(id), f), counterOf(f))
				return err
			}},
	}
}

func (x counterForm) route() string {
	if x.adds {
		return "/agents/familles/{id}/" + x.path
	}
	return "/agents/membres/{id}/" + x.path
}

func (x counterForm) action(id string) templ.SafeURL {
	if x.adds {
		return templ.SafeURL("/agents/familles/" + id + "/" + x.path)
	}
	return templ.SafeURL("/agents/membres/" + id + "/" + x.path)
}

func counterOf(f *web.Form) Counter { return Counter{Seen: f.Line("vu"), Note: f.Line("note")} }

func schoolingOf(f *web.Form) Schooling {
	return Schooling{School: town.SiteID(f.Line("ecole")), Level: f.Line("niveau"), Class: f.Line("classe"), Shared: f.Bool("garde")}
}

const another = "autre" // the answer « une autre personne » among people alike

func picked(f *web.Form) (person.ID, bool) {
	if v := f.Line("connu"); v != another {
		return person.ID(v), false
	}
	return "", true
}

func pupilOf(id ID, f *web.Form) NewPupil {
	n := NewPupil{Family: id, Civility: f.Line("civilite"), LastName: f.Line("nom"), FirstNames: f.Line("prenoms"), BirthDay: f.Line("naissance"),
		Schooling: schoolingOf(f)}
	n.Known, n.Other = picked(f)
	return n
}

func newcomerOf(id ID, f *web.Form) Newcomer {
	n := Newcomer{Civility: f.Line("civilite"), Email: f.Line("courriel"), Despite: f.Bool("malgre"), Addition: additionOf(f)}
	n.Family = id
	n.Known, n.Other = picked(f)
	return n
}

// counterView is a page of the counter.
type counterView struct {
	form     counterForm
	id       string // in the address
	family   ID
	title    string // "Famille Martin – Nguyễn"
	place    place
	told     bool // somebody will be mailed
	conflict bool
	sites    []town.Site
	court    bool    // a restriction stands for a child of the family, or of this person
	alike    []Alike // who may be the one to add
	account  string  // where the account's address is corrected
}

// seen is the version of the form: after a conflict, the one shown beside it.
func (v counterView) seen(f *web.Form) string {
	if typed := f.Line("vu"); typed != "" && !v.conflict {
		return typed
	}
	return v.place.seen()
}

func (p Pages) openCounter(x counterForm) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return p.showCounter(w, r, a, x, web.NewForm(), http.StatusOK, false)
	}
}

func (p Pages) actAtCounter(x counterForm) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f, id := web.ReadForm(r), r.PathValue("id")
		err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			v, err := p.readCounter(tx, a, x, id)
			if err != nil {
				return web.Done{}, err
			}
			sentence := x.done + " La famille est prévenue par courriel."
			if !v.told {
				sentence = x.done + " La famille n’a pas d’adresse e-mail : dites-le-lui, ou imprimez l’état du dossier."
			}
			return web.Done{Location: "/agents/familles/" + string(v.family), Sentence: sentence}, x.run(tx, p, a, id, f)
		})
		switch kind := fault.KindOf(err); {
		case err == nil:
			return nil
		case kind == fault.Conflict || kind == fault.Refused:
			f.Fail("", fault.SentenceOf(err))
			return p.showCounter(w, r, a, x, f, http.StatusConflict, kind == fault.Conflict)
		case f.Take(err):
			return p.showCounter(w, r, a, x, f, http.StatusUnprocessableEntity, false)
		}
		return err
	}
}

func (p Pages) showCounter(w http.ResponseWriter, r *http.Request, a actor.Actor, x counterForm, f *web.Form, status int, conflict bool) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (counterView, error) {
		v, err := p.readCounter(rd, a, x, r.PathValue("id"))
		if err == nil && x.adds {
			v.alike, err = v.likely(rd, a, civil.DateOf(p.Now()), f)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	v.conflict = conflict && !x.adds
	now := p.Now()
	if err := Looked(r.Context(), p.DB, now, a, v.family); err != nil {
		return err
	}
	page := web.Page{Status: status, Title: x.title, Caption: v.title, Nav: "/agents/recherche", Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: v.title, Href: "/agents/familles/" + string(v.family)}, {Label: x.title}}}
	if !x.adds {
		page.Caption = v.place.Person.Full()
	}
	return web.Render(w, r, page, counterPage(f, v))
}

// readCounter reads what a form of the counter shows, for an agent who may send it.
func (p Pages) readCounter(r db.Reader, a actor.Actor, x counterForm, id string) (counterView, error) {
	v := counterView{form: x, id: id, family: ID(id)}
	var err error
	if x.adds {
		err = AtCounter(r, a, v.family, x.right)
	} else if v.place, err = placeFor(r, a, MemberID(id), x.right); err == nil {
		v.family = v.place.Family
		if v.place.IsChild && x.child < 0 || !v.place.IsChild && x.child > 0 {
			err = fault.Missing("family member")
		} else if v.place.Role == Holder && x.path == "retrait" {
			err = holderStays()
		}
	}
	if err != nil {
		return v, err
	}
	people, err := filePeople(r, v.family)
	if err != nil {
		return v, err
	}
	v.title = fileView{People: people}.title()
	day := civil.DateOf(p.Now())
	to, err := ToldOf(r, day, v.family, v.place.Person.ID, "")
	if err != nil {
		return v, err
	}
	v.told = len(to) > 0 || x.right == person.ContactWrite && v.place.Person.Email != ""
	kept, err := Restricted(r, v.family, day)
	if err != nil {
		return v, err
	}
	for _, who := range kept {
		v.court = v.court || x.adds || who == v.place.Person.ID
	}
	if v.sites, err = town.Sites(r); err != nil {
		return v, err
	}
	if p.Activation != nil && v.place.Account != "" {
		v.account, err = p.accountHref(r, a, v.place.Person)
	}
	return v, err
}

// likely are the known people who may be the one that was typed.
func (v counterView) likely(r db.Reader, a actor.Actor, day civil.Date, f *web.Form) ([]Alike, error) {
	if f.Line("nom") == "" {
		return nil, nil
	}
	born, _ := civil.ParseFrench(f.Line("naissance"))
	return alikes(r, a, day, person.Tidy(person.Person{LastName: f.Line("nom"), FirstNames: f.Line("prenoms"), BirthDay: born}))
}

// printed is what the town knows of a family, to be printed and handed over at the counter.
func (p Pages) printed(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, id := p.Now(), ID(r.PathValue("id"))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (fileView, error) {
		v := fileView{ID: id}
		if err := Readable(rd, a, id, FileRead); err != nil {
			return v, err
		}
		var err error
		v.People, err = filePeople(rd, id)
		return v, err
	})
	if err != nil {
		return err
	}
	if err := Looked(r.Context(), p.DB, now, a, id); err != nil {
		return err
	}
	page := web.Page{Title: "État du dossier", Caption: v.title(), Nav: "/agents/recherche", Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: v.title(), Href: "/agents/familles/" + string(id)}, {Label: "État du dossier"}}}
	return web.Render(w, r, page, printedPage(v, civil.Stamp(now)))
}
