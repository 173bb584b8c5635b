package web

import (
	"net/http"
	"strings"
)

// contentPolicy allows what our own origin serves and nothing inline; targets are where a form's answer may lead.
func contentPolicy(targets []string) string {
	form := strings.TrimSpace("form-action 'self' " + strings.Join(targets, " "))
	return strings.Join([]string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
		"media-src 'self'",
		"font-src 'none'", "connect-src 'self'", "object-src 'none'", "manifest-src 'self'", form, "base-uri 'none'",
		"frame-ancestors 'none'"}, "; ")
}

// secure sets what every answer carries, errors and static files too. Nothing is kept by caches unless the answer
// says otherwise later.
func (rt *Router) secure(h http.Header) {
	h.Set("Content-Security-Policy", rt.csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	if rt.https() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (rt *Router) https() bool { return rt.cfg.BaseURL.Scheme == "https" }

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
