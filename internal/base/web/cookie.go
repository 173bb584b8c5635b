package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// SetCookie sends a cookie of the whole portal, unreadable to scripts; with https it is Secure and its name starts
// with __Host-. maxAge 0 makes it last until the browser closes.
func SetCookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge time.Duration) {
	secure := isHTTPS(r)
	http.SetCookie(w, &http.Cookie{Name: cookieName(secure, name), Value: value, Path: "/",
		MaxAge: int(maxAge / time.Second), Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// ClearCookie makes the browser forget a cookie.
func ClearCookie(w http.ResponseWriter, r *http.Request, name string) {
	secure := isHTTPS(r)
	http.SetCookie(w, &http.Cookie{Name: cookieName(secure, name), Path: "/", MaxAge: -1, Secure: secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Cookie is the value of a cookie that SetCookie sent, "" without one.
func Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(isHTTPS(r), name))
	if err != nil {
		return ""
	}
	return c.Value
}

func cookieName(secure bool, name string) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

func isHTTPS(r *http.Request) bool {
	rt := visitOf(r.Context()).rt
	return rt != nil && rt.https()
}

// ClientIP is the address that a request comes from. X-Forwarded-For is read from its end, and only past peers that
// are trusted proxies: what a client writes itself is never believed.
func ClientIP(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap().WithZone("")
	rt := visitOf(r.Context()).rt
	if rt == nil {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(rt.cfg.TrustedProxies, addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

func trusted(proxies []netip.Prefix, addr netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
