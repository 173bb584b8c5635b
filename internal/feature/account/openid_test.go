package account_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/openid"
	"parvis/internal/base/openid/openidtest"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

const siret = "21789999900012"

// gateway is a house with both providers configured.
type gateway struct {
	*house
	fc, pc *openidtest.Provider
	log    *bytes.Buffer
}

func openGateway(t *testing.T, d *db.DB, change ...func(*account.OpenID)) *gateway {
	h := &house{t: t, d: d, key: crypt.NewKey(), now: now}
	g := &gateway{house: h, log: &bytes.Buffer{}}
	clock := func() time.Time { return h.now }
	common := []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce"}
	provider := func(back string, person openidtest.Claims, allowed ...string) *openidtest.Provider {
		p := openidtest.New(t, clock)
		p.Redirect, p.Person, p.Allowed = "http://portail.test"+back, person, append(allowed, common...)
		return p
	}
	g.fc = provider(account.FranceConnectReturn, openidtest.Claims{"sub": "abcdef0123456789v1", "given_name": "Anaïs Léa", "family_name": "AUBERT",
		"birthdate": "1985-03-03", "birthplace": "78646", "birthcountry": "99100", "email": "anais@exemple.fr"}, "acr_values")
	g.pc = provider(account.ProConnectReturn, openidtest.Claims{"sub": "nadia-chez-elle", "idp_id": "fournisseur-1", "given_name": "Nadia", "usual_name": "Rahmani",
		"email": "nadia@ville.exemple", "siret": siret})
	client := func(p *openidtest.Provider, back, end string, acr ...string) *openid.Client {
		c, err := openid.New(openid.Config{Issuer: p.URL, ClientID: openidtest.ClientID, Secret: openid.NewSecret(openidtest.Secret), ACR: acr,
			RedirectURL: "http://portail.test" + back, LogoutURL: "http://portail.test" + end, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	log := slog.New(slog.NewTextHandler(g.log, nil))
	outside := account.OpenID{FranceConnect: client(g.fc, account.FranceConnectReturn, account.FranceConnectEnd, "eidas1"),
		ProConnect: client(g.pc, account.ProConnectReturn, account.ProConnectEnd), Siret: siret, Log: log}
	for _, f := range change {
		f(&outside)
	}
	h.pages = account.Pages{Gate: account.Gate{DB: d, Key: h.key, Now: clock, RealNow: clock}.Cheap(&h.hashes),
		Settings: &town.Cache{DB: d}, OpenID: outside}
	portal := testkit.NewPortal(t, d, now, func(c *web.Config) {
		c.Now, c.Identify, c.Log, c.SignIn, c.AgentSignIn = clock, h.pages.Identify, log, h.pages.SignInPage, h.pages.AgentSignInPage
	})
	h.router = portal.Router
	h.pages.Citizen(h.router)
	h.pages.Agent(h.router)
	hello := func(w http.ResponseWriter, _ *http.Request, a actor.Actor) error {
		_, err := w.Write([]byte("chez " + a.Name))
		return err
	}
	h.router.Get("/espace", web.Citizen, web.NoObject, hello)
	h.router.Get("/espace/factures", web.Citizen, web.NoObject, hello)
	h.router.Get("/agents", web.Agent, web.NoObject, hello)
	return g
}

func eachGateway(t *testing.T, fn func(t *testing.T, g *gateway)) {
	t.Helper()
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) { fn(t, openGateway(t, d)) })
}

const fcStart, pcStart = "/connexion/franceconnect", "/agents/connexion/proconnect"

// leave goes from the portal to the provider and returns the answer's address, not followed yet.
func (g *gateway) leave(c *testkit.Client, p *openidtest.Provider, start string) string {
	g.t.Helper()
	page := c.Get(start)
	if page.Status != 303 || !strings.HasPrefix(page.Location(), p.URL+"/authorize?") {
		g.t.Fatalf("%s: %d %s", start, page.Status, page.Text("main"))
	}
	return p.Visit(page.Location())
}

// enter is a whole sign-in with FranceConnect.
func (g *gateway) enter(c *testkit.Client) *testkit.Page {
	g.t.Helper()
	return c.Get(g.leave(c, g.fc, fcStart))
}

func (g *gateway) sessions() int64 { return g.count(`select count(*) from session`) }

// nothingLogged looks for what a log may never hold.
func (g *gateway) nothingLogged(more ...string) {
	g.t.Helper()
	for _, secret := range append(append(append(more, openidtest.Secret), g.fc.Answered...), g.pc.Answered...) {
		if secret != "" && strings.Contains(g.log.String(), secret) {
			g.t.Errorf("the log holds %q: %s", secret, g.log)
		}
	}
}

func TestFranceConnect(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
		c := g.client()
		page := c.Get("/connexion?suite=/espace/factures")
		start, _ := page.Doc.Find(`a[href^="` + fcStart + `"]`).Attr("href")
		if start == "" {
			t.Fatal("no way to FranceConnect on the sign-in page")
		}
		// The same e-mail address, name and birth date open nothing: the account's owner links it once.
		unknown := c.Get(g.leave(c, g.fc, start))
		if unknown.Status != 200 || g.sessions() != 0 || !strings.Contains(unknown.Text("main"), "Anaïs Léa") || !unknown.Has(`a[href="/creer-mon-espace"]`) {
			t.Fatalf("an identity nobody linked: %d, %d sessions: %s", unknown.Status, g.sessions(), unknown.Text("main"))
		}
		signIn := unknown.Click("main a.button-primary")
		link := signIn.Submit(`form[action="/connexion"]`, map[string]string{"identifiant": "aubert0", "mot_de_passe": "Vqhzrt7m"}).Follow()
		if link.Path != "/espace/identifiants/franceconnect" || link.Has(`[name=mot_de_passe]`) {
			t.Fatalf("after the sign-in: %s %s", link.Path, link.Text("main"))
		}
		done := link.Submit("form#lien", nil).Follow()
		if done.Status != 200 || !done.Has("form#retrait") {
			t.Fatalf("link: %d %s", done.Status, done.Text("main"))
		}
		g.lastMail(account.MailIdentityLinked)
		if n := g.count(`select count(*) from identity_attempt`); n != 0 {
			t.Errorf("%d attempts left", n)
		}

		d := g.client()
		in := d.Get(g.leave(d, g.fc, fcStart+"?suite=/espace/factures"))
		if in.Location() != "/espace/factures" || !strings.Contains(in.Follow().Body, "chez ") {
			t.Fatalf("linked: %d %q %s", in.Status, in.Location(), in.Text("main"))
		}
		if n := g.count(`select count(*) from session where provider = 'franceconnect' and shared = true and account = $1`, string(acc.ID)); n != 1 {
			t.Errorf("%d short sessions", n)
		}
		if page := d.Get(fcStart); page.Location() != "/espace" {
			t.Errorf("signed in already: %d", page.Status)
		}
		out := d.Post("/deconnexion", url.Values{})
		at, ok := strings.CutPrefix(out.Header.Get("Refresh"), "0; url="+g.fc.URL+"/session/end?")
		q, _ := url.ParseQuery(at)
		if !ok || q.Get("id_token_hint") != g.fc.Answered[len(g.fc.Answered)-2] || q.Get("post_logout_redirect_uri") != "http://portail.test"+account.FranceConnectEnd {
			t.Errorf("sign-out: %d %q", out.Status, out.Header.Get("Refresh"))
		}
		if d.Get("/espace").Status != 303 || d.Get(account.FranceConnectEnd).Location() != "/" {
			t.Error("still signed in")
		}
		if out := c.Post("/deconnexion", url.Values{}); out.Status != 303 || out.Header.Get("Refresh") != "" {
			t.Errorf("a session opened by a password led to the provider: %d", out.Status)
		}

		g.enter(d)
		if page := d.Get("/espace/identifiants"); !page.Has(`a[href="/espace/identifiants/franceconnect"]`) {
			t.Error("not on the page of identifiers")
		}
		if page := d.Get("/espace/identifiants/franceconnect").Submit("form#retrait", nil).Follow(); page.Has("form#retrait") {
			t.Error("still linked")
		}
		g.lastMail(account.MailIdentityUnlinked)
		before := g.sessions()
		if page := g.enter(g.client()); page.Status != 200 || g.sessions() != before {
			t.Errorf("unlinked, and still a way in: %d", page.Status)
		}
		g.nothingLogged("AUBERT", "abcdef0123456789v1")
	})
}

// TestLinkAsksThePassword: a session found open does not let somebody add a way in of their own.
func TestLinkAsksThePassword(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
		c := g.with(accounttest.SignIn(t, g.d, g.now, acc.ID))
		g.now = g.now.Add(time.Minute)
		leave := c.Get("/espace/identifiants/franceconnect").Click("main a.button")
		page := c.Get(g.fc.Visit(leave.Location())).Follow()
		if !page.Has("form#lien [name=mot_de_passe]") {
			t.Fatalf("no password asked: %s", page.Text("main"))
		}
		if got := page.Submit("form#lien", map[string]string{"mot_de_passe": "faux"}); got.Status != 422 || g.count(`select count(*) from account_identity`) != 0 {
			t.Errorf("wrong password: %d", got.Status)
		}
		if got := page.Submit("form#lien", map[string]string{"mot_de_passe": "Vqhzrt7m"}); got.Status != 303 || g.count(`select count(*) from account_identity`) != 1 {
			t.Errorf("right password: %d %s", got.Status, got.Text("main"))
		}
	})
}

// TestAnswersThatAreNotTaken is each wrong way back: a French page, nothing done, one line in the log, no token in it.
func TestAnswersThatAreNotTaken(t *testing.T) {
	over := func(name string, value any) func(*gateway) {
		return func(g *gateway) { g.fc.IDToken = openidtest.Claims{name: value} }
	}
	for name, c := range map[string]struct {
		before func(g *gateway)
		back   func(g *gateway, c *testkit.Client, path string) *testkit.Page
		reason string
	}{
		"another state": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			return c.Get(strings.Replace(path, "state=", "state=x", 1))
		}, reason: "state unknown"},
		"no state": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			u, _ := url.Parse(path)
			return c.Get(u.Path + "?code=" + u.Query().Get("code"))
		}, reason: "state unknown"},
		"replayed": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			c.Get(path)
			c.Post("/deconnexion", url.Values{})
			g.log.Reset()
			return c.Get(path)
		}, reason: "used before"},
		"stolen, in another browser": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			return g.client().Get(path)
		}, reason: "another browser"},
		"stolen, in another browser that left too": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			thief := g.client()
			g.leave(thief, g.fc, fcStart)
			return thief.Get(path)
		}, reason: "another browser"},
		"after the theft, in the right browser": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			g.client().Get(path)
			g.log.Reset()
			return c.Get(path)
		}, reason: "used before"},
		"eleven minutes later": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			g.now = g.now.Add(11 * time.Minute)
			return c.Get(path)
		}, reason: "late"},
		"at the other provider's door": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			return c.Get(strings.Replace(path, account.FranceConnectReturn, account.ProConnectReturn, 1))
		}, reason: "state unknown"},
		"of another issuer": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			u, _ := url.Parse(path)
			q := u.Query()
			q.Set("iss", "https://ailleurs.exemple")
			return c.Get(u.Path + "?" + q.Encode())
		}, reason: "another issuer"},
		"an error": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			return c.Get(path + "&error=server_error&error_description=jeton-secret")
		}, reason: "in place of a code"},
		"a late code": {back: func(g *gateway, c *testkit.Client, path string) *testkit.Page {
			g.now = g.now.Add(31 * time.Second)
			return c.Get(path)
		}, reason: "invalid_grant"},
		"wrong nonce":       {before: over("nonce", strings.Repeat("n", 43)), reason: "nonce"},
		"wrong issuer":      {before: over("iss", "https://ailleurs.exemple"), reason: "different provider"},
		"wrong audience":    {before: over("aud", "autre"), reason: "audience"},
		"no acr":            {before: over("acr", nil), reason: "level"},
		"alg none":          {before: func(g *gateway) { g.fc.Alg = "none" }, reason: "id_token"},
		"HS256, public key": {before: func(g *gateway) { g.fc.Alg = "HS256 public" }, reason: "id_token"},
	} {
		t.Run(name, func(t *testing.T) {
			eachGateway(t, func(t *testing.T, g *gateway) {
				acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
				g.link(acc, account.FranceConnect, "", "abcdef0123456789v1")
				if c.before != nil {
					c.before(g)
				}
				client := g.client()
				path := g.leave(client, g.fc, fcStart)
				back := func(g *gateway, c *testkit.Client, path string) *testkit.Page { return c.Get(path) }
				if c.back != nil {
					back = c.back
				}
				page := back(g, client, path)
				if page.Status != 422 || g.sessions() != 0 || !strings.Contains(page.Text("main"), "Rien n’a été fait") {
					t.Errorf("%d, %d sessions: %s", page.Status, g.sessions(), page.Text("main"))
				}
				if n := strings.Count(g.log.String(), "sign-in with a provider refused"); n != 1 || !strings.Contains(g.log.String(), c.reason) {
					t.Errorf("%d lines, want one with %q: %s", n, c.reason, g.log)
				}
				u, _ := url.Parse(path)
				g.nothingLogged(u.Query().Get("code"), u.Query().Get("state"), "jeton-secret")
			})
		})
	}
}

// link links an identity without the pages.
func (g *gateway) link(acc account.Account, provider account.Outside, idp, subject string) {
	g.t.Helper()
	if err := g.write(func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into account_identity (provider, idp, subject, account, created_at) values ($1, $2, $3, $4, 1)`,
			string(provider), idp, subject, string(acc.ID))
		return err
	}); err != nil {
		g.t.Fatal(err)
	}
}

func TestGivingUpAtTheProvider(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		c := g.client()
		u, _ := url.Parse(g.leave(c, g.fc, fcStart))
		page := c.Get(u.Path + "?error=access_denied&state=" + u.Query().Get("state"))
		if page.Status != 200 || !strings.Contains(page.Text("main"), "Vous n’avez pas terminé") || g.fc.Count("/token") != 0 {
			t.Errorf("given up: %d %s", page.Status, page.Text("main"))
		}
	})
}

func TestOneIdentityOneAccount(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		first := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
		second := accounttest.Citizen(t, g.d, g.now, right, named("autre", ""))
		g.link(first, account.FranceConnect, "", "abcdef0123456789v1")
		c := g.with(accounttest.SignIn(t, g.d, g.now, second.ID))
		if page := c.Get(g.leave(c, g.fc, fcStart+"?suite=/espace/identifiants/franceconnect")); page.Status != 409 || !strings.Contains(page.Text("main"), "déjà relié à un autre espace") {
			t.Errorf("somebody else's identity: %d %s", page.Status, page.Text("main"))
		}
		g.fc.Person["sub"] = "autre-identite-v1"
		owner := g.with(accounttest.SignIn(t, g.d, g.now, first.ID))
		owner.Get(g.leave(owner, g.fc, fcStart+"?suite=/espace/identifiants/franceconnect"))
		cookie := ""
		for _, k := range owner.Cookies() {
			if k.Name == "identite" {
				cookie = k.Value
			}
		}
		link := func(a actor.Actor) error {
			return g.write(func(tx *db.Tx) error { return g.pages.LinkIdentity(tx, a, account.FranceConnect, cookie) })
		}
		if err := link(g.actor(first.ID)); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.SentenceOf(err), "déjà relié à un autre compte") {
			t.Errorf("a second identity of one account: %v", err)
		}
		if err := link(actor.Actor{Kind: actor.Agent, Second: true, Account: string(second.ID)}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an agent linked a family's identity: %v", err)
		}
		if err := link(actor.Actor{Kind: actor.Citizen, State: actor.MustPass, Account: string(second.ID)}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("linked before the personal password: %v", err)
		}
		if err := link(g.actor(second.ID)); err != nil {
			t.Errorf("the other account: %v", err)
		}
		if err := link(g.actor(second.ID)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("linked twice: %v", err)
		}
		// An account that is closed opens no more, and lets its identity go.
		if err := g.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set state = 'closed' where id = $1`, string(second.ID))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if page := g.enter(g.client()); page.Status != 200 {
			t.Errorf("identity of a closed account: %d", page.Status)
		}
		third := accounttest.Citizen(t, g.d, g.now, right, named("troisieme", ""))
		c = g.client()
		g.enter(c)
		c.Post("/connexion", url.Values{"identifiant": {"troisieme"}, "mot_de_passe": {"Vqhzrt7m"}, "suite": {"/espace/identifiants/franceconnect"}})
		if page := c.Get("/espace/identifiants/franceconnect").Submit("form#lien", nil); page.Status != 303 {
			t.Errorf("linked anew: %d %s", page.Status, page.Text("main"))
		}
		if n := g.count(`select count(*) from account_identity where account = $1 and subject = 'autre-identite-v1'`, string(third.ID)); n != 1 {
			t.Error("not the third's")
		}
	})
}

func TestStatesThatDoNotEnter(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", ""), func(_ *person.Person, acc *account.Account) { acc.State = account.Suspended })
		g.link(acc, account.FranceConnect, "", "abcdef0123456789v1")
		if page := g.enter(g.client()); page.Status != 409 || g.sessions() != 0 || !strings.Contains(page.Text("main"), "désactivé") {
			t.Errorf("suspended: %d %s", page.Status, page.Text("main"))
		}
	})
}

func TestFranceConnectKeepsTheSecondFactor(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", ""))
		secret := accounttest.WithSecond(t, g.d, g.now, g.key, acc.ID)
		g.link(acc, account.FranceConnect, "", "abcdef0123456789v1")
		c := g.client()
		page := c.Get(g.leave(c, g.fc, fcStart+"?suite=/espace/factures"))
		if !strings.HasPrefix(page.Location(), "/connexion/code") || c.Get("/espace").Status != 303 {
			t.Fatalf("the code is not asked: %q", page.Location())
		}
		if in := page.Follow().Submit(`form[action="/connexion/code"]`, map[string]string{"code": g.code(secret, 0)}); in.Location() != "/espace/factures" {
			t.Errorf("with the code: %d %q", in.Status, in.Location())
		}
		if out := c.Post("/deconnexion", url.Values{}); !strings.Contains(out.Header.Get("Refresh"), "id_token_hint=") {
			t.Error("the id_token was lost at the second factor")
		}
	})
}

func TestProConnect(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		acc := accounttest.Agent(t, g.d, g.now, right)
		secret := accounttest.WithSecond(t, g.d, g.now, g.key, acc.ID)
		enter := func(c *testkit.Client) *testkit.Page { return c.Get(g.leave(c, g.pc, pcStart)) }
		c := g.client()
		if !c.Get("/agents/connexion").Has(`a[href="` + pcStart + `"]`) {
			t.Error("no way to ProConnect")
		}
		for name, wrong := range map[string]openidtest.Claims{"another body's": {"siret": "21000000000000"}, "no siret": {"siret": nil}, "no provider": {"idp_id": nil}} {
			g.pc.UserInfo = wrong
			if page := enter(g.client()); page.Status != 403 || g.sessions() != 0 || g.count(`select count(*) from identity_attempt where proved_at is not null`) != 0 {
				t.Errorf("%s: %d %s", name, page.Status, page.Text("main"))
			}
		}
		g.pc.UserInfo = nil
		unknown := enter(c)
		if unknown.Status != 200 || g.sessions() != 0 || unknown.Has(`a[href="/creer-mon-espace"]`) {
			t.Fatalf("unknown agent: %d %s", unknown.Status, unknown.Text("main"))
		}
		code := unknown.Click("main a.button-primary").Submit("form", map[string]string{"identifiant": acc.Username, "mot_de_passe": "Vqhzrt7m"})
		link := code.Submit("form", map[string]string{"code": g.code(secret, 0)}).Follow()
		if page := link.Submit("form#lien", nil); page.Status != 303 {
			t.Fatalf("link: %d %s", page.Status, page.Text("main"))
		}
		g.now = g.now.Add(time.Minute)

		d := g.client()
		g.pc.IDToken = openidtest.Claims{"amr": []string{"pwd", "mfa"}} // said, and not counted on
		half := enter(d)
		if half.Location() != "/agents/double-authentification" || d.Get("/agents").Status != 303 {
			t.Fatalf("without its second factor: %d %q", half.Status, half.Location())
		}
		if in := half.Follow().Submit(`form[action="/agents/double-authentification"]`, map[string]string{"code": g.code(secret, 0)}); in.Location() != "/agents" {
			t.Errorf("with the code: %d", in.Status)
		}
		if out := d.Post("/agents/deconnexion", url.Values{}); !strings.HasPrefix(out.Header.Get("Refresh"), "0; url="+g.pc.URL+"/session/end?id_token_hint=") {
			t.Errorf("sign-out: %q", out.Header.Get("Refresh"))
		}
		g.pc.Person["idp_id"] = "fournisseur-2" // the same subject elsewhere is somebody else
		before := g.sessions()
		if page := enter(g.client()); page.Status != 200 || g.sessions() != before {
			t.Errorf("the same subject of another provider: %d", page.Status)
		}
		if g.count(`select count(*) from account_role where account = $1`, string(acc.ID)) != 0 {
			t.Error("a role was given")
		}
	})
}

func TestProviderDownHarmsNothingElse(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		accounttest.Citizen(t, g.d, g.now, right, named("aubert0", ""))
		g.fc.Down = true
		c := g.client()
		page := c.Get(fcStart)
		if page.Status != 503 || !strings.Contains(page.Text("main"), "ne répond pas") || !page.Has(`a[href="/connexion"]`) {
			t.Errorf("down: %d %s", page.Status, page.Text("main"))
		}
		if page := c.Get("/connexion"); page.Status != 200 {
			t.Errorf("the sign-in page: %d", page.Status)
		}
		if page := try(c, "aubert0", "Vqhzrt7m"); page.Location() != "/espace" {
			t.Errorf("with a password: %d", page.Status)
		}
		g.fc.Down = false
		g.now = g.now.Add(10 * time.Second)
		d := g.client()
		path := g.leave(d, g.fc, fcStart)
		g.fc.Down = true
		if page := d.Get(path); page.Status != 503 || g.sessions() != 1 {
			t.Errorf("down at the exchange: %d", page.Status)
		}
		if n := strings.Count(g.log.String(), "sign-in with a provider refused"); n != 2 {
			t.Errorf("%d lines: %s", n, g.log)
		}
		g.nothingLogged()
	})
}

// TestSlowProviderHoldsNobodyElse holds the provider's answer back: meanwhile a password opens. That the wait ends
// after ten seconds is base/openid's test.
func TestSlowProviderHoldsNobodyElse(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		accounttest.Citizen(t, g.d, g.now, right, named("aubert0", ""))
		g.fc.Slow = make(chan struct{})
		answered := make(chan *testkit.Page, 1)
		c := g.client()
		go func() { answered <- c.Get(fcStart) }()
		for g.fc.Count("/.well-known/openid-configuration") == 0 {
			runtime.Gosched()
		}
		if page := try(g.client(), "aubert0", "Vqhzrt7m"); page.Location() != "/espace" {
			t.Errorf("with a password: %d", page.Status)
		}
		close(g.fc.Slow)
		if page := <-answered; page.Status != 303 || !strings.HasPrefix(page.Location(), g.fc.URL) {
			t.Errorf("once it answers: %d", page.Status)
		}
	})
}

func TestBornAbroadAtFranceConnect(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		g.fc.Person["birthplace"], g.fc.Person["birthcountry"], g.fc.Person["birthdate"] = "", "99350", "1979-00-00"
		page := g.enter(g.client())
		if text := page.Text("main"); page.Status != 200 || !strings.Contains(text, "À l’étranger") || !strings.Contains(text, "En 1979") {
			t.Errorf("%d %s", page.Status, text)
		}
		g.fc.Person["birthdate"] = "1979-01-01"
		if text := g.enter(g.client()).Text("main"); !strings.Contains(text, "1er janvier 1979 (ou jour inconnu") {
			t.Error(text)
		}
	})
}

func TestAttemptsAreCountedSealedAndPurged(t *testing.T) {
	eachGateway(t, func(t *testing.T, g *gateway) {
		g.enter(g.client())
		sealed, err := db.Read(t.Context(), g.d, func(r db.Reader) ([]byte, error) {
			return db.One(r, "identity", db.Column[[]byte], `select identity from identity_attempt`)
		})
		if err != nil || len(sealed) == 0 || bytes.Contains(sealed, []byte("AUBERT")) || bytes.Contains(sealed, []byte("abcdef")) {
			t.Errorf("an identity that waits is readable: %q %v", sealed, err)
		}
		for range 59 {
			g.client().Get(fcStart)
		}
		if page := g.client().Get(fcStart); page.Status != http.StatusTooManyRequests {
			t.Errorf("61 sign-ins under way from one address: %d", page.Status)
		}
		elsewhere := g.client()
		elsewhere.RemoteAddr = "192.0.2.77:4000"
		if page := elsewhere.Get(fcStart); page.Status != 303 {
			t.Errorf("from elsewhere: %d", page.Status)
		}
		g.now = g.now.Add(31 * time.Minute)
		if err := g.write(func(tx *db.Tx) error { return account.Purge(tx, g.now) }); err != nil || g.count(`select count(*) from identity_attempt`) != 0 {
			t.Errorf("attempts stay: %v", err)
		}
	})
}

func TestOffUntilConfigured(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.client()
		for _, path := range []string{fcStart, fcStart + "/retour", fcStart + "/bouton", pcStart, "/espace/identifiants/franceconnect"} {
			if page := c.Get(path); page.Status != 404 {
				t.Errorf("%s: %d", path, page.Status)
			}
		}
		if c.Get("/connexion").Has(`a[href^="`+fcStart+`"]`) || c.Get("/agents/connexion").Has(`a[href^="`+pcStart+`"]`) {
			t.Error("a button that leads nowhere")
		}
	})
}

func TestButtonOfTheTown(t *testing.T) {
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		g := openGateway(t, d, func(o *account.OpenID) { o.Button = account.Picture{Type: "image/svg+xml", Body: []byte("<svg/>")} })
		c := g.client()
		page := c.Get("/connexion")
		if !page.Has(`a[href="` + fcStart + `"] img[src="` + fcStart + `/bouton"][alt]`) {
			t.Error("the town's picture is not the button")
		}
		if got := c.Get(fcStart + "/bouton"); got.Status != 200 || got.Header.Get("Content-Type") != "image/svg+xml" || got.Body != "<svg/>" {
			t.Errorf("picture: %d %q", got.Status, got.Body)
		}
	})
}
