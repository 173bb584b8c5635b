package account_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/testkit"
)

const (
	newKey  = "/cles-d-acces/nouvelle"
	askKey  = "/connexion/cle-d-acces/defi"
	citizen = "/espace/identifiants"
)

// add goes through the pages that add a key, and returns the last answer.
func (h *house) add(c *testkit.Client, base string, d *device) *testkit.Page {
	h.t.Helper()
	page := c.Get(base+newKey).Submit("#nouvelle-cle", map[string]string{"nom_cle": "Téléphone", "mot_de_passe": "Vqhzrt7m"})
	options, _ := page.Doc.Find("[data-passkey]").Attr("data-passkey")
	if page.Status != 200 || options == "" {
		h.t.Fatalf("offer: %d %s", page.Status, page.Text("main"))
	}
	return page.Submit("main form", map[string]string{"reponse": d.make(options)})
}

// enter asks for a challenge and signs in with a key.
func enter(c *testkit.Client, d *device, path string) *testkit.Page {
	return c.Post(path, url.Values{"reponse": {d.sign(c.Post(askKey, nil).Body)}})
}

func TestPasskeyOfACitizen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		c := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		if got := c.Get(citizen+newKey).Submit("#nouvelle-cle", map[string]string{"nom_cle": "Téléphone", "mot_de_passe": "faux"}); got.Status != 422 {
			t.Errorf("without the password: %d", got.Status)
		}
		if n := h.count(`select count(*) from passkey_challenge`); n != 0 {
			t.Error("a wrong password made a challenge")
		}
		d := newDevice(t)
		done := h.add(c, citizen, d)
		if done.Status != 303 || !strings.Contains(done.Follow().Text("#cles"), "Téléphone") {
			t.Fatalf("add: %d %s", done.Status, done.Text("main"))
		}
		if got := h.lastMail(account.MailPasskeyAdded).To; got != "anais@exemple.fr" {
			t.Errorf("mail to %q", got)
		}
		other := h.client()
		other.Get("/connexion")
		in := enter(other, d, "/connexion/cle-d-acces")
		if in.Location() != "/espace" || in.Follow().Status != 200 || !h.isKnown(knownOf(other)) {
			t.Fatalf("sign-in: %d to %q: %s", in.Status, in.Location(), in.Text("main"))
		}
		if n := h.count(`select count(*) from audit_event where action = 'account.signin'`); n != 1 {
			t.Errorf("%d lines of signing in", n)
		}
		key := h.text(t, `select id from account_passkey`)
		path := citizen + "/cles-d-acces/" + key + "/retrait"
		stranger := accounttest.Citizen(t, h.d, h.now, right, named("autre", ""))
		if got := h.with(accounttest.SignIn(t, h.d, h.now, stranger.ID)).Get(path).Status; got != 404 {
			t.Errorf("somebody else's key: %d", got)
		}
		foreign := h.actor(stranger.ID)
		if err := h.write(func(tx *db.Tx) error { return account.RemovePasskey(tx, h.now, foreign, account.PasskeyID(key)) }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("somebody else removes it: %v", err)
		}
		if got := c.Get(path).Submit("#retrait-cle", map[string]string{"mot_de_passe": "faux"}); got.Status != 422 {
			t.Errorf("removal without the password: %d", got.Status)
		}
		if got := c.Get(path).Submit("#retrait-cle", map[string]string{"mot_de_passe": "Vqhzrt7m"}); got.Status != 303 {
			t.Errorf("removal: %d %s", got.Status, got.Text("main"))
		}
		h.lastMail(account.MailPasskeyRemoved)
		if got := enter(h.client(), d, "/connexion/cle-d-acces"); got.Status != 422 {
			t.Errorf("a removed key: %d", got.Status)
		}
	})
}

// text is the single text that a query gives.
func (h *house) text(t *testing.T, query string) string {
	t.Helper()
	s, err := db.Read(t.Context(), h.d, func(r db.Reader) (string, error) { return db.One(r, "text", db.Column[string], query) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPasskeyRefusals(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		d := newDevice(t)
		d.count = 7
		if got := h.add(h.with(accounttest.SignIn(t, h.d, h.now, acc.ID)), citizen, d); got.Status != 303 {
			t.Fatalf("add: %d %s", got.Status, got.Text("main"))
		}
		const path = "/connexion/cle-d-acces"
		send := func(c *testkit.Client, answer string) int {
			return c.Post(path, url.Values{"reponse": {answer}}).Status
		}
		ask := func(c *testkit.Client) string { return c.Post(askKey, nil).Body }
		cases := []struct {
			name string
			try  func() int
		}{
			{"a cookie that asked for nothing", func() int { // while another browser's is the one challenge alive
				c := h.client()
				c.SetCookie("defi", strings.Repeat("A", 32))
				return send(c, d.sign(ask(h.client())))
			}},
			{"another site's page", func() int {
				bad := *d
				bad.origin = "http://localhost.pirate.exemple"
				return enter(h.client(), &bad, path).Status
			}},
			{"another port", func() int {
				bad := *d
				bad.origin = "http://localhost:8000"
				return enter(h.client(), &bad, path).Status
			}},
			{"another site's key", func() int { bad := *d; bad.rp = "pirate.exemple"; return enter(h.client(), &bad, path).Status }},
			{"without finger, face or code", func() int { bad := *d; bad.flags = 1; return enter(h.client(), &bad, path).Status }},
			{"another key's signature", func() int {
				bad := *newDevice(t)
				bad.id, bad.owner = d.id, d.owner
				return enter(h.client(), &bad, path).Status
			}},
			{"another account's name", func() int {
				bad := *d
				bad.owner = []byte(accounttest.Citizen(t, h.d, h.now, "", named("autre", "")).ID)
				return enter(h.client(), &bad, path).Status
			}},
			{"an answer that is none", func() int { c := h.client(); ask(c); return send(c, `{"id":""}`) }},
			{"no challenge asked", func() int { return send(h.client(), d.sign(ask(h.client()))) }},
			{"another browser's challenge", func() int { mine := h.client(); ask(mine); return send(mine, d.sign(ask(h.client()))) }},
			{"five minutes late", func() int {
				c := h.client()
				answer := d.sign(ask(c))
				h.now = h.now.Add(5 * time.Minute)
				return send(c, answer)
			}},
			{"a challenge that was refused once", func() int {
				c := h.client()
				options := ask(c)
				token := cookieNamed(c, "defi")
				send(c, "{}")
				c.SetCookie("defi", token)
				return send(c, d.sign(options))
			}},
		}
		for _, one := range cases {
			if got := one.try(); got != 422 {
				t.Errorf("%s: %d, want 422", one.name, got)
			}
		}
		if n := h.count(`select count(*) from account_passkey where stopped_at is not null`); n != 0 {
			t.Fatal("a refusal stopped the key")
		}
		c := h.client()
		options := ask(c)
		token := cookieNamed(c, "defi")
		answer := d.sign(options)
		if got := send(c, answer); got != 303 {
			t.Fatalf("the right answer: %d", got)
		}
		again := h.client()
		again.SetCookie("defi", token)
		if got := send(again, answer); got != 422 {
			t.Errorf("the same answer again: %d", got)
		}
		if n := h.count(`select count(*) from account_passkey where stopped_at is not null`); n != 0 {
			t.Error("a replay reached the counter: the challenge served twice")
		}
	})
}

func cookieNamed(c *testkit.Client, name string) string {
	for _, k := range c.Cookies() {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

func TestPasskeyThatCountsBackIsStopped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		d := newDevice(t)
		d.count = 5
		session := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		h.add(session, citizen, d)
		copied := *d
		for range 2 {
			if got := enter(h.client(), d, "/connexion/cle-d-acces"); got.Status != 303 {
				t.Fatalf("the key itself: %d", got.Status)
			}
		}
		if got := enter(h.client(), &copied, "/connexion/cle-d-acces"); got.Status != 422 || !strings.Contains(got.Text("main"), "copie") {
			t.Errorf("its copy: %d %s", got.Status, got.Text("main"))
		}
		h.lastMail(account.MailPasskeyStopped)
		if got := enter(h.client(), d, "/connexion/cle-d-acces"); got.Status != 422 {
			t.Errorf("the key once stopped: %d", got.Status)
		}
		if got := session.Get(citizen).Text("#cles"); !strings.Contains(got, "Arrêtée") {
			t.Errorf("list: %s", got)
		}
	})
}

func TestPasskeyOfAnAgentAndStates(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := accounttest.Agent(t, h.d, h.now, "", everywhere)
		accounttest.WithSecond(t, h.d, h.now, h.key, admin.ID)
		acc := accounttest.Agent(t, h.d, h.now, right, account.Held{Role: account.Accueil, Service: "*"})
		secret := accounttest.WithSecond(t, h.d, h.now, h.key, acc.ID)
		half, page := h.password(acc.Username)
		if got := half.Get("/agents/identifiants" + newKey).Location(); got != "/agents/double-authentification" {
			t.Errorf("an agent adds a key before the second factor: %q", got)
		}
		if got := page.Submit("form", map[string]string{"code": h.code(secret, 0)}); got.Status != 303 {
			t.Fatalf("code: %d", got.Status)
		}
		d := newDevice(t)
		if got := h.add(half, "/agents/identifiants", d); got.Status != 303 {
			t.Fatalf("add: %d %s", got.Status, got.Text("main"))
		}
		c := h.client()
		if got := enter(c, d, "/agents/connexion/cle-d-acces"); got.Location() != "/agents" || c.Get("/agents/lire").Status != 200 {
			t.Errorf("both factors at once: %d to %q, then %d", got.Status, got.Location(), c.Get("/agents/lire").Status)
		}
		if got := enter(h.client(), d, "/connexion/cle-d-acces").Location(); got != "/agents" {
			t.Errorf("on the families' page: %q", got)
		}
		_, page = h.password(acc.Username)
		h.now = h.now.Add(time.Minute)
		if got := page.Submit("form", map[string]string{"code": h.code(secret, 0)}); got.Status != 303 {
			t.Errorf("the code stays a way in: %d", got.Status)
		}
		chief := h.actor(admin.ID)
		verb := func(name string, do func(tx *db.Tx) error) {
			t.Helper()
			if err := h.write(do); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		verb("suspend", func(tx *db.Tx) error { return account.Suspend(tx, h.now, chief, acc.ID) })
		if got := enter(h.client(), d, "/agents/connexion/cle-d-acces"); got.Status != 422 || !strings.Contains(got.Text("main"), "désactivé") {
			t.Errorf("a suspended account: %d %s", got.Status, got.Text("main"))
		}
		verb("reopen", func(tx *db.Tx) error { return account.Reopen(tx, h.now, chief, acc.ID) })
		verb("email", func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set email = 'nadia@mairie.fr' where id = $1`, string(acc.ID))
			return err
		})
		verb("invite", func(tx *db.Tx) error { return account.Invite(tx, h.now, chief, h.key, acc.ID) })
		if n := h.count(`select count(*) from account_passkey`); n != 0 {
			t.Error("a new link leaves the keys of a lost telephone alive")
		}
		waiting := accounttest.Citizen(t, h.d, h.now, right, named("attente", ""))
		w := h.with(accounttest.SignIn(t, h.d, h.now, waiting.ID))
		mine := newDevice(t)
		h.add(w, citizen, mine)
		verb("wait", func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set state = 'waiting' where id = $1`, string(waiting.ID))
			return err
		})
		if got := enter(h.client(), mine, "/connexion/cle-d-acces"); got.Status != 303 || !strings.HasSuffix(got.Follow().Body, " "+fmt.Sprint(int(actor.Waiting))) {
			t.Errorf("an account that waits: %d %q", got.Status, got.Follow().Body)
		}
		verb("close", func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set state = 'closed' where id = $1`, string(waiting.ID))
			return err
		})
		if got := enter(h.client(), mine, "/connexion/cle-d-acces"); got.Status != 422 {
			t.Errorf("a closed account: %d", got.Status)
		}
	})
}

func TestWherePasskeysArePossible(t *testing.T) {
	for address, want := range map[string]bool{"https://portail.ville.exemple": true, "http://localhost:8080": true, "http://portail.ville.exemple": false,
		"https://192.0.2.7": false, "http://127.0.0.1:8080": true, "http://192.168.1.9": false, "https://[2001:db8::1]": false} {
		base, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := (account.Gate{Base: base}).TakesPasskeys(); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if (account.Gate{}).TakesPasskeys() {
		t.Error("without an address")
	}
}

// TestAddressInFiguresTakesNoPasskey opens the page of identifiers at names and at addresses in figures.
func TestAddressInFiguresTakesNoPasskey(t *testing.T) {
	const said = "adresse en chiffres, où les navigateurs n’acceptent pas de clé d’accès"
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		for host, figures := range map[string]bool{"portail.test": false, "localhost:8080": false, "127.0.0.1:8080": true, "192.0.2.7": true,
			"[2001:db8::1]:8080": true, "[::1]": true, "127.0.0.1.exemple.fr": false} {
			c := h.client()
			c.Base = "http://" + host
			c.SetCookie("session", accounttest.SignIn(t, h.d, h.now, acc.ID))
			page := c.Get(citizen)
			if page.Status != 200 || strings.Contains(page.Text("main"), said) != figures || page.Has("main a[href$='"+newKey+"']") == figures {
				t.Errorf("at %s: %d, sentence %v, offer %v", host, page.Status, strings.Contains(page.Text("main"), said), page.Has("main a[href$='"+newKey+"']"))
			}
		}
	})
}

func TestChallengesAreBounded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for range 100 {
			if got := h.client().Post(askKey, nil).Status; got != 200 {
				t.Fatalf("a challenge: %d", got)
			}
		}
		if got := h.client().Post(askKey, nil).Status; got != 429 {
			t.Errorf("the next from that address: %d", got)
		}
		h.now = h.now.Add(5 * time.Minute)
		if got := h.client().Post(askKey, nil).Status; got != 200 || h.count(`select count(*) from passkey_challenge`) != 1 {
			t.Errorf("five minutes later: %d, %d challenges kept", got, h.count(`select count(*) from passkey_challenge`))
		}
	})
}
