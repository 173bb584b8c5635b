package captcha_test

import (
	"context"
	"maps"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/testkit"
)

func TestOneWayIsEnough(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		ways := map[string]func(testing.TB, captcha.Check, string) map[string]string{
			"picture": captchatest.Solve, "sound": captchatest.SolveSound, "question": captchatest.SolveQuestion}
		for way, solve := range ways {
			page := k.visitor().Get("/mot")
			k.wait(10 * time.Second)
			before := k.spent(t)
			sent := page.Submit("#mot", filled(solve(t, *k.check, token(page))))
			if sent.Status != 303 || k.spent(t) != before+1 {
				t.Errorf("%s: status %d %s", way, sent.Status, problem(sent))
			}
		}
	})
}

func TestAWrongAnswerGivesANewTestAndKeepsTheForm(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		page := k.visitor().Get("/mot")
		k.wait(10 * time.Second)
		for i := range 5 {
			right := captchatest.Solve(t, *k.check, token(page))["controle_image"]
			again := page.Submit("#mot", filled(map[string]string{"controle_image": wrongPicture(right)}))
			if again.Status != 422 || !strings.Contains(problem(again), "nouveau test") {
				t.Fatalf("wrong answer %d: %d %q", i+1, again.Status, problem(again))
			}
			if token(again) == token(page) || again.Doc.Find("#champ-nom").AttrOr("value", "") != "Camille Martin" {
				t.Fatal("the test is the same, or the form is lost")
			}
			if again.Has("input[type=radio][checked]") || k.costs.Load() != 0 {
				t.Fatal("a picture is chosen already, or the costly part ran")
			}
			page = again
			k.wait(10 * time.Second)
		}
		// The sixth waits a minute; then a right answer goes through.
		solve := func() map[string]string { return filled(captchatest.Solve(t, *k.check, token(page))) }
		if page = page.Submit("#mot", solve()); page.Status != 422 || !strings.Contains(problem(page), "Réessayez dans 1 minute") {
			t.Fatalf("sixth answer: %d %q", page.Status, problem(page))
		}
		k.wait(time.Minute)
		if page = page.Submit("#mot", solve()); page.Status != 303 {
			t.Fatalf("after a minute: %d %q", page.Status, problem(page))
		}
	})
}

func TestARightAnswerIsNotAskedTwice(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		c := k.visitor()
		page := c.Get("/mot")
		k.wait(10 * time.Second)
		answer := filled(captchatest.Solve(t, *k.check, token(page)))
		answer["nom"] = ""
		again := page.Submit("#mot", answer)
		if again.Status != 422 || !again.Has(".check-passed") || again.Has("input[type=radio]") || token(again) != token(page) {
			t.Fatalf("status %d, %s", again.Status, again.Text(".check"))
		}
		sent := again.Submit("#mot", map[string]string{"nom": "Camille Martin"})
		if sent.Status != 303 || k.spent(t) != 1 {
			t.Fatalf("status %d, %s", sent.Status, problem(sent))
		}
		// Used up: the page of before, sent again with another key, buys nothing, not even the costly part.
		costs := k.costs.Load()
		replay := url.Values{"controle": {token(page)}, "controle_image": {answer["controle_image"]}, "nom": {"Autre"},
			"cle": {"une-autre-cle-de-formulaire"}}
		if p := c.Post("/mot", replay); p.Status != 422 || k.costs.Load() != costs || k.spent(t) != 1 {
			t.Fatalf("replay: status %d, %d costs", p.Status, k.costs.Load()-costs)
		}
		// The same form sent again gets the same answer: a double click.
		if p := again.Submit("#mot", map[string]string{"nom": "Camille Martin"}); p.Status != 303 || k.spent(t) != 1 {
			t.Fatalf("double click: status %d", p.Status)
		}
		// What a pass pays for ends: the form with something else wrong, over and over.
		page = k.visitor().Get("/mot")
		k.wait(10 * time.Second)
		answer = filled(captchatest.Solve(t, *k.check, token(page)))
		answer["nom"] = ""
		for i := 1; ; i++ {
			if page = page.Submit("#mot", answer); !page.Has(".check-passed") {
				break
			}
			if answer = map[string]string{"nom": ""}; i > 40 {
				t.Fatal("one right answer is shown as passed 40 times")
			}
		}
		c = k.visitor()
		page = c.Get("/mot")
		k.wait(10 * time.Second)
		same := url.Values{"controle": {token(page)}}
		same.Set("controle_image", captchatest.Solve(t, *k.check, token(page))["controle_image"])
		for range 40 {
			if p := c.Post("/mot", same); problem(p) != "" {
				return
			}
		}
		t.Fatal("one right answer paid for 40 tries")
	})
}

func TestTestsThatDoNotCount(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		cases := map[string]func(c *testkit.Client, page *testkit.Page, form url.Values) *testkit.Page{
			"used before and failed": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				wrong := maps.Clone(form)
				wrong["controle_image"] = []string{wrongPicture(form.Get("controle_image"))}
				c.Post("/mot", wrong)
				return c.Post("/mot", form)
			},
			"somebody else's": func(_ *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				return k.visitor().Post("/mot", form)
			},
			"expired": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				k.wait(20 * time.Minute)
				return c.Post("/mot", form)
			},
			"missing": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Del("controle")
				return c.Post("/mot", form)
			},
			"forged": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Set("controle", strings.Repeat("A", 32))
				return c.Post("/mot", form)
			},
			"not answered": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Del("controle_image")
				return c.Post("/mot", form)
			},
			"right and wrong at once": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Set("controle_son", "12")
				return c.Post("/mot", form)
			},
			"forged work": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Set("controle_travail", "1")
				return c.Post("/mot", form)
			},
			"the trap filled": func(c *testkit.Client, _ *testkit.Page, form url.Values) *testkit.Page {
				form.Set("controle_site", "https://exemple.fr")
				return c.Post("/mot", form)
			},
			"changed meanwhile": func(c *testkit.Client, page *testkit.Page, form url.Values) *testkit.Page {
				c.Post("/controle/images", url.Values{"controle": {token(page)}})
				return c.Post("/mot", form)
			},
		}
		for name, do := range cases {
			c := k.visitor()
			page := c.Get("/mot")
			k.wait(10 * time.Second)
			form := url.Values{"controle": {token(page)}, "nom": {"Camille"}, "cle": {"une-cle-de-formulaire-" + name}}
			form.Set("controle_image", captchatest.Solve(t, *k.check, token(page))["controle_image"])
			if p := do(c, page, form); p.Status != 422 || problem(p) == "" || k.costs.Load() != 0 {
				t.Errorf("%s: status %d, %q", name, p.Status, problem(p))
			}
			k.wait(61 * time.Minute) // other cases start without counts
		}
		// A robot is faster than three seconds.
		c := k.visitor()
		page := c.Get("/mot")
		k.wait(2 * time.Second)
		if p := page.Submit("#mot", filled(captchatest.Solve(t, *k.check, token(page)))); p.Status != 422 || !strings.Contains(problem(p), "trop vite") {
			t.Errorf("two seconds: status %d, %q", p.Status, problem(p))
		}
		// Another form's test, of the same visitor.
		ctx := context.Background()
		challenge, err := k.check.New(ctx, captcha.Form{Purpose: "autre", Scope: cookie(c)})
		if err != nil {
			t.Fatal(err)
		}
		k.wait(10 * time.Second)
		form := url.Values{"controle": {challenge.Token}, "nom": {"Camille"}, "cle": {"une-cle-de-formulaire-autre"}}
		form.Set("controle_image", captchatest.Solve(t, *k.check, challenge.Token)["controle_image"])
		if p := c.Post("/mot", form); p.Status != 422 || k.costs.Load() != 0 {
			t.Errorf("another form's: status %d", p.Status)
		}
	})
}

func cookie(c *testkit.Client) string {
	for _, one := range c.Cookies() {
		if one.Name == "controle" {
			return one.Value
		}
	}
	return ""
}

func TestOtherPictures(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		c := k.visitor()
		page := c.Get("/mot")
		// Without script: the form comes back as it was, without errors.
		again := page.Submit("#mot", map[string]string{"nom": "Camille", "controle_action": "changer"})
		if again.Status != 200 || token(again) == token(page) || again.Has("#erreurs") || again.Doc.Find("#champ-nom").AttrOr("value", "") != "Camille" {
			t.Fatalf("status %d, %s", again.Status, again.Text("main"))
		}
		// With it: a piece of page that can be answered.
		piece := c.Post("/controle/images", url.Values{"controle": {token(again)}})
		if piece.Status != 200 || token(piece) == "" || token(piece) == token(again) || piece.Doc.Find("input[type=radio]").Length() != 6 {
			t.Fatalf("piece: status %d, %s", piece.Status, piece.Body)
		}
		if p := c.Post("/controle/images", url.Values{"controle": {token(again)}}); p.Status != 404 {
			t.Errorf("changed twice: %d", p.Status)
		}
		if p := c.Get("/controle/son?c=" + token(again)); p.Status != 404 {
			t.Errorf("sound of a test changed: %d", p.Status)
		}
		k.wait(10 * time.Second)
		form := url.Values{"controle": {token(piece)}, "nom": {"Camille"}, "cle": {"une-cle-de-formulaire"}}
		form.Set("controle_image", captchatest.Solve(t, *k.check, token(piece))["controle_image"])
		if p := c.Post("/mot", form); p.Status != 303 {
			t.Errorf("answer to the new pictures: %d %s", p.Status, problem(p))
		}
	})
}

func TestTwoAnswersAtOnceToOneTest(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{Lifted: true})
		c := k.visitor()
		page := c.Get("/mot")
		var all sync.WaitGroup
		for _, guess := range []string{"1", "2", "3", "4", "5", "6"} {
			one := k.As(actor.Actor{})
			one.SetCookie("controle", cookie(c))
			all.Go(func() {
				one.Post("/mot", url.Values{"controle": {token(page)}, "controle_image": {guess}, "nom": {"Robot"}, "cle": {"une-cle-de-formulaire-" + guess}})
			})
		}
		all.Wait()
		states, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
			return db.List(r, db.Column[string], `select state from captcha_challenge where uses > 1`)
		})
		if err != nil || len(states) != 1 || (states[0] != "failed" && states[0] != "spent") {
			t.Fatalf("%v, %v: one answer is judged", states, err)
		}
	})
}

func TestLimitsAreOfTheRightSender(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		limits := captcha.Limits{Free: 100, Visitor: 100, Email: 4, Address: 8, AddressNoWork: 3, Passes: 4, PassesNoWork: 2, PassesForEmail: 2}
		k := newDesk(t, d, limits)
		guess := func(address, email string, work, right bool) *testkit.Page {
			c := k.visitor()
			c.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 4000).String()
			page := c.Get("/mot")
			k.wait(10 * time.Second)
			answer := captchatest.Solve(t, *k.check, token(page))
			if !right {
				answer["controle_image"] = wrongPicture(answer["controle_image"])
			}
			if work {
				answer["controle_travail"] = prove(t, page)
			}
			answer["nom"], answer["courriel"] = "Camille", email
			return page.Submit("#mot", answer)
		}
		stopped := func(p *testkit.Page) bool { return strings.Contains(problem(p), "Trop d’essais") }
		for i := range 3 {
			if stopped(guess("2001:db8::1", "", false, false)) {
				t.Fatalf("stopped at %d", i+1)
			}
		}
		if !stopped(guess("2001:db8::2:3", "", false, true)) {
			t.Error("another address of the same network goes on")
		}
		if p := guess("2001:db8:0:1::1", "", false, true); p.Status != 303 {
			t.Error("another network is stopped")
		}
		if p := guess("2001:db8::2:3", "", true, true); p.Status != 303 {
			t.Error("with proof of work the network's limit is the wide one")
		}
		k.wait(time.Hour)
		for range 4 {
			guess("192.0.2.1", "a@exemple.fr", true, false)
		}
		if !stopped(guess("192.0.2.1", "A@exemple.fr ", true, true)) || stopped(guess("192.0.2.1", "b@exemple.fr", true, true)) {
			t.Error("the limit is not that of the e-mail")
		}
		if p := guess("192.0.2.2", "a@exemple.fr", true, true); p.Status != 303 {
			t.Errorf("somebody's wrong answers stop the address's owner elsewhere: %d", p.Status)
		}
		k.wait(time.Hour)
		for i := range 2 {
			if p := guess("198.51.100.1", "c@exemple.fr", true, true); p.Status != 303 {
				t.Errorf("form %d: %d", i+1, p.Status)
			}
		}
		if !stopped(guess("198.51.100.2", "c@exemple.fr", true, true)) {
			t.Error("forms for one e-mail have no end")
		}
		if !stopped(guess("198.51.100.1", "d@exemple.fr", false, true)) || stopped(guess("198.51.100.1", "d@exemple.fr", true, true)) {
			t.Error("forms from one address without proof of work have no end, or those with it end there")
		}
	})
}

func TestPurge(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		page := k.visitor().Get("/mot")
		k.wait(10 * time.Second)
		page.Submit("#mot", filled(map[string]string{"controle_son": "1"}))
		k.wait(3 * time.Hour)
		n, err := db.Write(context.Background(), d, func(tx *db.Tx) (int64, error) { return captcha.Purge(tx, k.now()) })
		if err != nil || n != 5 {
			t.Fatalf("%d rows, %v: want 2 tests and 3 counts", n, err)
		}
	})
}

// TestAPassIsSpentOnce also when two forms were let through before either was saved.
func TestAPassIsSpentOnce(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		check := newDesk(t, d, captcha.Limits{Lifted: true}).check
		form := captcha.Form{Purpose: "mot", Scope: "moi"}
		c, err := check.New(ctx, form)
		if err != nil {
			t.Fatal(err)
		}
		f := web.NewForm()
		f.Set("controle", c.Token)
		f.Set("controle_image", captchatest.Solve(t, *check, c.Token)["controle_image"])
		var passes []captcha.Pass
		for _, key := range []string{"premier-formulaire", "second-formulaire"} {
			f.Set("cle", key)
			pass, err := check.Verify(ctx, form, f, captcha.Sender{})
			if err != nil {
				t.Fatal(err)
			}
			passes = append(passes, pass)
		}
		spend := func(p captcha.Pass) error {
			return db.Do(ctx, d, func(tx *db.Tx) error { return check.Spend(tx, p) })
		}
		if err := spend(passes[0]); err != nil {
			t.Fatal(err)
		}
		if err := spend(passes[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("spent twice: %v", err)
		}
		if err := spend(captcha.Pass{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a pass that nobody gave: %v", err)
		}
	})
}
