package captcha_test

import (
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/testkit"
)

// open serves the desk and shows its form in a browser.
func open(t *testing.T, options testkit.BrowserOptions) (*desk, *testkit.Browser, string) {
	t.Helper()
	k := newDesk(t, testkit.SQLite(t, sources()), captcha.Limits{Lifted: true})
	server := httptest.NewServer(k.Router.Handler())
	t.Cleanup(server.Close)
	b := testkit.NewBrowser(t, options)
	b.Go(server.URL + "/mot")
	return k, b, server.URL
}

func tokenIn(b *testkit.Browser) string {
	return testkit.Eval[string](b, `document.querySelector('input[name=controle]').value`)
}

func looksRight(t *testing.T, b *testkit.Browser, what string) {
	t.Helper()
	for _, v := range b.Axe() {
		t.Errorf("%s: axe %s: %s\n\t%s", what, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
	if n := b.SidewaysScroll(); n > 0 {
		t.Errorf("%s: %d pixels too wide", what, n)
	}
	small := testkit.Eval[[]string](b, `[...document.querySelectorAll('.check .card, .check .button, .check summary, .check input[type=text]')]
		.filter(e => !e.closest('.pot') && e.checkVisibility() && Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 44).map(e => e.outerHTML.slice(0, 80))`)
	if len(small) > 0 {
		t.Errorf("%s: under 44 pixels: %q", what, small)
	}
	if dir := os.Getenv("PARVIS_SHOTS"); dir != "" {
		b.Screenshot(dir + "/captcha-" + strings.ReplaceAll(what, " ", "-") + ".png")
	}
}

func TestLooks(t *testing.T) {
	k, b, base := open(t, testkit.BrowserOptions{})
	b.Resize(360)
	looksRight(t, b, "phone")
	b.Click(".check summary")
	looksRight(t, b, "phone open")
	b.Scheme("dark")
	looksRight(t, b, "phone dark")
	b.Scheme("light")
	b.Fill("#champ-nom", "Camille")
	b.Click("#champ-controle_image")
	b.Fill("#champ-controle_son", "0")
	b.ClickText("Valider")
	if !b.Has("#champ-controle_image-erreur") {
		t.Fatal(b.Text("main"))
	}
	looksRight(t, b, "phone wrong")
	b.Resize(1280)
	b.Fill("#champ-nom", "")
	for _, answer := range captchatest.Solve(t, *k.check, tokenIn(b)) {
		b.Click("input[name=controle_image][value='" + answer + "']")
	}
	b.ClickText("Valider")
	if !b.Has(".check-passed") {
		t.Fatal(b.Text("main"))
	}
	looksRight(t, b, "desk passed")
	b.Go(base + "/specimen")
	b.Resize(320)
	looksRight(t, b, "specimen narrow")
	b.Resize(1280)
	looksRight(t, b, "specimen desk")
	for _, p := range b.Problems() {
		t.Error("console:", p)
	}
}

// TestByKeyboardAlone goes from the name to the answer with keys only, and hears the sound.
func TestByKeyboardAlone(t *testing.T) {
	k, b, _ := open(t, testkit.BrowserOptions{})
	b.Fill("#champ-nom", "Camille")
	b.Press("\t") // e-mail
	focus := func() string {
		return testkit.Eval[string](b, `document.activeElement.id || document.activeElement.textContent.trim()`)
	}
	b.Press("\t")
	if focus() != "champ-controle_image" {
		t.Fatalf("after the e-mail: %s", focus())
	}
	b.Press("\t")
	if focus() != "Changer les images" {
		t.Fatalf("after the pictures: %s", focus())
	}
	before := tokenIn(b)
	b.Press(" ")
	until(t, "other pictures", func() bool { return tokenIn(b) != before && focus() == "Changer les images" })
	if said := testkit.Eval[string](b, `document.querySelector('[data-check-said]').textContent`); !strings.HasPrefix(said, "Les images ont changé. Cliquez sur") {
		t.Errorf("said %q", said)
	}
	if testkit.Eval[string](b, `document.querySelector('#champ-nom').value`) != "Camille" {
		t.Error("what was typed is lost")
	}
	b.Press("\t")
	if focus() != "Écouter" {
		t.Fatalf("after the button: %s", focus())
	}
	b.Press("\r")
	until(t, "the sound plays", func() bool {
		return testkit.Eval[bool](b, `(a => a.duration > 2 && (a.currentTime > 0 || a.ended))(document.querySelector('audio'))`)
	})
	until(t, "the box for the digits has the focus", func() bool { return focus() == "champ-controle_son" })
	b.Press(captchatest.SolveSound(t, *k.check, tokenIn(b))["controle_son"])
	until(t, "the work is done", func() bool {
		return testkit.Eval[string](b, `document.querySelector('[data-work]').value`) != ""
	})
	b.Press("\r")
	until(t, "thanks", func() bool { return strings.Contains(b.URL(), "/merci") })
	for _, p := range b.Problems() {
		t.Error("console:", p)
	}
}

// TestWithoutScript passes by the question, after other pictures, with the sound's player in its place.
func TestWithoutScript(t *testing.T) {
	k, b, base := open(t, testkit.BrowserOptions{NoScript: true, Width: 360})
	b.Fill("#champ-nom", "Camille")
	b.ClickText("Changer les images")
	if b.Has("#erreurs") {
		t.Error("changing pictures is an error")
	}
	b.ClickText("Écouter")
	if !strings.HasSuffix(b.URL(), "#controle-ecouter") || b.Text("#controle-ecouter") == "" {
		t.Errorf("« Écouter » does not open what it leads to: %s", b.URL())
	}
	var tokenNow string
	if tokenNow = testkit.Eval[string](b, `document.querySelector('input[name=controle]').value`); tokenNow == "" {
		t.Fatal("no test")
	}
	b.Fill("#champ-controle_question", captchatest.SolveQuestion(t, *k.check, tokenNow)["controle_question"])
	b.Press("\r")
	if u, err := url.Parse(b.URL()); err != nil || u.Path != "/merci" {
		t.Errorf("Enter in the last field leads to %s, %s", strings.TrimPrefix(b.URL(), base), b.Text("main"))
	}
}

// TestTheScriptFallsBack: when no piece of page comes, the button does what it does without script.
func TestTheScriptFallsBack(t *testing.T) {
	_, b, _ := open(t, testkit.BrowserOptions{})
	b.Fill("#champ-nom", "Camille")
	testkit.Eval[bool](b, `(document.querySelector('input[name=controle]').value = 'perdu', true)`)
	b.ClickText("Changer les images")
	until(t, "another page", func() bool { return b.Has("input[name=controle]") && tokenIn(b) != "perdu" })
	if b.Has("#erreurs") || testkit.Eval[string](b, `document.querySelector('#champ-nom').value`) != "Camille" {
		t.Error(b.Text("main"))
	}
}

// TestTheScriptsWorkIsTaken: what the browser computes is what the server asks for.
func TestTheScriptsWorkIsTaken(t *testing.T) {
	k, b, _ := open(t, testkit.BrowserOptions{})
	if testkit.Eval[string](b, `document.querySelector('[data-work]').value`) != "" {
		t.Error("work done before anybody came near")
	}
	b.Fill("#champ-nom", "Camille")
	work := testkit.Eval[string](b, `document.querySelector('[data-work]').dataset.work`)
	until(t, "the work is done", func() bool {
		return testkit.Eval[string](b, `document.querySelector('[data-work]').value`) != ""
	})
	if nonce := testkit.Eval[string](b, `document.querySelector('[data-work]').value`); nonce != captcha.Prove(work) {
		t.Errorf("the script found %s, the server %s", nonce, captcha.Prove(work))
	}
	for _, answer := range captchatest.Solve(t, *k.check, tokenIn(b)) {
		b.Click("input[name=controle_image][value='" + answer + "']")
	}
	b.ClickText("Valider")
	if !strings.Contains(b.URL(), "/merci") {
		t.Error(b.Text("main"))
	}
}

// TestThePageWeighsLittle: pictures and all.
func TestThePageWeighsLittle(t *testing.T) {
	k := newDesk(t, testkit.SQLite(t, sources()), captcha.Limits{})
	c := k.visitor()
	c.Header.Set("Accept-Encoding", "gzip")
	page := c.Get("/mot")
	if page.Header.Get("Content-Encoding") != "gzip" || len(page.Body) > 16<<10 {
		t.Errorf("the page weighs %d bytes compressed (%s)", len(page.Body), page.Header.Get("Content-Encoding"))
	}
	t.Logf("%d bytes", len(page.Body))
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); {
		if is() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}
