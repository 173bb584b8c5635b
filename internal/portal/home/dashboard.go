package home

import (
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// Owner is who the dashboard greets.
type Owner struct {
	Greeting   string        // "Madame Martin", or "Camille Martin" without civility
	Name       string        // for the initials
	Address    string        // one line, "" when unknown
	PhotoURL   string        // "" without photo
	LastSignIn civil.Instant // the sign-in before this one; 0 on the first
}

// Child is one of the person's children.
type Child struct {
	FirstName, Detail, Next, Href, PhotoURL string
}

// Dashboard is the family's first page, made of what features register.
type Dashboard struct {
	DB  *db.DB
	Now func() time.Time

	Owner    func(r db.Reader, a actor.Actor) (Owner, error)
	Children func(r db.Reader, now time.Time, a actor.Actor) ([]Child, error)
	Week     func(r db.Reader, now time.Time, a actor.Actor) ([]web.WeekDay, error)
	// Shortcuts are direct links to what families do most; nil shows none.
	Shortcuts func(r db.Reader, now time.Time, a actor.Actor) ([]web.Link, error)
	// Parts are read in one statement, before what is made of them.
	Parts []web.Part
	Todos []web.TodoSource
	Tiles []web.Tile
	// Awaiting tells somebody without children that a place in a family waits for an agent; a nil func, or a nil
	// component, tells nothing.
	Awaiting func(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error)
	// Standing tells an account that is not active where its request stands, and by when it is answered.
	Standing func(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error)
}

// Citizen declares the dashboard.
func (p Dashboard) Citizen(rt *web.Router) {
	rt.Get("/espace", web.Citizen, web.NoObject, p.dashboard)
}

// dashboardView is the page's content.
type dashboardView struct {
	owner    Owner
	lines    []string
	children []Child
	week     []web.WeekDay
	links    []web.Link
	todos    []web.Todo
	tiles    []shownTile
	awaiting templ.Component // of who waits for a place in a family; nil else
	standing templ.Component // of an account that is not active; nil else
}

type shownTile struct {
	web.Tile
	fact string
}

func (p Dashboard) dashboard(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	view, err := db.Read(db.Remember(r.Context()), p.DB, func(rd db.Reader) (dashboardView, error) { return p.view(rd, p.Now(), a) })
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Bonjour " + view.owner.Greeting, OwnTitle: true, Wide: true, Nav: "/espace"}, dashboardPage(view))
}

func (p Dashboard) view(rd db.Reader, now time.Time, a actor.Actor) (v dashboardView, err error) {
	if v.owner, err = p.Owner(rd, a); err != nil {
		return v, err
	}
	if v.owner.Address != "" {
		v.lines = append(v.lines, v.owner.Address)
	}
	v.lines = append(v.lines, lastSignIn(v.owner.LastSignIn, now.Location()))
	if a.State != actor.Active {
		return v, p.waitingView(rd, now, a, &v)
	}
	if err := web.ReadParts(rd, now, a, p.Parts...); err != nil {
		return v, err
	}
	for _, source := range p.Todos {
		todos, err := source(rd, now, a)
		if err != nil {
			return v, err
		}
		v.todos = append(v.todos, todos...)
	}
	slices.SortStableFunc(v.todos, func(x, y web.Todo) int { return soonest(x.When, y.When) })
	if v.children, err = p.Children(rd, now, a); err != nil {
		return v, err
	}
	if len(v.children) == 0 && p.Awaiting != nil {
		if v.awaiting, err = p.Awaiting(rd, now, a); err != nil {
			return v, err
		}
	}
	if v.week, err = p.Week(rd, now, a); err != nil {
		return v, err
	}
	if p.Shortcuts != nil && len(v.children) > 0 {
		if v.links, err = p.Shortcuts(rd, now, a); err != nil {
			return v, err
		}
	}
	return v, p.addTiles(rd, now, a, &v)
}

// booked tells that the week shown has something that a child may be absent from.
func (v dashboardView) booked() bool {
	return slices.ContainsFunc(v.week, func(d web.WeekDay) bool { return len(d.Lines) > 0 })
}

// waitingView is the dashboard of an account that an agent has yet to activate: where its request stands, and
// the pages already open to it.
func (p Dashboard) waitingView(rd db.Reader, now time.Time, a actor.Actor, v *dashboardView) (err error) {
	if v.standing, err = p.Standing(rd, now, a); err != nil {
		return err
	}
	for _, t := range p.Tiles {
		if t.Href == "/espace/profil" || t.Href == "/espace/identifiants" || t.Href == "/espace/coordonnees" {
			v.tiles = append(v.tiles, shownTile{Tile: t})
		}
	}
	return nil
}

func (p Dashboard) addTiles(rd db.Reader, now time.Time, a actor.Actor, v *dashboardView) error {
	tiles := slices.Clone(p.Tiles)
	slices.SortStableFunc(tiles, func(x, y web.Tile) int { return x.Order - y.Order })
	for _, t := range tiles {
		shown := shownTile{Tile: t}
		if t.Fact != nil {
			fact, err := t.Fact(rd, now, a)
			if err != nil {
				return err
			}
			shown.fact = fact
		}
		v.tiles = append(v.tiles, shown)
	}
	return nil
}

// lastSignIn is the guide's sentence.
func lastSignIn(at civil.Instant, zone *time.Location) string {
	if at.IsZero() {
		return "Première connexion"
	}
	return "Dernière connexion le " + civil.Stamp(at.In(zone))
}

// soonest puts what has no day last.
func soonest(x, y civil.Date) int {
	switch {
	case x == y:
		return 0
	case x.IsZero():
		return 1
	case y.IsZero():
		return -1
	}
	return x.Compare(y)
}
