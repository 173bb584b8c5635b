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
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// house is a portal with the account's pages, a clock that tests move, and cheap hashing.
type house struct {
	t      *testing.T
	d      *db.DB
	key    *crypt.Key
	now    time.Time
	hashes account.Hashes
	pages  account.Pages
	router *web.Router
	grants account.Grants
}

const readRight actor.Right = "test.read"

func open(t *testing.T, d *db.DB, change ...func(*web.Config)) *house {
	h := &house{t: t, d: d, key: crypt.NewKey(), now: now}
	h.grants = account.Grants{{Right: account.Manage, Roles: []account.Role{account.Administrateur}},
		{Right: readRight, Roles: []account.Role{account.Accueil, account.Administrateur}}}
	clock := func() time.Time { return h.now }
	base := url.URL{Scheme: "http", Host: "localhost"} // passkeys belong to it; see passkey_test.go
	gate := account.Gate{DB: d, Key: h.key, Now: clock, RealNow: clock, Base: &base}.Cheap(&h.hashes)
	h.pages = account.Pages{Gate: gate, Grants: h.grants, Settings: &town.Cache{DB: d}}
	portal := testkit.NewPortal(t, d, now, func(c *web.Config) {
		c.Now, c.Identify = clock, h.pages.Identify
		c.SignIn, c.AgentSignIn = h.pages.SignInPage, h.pages.AgentSignInPage
		for _, f := range change {
			f(c)
		}
		if c.BaseURL.Hostname() == base.Host {
			base = *c.BaseURL
		}
	})
	h.router = portal.Router
	h.pages.Citizen(h.router)
	h.pages.Agent(h.router)
	hello := func(w http.ResponseWriter, _ *http.Request, a actor.Actor) error {
		_, err := fmt.Fprintf(w, "%s %d", a.Name, a.State)
		return err
	}
	h.router.Get("/espace", web.Citizen, web.NoObject, hello)
	h.router.Get("/agents", web.Agent, web.NoObject, hello)
	h.router.Get("/agents/lire", web.AgentWith(readRight), web.NoObject, hello)
	return h
}

func (h *house) client() *testkit.Client {
	h.t.Helper()
	if err := h.router.Err(); err != nil {
		h.t.Fatal(err)
	}
	return testkit.NewClient(h.t, h.router.Handler())
}

func (h *house) with(token string) *testkit.Client {
	c := h.client()
	c.SetCookie(account.SessionCookie, token)
	return c
}

func cookieOf(c *testkit.Client) string {
	for _, k := range c.Cookies() {
		if k.Name == account.SessionCookie {
			return k.Value
		}
	}
	return ""
}

// runJobs runs what waits in the queue.
func (h *house) runJobs() {
	h.t.Helper()
	n := jobs.Runner{DB: h.d, Now: func() time.Time { return h.now }, Handlers: h.pages.Handlers()}
	if _, err := n.Once(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) count(query string, args ...any) int64 {
	h.t.Helper()
	return accounttest.Count(h.t, h.d, query, args...)
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) { fn(t, open(t, d)) })
}

func named(username, email string) func(*person.Person, *account.Account) {
	return func(_ *person.Person, acc *account.Account) {
		acc.Username, acc.Email, acc.EmailConfirmedAt = username, email, civil.InstantOf(now)
	}
}

func try(c *testkit.Client, name, password string) *testkit.Page {
	return c.Post("/connexion", url.Values{"identifiant": {name}, "mot_de_passe": {password}})
}

const right = "cheap:Vqhzrt7m"

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		accounttest.Citizen(t, h.d, h.now, right, named("partage1", "deux@exemple.fr"))
		accounttest.Citizen(t, h.d, h.now, right, named("partage2", "deux@exemple.fr"))
		accounttest.Citizen(t, h.d, h.now, right, func(_ *person.Person, acc *account.Account) {
			acc.Username, acc.Email = "pasconfirme", "pas@exemple.fr"
		})
		cases := []struct {
			name, typed, password string
			in                    bool
		}{
			{"identifier", "aubert0", "Vqhzrt7m", true},
			{"identifier with capitals and spaces", " AuBert0 ", "Vqhzrt7m", true},
			{"confirmed address of one account", "Anais@Exemple.fr", "Vqhzrt7m", true},
			{"wrong password", "aubert0", "Vqhzrt7M", false},
			{"unknown name", "personne", "Vqhzrt7m", false},
			{"address that two share", "deux@exemple.fr", "Vqhzrt7m", false},
			{"identifier of one of the two", "partage2", "Vqhzrt7m", true},
			{"address that nobody confirmed", "pas@exemple.fr", "Vqhzrt7m", false},
		}
		for _, c := range cases {
			page := try(h.client(), c.typed, c.password)
			if in := page.Status == http.StatusSeeOther; in != c.in {
				t.Errorf("%s: status %d, want in %v", c.name, page.Status, c.in)
			}
			if !c.in && (page.Status != 422 || !strings.Contains(page.Text("main"), "L’identifiant ou le mot de passe ne correspond pas.")) {
				t.Errorf("%s: %d %s", c.name, page.Status, page.Text("main"))
			}
		}
	})
}

func TestSignInLeadsWhereOneWasGoing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		c := h.client()
		page := c.Get("/espace/identifiants").Follow()
		page = page.Submit("form", map[string]string{"identifiant": "aubert0", "mot_de_passe": "Vqhzrt7m"})
		if page.Location() != "/espace/identifiants" {
			t.Errorf("led to %q", page.Location())
		}
		if got := page.Follow().Text("h1"); got != "Modification de vos identifiants" {
			t.Errorf("h1 = %q", got)
		}
		for _, bad := range []string{"//ailleurs.example", "/\\ailleurs", "https://ailleurs.example", "/%0d%0aSet-Cookie:a"} {
			page := h.client().Post("/connexion", url.Values{"identifiant": {"aubert0"}, "mot_de_passe": {"Vqhzrt7m"}, "suite": {bad}})
			if page.Location() != "/espace" {
				t.Errorf("suite %q led to %q", bad, page.Location())
			}
		}
	})
}

func TestUnknownAndKnownNamesCostAndSayTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		accounttest.Citizen(t, h.d, h.now, "", named("aubert1", "")) // nobody signs in with a password
		accounttest.Citizen(t, h.d, h.now, right, func(_ *person.Person, acc *account.Account) {
			acc.Username, acc.State = "aubert2", account.Suspended
		})
		type cost struct {
			hashes     int
			statements int64
			body       string
			status     int
		}
		measure := func(name string) (all []cost) {
			for range 12 { // past the throttle
				h.hashes = account.Hashes{}
				ctx, n := db.CountQueries(context.Background())
				form := url.Values{"identifiant": {name}, "mot_de_passe": {"faux"}}
				c := h.client()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+"/connexion", strings.NewReader(form.Encode()))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				r.RequestURI = "/connexion"
				page := c.Do(r)
				all = append(all, cost{h.hashes.Checked + h.hashes.Dummy + h.hashes.Made, *n, strings.ReplaceAll(page.Body, name, "NOM"), page.Status})
			}
			return all
		}
		h.client().Get("/connexion") // the town’s settings are read once
		want := measure("inconnu")
		if want[0].hashes != 1 || want[0].statements == 0 || want[0].status != 422 || want[11].status != 429 || want[11].hashes != 0 {
			t.Fatalf("unknown name: first %+v, last %+v", want[0], want[11])
		}
		for _, name := range []string{"aubert0", "aubert1", "aubert2"} {
			got := measure(name)
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s, try %d: %d hashes, %d statements, status %d, same body %v; unknown: %d, %d, %d", name, i+1,
						got[i].hashes, got[i].statements, got[i].status, got[i].body == want[i].body, want[i].hashes, want[i].statements, want[i].status)
				}
			}
		}
	})
}

func TestThrottle(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		for i := range 5 {
			if page := try(h.client(), "aubert0", "faux"); page.Status != 422 {
				t.Fatalf("try %d: %d", i+1, page.Status)
			}
		}
		page := try(h.client(), "AUBERT0", "Vqhzrt7m")
		if page.Status != 429 || !strings.Contains(page.Text("main"), "Réessayez dans 1 minute, ou recevez un lien par courriel.") {
			t.Fatalf("sixth: %d %s", page.Status, page.Text("main"))
		}
		if page.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		checked := h.hashes.Checked
		try(h.client(), "aubert0", "faux")
		if h.hashes.Checked != checked || h.hashes.Dummy != 0 {
			t.Error("a throttled try was hashed")
		}
		h.now = h.now.Add(61 * time.Second)
		if page := try(h.client(), "aubert0", "Vqhzrt7m"); page.Status != 303 {
			t.Errorf("after a minute: %d", page.Status)
		}
		// A success wipes the slate; ten wrong tries in an hour are the most.
		before := h.hashes.Checked
		for range 40 {
			try(h.client(), "aubert0", "faux")
			h.now = h.now.Add(time.Minute)
		}
		if n := h.hashes.Checked - before; n > 10 {
			t.Errorf("%d passwords tried in 40 minutes, want at most 10", n)
		}
		// Another name of the same account gains nothing, and does not tell that both are one.
		before = h.hashes.Checked
		page = try(h.client(), "anais@exemple.fr", "Vqhzrt7m")
		if page.Status != 422 || h.hashes.Checked != before {
			t.Errorf("by address: %d, %d more passwords checked", page.Status, h.hashes.Checked-before)
		}
		// The owner comes in by the mail link all the same.
		page = h.client().Get("/mot-de-passe-oublie").Submit("form", map[string]string{"identifiant": "aubert0"})
		if page.Status != 303 {
			t.Fatalf("link asked: %d", page.Status)
		}
		h.runJobs()
		c := h.client()
		page = c.Get(h.resetPath()).Submit("form", map[string]string{"mot_de_passe": "Bnwqkz8r", "confirmation": "Bnwqkz8r"})
		if got := page.Follow(); got.Status != 200 || !strings.HasPrefix(got.Body, "Camille Martin") {
			t.Errorf("owner after the link: %d %s", got.Status, got.Body)
		}
		if accounttest.Reload(t, h.d, acc.ID).PasswordAt != civil.InstantOf(h.now) {
			t.Error("password not changed")
		}
	})
}

func TestThrottlePerAddressCountsFailuresOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		for range 120 {
			if page := try(h.client(), "aubert0", "Vqhzrt7m"); page.Status != 303 {
				t.Fatalf("many people behind one address: %d", page.Status)
			}
		}
		for i := range 100 {
			try(h.client(), fmt.Sprintf("nom%d", i), "faux")
		}
		if page := try(h.client(), "encoreun", "faux"); page.Status != 429 {
			t.Errorf("101st failure: %d", page.Status)
		}
		other := h.client()
		other.RemoteAddr = "192.0.2.77:1"
		if page := try(other, "encoreun", "faux"); page.Status != 422 {
			t.Errorf("another address: %d", page.Status)
		}
	})
}

func TestOneHomeOfManyIPv6AddressesIsOneNetwork(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		from := func(address string, name string) int {
			c := h.client()
			c.RemoteAddr = "[" + address + "]:1"
			return try(c, name, "faux").Status
		}
		for i := range 100 {
			from(fmt.Sprintf("2001:db8:1:1::%x", i+1), fmt.Sprintf("nom%d", i))
		}
		if got := from("2001:db8:1:1:ffff::1", "encoreun"); got != 429 {
			t.Errorf("101st failure of one /64: %d", got)
		}
		if got := from("2001:db8:1:2::1", "encoreun"); got != 422 {
			t.Errorf("the neighbour: %d", got)
		}
	})
}

func TestManyTriesAtOnceGainNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		var checked [60]account.Hashes
		done := make(chan error)
		for i := range checked {
			go func() {
				gate := h.pages.Gate.Cheap(&checked[i])
				_, err := gate.SignIn(context.Background(), account.Attempt{Audience: account.Citizen, Name: "aubert0",
					Password: "faux", Address: fmt.Sprintf("192.0.2.%d", i)})
				done <- err
			}()
		}
		for range checked {
			<-done
		}
		n := 0
		for _, c := range checked {
			n += c.Checked
		}
		if n != 5 {
			t.Errorf("%d passwords tried by 60 at once, want 5", n)
		}
	})
}
