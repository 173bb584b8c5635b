package testkit

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"

	"github.com/PuerkitoBio/goquery"
)

// Client is a browser without JavaScript over a handler: it keeps cookies, fills the forms that it finds and says
// where they come from, as browsers do. It does not follow redirects by itself.
type Client struct {
	t   testing.TB
	h   http.Handler
	jar *cookiejar.Jar
	// Base is the portal's address; give it https when the router's base URL has it.
	Base string
	// Header is added to every request.
	Header http.Header
	// RemoteAddr is the peer that the handler sees.
	RemoteAddr string
}

// NewClient is a client without cookies of http://portail.test.
func NewClient(t testing.TB, h http.Handler) *Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, h: h, jar: jar, Base: "http://portail.test", Header: http.Header{}, RemoteAddr: "192.0.2.1:4000"}
}

// Page is one answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	Doc    *goquery.Document // of an HTML answer; empty for others
	Path   string            // asked for, with its query
	c      *Client
}

// File is a file chosen in a form.
type File struct {
	Field, Name, Type string
	Body              []byte
}

// Get asks for a page.
func (c *Client) Get(path string) *Page {
	c.t.Helper()
	return c.Do(c.request(http.MethodGet, path, nil))
}

// Statements asks for a page, which must be there, and counts the SQL statements that it takes.
func (c *Client) Statements(path string) int64 {
	c.t.Helper()
	ctx, queries := db.CountQueries(context.Background())
	if page := c.Do(c.request(http.MethodGet, path, nil).WithContext(ctx)); page.Status != http.StatusOK {
		c.t.Fatalf("%s: %d", path, page.Status)
	}
	return *queries
}

// Post sends fields without a page to find them on: for tests of attacks and replays.
func (c *Client) Post(path string, fields url.Values) *Page {
	c.t.Helper()
	r := c.request(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.sameOrigin(r, path)
	return c.Do(r)
}

func (c *Client) sameOrigin(r *http.Request, from string) {
	r.Header.Set("Origin", c.Base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Referer", c.Base+from)
}

func (c *Client) request(method, path string, body io.Reader) *http.Request {
	c.t.Helper()
	r, err := http.NewRequest(method, c.Base+path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	r.RequestURI = path
	return r
}

// Do sends a request made by hand, with the client's cookies and headers.
func (c *Client) Do(r *http.Request) *Page {
	c.t.Helper()
	r.RemoteAddr = c.RemoteAddr
	for _, cookie := range c.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	for name, values := range c.Header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	c.serve(rec, r)
	res := rec.Result()
	c.jar.SetCookies(r.URL, res.Cookies())
	p := &Page{Status: res.StatusCode, Header: res.Header, Body: rec.Body.String(), Path: r.URL.RequestURI(), c: c}
	html := ""
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		html = p.Body
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		c.t.Fatalf("read page %s: %v", p.Path, err)
	}
	p.Doc = doc
	return p
}

// serve fails the test when the handler closes the connection without an answer.
func (c *Client) serve(rec *httptest.ResponseRecorder, r *http.Request) {
	c.t.Helper()
	defer func() {
		if p := recover(); p != nil {
			c.t.Fatalf("%s %s: the connection was closed: %v", r.Method, r.URL.Path, p)
		}
	}()
	c.h.ServeHTTP(rec, r)
}

// Cookies are the client's cookies.
func (c *Client) Cookies() []*http.Cookie {
	u, err := url.Parse(c.Base)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.jar.Cookies(u)
}

// SetCookie gives the client a cookie.
func (c *Client) SetCookie(name, value string) {
	u, err := url.Parse(c.Base)
	if err != nil {
		c.t.Fatal(err)
	}
	c.jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: u.Scheme == "https"}})
}

// Follow goes where a redirect leads, to the first page that is not one; without a redirect the test fails.
func (p *Page) Follow() *Page {
	p.c.t.Helper()
	if p.Status < 300 || p.Status > 399 {
		p.c.t.Fatalf("%s answered %d, want a redirect: %s", p.Path, p.Status, p.Text("main"))
	}
	next := p
	for range 10 {
		u, err := url.Parse(p.c.Base + next.Path)
		if err != nil {
			p.c.t.Fatal(err)
		}
		to, err := u.Parse(next.Location())
		if err != nil || p.c.Base != to.Scheme+"://"+to.Host {
			p.c.t.Fatalf("%s leads out of the portal: %q", next.Path, next.Location())
		}
		if next = p.c.Get(to.RequestURI()); next.Status < 300 || next.Status > 399 {
			return next
		}
	}
	p.c.t.Fatalf("%s: more than 10 redirects", p.Path)
	return nil
}

// Location is where a redirect leads, "" for another answer.
func (p *Page) Location() string { return p.Header.Get("Location") }

// Has tells whether something of the page matches.
func (p *Page) Has(selector string) bool { return p.Doc.Find(selector).Length() > 0 }

// Text is the text of what matches, spaces of every kind made one.
func (p *Page) Text(selector string) string {
	return strings.Join(strings.Fields(p.Doc.Find(selector).Text()), " ")
}

// Click follows the first link that matches.
func (p *Page) Click(selector string) *Page {
	p.c.t.Helper()
	href, ok := p.Doc.Find(selector).First().Attr("href")
	if !ok {
		p.c.t.Fatalf("%s: no link %s", p.Path, selector)
	}
	u, err := url.Parse(p.c.Base + p.Path)
	if err != nil {
		p.c.t.Fatal(err)
	}
	to, err := u.Parse(href)
	if err != nil {
		p.c.t.Fatalf("%s: link %q: %v", p.Path, href, err)
	}
	return p.c.Get(to.RequestURI())
}

// Submit fills the form that matches and sends it: what the page holds, then values by name. For a checkbox the value
// "" unticks it, and any value that it has ticks it. A name that the form lacks fails the test.
func (p *Page) Submit(selector string, values map[string]string) *Page {
	p.c.t.Helper()
	all := url.Values{}
	for name, value := range values {
		all.Set(name, value)
	}
	return p.SubmitAll(selector, all)
}

// SubmitAll is Submit for questions that take several answers, and for files.
func (p *Page) SubmitAll(selector string, values url.Values, files ...File) *Page {
	p.c.t.Helper()
	form := p.Doc.Find(selector).First()
	if form.Length() == 0 || goquery.NodeName(form) != "form" {
		p.c.t.Fatalf("%s (status %d): no form %s: %s", p.Path, p.Status, selector, p.Text("main"))
	}
	fields, err := fill(p.Doc, form, values)
	if err != nil {
		p.c.t.Fatalf("%s: form %s: %v", p.Path, selector, err)
	}
	action := p.action(form)
	if !strings.EqualFold(form.AttrOr("method", "get"), "post") {
		to, _, _ := strings.Cut(action, "?")
		return p.c.Get(to + "?" + fields.Encode())
	}
	if form.AttrOr("enctype", "") != "multipart/form-data" {
		if len(files) > 0 {
			p.c.t.Fatalf("%s: form %s takes no file", p.Path, selector)
		}
		r := p.c.request(http.MethodPost, action, strings.NewReader(fields.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		p.c.sameOrigin(r, p.Path)
		return p.c.Do(r)
	}
	body, kind := p.c.multipart(fields, files)
	r := p.c.request(http.MethodPost, action, body)
	r.Header.Set("Content-Type", kind)
	p.c.sameOrigin(r, p.Path)
	return p.c.Do(r)
}

// action is where a form goes: its own page by default.
func (p *Page) action(form *goquery.Selection) string {
	p.c.t.Helper()
	u, err := url.Parse(p.c.Base + p.Path)
	if err != nil {
		p.c.t.Fatal(err)
	}
	to, err := u.Parse(form.AttrOr("action", ""))
	if err != nil {
		p.c.t.Fatalf("%s: action: %v", p.Path, err)
	}
	if to.Scheme+"://"+to.Host != p.c.Base {
		p.c.t.Fatalf("%s: form leads out of the portal: %s", p.Path, to)
	}
	return to.RequestURI()
}

func (c *Client) multipart(fields url.Values, files []File) (io.Reader, string) {
	c.t.Helper()
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for name, values := range fields {
		for _, v := range values {
			if err := mw.WriteField(name, v); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		head := textproto.MIMEHeader{}
		head.Set("Content-Disposition", multipart.FileContentDisposition(f.Field, f.Name))
		head.Set("Content-Type", f.Type)
		part, err := mw.CreatePart(head)
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := part.Write(f.Body); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := mw.Close(); err != nil {
		c.t.Fatal(err)
	}
	return &body, mw.FormDataContentType()
}
