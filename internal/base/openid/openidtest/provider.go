// Package openidtest is a provider of identities for tests, on this machine: it signs as FranceConnect and ProConnect
// do, refuses what they refuse, and can be told to do each thing wrong.
package openidtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The client that the provider knows.
const (
	ClientID = "client-de-test"
	Secret   = "un-secret-qui-ne-doit-pas-sortir"
)

// Claims are what a token says.
type Claims = map[string]any

// Provider is a provider of identities. Change its fields between two sign-ins, never during one.
type Provider struct {
	URL string

	Now      func() time.Time
	Redirect string   // the one address that answers go to
	Allowed  []string // parameters of /authorize; any other is refused
	Person   Claims   // userinfo, with its sub
	IDToken  Claims   // laid over the id_token's claims; nil deletes one
	UserInfo Claims   // laid over the userinfo's
	Alg      string   // ES256, RS256, "HS256 public" (the public key as secret), "HS256 secret", "none"
	InfoAlg  string   // of the userinfo answer, "" as Alg, "json" for an unsigned one
	Slow     chan struct{}
	Down     bool
	Answered []string // the bodies of tokens given out, to look for in logs
	Asked    []string // paths asked for
	Issuer   string   // named in the description; "" its own

	t      testing.TB
	mu     sync.Mutex
	kid    string
	ec     *ecdsa.PrivateKey
	rsa    *rsa.PrivateKey
	grants map[string]grant
	access map[string]bool
}

type grant struct {
	nonce, acr string
	until      time.Time
}

// New starts a provider that ends with the test.
func New(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{t: t, Now: now, Alg: "ES256", grants: map[string]grant{}, access: map[string]bool{}}
	p.Rotate("premiere")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", p.describe)
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", p.token)
	mux.HandleFunc("/userinfo", p.info)
	mux.HandleFunc("/jwks", p.keys)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.Asked = append(p.Asked, r.URL.Path)
		slow, down := p.Slow, p.Down
		p.mu.Unlock()
		if slow != nil {
			select {
			case <-slow:
			case <-r.Context().Done():
			}
		}
		if down {
			http.Error(w, "en maintenance", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Rotate makes new keys under a new name; the old ones are forgotten.
func (p *Provider) Rotate(kid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err1, err2 error
	p.ec, err1 = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.rsa, err2 = rsa.GenerateKey(rand.Reader, 2048)
	if err1 != nil || err2 != nil {
		p.t.Fatal(err1, err2)
	}
	p.kid = kid
}

// Count is how often a path was asked for.
func (p *Provider) Count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, asked := range p.Asked {
		if asked == path {
			n++
		}
	}
	return n
}

// Visit is the browser at the provider: the person says yes, and the answer is where the browser is sent back to.
func (p *Provider) Visit(start string) (path string) {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(start)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusFound {
		p.t.Fatalf("the provider answered %d to %s", res.StatusCode, start)
	}
	return back.RequestURI()
}

func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	issuer := p.Issuer
	if issuer == "" {
		issuer = p.URL
	}
	p.json(w, Claims{"issuer": issuer, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/jwks", "end_session_endpoint": p.URL + "/session/end",
		"id_token_signing_alg_values_supported": []string{"ES256", "RS256", "HS256", "none"}})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains(p.Allowed, name) {
			http.Error(w, "Y000400 "+name, http.StatusBadRequest)
			return
		}
	}
	if q.Get("response_type") != "code" || q.Get("client_id") != ClientID || q.Get("redirect_uri") != p.Redirect ||
		len(q.Get("state")) < 32 || len(q.Get("nonce")) < 32 || !strings.HasPrefix(q.Get("scope"), "openid") {
		http.Error(w, "Y000400", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.grants[code] = grant{nonce: q.Get("nonce"), acr: q.Get("acr_values"), until: p.Now().Add(30 * time.Second)}
	p.mu.Unlock()
	http.Redirect(w, r, p.Redirect+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	_, _, basic := r.BasicAuth()
	if r.ParseForm() != nil || basic || r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != Secret {
		p.refuse(w, "invalid_client")
		return
	}
	p.mu.Lock()
	g, ok := p.grants[r.PostForm.Get("code")]
	delete(p.grants, r.PostForm.Get("code"))
	access := rand.Text()
	p.access[access] = true
	p.mu.Unlock()
	if !ok || !p.Now().Before(g.until) || r.PostForm.Get("redirect_uri") != p.Redirect || r.PostForm.Get("grant_type") != "authorization_code" {
		p.refuse(w, "invalid_grant")
		return
	}
	said := Claims{"iss": p.URL, "aud": ClientID, "sub": p.Person["sub"], "nonce": g.nonce, "iat": p.Now().Unix(),
		"exp": p.Now().Add(time.Minute).Unix()}
	if g.acr != "" {
		said["acr"] = g.acr
	}
	id := p.sign(p.Alg, lay(said, p.IDToken))
	p.mu.Lock()
	p.Answered = append(p.Answered, id, access)
	p.mu.Unlock()
	p.json(w, Claims{"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": id})
}

func (p *Provider) info(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	known := p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	p.mu.Unlock()
	if !known {
		http.Error(w, "jeton inconnu", http.StatusUnauthorized)
		return
	}
	said := lay(lay(Claims{"iss": p.URL, "aud": ClientID, "iat": p.Now().Unix(), "exp": p.Now().Add(time.Minute).Unix()}, p.Person), p.UserInfo)
	alg := p.InfoAlg
	if alg == "" {
		alg = p.Alg
	}
	if alg == "json" {
		p.json(w, said)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Write([]byte(p.sign(alg, said)))
}

func lay(base, over Claims) Claims {
	all := maps.Clone(base)
	for name, value := range over {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: p.ec.Public(), KeyID: p.kid + "-ec", Use: "sig", Algorithm: "ES256"},
		{Key: p.rsa.Public(), KeyID: p.kid + "-rsa", Use: "sig", Algorithm: "RS256"}}})
}

func (p *Provider) sign(alg string, said Claims) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := json.Marshal(said)
	if err != nil {
		p.t.Error(err)
	}
	if alg == "none" {
		plain := base64.RawURLEncoding.EncodeToString
		return plain([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + plain(body) + "."
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.ec, KeyID: p.kid + "-ec"}}
	switch alg {
	case "RS256":
		key = jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.rsa, KeyID: p.kid + "-rsa"}}
	case "HS256 public":
		key = jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public(p.rsa.Public()), KeyID: p.kid + "-rsa"}}
	case "HS256 secret":
		key = jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte(Secret), KeyID: p.kid + "-rsa"}}
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		p.t.Error(err)
		return ""
	}
	signed, err := signer.Sign(body)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	return compact
}

// public is a public key as a file that anybody may have.
func public(key crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (p *Provider) refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	w.Write([]byte(`{"error":"` + code + `"}`))
}

func (p *Provider) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}
