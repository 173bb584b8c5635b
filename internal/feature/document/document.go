// Package document is the family's papers. As long as papers are handed in at the counter, its page shows what the
// town already holds, so that nobody brings it twice, and how a paper is handed in.
//
// It owns no table yet and keeps no file.
package document

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Held lists facts that the town holds about the actor's own family and needs no paper for. Features above give
// theirs.
type Held func(r db.Reader, now time.Time, a actor.Actor) ([]web.Row, error)

// Pages is the families' page of papers.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
	Held     []Held
}

// Citizen declares the families' page.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/documents", web.Activated, web.NoObject, p.list)
}

// Tiles is the papers on the first page.
func (p Pages) Tiles() []web.Tile {
	return []web.Tile{{Order: 50, Label: "Pièces justificatives", Href: "/espace/documents", Icon: "paperclip",
		Fact: func(db.Reader, time.Time, actor.Actor) (string, error) { return "À remettre au service", nil }}}
}

// view is the page.
type view struct {
	Held     []web.Row
	Children []childRows
	Services []town.Service
}

// childRows is what the town holds about a child.
type childRows struct {
	Child family.Child
	Rows  []web.Row
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(db.Remember(r.Context()), p.DB, func(rd db.Reader) (view, error) { return p.read(rd, now, a, settings) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Pièces justificatives", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Pièces justificatives"}}}
	return web.Render(w, r, page, listPage(v))
}

func (p Pages) read(r db.Reader, now time.Time, a actor.Actor, s town.Settings) (v view, err error) {
	me, err := person.ByID(r, person.ID(a.Person))
	if err != nil {
		return v, err
	}
	v.Held = []web.Row{{Label: "Adresse", Value: me.Address.Line(), EditHref: "/espace/coordonnees"}}
	for _, held := range p.Held {
		rows, err := held(r, now, a)
		if err != nil {
			return v, err
		}
		v.Held = append(v.Held, rows...)
	}
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil {
		return v, err
	}
	for _, c := range children {
		v.Children = append(v.Children, childRows{Child: c, Rows: []web.Row{{Label: "Date de naissance", Value: c.Born.French()},
			{Label: "École et niveau", Value: c.Where()}}})
	}
	if v.Services, err = family.Services(r, a, civil.DateOf(now)); err == nil && len(v.Services) == 0 {
		v.Services = []town.Service{s.Help()}
	}
	return v, err
}
