package signup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
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
