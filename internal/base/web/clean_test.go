package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// turned are the characters that turn the direction of the text around them.
const turned = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

// controls are all control characters that no text holds.
func controls() string {
	var b strings.Builder
	for c := rune(0); c < 0xa0; c++ {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func TestWhatIsTypedIsCleanedOnce(t *testing.T) {
	p := testkit.NewPortal(t, testkit.SQLite(t, web.Sources()), now)
	type read struct {
		Text, Line, Raw, All, Form, File string
	}
	var got read
	p.Router.PostFile("/envoi", web.Public, web.NoObject, 1<<20, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		f := web.ReadForm(r)
		got = read{Text: f.Text("mot"), Line: f.Line("mot"), Raw: f.Raw("mot"), All: strings.Join(f.All("mot"), "|"), Form: r.FormValue("mot")}
		if r.MultipartForm != nil {
			got.File = r.MultipartForm.File["piece"][0].Filename
		}
		return web.SeeOther(w, "/envoi")
	})
	typed := "Ca" + controls() + "mille" + turned + "\r\n\tdeuxième\u00a0ligne"
	rest := "Camille\r\n\tdeuxième\u00a0ligne"
	want := read{Text: "Camille\n deuxième ligne", Line: "Camille deuxième ligne", Raw: rest, All: rest, Form: rest}
	c := p.As(visitor)
	if page := c.Post("/envoi", url.Values{"mot": {typed}}); page.Status != 303 {
		t.Fatalf("answered %d", page.Status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	if err := m.WriteField("mot", typed); err != nil {
		t.Fatal(err)
	}
	if _, err := m.CreateFormFile("piece", "facture\u202efdp.exe"); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://portail.test/envoi", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Origin", "http://portail.test")
	if page := c.Do(r); page.Status != 303 {
		t.Fatalf("with a file: answered %d", page.Status)
	}
	want.File = "facturefdp.exe"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with a file (-want +got)\n%s", diff)
	}
}

// A form of a page's query is cleaned too, and one read without the router.
func TestFormsReadDirectlyAreCleaned(t *testing.T) {
	r := httptest.NewRequest("POST", "/x", strings.NewReader(url.Values{"mot": {"a\x00b" + turned}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := web.ReadForm(r).Raw("mot"); got != "ab" {
		t.Errorf("posted: %q", got)
	}
	r = httptest.NewRequest("GET", "/x?"+url.Values{"mot": {"a\x01b" + turned}}.Encode(), nil)
	if got := web.ReadForm(r).Text("mot"); got != "ab" {
		t.Errorf("query: %q", got)
	}
}

// The form that holds a NUL is shown again like any other, with what was typed.
func TestANULLosesNothingOfTheForm(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		c := noting(t, d).As(active)
		page := c.Get("/notes").Submit("#note", map[string]string{"mot": "vi\x00de"})
		if page.Status != 422 || !strings.Contains(page.Body, `value="vide"`) {
			t.Errorf("answered %d: %s", page.Status, page.Text("main"))
		}
		if page := c.Get("/notes").Submit("#note", map[string]string{"mot": "noté" + turned + "\x00"}); page.Status != 303 {
			t.Errorf("answered %d", page.Status)
		}
		if diff := cmp.Diff([]string{"noté"}, words(t, d)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestABoxTickedTwiceIsTickedOnce(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/?lieu=b&lieu=a&lieu=b&lieu=b&un=x", nil)
	f := web.ReadForm(r)
	for range 2 {
		if got := strings.Join(f.All("lieu"), " "); got != "b a" {
			t.Errorf("%q, want each once, in order", got)
		}
	}
	if got := f.All("un"); len(got) != 1 || len(f.All("rien")) != 0 {
		t.Errorf("one: %q", got)
	}
}
