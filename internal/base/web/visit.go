package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/fault"
)

// visit is what the wrapper knows of the request being answered; it travels in the context.
type visit struct {
	rt         *Router
	id         string // shown on the 500 page and written in the log: "7K3F-92QX"
	route      Route
	actor      actor.Actor
	identified bool
	status     int    // imposed on Render when not 0: 401 around Config.SignIn
	suite      string // where to go after signing in
	kept       string // what was typed, for after signing in
	err        error
	summed     []*Form // the forms whose problems the page lists at its head
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return &visit{}
	}
	return v
}

// Incident is the number under which the request is found in the log; it can be said on the phone.
func Incident(r *http.Request) string { return visitOf(r.Context()).id }

func newIncident() string {
	var raw [5]byte
	rand.Read(raw[:])
	s := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").EncodeToString(raw[:])
	return s[:4] + "-" + s[4:]
}

// identify asks who acts, once a request; after a failure the person is a visitor.
func (v *visit) identify(w http.ResponseWriter, r *http.Request) error {
	if v.identified {
		return nil
	}
	v.identified = true
	a, err := v.rt.cfg.Identify(w, r)
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	v.actor = a
	return nil
}

// cacheable lets a browser keep a public page that nobody is signed in on, to be asked again each time; all
// other pages are kept nowhere.
func (v *visit) cacheable(w http.ResponseWriter) {
	if v.route.Access == Public && v.route.Method == http.MethodGet && !v.actor.SignedIn() {
		w.Header().Set("Cache-Control", "no-cache")
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serve is the one wrapper around every answer: headers, dispatch, errors, panics, log.
func (rt *Router) serve(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	v := &visit{rt: rt, id: newIncident()}
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	rec := &recorder{ResponseWriter: w}
	rt.secure(rec.Header())
	abort := rt.run(rec, r, v)
	if v.err != nil && rec.status == 0 && !gone(r, v.err) {
		rt.showFault(rec, r, v)
	}
	rt.logRequest(r, v, rec.status, time.Since(start))
	if abort || (v.err != nil && rec.status == 0) {
		panic(http.ErrAbortHandler) // nothing sensible can be sent any more: close the connection
	}
}

// run dispatches and turns a panic into an error; abort tells that the answer was cut short by it.
func (rt *Router) run(rec *recorder, r *http.Request, v *visit) (abort bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			abort = true
			return
		}
		v.err = &panicError{value: p, stack: debug.Stack()}
		abort = rec.status != 0
	}()
	rt.dispatch(rec, r, v)
	return v.err != nil && rec.status != 0 && fault.KindOf(v.err) == fault.Unknown
}

// gone tells that the client left: its own errors are not ours.
func gone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && errors.Is(err, context.Canceled)
}

// panicError is a panic on its way to the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string {
	if err, ok := e.value.(error); ok {
		return "panic: " + err.Error()
	}
	if s, ok := e.value.(string); ok {
		return "panic: " + s
	}
	return "panic"
}

// logRequest writes one line a request: the route's pattern, never the path, so that no token, name or query
// gets into a log. A fault of ours has its cause on the same line.
func (rt *Router) logRequest(r *http.Request, v *visit, status int, took time.Duration) {
	if status == 0 {
		status = 499 // the client left before the answer
	}
	route := v.route.Path
	if route == "" {
		route = "-"
	}
	attrs := []slog.Attr{slog.String("id", v.id), slog.String("method", method(r.Method)), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took.Round(time.Microsecond))}
	level := logLevel(r, v.err)
	if level > slog.LevelInfo {
		attrs = append(attrs, slog.String("error", v.err.Error()))
		var p *panicError
		if errors.As(v.err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	rt.cfg.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// logLevel is Error for a fault of ours, Warn when something that we need was missing, Info for the rest.
func logLevel(r *http.Request, err error) slog.Level {
	if err == nil || gone(r, err) || ownStatus(err) != 0 {
		return slog.LevelInfo
	}
	switch fault.KindOf(err) {
	case fault.Unknown:
		return slog.LevelError
	case fault.Unavailable:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// method keeps what a client invents out of the log.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return m
	}
	return "OTHER"
}
