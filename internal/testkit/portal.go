package testkit

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

// Portal is a router for a feature's tests, with a made-up town and sessions without sign-in.
type Portal struct {
	Router *web.Router
	t      testing.TB
	base   *url.URL
	mu     sync.Mutex
	actors []actor.Actor
}

const portalCookie = "testkit"

// NewPortal makes a portal over a database at a fixed time; change adjusts its configuration.
func NewPortal(t testing.TB, d *db.DB, now time.Time, change ...func(*web.Config)) *Portal {
	t.Helper()
	p := &Portal{t: t}
	cfg := web.Config{DB: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		BaseURL: &url.URL{Scheme: "http", Host: "portail.test"}, Identify: p.identify, Site: Town}
	for _, f := range change {
		f(&cfg)
	}
	rt, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.Router, p.base = rt, cfg.BaseURL
	return p
}

// Town is the made-up town of tests.
func Town(context.Context) (web.Site, error) {
	return web.Site{Name: "Rivebelle-sur-Seine", SpaceName: "Espace Citoyens", Service: "Direction de l’Enfance",
		Phone: "01 99 00 12 34", Colour: "#0b5c8a"}, nil
}

// As is a client signed in as somebody; an actor of kind Anonymous has no session.
func (p *Portal) As(a actor.Actor) *Client {
	p.t.Helper()
	if err := p.Router.Err(); err != nil {
		p.t.Fatal(err)
	}
	c := NewClient(p.t, p.Router.Handler())
	c.Base = p.base.String()
	name := portalCookie
	if p.base.Scheme == "https" {
		name = "__Host-" + name
	}
	if a.SignedIn() {
		p.mu.Lock()
		p.actors = append(p.actors, a)
		c.SetCookie(name, strconv.Itoa(len(p.actors)))
		p.mu.Unlock()
	}
	return c
}

func (p *Portal) identify(_ http.ResponseWriter, r *http.Request) (actor.Actor, error) {
	n, err := strconv.Atoi(web.Cookie(r, portalCookie))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || n < 1 || n > len(p.actors) {
		return actor.Actor{}, nil
	}
	return p.actors[n-1], nil
}
