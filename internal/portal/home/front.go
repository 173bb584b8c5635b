// Package home is the portal's first pages: the public one with the sign-in box, and the family's dashboard built
// from the tiles, to-dos and children that features register. It owns no table and imports no feature: app fills
// its function fields.
package home

import (
	"context"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// Town is what the front page says of the town. Empty texts are left out.
type Town struct {
	Name      string // "Rivebelle-sur-Seine"
	SpaceName string // "Mon Espace Citoyen Rivebellois"
	Slogan    string
	Welcome   []string // paragraphs
	OldPortal string   // "l’ancien portail famille", "" when there was none
	Help      Help
}

// Help is who helps families with the portal.
type Help struct{ Service, Phone, Email, Hours, Counter string }

// News is one piece of news of the front page.
type News struct {
	Day                  civil.Date
	Title, Extract, Href string
}

// Front is the public front page.
type Front struct {
	DB  *db.DB
	Now func() time.Time
	// Town is read for each page.
	Town func(ctx context.Context) Town
	// News lists the n latest published items.
	News func(r db.Reader, now time.Time, n int) ([]News, error)
	// Promise is the moment by which an account whose e-mail is confirmed now is activated.
	Promise func(r db.Reader, now time.Time) (time.Time, error)
	// WayIn stands under the sign-in button: other ways in; nil for none.
	WayIn templ.Component
}

const newsOnFront = 3

// Citizen declares the public pages.
func (p Front) Citizen(rt *web.Router) {
	rt.Get("/", web.Public, web.NoObject, p.front)
}

// frontView is what the front page shows.
type frontView struct {
	town    Town
	news    []News
	promise time.Time
	suite   string // where to go after signing in
	wayIn   templ.Component
}

func (p Front) front(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	switch a.Kind {
	case actor.Citizen:
		return web.SeeOther(w, home(r, "/espace"))
	case actor.Agent:
		return web.SeeOther(w, home(r, "/agents"))
	}
	view, err := p.view(r)
	if err != nil {
		return err
	}
	view.wayIn = p.WayIn
	view.suite = web.LocalPath(r.URL.Query().Get("suite"))
	return web.Render(w, r, web.Page{OwnTitle: true, Nav: "/"}, frontPage(view))
}

// home keeps the receipt of what was just done, so that the next page still says it.
func home(r *http.Request, path string) string {
	if receipt := r.URL.Query().Get("recu"); receipt != "" && web.LocalPath(path+"?recu="+receipt) != "" {
		return path + "?recu=" + receipt
	}
	return path
}

func (p Front) view(r *http.Request) (frontView, error) {
	now := p.Now()
	view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (frontView, error) {
		news, err := p.News(rd, now, newsOnFront)
		if err != nil {
			return frontView{}, err
		}
		promise, err := p.Promise(rd, now)
		return frontView{news: news, promise: promise}, err
	})
	view.town = p.Town(r.Context())
	return view, err
}
