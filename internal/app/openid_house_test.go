package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/openid/openidtest"
	"parvis/internal/feature/account"
)

const ourSiret = "21789999900012"

// providers are FranceConnect and ProConnect of this machine, as a house with them is set.
type providers struct{ fc, pc *openidtest.Provider }

// newProviders starts both. Their answers go where set says.
func newProviders(t testing.TB) *providers {
	t.Helper()
	common := []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce"}
	p := &providers{fc: openidtest.New(t, time.Now), pc: openidtest.New(t, time.Now)}
	p.fc.Allowed = append(slices.Clone(common), "acr_values")
	p.pc.Allowed = common
	p.fc.Person = openidtest.Claims{"sub": "0123456789abcdefv1", "given_name": "Inès Rose", "family_name": "CHARPENTIER", "birthdate": "1991-07-14",
		"gender": "female", "birthplace": "78646", "birthcountry": "99100", "email": "ines.ailleurs@exemple.fr"}
	p.pc.Person = openidtest.Claims{"sub": "agent-chez-lui", "idp_id": "fournisseur-1", "given_name": "Nadia", "usual_name": "Rahmani", "siret": ourSiret}
	return p
}

// set configures a house with both.
func (p *providers) set(t testing.TB) func(*app.Config) {
	dir := t.TempDir()
	secret, button := filepath.Join(dir, "secret"), filepath.Join(dir, "bouton.svg")
	picture := `<svg xmlns="http://www.w3.org/2000/svg" width="209" height="56"><rect width="209" height="56" fill="#000091"/></svg>`
	for file, text := range map[string]string{secret: openidtest.Secret + "\n", button: picture} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(cfg *app.Config) {
		base := cfg.BaseURL
		if base == "" {
			base = "http://" + cfg.Listen
		}
		p.fc.Redirect, p.pc.Redirect = strings.TrimSuffix(base, "/")+account.FranceConnectReturn, base+account.ProConnectReturn
		cfg.FranceConnect = app.Outside{Issuer: p.fc.URL, Client: openidtest.ClientID, SecretFile: secret, Scopes: "given_name family_name birthdate"}
		cfg.ProConnect = app.Outside{Issuer: p.pc.URL, Client: openidtest.ClientID, SecretFile: secret, Scopes: "given_name usual_name siret idp_id"}
		cfg.ProConnectSiret, cfg.FranceConnectButton = ourSiret, button
	}
}
