// Package desk is the agents' first page and their one search box. It is made of what features register (queues
// and finders) and owns no table; it knows no feature.
package desk

import (
	"cmp"
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
	Coming  []Coming    // what the next day brings
	Keeper  actor.Right // to see what failed for ever and try it again
	// SetUp tells where a new town's set-up stands: its page, "" when there is nothing to set up for this agent; and
	// whether the first page leads there at once.
	SetUp func(r db.Reader, a actor.Actor) (href string, atOnce bool, err error)
}

// Link is an entry of the first page for holders of a right.
type Link struct {
	Label, Detail, Href, Icon string
	Right                     actor.Right
}

// Coming is what the next day brings, for holders of a right: a title that leads to a page, a figure a place. Without a
// title there is nothing to say.
type Coming struct {
	Right actor.Right
	Read  func(r db.Reader, now time.Time, a actor.Actor) (title, href string, rows []web.Row, err error)
}

// coming is one as it is shown.
type coming struct {
	title, href string
	rows        []web.Row
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
	Label, Href, Icon, Detail string

	Count  int
	Oldest string // "depuis 2 jours": of the oldest, "" when empty
	Mark   web.Mark
}

// access is what an agent without a queue may do besides.
type access struct{ roles, search bool }

func (p Pages) home(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	setUp, atOnce := "", false
	var ahead []coming
	piles, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (piles []pile, err error) {
		if p.SetUp != nil {
			if setUp, atOnce, err = p.SetUp(rd, a); err != nil || atOnce {
				return nil, err
			}
		}
		if ahead, err = p.ahead(rd, now, a); err != nil {
			return nil, err
		}
		return p.piles(rd, now, a)
	})
	if err != nil {
		return err
	}
	if atOnce {
		return web.SeeOther(w, setUp)
	}
	return web.Render(w, r, web.Page{Title: "Bonjour " + a.Name, OwnTitle: true, Wide: true},
		homePage("Bonjour "+a.Name, today(now), setUp, piles, ahead, p.linksFor(a), access{roles: len(a.Rights) > 0, search: a.Can(p.Reader)}))
}

func (p Pages) ahead(rd db.Reader, now time.Time, a actor.Actor) ([]coming, error) {
	var all []coming
	for _, c := range p.Coming {
		if !a.Can(c.Right) {
			continue
		}
		title, href, rows, err := c.Read(rd, now, a)
		if err != nil {
			return nil, err
		}
		if title != "" {
			all = append(all, coming{title, href, rows})
		}
	}
	return all, nil
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
		piles = append(piles, pileOf(q, now, n, oldest))
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

// slow is the age in days at which a pile's oldest is marked: the town's answer is promised within two working days.
const slow = 4

func pileOf(q web.Queue, now time.Time, n int, oldest civil.Instant) pile {
	one := pile{Label: q.Label, Href: q.Href, Icon: cmp.Or(q.Icon, "list"), Detail: q.Detail, Count: n}
	switch {
	case n == 0:
		one.Mark = web.Mark{Tone: web.OK, Icon: "check", Word: "À jour"}
	case oldest.IsZero():
	default:
		then := oldest.In(now.Location())
		one.Oldest = "depuis " + age(now, then)
		if civil.DateOf(now).Sub(civil.DateOf(then)) >= slow {
			one.Mark = web.Mark{Tone: web.Warning, Icon: "clock", Word: "Attend depuis longtemps"}
		}
	}
	return one
}

// age says how old something is, as one says it at a counter.
func age(now, then time.Time) string {
	days := civil.DateOf(now).Sub(civil.DateOf(then))
	switch {
	case days <= 0:
		return "aujourd’hui"
	case days == 1:
		return "1 jour"
	case days < 60:
		return number(days) + " jours"
	default:
		return number(days/30) + " mois"
	}
}

// today is « Mercredi 6 janvier 2027, semaine 1 ».
func today(now time.Time) string {
	day := civil.DateOf(now).Long()
	_, week := now.ISOWeek()
	return strings.ToUpper(day[:1]) + day[1:] + ", semaine " + number(week)
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
