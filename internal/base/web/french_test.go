package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever is asked for, and however badly, a refusal is a whole page in French that leads back.
func TestEveryRefusalIsAFrenchPage(t *testing.T) {
	p := faulty(t)
	paths := []string{"/inconnu", "/inconnu/", "/espace/x", "/espace//x", "//ailleurs.example", "/./espace", "/espace/..", "/static/absent.css",
		"/static/", "/static", "/theme-0.css/x", "/activation", "/activation/", "/activation/abc/de", "/activation/abc%2fde", "/activation/ab%0dcd",
		"/a%00b", "/%ff", "/espace?x=%zz", "/espace?x=a;b", "/?q=" + strings.Repeat("a", 9000), "/" + strings.Repeat("a", 3000), "/index.php",
		"/.git/config", "/robots.txt/", "/favicon.ico/x", "/422", "/refuse", "/conflit", "/absent", "/interdit", "/trop", "/occupe", "/panne",
		"/panique", "/panique-gabarit", "/healthz/x"}
	refused := 0
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"} {
		for _, path := range paths {
			c := p.As(visitor)
			address, err := url.Parse("http://portail.test" + path)
			if err != nil { // what no address can hold comes as it is
				address = &url.URL{Scheme: "http", Host: "portail.test", Path: path}
			}
			r := &http.Request{Method: method, URL: address, Host: "portail.test", RequestURI: path, Header: http.Header{"Origin": {"http://portail.test"}},
				Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
			page := c.Do(r.WithContext(t.Context()))
			if page.Status < 400 {
				continue
			}
			refused++
			if page.Header.Get("Content-Type") != "text/html; charset=utf-8" || page.Doc.Find(`html[lang="fr"]`).Length() != 1 ||
				page.Text("h1") == "" || !page.Has(`main a[href]`) || strings.Contains(page.Body, "Not Found") {
				t.Errorf("%s %.60s: a bare %d: %.200s", method, path, page.Status, page.Body)
			}
		}
	}
	if refused < 300 {
		t.Errorf("only %d refusals were seen", refused)
	}
}
