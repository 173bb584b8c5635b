package signup

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// TestCorrectingTheAddressBeginsNoNewCount sends the same demand again by « corriger l’adresse », in the same tab and
// in others, to an address and back.
func TestCorrectingTheAddressBeginsNoNewCount(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.check.Limits.Lifted = true
		sentTo := func(address string) int64 {
			return list[int64](k, "select count(*) from mail_outbox where template = '"+MailConfirm+"' and to_address = '"+address+"'")[0]
		}
		again := func(page *testkit.Page, address string) *testkit.Page {
			t.Helper()
			corrected := page.Submit("form[action$='/correction']", nil).Follow()
			last := corrected.Submit(form, map[string]string{"courriel": address}).Follow()
			// What was sent is gone from here: only the mails still queued leave with a demand.
			if err := db.Do(t.Context(), d, func(tx *db.Tx) error { _, err := tx.Exec("update mail_outbox set account = ''"); return err }); err != nil {
				t.Fatal(err)
			}
			return last.Submit(form, k.solved(last, secrets))
		}
		page := k.asked(k.visitor(), reach)
		if early := again(page, reach["courriel"]); early.Status != 422 || !strings.Contains(early.Text("main"), "Attendez 2 minutes") {
			t.Errorf("the same address at once: %d", early.Status)
		}
		page = k.asked(k.visitor(), map[string]string{"courriel": "autre@exemple.fr"})
		stopped := 0
		for i := range 8 {
			k.now = k.now.Add(3 * time.Minute)
			sent := again(page, "autre@exemple.fr")
			if sent.Status == 422 {
				stopped++
				break
			}
			if page = sent.Follow(); i >= mailsEach {
				t.Fatalf("mail %d of one demand", i+2)
			}
		}
		if stopped == 0 {
			t.Error("corrections of nothing have no end")
		}
		page = k.asked(k.visitor(), map[string]string{"courriel": "victime@exemple.fr"})
		for i := range 8 {
			k.now = k.now.Add(3 * time.Minute)
			page = again(page, fmt.Sprintf("a%d@exemple.fr", i)).Follow()
			k.now = k.now.Add(3 * time.Minute)
			page = again(page, "victime@exemple.fr").Follow()
		}
		if n := sentTo("victime@exemple.fr"); n != mailsADay {
			t.Errorf("%d mails to one address in a day, want %d", n, mailsADay)
		}
	})
}

// TestChangingPicturesKeepsThePassword presses « Changer les images » without the script, with the password typed.
func TestChangingPicturesKeepsThePassword(t *testing.T) {
	change := func(typed map[string]string) map[string]string {
		all := map[string]string{"controle_action": "changer"}
		for name, v := range typed {
			all[name] = v
		}
		return all
	}
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := k.toLast(c, reach)
		before := page.Doc.Find("input[name=controle]").AttrOr("value", "")
		mistyped := page.Submit(form, change(map[string]string{"mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-28"}))
		if mistyped.Status != 200 || len(k.hashes) != 0 || strings.Contains(mistyped.Text("main"), "mot de passe est gardé") || strings.Contains(mistyped.Body, "Canard-Violet") {
			t.Errorf("two passwords that differ: %d, %d hashes: %s", mistyped.Status, len(k.hashes), mistyped.Text("main"))
		}
		for i := range keptHashes + 3 {
			page = page.Submit(form, change(map[string]string{"identifiant": "zoe.n", "mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-27"}))
			if got := page.Doc.Find("input[name=controle]").AttrOr("value", ""); page.Status != 200 || got == before || value(page, "identifiant") != "zoe.n" {
				t.Fatalf("other pictures: %d, others %v, identifier %q", page.Status, got != before, value(page, "identifiant"))
			}
			if strings.Contains(page.Body, "Canard-Violet") || strings.Contains(page.Body, "hachage de") {
				t.Fatal("the page shows the password or its hash")
			}
			if i == 0 && !strings.Contains(page.Text("main"), "Votre mot de passe est gardé.") {
				t.Errorf("the page does not say that the password is kept: %s", page.Text("main"))
			}
		}
		if len(k.hashes) != keptHashes || k.count("account") != 0 {
			t.Errorf("%d hashes, %d accounts", len(k.hashes), k.count("account"))
		}
		c = k.visitor()
		page = k.toLast(c, reach)
		page = page.Submit(form, change(secrets))
		again := page.Submit(form, change(nil))
		if !strings.Contains(again.Text("main"), "Votre mot de passe est gardé.") {
			t.Error("other pictures once more: the password is forgotten")
		}
		hashed := len(k.hashes)
		sent := again.Submit(form, k.solved(again, nil))
		if sent.Status != 303 || k.count("account") != 1 || len(k.hashes) != hashed {
			t.Fatalf("without typing it again: %d, %d hashes more: %s", sent.Status, len(k.hashes)-hashed, sent.Text(".error-summary"))
		}
		if hash := list[string](k, "select password_hash from account")[0]; !strings.HasPrefix(hash, "hachage de") {
			t.Errorf("the account's hash is %q", hash)
		}
	})
}

// TestQuietTownAsksForNoPicture sends the demand with the work alone, then without it.
func TestQuietTownAsksForNoPicture(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.check.Quiet = func(context.Context) bool { return true }
		k.portal = testkit.NewPortal(t, d, k.now, func(c *web.Config) { c.Now = k.clock })
		k.pages().Citizen(k.portal.Router)
		page := k.toLast(k.visitor(), reach)
		if !page.Has("[data-check-quiet] input[name=controle_image]") {
			t.Fatal("who has no script sees no pictures")
		}
		refused := page.Submit(form, secrets)
		if refused.Status != 422 || refused.Has("[data-check-quiet]") || !refused.Has("input[name=controle_image]") || k.count("account") != 0 {
			t.Errorf("without work: %d", refused.Status)
		}
		page = k.toLast(k.visitor(), reach)
		fields := captchatest.Work(page.Doc.Find("[data-work]").AttrOr("data-work", ""))
		for name, v := range secrets {
			fields[name] = v
		}
		if sent := page.Submit(form, fields); sent.Status != 303 || k.count("account") != 1 {
			t.Errorf("the work alone: %d %s", sent.Status, sent.Text(".error-summary"))
		}
		if acc, _ := k.accountOf(k.demand()); acc.State != account.Unconfirmed || k.count("mail_outbox") != 1 {
			t.Errorf("the link in the mail remains: %s, %d mails", acc.State, k.count("mail_outbox"))
		}
	})
}

func TestCancelledDraftsStillCountTheirHashes(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		for i := range hashesAnHour + 6 {
			c := k.visitor()
			c.RemoteAddr = fmt.Sprintf("[2001:db8:1:1::%x]:4000", i+1) // one household, as many addresses
			page := k.toLast(c, reach)
			page.Submit(form, k.wrong(page, secrets))
			c.Get(root+"/annuler").Submit("main form", nil)
		}
		if k.count("signup_draft") != 0 {
			t.Fatal("the drafts are not cancelled")
		}
		if len(k.hashes) != hashesAnHour {
			t.Errorf("%d passwords hashed for drafts of one household in an hour, want %d", len(k.hashes), hashesAnHour)
		}
		k.now = k.now.Add(time.Hour)
		page := k.toLast(k.visitor(), reach)
		page.Submit(form, k.wrong(page, secrets))
		if len(k.hashes) != hashesAnHour+1 {
			t.Error("the hour after, none")
		}
		k.now = k.now.AddDate(0, 0, 3)
		if err := (Sweep{DB: d, Now: k.clock}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k.count("signup_hash") != 0 || k.count("signup_mail") != 0 {
			t.Error("counts are kept for ever")
		}
	})
}

func TestNamesThatAreNoNamesAreNotMailed(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		page := k.visitor().Get(root + "/identite")
		for _, name := range []string{"sur parvis-remboursement.com", "312 € à percevoir", "http://exemple.fr"} {
			if got := page.Submit(form, map[string]string{"nom": name, "prenoms": "Zoé"}); got.Status != 422 {
				t.Errorf("%q: %d", name, got.Status)
			}
		}
		k.asked(k.visitor(), reach)
		m := MailDeps{Key: k.key, Now: k.clock, URL: func(path string) string { return path }}
		body, err := db.Read(t.Context(), d, func(r db.Reader) (mail.Body, error) {
			return m.confirm(t.Context(), r, map[string]string{"signup": string(k.demand().ID)})
		})
		if err != nil || body.ToName != "" || body.Greeting != "Bonjour," || strings.Contains(fmt.Sprint(body), who["nom"]) {
			t.Errorf("a mail to an address that nobody confirmed says %q %v", body.Greeting, err)
		}
	})
}
