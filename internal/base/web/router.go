package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
)

const (
	formLimit = 1 << 20 // bytes of a form without files
	maxFields = 5000    // of a form; a month of eight children's agenda has 3,000
)

// Route is one line of the route table, as the access matrix reads it.
type Route struct {
	Method string
	Path   string
	Access Access
	Object Object
}

// Router is the portal's routes behind the one wrapper. Register at start, then serve Handler.
type Router struct {
	cfg    Config
	mux    *http.ServeMux
	cross  *http.CrossOriginProtection
	routes []Route
	errs   []error
	static *staticFiles
	theme  themeCache
	icon   iconCache
	csp    string
	// robotsText is made when it is first asked for: all routes are declared by then.
	robotsText atomic.Pointer[string]
}

// New makes a router without routes; it fails when the configuration lacks something.
func New(cfg Config) (*Router, error) {
	if cfg.DB == nil || cfg.Now == nil || cfg.BaseURL == nil || cfg.Identify == nil || cfg.Site == nil {
		return nil, errors.New("web: DB, Now, BaseURL, Identify and Site are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Paths = cfg.Paths.withDefaults()
	static, err := loadStatic()
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	rt := &Router{cfg: cfg, mux: http.NewServeMux(), static: static,
		cross: http.NewCrossOriginProtection(), csp: contentPolicy(cfg.FormTargets)}
	origin := cfg.BaseURL.Scheme + "://" + cfg.BaseURL.Host
	if err := rt.cross.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("base URL %s: %w", origin, err)
	}
	return rt, nil
}

// Get declares a page. It changes nothing.
func (rt *Router) Get(path string, access Access, object Object, h Handler) {
	rt.add(http.MethodGet, path, access, object, formLimit, h)
}

// Post declares what changes something; its forms are parsed before h, up to 1 MiB.
func (rt *Router) Post(path string, access Access, object Object, h Handler) {
	rt.add(http.MethodPost, path, access, object, formLimit, h)
}

// PostFile is Post for forms with files of at most limit bytes in all; files beyond 1 MiB wait on disk.
func (rt *Router) PostFile(path string, access Access, object Object, limit int64, h Handler) {
	rt.add(http.MethodPost, path, access, object, limit, h)
}

func (rt *Router) add(method, path string, access Access, object Object, limit int64, h Handler) {
	route := Route{Method: method, Path: path, Access: access, Object: object}
	if err := rt.check(route, h); err != nil {
		rt.errs = append(rt.errs, fmt.Errorf("route %s %s: %w", method, path, err))
		return
	}
	defer func() { // ServeMux panics on patterns that overlap
		if p := recover(); p != nil {
			rt.errs = append(rt.errs, fmt.Errorf("route %s %s: %v", method, path, p))
		}
	}()
	pattern := method + " " + path
	if path == "/" {
		pattern += "{$}"
	}
	rt.mux.Handle(pattern, rt.endpoint(route, limit, h))
	rt.routes = append(rt.routes, route)
}

func (rt *Router) check(route Route, h Handler) error {
	switch {
	case h == nil:
		return errors.New("no handler")
	case !strings.HasPrefix(route.Path, "/") || strings.ContainsAny(route.Path, " ?#"):
		return errors.New("not a path")
	case route.Path != "/" && path.Clean(route.Path) != route.Path:
		return errors.New("not a clean path")
	case !route.Access.known():
		return fmt.Errorf("access %q: every route declares who may use it", route.Access)
	case strings.Contains(route.Path, "{") && route.Object == NoObject:
		return errors.New("{…} in the path: say what object it names")
	case !strings.Contains(route.Path, "{") && route.Object != NoObject:
		return fmt.Errorf("object %q, but no {…} in the path", route.Object)
	case strings.Contains(route.Path, "...}"):
		return errors.New("a path that takes any rest is not a route")
	}
	for _, r := range rt.routes {
		if r.Method == route.Method && r.Path == route.Path {
			return errors.New("declared twice")
		}
	}
	return nil
}

// Routes are all routes in order of declaration.
func (rt *Router) Routes() []Route { return append([]Route(nil), rt.routes...) }

// Err is what is wrong with the declared routes; the program does not start with it.
func (rt *Router) Err() error { return errors.Join(rt.errs...) }

// Handler serves the portal. With a badly declared route it serves nothing but the 500 page: see Err.
func (rt *Router) Handler() http.Handler { return http.HandlerFunc(rt.serve) }

// Asset is the address of an embedded file: "app.css" gives "/static/app-3f2a….css".
func (rt *Router) Asset(name string) string { return rt.static.url(name) }

// endpoint is one route: who may enter, the form, then the handler. Its error is left to serve.
func (rt *Router) endpoint(route Route, limit int64, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.route = route
		v.err = rt.enter(w, r, v, limit, h)
	})
}

func (rt *Router) enter(w http.ResponseWriter, r *http.Request, v *visit, limit int64, h Handler) error {
	if err := v.identify(w, r); err != nil {
		return err
	}
	v.cacheable(w)
	path := v.route.Path
	verdict := admit(v.actor, v.route.Access, path == rt.cfg.Paths.SignOut || path == rt.cfg.Paths.AgentSignOut)
	if r.Method == http.MethodPost && (verdict == enter || verdict == toSignIn) {
		if err := parseForm(w, r, limit); err != nil {
			return err
		}
	}
	if verdict != enter {
		return rt.turnAway(w, r, v, verdict)
	}
	return h(w, r, v.actor)
}
