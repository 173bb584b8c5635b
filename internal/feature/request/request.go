// Package request is what a family asks the town and what became of it. Today it follows the requests that the
// portal already takes, those about members of the family, and says where the others are made.
//
// It owns no table yet: each request lives with the feature that takes it.
package request

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages is the families' page of requests.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
	// Written is what the person wrote to the town hall, with the answers; nil shows none. Filled from messaging, beside
	// which this package stands.
	Written func(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error)
	// Asked is what the person asked of a service about bookings; nil shows none. Filled from booking, above.
	Asked func(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error)
	// Pending counts what of that has no answer yet; nil counts none.
	Pending func(r db.Reader, now time.Time, a actor.Actor) (int, error)
}

// Citizen declares the families' page.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/demandes", web.Activated, web.NoObject, p.list)
}

// Tiles is the requests on the first page.
func (p Pages) Tiles() []web.Tile {
	return []web.Tile{{Order: 30, Label: "Dernières demandes", Href: "/espace/demandes", Icon: "clipboard", Fact: p.pendingFact}}
}

// pendingFact is "2 en cours", or "Aucune en cours".
func (p Pages) pendingFact(r db.Reader, now time.Time, a actor.Actor) (string, error) {
	homes, err := family.Households(r, a, civil.DateOf(now))
	if err != nil {
		return "", err
	}
	n := 0
	for _, h := range homes {
		n += h.Pending
	}
	if p.Pending != nil {
		late, err := p.Pending(r, now, a)
		if err != nil {
			return "", err
		}
		n += late
	}
	if n == 0 {
		return "Aucune en cours", nil
	}
	return strconv.Itoa(n) + " en cours", nil
}

// view is the page.
type view struct {
	Requests []family.Request
	Services []town.Service
	Zone     *time.Location
	Written  templ.Component // nil for nothing
	Asked    templ.Component // nil for nothing
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	today := civil.DateOf(now)
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v view, err error) {
		v.Zone = now.Location()
		if v.Requests, err = family.Requests(rd, a, today); err != nil {
			return v, err
		}
		if p.Written != nil {
			if v.Written, err = p.Written(rd, now, a); err != nil {
				return v, err
			}
		}
		if p.Asked != nil {
			if v.Asked, err = p.Asked(rd, now, a); err != nil {
				return v, err
			}
		}
		if v.Services, err = family.Services(rd, a, today); err == nil && len(v.Services) == 0 {
			v.Services = []town.Service{settings.Help()}
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Dernières demandes", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Dernières demandes"}}}
	return web.Render(w, r, page, listPage(v))
}
