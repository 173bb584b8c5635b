package openid

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// provider is the one discovered, at the first need of it. Everybody waits for the same discovery, and one that failed
// answers for a moment: a provider that is down is not asked by each visitor.
func (c *Client) provider(ctx context.Context) (*provider, error) {
	c.mu.Lock()
	now := c.cfg.Now()
	known, call := c.known, c.call
	recent := c.failure != nil && now.Before(c.failedAt.Add(retryAfter))
	switch {
	case known != nil && (now.Before(known.at.Add(rediscover)) || recent):
		c.mu.Unlock()
		return known, nil
	case known == nil && recent && call == nil:
		err := c.failure
		c.mu.Unlock()
		return nil, err
	case call == nil:
		call = &discovery{done: make(chan struct{})}
		c.call = call
		go c.discover(call)
	}
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	select {
	case <-call.done:
		return call.found, call.err
	case <-ctx.Done():
		return nil, &Failure{Step: "discovery", Reason: "no answer in time", Down: true}
	}
}

func (c *Client) discover(call *discovery) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	call.found, call.err = c.ask(oidc.ClientContext(ctx, c.http))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.call, c.failure = nil, call.err
	if call.err != nil {
		c.failedAt = c.cfg.Now()
	} else {
		c.known = call.found
	}
	close(call.done)
}

// ask reads the provider's own description; the library checks that it is this issuer's.
func (c *Client) ask(ctx context.Context) (*provider, error) {
	found, err := oidc.NewProvider(ctx, c.cfg.Issuer)
	if err != nil {
		return nil, networkFailure("discovery", err, true)
	}
	var more struct {
		UserInfo string `json:"userinfo_endpoint"`
		Keys     string `json:"jwks_uri"`
		Logout   string `json:"end_session_endpoint"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, &Failure{Step: "discovery", Reason: "description of another shape", Down: true}
	}
	end := found.Endpoint()
	for _, address := range []string{end.AuthURL, end.TokenURL, more.UserInfo, more.Keys} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || !safe(u) {
			return nil, &Failure{Step: "discovery", Reason: fmt.Sprintf("address %q is not https", address), Down: true}
		}
	}
	if u, err := url.Parse(more.Logout); err != nil || !safe(u) {
		more.Logout = ""
	}
	end.AuthStyle = oauth2.AuthStyleInParams // client_secret_post
	taken := oidc.Config{ClientID: c.cfg.ClientID, SupportedSigningAlgs: signatures,
		Now: func() time.Time { return c.cfg.Now().Add(-skew) }}
	signed := taken
	signed.SkipExpiryCheck = true
	keys := oidc.NewRemoteKeySet(ctx, more.Keys) // read again when a key is not known
	return &provider{at: c.cfg.Now(), userinfo: more.UserInfo, logout: more.Logout,
		verifier: oidc.NewVerifier(c.cfg.Issuer, keys, &taken), signed: oidc.NewVerifier(c.cfg.Issuer, keys, &signed),
		oauth: oauth2.Config{ClientID: c.cfg.ClientID, ClientSecret: c.cfg.Secret.value, Endpoint: end, RedirectURL: c.cfg.RedirectURL,
			Scopes: append([]string{oidc.ScopeOpenID}, c.cfg.Scopes...)}}, nil
}

// networkFailure says why an answer did not come, without the address asked.
func networkFailure(step string, err error, down bool) error {
	var out *url.Error
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &out) && out.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return &Failure{Step: step, Reason: "no answer in time", Down: true}
	case errors.As(err, &dns):
		return &Failure{Step: step, Reason: "host not found", Down: true}
	case errors.As(err, &op):
		return &Failure{Step: step, Reason: "no connection: " + op.Err.Error(), Down: true}
	case errors.As(err, &out):
		return &Failure{Step: step, Reason: "no answer: " + short(out.Err), Down: true}
	}
	return &Failure{Step: step, Reason: short(err), Down: down}
}

// exchangeFailure says how the provider refused a code, by its word alone: descriptions may repeat what was sent.
func exchangeFailure(err error) error {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) {
		return networkFailure("token", err, false)
	}
	f := &Failure{Step: "token", Reason: "answer without a status"}
	if said.Response != nil {
		f.Reason = fmt.Sprintf("refused with status %d", said.Response.StatusCode)
		f.Down = said.Response.StatusCode >= http.StatusInternalServerError
	}
	if plainWord(said.ErrorCode) {
		f.Reason += " " + said.ErrorCode
	}
	return f
}

// plainWord tells an error code of the protocol from what may be anything.
func plainWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// verifyFailure says which check of a signed answer failed. The library's sentences name claims, never the token.
func verifyFailure(step string, err error) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return &Failure{Step: step, Reason: "expired"}
	}
	var out *url.Error
	if errors.As(err, &out) || errors.Is(err, context.DeadlineExceeded) {
		return networkFailure(step, err, true) // the keys could not be read
	}
	return &Failure{Step: step, Reason: short(err)}
}

func short(err error) string {
	s := err.Error()
	if len(s) > 160 {
		s = s[:160]
	}
	return s
}
