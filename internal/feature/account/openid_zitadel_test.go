package account_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/openid/openidtest"
	"parvis/internal/testkit"

	"github.com/go-jose/go-jose/v4"
	zcrypto "github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// zitadel is the provider of zitadel/oidc, a library that others run as their provider, over a memory of ours. It sets
// the description, the codes, the tokens, their signatures and the sign-out; ours are the people, the sign-in page and,
// since the library answers /userinfo in plain JSON, the signature over that answer, as FranceConnect and ProConnect do.
type zitadel struct {
	op.Storage // what a web client's code flow does not use: asked for all the same, it fails the test

	t         testing.TB
	URL       string
	pages     http.Handler
	key       zitadelKey
	secret    string
	back      string
	end       string
	person    openidtest.Claims // with its sub and "login", what is typed at the provider
	grants    []string          // scopes the client may ask for
	plain     bool              // userinfo left unsigned
	announced *zitadelKey       // another key than it signs with

	mu     sync.Mutex
	asked  map[string]*zitadelRequest // by id
	codes  map[string]string          // code → id
	tokens map[string]*zitadelRequest
	ended  []string // subjects signed out
}

type zitadelKey struct {
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

func (k zitadelKey) SignatureAlgorithm() jose.SignatureAlgorithm { return k.alg }
func (k zitadelKey) Algorithm() jose.SignatureAlgorithm          { return k.alg }
func (k zitadelKey) Use() string                                 { return "sig" }
func (k zitadelKey) ID() string                                  { return "cle-" + string(k.alg) }
func (k zitadelKey) Key() any                                    { return k.private }

// zitadelPublic is the half of the key that everybody reads.
type zitadelPublic struct{ zitadelKey }

func (k zitadelPublic) Key() any { return k.private.Public() }

// newZitadel starts a provider that ends with the test.
func newZitadel(t testing.TB, alg jose.SignatureAlgorithm, back, end string, person openidtest.Claims, grants ...string) *zitadel {
	t.Helper()
	z := &zitadel{t: t, secret: openidtest.Secret, back: "http://portail.test" + back, end: "http://portail.test" + end, person: person, grants: grants,
		asked: map[string]*zitadelRequest{}, codes: map[string]string{}, tokens: map[string]*zitadelRequest{}}
	var err error
	z.key.alg = alg
	if alg == jose.ES256 {
		z.key.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		z.key.private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	z.URL = "http://" + server.Listener.Addr().String()
	cfg := &op.Config{AuthMethodPost: true, SupportedScopes: append([]string{oidc.ScopeOpenID}, grants...)}
	if _, err := rand.Read(cfg.CryptoKey[:]); err != nil {
		t.Fatal(err)
	}
	provider, err := op.NewProvider(cfg, z, op.StaticIssuer(z.URL), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) { z.sign(w, r, provider) })
	mux.HandleFunc("GET /qui", z.signInPage)
	mux.HandleFunc("POST /qui", z.signIn(provider))
	z.pages, server.Config.Handler = mux, mux
	server.Start()
	t.Cleanup(server.Close)
	return z
}

// sign makes of the library's userinfo answer the signed one of the two French providers.
func (z *zitadel) sign(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	said := openidtest.Claims{}
	if rec.Code != http.StatusOK || z.plain || json.Unmarshal(rec.Body.Bytes(), &said) != nil {
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
		return
	}
	said["iss"], said["aud"], said["exp"] = z.URL, openidtest.ClientID, time.Now().Add(time.Minute).Unix()
	signer, err := op.SignerFromKey(z.key)
	if err != nil {
		z.t.Error(err)
		return
	}
	signed, err := zcrypto.Sign(said, signer)
	if err != nil {
		z.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
	w.Write([]byte(signed))
}

var zitadelSignIn = template.Must(template.New("qui").Parse(
	`<!doctype html><form method="post" action="/qui"><input type="hidden" name="id" value="{{.}}"><input name="login"></form>`))

func (z *zitadel) signInPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := zitadelSignIn.Execute(w, r.URL.Query().Get("id")); err != nil {
		z.t.Error(err)
	}
}

func (z *zitadel) signIn(provider *op.Provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		z.mu.Lock()
		defer z.mu.Unlock()
		asked := z.asked[r.PostFormValue("id")]
		if asked == nil || r.PostFormValue("login") != z.person["login"] {
			http.Error(w, "inconnu", http.StatusForbidden)
			return
		}
		asked.subject, asked.at = z.person["sub"].(string), time.Now()
		http.Redirect(w, r, op.AuthCallbackURL(provider)(op.ContextWithIssuer(r.Context(), z.URL), asked.id), http.StatusFound)
	}
}

// visit is the browser at the provider, from the portal's door to the address that it is sent back to.
func (z *zitadel) visit(start string) string {
	z.t.Helper()
	path, ours := strings.CutPrefix(start, z.URL)
	if !ours {
		z.t.Fatalf("%s is not the provider's", start)
	}
	c := testkit.NewClient(z.t, z.pages)
	c.Base = z.URL
	page := c.Get(path).Follow()
	if wrong := page.Submit("form", map[string]string{"login": "quelqu’un d’autre"}); wrong.Status != http.StatusForbidden {
		z.t.Fatalf("somebody unknown at the provider: %d", wrong.Status)
	}
	page = page.Submit("form", map[string]string{"login": z.person["login"].(string)})
	page = c.Get(strings.TrimPrefix(page.Location(), z.URL))
	back, err := url.Parse(page.Location())
	if err != nil || page.Status != http.StatusFound || !strings.HasPrefix(page.Location(), z.back+"?") {
		z.t.Fatalf("the provider sent back to %q (%d): %s", page.Location(), page.Status, page.Body)
	}
	return back.RequestURI()
}

// zitadelRequest is a sign-in under way at the provider.
type zitadelRequest struct {
	*oidc.AuthRequest
	id, subject string
	at          time.Time
}

func (r *zitadelRequest) GetID() string                         { return r.id }
func (r *zitadelRequest) GetACR() string                        { return strings.Join(r.ACRValues, " ") }
func (r *zitadelRequest) GetAMR() []string                      { return []string{"pwd"} }
func (r *zitadelRequest) GetAudience() []string                 { return []string{r.ClientID} }
func (r *zitadelRequest) GetAuthTime() time.Time                { return r.at }
func (r *zitadelRequest) GetClientID() string                   { return r.ClientID }
func (r *zitadelRequest) GetCodeChallenge() *oidc.CodeChallenge { return nil }
func (r *zitadelRequest) GetNonce() string                      { return r.Nonce }
func (r *zitadelRequest) GetRedirectURI() string                { return r.RedirectURI }
func (r *zitadelRequest) GetResponseType() oidc.ResponseType    { return r.ResponseType }
func (r *zitadelRequest) GetResponseMode() oidc.ResponseMode    { return r.ResponseMode }
func (r *zitadelRequest) GetScopes() []string                   { return r.Scopes }
func (r *zitadelRequest) GetState() string                      { return r.State }
func (r *zitadelRequest) GetSubject() string                    { return r.subject }
func (r *zitadelRequest) Done() bool                            { return r.subject != "" }

// zitadelClient is the portal as the provider knows it.
type zitadelClient struct{ z *zitadel }

func (c zitadelClient) GetID() string                       { return openidtest.ClientID }
func (c zitadelClient) RedirectURIs() []string              { return []string{c.z.back} }
func (c zitadelClient) PostLogoutRedirectURIs() []string    { return []string{c.z.end} }
func (c zitadelClient) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c zitadelClient) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodPost }
func (c zitadelClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c zitadelClient) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c zitadelClient) LoginURL(id string) string            { return "/qui?id=" + url.QueryEscape(id) }
func (c zitadelClient) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c zitadelClient) IDTokenLifetime() time.Duration       { return time.Minute }
func (c zitadelClient) DevMode() bool                        { return false }
func (c zitadelClient) IsScopeAllowed(scope string) bool     { return slices.Contains(c.z.grants, scope) }
func (c zitadelClient) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c zitadelClient) ClockSkew() time.Duration             { return 0 }
func (c zitadelClient) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func([]string) []string { return nil }
}
func (c zitadelClient) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func([]string) []string { return nil }
}

var errZitadelUnknown = errors.New("unknown")

func (z *zitadel) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != openidtest.ClientID {
		return nil, errZitadelUnknown
	}
	return zitadelClient{z}, nil
}

func (z *zitadel) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != openidtest.ClientID || secret != z.secret {
		return errZitadelUnknown
	}
	return nil
}

func (z *zitadel) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	r := &zitadelRequest{AuthRequest: asked, id: rand.Text()}
	z.asked[r.id] = r
	return r, nil
}

func (z *zitadel) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if r := z.asked[id]; r != nil {
		return r, nil
	}
	return nil, errZitadelUnknown
}

func (z *zitadel) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	z.mu.Lock()
	id := z.codes[code]
	z.mu.Unlock()
	return z.AuthRequestByID(ctx, id)
}

func (z *zitadel) SaveAuthCode(_ context.Context, id, code string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.codes[code] = id
	return nil
}

func (z *zitadel) DeleteAuthRequest(_ context.Context, id string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.asked, id)
	return nil
}

func (z *zitadel) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	asked, ok := r.(*zitadelRequest)
	if !ok {
		return "", time.Time{}, errZitadelUnknown
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	id := rand.Text()
	z.tokens[id] = asked
	return id, time.Now().Add(time.Minute), nil
}

// SetUserinfoFromToken tells what the scopes asked for allow, and nothing else.
func (z *zitadel) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, token, subject, _ string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	asked := z.tokens[token]
	if asked == nil || asked.subject != subject {
		return errZitadelUnknown
	}
	info.Subject = subject
	for _, scope := range asked.Scopes {
		if value, ok := z.person[scope]; ok {
			info.AppendClaims(scope, value)
		}
	}
	return nil
}

func (z *zitadel) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (z *zitadel) TerminateSession(_ context.Context, subject, _ string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.ended = append(z.ended, subject)
	return nil
}

func (z *zitadel) SigningKey(context.Context) (op.SigningKey, error) { return z.key, nil }

func (z *zitadel) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{z.key.alg}, nil
}

func (z *zitadel) KeySet(context.Context) ([]op.Key, error) {
	if z.announced != nil {
		return []op.Key{zitadelPublic{*z.announced}}, nil
	}
	return []op.Key{zitadelPublic{z.key}}, nil
}

func (z *zitadel) Health(context.Context) error { return nil }
