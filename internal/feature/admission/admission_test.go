package admission_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("CET", 3600))

type house struct {
	t      *testing.T
	d      *db.DB
	key    *crypt.Key
	now    time.Time
	pages  admission.Pages
	portal *testkit.Portal
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachEngine(t, admission.Sources(), func(t *testing.T, d *db.DB) {
		h := &house{t: t, d: d, key: crypt.NewKey(), now: start}
		clock := func() time.Time { return h.now }
		settings := &town.Cache{DB: d}
		desk := admission.Desk{DB: d, Key: h.key, Now: clock, PerMinute: 2}.Quick()
		signIn := account.Pages{Gate: account.Gate{DB: d, Key: h.key, Now: clock, RealNow: clock}, Settings: settings}
		h.pages = admission.Pages{Desk: desk, Settings: settings, URL: func(path string) string { return "https://portail.test" + path },
			SignIn: signIn.Enter}
		h.portal = testkit.NewPortal(t, d, start, func(c *web.Config) { c.Now = clock })
		h.pages.Citizen(h.portal.Router)
		h.pages.Agent(h.portal.Router)
		signIn.Citizen(h.portal.Router)
		fn(t, h)
	})
}

// agent holds every right of the package.
func agent() actor.Actor {
	all := []string{actor.AllServices}
	return actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Name: "Nadia Rahmani", Rights: map[actor.Right][]string{
		admission.Read: all, admission.SendRight: all, admission.Print: all, admission.Campaign: all, person.ContactWrite: all}}
}

// imported makes an unclaimed account.
func (h *house) imported(username, email string) account.Account {
	h.t.Helper()
	return accounttest.Citizen(h.t, h.d, h.now, "", func(p *person.Person, acc *account.Account) {
		p.LastName, p.Email = "Martin "+username, email
		acc.Username, acc.Email, acc.State = username, email, account.Unclaimed
	})
}

func (h *house) write(verb func(tx *db.Tx) error) error {
	return db.Do(context.Background(), h.d, verb)
}

func (h *house) send(acc account.Account) {
	h.t.Helper()
	ready, err := h.pages.Prepare(context.Background())
	if err == nil {
		err = h.write(func(tx *db.Tx) error { return admission.Send(tx, h.now, agent(), h.key, ready, acc.ID) })
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) runJobs() {
	h.t.Helper()
	n := jobs.Runner{DB: h.d, Now: func() time.Time { return h.now }, Handlers: h.pages.Handlers()}
	if _, err := n.Once(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) history(acc account.Account) []admission.Activation {
	h.t.Helper()
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]admission.Activation, error) { return admission.ForAccount(r, acc.ID) })
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) path(v admission.Activation) string {
	return "/activation/" + admission.LinkSecret(h.key, v.ID)
}

func (h *house) word(acc account.Account) admission.Word {
	h.t.Helper()
	f, err := db.Read(context.Background(), h.d, func(r db.Reader) (admission.Followed, error) { return admission.WordOf(r, admission.Reach{}, acc.ID) })
	if err != nil {
		h.t.Fatal(err)
	}
	return f.Word
}

func (h *house) count(query string, args ...any) int64 {
	h.t.Helper()
	return accounttest.Count(h.t, h.d, query, args...)
}

func (h *house) body(v admission.Activation) (mail.Body, error) {
	deps := admission.MailDeps{Key: h.key, Now: func() time.Time { return h.now }, URL: h.pages.URL}
	return db.Read(context.Background(), h.d, func(r db.Reader) (mail.Body, error) {
		return admission.Mails(deps)[0].Render(context.Background(), r, map[string]string{"activation": string(v.ID)})
	})
}

func TestMailHoldsWhatOpensTheSpace(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		v := h.history(acc)[0]
		body, err := h.body(v)
		if err != nil {
			t.Fatal(err)
		}
		want := []mail.Fact{{Label: "Identifiant", Value: "aubert0"}, {Label: "Mot de passe provisoire", Value: crypt.ProvisionalPassword(h.key, string(v.ID))}}
		if diff := cmp.Diff(want, body.Facts); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if body.Button.URL != "https://portail.test"+h.path(v) {
			t.Errorf("button leads to %s", body.Button.URL)
		}
		for _, table := range []string{"mail_outbox where args like $1", "audit_event where detail like $1"} {
			if n := h.count(`select count(*) from `+table, "%"+want[1].Value+"%"); n != 0 {
				t.Errorf("the password is stored in clear in %s", table)
			}
		}
		page := h.portal.As(actor.Actor{}).Get(h.path(v))
		if page.Status != 200 || page.Doc.Find(`input[name="identifiant"]`).AttrOr("value", "") != "aubert0" {
			t.Errorf("the link: %d, identifier not filled in", page.Status)
		}
		if strings.Contains(page.Body, want[1].Value) {
			t.Error("the page holds the password")
		}
	})
}

func TestFirstSignInFromTheMail(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		desk := admission.Desk{DB: h.d, Key: h.key, Now: h.pages.Now} // hashes for real
		ready, err := desk.Prepare(context.Background())
		if err == nil {
			err = h.write(func(tx *db.Tx) error { return admission.Send(tx, h.now, agent(), h.key, ready, acc.ID) })
		}
		if err != nil {
			t.Fatal(err)
		}
		v := h.history(acc)[0]
		c := h.portal.As(actor.Actor{})
		page := c.Get(h.path(v)).Submit(`form[action^="/activation/"]`, map[string]string{"mot_de_passe": crypt.ProvisionalPassword(h.key, string(v.ID))})
		if page.Location() != "/premiere-connexion" {
			t.Errorf("provisional password: %d to %q: %s", page.Status, page.Location(), page.Text("main"))
		}
	})
}

func TestResendKillsTheEarlierLink(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		first := h.history(acc)[0]
		firstHash := h.count(`select count(*) from account where id = $1 and password_hash = $2`, string(acc.ID),
			"quick:"+crypt.ProvisionalPassword(h.key, string(first.ID)))
		h.now = h.now.Add(time.Hour)
		client := h.portal.As(agent())
		page := client.Get("/agents/activations/"+string(acc.ID)).Submit("#envoi", nil)
		if page.Status != 303 || firstHash != 1 {
			t.Fatalf("resend: %d, first password in force %d", page.Status, firstHash)
		}
		second := h.history(acc)[0]
		if second.ID == first.ID {
			t.Fatal("nothing new was sent")
		}
		visitor := h.portal.As(actor.Actor{})
		if got := visitor.Get(h.path(first)); got.Status != 409 || !strings.Contains(got.Text("main"), "plus récent") {
			t.Errorf("earlier link: %d %s", got.Status, got.Text("main"))
		}
		if got := visitor.Get(h.path(second)).Status; got != 200 {
			t.Errorf("later link: %d", got)
		}
		if n := h.count(`select count(*) from account where password_hash = $1`, "quick:"+crypt.ProvisionalPassword(h.key, string(first.ID))); n != 0 {
			t.Error("the earlier password is alive")
		}
		if _, err := h.body(first); err == nil || !strings.Contains(err.Error(), mail.ErrDrop.Error()) {
			t.Errorf("the earlier mail, if it still waits, is dropped: %v", err)
		}
	})
}

func TestLookMarksOpenedAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		v := h.history(acc)[0]
		if h.word(acc) != admission.WordQueued {
			t.Errorf("word before: %s", h.word(acc))
		}
		for range 3 {
			h.portal.As(actor.Actor{}).Get(h.path(v))
			h.now = h.now.Add(time.Hour)
		}
		want := v
		want.OpenedAt = civil.InstantOf(start)
		if diff := cmp.Diff([]admission.Activation{want}, h.history(acc)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if h.word(acc) != admission.WordOpened || accounttest.Reload(t, h.d, acc.ID).State != account.Unclaimed {
			t.Errorf("word after: %s", h.word(acc))
		}
		if got := h.portal.As(actor.Actor{}).Get("/activation/inconnu").Status; got != 404 {
			t.Errorf("unknown link: %d", got)
		}
	})
}

func TestExpiredLinkOffersANewOne(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		v := h.history(acc)[0]
		h.now = h.now.Add(14 * 24 * time.Hour)
		visitor := h.portal.As(actor.Actor{})
		page := visitor.Get(h.path(v))
		if page.Status != 409 || page.Has(`input[type="password"]`) {
			t.Fatalf("after 14 days: %d", page.Status)
		}
		known := page.Submit("#nouveau-lien", nil)
		unknown := visitor.Post("/activation/inconnu/nouveau", url.Values{})
		if known.Status != unknown.Status || known.Location() != unknown.Location() {
			t.Errorf("known link %d %s, unknown %d %s", known.Status, known.Location(), unknown.Status, unknown.Location())
		}
		h.runJobs()
		all := h.history(acc)
		if len(all) != 2 || all[0].SentTo != "anais@exemple.fr" || visitor.Get(h.path(all[0])).Status != 200 {
			t.Fatalf("new activation: %+v", all)
		}
		for range 6 {
			page.Submit("#nouveau-lien", nil)
			h.runJobs()
		}
		if n := len(h.history(acc)); n != 4 {
			t.Errorf("%d activations after many demands in a day, want 4", n)
		}
	})
}

func TestCorrectAndSend(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "fausse@exemple.fr")
		h.send(acc)
		first := h.history(acc)[0]
		page := h.portal.As(agent()).Get("/agents/activations/" + string(acc.ID))
		if got := page.Submit("#adresse", map[string]string{"courriel": "pas une adresse"}); got.Status != 422 {
			t.Errorf("not an address: %d", got.Status)
		}
		if got := page.Submit("#adresse", map[string]string{"courriel": "Juste@exemple.fr"}); got.Status != 303 {
			t.Fatalf("correct: %d %s", got.Status, got.Text("main"))
		}
		if got := h.history(acc)[0].SentTo; got != "juste@exemple.fr" {
			t.Errorf("sent to %q", got)
		}
		after := accounttest.Reload(t, h.d, acc.ID)
		if after.Email != "juste@exemple.fr" || after.EmailConfirmedAt != 0 {
			t.Errorf("account: %+v", after)
		}
		if got := h.portal.As(actor.Actor{}).Get(h.path(first)).Status; got != 409 {
			t.Errorf("the link sent to the wrong address: %d", got)
		}
	})
}

func TestLetter(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "")
		client := h.portal.As(agent())
		page := client.Get("/agents/activations/" + string(acc.ID))
		if page.Has("#envoi") {
			t.Error("a mail is offered without an address")
		}
		letter := page.Submit("#lettre", nil)
		code := letter.Text(".letter .secret")
		if letter.Status != 200 || code != crypt.ProvisionalPassword(h.key, string(h.history(acc)[0].ID)) {
			t.Fatalf("letter: %d, code %q", letter.Status, code)
		}
		if again := page.Submit("#lettre", nil).Text(".letter .secret"); again != code {
			t.Error("printing again changed the code of the letter already posted")
		}
		if n := h.count(`select count(*) from audit_event where action = 'admission.letter.printed'`); n != 2 {
			t.Errorf("%d prints in the journal, want 2", n)
		}
		if got := accounttest.Reload(t, h.d, acc.ID); !got.ProvisionalByPost {
			t.Error("the code does not ask for the birth date")
		}
		if h.word(acc) != admission.WordLetter {
			t.Errorf("word %s", h.word(acc))
		}
		nobody := accounttest.Citizen(t, h.d, h.now, "", func(p *person.Person, acc *account.Account) {
			p.BirthDay, acc.Username, acc.State = civil.Date{}, "sansdate", account.Unclaimed
		})
		if got := client.Post("/agents/activations/"+string(nobody.ID)+"/lettre", url.Values{}).Status; got != 409 {
			t.Errorf("without a birth date: %d", got)
		}
	})
}

func TestCampaign(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		sent := h.imported("dejaenvoye", "deja@exemple.fr")
		h.send(sent)
		for i := range 5 {
			h.imported(fmt.Sprintf("nouveau%d", i), fmt.Sprintf("n%d@exemple.fr", i))
		}
		h.imported("sansadresse", "")
		client := h.portal.As(agent())
		page := client.Get("/agents/activations/preparer")
		if !strings.Contains(page.Text("main"), "5 e-mails") || !strings.Contains(page.Text("pre"), "XXXXXXXXXX") {
			t.Fatalf("preview: %s", page.Text("main"))
		}
		if got := page.Submit("#envoi", nil); got.Status != 303 {
			t.Fatalf("start: %d", got.Status)
		}
		for minute, want := range []int64{2, 4, 5, 5} {
			h.runJobs()
			if n := h.count(`select count(*) from activation where account <> $1`, string(sent.ID)); n != want {
				t.Errorf("after minute %d: %d sent, want %d", minute, n, want)
			}
			h.now = h.now.Add(time.Minute)
		}
		if n := len(h.history(sent)); n != 1 {
			t.Error("who had one already got another")
		}
		list := client.Get("/agents/activations?etat=en_attente")
		if got := list.Doc.Find("tbody tr").Length(); got != 6 {
			t.Errorf("%d accounts waiting in the list, want 6", got)
		}
		if got := client.Get("/agents/activations?q=nouveau3").Doc.Find("tbody tr").Length(); got != 1 {
			t.Errorf("search: %d rows", got)
		}
		err := h.write(func(tx *db.Tx) error {
			_, err := h.pages.Start(tx, agent(), admission.Selection{Choice: admission.Never})
			return err
		})
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("a campaign to nobody: %v", err)
		}
	})
}

// A minute's job that had asked for the next one when its process died runs again: the campaign goes on at one pace.
func TestACampaignIsNotDoubledByAKill(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for i := range 12 {
			h.imported(fmt.Sprintf("nouveau%d", i), fmt.Sprintf("n%d@exemple.fr", i))
		}
		err := h.write(func(tx *db.Tx) error {
			_, err := h.pages.Start(tx, agent(), admission.Selection{Choice: admission.Never})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for minute, want := range []int64{2, 4, 6, 8} {
			h.runJobs()
			if err := h.write(func(tx *db.Tx) error { // as if no job of the past had been closed
				_, err := tx.Exec(`update job set state = 'queued', done_at = null where state = 'done'`)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			h.runJobs()
			if n := h.count(`select count(*) from activation`); n != want {
				t.Errorf("after minute %d: %d sent, want %d", minute, n, want)
			}
			h.now = h.now.Add(time.Minute)
		}
		if n := h.count(`select count(*) from mail_outbox where bulk = true`); n != 8 {
			t.Errorf("%d mails keep the rate of campaigns, want 8", n)
		}
	})
}

// What the owner asks for does not wait behind a campaign.
func TestALinkAskedForAgainIsNoCampaign(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("nouveau", "n@exemple.fr")
		h.send(acc)
		h.now = h.now.Add(20 * 24 * time.Hour)
		if err := h.pages.AskAgain(context.Background(), admission.LinkSecret(h.key, h.history(acc)[0].ID)); err != nil {
			t.Fatal(err)
		}
		h.runJobs()
		if n := h.count(`select count(*) from mail_outbox where bulk = false`); n != 2 {
			t.Errorf("%d mails go at once, want 2", n)
		}
	})
}

func TestRightsOnActivations(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		reader := agent()
		reader.Rights = map[actor.Right][]string{admission.Read: {actor.AllServices}}
		c := h.portal.As(reader)
		if page := c.Get("/agents/activations/" + string(acc.ID)); page.Status != 200 || page.Has("#envoi, #lettre, #adresse") {
			t.Errorf("a reader's page: %d, with buttons", page.Status)
		}
		for _, path := range []string{"/envoi", "/adresse", "/lettre"} {
			if got := c.Post("/agents/activations/"+string(acc.ID)+path, url.Values{}).Status; got != 403 {
				t.Errorf("%s: %d, want 403", path, got)
			}
		}
		ready, err := h.pages.Prepare(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for name, verb := range map[string]func(tx *db.Tx) error{
			"send": func(tx *db.Tx) error { return admission.Send(tx, h.now, reader, h.key, ready, acc.ID) },
			"letter": func(tx *db.Tx) error {
				_, err := admission.PrintLetter(tx, h.now, reader, h.key, ready, acc.ID)
				return err
			},
			"campaign": func(tx *db.Tx) error {
				_, err := h.pages.Start(tx, reader, admission.Selection{Choice: admission.All})
				return err
			},
		} {
			if err := h.write(verb); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
	})
}

func TestForget(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		v := h.history(acc)[0]
		if err := h.write(func(tx *db.Tx) error { return admission.Forget(tx, []person.ID{acc.Person}) }); err != nil {
			t.Fatal(err)
		}
		if got := h.portal.As(actor.Actor{}).Get(h.path(v)).Status; got != 404 {
			t.Errorf("the link of an undone import: %d", got)
		}
	})
}
