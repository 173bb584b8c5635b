package web

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"
)

// dispatch finds what answers: health, a static file, the theme, a route, or a refusal.
func (rt *Router) dispatch(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := rt.Err(); err != nil {
		v.err = err
		return
	}
	if r.URL.Path == "/healthz" {
		v.route.Path = "/healthz"
		rt.health(w, r)
		return
	}
	if err := plainRequest(r); err != nil {
		v.err = err
		return
	}
	if len(r.TransferEncoding) > 0 { // no browser sends a form without its length, and two lengths are an attack
		w.Header().Set("Connection", "close")
		v.err = noLength
		return
	}
	if rt.static.serve(w, r) || rt.serveTheme(w, r, v) || rt.serveWellKnown(w, r, v) {
		return
	}
	if err := rt.cross.Check(r); err != nil {
		v.err = &statusError{status: http.StatusForbidden, title: "Demande refusée",
			sentence: "Cette demande vient d’un autre site : elle n’a pas été prise en compte. Ouvrez la page depuis le portail et recommencez."}
		return
	}
	if to := rt.withoutSlash(r); to != "" {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	if _, pattern := rt.mux.Handler(r); pattern == "" {
		v.err = rt.noRoute(w, r)
		return
	}
	rt.mux.ServeHTTP(w, r)
}

// plainRequest refuses what no browser of ours sends: paths with dot segments or double slashes, text that is
// not UTF-8, NUL.
func plainRequest(r *http.Request) error {
	p := r.URL.Path
	if !strings.HasPrefix(p, "/") {
		return notFound
	}
	if !utf8.ValidString(p) || strings.ContainsRune(p, 0) || len(r.URL.RawQuery) > 8<<10 {
		return badRequest
	}
	if p != "/" && path.Clean(p) != strings.TrimSuffix(p, "/") {
		return notFound
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil || !readable(query) || strings.Contains(r.URL.RawQuery, "%00") {
		return badRequest
	}
	return nil
}

// withoutSlash is where a page asked with a slash too many is.
func (rt *Router) withoutSlash(r *http.Request) string {
	p := r.URL.Path
	if len(p) < 2 || !strings.HasSuffix(p, "/") || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return ""
	}
	short := r.Clone(r.Context())
	short.URL.Path, short.URL.RawPath = strings.TrimSuffix(p, "/"), ""
	if _, pattern := rt.mux.Handler(short); pattern == "" {
		return ""
	}
	return short.URL.RequestURI()
}

// noRoute is 405 when the path exists for another method, else 404.
func (rt *Router) noRoute(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := rt.mux.Handler(other); pattern != "" {
			allowed = append(allowed, m)
			if m == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	if len(allowed) == 0 {
		return notFound
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return wrongMethod
}

// health answers probes: the process runs and its database answers.
func (rt *Router) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := rt.pingDB(r.Context()); err != nil {
		rt.cfg.Log.ErrorContext(r.Context(), "health: the database does not answer", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "database\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// parseForm reads the body of a POST, within limits.
func parseForm(w http.ResponseWriter, r *http.Request, limit int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if limit > formLimit {
		allowSlowUpload(w)
	}
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(formLimit)
	} else {
		err = r.ParseForm()
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return tooBig
	}
	if err != nil || !readable(r.PostForm) || !readable(r.Form) {
		return badRequest
	}
	cleanForm(r)
	return nil
}

// readable tells whether all names and values are UTF-8, names without NUL, and not too many.
func readable(form map[string][]string) bool {
	n := 0
	for name, values := range form {
		if n += len(values); n > maxFields || !plainText(name) {
			return false
		}
		for _, v := range values {
			if !utf8.ValidString(v) {
				return false
			}
		}
	}
	return true
}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
