package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parvis/internal/base/openid"
	"parvis/internal/feature/account"
)

// Outside is what a town agreed on with a provider of identities; without an issuer it is off.
type Outside struct {
	Issuer     string
	Client     string
	SecretFile string
	Scopes     string
}

// What is asked of each provider when nothing else is set: for families what lets them recognise themselves, and what
// the wizard would ask them to type; each may correct it there.
const (
	franceConnectScopes = "given_name family_name preferred_username birthdate gender birthplace birthcountry email"
	proConnectScopes    = "given_name usual_name siret idp_id"
)

const maxButton = 100 << 10 // bytes of FranceConnect's picture

// textFlag declares one setting with its environment fall-back.
type textFlag func(p *string, name, standard, usage string)

func (c *Config) openIDFlags(text textFlag) {
	text(&c.FranceConnect.Issuer, "franceconnect-issuer", "", "adresse de FranceConnect ; sans elle, pas de FranceConnect")
	text(&c.FranceConnect.Client, "franceconnect-client", "", "identifiant client FranceConnect")
	text(&c.FranceConnect.SecretFile, "franceconnect-secret-file", "", "fichier du secret client FranceConnect")
	text(&c.FranceConnect.Scopes, "franceconnect-scopes", franceConnectScopes, "données demandées à FranceConnect")
	text(&c.FranceConnectButton, "franceconnect-button", "", "image officielle du bouton FranceConnect (svg ou png)")
	text(&c.ProConnect.Issuer, "proconnect-issuer", "", "adresse de ProConnect ; sans elle, pas de ProConnect")
	text(&c.ProConnect.Client, "proconnect-client", "", "identifiant client ProConnect")
	text(&c.ProConnect.SecretFile, "proconnect-secret-file", "", "fichier du secret client ProConnect")
	text(&c.ProConnect.Scopes, "proconnect-scopes", proConnectScopes, "données demandées à ProConnect")
	text(&c.ProConnectSiret, "proconnect-siret", "", "SIRET de la commune : les agents d’un autre organisme n’entrent pas")
}

// openID makes the configured providers; none is asked anything before somebody presses its button.
func (a *App) openID() (account.OpenID, error) {
	o := account.OpenID{Log: a.Log, Siret: strings.ReplaceAll(a.Config.ProConnectSiret, " ", "")}
	var err error
	if o.FranceConnect, err = a.outside("franceconnect", a.Config.FranceConnect, account.FranceConnectReturn, account.FranceConnectEnd, "eidas1"); err != nil {
		return o, err
	}
	if o.ProConnect, err = a.outside("proconnect", a.Config.ProConnect, account.ProConnectReturn, account.ProConnectEnd); err != nil {
		return o, err
	}
	if o.ProConnect != nil && (len(o.Siret) != 14 || strings.Trim(o.Siret, "0123456789") != "") {
		return o, refuse("--proconnect-siret : les 14 chiffres du SIRET de la commune sont attendus.")
	}
	if a.Config.FranceConnectButton != "" {
		o.Button, err = readButton(a.Config.FranceConnectButton)
	}
	return o, err
}

func (a *App) outside(name string, c Outside, back, end string, acr ...string) (*openid.Client, error) {
	if c.Issuer == "" {
		if c.Client+c.SecretFile != "" {
			return nil, refuse("--%s-issuer manque, alors que d’autres réglages de %s sont donnés.", name, name)
		}
		return nil, nil
	}
	if c.Client == "" || c.SecretFile == "" {
		return nil, refuse("--%s-client et --%s-secret-file vont avec --%s-issuer.", name, name, name)
	}
	secret, err := openid.ReadSecret(c.SecretFile)
	if err != nil {
		return nil, refuse("--%s-secret-file « %s » ne se lit pas : un fichier d’une ligne est attendu.", name, c.SecretFile)
	}
	client, err := openid.New(openid.Config{Issuer: c.Issuer, ClientID: c.Client, Secret: secret, Scopes: strings.Fields(c.Scopes), ACR: acr,
		RedirectURL: a.address(back), LogoutURL: a.address(end), Now: time.Now})
	if err != nil {
		return nil, refuse("--%s-issuer « %s » : une adresse https://… est attendue.", name, c.Issuer)
	}
	return client, nil
}

// readButton reads the picture that the town took from FranceConnect's own pages.
func readButton(path string) (account.Picture, error) {
	kind, ok := map[string]string{".svg": "image/svg+xml", ".png": "image/png"}[strings.ToLower(filepath.Ext(path))]
	body, err := os.ReadFile(path)
	if err != nil || !ok || len(body) == 0 || len(body) > maxButton || (kind == "image/png" && http.DetectContentType(body) != kind) {
		return account.Picture{}, refuse("--franceconnect-button « %s » : une image svg ou png de 100 Ko au plus est attendue.", path)
	}
	return account.Picture{Type: kind, Body: body}, nil
}
