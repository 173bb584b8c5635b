package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path"
	"sort"
	"strings"
	"unicode"

	"parvis/internal/base/actor"
	"parvis/internal/base/fault"

	"github.com/a-h/templ"
)

const maxKept = 256 << 10 // bytes of typed text that the sign-in page carries along

// LocalPath returns s when it is a path of this portal, with its query, and "" for anything that a browser could take
// for another site, or that hides something (backslashes, control characters, dot segments).
func LocalPath(s string) string {
	if len(s) > 2000 || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\#") {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return ""
	}
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil || strings.ContainsFunc(s+u.Path+query, unicode.IsControl) || strings.Contains(u.Path, "\\") {
		return ""
	}
	if u.Path != "/" && path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return ""
	}
	return s
}

// SeeOther redirects to a page of the portal, status 303.
func SeeOther(w http.ResponseWriter, location string) error {
	if LocalPath(location) == "" {
		return errors.New("redirect to what is not a path of the portal")
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// WithSuite adds to a path where to go afterwards: what the request itself carries.
func WithSuite(r *http.Request, to string) string {
	suite := asked(r)
	if suite == "" {
		return to
	}
	return to + "?suite=" + url.QueryEscape(suite)
}

// asked is the local page where the request says to go next.
func asked(r *http.Request) string {
	if v := visitOf(r.Context()); v.suite != "" {
		return v.suite
	}
	if s := r.PostForm.Get("suite"); s != "" {
		return LocalPath(s)
	}
	return LocalPath(r.URL.Query().Get("suite"))
}

// turnAway answers somebody whom the route's access does not admit.
func (rt *Router) turnAway(w http.ResponseWriter, r *http.Request, v *visit, verdict verdict) error {
	switch verdict {
	case toFirstSignIn:
		return SeeOther(w, rt.cfg.Paths.FirstSignIn)
	case toSecond:
		return SeeOther(w, rt.cfg.Paths.SecondFactor)
	case toSignIn:
		if r.Method != http.MethodPost {
			return SeeOther(w, rt.signInPath(v)+"?suite="+url.QueryEscape(r.URL.RequestURI()))
		}
		return rt.signInAgain(w, r, v)
	case hasPassword:
		if isRead(r) {
			return SeeOther(w, rt.cfg.Paths.Home)
		}
		return fault.New(fault.Forbidden, "Vous avez déjà choisi votre mot de passe personnel.")
	case notPaired:
		if r.Header.Get("X-Tablette") == "" { // the worker of a tablet forgets by itself
			w.Header().Set("Clear-Site-Data", Forget)
		}
		return &statusError{status: http.StatusUnauthorized, title: "Tablette non reliée",
			sentence: "Cette tablette n’est pas reliée au portail, ou ne l’est plus. Un agent donne un code à taper sur la page « Tablette »."}
	case notActivated:
		return fault.New(fault.Forbidden, "Votre espace n’est pas encore activé. La mairie vous écrit dès qu’il l’est.")
	case otherSide:
		if v.actor.Kind == actor.Agent {
			return fault.New(fault.Forbidden, "Cette page est celle des familles, et vous êtes connecté comme agent.")
		}
		return fault.New(fault.Forbidden, "Cette page est réservée aux agents de la mairie.")
	}
	return fault.New(fault.Forbidden, "Vous n’avez pas le droit d’ouvrir cette page. Un administrateur du portail peut vous le donner.")
}

func (rt *Router) signInPath(v *visit) string {
	if v.route.Access.forAgents() {
		return rt.cfg.Paths.AgentSignIn
	}
	return rt.cfg.Paths.SignIn
}

// signInAgain answers a POST without a session: 401, the sign-in page, and what was typed goes with it.
func (rt *Router) signInAgain(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.status = http.StatusUnauthorized
	v.suite = LocalPath(r.URL.RequestURI())
	v.kept = keep(r.PostForm)
	if v.kept == "" {
		v.suite = refererPath(r)
	}
	show := rt.cfg.SignIn
	if v.route.Access.forAgents() && rt.cfg.AgentSignIn != nil {
		show = rt.cfg.AgentSignIn
	}
	if show != nil {
		return show(w, r, v.actor)
	}
	href := rt.signInPath(v)
	if v.suite != "" && v.kept == "" {
		href += "?suite=" + url.QueryEscape(v.suite)
	}
	return Render(w, r, Page{Title: "Connexion", Plain: true}, signInLink(href))
}

// secretField tells the names of fields that are never printed back.
func secretField(name string) bool {
	for _, part := range []string{"passe", "secret", "code", "jeton"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// keep packs what was typed for the sign-in form; "" when a secret is among it or it is too long: then only the page
// is remembered.
func keep(form url.Values) string {
	for name, values := range form {
		if secretField(name) && strings.Join(values, "") != "" {
			return ""
		}
	}
	packed := base64.RawURLEncoding.EncodeToString([]byte(form.Encode()))
	if len(form) == 0 || len(packed) > maxKept {
		return ""
	}
	return packed
}

// Kept prints in a sign-in form, and in those that follow it, where to go then and what was typed before.
func Kept(r *http.Request) templ.Component {
	v := visitOf(r.Context())
	kept := v.kept
	if kept == "" && v.suite == "" {
		kept = r.PostForm.Get("garde")
	}
	if len(kept) > maxKept {
		kept = ""
	}
	return keptFields(asked(r), kept)
}

// hidden is one field to send again.
type hidden struct{ Name, Value string }

// AfterSignIn ends a successful sign-in: to the page that was asked for, or, when something had been typed, to a page
// that sends it again; fallback when nothing was asked. Set the session's cookie before.
func AfterSignIn(w http.ResponseWriter, r *http.Request, fallback string) error {
	suite := asked(r)
	packed := r.PostForm.Get("garde")
	if suite == "" {
		return SeeOther(w, fallback)
	}
	fields := unpack(packed)
	if len(fields) == 0 {
		return SeeOther(w, suite)
	}
	return Render(w, r, Page{Title: "Reprendre où vous en étiez", Plain: true}, resumeBody(suite, fields))
}

func unpack(packed string) []hidden {
	if packed == "" || len(packed) > maxKept {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return nil
	}
	form, err := parseQuery(string(raw))
	if err != nil || !readable(form) {
		return nil
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	var fields []hidden
	for _, name := range names {
		if secretField(name) {
			continue
		}
		for _, value := range form[name] {
			fields = append(fields, hidden{name, value})
		}
	}
	return fields
}

// parseQuery is url.ParseQuery; semicolons and broken escapes are errors.
func parseQuery(raw string) (url.Values, error) { return url.ParseQuery(raw) }

// refererPath is the portal's page that the request comes from, "" when unknown.
func refererPath(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return ""
	}
	return LocalPath(u.RequestURI())
}
