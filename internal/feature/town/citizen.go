package town

import (
	"context"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// Pages are the public pages that the law or good sense asks of every portal. Settings is shared with web's
// Config.Site.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *Cache
}

// Citizen declares the public pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/mentions-legales", web.Public, web.NoObject, p.text("Mentions légales", legalPage))
	rt.Get("/conditions-generales", web.Public, web.NoObject, p.text("Conditions générales d’utilisation", termsPage))
	rt.Get("/accessibilite", web.Public, web.NoObject, p.text("Déclaration d’accessibilité", accessibilityPage))
	rt.Get("/donnees-personnelles", web.Public, web.NoObject, p.text("Données personnelles", privacyPage))
	rt.Get("/aide", web.Public, web.NoObject, p.text("Aide", helpPage))
	rt.Get("/plan-du-site", web.Public, web.NoObject, p.text("Plan du site", mapPage))
	rt.Get("/contacts", web.Public, web.NoObject, p.contacts)
	rt.Get("/logo.svg", web.Public, web.NoObject, p.logo)
}

func (p Pages) text(title string, body func(Settings) templ.Component) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		return web.Render(w, r, publicPage(title), body(p.Settings.Get(r.Context(), p.Now())))
	}
}

func publicPage(title string) web.Page {
	return web.Page{Title: title, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/"}, {Label: title}}}
}

func (p Pages) contacts(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	services, err := db.Read(r.Context(), p.DB, Services)
	if err != nil {
		return err
	}
	return web.Render(w, r, publicPage("Contacts"), contactPage(p.Settings.Get(r.Context(), p.Now()), services))
}

// logo serves the town's own drawing; a script in it would be stopped by the portal's policy, and saving it
// refuses one.
func (p Pages) logo(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	s := p.Settings.Get(r.Context(), p.Now())
	if s.LogoSVG == "" {
		return web.SeeOther(w, "/")
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err := w.Write([]byte(s.LogoSVG))
	return err
}

// SiteOf is the town as web's layout shows it.
func SiteOf(s Settings) web.Site {
	help := s.Help()
	site := web.Site{
		Name: s.Name, Gentile: s.Gentile, SpaceName: s.SpaceName(), Service: help.Name, Phone: help.Phone, Email: help.Email,
		Hours: help.Hours, CounterAddress: help.Counter, MainSiteURL: s.Website, Colour: s.Colour,
		AccessibilityLabel: "Accessibilité\u00a0: " + string(s.Statement()),
	}
	if s.LogoSVG != "" {
		site.LogoURL, site.LogoWidth, site.LogoHeight = "/logo.svg", 48, 48
	}
	return site
}

// Site is web.Config.Site.
func (c *Cache) Site(now func() time.Time) func(ctx context.Context) (web.Site, error) {
	return func(ctx context.Context) (web.Site, error) { return SiteOf(c.Get(ctx, now())), nil }
}
