// Package desk is the agents' first page and their one search box. It is made of what features register (queues
// and finders) and owns no table; it knows no feature.
package desk

import (
	"context"
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

// Pages are the desk's pages, with what features registered.
type Pages struct {
	DB      *db.DB
	Now     func() time.Time
	Queues  []web.Queue
	Finders []web.Finder
	Reader  actor.Right // to search people and families
	Links   []Link      // what agents do besides queues
	Keeper  actor.Right // to see what failed for ever and try it again
}

// Link is an entry of the first page for holders of a right.
type Link struct {
	Label, Detail, Href, Icon string
	Right                     actor.Right
}

// Agent declares the desk's routes.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents", web.Agent, web.NoObject, p.home)
	rt.Get("/agents/recherche", web.AgentWith(p.Reader), web.NoObject, p.search)
	rt.Get("/agents/taches", web.AgentWith(p.Keeper), web.NoObject, p.upkeep)
	rt.Post("/agents/taches/{id}/reprise", web.AgentWith(p.Keeper), web.Object("job"), p.retry)
}

// pile is a queue as it stands.
type pile struct {
	Label, Href string
	Count       int
	Oldest      string // "" when empty
}

func (p Pages) home(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	piles, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]pile, error) { return p.piles(rd, now, a) })
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Bonjour " + a.Name, Caption: civil.DateOf(now).Long(), Wide: true}, homePage(piles, p.linksFor(a)))
}

func (p Pages) piles(rd db.Reader, now time.Time, a actor.Actor) ([]pile, error) {
	var piles []pile
	for _, q := range p.Queues {
		if !a.Can(q.Right) {
			continue
		}
		n, oldest, err := q.Count(rd, now, a)
		if err != nil {
			return nil, err
		}
		one := pile{Label: q.Label, Href: q.Href, Count: n}
		if n > 0 && !oldest.IsZero() {
			one.Oldest = "la plus ancienne : " + age(now, oldest.In(now.Location()))
		}
		piles = append(piles, one)
	}
	return piles, nil
}

func (p Pages) linksFor(a actor.Actor) []Link {
	var mine []Link
	for _, l := range p.Links {
		if l.Right == "" || a.Can(l.Right) {
			mine = append(mine, l)
		}
	}
	return mine
}

// age says how long ago a moment was, as one says it at a counter.
func age(now, then time.Time) string {
	days := civil.DateOf(now).Sub(civil.DateOf(then))
	switch {
	case days <= 0:
		return "aujourd’hui"
	case days == 1:
		return "hier"
	case days < 60:
		return "il y a " + number(days) + " jours"
	default:
		return "il y a " + number(days/30) + " mois"
	}
}

// minQuery is the least that is looked for: one letter would list the town.
const minQuery = 2

func (p Pages) search(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	var hits []web.Hit
	if len([]rune(query)) >= minQuery {
		var err error
		if hits, err = p.find(r.Context(), a, query); err != nil {
			return err
		}
	}
	return web.Render(w, r, web.Page{Title: "Recherche", Wide: true}, searchPage(query, hits))
}

func (p Pages) find(ctx context.Context, a actor.Actor, query string) ([]web.Hit, error) {
	return db.Read(ctx, p.DB, func(rd db.Reader) (all []web.Hit, err error) {
		for _, finder := range p.Finders {
			hits, err := finder(rd, a, query)
			if err != nil {
				return nil, err
			}
			all = append(all, hits...)
		}
		return all, nil
	})
}
