package web_test

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/a-h/templ"
)

//go:embed testdata/migrations/*.sql
var testMigrations embed.FS

var now = time.Date(2026, 11, 23, 10, 12, 0, 0, time.FixedZone("Paris", 3600))

var (
	visitor  = actor.Actor{}
	active   = actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "acc-1", Name: "Camille Martin"}
	neighbor = actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "acc-2", Name: "Inès Petit"}
	agent    = actor.Actor{Kind: actor.Agent, Second: true, Account: "acc-9"}
)

func say(title string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return web.Render(w, r, web.Page{Title: title}, templ.Raw("<p class=said>"+title+"</p>"))
	}
}

func fail(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request, actor.Actor) error { return err }
}

// faulty is a portal with one route for each way of going wrong.
func faulty(t *testing.T, change ...func(*web.Config)) *testkit.Portal {
	t.Helper()
	d := testkit.SQLite(t, web.Sources())
	p := testkit.NewPortal(t, d, now, change...)
	rt := p.Router
	rt.Get("/", web.Public, web.NoObject, say("Accueil"))
	rt.Get("/espace", web.Citizen, web.NoObject, say("Mon espace"))
	rt.Post("/espace", web.Citizen, web.NoObject, say("Fait"))
	rt.Get("/premiere-connexion", web.MustPass, web.NoObject, say("Votre mot de passe"))
	rt.Get("/connexion", web.Visitor, web.NoObject, say("Connexion"))
	rt.Post("/deconnexion", web.Visitor, web.NoObject, say("Au revoir"))
	rt.Get("/agents", web.Agent, web.NoObject, say("Agents"))
	rt.Get("/agents/droits", web.AgentWith("rights.set"), web.NoObject, say("Droits"))
	rt.Get("/activation/{jeton}", web.Visitor, web.Object("activation"), fail(errors.New("tried to read file /secret")))
	rt.Get("/422", web.Public, web.NoObject, fail(fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Indiquez le nom."})))
	rt.Get("/refuse", web.Public, web.NoObject, fail(fault.New(fault.Refused, "La date limite est passée.")))
	rt.Get("/conflit", web.Public, web.NoObject, fail(fault.New(fault.Conflict, "")))
	rt.Get("/absent", web.Public, web.NoObject, fail(fault.Missing("child")))
	rt.Get("/interdit", web.Public, web.NoObject, fail(fault.New(fault.Forbidden, "")))
	rt.Get("/trop", web.Public, web.NoObject, fail(web.RetryAfter(fault.New(fault.Throttled, "Réessayez dans 2 minutes."), 2*time.Minute)))
	rt.Get("/occupe", web.Public, web.NoObject, fail(fault.New(fault.Unavailable, "")))
	rt.Get("/panne", web.Public, web.NoObject, fail(errors.New("disk on fire")))
	rt.Get("/panique", web.Public, web.NoObject, func(http.ResponseWriter, *http.Request, actor.Actor) error {
		panic(errors.New("boum"))
	})
	rt.Get("/panique-gabarit", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return web.Render(w, r, web.Page{Title: "Jamais vue"}, nil)
	})
	rt.Post("/envoi", web.Public, web.NoObject, say("Reçu"))
	if err := rt.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoutesThatDoNotDeclareAreRefused(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	for _, c := range []struct {
		name   string
		add    func(rt *web.Router)
		reason string
	}{
		{"no access", func(rt *web.Router) { rt.Get("/x", "", web.NoObject, say("x")) }, "who may use it"},
		{"unknown access", func(rt *web.Router) { rt.Get("/x", "all", web.NoObject, say("x")) }, "who may use it"},
		{"right without name", func(rt *web.Router) { rt.Get("/x", web.AgentWith(""), web.NoObject, say("x")) }, "who may use it"},
		{"id without object", func(rt *web.Router) { rt.Get("/x/{id}", web.Citizen, web.NoObject, say("x")) }, "what object"},
		{"object without id", func(rt *web.Router) { rt.Get("/x", web.Citizen, "child", say("x")) }, "no {…}"},
		{"twice", func(rt *web.Router) {
			rt.Get("/x", web.Citizen, web.NoObject, say("x"))
			rt.Get("/x", web.Public, web.NoObject, say("x"))
		}, "twice"},
		{"overlap", func(rt *web.Router) {
			rt.Get("/x/{id}/a", web.Citizen, "child", say("x"))
			rt.Get("/x/b/{id}", web.Citizen, "child", say("x"))
		}, "/x/"},
		{"any rest", func(rt *web.Router) { rt.Get("/x/{rest...}", web.Citizen, "child", say("x")) }, "rest"},
		{"no handler", func(rt *web.Router) { rt.Get("/x", web.Citizen, web.NoObject, nil) }, "no handler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rt := testkit.NewPortal(t, d, now).Router
			c.add(rt)
			if err := rt.Err(); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("Err() = %v, want one with %q", err, c.reason)
			}
			if p := testkit.NewClient(t, rt.Handler()).Get("/x"); p.Status != 500 {
				t.Errorf("a badly declared router answered %d, want 500", p.Status)
			}
		})
	}
}

func TestRoutesAreListed(t *testing.T) {
	routes := faulty(t).Router.Routes()
	if len(routes) < 10 || routes[0] != (web.Route{Method: "GET", Path: "/", Access: web.Public}) {
		t.Errorf("Routes() starts with %+v, %d in all", routes[0], len(routes))
	}
}

func TestFaultsBecomePages(t *testing.T) {
	c := faulty(t).As(visitor)
	for _, want := range []struct {
		path   string
		status int
		text   string
	}{
		{"/", 200, "Accueil"},
		{"/422", 422, "Indiquez le nom."},
		{"/refuse", 409, "La date limite est passée."},
		{"/conflit", 409, "entre-temps"},
		{"/absent", 404, "Page introuvable"},
		{"/interdit", 403, "Accès réservé"},
		{"/trop", 429, "Réessayez dans 2 minutes."},
		{"/occupe", 503, "Réessayez"},
		{"/panne", 500, "Numéro à donner"},
		{"/panique", 500, "Numéro à donner"},
		{"/panique-gabarit", 500, "Numéro à donner"},
		{"/nulle-part", 404, "Page introuvable"},
		{"/envoi", 405, "Repassez par le menu"},
		{"/activation/abc", 500, "Numéro à donner"},
		{"/?q=%ff", 400, "Demande illisible"},
		{"/?q=%00", 400, "Demande illisible"},
		{"/%ff", 400, "Demande illisible"},
		{"//evil.example/%2e%2e", 404, "Page introuvable"},
		{"/static/../web.go", 404, "Page introuvable"},
	} {
		p := c.Get(want.path)
		if p.Status != want.status || !strings.Contains(p.Text("body"), want.text) {
			t.Errorf("%s answered %d, want %d with %q: %s", want.path, p.Status, want.status, want.text, p.Text("main"))
		}
		if strings.Contains(p.Body, "disk on fire") || strings.Contains(p.Body, "goroutine") || strings.Contains(p.Body, "/secret") {
			t.Errorf("%s shows our insides: %s", want.path, p.Body)
		}
		if !p.Has("html[lang=fr]") || !p.Has("h1") {
			t.Errorf("%s is not a French page", want.path)
		}
	}
	if got := c.Get("/trop").Header.Get("Retry-After"); got != "120" {
		t.Errorf("Retry-After of a throttled try = %q, want 120", got)
	}
	if got := c.Get("/occupe").Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After when busy = %q, want 60", got)
	}
	if got := c.Get("/envoi").Header.Get("Allow"); got != "POST" {
		t.Errorf("Allow = %q, want POST", got)
	}
}

func TestABrokenSiteStillGetsAFrenchPage(t *testing.T) {
	p := faulty(t, func(cfg *web.Config) {
		cfg.Site = func(context.Context) (web.Site, error) { return web.Site{}, errors.New("database gone") }
	}).As(visitor).Get("/")
	if p.Status != 500 || !p.Has("html[lang=fr]") || !strings.Contains(p.Text("body"), "Numéro à donner") {
		t.Errorf("answered %d: %s", p.Status, p.Body)
	}
}

func TestOneLogLineWithoutPersonalData(t *testing.T) {
	var out bytes.Buffer
	c := faulty(t, func(cfg *web.Config) { cfg.Log = slog.New(slog.NewTextHandler(&out, nil)) }).As(active)
	p := c.Get("/activation/s3cr3t-t0ken?nom=Martin")
	line := out.String()
	if strings.Count(line, "\n") != 1 {
		t.Errorf("want one line, got %q", line)
	}
	for _, secret := range []string{"s3cr3t", "Martin", "Camille", "192.0.2.1"} {
		if strings.Contains(line, secret) {
			t.Errorf("the log holds %q: %s", secret, line)
		}
	}
	incident := p.Text("main strong")
	for _, want := range []string{"level=ERROR", "status=500", "route=/activation/{jeton}", "took=", "tried to read file"} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %q: %s", want, line)
		}
	}
	if len(incident) != 9 || !strings.Contains(line, "id="+incident) {
		t.Errorf("incident %q is not in the log: %s", incident, line)
	}
	out.Reset()
	c.Get("/absent")
	if line := out.String(); !strings.Contains(line, "level=INFO") || strings.Contains(line, "error=") {
		t.Errorf("a refusal is not a fault: %s", line)
	}
}

func TestHeadersOnEveryStatus(t *testing.T) {
	portal := faulty(t, func(cfg *web.Config) { cfg.BaseURL = &url.URL{Scheme: "https", Host: "portail.test"} })
	c := portal.As(visitor)
	paths := []string{"/", "/espace", "/422", "/refuse", "/absent", "/interdit", "/trop", "/occupe", "/panne", "/panique",
		"/nulle-part", "/envoi", "/?q=%ff", "/healthz", portal.Router.Asset("app.css"), "/connexion"}
	pages := map[string]*testkit.Page{}
	for _, path := range paths {
		pages["GET "+path] = c.Get(path)
	}
	pages["POST without session"] = c.Post("/espace", url.Values{"x": {"1"}})
	c.Header.Set("Origin", "https://evil.example")
	c.Header.Set("Sec-Fetch-Site", "cross-site")
	pages["POST from elsewhere"] = c.Post("/envoi", nil)
	for name, p := range pages {
		h := p.Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
			!strings.Contains(csp, "base-uri 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s (%d): CSP %q", name, p.Status, csp)
		}
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000"} {
			if got := h.Get(header); got != want {
				t.Errorf("%s (%d): %s = %q, want %q", name, p.Status, header, got, want)
			}
		}
		if h.Get("Permissions-Policy") == "" {
			t.Errorf("%s (%d): no Permissions-Policy", name, p.Status)
		}
		if p.Status != 303 && h.Get("Content-Type") == "" {
			t.Errorf("%s (%d): no Content-Type", name, p.Status)
		}
	}
	if got := pages["POST from elsewhere"].Status; got != 403 {
		t.Errorf("a POST from elsewhere answered %d, want 403", got)
	}
}

func TestOnlyPublicPagesAreKept(t *testing.T) {
	portal := faulty(t)
	for _, c := range []struct {
		who         actor.Actor
		path, cache string
		robots      bool
	}{
		{visitor, "/", "no-cache", true},
		{active, "/", "no-store", true},
		{visitor, "/connexion", "no-store", false},
		{active, "/espace", "no-store", false},
		{visitor, "/refuse", "no-store", false},
	} {
		p := portal.As(c.who).Get(c.path)
		if got := p.Header.Get("Cache-Control"); got != c.cache {
			t.Errorf("%s: Cache-Control = %q, want %q", c.path, got, c.cache)
		}
		if indexed := p.Header.Get("X-Robots-Tag") == ""; indexed != c.robots {
			t.Errorf("%s: open to search engines = %v, want %v", c.path, indexed, c.robots)
		}
		if p.Header.Get("ETag") != "" {
			t.Errorf("%s has an ETag", c.path)
		}
	}
}

func TestWhoIsSentWhere(t *testing.T) {
	portal := faulty(t)
	provisional := actor.Actor{Kind: actor.Citizen, State: actor.MustPass, Account: "acc-3"}
	half := actor.Actor{Kind: actor.Agent, Account: "acc-8"}
	for _, c := range []struct {
		who      actor.Actor
		path     string
		status   int
		location string
	}{
		{visitor, "/espace?mois=2027-01", 303, "/connexion?suite=%2Fespace%3Fmois%3D2027-01"},
		{visitor, "/agents", 303, "/agents/connexion?suite=%2Fagents"},
		{provisional, "/espace", 303, "/premiere-connexion"},
		{provisional, "/premiere-connexion", 200, ""},
		{provisional, "/", 200, ""},
		{active, "/premiere-connexion", 303, "/espace"},
		{half, "/agents", 303, "/agents/double-authentification"},
		{agent, "/agents", 200, ""},
		{agent, "/agents/droits", 403, ""},
		{active, "/agents", 403, ""},
		{agent, "/espace", 403, ""},
		{active, "/espace/", 308, "/espace"},
	} {
		p := portal.As(c.who).Get(c.path)
		if p.Status != c.status || p.Location() != c.location {
			t.Errorf("%s: %d to %q, want %d to %q", c.path, p.Status, p.Location(), c.status, c.location)
		}
	}
	if p := portal.As(provisional).Post("/deconnexion", nil); p.Status != 200 {
		t.Errorf("signing out with a provisional password answered %d", p.Status)
	}
}

func TestForeignOriginsCannotPost(t *testing.T) {
	ran := 0
	portal := faulty(t)
	portal.Router.Post("/compte", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		ran++
		return web.SeeOther(w, "/")
	})
	for _, c := range []struct {
		origin, site string
		status       int
	}{
		{"http://portail.test", "same-origin", 303},
		{"http://portail.test", "", 303},
		{"https://evil.example", "", 403},
		{"null", "", 403},
		{"https://evil.example", "cross-site", 403},
		{"", "cross-site", 403},
		{"", "same-site", 403},
	} {
		ran = 0
		client := portal.As(visitor)
		r, _ := http.NewRequest("POST", "http://portail.test/compte", nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		p := client.Do(r)
		if p.Status != c.status || (ran == 1) != (c.status == 303) {
			t.Errorf("origin %q, site %q: %d and ran %d times, want %d", c.origin, c.site, p.Status, ran, c.status)
		}
		if p.Status == 403 && !strings.Contains(p.Text("main"), "autre site") {
			t.Errorf("the refusal does not say why: %s", p.Text("main"))
		}
	}
}

func TestLimitsOfForms(t *testing.T) {
	c := faulty(t).As(visitor)
	many := url.Values{"a": make([]string, 5001)}
	for name, want := range map[string]struct {
		form   url.Values
		status int
	}{
		"ordinary":     {url.Values{"a": {"é"}}, 200},
		"too many":     {many, 400},
		"not UTF-8":    {url.Values{"a": {"\xff\xfe"}}, 400},
		"NUL":          {url.Values{"a": {"x\x00y"}}, 200},
		"NUL in name":  {url.Values{"a\x00": {"x"}}, 400},
		"bad name":     {url.Values{"a\xff": {"x"}}, 400},
		"over 1 MiB":   {url.Values{"a": {strings.Repeat("x", 1<<20)}}, 413},
		"under 1 MiB":  {url.Values{"a": {strings.Repeat("x", 1<<19)}}, 200},
		"no field":     {nil, 200},
		"100,000 more": {url.Values{"a": make([]string, 100_000)}, 400},
	} {
		if p := c.Post("/envoi", want.form); p.Status != want.status {
			t.Errorf("%s: %d, want %d", name, p.Status, want.status)
		}
	}
}

func TestHeadAndOtherMethods(t *testing.T) {
	c := faulty(t).As(visitor)
	for method, want := range map[string]int{"HEAD": 200, "PUT": 405, "DELETE": 405, "TRACE": 405, "OPTIONS": 405, "BREW": 405} {
		r, err := http.NewRequest(method, "http://portail.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if p := c.Do(r); p.Status != want {
			t.Errorf("%s / answered %d, want %d", method, p.Status, want)
		}
	}
}

func TestHealth(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	c := testkit.NewPortal(t, d, now).As(visitor)
	if p := c.Get("/healthz"); p.Status != 200 || p.Body != "ok\n" {
		t.Errorf("healthy: %d %q", p.Status, p.Body)
	}
	late, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := http.NewRequestWithContext(late, "GET", "http://portail.test/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Do(r); p.Status != 503 {
		t.Errorf("with a database that does not answer in time: %d, want 503", p.Status)
	}
}

func TestClientIP(t *testing.T) {
	var got netip.Addr
	portal := faulty(t, func(cfg *web.Config) { cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	portal.Router.Get("/ip", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		got = web.ClientIP(r)
		return web.SeeOther(w, "/")
	})
	for _, c := range []struct{ name, peer, forwarded, want string }{
		{"direct", "192.0.2.7:1234", "", "192.0.2.7"},
		{"a client that lies", "192.0.2.7:1234", "203.0.113.9", "192.0.2.7"},
		{"through the proxy", "10.0.0.2:1234", "203.0.113.9", "203.0.113.9"},
		{"a lie through the proxy", "10.0.0.2:1234", "1.2.3.4, 203.0.113.9", "203.0.113.9"},
		{"two proxies", "10.0.0.2:1234", "1.2.3.4, 203.0.113.9, 10.1.1.1", "203.0.113.9"},
		{"nonsense", "10.0.0.2:1234", "203.0.113.9, <script>", "10.0.0.2"},
		{"proxy without header", "10.0.0.2:1234", "", "10.0.0.2"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.7]:99", "", "192.0.2.7"},
	} {
		client := portal.As(visitor)
		client.RemoteAddr = c.peer
		if c.forwarded != "" {
			client.Header.Set("X-Forwarded-For", c.forwarded)
		}
		client.Get("/ip")
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCookies(t *testing.T) {
	for scheme, want := range map[string]string{"http": "sess=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
		"https": "__Host-sess=1; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"} {
		portal := faulty(t, func(cfg *web.Config) { cfg.BaseURL = &url.URL{Scheme: scheme, Host: "portail.test"} })
		portal.Router.Get("/pose", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
			web.SetCookie(w, r, "sess", "1", time.Minute)
			return web.SeeOther(w, "/")
		})
		portal.Router.Get("/lit", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
			return say(web.Cookie(r, "sess"))(w, r, a)
		})
		c := portal.As(visitor)
		if got := c.Get("/pose").Header.Get("Set-Cookie"); got != want {
			t.Errorf("%s: %q, want %q", scheme, got, want)
		}
		if got := c.Get("/lit").Text(".said"); got != "1" {
			t.Errorf("%s: read back %q", scheme, got)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	portal := faulty(t)
	css := portal.Router.Asset("app.css")
	c := portal.As(visitor)
	for accept, coding := range map[string]string{"": "", "gzip": "gzip", "gzip, br": "br", "br;q=0, gzip;q=0": ""} {
		c.Header.Set("Accept-Encoding", accept)
		p := c.Get(css)
		if p.Status != 200 || p.Header.Get("Content-Encoding") != coding ||
			!strings.Contains(p.Header.Get("Cache-Control"), "immutable") || p.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("accepting %q: %d %v", accept, p.Status, p.Header)
		}
	}
	if p := c.Get("/static/app-000000000000.css"); p.Status != 404 {
		t.Errorf("a file of another version answered %d, want 404", p.Status)
	}
	if p := c.Get("/static/"); p.Status != 404 {
		t.Errorf("the folder answered %d, want 404", p.Status)
	}
}

func TestThemeIsServed(t *testing.T) {
	colour := "#e2001a"
	c := faulty(t, func(cfg *web.Config) {
		cfg.Site = func(context.Context) (web.Site, error) { return web.Site{Name: "Rivebelle", Colour: colour}, nil }
	}).As(visitor)
	href := c.Get("/").Doc.Find(`link[href^="/theme-"]`).AttrOr("href", "")
	p := c.Get(href)
	if p.Status != 200 || !strings.Contains(p.Body, "#d30018") || !strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("theme %s: %d %v %s", href, p.Status, p.Header, p.Body)
	}
	colour = "#009ee0"
	if p = c.Get(href); p.Status != 200 || !strings.Contains(p.Body, "#0076a8") || p.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("after a change of colour: %d %v %s", p.Status, p.Header, p.Body)
	}
	if next := c.Get("/").Doc.Find(`link[href^="/theme-"]`).AttrOr("href", ""); next == href {
		t.Errorf("the new colour has the old address %s", next)
	}
}

func TestPagesAreCompressed(t *testing.T) {
	c := faulty(t).As(active)
	plain := c.Get("/espace")
	c.Header.Set("Accept-Encoding", "gzip")
	zipped := c.Get("/espace")
	if zipped.Header.Get("Content-Encoding") != "gzip" || len(zipped.Body) >= len(plain.Body) {
		t.Errorf("coding %q, %d bytes of %d", zipped.Header.Get("Content-Encoding"), len(zipped.Body), len(plain.Body))
	}
}

func TestServerHasTimeouts(t *testing.T) {
	s := web.Server(":0", http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.ReadTimeout > 15*time.Second || s.WriteTimeout == 0 ||
		s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("a slow client could hold the server: %+v", s)
	}
}
