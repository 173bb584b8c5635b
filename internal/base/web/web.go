// Package web is the door of the portal: routes that each declare who may use them, one wrapper that turns
// errors into French pages, forms, idempotent submits, security headers, embedded static files, the town's theme,
// the layout and its components.
//
// It owns the table idempotency. It knows neither families nor accounts: who acts is told by Config.Identify, and an
// object's owner is checked by the verb or the reader that the handler calls, never here.
package web

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of this package.
func Sources() []db.Source {
	files, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return []db.Source{{Name: "web", FS: files}}
}

// Handler answers one request. A *fault.Error becomes its page, any other error the 500 page; both only as long as
// nothing was written to w.
type Handler func(w http.ResponseWriter, r *http.Request, a actor.Actor) error

// Config is what the router needs from outside. DB, Now, BaseURL, Identify and Site are required.
type Config struct {
	DB  *db.DB
	Now func() time.Time // in the town's zone
	Log *slog.Logger     // default: slog.Default()
	// BaseURL is how browsers reach the portal; https makes cookies Secure and sends HSTS.
	BaseURL *url.URL
	// TrustedProxies are the only peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Identify tells who sends a request; it may refresh the session's cookie through w.
	Identify func(w http.ResponseWriter, r *http.Request) (actor.Actor, error)
	// Site is the town's identity, asked for each page.
	Site func(ctx context.Context) (Site, error)
	// Nav is the top menu for an actor; default none.
	Nav func(ctx context.Context, a actor.Actor) []NavItem
	// SignIn shows the sign-in page to somebody whose POST came without a session; the status 401 is already set for
	// Render. Its form prints Kept(), so that what was typed survives. Default: a page with a link.
	SignIn func(w http.ResponseWriter, r *http.Request, a actor.Actor) error
	// AgentSignIn is the same for agents' pages; default SignIn.
	AgentSignIn func(w http.ResponseWriter, r *http.Request, a actor.Actor) error
	Paths       Paths
	// Demo marks every page as fictional.
	Demo bool
	// NoMail tells agents, on each of their pages, that no mail server is set: mails wait.
	NoMail bool
	// FormTargets are origins, besides our own, that a form's answer may lead to (the bank's page).
	FormTargets []string
}

// Paths are where the wrapper sends people; empty ones have the defaults beside them.
type Paths struct {
	Home         string // /espace
	SignIn       string // /connexion
	AgentSignIn  string // /agents/connexion
	FirstSignIn  string // /premiere-connexion
	SecondFactor string // /agents/double-authentification
	SignOut      string // /deconnexion; always allowed, also with a provisional password
	AgentSignOut string // /agents/deconnexion
}

func (p Paths) withDefaults() Paths {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&p.Home, "/espace")
	def(&p.SignIn, "/connexion")
	def(&p.AgentSignIn, "/agents/connexion")
	def(&p.FirstSignIn, "/premiere-connexion")
	def(&p.SecondFactor, "/agents/double-authentification")
	def(&p.SignOut, "/deconnexion")
	def(&p.AgentSignOut, "/agents/deconnexion")
	return p
}
