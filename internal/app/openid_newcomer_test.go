package app_test

import (
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// TestAnIdentityFillsInTheDemandOfItsBrowserAlone: what FranceConnect told of somebody is given to the browser that came
// back with it, once it asks, and to no other; no account, no session and no draft is made before.
func TestAnIdentityFillsInTheDemandOfItsBrowserAlone(t *testing.T) {
	outside := newProviders(t)
	h := openHouse(t, "", nil, outside.set(t))
	client := func() *testkit.Client {
		c := testkit.NewClient(t, h.Handler())
		c.Base = h.URL
		return c
	}
	const begin, first = "/connexion/franceconnect/creation", "/creer-mon-espace/identite"
	key := url.Values{"cle": {db.NewID()}}
	c := client()
	page := c.Get(outside.fc.Visit(c.Get("/connexion/franceconnect").Location()))
	if page.Status != 200 || !page.Has("form#creation") || h.count(`select count(*) from signup_draft`) != 0 {
		t.Fatalf("%d: %s", page.Status, page.Text("main"))
	}
	for name, other := range map[string]*testkit.Client{"without a cookie": client(), "with a cookie made up": client()} {
		if strings.Contains(name, "made up") {
			other.SetCookie("identite", strings.Repeat("a", 43))
		}
		got := other.Post(begin, key)
		if next := got.Follow(); next.Path != first || strings.Contains(next.Body, "CHARPENTIER") || h.count(`select count(*) from signup_draft`) != 0 {
			t.Errorf("%s: %s shows what FranceConnect told another browser", name, next.Path)
		}
	}
	if got := page.Submit("form#creation", nil).Follow(); got.Path != first || !strings.Contains(got.Body, "CHARPENTIER") {
		t.Errorf("its own browser: %s %s", got.Path, got.Text("main"))
	}
	if n := h.count(`select count(*) from account where email = 'ines.ailleurs@exemple.fr'`); n != 0 {
		t.Errorf("%d accounts made of an identity alone", n)
	}
}

// TestASharedBrowserLetsAnIdentityGo leaves what FranceConnect told in the browser of a library: who gives the demand up,
// and who signs in for something else, leave nothing of it to the next.
func TestASharedBrowserLetsAnIdentityGo(t *testing.T) {
	outside := newProviders(t)
	h := openHouse(t, "", nil, outside.set(t))
	const begin, link = "/connexion/franceconnect/creation", "/espace/identifiants/franceconnect"
	key := func() url.Values { return url.Values{"cle": {db.NewID()}} }
	back := func() (*testkit.Client, *testkit.Page) {
		c := testkit.NewClient(t, h.Handler())
		c.Base = h.URL
		return c, c.Get(outside.fc.Visit(c.Get("/connexion/franceconnect").Location()))
	}
	c, page := back()
	if first := page.Submit("form#creation", nil).Follow(); !strings.Contains(first.Body, "CHARPENTIER") {
		t.Fatalf("nothing to let go of: %s", first.Text("main"))
	}
	c.Post("/creer-mon-espace/annuler", key()).Follow()
	if next := c.Post(begin, key()).Follow(); strings.Contains(next.Body, "CHARPENTIER") {
		t.Error("the demand was given up, and the next one is filled in with the same identity")
	}
	way := h.way("titulaire")
	for _, x := range []struct {
		name, suite string
		known       bool
	}{{"signs in for something else", "", false}, {"signs in for the agenda", "/espace/agenda", false}, {"signs in to link", link, true}} {
		c, _ := back()
		address := "/connexion"
		if x.suite != "" {
			address += "?suite=" + url.QueryEscape(x.suite)
		}
		in := c.Get(address).Submit("main form[action*=connexion]", map[string]string{"identifiant": way.Username, "mot_de_passe": way.Password})
		if in.Status != 303 {
			t.Fatalf("%s: %d %s", x.name, in.Status, in.Text("main"))
		}
		if got := strings.Contains(c.Get(link).Text("main"), "Relier à mon espace"); got != x.known {
			t.Errorf("%s: the identity is offered: %v, want %v", x.name, got, x.known)
		}
	}
}
