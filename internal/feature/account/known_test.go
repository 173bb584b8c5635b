package account_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/testkit"
)

func knownOf(c *testkit.Client) string {
	for _, k := range c.Cookies() {
		if strings.TrimPrefix(k.Name, "__Host-") == account.KnownCookie {
			return k.Value
		}
	}
	return ""
}

// isKnown tells whether a cookie's value still names a device of some account.
func (h *house) isKnown(token string) bool {
	h.t.Helper()
	return h.count(`select count(*) from known_device where token_hash = $1`, crypt.HashToken(token)) > 0
}

// hammer spends the tries of a name from elsewhere, until it must wait an hour.
func (h *house) hammer(name string) {
	h.t.Helper()
	for range 12 {
		try(h.client(), name, "faux")
		h.now = h.now.Add(61 * time.Second)
	}
	if page := try(h.client(), name, "Vqhzrt7m"); page.Status != http.StatusTooManyRequests {
		h.t.Fatalf("after the hammering, the right password from an unknown device: %d", page.Status)
	}
}

func TestOwnerEntersFromAKnownDeviceWhileOthersHammer(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		accounttest.Citizen(t, h.d, h.now, right, named("autre", ""))
		owner, stranger := h.client(), h.client()
		try(owner, "aubert0", "Vqhzrt7m")
		try(stranger, "autre", "Vqhzrt7m")
		if first := knownOf(owner); len(first) != 32 || !h.isKnown(first) || h.count(`select count(*) from known_device where token_hash = $1`, first) != 0 {
			t.Fatalf("cookie of a known device: %q", first)
		}
		owner.Post("/deconnexion", url.Values{})
		h.hammer("aubert0")
		for _, typed := range []string{"aubert0", "anais@exemple.fr"} {
			if page := try(owner, typed, "Vqhzrt7m"); page.Status != 303 {
				t.Errorf("owner as %s: %d %s", typed, page.Status, page.Text("main"))
			}
		}
		if page := try(h.client(), "aubert0", "Vqhzrt7m"); page.Status != 429 {
			t.Errorf("the owner's coming in gave the others tries: %d", page.Status)
		}
		if page := try(stranger, "aubert0", "Vqhzrt7m"); page.Status != 429 {
			t.Errorf("a device known to another account: %d", page.Status)
		}
		// A device has a count of its own, as small.
		before := h.hashes.Checked
		for range 40 {
			try(owner, "aubert0", "faux")
			h.now = h.now.Add(time.Minute)
		}
		if n := h.hashes.Checked - before; n != 10 {
			t.Errorf("%d passwords tried in 40 minutes from a known device, want 10", n)
		}
		h.now = h.now.Add(2 * time.Hour)
		for range 5 {
			try(owner, "aubert0", "faux")
		}
		if page := try(owner, "aubert0", "faux"); page.Status != 429 || !strings.Contains(page.Text("main"), "Réessayez dans 1 minute") {
			t.Errorf("sixth wrong try from a known device: %d", page.Status)
		}
		if page := try(h.client(), "aubert0", "Vqhzrt7m"); page.Status != 303 {
			t.Errorf("wrong tries of a known device hold the others back: %d", page.Status)
		}
	})
}

func TestWhoBecomesAKnownDevice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		guest := h.client()
		guest.Post("/connexion", url.Values{"identifiant": {"aubert0"}, "mot_de_passe": {"Vqhzrt7m"}, "partage": {"1"}})
		if knownOf(guest) != "" {
			t.Error("a shared computer became known")
		}
		family := h.client()
		try(family, "aubert0", "Vqhzrt7m")
		first := knownOf(family)
		accounttest.Citizen(t, h.d, h.now, right, named("conjoint", ""))
		try(family, "conjoint", "Vqhzrt7m")
		second := knownOf(family)
		if second == first || h.isKnown(first) || h.count(`select count(*) from known_device where token_hash = $1`, crypt.HashToken(second)) != 2 {
			t.Error("two parents on one browser: both are known, under a new cookie")
		}
		planted := h.client()
		planted.SetCookie(account.KnownCookie, strings.Repeat("A", 32))
		try(planted, "aubert0", "Vqhzrt7m")
		if knownOf(planted) == strings.Repeat("A", 32) || h.isKnown(strings.Repeat("A", 32)) {
			t.Error("a planted cookie became known")
		}
		secret := accounttest.WithSecond(t, h.d, h.now, h.key, acc.ID)
		half := h.client()
		page := try(half, "aubert0", "Vqhzrt7m")
		if knownOf(half) != "" {
			t.Error("a device became known before the second factor")
		}
		code, err := account.TOTPCode(secret, h.now)
		if err != nil {
			t.Fatal(err)
		}
		if page = page.Submit(`form[action="/connexion/code"]`, map[string]string{"code": code}); page.Status != 303 || knownOf(half) == "" {
			t.Errorf("after the second factor: %d, cookie %q", page.Status, knownOf(half))
		}
		for range 30 {
			h.now = h.now.Add(time.Minute)
			try(h.client(), "conjoint", "Vqhzrt7m")
		}
		if n := h.count(`select count(*) from known_device d join account c on c.id = d.account where c.username = 'conjoint'`); n != 20 {
			t.Errorf("%d devices of one account, want 20 at most", n)
		}
		try(family, "conjoint", "Vqhzrt7m") // the last of the twenty
		h.now = h.now.Add(366 * 24 * time.Hour)
		h.hammer("conjoint")
		if page := try(family, "conjoint", "Vqhzrt7m"); page.Status != 429 {
			t.Errorf("after a year: %d", page.Status)
		}
		if err := h.write(func(tx *db.Tx) error { return account.Purge(tx, h.now) }); err != nil {
			t.Fatal(err)
		}
		if n := h.count(`select count(*) from known_device`); n != 0 {
			t.Errorf("%d devices left after a year and the night's cleaning", n)
		}
	})
}

func TestNothingChangedIsSaid(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		page := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID)).Get("/espace/identifiants")
		if page.Has(`#identifiants [name=mot_de_passe][required]`) || !strings.Contains(page.Text("#identifiants"), "Nouveau mot de passe") {
			t.Errorf("the new password seems required: %s", page.Text("#identifiants"))
		}
		same := page.Submit("#identifiants", map[string]string{"ancien_mot_de_passe": "Vqhzrt7m"})
		if same.Status != 422 || !strings.Contains(same.Text("main"), "Rien n’a changé") {
			t.Errorf("%d %s", same.Status, same.Text("main"))
		}
	})
}

func TestKnownDevicesAreForgotten(t *testing.T) {
	change := func(c *testkit.Client, f map[string]string) *testkit.Page {
		f["ancien_mot_de_passe"], f["confirmation"] = "Vqhzrt7m", f["mot_de_passe"]
		return c.Get("/espace/identifiants").Submit("#identifiants", f)
	}
	cases := []struct {
		name  string
		act   func(h *house, here *testkit.Client, name string) *testkit.Page
		stays bool // the browser in hand is known under a new cookie
	}{
		{"password changed", func(_ *house, here *testkit.Client, name string) *testkit.Page {
			return change(here, map[string]string{"identifiant": name, "mot_de_passe": "Bnwqkz8r"})
		}, true},
		{"identifier changed", func(_ *house, here *testkit.Client, name string) *testkit.Page {
			return change(here, map[string]string{"identifiant": "anais.aubert", "mot_de_passe": ""})
		}, true},
		{"all others signed out", func(_ *house, here *testkit.Client, name string) *testkit.Page {
			return here.Get("/espace/identifiants").Submit("#autres-appareils", nil)
		}, true},
		{"that device signed out", func(_ *house, here *testkit.Client, name string) *testkit.Page {
			return here.Get("/espace/identifiants").Submit(`form[action$="/fin"]`, nil)
		}, true},
		{"password chosen by a mailed link", func(h *house, _ *testkit.Client, name string) *testkit.Page {
			h.client().Post("/mot-de-passe-oublie", url.Values{"identifiant": {name}})
			h.runJobs()
			return h.client().Get(h.resetPath()).Submit("form", map[string]string{"mot_de_passe": "Bnwqkz8r", "confirmation": "Bnwqkz8r"})
		}, false},
	}
	each(t, func(t *testing.T, h *house) {
		for i, c := range cases {
			name := fmt.Sprintf("aubert%d", i)
			accounttest.Citizen(t, h.d, h.now, right, named(name, name+"@exemple.fr"))
			here, there := h.client(), h.client()
			try(there, name, "Vqhzrt7m")
			h.now = h.now.Add(time.Minute)
			try(here, name, "Vqhzrt7m")
			elsewhere := knownOf(there)
			if page := c.act(h, here, name); page.Status != 303 {
				t.Errorf("%s: %d %s", c.name, page.Status, page.Text("main"))
			}
			if h.isKnown(elsewhere) {
				t.Errorf("%s: the other device is still known", c.name)
			}
			if h.isKnown(knownOf(here)) != c.stays {
				t.Errorf("%s: the browser in hand known = %v, want %v", c.name, !c.stays, c.stays)
			}
		}
	})
}

func TestCookieOfAKnownDevice(t *testing.T) {
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		h := open(t, d, func(c *web.Config) { c.BaseURL = &url.URL{Scheme: "https", Host: "portail.test"} })
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		c := h.client()
		c.Base = "https://portail.test"
		var got string
		for _, line := range try(c, "aubert0", "Vqhzrt7m").Header.Values("Set-Cookie") {
			if strings.Contains(line, account.KnownCookie) {
				got = line
			}
		}
		for _, want := range []string{"__Host-appareil=", "Path=/", "Max-Age=31536000", "HttpOnly", "Secure", "SameSite=Lax"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q lacks %s", got, want)
			}
		}
		out := c.Post("/deconnexion", url.Values{})
		if knownOf(c) == "" || strings.Contains(out.Header.Get("Clear-Site-Data"), "cookies") {
			t.Error("signing out makes the browser forget that it is known")
		}
	})
}

// answer is what a try shows and costs.
type answer struct {
	status, hashes int
	statements     int64
	body           string
}

// probe tries a name and hides it from the answer.
func (h *house) probe(c *testkit.Client, name, password string) answer {
	h.t.Helper()
	h.client().Get("/connexion") // the town’s settings are kept for a while
	h.hashes = account.Hashes{}
	ctx, n := db.CountQueries(context.Background())
	form := url.Values{"identifiant": {name}, "mot_de_passe": {password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+"/connexion", strings.NewReader(form.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RequestURI = "/connexion"
	page := c.Do(r)
	return answer{page.Status, h.hashes.Checked + h.hashes.Dummy + h.hashes.Made, *n, strings.ReplaceAll(page.Body, name, "NOM")}
}

func TestCookieOfAKnownDeviceTellsNoNames(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		accounttest.Citizen(t, h.d, h.now, right, named("pirate", ""))
		mine := h.client()
		try(mine, "pirate", "Vqhzrt7m")
		cookie := knownOf(mine)
		for i := range 12 {
			probe := func(name string) answer {
				c := h.client()
				c.SetCookie(account.KnownCookie, cookie)
				return h.probe(c, name, "faux")
			}
			if want, got := probe("inconnu"), probe("aubert0"); got != want {
				t.Errorf("try %d with another's cookie: existing %d, %d hashes, %d statements; unknown %d, %d, %d; same body %v", i+1,
					got.status, got.hashes, got.statements, want.status, want.hashes, want.statements, got.body == want.body)
			}
		}
	})
}

// TestIdentifierAndAddressShareOneCount: both names of an account together give no more tries than one, and do not
// tell that they are one account's.
func TestIdentifierAndAddressShareOneCount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		start := h.now
		run := func(names ...string) (all []answer, checked int) {
			h.now = start
			for i := range 60 {
				a := h.probe(h.client(), names[i%2], "faux")
				checked += h.hashes.Checked
				all = append(all, a)
				h.now = h.now.Add(31 * time.Second) // each name once in 62 seconds
			}
			return all, checked
		}
		known, checked := run("aubert0", "anais@exemple.fr")
		unknown, _ := run("inconnu", "inconnu@exemple.fr")
		if checked != 10 {
			t.Errorf("%d passwords of the account tried in half an hour under its two names, want 10", checked)
		}
		for i := range known {
			if known[i] != unknown[i] {
				t.Errorf("try %d: existing %d, %d hashes, %d statements; unknown %d, %d, %d; same body %v", i+1, known[i].status,
					known[i].hashes, known[i].statements, unknown[i].status, unknown[i].hashes, unknown[i].statements, known[i].body == unknown[i].body)
			}
		}
		if known[59].status != http.StatusTooManyRequests || known[0].status != 422 {
			t.Errorf("first %d, last %d", known[0].status, known[59].status)
		}
	})
}

// TestFieldsOfAnIdentifier: telephones neither write a capital, nor correct, and offer the name they keep.
func TestFieldsOfAnIdentifier(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		admin := accounttest.Agent(t, h.d, h.now, "", account.Held{Role: account.Administrateur, Service: actor.AllServices})
		citizen, agent := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID)), h.with(accounttest.SignIn(t, h.d, h.now, admin.ID))
		for path, c := range map[string]*testkit.Client{"/connexion": h.client(), "/agents/connexion": h.client(), "/mot-de-passe-oublie": h.client(),
			"/espace/identifiants": citizen, "/agents/identifiants": agent, "/agents/comptes/nouveau": agent} {
			field := c.Get(path).Doc.Find(`main input[name="identifiant"]:not([type="hidden"])`)
			for name, want := range map[string]string{"autocapitalize": "none", "spellcheck": "false", "autocomplete": "username"} {
				if got := field.AttrOr(name, "nothing"); got != want {
					t.Errorf("%s: %s is %s, want %s", path, name, got, want)
				}
			}
		}
	})
}

// TestAgentsSessions: an agent ends one device, then all others, with plain forms.
func TestAgentsSessions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := accounttest.Agent(t, h.d, h.now, "")
		other := h.with(accounttest.SignIn(t, h.d, h.now, accounttest.Agent(t, h.d, h.now, "").ID))
		var devices []*testkit.Client
		for range 4 {
			devices = append(devices, h.with(accounttest.SignIn(t, h.d, h.now, one.ID)))
			h.now = h.now.Add(time.Second)
		}
		here := devices[3]
		alive := func() (n int) {
			for _, c := range devices {
				if c.Get("/agents").Status == 200 {
					n++
				}
			}
			return n
		}
		page := here.Get("/agents/identifiants")
		if n := page.Doc.Find(`form[action^="/agents/identifiants/sessions/"][action$="/fin"]:not(#autres-appareils)`).Length(); n != 3 || !strings.Contains(page.Text("main ul.rows"), "Cet appareil") {
			t.Fatalf("%d devices to sign out, want 3: %s", n, page.Text("main ul.rows"))
		}
		if done := page.Submit(`form[action^="/agents/identifiants/sessions/"][action$="/fin"]`, nil); done.Status != 303 || alive() != 3 {
			t.Errorf("one signed out: %d, %d alive", done.Status, alive())
		}
		if done := here.Get("/agents/identifiants").Submit("#autres-appareils", nil); done.Status != 303 || alive() != 1 || here.Get("/agents").Status != 200 {
			t.Errorf("all others signed out: %d, %d alive", done.Status, alive())
		}
		if here.Get("/agents/identifiants").Has("#autres-appareils") || other.Get("/agents").Status != 200 {
			t.Error("nothing is left to sign out, and nobody else was")
		}
	})
}
