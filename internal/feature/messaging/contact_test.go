package messaging_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

var typed = map[string]string{"nom": "Lucien Aubry", "courriel": "lucien@exemple.fr", "message": "Bonjour,\n\nla cantine ferme-t-elle le 8 mai ?"}

func with(more map[string]string) map[string]string {
	all := maps.Clone(typed)
	maps.Copy(all, more)
	return all
}

type desk struct {
	*testkit.Portal
	t     *testing.T
	d     *db.DB
	check captcha.Check
	cook  town.ServiceID
	youth town.ServiceID
}

func contacts(t *testing.T, d *db.DB, change ...func(*captcha.Check)) desk {
	t.Helper()
	c := desk{Portal: testkit.NewPortal(t, d, now), t: t, d: d, check: captchatest.Check(d, now)}
	for _, f := range change {
		f(&c.check)
	}
	pages := messaging.Pages{DB: d, Now: func() time.Time { return now }, Settings: &town.Cache{DB: d}, Check: c.check}
	pages.Citizen(c.Router)
	pages.Agent(c.Router)
	c.do(func(tx *db.Tx) (err error) {
		if c.cook, err = town.AddService(tx, now, accounttest.Job, town.Service{Name: "Restauration", Active: true}); err != nil {
			return err
		}
		c.youth, err = town.AddService(tx, now, accounttest.Job, town.Service{Name: "Jeunesse", Active: true})
		return err
	})
	return c
}

func (c desk) do(fn func(*db.Tx) error) {
	c.t.Helper()
	if err := db.Do(context.Background(), c.d, fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c desk) count(query string, args ...any) int64 {
	return accounttest.Count(c.t, c.d, query, args...)
}

// answerer is an agent who answers for some services.
func (c desk) answerer(services ...string) actor.Actor {
	acc := accounttest.Agent(c.t, c.d, now, "")
	return actor.Actor{Kind: actor.Agent, Second: true, Account: string(acc.ID), Person: string(acc.Person), Name: "Nadia Rahmani",
		Rights: map[actor.Right][]string{messaging.ContactAnswer: services}}
}

// written puts a message in, without pages.
func (c desk) written(m messaging.ContactMessage) messaging.ContactMessage {
	c.t.Helper()
	if m.Name == "" {
		m.Name, m.Email, m.Body = "Lucien Aubry", "lucien@exemple.fr", "Une question."
	}
	if m.Proof == "" {
		m.Proof = messaging.ByCheck
	}
	kept, err := db.Write(context.Background(), c.d, func(tx *db.Tx) (messaging.ContactMessage, error) {
		return messaging.Contact(tx, now, actor.Actor{}, m, messaging.Sender{Network: db.NewID(), Mailbox: db.NewID()})
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return kept
}

func token(p *testkit.Page) string { return p.Doc.Find("input[name=controle]").AttrOr("value", "") }

func TestVisitorWritesWithTheCheck(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		tab := c.As(actor.Actor{})
		form := tab.Get("/contacts/ecrire")
		if form.Status != 200 || !form.Has("input[name=controle_image]") {
			t.Fatalf("form: %d, check %v", form.Status, form.Has("input[name=controle_image]"))
		}
		refused := form.Submit("main form", with(map[string]string{"service": string(c.cook)}))
		if refused.Status != 422 || !strings.Contains(refused.Text("textarea[name=message]"), "8 mai") ||
			refused.Doc.Find("option[selected]").AttrOr("value", "") != string(c.cook) {
			t.Fatalf("without an answer to the check: %d, %q", refused.Status, refused.Text("textarea[name=message]"))
		}
		if n := c.count(`select count(*) from contact_message`); n != 0 {
			t.Fatalf("%d messages kept without the check", n)
		}
		mistyped := refused.Submit("main form", with(mergeOf(captchatest.Solve(t, c.check, token(refused)), map[string]string{"courriel": "lucien"})))
		if mistyped.Status != 422 || mistyped.Has("input[name=controle_image]") {
			t.Fatalf("a mistyped address after a right answer: %d, asked again %v", mistyped.Status, mistyped.Has("input[name=controle_image]"))
		}
		done := mistyped.Submit("main form", map[string]string{"courriel": "lucien@exemple.fr"})
		if done.Status != 303 {
			t.Fatalf("sent: %d %s", done.Status, done.Text("main"))
		}
		reference := textOf(t, d, `select reference from contact_message`)
		if page := done.Follow(); !strings.Contains(page.Doc.Text(), reference) {
			t.Errorf("the page after does not give the reference %s", reference)
		}
		if again := mistyped.Submit("main form", map[string]string{"courriel": "lucien@exemple.fr"}); again.Status != 303 {
			t.Errorf("the same form twice: %d", again.Status)
		}
		if n := c.count(`select count(*) from contact_message where proof = 'check' and service = $1`, string(c.cook)); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		if n := c.count(`select count(*) from mail_outbox where to_address = $1 and template = $2`, "lucien@exemple.fr", messaging.MailContactReceived); n != 1 {
			t.Errorf("%d receipts, want 1", n)
		}
	})
}

// TestReceiptGivesTheReferenceAndNothingElse follows the page after a message, and opens it with other texts in its
// address: nobody makes the town's page say what she wants.
func TestReceiptGivesTheReferenceAndNothingElse(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		tab := c.As(actor.Actor{})
		form := tab.Get("/contacts/ecrire")
		done := form.Submit("main form", with(captchatest.Solve(t, c.check, token(form))))
		reference := textOf(t, d, `select reference from contact_message`)
		receipt := done.Follow()
		if text := receipt.Text("main"); !strings.Contains(text, "Votre référence : "+reference+".") {
			t.Errorf("the receipt says: %s", text)
		}
		path, _, _ := strings.Cut(receipt.Path, "?")
		for name, given := range map[string]string{"nothing": "", "a sentence": "Appelez le 08 99 99 99 99", "as long as one": "M-8CAFE-BAR", "other letters": "M-OULU-LOLI", "small letters": strings.ToLower(reference),
			"another prefix": "R" + reference[1:], "a tail": reference + "0", "no dash": strings.Replace(reference[2:], "-", "0", 1) + "00"} {
			page := tab.Get(path + "?" + url.Values{"reference": {given}}.Encode())
			if text := page.Text("main"); page.Status != 200 || strings.Contains(text, "référence") || given != "" && strings.Contains(text, given) {
				t.Errorf("%s: %d %s", name, page.Status, text)
			}
		}
	})
}

func TestChangingPicturesKeepsTheMessage(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		form := c.As(actor.Actor{}).Get("/contacts/ecrire")
		other := form.Submit("main form", with(map[string]string{"controle_action": "changer"}))
		if other.Status != 200 || !strings.Contains(other.Text("textarea[name=message]"), "8 mai") || token(other) == token(form) {
			t.Errorf("other pictures: %d, message %q", other.Status, other.Text("textarea[name=message]"))
		}
	})
}

func TestQuietTownAsksAVisitorForNoPicture(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d, func(check *captcha.Check) { check.Quiet = func(context.Context) bool { return true } })
		form := c.As(actor.Actor{}).Get("/contacts/ecrire")
		if !form.Has("[data-check-quiet] input[name=controle_image]") {
			t.Fatal("who has no script sees no pictures")
		}
		if refused := form.Submit("main form", typed); refused.Status != 422 || refused.Has("[data-check-quiet]") {
			t.Errorf("without work: %d", refused.Status)
		}
		form = c.As(actor.Actor{}).Get("/contacts/ecrire")
		work := captchatest.Work(form.Doc.Find("[data-work]").AttrOr("data-work", ""))
		if done := form.Submit("main form", with(work)); done.Status != 303 {
			t.Errorf("the work alone: %d %s", done.Status, done.Text(".error-summary"))
		}
		if n := c.count(`select count(*) from contact_message where proof = 'check'`); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
	})
}

func TestFamilyWritesWithoutTheCheck(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		family := func(confirmed bool, name string) actor.Actor {
			acc := accounttest.Citizen(t, d, now, "", func(p *person.Person, acc *account.Account) {
				p.Email, p.Mobile, acc.Email, acc.Username = name+"@exemple.fr", "+33612345678", name+"@exemple.fr", name
				if confirmed {
					acc.EmailConfirmedAt = civil.InstantOf(now)
				}
			})
			return actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(acc.ID), Person: string(acc.Person), Name: "Camille Martin"}
		}
		known, unknown := family(true, "camille"), family(false, "sacha")
		tab := c.As(known)
		form := tab.Get("/espace/messages").Click("a[href='/contacts/ecrire']")
		if form.Has("input[name=controle]") || form.Doc.Find("input[name=nom]").AttrOr("value", "") != "Camille Martin" {
			t.Errorf("a family is checked, or not known")
		}
		if done := form.Submit("main form", map[string]string{"message": "Une question de Camille."}); done.Status != 303 {
			t.Fatalf("sent: %d %s", done.Status, done.Text("main"))
		}
		c.As(unknown).Get("/contacts/ecrire").Submit("main form", map[string]string{"message": "Une question de Sacha."}).Follow()
		if n := c.count(`select count(*) from mail_outbox where to_address = 'camille@exemple.fr'`); n != 1 {
			t.Errorf("%d receipts to a confirmed address, want 1", n)
		}
		if n := c.count(`select count(*) from mail_outbox where to_address = 'sacha@exemple.fr'`); n != 0 {
			t.Errorf("%d receipts to an address that nobody confirmed, want 0", n)
		}
		page := tab.Get("/espace/messages")
		if text := page.Text("main"); !strings.Contains(text, "Une question de Camille.") || strings.Contains(text, "Sacha") {
			t.Errorf("own messages: %s", text)
		}
		half := known
		half.State = actor.MustPass
		_, err := db.Write(context.Background(), d, func(tx *db.Tx) (messaging.ContactMessage, error) {
			return messaging.Contact(tx, now, half, messaging.ContactMessage{Name: "C", Email: "c@exemple.fr", Body: "x", Proof: messaging.BySession}, messaging.Sender{})
		})
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("with a provisional password: %v", err)
		}
	})
}

func TestWithoutCheck(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		clock := now
		c := contacts(t, d, func(check *captcha.Check) {
			check.Limits = captcha.Limits{}
			check.RealNow = func() time.Time { return clock }
		})
		open := func() *testkit.Page {
			page := c.As(actor.Actor{}).Get("/contacts/ecrire").Click("a[href='/contacts/ecrire/sans-controle']")
			if page.Has("input[name=controle]") {
				t.Fatal("the form without check has one")
			}
			return page
		}
		fast := open().Submit("main form", typed)
		if fast.Status != 422 || !strings.Contains(fast.Text("textarea[name=message]"), "8 mai") {
			t.Errorf("sent at once: %d", fast.Status)
		}
		page := open()
		clock = clock.Add(10 * time.Second)
		if trapped := page.Submit("main form", with(map[string]string{"site_web": "http://exemple.com"})); trapped.Status != 422 {
			t.Errorf("the trap was filled: %d", trapped.Status)
		}
		if forged := page.Submit("main form", with(map[string]string{"ouvert": fmt.Sprint(now.Add(-time.Hour).Unix()) + ".00"})); forged.Status != 422 {
			t.Errorf("a forged moment: %d", forged.Status)
		}
		for i := range 3 {
			page := open()
			clock = clock.Add(10 * time.Second)
			if done := page.Submit("main form", typed); done.Status != 303 {
				t.Fatalf("message %d: %d %s", i+1, done.Status, done.Text("main"))
			}
		}
		page = open()
		clock = clock.Add(10 * time.Second)
		over := page.Submit("main form", typed)
		if over.Status != 429 || !strings.Contains(over.Text("textarea[name=message]"), "8 mai") {
			t.Errorf("a fourth the same day: %d", over.Status)
		}
		if n := c.count(`select count(*) from contact_message where proof = 'none'`); n != 3 {
			t.Errorf("%d messages, want 3", n)
		}
		if n := c.count(`select count(*) from mail_outbox`); n != 0 {
			t.Errorf("%d mails to addresses that nobody proved, want 0", n)
		}
		queue := c.As(c.answerer(actor.AllServices)).Get("/agents/contacts")
		if !strings.Contains(queue.Text("main"), "sans contrôle") || !queue.Click("main .row-link").Has(".tag-warning, [class*=warning]") {
			t.Errorf("agents do not see that there was no check: %s", queue.Text("main"))
		}
	})
}

func TestLimitsOfADay(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		send := func(at time.Time, proof messaging.Proof, from messaging.Sender) fault.Kind {
			_, err := db.Write(context.Background(), d, func(tx *db.Tx) (messaging.ContactMessage, error) {
				return messaging.Contact(tx, at, actor.Actor{}, messaging.ContactMessage{Name: "R", Email: "victime@exemple.fr", Body: "x", Proof: proof}, from)
			})
			return fault.KindOf(err)
		}
		sent := 0
		for i := range 20 { // one subscriber with as many networks as one likes
			if send(now.AddDate(0, 0, -1), messaging.Unproven, messaging.Sender{Network: fmt.Sprint("v", i), Area: "v"}) == fault.Unknown {
				sent++
			}
		}
		if sent != 10 {
			t.Errorf("%d messages without check of one wider network in a day, want 10", sent)
		}
		sent = 0
		for i := range 100 { // as many networks as one likes
			if send(now, messaging.Unproven, messaging.Sender{Network: fmt.Sprint(i), Area: fmt.Sprint(i / 9)}) == fault.Unknown {
				sent++
			}
		}
		if sent != 60 {
			t.Errorf("%d messages without check in a day, want 60", sent)
		}
		for i := range 5 {
			if k := send(now, messaging.ByCheck, messaging.Sender{Network: fmt.Sprint("n", i), Mailbox: "victime"}); k != fault.Unknown {
				t.Fatalf("message %d: %v", i, k)
			}
		}
		if n := c.count(`select count(*) from mail_outbox where to_address = 'victime@exemple.fr'`); n != 3 {
			t.Errorf("%d receipts to one address in a day, want 3", n)
		}
		if k := send(now.AddDate(0, 0, 1), messaging.Unproven, messaging.Sender{Network: "1", Area: "1"}); k != fault.Unknown {
			t.Errorf("the day after: %v", k)
		}
	})
}

func TestAgentsOfTheServiceAnswer(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		m := c.written(messaging.ContactMessage{Name: "Lucien Aubry", Email: "lucien@exemple.fr", Body: "Bonjour.", Service: c.cook})
		whole := c.written(messaging.ContactMessage{})
		cook, youth := c.answerer(string(c.cook)), c.answerer(string(c.youth))
		path := "/agents/contacts/" + string(m.ID)
		for _, act := range []string{"", "/prise-en-charge", "/reponse", "/classement", "/service"} {
			tab := c.As(youth)
			page := tab.Get(path)
			if act != "" {
				page = tab.Post(path+act, map[string][]string{"cle": {db.NewID()}, "reponse": {"x"}, "motif": {"x"}, "service": {string(c.youth)}})
			}
			if page.Status != 404 {
				t.Errorf("an agent of another service, %q: %d", act, page.Status)
			}
		}
		if list := c.As(youth).Get("/agents/contacts").Text("main"); strings.Contains(list, m.Reference) || !strings.Contains(list, whole.Reference) {
			t.Errorf("what another service sees: %s", list)
		}
		if page := c.As(agent(actor.AllServices)).Get("/agents/contacts"); page.Status != 403 {
			t.Errorf("an agent without the right: %d", page.Status)
		}
		tab := c.As(cook)
		if page := tab.Get("/agents/contacts").Click("main .row-link"); page.Status != 200 {
			t.Errorf("from the list to the message: %d", page.Status)
		}
		page := tab.Get(path).Submit("form[action$='/prise-en-charge']", nil).Follow()
		if !strings.Contains(page.Text("main"), "Vous vous occupez de ce message") {
			t.Errorf("taken: %s", page.Text("main"))
		}
		empty := page.Submit("form[action$='/reponse']", map[string]string{"reponse": " "})
		if empty.Status != 422 {
			t.Errorf("an empty answer: %d", empty.Status)
		}
		answered := empty.Submit("form[action$='/reponse']", map[string]string{"reponse": "Oui.\n\nLa cantine ferme le 8 mai."})
		if answered.Status != 303 {
			t.Fatalf("answered: %d %s", answered.Status, answered.Text("main"))
		}
		late := page.Submit("form[action$='/classement']", map[string]string{"motif": "doublon"})
		if late.Status != 409 {
			t.Errorf("filed after the answer: %d", late.Status)
		}
		if n := c.count(`select count(*) from mail_outbox where template = $1 and args like '%cantine%'`, messaging.MailContactAnswered); n != 0 {
			t.Error("the answer's text is in the outbox")
		}
		c.mailSays(messaging.MailContactAnswered, m.ID, "La cantine ferme le 8 mai.")
	})
}

// mailSays renders a mail of a message as the worker would.
func (c desk) mailSays(template string, id messaging.ContactID, want string) {
	c.t.Helper()
	deps := messaging.MailDeps{Now: func() time.Time { return now }, URL: func(p string) string { return "http://portail.test" + p }}
	for _, tpl := range messaging.Mails(deps) {
		if tpl.Name != template {
			continue
		}
		body, err := db.Read(context.Background(), c.d, func(r db.Reader) (mail.Body, error) {
			return tpl.Render(context.Background(), r, map[string]string{"contact": string(id)})
		})
		if err != nil {
			c.t.Fatal(err)
		}
		_, text, _, err := mail.Render(mail.Look{Town: "Mairie de Rivebelle"}, body)
		if err != nil || !strings.Contains(text, want) {
			c.t.Errorf("%s says %q (%v), want %q", template, text, err, want)
		}
		if template == messaging.MailContactReceived && strings.Contains(text, "Lucien") {
			c.t.Errorf("a receipt to an address that nobody proved repeats what was typed: %s", text)
		}
	}
}

func TestReceiptRepeatsNothingTyped(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		m := c.written(messaging.ContactMessage{})
		c.mailSays(messaging.MailContactReceived, m.ID, m.Reference)
	})
}

func TestForwardFindAndPurge(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := contacts(t, d)
		m := c.written(messaging.ContactMessage{Name: "Zoé d’Été", Phone: "01 39 98 01 99", Body: "Rappelez-moi.", Service: c.cook})
		kept := c.written(messaging.ContactMessage{})
		cook, youth := c.answerer(string(c.cook)), c.answerer(string(c.youth))
		find := func(a actor.Actor, query string) int {
			hits, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
				hits, err := messaging.FindContact(r, a, query)
				return len(hits), err
			})
			if err != nil {
				t.Fatal(err)
			}
			return hits
		}
		for _, query := range []string{strings.ToLower(m.Reference), "zoe", "Zoé d’été", "0139980199"} {
			if find(cook, query) != 1 || find(youth, query) != 0 {
				t.Errorf("%q: the service finds %d, another %d", query, find(cook, query), find(youth, query))
			}
		}
		for _, query := range []string{"%", "_", "oe", ""} {
			if n := find(cook, query); n != 0 {
				t.Errorf("%q finds %d", query, n)
			}
		}
		c.do(func(tx *db.Tx) error { return messaging.Forward(tx, now, cook, m.ID, c.youth) })
		n, oldest, err := countOf(d, youth)
		if err != nil || n != 2 || oldest != civil.InstantOf(now) {
			t.Errorf("after the forwarding %d wait since %v: %v", n, oldest, err)
		}
		c.do(func(tx *db.Tx) error { _, err := messaging.Answer(tx, now, youth, m.ID, "Rappelée."); return err })
		if n := c.count(`select count(*) from mail_outbox where template = $1`, messaging.MailContactAnswered); n != 0 {
			t.Errorf("%d mails for an answer by phone", n)
		}
		purge := func(at time.Time) (n int64) {
			c.do(func(tx *db.Tx) (err error) { n, err = messaging.PurgeContacts(tx, at); return err })
			return n
		}
		if n := purge(now.AddDate(0, 0, 364)); n != 0 {
			t.Errorf("%d purged before a year", n)
		}
		if n := purge(now.AddDate(0, 0, 366)); n != 1 {
			t.Errorf("%d purged after a year, want 1: what waits stays", n)
		}
		if n := c.count(`select count(*) from contact_message where id = $1`, string(kept.ID)); n != 1 {
			t.Error("a message that nobody answered was purged")
		}
		if n := c.count(`select count(*) from contact_count`); n != 0 {
			t.Errorf("%d counts of days gone by stay", n)
		}
	})
}

func countOf(d *db.DB, a actor.Actor) (n int, oldest civil.Instant, err error) {
	err = db.Do(context.Background(), d, func(tx *db.Tx) error {
		n, oldest, err = messaging.ContactQueue().Count(tx, now, a)
		return err
	})
	return n, oldest, err
}

func mergeOf(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	return merged
}

func textOf(t *testing.T, d *db.DB, query string) string {
	t.Helper()
	s, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) { return db.One(r, "text", db.Column[string], query) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}
