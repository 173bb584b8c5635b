package town

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// Pages are the public pages that the law or good sense asks of every portal. Settings is shared with web's
// Config.Site.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *Cache
	Mails    []mail.Template // whose texts the town may write; those without Specimen are left out
	Setup    []SetupTask     // « Mise en route »: the tasks of the features above
	NoMail   bool            // no mail server is set: mails wait
	// Promised counts what falls due on a day of a closing (« 3 activations promises ce jour-là »); may be nil.
	Promised func(r db.Reader, now time.Time, days civil.Range) (string, error)
}

// Citizen declares the public pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/mentions-legales", web.Public, web.NoObject, p.text("Mentions légales", legalPage))
	rt.Get("/conditions-generales", web.Public, web.NoObject, p.versionedText("Conditions générales d’utilisation", Terms, termsPage))
	rt.Get("/accessibilite", web.Public, web.NoObject, p.text("Déclaration d’accessibilité", accessibilityPage))
	rt.Get("/donnees-personnelles", web.Public, web.NoObject, p.versionedText("Données personnelles", Privacy, privacyPage))
	rt.Get("/aide", web.Public, web.NoObject, p.text("Aide", helpPage))
	rt.Get("/plan-du-site", web.Public, web.NoObject, p.text("Plan du site", mapPage))
	rt.Get("/contacts", web.Public, web.NoObject, p.contacts)
	rt.Get("/logo.svg", web.Public, web.NoObject, p.logo)
	rt.Get("/logo.png", web.Public, web.NoObject, p.logoPicture)
}

func (p Pages) text(title string, body func(Settings) templ.Component) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		return web.Render(w, r, publicPage(title), body(p.Settings.Get(r.Context(), p.Now())))
	}
}

// versionedText says which version the page shows: consents refer to it.
func (p Pages) versionedText(title string, page TextPage, body func(Settings) templ.Component) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Version, error) { return versionNow(rd, page) })
		if err != nil {
			return err
		}
		head := publicPage(title)
		head.Caption = capital(v.Label(p.Now().Location()))
		return web.Render(w, r, head, body(p.Settings.Get(r.Context(), p.Now())))
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

// logo serves the town's own drawing, as CleanSVG left it; the portal's policy stops scripts besides.
func (p Pages) logo(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	s := p.Settings.Get(r.Context(), p.Now())
	if s.LogoSVG == "" {
		return web.SeeOther(w, "/")
	}
	return serveLogo(w, "image/svg+xml", []byte(s.LogoSVG))
}

func (p Pages) logoPicture(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	raw, err := base64.StdEncoding.DecodeString(p.Settings.Get(r.Context(), p.Now()).LogoPNG)
	if err != nil || len(raw) == 0 {
		return web.SeeOther(w, "/")
	}
	return serveLogo(w, "image/png", raw)
}

func serveLogo(w http.ResponseWriter, kind string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err := w.Write(body)
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
	switch { // the stamp makes a new logo show at once, whatever caches keep
	case s.LogoSVG != "":
		site.LogoURL, site.LogoWidth, site.LogoHeight = "/logo.svg?v="+stampOf(s.LogoSVG), 48, 48
	case s.LogoPNG != "":
		site.LogoURL, site.LogoWidth, site.LogoHeight = "/logo.png?v="+stampOf(s.LogoPNG), 48, 48
	}
	return site
}

// Site is web.Config.Site.
func (c *Cache) Site(now func() time.Time) func(ctx context.Context) (web.Site, error) {
	return func(ctx context.Context) (web.Site, error) { return SiteOf(c.Get(ctx, now())), nil }
}
