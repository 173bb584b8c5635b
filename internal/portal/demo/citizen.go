package demo

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
)

// Pages are the demonstration's own pages: the captured mails and the living style guide. Everybody may read them:
// nothing in a demonstration is real.
type Pages struct {
	DB  *db.DB
	Now func() time.Time
}

const shownMails = 20

// Citizen declares the pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/demo/courriels", web.Visitor, web.NoObject, p.mails)
	rt.Get("/styleguide", web.Visitor, web.NoObject, p.styleGuide)
}

// mailsView is a page of the letter box.
type mailsView struct {
	query string
	mails []mail.Captured
	count int
	pages web.Pages
}

func (p Pages) mails(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	f := web.ReadForm(r)
	v := mailsView{query: f.Line("adresse")}
	n, err := strconv.Atoi(f.Line("page"))
	if err != nil || n < 1 || n > 1e6 {
		n = 1
	}
	v, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (mailsView, error) {
		v := v
		var err error
		if v.mails, v.count, err = mail.CapturedPage(rd, v.query, shownMails, (n-1)*shownMails); err != nil {
			return v, err
		}
		v.pages = web.Pages{Page: n, Last: max(1, (v.count+shownMails-1)/shownMails), URL: v.href}
		if n > v.pages.Last { // a page of yesterday, when there were more
			v.pages.Page = v.pages.Last
			v.mails, v.count, err = mail.CapturedPage(rd, v.query, shownMails, (v.pages.Page-1)*shownMails)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Courriels envoyés", Caption: "Démonstration : rien ne part, tout se lit ici", NoIndex: true},
		mailsPage(v, p.Now().Location()))
}

func (v mailsView) href(n int) string {
	q := url.Values{}
	if v.query != "" {
		q.Set("adresse", v.query)
	}
	if n > 1 {
		q.Set("page", strconv.Itoa(n))
	}
	if len(q) == 0 {
		return "/demo/courriels"
	}
	return "/demo/courriels?" + q.Encode()
}

func (p Pages) styleGuide(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, web.Page{Title: "Planche de style", Caption: "Les composants de Parvis", Wide: true, NoIndex: true}, web.StyleGuide())
}

func stamp(at civil.Instant, zone *time.Location) string { return civil.Stamp(at.In(zone)) }

// piece is a run of a mail's text, a link when it is an address.
type piece struct {
	text string
	link bool
}

// pieces cuts a line at its addresses.
func pieces(line string) []piece {
	var all []piece
	for line != "" {
		at := strings.Index(line, "http")
		if at < 0 || !(strings.HasPrefix(line[at:], "http://") || strings.HasPrefix(line[at:], "https://")) {
			return append(all, piece{text: line})
		}
		if at > 0 {
			all = append(all, piece{text: line[:at]})
		}
		end := strings.IndexAny(line[at:], " \t<>\u00a0")
		if end < 0 {
			end = len(line) - at
		}
		all = append(all, piece{text: line[at : at+end], link: true})
		line = line[at+end:]
	}
	return all
}
