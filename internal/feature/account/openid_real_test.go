package account_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/openid"
	"parvis/internal/base/openid/openidtest"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/testkit"

	"github.com/go-jose/go-jose/v4"
)

// realGateway is a house whose providers are zitadel/oidc's: nothing of the other side of the wire was written here.
type realGateway struct {
	*gateway
	fc, pc *zitadel
}

func eachRealGateway(t *testing.T, fn func(t *testing.T, g *realGateway)) {
	t.Helper()
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		fcAsks, pcAsks := []string{"given_name", "family_name", "birthdate", "birthplace", "birthcountry"}, []string{"given_name", "usual_name", "siret", "idp_id"}
		g := &realGateway{
			fc: newZitadel(t, jose.ES256, account.FranceConnectReturn, account.FranceConnectEnd, openidtest.Claims{"sub": "abcdef0123456789v1", "login": "anais",
				"given_name": "Anaïs Léa", "family_name": "AUBERT", "birthdate": "1985-03-03", "birthplace": "78646", "birthcountry": "99100",
				"email": "tue@exemple.fr"}, fcAsks...),
			pc: newZitadel(t, jose.RS256, account.ProConnectReturn, account.ProConnectEnd, openidtest.Claims{"sub": "nadia-chez-elle", "login": "nadia",
				"given_name": "Nadia", "usual_name": "Rahmani", "siret": siret, "idp_id": "fournisseur-1"}, pcAsks...)}
		client := func(z *zitadel, scopes []string, acr ...string) *openid.Client {
			c, err := openid.New(openid.Config{Issuer: z.URL, ClientID: openidtest.ClientID, Secret: openid.NewSecret(openidtest.Secret), ACR: acr,
				RedirectURL: z.back, LogoutURL: z.end, Scopes: scopes, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		g.gateway = openGateway(t, d, func(o *account.OpenID) {
			o.FranceConnect, o.ProConnect = client(g.fc, fcAsks, "eidas1"), client(g.pc, pcAsks)
		})
		g.now = time.Now() // the library's clock is the machine's
		fn(t, g)
	})
}

// leave goes from the portal to the provider, signs in there, and returns the answer's address, not followed yet.
func (g *realGateway) leave(c *testkit.Client, z *zitadel, start string) string {
	g.t.Helper()
	page := c.Get(start)
	if page.Status != 303 {
		g.t.Fatalf("%s: %d %s", start, page.Status, page.Text("main"))
	}
	return z.visit(page.Location())
}

// signedOut follows the portal's sign-out to the provider's and back.
func (g *realGateway) signedOut(c *testkit.Client, z *zitadel, path, left string) {
	g.t.Helper()
	out := c.Post(path, url.Values{})
	at, ok := strings.CutPrefix(out.Header.Get("Refresh"), "0; url="+z.URL)
	if !ok {
		g.t.Fatalf("sign-out: %d %q", out.Status, out.Header.Get("Refresh"))
	}
	there := testkit.NewClient(g.t, z.pages)
	there.Base = z.URL
	page := there.Get(at)
	back, _ := url.Parse(page.Location())
	if page.Status != 302 || !strings.HasPrefix(page.Location(), z.end+"?state=") || len(z.ended) != 1 || z.ended[0] != z.person["sub"] {
		g.t.Fatalf("the provider's sign-out: %d %q, ended %v: %s", page.Status, page.Location(), z.ended, page.Body)
	}
	if page := c.Get(back.RequestURI()); page.Location() != left {
		g.t.Errorf("back from the sign-out: %d %q", page.Status, page.Location())
	}
}

func TestFranceConnectOfAnotherMaker(t *testing.T) {
	eachRealGateway(t, func(t *testing.T, g *realGateway) {
		accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
		c := g.client()
		unknown := c.Get(g.leave(c, g.fc, fcStart))
		text := unknown.Text("main")
		if unknown.Status != 200 || g.sessions() != 0 {
			t.Fatalf("an identity nobody linked: %d %s\n%s", unknown.Status, text, g.log)
		}
		for _, said := range []string{"Anaïs Léa", "AUBERT", "3 mars 1985"} {
			if !strings.Contains(text, said) {
				t.Errorf("%q was told and is not shown: %s", said, text)
			}
		}
		if strings.Contains(text, "tue@exemple.fr") {
			t.Error("what was not asked for came all the same")
		}
		link := unknown.Click("main a.button-primary").Submit(`form[action="/connexion"]`, map[string]string{"identifiant": "aubert0", "mot_de_passe": "Vqhzrt7m"}).Follow()
		if done := link.Submit("form#lien", nil).Follow(); !done.Has("form#retrait") {
			t.Fatalf("link: %d %s", done.Status, done.Text("main"))
		}
		d := g.client()
		if in := d.Get(g.leave(d, g.fc, fcStart+"?suite=/espace/factures")); in.Location() != "/espace/factures" || !strings.Contains(in.Follow().Body, "chez ") {
			t.Fatalf("linked: %d %q %s\n%s", in.Status, in.Location(), in.Text("main"), g.log)
		}
		g.signedOut(d, g.fc, "/deconnexion", "/")
		if d.Get("/espace").Status != 303 {
			t.Error("still signed in")
		}
		g.nothingLogged("AUBERT", "abcdef0123456789v1")
	})
}

func TestProConnectOfAnotherMaker(t *testing.T) {
	eachRealGateway(t, func(t *testing.T, g *realGateway) {
		acc := accounttest.Agent(t, g.d, g.now, right)
		secret := accounttest.WithSecond(t, g.d, g.now, g.key, acc.ID)
		g.link(acc, account.ProConnect, "fournisseur-1", "nadia-chez-elle")
		c := g.client()
		half := c.Get(g.leave(c, g.pc, pcStart))
		if half.Location() != "/agents/double-authentification" || c.Get("/agents").Status != 303 {
			t.Fatalf("without its second factor: %d %q %s\n%s", half.Status, half.Location(), half.Text("main"), g.log)
		}
		in := half.Follow().Submit(`form[action="/agents/double-authentification"]`, map[string]string{"code": g.code(secret, 0)})
		if in.Location() != "/agents" {
			t.Fatalf("with the code: %d", in.Status)
		}
		g.signedOut(c, g.pc, "/agents/deconnexion", "/agents/connexion")
		g.pc.person["siret"] = "21000000000000"
		other := g.client()
		if page := other.Get(g.leave(other, g.pc, pcStart)); page.Status != 403 {
			t.Errorf("another body's agent: %d", page.Status)
		}
		g.nothingLogged()
	})
}

// TestAnotherMakerRefuses: what the provider refuses, or answers otherwise than the two French ones, opens nothing.
func TestAnotherMakerRefuses(t *testing.T) {
	back := func(path, code string) string { // the answer at path, with another's code
		u, _ := url.Parse(path)
		q := u.Query()
		q.Set("code", code)
		return u.Path + "?" + q.Encode()
	}
	codeOf := func(path string) string {
		u, _ := url.Parse(path)
		return u.Query().Get("code")
	}
	for name, c := range map[string]struct {
		come   func(g *realGateway, c *testkit.Client, path string) *testkit.Page
		reason string
	}{
		"a wrong client secret": {func(g *realGateway, c *testkit.Client, path string) *testkit.Page {
			g.fc.secret = "un autre"
			return c.Get(path)
		}, "token: refused with status"},
		"a code used before": {func(g *realGateway, c *testkit.Client, path string) *testkit.Page {
			other := g.client()
			first := g.leave(other, g.fc, fcStart)
			if in := other.Get(first); in.Location() != "/espace" {
				g.t.Fatalf("the first use: %d %s", in.Status, g.log)
			}
			return c.Get(back(path, codeOf(first)))
		}, "invalid_grant"},
		"somebody else's code": {func(g *realGateway, c *testkit.Client, path string) *testkit.Page {
			return c.Get(back(path, codeOf(g.leave(g.client(), g.fc, fcStart))))
		}, "nonce of another sign-in"},
		"names that nobody signed": {func(g *realGateway, c *testkit.Client, path string) *testkit.Page {
			g.fc.plain = true
			return c.Get(path)
		}, "not a signed answer"},
		"keys that are not its own": {func(g *realGateway, c *testkit.Client, path string) *testkit.Page {
			g.fc.announced = &g.pc.key
			return c.Get(path)
		}, "id_token"},
	} {
		t.Run(name, func(t *testing.T) {
			eachRealGateway(t, func(t *testing.T, g *realGateway) {
				acc := accounttest.Citizen(t, g.d, g.now, right, named("aubert0", "anais@exemple.fr"))
				g.link(acc, account.FranceConnect, "", "abcdef0123456789v1")
				client := g.client()
				path := g.leave(client, g.fc, fcStart)
				page := c.come(g, client, path)
				if page.Status != 422 || client.Get("/espace").Status != 303 || !strings.Contains(page.Text("main"), "Rien n’a été fait") {
					t.Errorf("%d: %s", page.Status, page.Text("main"))
				}
				if n := strings.Count(g.log.String(), "sign-in with a provider refused"); n != 1 || !strings.Contains(g.log.String(), c.reason) {
					t.Errorf("%d lines, want one with %q: %s", n, c.reason, g.log)
				}
				g.nothingLogged(codeOf(path))
			})
		})
	}
}
