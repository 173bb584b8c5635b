// Package openid speaks OpenID Connect with an outside provider of identities: FranceConnect for families, ProConnect
// for agents. It discovers the provider, makes the address where a browser is sent, exchanges the code that comes
// back, verifies the two signed answers and makes the address of the sign-out. It owns no table: who keeps the state
// and the nonce between the two requests, and whose account an identity opens, is the account feature's business.
//
// A provider that is down or slow costs whoever waits ten seconds at most, and nobody else anything.
package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	patience     = 10 * time.Second // for all that one press of the button asks of the provider
	skew         = time.Minute      // that our clock and the provider's may differ by
	retryAfter   = 5 * time.Second  // that a failed discovery is remembered
	rediscover   = 24 * time.Hour   // after which a discovery is made again, beside the old one
	answerSize   = 1 << 20          // bytes of an answer of the provider
	subjectSize  = 255
	secretOnDisk = 4096
)

// signatures are the algorithms believed: asymmetric ones. "none" signs nothing, and with HS256 whoever knows the
// client's secret, or takes a public key for one, signs as the provider.
var signatures = []string{oidc.ES256, oidc.RS256}

// Secret is a client's secret: it is not printed.
type Secret struct{ value string }

// NewSecret keeps a secret.
func NewSecret(value string) Secret { return Secret{value} }

// ReadSecret reads a secret from a file of one line.
func ReadSecret(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, secretOnDisk))
	if err != nil {
		return Secret{}, err
	}
	value := strings.TrimSpace(string(raw))
	if value == "" || strings.ContainsAny(value, "\r\n") {
		return Secret{}, errors.New("one line is expected in the file of the secret")
	}
	return Secret{value}, nil
}

// String hides the secret.
func (Secret) String() string { return "secret" }

// GoString hides the secret.
func (Secret) GoString() string { return "secret" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("secret") }

// Config is what the town agreed on with a provider.
type Config struct {
	Issuer      string // https, or plain http on this machine
	ClientID    string
	Secret      Secret
	RedirectURL string   // where the browser comes back, as declared to the provider to the letter
	LogoutURL   string   // where it comes back from the sign-out; "" when none is declared
	Scopes      []string // beside openid
	ACR         []string // levels taken, the first of which is asked for; none: not asked, not looked at
	Now         func() time.Time
	Transport   http.RoundTripper // nil: http.DefaultTransport
}

// Client talks with one provider.
type Client struct {
	cfg  Config
	http *http.Client

	mu       sync.Mutex
	known    *provider
	call     *discovery
	failure  error
	failedAt time.Time
}

// provider is what a discovery found.
type provider struct {
	at       time.Time
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier // of id_tokens
	signed   *oidc.IDTokenVerifier // of userinfo answers, whose expiry is optional
	userinfo string
	logout   string
}

// discovery is one under way, for all who wait for it.
type discovery struct {
	done  chan struct{}
	found *provider
	err   error
}

// Failure is why a sign-in did not succeed. It holds no token, code, state or nonce.
type Failure struct {
	Step   string // "discovery", "token", "id_token", "userinfo"
	Reason string
	Down   bool // the provider did not answer, or answered that it cannot
}

func (f *Failure) Error() string { return "openid " + f.Step + ": " + f.Reason }

// IsDown tells a provider that does not answer from one whose answer is refused.
func IsDown(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Down
}

// New checks the settings; nobody is asked anything yet.
func New(cfg Config) (*Client, error) {
	issuer, err := url.Parse(cfg.Issuer)
	switch {
	case err != nil || issuer.Host == "" || !safe(issuer):
		return nil, fmt.Errorf("issuer %q: an https address is expected", cfg.Issuer)
	case cfg.ClientID == "" || cfg.Secret.value == "":
		return nil, errors.New("client id or secret missing")
	case cfg.Now == nil || cfg.RedirectURL == "":
		return nil, errors.New("clock or redirect address missing")
	}
	transport := cfg.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &Client{cfg: cfg, http: &http.Client{Transport: bounded{transport}, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// safe tells an address whose answers nobody on the way can change.
func safe(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || (u.Scheme == "http" && (u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())))
}

// bounded cuts answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, answerSize), res.Body}
	return res, nil
}

// Start is a sign-in that begins. State and Nonce are to be kept on the server for the browser that goes to URL.
type Start struct{ URL, State, Nonce string }

// Begin makes the address of the provider's sign-in page. The parameters are the documented ones alone: ProConnect
// refuses any other.
func (c *Client) Begin(ctx context.Context) (Start, error) {
	p, err := c.provider(ctx)
	if err != nil {
		return Start{}, err
	}
	s := Start{State: random(), Nonce: random()}
	more := []oauth2.AuthCodeOption{oidc.Nonce(s.Nonce)}
	if len(c.cfg.ACR) > 0 {
		more = append(more, oauth2.SetAuthURLParam("acr_values", c.cfg.ACR[0]))
	}
	s.URL = p.oauth.AuthCodeURL(s.State, more...)
	return s, nil
}

// random is 43 characters that nobody guesses.
func random() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Issuer is the provider's name as its answers carry it.
func (c *Client) Issuer() string { return c.cfg.Issuer }

// Finish exchanges the code that came back with the browser, and returns who the provider says it is. nonce is the
// one that Begin made for this browser.
func (c *Client) Finish(ctx context.Context, code, nonce string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := c.provider(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := p.oauth.Exchange(ctx, code)
	if err != nil {
		return Identity{}, exchangeFailure(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, &Failure{Step: "token", Reason: "no id_token in the answer"}
	}
	id, err := c.idToken(ctx, p, raw, token.AccessToken, nonce)
	if err != nil {
		return Identity{}, err
	}
	return c.userinfo(ctx, p, token, id, raw)
}

// idToken verifies who signed, for whom, when, and in answer to what.
func (c *Client) idToken(ctx context.Context, p *provider, raw, access, nonce string) (*oidc.IDToken, error) {
	refuse := func(reason string) error { return &Failure{Step: "id_token", Reason: reason} }
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, verifyFailure("id_token", err)
	}
	var more struct {
		AZP string `json:"azp"`
		ACR string `json:"acr"`
	}
	if err := id.Claims(&more); err != nil {
		return nil, refuse("claims of another shape")
	}
	switch {
	case nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, refuse("nonce of another sign-in")
	case len(id.Audience) != 1:
		return nil, refuse("more than one audience")
	case more.AZP != "" && more.AZP != c.cfg.ClientID:
		return nil, refuse("authorized party is another client")
	case id.Subject == "" || len(id.Subject) > subjectSize:
		return nil, refuse("no subject, or too long a one")
	case id.IssuedAt.After(c.cfg.Now().Add(skew)):
		return nil, refuse("issued in the future")
	case !c.level(more.ACR):
		return nil, refuse("level of assurance missing or too low")
	}
	if id.AccessTokenHash != "" && id.VerifyAccessToken(access) != nil {
		return nil, refuse("access token of another sign-in")
	}
	return id, nil
}

// level tells whether the sign-in was as strong as asked.
func (c *Client) level(acr string) bool {
	for _, taken := range c.cfg.ACR {
		if acr == taken {
			return true
		}
	}
	return len(c.cfg.ACR) == 0
}

// LogoutAt is the provider's sign-out page for whoever signed in with an id_token; "" when the provider has none or
// was never reached.
func (c *Client) LogoutAt(idToken string) string {
	c.mu.Lock()
	p := c.known
	c.mu.Unlock()
	if p == nil || p.logout == "" || idToken == "" {
		return ""
	}
	u, err := url.Parse(p.logout)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("id_token_hint", idToken)
	q.Set("state", random())
	if c.cfg.LogoutURL != "" {
		q.Set("post_logout_redirect_uri", c.cfg.LogoutURL)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
