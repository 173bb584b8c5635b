package testkit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/internal/testkit"
)

const page = `<!doctype html><html lang="fr"><head><title>Essai</title><meta name="viewport" content="width=device-width"></head>
<body><main><h1>Essai</h1><form method="post" action="/suite"><label for="nom">Nom</label><input id="nom" name="nom">
<button>Envoyer</button></form><p id="js">sans script</p>%s</main><script>document.getElementById('js').textContent='avec script'</script></body></html>`

func serve(t *testing.T, extra string) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(strings.Replace(page, "%s", extra, 1)))
	})
	mux.HandleFunc("POST /suite", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><html lang="fr"><title>Suite</title><main><h1 id="vu">` + r.FormValue("nom") + `</h1></main>`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestBrowserWithAndWithoutScript(t *testing.T) {
	for _, noScript := range []bool{false, true} {
		b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: noScript})
		b.Go(serve(t, ""))
		want := "avec script"
		if noScript {
			want = "sans script"
		}
		if got := b.Text("#js"); got != want {
			t.Errorf("noScript %v: text %q, want %q", noScript, got, want)
		}
		b.Fill("#nom", "Zoé")
		b.Click("button")
		if got := b.Text("#vu"); got != "Zoé" {
			t.Errorf("noScript %v: posted %q", noScript, got)
		}
	}
}

// TestBrowserWaitsForASlowAnswer clicks a form whose answer takes a while: the next step sees the answer.
func TestBrowserWaitsForASlowAnswer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><form method="post" action="/lent"><button>Envoyer</button></form>`))
	})
	mux.HandleFunc("POST /lent", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(700 * time.Millisecond)
		_, _ = w.Write([]byte(`<!doctype html><p id="fait">fait</p>`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, noScript := range []bool{false, true} {
		b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: noScript})
		b.Go(server.URL)
		b.Click("button")
		if !b.Has("#fait") {
			t.Errorf("noScript %v: the step after a slow form sees the page before", noScript)
		}
	}
}

func TestBrowserSeesFaults(t *testing.T) {
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 320})
	b.Go(serve(t, `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><div style="width:600px">large</div><script>throw new Error("boum")</script>`))
	if b.SidewaysScroll() == 0 {
		t.Error("a page of 600 px in 320 px does not scroll sideways")
	}
	found := false
	for _, v := range b.Axe() {
		found = found || v.ID == "image-alt"
	}
	if !found {
		t.Error("axe did not see an image without text")
	}
	b.Click("h1")
	if len(b.Problems()) == 0 {
		t.Error("an uncaught exception was not kept")
	}
}
