package messaging

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the news, for everybody and for agents, and the family's messages.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
	Check    captcha.Check // of the contact form
	// Subject gives the words for a template of mail, as the messages page lists what was sent to an account; ""
	// hides it, and a nil function hides all.
	Subject func(template string) string
}

const (
	pageSize = 10
	ownLimit = 50 // messages of the contact form listed to who wrote them
)

// Citizen declares the pages of everybody and of families.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/actualites", web.Public, web.NoObject, p.list("/actualites", web.Crumb{Label: "Accueil", Href: "/"}))
	rt.Get("/actualites/{id}", web.Public, "news", p.item("/actualites", web.Crumb{Label: "Accueil", Href: "/"}))
	rt.Get("/espace/actualites", web.Citizen, web.NoObject, p.list("/espace/actualites", web.Crumb{Label: "Mon accueil", Href: "/espace"}))
	rt.Get("/espace/actualites/{id}", web.Citizen, "news", p.item("/espace/actualites", web.Crumb{Label: "Mon accueil", Href: "/espace"}))
	rt.Get("/espace/messages", web.Citizen, web.NoObject, p.messages)
	p.citizenContact(rt)
}

// Tiles are the news and the messages on the family's first page.
func (p Pages) Tiles() []web.Tile {
	return []web.Tile{
		{Order: 60, Label: "Mes actualités", Href: "/espace/actualites", Icon: "newspaper",
			Fact: func(r db.Reader, now time.Time, a actor.Actor) (string, error) {
				latest, err := newest.Rows(r, now, a)
				if err != nil || len(latest) == 0 {
					return "", err
				}
				return latest[0].A, nil
			}},
	}
}

// newest is the title of the latest item that families may read.
var newest = web.Part{Name: "messaging.newest", Select: `select * from (select n.title as a, '' as b, '' as c, '' as d from news n
	where n.state = 'published' and n.published_day <= $2 order by n.published_day desc, n.id desc limit 1) latest`}

// Parts are what the first page reads of this package.
func Parts() []web.Part { return []web.Part{newest} }

type listView struct {
	base  string
	items []NewsItem
	pages web.Pages
}

func (p Pages) list(base string, home web.Crumb) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		now := p.Now()
		n, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || n < 1 {
			n = 1
		}
		view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (listView, error) {
			count, err := countPublished(rd, now)
			if err != nil {
				return listView{}, err
			}
			last := max(1, (count+pageSize-1)/pageSize)
			n := min(n, last)
			items, err := page(rd, now, pageSize, (n-1)*pageSize)
			return listView{base: base, items: items, pages: web.Pages{Page: n, Last: last,
				URL: func(n int) string { return base + "?page=" + strconv.Itoa(n) }}}, err
		})
		if err != nil {
			return err
		}
		return web.Render(w, r, web.Page{Title: "Actualités", Crumbs: []web.Crumb{home, {Label: "Actualités"}}}, newsList(view))
	}
}

func (p Pages) item(base string, home web.Crumb) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		n, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (NewsItem, error) {
			return PublishedByID(rd, p.Now(), NewsID(r.PathValue("id")))
		})
		if err != nil {
			return err
		}
		return web.Render(w, r, web.Page{Title: n.Title, Caption: published(n), Nav: base,
			Crumbs: []web.Crumb{home, {Label: "Actualités", Href: base}, {Label: n.Title}}}, newsBody(n, base))
	}
}

func published(n NewsItem) string {
	if n.Signed != "" {
		return n.Signed + ", " + n.Day.Long()
	}
	return n.Day.Long()
}

// Written is what somebody wrote to the town hall, with the answers, for another page; nil for nothing.
func Written(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error) {
	if a.Account == "" {
		return nil, nil
	}
	own, err := ownContacts(r, account.ID(a.Account), ownLimit)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	return ownMessages(own, func(m ContactMessage) string { return at(m.CreatedAt, now.Location()) }), nil
}

// sentMail is one line of the messages page.
type sentMail struct {
	subject, to, when string
	state             mail.State
}

func (p Pages) messages(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	type written struct {
		sent []mail.Status
		own  []ContactMessage
	}
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v written, err error) {
		if a.Account == "" {
			return v, nil
		}
		if p.Subject != nil {
			if v.sent, err = mail.ForAccount(rd, a.Account); err != nil {
				return v, err
			}
		}
		v.own, err = ownContacts(rd, account.ID(a.Account), ownLimit)
		return v, err
	})
	if err != nil {
		return err
	}
	var lines []sentMail
	for _, s := range all.sent {
		if subject := p.Subject(s.Template); subject != "" {
			at := s.At.In(p.Now().Location())
			lines = append(lines, sentMail{subject: subject, to: s.To, when: civil.Stamp(at), state: s.State})
		}
	}
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	return web.Render(w, r, web.Page{Title: "Messages", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Messages"}}},
		messagesPage(lines, all.own, func(m ContactMessage) string { return at(m.CreatedAt, p.Now().Location()) }, help))
}
