package captcha_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// quietDesk is a desk whose town shows the pictures only when the silent check fails.
func quietDesk(t *testing.T, d *db.DB, limits captcha.Limits) *desk {
	k := newDesk(t, d, limits)
	k.check.Quiet = func(context.Context) bool { return true }
	return k
}

func TestQuietCheckIsTheWorkAlone(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := quietDesk(t, d, captcha.Limits{})
		page := k.visitor().Get("/mot")
		if !page.Has("[data-check-quiet] input[name=controle_image]") || !page.Has("[data-check-silent][hidden]") {
			t.Fatal("who has no script sees no pictures, or is told that there is nothing to do")
		}
		k.wait(10 * time.Second)
		work := prove(t, page)
		form := filled(map[string]string{"controle_travail": work})
		form["nom"] = ""
		again := page.Submit("#mot", form)
		if again.Status != 422 || !again.Has(".check-passed:not([hidden])") || again.Has("[data-check-quiet]") {
			t.Fatalf("the work done, the name missing: %d %s", again.Status, again.Text(".check"))
		}
		if sent := again.Submit("#mot", map[string]string{"nom": "Camille Martin"}); sent.Status != 303 || k.spent(t) != 1 {
			t.Fatalf("sent: %d %s", sent.Status, problem(sent))
		}
		costs := k.costs.Load()
		other := page.Submit("#mot", map[string]string{"nom": "Autre", "controle_travail": work, "cle": "une-autre-cle-de-formulaire"})
		if other.Status != 422 || k.costs.Load() != costs || k.spent(t) != 1 {
			t.Errorf("the same work for another form: %d", other.Status)
		}
		// Somebody without script, or who looks at the pictures: they are worth what they are elsewhere.
		page = k.visitor().Get("/mot")
		k.wait(10 * time.Second)
		if sent := page.Submit("#mot", filled(captchatest.Solve(t, *k.check, token(page)))); sent.Status != 303 {
			t.Errorf("the right picture without work: %d %s", sent.Status, problem(sent))
		}
	})
}

func TestQuietCheckThatFailsShowsThePictures(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := quietDesk(t, d, captcha.Limits{})
		foreign := prove(t, k.visitor().Get("/mot"))
		wrongs := func() int64 {
			n, err := db.Read(t.Context(), d, func(r db.Reader) (int64, error) {
				return db.One(r, "count", db.Column[int64], `select cast(coalesce(sum(wrong), 0) as bigint) from captcha_count`)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for name, c := range map[string]struct {
			given   func(page *testkit.Page) map[string]string
			wait    time.Duration
			says    string
			counted bool
		}{
			"no work":        {func(*testkit.Page) map[string]string { return nil }, 10 * time.Second, "n’a pas pu faire le contrôle à votre place", false},
			"forged work":    {func(*testkit.Page) map[string]string { return map[string]string{"controle_travail": "1"} }, 10 * time.Second, "pas la bonne réponse", true},
			"another's work": {func(*testkit.Page) map[string]string { return map[string]string{"controle_travail": foreign} }, 10 * time.Second, "pas la bonne réponse", true},
			"too fast":       {func(p *testkit.Page) map[string]string { return map[string]string{"controle_travail": prove(t, p)} }, time.Second, "trop vite", true},
			"the trap filled": {func(p *testkit.Page) map[string]string {
				return map[string]string{"controle_travail": prove(t, p), "controle_site": "x"}
			}, 10 * time.Second, "pas la bonne réponse", true},
			"a wrong picture beside": {func(p *testkit.Page) map[string]string {
				return map[string]string{"controle_travail": prove(t, p), "controle_image": wrongPicture(captchatest.Solve(t, *k.check, token(p))["controle_image"])}
			}, 10 * time.Second, "pas la bonne réponse", true},
		} {
			page := k.visitor().Get("/mot")
			k.wait(c.wait)
			before := wrongs()
			refused := page.Submit("#mot", filled(c.given(page)))
			if refused.Status != 422 || !strings.Contains(problem(refused), c.says) || refused.Has("[data-check-quiet]") || !refused.Has("input[name=controle_image]") {
				t.Errorf("%s: %d %q, quiet %v", name, refused.Status, problem(refused), refused.Has("[data-check-quiet]"))
			}
			if counted := wrongs() > before; counted != c.counted {
				t.Errorf("%s: counted %v", name, counted)
			}
			k.wait(10 * time.Second)
			again := refused.Submit("#mot", filled(map[string]string{"controle_travail": prove(t, refused)}))
			if again.Status != 422 || k.costs.Load() != 0 {
				t.Errorf("%s, then the work alone where pictures are shown: %d", name, again.Status)
			}
			k.wait(2 * time.Minute)
		}
		changed := k.visitor()
		page := changed.Get("/mot")
		other := changed.Post("/controle/images", url.Values{"controle": {token(page)}})
		k.wait(10 * time.Second)
		if sent := changed.Post("/mot", url.Values{"nom": {"Camille"}, "controle": {token(other)}, "controle_travail": {prove(t, other)}, "cle": {"AAAAAAAAAAAAAAAAAAAAAAAA"}}); sent.Status != 422 {
			t.Errorf("other pictures were asked for, the work alone passes: %d", sent.Status)
		}
		k.check.Quiet = func(context.Context) bool { return false }
		page = k.visitor().Get("/mot")
		k.wait(10 * time.Second)
		if sent := page.Submit("#mot", filled(map[string]string{"controle_travail": prove(t, page)})); sent.Status != 422 || page.Has("[data-check-quiet]") {
			t.Errorf("the setting off, the work alone passes: %d", sent.Status)
		}
		if k.costs.Load() != 0 {
			t.Errorf("what the check protects ran %d times", k.costs.Load())
		}
	})
}

func TestQuietCheckKeepsItsLimits(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		limits := captcha.Limits{Free: 5, Visitor: 15, Email: 15, Address: 60, AddressNoWork: 30, Passes: 3, PassesNoWork: 1, PassesForEmail: 50}
		k := quietDesk(t, d, limits)
		accepted := 0
		for range 6 {
			page := k.visitor().Get("/mot")
			k.wait(10 * time.Second)
			sent := page.Submit("#mot", filled(map[string]string{"controle_travail": prove(t, page)}))
			if sent.Status == 303 {
				accepted++
			} else if !strings.Contains(problem(sent), "Trop d’essais") {
				t.Errorf("%d %s", sent.Status, problem(sent))
			}
		}
		if accepted != 3 {
			t.Errorf("%d forms of one network accepted in an hour, want 3", accepted)
		}
	})
}

// TestQuietCheckInABrowser hides the pictures, waits for the work when the form is sent at once, and shows them when the
// work cannot be done.
func TestQuietCheckInABrowser(t *testing.T) {
	k, b, base := open(t, testkit.BrowserOptions{Width: 360})
	k.check.Quiet = func(context.Context) bool { return true }
	seen := func(selector string) bool {
		return testkit.Eval[bool](b, `document.querySelector('`+selector+`').checkVisibility()`)
	}
	b.Go(base + "/mot")
	if seen("[data-check-test]") || !seen("[data-check-silent]") {
		t.Error("the pictures are shown to a browser that can do without")
	}
	looksRight(t, b, "phone quiet")
	b.Fill("#champ-nom", "Camille")
	b.ClickText("Valider")
	until(t, "thanks", func() bool { return strings.Contains(b.URL(), "/merci") })
	b.Go(base + "/mot")
	testkit.Eval[bool](b, `(document.querySelector('[data-work]').dataset.work = '', window.Worker = class { constructor() { setTimeout(() => this.onerror(), 0) } postMessage() {} terminate() {} }, true)`)
	b.Fill("#champ-nom", "Camille")
	until(t, "the pictures are shown", func() bool { return seen("[data-check-test]") && !seen("[data-check-silent]") })
	b.ClickText("Valider")
	until(t, "the page says so", func() bool { return b.Has("#champ-controle_image-erreur") && seen("[data-check-test]") })
	for _, p := range b.Problems() {
		t.Error("console:", p)
	}
	k, b, base = open(t, testkit.BrowserOptions{NoScript: true, Width: 360})
	k.check.Quiet = func(context.Context) bool { return true }
	b.Go(base + "/mot")
	if !seen("[data-check-test]") || seen("[data-check-silent]") {
		t.Error("without script no pictures")
	}
}
