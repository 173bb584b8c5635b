package web_test

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/web"
	"parvis/internal/testkit"
)

// allowed reads a robots.txt as search engines do: the longest rule that fits decides.
func allowed(robots, asked string) bool {
	best, verdict := -1, true
	for line := range strings.Lines(robots) {
		name, rule, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || name == "User-agent" {
			continue
		}
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(rule), `\$`, "$")
		if len(rule) > best && regexp.MustCompile(pattern).MatchString(asked) {
			best, verdict = len(rule), name == "Allow"
		}
	}
	return verdict
}

func TestRobotsSeeWhatIsPublic(t *testing.T) {
	p := testkit.NewPortal(t, testkit.SQLite(t, web.Sources()), now)
	rt := p.Router
	for path, access := range map[string]web.Access{"/": web.Public, "/actualites": web.Public, "/actualites-agents": web.Agent,
		"/espace": web.Citizen, "/espace/agenda": web.Citizen, "/connexion": web.Visitor, "/agents": web.Agent, "/mentions": web.Public,
		"/mixte/ouvert": web.Public, "/mixte/ferme": web.Citizen} {
		rt.Get(path, access, web.NoObject, say("x"))
	}
	rt.Get("/actualites/{id}", web.Public, web.Object("news"), say("x"))
	rt.Get("/activation/{jeton}", web.Visitor, web.Object("activation"), say("x"))
	page := p.As(visitor).Get("/robots.txt")
	if page.Status != 200 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s", page.Status, page.Header.Get("Content-Type"))
	}
	for asked, want := range map[string]bool{"/": true, "/actualites": true, "/actualites/12": true, "/mentions": true, "/static/app-1.css": true,
		"/actualites-agents": false, "/espace": false, "/espace/agenda": false, "/connexion": false, "/activation/abc": false,
		"/agents": false, "/mixte/ferme": false, "/inconnu": false, "/espace?x=1": false} {
		if got := allowed(page.Body, asked); got != want {
			t.Errorf("%s allowed: %v, want %v\n%s", asked, got, want, page.Body)
		}
	}
	demo := testkit.NewPortal(t, testkit.SQLite(t, web.Sources()), now, func(c *web.Config) { c.Demo = true })
	demo.Router.Get("/", web.Public, web.NoObject, say("x"))
	if page := demo.As(visitor).Get("/robots.txt"); allowed(page.Body, "/") {
		t.Errorf("an invented town is offered to search engines: %s", page.Body)
	}
}

func TestTheIconHasTheTownsColour(t *testing.T) {
	colour := "#b00020"
	p := faulty(t, func(c *web.Config) {
		c.Site = func(ctx context.Context) (web.Site, error) {
			s, err := testkit.Town(ctx)
			s.Colour = colour
			return s, err
		}
	})
	c := p.As(visitor)
	for _, colour = range []string{"#b00020", "#0b5c8a"} {
		page := c.Get("/favicon.ico")
		if page.Status != 200 || page.Header.Get("Content-Type") != "image/x-icon" || len(page.Body) < 22 {
			t.Fatalf("%d %s, %d bytes", page.Status, page.Header.Get("Content-Type"), len(page.Body))
		}
		picture, err := png.Decode(bytes.NewReader([]byte(page.Body)[22:]))
		if err != nil {
			t.Fatal(err)
		}
		brand, err := web.ParseColour(colour)
		if err != nil {
			t.Fatal(err)
		}
		r, g, b, _ := picture.At(8, 8).RGBA()
		if got := (web.RGB{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8)}); got != brand {
			t.Errorf("the shield is %s, want %s", got, brand)
		}
	}
}

// Neither asks who is there, and caches keep both.
func TestRobotsAndIconCostNothing(t *testing.T) {
	asked := 0
	p := faulty(t, func(c *web.Config) {
		inner := c.Identify
		c.Identify = func(w http.ResponseWriter, r *http.Request) (actor.Actor, error) {
			asked++
			return inner(w, r)
		}
	})
	c := p.As(active)
	for _, file := range []string{"/robots.txt", "/favicon.ico"} {
		page := c.Get(file)
		if page.Status != 200 || page.Header.Get("Cache-Control") != "public, max-age=86400" {
			t.Errorf("%s: %d, %q", path.Base(file), page.Status, page.Header.Get("Cache-Control"))
		}
	}
	if asked != 0 {
		t.Errorf("the session was read %d times", asked)
	}
}
