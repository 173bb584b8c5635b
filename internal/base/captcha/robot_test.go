package captcha_test

import (
	"context"
	"math"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strconv"
	"testing"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/testkit"
)

// TestAScriptThatGuesses: with the limits lifted, a script gets what chance gives and no more; with them it stops.
// What it gets is a form sent: the account behind still waits for an e-mail and an agent.
func TestAScriptThatGuesses(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		check := newDesk(t, d, captcha.Limits{Lifted: true}).check
		n := size(300, 10000)
		let := guesses(t, check, n, func(i int) string { return strconv.Itoa(1 + rand.IntN(6)) })
		chance := float64(n) / 6
		if bound := chance + 4.5*math.Sqrt(chance*5/6); float64(let) > bound || let == 0 {
			t.Errorf("%d of %d guesses let through, chance gives %.0f", let, n, chance)
		}
		check.Limits = captcha.Limits{}
		limited := guesses(t, check, n, func(i int) string { return strconv.Itoa(1 + rand.IntN(6)) })
		if limited > 30 {
			t.Errorf("%d guesses let through in an hour with the limits", limited)
		}
		judged, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select max(wrong) from captcha_count`)
		})
		if err != nil || judged > 30 {
			t.Errorf("%d wrong answers judged, %v: want 30 at most", judged, err)
		}
	})
}

// guesses sends as many answers from one address, each on a fresh test of a fresh visitor, and tells how many passed.
func guesses(t *testing.T, check *captcha.Check, n int, guess func(i int) string) (passed int) {
	t.Helper()
	ctx := context.Background()
	past := *check
	past.RealNow = func() time.Time { return check.RealNow().Add(-time.Minute) } // a patient script
	for i := range n {
		form := captcha.Form{Purpose: "inscription", Scope: strconv.Itoa(i)}
		c, err := past.New(ctx, form)
		if err != nil {
			t.Fatal(err)
		}
		f := web.NewForm()
		for name, value := range map[string]string{"controle": c.Token, "controle_image": guess(i)} {
			f.Set(name, value)
		}
		if _, err := check.Verify(ctx, form, f, captcha.Sender{Address: netip.MustParseAddr("192.0.2.1")}); err == nil {
			passed++
		}
	}
	return passed
}

// TestScriptsWithoutAPage send what they please.
func TestScriptsWithoutAPage(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		c := k.visitor()
		for _, form := range []url.Values{
			{}, {"nom": {"Robot"}}, {"controle": {"' or 1=1 --"}, "controle_image": {"1"}}, {"controle": {""}, "controle_image": {""}},
			{"controle": {"a", "b"}, "controle_image": {"1", "2", "3", "4", "5", "6"}, "controle_son": {"000"}},
			{"controle_action": {"changer"}, "nom": {"Robot"}},
		} {
			form.Set("cle", "une-cle-de-formulaire-de-robot")
			if p := c.Post("/mot", form); p.Status != 422 && p.Status != 200 || k.costs.Load() != 0 {
				t.Errorf("%v: status %d", form, p.Status)
			}
		}
	})
}
