package openid_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/openid"
	"parvis/internal/base/openid/openidtest"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)

// camille is FranceConnect's answer about somebody born in France.
func camille() openidtest.Claims {
	return openidtest.Claims{"sub": "abcdef0123456789v1", "given_name": "Camille Anne", "given_name_array": []string{"Camille", "Anne"},
		"family_name": "MARTIN", "preferred_username": "AUBERT", "birthdate": "1985-03-03", "birthplace": "2A004", "birthcountry": "99100",
		"gender": "female", "email": "camille@exemple.fr"}
}

type desk struct {
	p   *openidtest.Provider
	c   *openid.Client
	now time.Time
}

func open(t *testing.T, change ...func(*openid.Config)) *desk {
	d := &desk{now: now}
	d.p = openidtest.New(t, func() time.Time { return d.now })
	d.p.Redirect, d.p.Person = "https://portail.test/retour", camille()
	d.p.Allowed = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "acr_values"}
	cfg := openid.Config{Issuer: d.p.URL, ClientID: openidtest.ClientID, Secret: openid.NewSecret(openidtest.Secret), RedirectURL: d.p.Redirect,
		LogoutURL: "https://portail.test/fin", Scopes: []string{"identite_pivot"}, ACR: []string{"eidas1"}, Now: func() time.Time { return d.now }}
	for _, f := range change {
		f(&cfg)
	}
	c, err := openid.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.c = c
	return d
}

// signIn goes to the provider and back; meanwhile happens in between.
func (d *desk) signIn(t *testing.T, meanwhile ...func()) (openid.Identity, error) {
	t.Helper()
	start, err := d.c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(d.p.Visit(start.URL))
	if err != nil || back.Query().Get("state") != start.State {
		t.Fatalf("back with %s: %v", back, err)
	}
	for _, f := range meanwhile {
		f()
	}
	return d.c.Finish(t.Context(), back.Query().Get("code"), start.Nonce)
}

func TestSignIn(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		d := open(t)
		d.p.Alg = alg
		got, err := d.signIn(t)
		if err != nil {
			t.Fatal(alg, err)
		}
		if got.IDToken == "" {
			t.Error("no id_token for the sign-out")
		}
		got.IDToken = ""
		want := openid.Identity{Subject: "abcdef0123456789v1", FirstNames: "Camille Anne", LastName: "MARTIN", UsageName: "AUBERT",
			Birth: openid.Birth{Year: 1985, Month: 3, Day: 3}, Place: "2A004", Country: "99100", Gender: "female", Email: "camille@exemple.fr"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestWrongAnswers is what an answer may be wrong in, one thing at a time; each is refused with its reason.
func TestWrongAnswers(t *testing.T) {
	id := func(name string, value any) func(*desk) {
		return func(d *desk) { d.p.IDToken = openidtest.Claims{name: value} }
	}
	info := func(name string, value any) func(*desk) {
		return func(d *desk) { d.p.UserInfo = openidtest.Claims{name: value} }
	}
	for name, c := range map[string]struct {
		wrong func(*desk)
		want  string
	}{
		"nonce of another sign-in":      {id("nonce", strings.Repeat("n", 43)), "nonce"},
		"no nonce":                      {id("nonce", nil), "nonce"},
		"another issuer":                {id("iss", "https://ailleurs.exemple"), "different provider"},
		"another audience":              {id("aud", "autre-client"), "audience"},
		"two audiences":                 {id("aud", []string{openidtest.ClientID, "autre"}), "audience"},
		"another authorized party":      {id("azp", "autre-client"), "party"},
		"expired":                       {id("exp", now.Add(-2*time.Minute).Unix()), "expired"},
		"issued in the future":          {id("iat", now.Add(time.Hour).Unix()), "future"},
		"not valid yet":                 {id("nbf", now.Add(time.Hour).Unix()), "nbf"},
		"no subject":                    {id("sub", nil), "subject"},
		"a long subject":                {id("sub", strings.Repeat("a", 256)), "subject"},
		"no acr":                        {id("acr", nil), "level"},
		"a lower acr":                   {id("acr", "eidas0"), "level"},
		"access token of another":       {id("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "access token"},
		"claims of another shape":       {id("acr", 3), "shape"},
		"alg none":                      {func(d *desk) { d.p.Alg = "none" }, "id_token"},
		"HS256 with the public key":     {func(d *desk) { d.p.Alg = "HS256 public" }, "id_token"},
		"HS256 with the client secret":  {func(d *desk) { d.p.Alg = "HS256 secret" }, "id_token"},
		"userinfo unsigned":             {func(d *desk) { d.p.InfoAlg = "json" }, "not a signed answer"},
		"userinfo alg none":             {func(d *desk) { d.p.InfoAlg = "none" }, "userinfo"},
		"userinfo HS256, public key":    {func(d *desk) { d.p.InfoAlg = "HS256 public" }, "userinfo"},
		"userinfo about somebody else":  {info("sub", "autre"), "somebody else"},
		"userinfo of another issuer":    {info("iss", "https://ailleurs.exemple"), "different provider"},
		"userinfo for another audience": {info("aud", "autre-client"), "audience"},
		"userinfo for two audiences":    {info("aud", []string{openidtest.ClientID, "autre"}), "audience"},
		"userinfo expired":              {info("exp", now.Add(-2*time.Minute).Unix()), "expired"},
		"userinfo of another shape":     {info("given_name", 12), "shape"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			c.wrong(d)
			got, err := d.signIn(t)
			var f *openid.Failure
			if !errors.As(err, &f) || f.Down || got != (openid.Identity{}) {
				t.Fatalf("got %v, %v", got, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("refused for %q, want %q", err, c.want)
			}
			for _, token := range d.p.Answered {
				if strings.Contains(err.Error(), token) {
					t.Error("the reason holds a token")
				}
			}
		})
	}
}

func TestClocksMayDifferByAMinute(t *testing.T) {
	for ahead, taken := range map[time.Duration]bool{-50 * time.Second: true, 50 * time.Second: true, -3 * time.Minute: false} {
		d := open(t)
		d.p.IDToken = openidtest.Claims{"iat": now.Add(ahead).Unix(), "exp": now.Add(ahead).Unix()}
		if _, err := d.signIn(t); (err == nil) != taken {
			t.Errorf("clock %s away: %v", ahead, err)
		}
	}
}

func TestCodes(t *testing.T) {
	d := open(t)
	if _, err := d.signIn(t, func() { d.now = d.now.Add(31 * time.Second) }); err == nil || !strings.Contains(err.Error(), "invalid_grant") || openid.IsDown(err) {
		t.Errorf("expired code: %v", err)
	}
	start, err := d.c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, _ := url.Parse(d.p.Visit(start.URL))
	code := back.Query().Get("code")
	if _, err := d.c.Finish(t.Context(), code, start.Nonce); err != nil {
		t.Error(err)
	}
	if _, err := d.c.Finish(t.Context(), code, start.Nonce); err == nil || strings.Contains(err.Error(), code) {
		t.Errorf("code used twice: %v", err)
	}
}

func TestRotatedKeys(t *testing.T) {
	d := open(t)
	if _, err := d.signIn(t); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signIn(t); err != nil || d.p.Count("/jwks") != 1 {
		t.Errorf("the keys were asked for %d times: %v", d.p.Count("/jwks"), err)
	}
	d.p.Rotate("seconde")
	if _, err := d.signIn(t); err != nil || d.p.Count("/jwks") != 2 {
		t.Errorf("after a rotation (%d): %v", d.p.Count("/jwks"), err)
	}
}

func TestParameters(t *testing.T) {
	d := open(t)
	start, err := d.c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.c.Begin(t.Context())
	if err != nil || again.State == start.State || again.Nonce == start.Nonce || start.State == start.Nonce {
		t.Errorf("state and nonce are not fresh: %v", err)
	}
	u, _ := url.Parse(start.URL)
	q := u.Query()
	if len(q.Get("state")) < 32 || len(q.Get("nonce")) < 32 {
		t.Errorf("state %d, nonce %d characters", len(q.Get("state")), len(q.Get("nonce")))
	}
	q.Del("state")
	q.Del("nonce")
	want := url.Values{"response_type": {"code"}, "client_id": {openidtest.ClientID}, "redirect_uri": {d.p.Redirect},
		"scope": {"openid identite_pivot"}, "acr_values": {"eidas1"}}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Error(diff)
	}
	// ProConnect refuses whatever it does not document: neither acr_values nor PKCE.
	agents := open(t, func(c *openid.Config) { c.ACR, c.Scopes = nil, []string{"siret", "idp_id"} })
	agents.p.Allowed = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce"}
	if _, err := agents.signIn(t); err != nil {
		t.Error(err)
	}
}

func TestLogout(t *testing.T) {
	d := open(t)
	if at := d.c.LogoutAt("jeton"); at != "" {
		t.Errorf("before any discovery: %s", at)
	}
	got, err := d.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(d.c.LogoutAt(got.IDToken))
	if err != nil || !strings.HasPrefix(u.String(), d.p.URL+"/session/end?") {
		t.Fatal(u, err)
	}
	q := u.Query()
	if q.Get("id_token_hint") != got.IDToken || q.Get("post_logout_redirect_uri") != "https://portail.test/fin" || len(q.Get("state")) < 32 {
		t.Errorf("sign-out with %v", q)
	}
	if d.c.LogoutAt("") != "" {
		t.Error("a sign-out without id_token")
	}
}

func TestProviderDownThenBack(t *testing.T) {
	d := open(t)
	d.p.Down = true
	for range 3 {
		if _, err := d.c.Begin(t.Context()); !openid.IsDown(err) {
			t.Fatalf("down: %v", err)
		}
	}
	if n := d.p.Count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("a provider that is down was asked %d times in a moment", n)
	}
	d.p.Down = false
	d.now = d.now.Add(6 * time.Second)
	if _, err := d.signIn(t); err != nil {
		t.Errorf("back again: %v", err)
	}
	d.p.Down = true
	start, err := d.c.Begin(t.Context())
	if err != nil {
		t.Fatalf("the address is known: %v", err)
	}
	if _, err := d.c.Finish(t.Context(), "code", start.Nonce); !openid.IsDown(err) {
		t.Errorf("down at the exchange: %v", err)
	}
}

// TestSlowProvider asks many times at once: all wait for one discovery, and leave when their own request does.
func TestSlowProvider(t *testing.T) {
	d := open(t)
	d.p.Slow = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	errs := make(chan error, 20)
	for range 20 {
		waiting.Go(func() {
			_, err := d.c.Begin(ctx)
			errs <- err
		})
	}
	for d.p.Count("/.well-known/openid-configuration") == 0 {
		runtime.Gosched()
	}
	cancel()
	waiting.Wait()
	close(errs)
	for err := range errs {
		if !openid.IsDown(err) {
			t.Errorf("slow: %v", err)
		}
	}
	if n := d.p.Count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("%d discoveries", n)
	}
	close(d.p.Slow)
}

// hang is a network that never answers; it tells how long it was waited for.
type hang struct{ left chan time.Duration }

func (h hang) RoundTrip(r *http.Request) (*http.Response, error) {
	deadline, ok := r.Context().Deadline()
	if !ok {
		h.left <- 0
		return nil, errors.New("no limit")
	}
	h.left <- time.Until(deadline)
	return nil, context.DeadlineExceeded
}

func TestTenSecondsAtMost(t *testing.T) {
	h := hang{make(chan time.Duration, 4)}
	d := open(t, func(c *openid.Config) { c.Transport = h })
	_, err := d.c.Begin(t.Context())
	if left := <-h.left; left <= 0 || left > 10*time.Second || !openid.IsDown(err) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("limit %s, %v", left, err)
	}
}

func TestDescriptionOfAnotherIssuer(t *testing.T) {
	d := open(t)
	d.p.Issuer = "https://ailleurs.exemple"
	if _, err := d.c.Begin(t.Context()); err == nil {
		t.Error("a description of another issuer was taken")
	}
}

func TestBirth(t *testing.T) {
	for s, want := range map[string]openid.Birth{
		"1985-03-03": {Year: 1985, Month: 3, Day: 3}, "1960-01-01": {Year: 1960, Month: 1, Day: 1}, "1960-05-00": {Year: 1960, Month: 5},
		"1960-00-00": {Year: 1960}, "1960-00-12": {Year: 1960}, "": {}, "1960": {}, "0000-00-00": {}, "1985-02-30": {}, "1985-13-01": {}, "85-1-1": {}, "1985-+3-03": {},
	} {
		if got := openid.ParseBirth(s); got != want {
			t.Errorf("%q: %+v", s, got)
		}
	}
	presumed := map[string]bool{"1985-03-03": false, "1960-01-01": true, "1960-05-01": true, "1960-05-00": true, "1960-00-00": true, "": false}
	for s, want := range presumed {
		if openid.ParseBirth(s).MayBePresumed() != want {
			t.Errorf("%q presumed", s)
		}
	}
}

func TestBornAbroad(t *testing.T) {
	d := open(t)
	d.p.Person["birthplace"], d.p.Person["birthcountry"], d.p.Person["birthdate"] = "", "99350", "1979-00-00"
	delete(d.p.Person, "preferred_username")
	got, err := d.signIn(t)
	if err != nil || !got.Abroad() || got.Country != "99350" || got.Birth != (openid.Birth{Year: 1979}) || got.UsageName != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if (openid.Identity{Country: "99100"}).Abroad() || (openid.Identity{}).Abroad() {
		t.Error("France, or nothing, is not abroad")
	}
}

func TestSettings(t *testing.T) {
	good := openid.Config{Issuer: "https://fournisseur.exemple/api/v2", ClientID: "c", Secret: openid.NewSecret("s"), RedirectURL: "https://p/r", Now: time.Now}
	if _, err := openid.New(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*openid.Config){
		"plain http": func(c *openid.Config) { c.Issuer = "http://fournisseur.exemple" }, "no host": func(c *openid.Config) { c.Issuer = "fournisseur" },
		"no client": func(c *openid.Config) { c.ClientID = "" }, "no secret": func(c *openid.Config) { c.Secret = openid.Secret{} },
		"no way back": func(c *openid.Config) { c.RedirectURL = "" },
	} {
		bad := good
		change(&bad)
		if _, err := openid.New(bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("motus-et-bouche-cousue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openid.ReadSecret(path)
	if err != nil || s != openid.NewSecret("motus-et-bouche-cousue") {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", openid.Config{Secret: s}), fmt.Sprintf("%#v", s), s.LogValue().String()} {
		if strings.Contains(shown, "motus") {
			t.Errorf("printed: %s", shown)
		}
	}
	for _, bad := range []string{"", "\n", "deux\nlignes"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openid.ReadSecret(path); err == nil {
			t.Errorf("secret %q taken", bad)
		}
	}
}
