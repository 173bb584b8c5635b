package signup

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/testkit"
)

// with is a browser like the owner's that shows a cookie.
func (k *desk) with(token string) *testkit.Client {
	c := k.visitor()
	c.SetCookie(draftCookie, token)
	return c
}

// TestReplacedCookieOpensNothing tries every cookie that the owner had before the one she has received, with a browser
// like hers: on each page, as a form, and « Annuler ».
func TestReplacedCookieOpensNothing(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		owner := k.visitor()
		page := owner.Get(root + "/identite")
		page = page.SubmitAll(form, values(who), testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: k.selfie("")}).Follow()
		var old []string
		next := func(answers map[string]string) {
			t.Helper()
			old = append(old, cookie(owner, draftCookie))
			page = page.Submit(form, answers).Follow() // the page comes with the next cookie: it was received
			for i, token := range old {
				for _, path := range []string{"/identite", "/adresse", "/moyens-de-contact", "/authentification", "/photo", "/annuler", ""} {
					got := k.with(token).Get(root + path)
					if got.Status == 200 && (strings.Contains(got.Body, "Nguyễn") || strings.Contains(got.Body, "exemple.fr") || got.Has("main a[href$='/annuler']") || path == "/photo") {
						t.Errorf("cookie %d of %d opens %s: %s", i+1, len(old)+1, path, got.Text("main"))
					}
				}
				k.with(token).Post(root+"/annuler", values(map[string]string{"cle": "AAAAAAAAAAAAAAAAAAAAAAAA"}))
				k.with(token).Post(root+"/identite", values(map[string]string{"cle": "BBBBBBBBBBBBBBBBBBBBBBBB", "nom": "Voleur", "prenoms": "Léo"}))
			}
			if got := value(owner.Get(root+"/identite"), "nom"); got != "Nguyễn" {
				t.Errorf("after the thief, the owner's draft reads %q", got)
			}
		}
		next(where)
		next(reach)
		sent := page.Submit(form, k.solved(page, secrets))
		if sent.Status != 303 || k.demand().Reference == "" {
			t.Errorf("the owner's demand: %d %s", sent.Status, sent.Text(".error-summary"))
		}
	})
}

// TestLostAnswerIsOneAnswer loses the answer of a screen, and shows the cookie before again.
func TestLostAnswerIsOneAnswer(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		lost := func() (c *testkit.Client, page *testkit.Page, before, after string) {
			c = k.visitor()
			page = c.Get(root + "/identite")
			page = page.SubmitAll(form, values(who), testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: k.selfie("x")}).Follow()
			before = cookie(c, draftCookie)
			page.Submit(form, where)
			return c, page, before, cookie(c, draftCookie)
		}
		t.Run("a page shown once, with a cookie to go on", func(t *testing.T) {
			_, _, before, after := lost()
			if got := k.with(before).Get(root + "/photo"); got.Status != 404 {
				t.Errorf("the photo, which is no page, answers %d", got.Status)
			}
			c := k.with(before)
			if got := value(c.Get(root+"/adresse"), "voie"); got != "rue des Écoles" {
				t.Errorf("the page reads %q", got)
			}
			if got := value(k.with(before).Get(root+"/adresse"), "voie"); got != "" {
				t.Errorf("a second time it reads %q", got)
			}
			for range 2 {
				if got := value(c.Get(root+"/adresse"), "voie"); got != "rue des Écoles" {
					t.Errorf("the browser that had the answer reads %q", got)
				}
			}
			if got := value(k.with(after).Get(root+"/adresse"), "voie"); got != "" {
				t.Errorf("the cookie that never came reads %q although another was received", got)
			}
		})
		t.Run("two answers in either order leave a good cookie", func(t *testing.T) {
			_, _, before, after := lost()
			k.with(before).Get(root + "/adresse") // its own answer is overtaken by the form's
			if got := value(k.with(after).Get(root+"/adresse"), "voie"); got != "rue des Écoles" {
				t.Errorf("the form's cookie, received last, reads %q", got)
			}
		})
		t.Run("another form sent once", func(t *testing.T) {
			_, _, before, _ := lost()
			first := k.with(before)
			first.Post(root+"/adresse", values(map[string]string{"cle": "CCCCCCCCCCCCCCCCCCCCCCCC", "voie": "quai des Brumes", "code_postal": "78999", "ville": "Rivebelle"}))
			if got := value(first.Get(root+"/identite"), "nom"); got != "Nguyễn" {
				t.Errorf("after it the draft reads %q", got)
			}
			if got := value(k.with(before).Get(root+"/identite"), "nom"); got != "" {
				t.Errorf("a second time the draft reads %q", got)
			}
		})
		t.Run("a last screen that the verb refuses", func(t *testing.T) {
			k.check.Limits.Lifted = true
			c := k.visitor()
			page := k.asked(c, reach).Submit("form[action$='/correction']", nil).Follow().Submit(form, reach).Follow()
			before := cookie(c, draftCookie)
			page.Submit(form, map[string]string{"aller": "precedent"})
			c.SetCookie(draftCookie, before)
			fields := k.solved(page, secrets)
			fields["cle"] = "DDDDDDDDDDDDDDDDDDDDDDDD"
			if refused := page.Submit(form, fields); refused.Status != 422 || !strings.Contains(refused.Text("main"), "Attendez 2 minutes") {
				t.Fatalf("a second mail at once: %d %s", refused.Status, refused.Text(".error-summary"))
			}
			if got := value(k.with(before).Get(root+"/identite"), "nom"); got != "" {
				t.Errorf("after the refusal the cookie before reads %q", got)
			}
			if got := value(c.Get(root+"/identite"), "nom"); got != "Nguyễn" {
				t.Errorf("after the refusal the owner reads %q", got)
			}
		})
		t.Run("the same form, however often the button is pressed", func(t *testing.T) {
			c, page, before, after := lost()
			for range 3 {
				c.SetCookie(draftCookie, before)
				page.Submit(form, where)
				if got := cookie(c, draftCookie); got != after {
					t.Fatal("the same form gets another cookie")
				}
			}
			c.Get(root + "/adresse")
			if got := value(k.with(before).Get(root+"/identite"), "nom"); got != "" {
				t.Errorf("once its answer is shown, the cookie before reads %q", got)
			}
		})
	})
}

func TestReplacedCookieShownByManyAtOnce(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		who := Ticket{Browser: "b", Address: "a"}
		save := func(t Ticket, form string) string {
			token, err := db.Write(context.Background(), d, func(tx *db.Tx) (string, error) {
				_, token, err := SaveDraft(tx, k.now, k.key, t, form, func(*Draft) {})
				return token, err
			})
			if err != nil {
				k.t.Fatal(err)
			}
			return token
		}
		for round := range 25 {
			before := who
			before.Token = save(who, "")
			save(before, "a form")
			var opened atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for range 6 {
				all.Go(func() {
					<-start
					err := db.Do(context.Background(), d, func(tx *db.Tx) error {
						_, _, err := ShowDraft(tx, k.now, k.key, before)
						return err
					})
					switch {
					case err == nil:
						opened.Add(1)
					case fault.KindOf(err) != fault.NotFound:
						t.Error(err)
					}
				})
			}
			close(start)
			all.Wait()
			if opened.Load() != 1 {
				t.Fatalf("round %d: %d of 6 opened the draft by the cookie before, want 1", round, opened.Load())
			}
		}
	})
}
