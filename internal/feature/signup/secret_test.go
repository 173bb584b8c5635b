package signup

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

// cookie is the value of a cookie, "" without.
func cookie(c *testkit.Client, name string) string {
	for _, one := range c.Cookies() {
		if one.Name == name {
			return one.Value
		}
	}
	return ""
}

func TestStolenCookieOpensNothing(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		owner := k.visitor()
		page := owner.Get(root+"/identite").Submit(form, who).Follow()
		first := cookie(owner, draftCookie)
		steal := func(token, agent string) *testkit.Page {
			thief := k.visitor()
			thief.Header.Set("User-Agent", agent)
			thief.SetCookie(draftCookie, token)
			return thief.Get(root + "/identite")
		}
		same := owner.Header.Get("User-Agent")
		if got := value(steal(first, "curl/8.9"), "nom"); got != "" {
			t.Errorf("another sort of browser reads %q", got)
		}
		newer := strings.ReplaceAll(same, "140", "141")
		if got := value(steal(first, newer), "nom"); got != "Nguyễn" {
			t.Errorf("the owner's browser, updated meanwhile, reads %q", got)
		}
		page = page.Submit(form, where).Follow().Submit(form, reach).Follow()
		if got := value(steal(first, same), "nom"); got != "" {
			t.Errorf("the cookie of two screens ago reads %q", got)
		}
		last := cookie(owner, draftCookie)
		page.Submit(form, k.solved(page, secrets)).Follow()
		if got := value(steal(last, same), "nom"); got != "" {
			t.Errorf("the cookie of a sent demand reads %q", got)
		}
		thief := k.visitor()
		thief.SetCookie(draftCookie, last)
		forged := thief.Post(root+"/authentification", values(map[string]string{"cle": "AAAAAAAAAAAAAAAAAAAAAAAA", "identifiant": "zoe"}))
		if forged.Location() != lostPath || cookie(thief, receivedCookie) != "" {
			t.Errorf("a dead cookie gets %d %s, and « Demande reçue » %q", forged.Status, forged.Location(), cookie(thief, receivedCookie))
		}
	})
}

func TestLostAnswerLosesNothing(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := c.Get(root+"/identite").Submit(form, who).Follow()
		before := cookie(c, draftCookie)
		page.Submit(form, where)
		after := cookie(c, draftCookie)
		c.SetCookie(draftCookie, before) // the answer never came
		page.Submit(form, where)
		if got := cookie(c, draftCookie); got != after || value(c.Get(root+"/adresse"), "voie") != "rue des Écoles" {
			t.Errorf("the same form sent again: cookie changed %v", got != after)
		}
	})
}

func TestDraftsAreUnreadableOnDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "parvis.db")
	d, err := db.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := db.Migrate(context.Background(), d, Sources()...); err != nil {
		t.Fatal(err)
	}
	k := open(t, d)
	c := k.visitor()
	page := c.Get(root+"/identite").Submit(form, map[string]string{"nom": "CanariNom", "prenoms": "CanariPrenom"}).Follow()
	page = page.Submit(form, map[string]string{"voie": "CanariVoie", "ville": "CanariVille"}).Follow()
	page = page.Submit(form, map[string]string{"courriel": "canari@exemple.fr"}).Follow()
	if wrong := page.Submit(form, k.wrong(page, secrets)); wrong.Status != 422 {
		t.Fatalf("wrong check: %d", wrong.Status)
	}
	token := cookie(c, draftCookie)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"CanariNom", "CanariPrenom", "CanariVoie", "CanariVille", "canari@exemple.fr", "Canard-Violet", "hachage de", token} {
			if bytes.Contains(bytes.ToLower(raw), []byte(strings.ToLower(secret))) {
				t.Errorf("%s holds %q in clear", filepath.Base(file), secret)
			}
		}
	}
}

func TestPasswordIsKeptAfterAWrongCheckAndNeverShown(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := k.toLast(c, reach)
		wrong := page.Submit(form, k.wrong(page, secrets))
		if wrong.Status != 422 || !strings.Contains(wrong.Text("main"), "Votre mot de passe est gardé") || strings.Contains(wrong.Body, "Canard-Violet") {
			t.Fatalf("wrong check: %d %s", wrong.Status, wrong.Text(".error-summary"))
		}
		if k.count("account") != 0 {
			t.Error("a wrong check made an account")
		}
		page = c.Get(root + "/authentification") // and after a reload
		if strings.Contains(page.Body, "hachage de") || strings.Contains(page.Body, "Canard-Violet") {
			t.Error("the page shows the password or its hash")
		}
		sent := page.Submit(form, k.solved(page, nil))
		if sent.Status != 303 || k.count("account") != 1 || len(k.hashes) != 1 {
			t.Errorf("then without typing it again: %d, %d accounts, %d hashes: %s", sent.Status, k.count("account"), len(k.hashes), sent.Text(".error-summary"))
		}
		if hash := list[string](k, "select password_hash from account")[0]; !strings.HasPrefix(hash, "hachage de") {
			t.Errorf("the account's hash is %q", hash)
		}
	})
}

func TestWrongChecksCannotMakeUsHash(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		for i := range 11 {
			c := k.visitor()
			page := k.toLast(c, reach)
			for range keptHashes + 2 {
				page = page.Submit(form, k.wrong(page, secrets))
			}
			if i == 0 && len(k.hashes) != keptHashes {
				t.Errorf("%d passwords hashed for one draft, want %d", len(k.hashes), keptHashes)
			}
		}
		if len(k.hashes) > hashesAnHour {
			t.Errorf("%d passwords hashed without a right check, want at most %d", len(k.hashes), hashesAnHour)
		}
		if k.count("account") != 0 {
			t.Error("an account was made without a right check")
		}
	})
}

var changing = regexp.MustCompile(`CE-\w{4}-\w{4}|name="cle" value="[^"]*"|recu=[0-9a-f-]+`)

func TestKnownAddressIsAnsweredLikeAnyOther(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.known("camille", "camille.martin@exemple.fr")
		type answer struct {
			submitted, shown string
			status           int
			statements       int64
			hashes           int
		}
		ask := func(email string) answer {
			c := k.visitor()
			page := k.toLast(c, map[string]string{"courriel": email})
			fields := k.solved(page, map[string]string{"mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-27", "identifiant": "unique"})
			k.hashes = nil
			ctx, n := db.CountQueries(context.Background())
			sent := k.post(ctx, c, page, fields)
			a := answer{sent.Body, "", sent.Status, *n, len(k.hashes)}
			shown := sent.Follow().Body
			a.shown = changing.ReplaceAllString(strings.ReplaceAll(shown, email, "adresse"), "…")
			return a
		}
		unknown, known := ask("zoe.nguyen1234@exemple.fr"), ask("camille.martin@exemple.fr")
		if known != unknown {
			t.Errorf("known: status %d, %d statements, %d hashes, same page %v; unknown: %d, %d, %d", known.status, known.statements, known.hashes,
				known.shown == unknown.shown, unknown.status, unknown.statements, unknown.hashes)
		}
		if known.statements == 0 || known.hashes != 1 {
			t.Errorf("nothing was measured: %+v", known)
		}
		templates := list[string](k, "select template from mail_outbox order by id")
		if strings.Join(templates, " ") != MailConfirm+" "+MailKnown {
			t.Errorf("mails %v", templates)
		}
		body := k.mail(MailKnown)
		if !strings.Contains(body, "camille") || strings.Contains(body, "/confirmer/") {
			t.Errorf("the owner is told: %s", body)
		}
		if page := k.visitor().Get(k.link()); page.Status != 409 {
			t.Errorf("the link that was never mailed answers %d", page.Status)
		}
	})
}

func TestSendingTwiceHasOneEffectAndOneAnswer(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := k.toLast(c, reach)
		fields := k.solved(page, secrets)
		draft := cookie(c, draftCookie)
		first := page.Submit(form, fields)
		c.SetCookie(draftCookie, draft) // the first answer did not reach the browser
		c.SetCookie(receivedCookie, "")
		second := page.Submit(form, fields)
		if second.Status != 303 || second.Location() != first.Location() {
			t.Errorf("second: %d %s, first: %s", second.Status, second.Location(), first.Location())
		}
		if shown := second.Follow(); shown.Path != second.Location() || !strings.Contains(shown.Text("main"), k.demand().Reference) {
			t.Errorf("after the second: %s %s", shown.Path, shown.Text("h1"))
		}
		if k.count("account") != 1 || k.count("mail_outbox") != 1 {
			t.Errorf("%d accounts, %d mails", k.count("account"), k.count("mail_outbox"))
		}
	})
}

func TestADraftBecomesOneDemandOnly(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		send := func(o Order) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				o.Received = db.NewID()
				_, err := Send(tx, k.now, k.key, k.drop, o)
				return err
			})
		}
		draft, err := db.Write(context.Background(), d, func(tx *db.Tx) (Draft, error) {
			draft, _, err := SaveDraft(tx, k.now, k.key, Ticket{Browser: "b"}, "", func(d *Draft) {
				d.Fields = map[string]string{"nom": "Ly", "prenoms": "Zoë", "courriel": "ly@exemple.fr", "identifiant": "zoe.ly"}
			})
			return draft, err
		})
		if err != nil {
			t.Fatal(err)
		}
		o := Order{Draft: draft, Hash: "x", Terms: "1", Privacy: "1", Browser: "b"}
		if err := send(o); err != nil {
			t.Fatal(err)
		}
		if err := send(o); fault.KindOf(err) != fault.Conflict || k.count("account") != 1 { // two tabs at once
			t.Errorf("the second: %v, %d accounts", err, k.count("account"))
		}
	})
}

func TestMailIsSentAgainWithinBounds(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := k.asked(c, reach)
		again := "form[action$='/renvoi']"
		if early := page.Submit(again, nil); early.Status != 429 || !strings.Contains(early.Text("main"), "Attendez 2 minutes") {
			t.Errorf("at once: %d", early.Status)
		}
		for n := 1; n <= mailsEach; n++ {
			k.now = k.now.Add(mailEvery)
			status := c.Get(root+"/demande-recue").Submit(again, nil).Status
			if want := map[bool]int{true: 303, false: 429}[n < mailsEach]; status != want {
				t.Errorf("mail %d: %d, want %d", n+1, status, want)
			}
		}
		for range 3 { // others ask for the same address
			k.asked(k.visitor(), reach)
		}
		if n := k.count("mail_outbox"); n != mailsADay {
			t.Errorf("%d mails to one address in a day, want %d", n, mailsADay)
		}
	})
}

func TestWrongAddressIsCorrectedWithoutTypingAgain(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		first := k.asked(c, map[string]string{"courriel": "zoe.nguyne@exemple.fr", "mobile": "06 12 34 56 78"})
		dead := k.link()
		page := first.Submit("form[action$='/correction']", nil).Follow()
		if page.Path != root+"/moyens-de-contact" || value(page, "mobile") != "06 12 34 56 78" || value(page, "courriel") != "zoe.nguyne@exemple.fr" {
			t.Fatalf("correcting shows %s: %q", page.Path, value(page, "mobile"))
		}
		if c.Get(dead).Status != 200 {
			t.Error("the first link died before the corrected demand was sent")
		}
		last := page.Submit(form, reach).Follow()
		if sent := last.Submit(form, k.solved(last, nil)); sent.Status != 303 {
			t.Fatalf("sent again: %d %s", sent.Status, sent.Text(".error-summary"))
		}
		if k.count("account") != 1 || k.count("person") != 1 || k.count("signup") != 1 || c.Get(dead).Status != 409 {
			t.Errorf("%d accounts, %d persons, %d demands; the first link: %d", k.count("account"), k.count("person"), k.count("signup"), c.Get(dead).Status)
		}
		if acc, _ := k.accountOf(k.demand()); acc.Email != "zoe.nguyen@exemple.fr" {
			t.Errorf("address %s", acc.Email)
		}
	})
}

func TestLinkPastItsTermOrUnknown(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		k.asked(c, reach)
		link := k.link()
		page := c.Get(link)
		k.now = k.now.Add(confirmLife)
		for name, got := range map[string]*testkit.Page{"late": c.Get(link), "sent late": page.Submit("form[action='"+link+"']", nil),
			"unknown": c.Get(root + "/confirmer/" + strings.Repeat("A", 32))} {
			if got.Status != 409 || !got.Has("a[href='"+root+"']") || !strings.Contains(got.Text("h1"), "ne fonctionne plus") {
				t.Errorf("%s link: %d %s", name, got.Status, got.Text("main"))
			}
		}
		if acc, _ := k.accountOf(k.demand()); acc.State != account.Unconfirmed {
			t.Errorf("a late link confirmed: %s", acc.State)
		}
	})
}

func TestAddressTakenBetweenDemandAndAnswer(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		k.asked(c, reach)
		link := k.link()
		page := c.Get(link)
		k.known("autre", "zoe.nguyen@exemple.fr")
		late := page.Submit("form[action='"+link+"']", nil)
		if late.Status != 409 || !strings.Contains(late.Text("h1"), "déjà un espace") {
			t.Errorf("answer: %d %s", late.Status, late.Text("h1"))
		}
	})
}

func TestTextsChangedMeanwhileAreAskedAgain(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		page := k.toLast(k.visitor(), reach)
		fields := k.solved(page, secrets)
		fields["conditions"] = "ancienne/ancienne"
		if got := page.Submit(form, fields); got.Status != 422 || !strings.Contains(got.Text(".error-summary"), "ont changé") || k.count("account") != 0 {
			t.Errorf("an older version accepted: %d %s", got.Status, got.Text(".error-summary"))
		}
	})
}

func TestCancelForgetsAtOnce(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := c.Get(root+"/identite").Submit(form, who).Follow()
		asked := page.Submit(form, map[string]string{"aller": "annuler", "voie": "rue X"}).Follow()
		if k.count("signup_draft") != 1 || !asked.Has("a[href='"+root+"/adresse']") {
			t.Fatalf("« Annuler » does not ask first: %s", asked.Text("main"))
		}
		asked.Submit("form[action$='/annuler']", nil)
		if k.count("signup_draft") != 0 || c.Get(root+"/adresse").Status != 303 {
			t.Error("something remains after « Effacer »")
		}
	})
}

func TestCommunesAreSuggested(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		if got := k.visitor().Get(root + "/communes?dep=78&q=villennes").Body; !strings.Contains(got, "Villennes-sur-Seine") {
			t.Errorf("communes: %s", got)
		}
		if got := strings.TrimSpace(k.visitor().Get(root + "/communes?q=v").Body); got != "[]" {
			t.Errorf("one letter: %s", got)
		}
	})
}

// post sends the last screen within a context that counts statements.
func (k *desk) post(ctx context.Context, c *testkit.Client, page *testkit.Page, fields map[string]string) *testkit.Page {
	k.t.Helper()
	all := values(fields)
	page.Doc.Find(form + " input[type=hidden]").Each(func(_ int, s *goquery.Selection) { all.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+root+"/authentification", strings.NewReader(all.Encode()))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RequestURI = root + "/authentification"
	return c.Do(r)
}

// mail renders the newest mail of a template, as text.
func (k *desk) mail(template string) string {
	k.t.Helper()
	text, err := db.Read(context.Background(), k.d, func(r db.Reader) (string, error) {
		args, err := db.List(r, db.Column[db.Args], `select args from mail_outbox where template = $1 order by id desc`, template)
		if err != nil || len(args) == 0 {
			return "", err
		}
		for _, m := range Mails(MailDeps{Key: k.key, Now: k.clock, URL: func(p string) string { return "https://portail.test" + p }, Promise: promise}) {
			if m.Name != template {
				continue
			}
			b, err := m.Render(context.Background(), r, args[0])
			var all []string
			for _, f := range b.Facts {
				all = append(all, f.Label+" "+f.Value)
			}
			all = append(append(append(all, b.Subject, b.Button.URL), b.Paragraphs...), b.Closing...)
			return strings.Join(all, "\n"), err
		}
		return "", nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

func TestMailLeadsToTheLink(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		k.asked(c, reach)
		if body := k.mail(MailConfirm); !strings.Contains(body, "https://portail.test"+k.link()) || !strings.Contains(body, k.demand().Reference) {
			t.Errorf("mail: %s", body)
		}
		link := k.link()
		c.Get(link).Submit("form[action='"+link+"']", nil)
		if body := k.mail(MailWaiting); !strings.Contains(body, "vendredi 8 janvier 2027") {
			t.Errorf("mail: %s", body)
		}
	})
}

func TestNothingRemainsPastItsTerm(t *testing.T) {
	size := 60
	if os.Getenv("PARVIS_DEEP") != "" {
		size = 10_000
	}
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.asked(k.visitor(), map[string]string{"courriel": "reste@exemple.fr"})
		link := k.link()
		k.visitor().Get(link).Submit("form[action='"+link+"']", nil)
		k.fill(size)
		if got := k.count("signup_draft"); got != int64(size) {
			t.Fatalf("%d drafts", got)
		}
		k.now = k.now.Add(draftLife - time.Second)
		k.sweep()
		if got := k.count("signup_draft"); got != int64(size) {
			t.Errorf("%d drafts left a second before their term", got)
		}
		k.now = k.now.Add(time.Second)
		k.sweep()
		if got := k.count("signup_draft"); got != 0 {
			t.Errorf("%d drafts left", got)
		}
		if got := list[int64](k, "select count(*) from signup where snapshot is not null")[0]; got != 0 {
			t.Errorf("%d demands still hold what was typed", got)
		}
		if got := k.count("account"); got != int64(size)+1 {
			t.Errorf("%d accounts before their term", got)
		}
		k.now = k.now.Add(confirmLife)
		k.sweep()
		for table, want := range map[string]int64{"account": 1, "person": 1, "signup": 1, "signup_consent": 2, "mail_outbox": 2, "signup_draft": 0} {
			if got := k.count(table); got != want {
				t.Errorf("%s: %d rows left, want %d", table, got, want)
			}
		}
		if len(k.free) != size/2 {
			t.Errorf("%d photos dropped, want %d", len(k.free), size/2)
		}
	})
}

// fill makes drafts and demands that nobody will finish, every second with a photo.
func (k *desk) fill(n int) {
	k.t.Helper()
	for from := 0; from < n; from += 100 {
		err := db.Do(context.Background(), k.d, func(tx *db.Tx) error {
			for i := from; i < min(from+100, n); i++ {
				if err := k.abandon(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *desk) abandon(tx *db.Tx, i int) error {
	who := Ticket{Browser: "b", Address: "a"}
	typed := func(d *Draft) {
		d.Fields = map[string]string{"nom": "Passant", "prenoms": "Léo", "courriel": "passant" + strings.Repeat("x", i%50) + "@exemple.fr", "identifiant": "leo"}
	}
	d, _, err := SaveDraft(tx, k.now, k.key, who, "", typed)
	if err != nil {
		return err
	}
	photo := ""
	if i%2 == 0 {
		photo = db.NewID()
	}
	_, err = Send(tx, k.now, k.key, k.drop, Order{Draft: d, Hash: "x", Photo: photo, Terms: "1", Privacy: "1", Received: db.NewID(), Browser: "b"})
	if err != nil {
		return err
	}
	d, _, err = SaveDraft(tx, k.now, k.key, who, "", typed)
	if err != nil {
		return err
	}
	return setDraftPhoto(tx, k.key, d.ID, []byte("photo"))
}
