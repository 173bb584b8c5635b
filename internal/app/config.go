// Package app puts the parts together: configuration, the features' pages on the router, the workers, and the
// commands' bodies. It decides nothing about families or bookings.
package app

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"parvis/internal/base/fault"
)

// Config is what an install sets, each as a flag or an environment variable (PARVIS_DATA for --data).
type Config struct {
	Data         string // folder of the database, the sealed files and the logs
	Database     string // postgres://…; empty: SQLite in Data
	Listen       string // address of the portal
	BaseURL      string // how browsers reach it; https makes cookies Secure
	SMTP         string // smtp://user:password@host:587?from=portail@commune.fr
	KeyFile      string // the one secret; never in Data on a real install
	TLSCert      string // with TLSKey: serve https itself
	TLSKey       string
	Proxies      string // comma-separated networks whose X-Forwarded-For is believed
	InsecureHTTP bool   // allow plain http beyond loopback
	MailRate     int    // activation mails a minute

	FranceConnect       Outside // families
	FranceConnectButton string  // picture of its button
	ProConnect          Outside // agents
	ProConnectSiret     string
}

// Flags declares the settings on fs, with their environment fall-back.
func (c *Config) Flags(fs *flag.FlagSet, env func(string) string) {
	text := func(p *string, name, standard, usage string) {
		if v := env("PARVIS_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))); v != "" {
			standard = v
		}
		fs.StringVar(p, name, standard, usage)
	}
	text(&c.Data, "data", "donnees", "dossier des données")
	text(&c.Database, "database", "", "postgres://… (sinon SQLite dans le dossier des données)")
	text(&c.Listen, "listen", "127.0.0.1:8080", "adresse d’écoute")
	text(&c.BaseURL, "base-url", "", "adresse publique du portail, https://…")
	text(&c.SMTP, "smtp", "", "serveur d’envoi, smtp://utilisateur:secret@hôte:587?from=adresse")
	text(&c.KeyFile, "key-file", "", "fichier de clé, hors du dossier des données")
	text(&c.TLSCert, "tls-cert", "", "certificat, pour servir https sans mandataire")
	text(&c.TLSKey, "tls-key", "", "clé du certificat")
	text(&c.Proxies, "trusted-proxy", "", "réseaux des mandataires de confiance, séparés par des virgules")
	c.openIDFlags(text)
	fs.BoolVar(&c.InsecureHTTP, "insecure-http", env("PARVIS_INSECURE_HTTP") == "1", "accepter http hors de la machine")
	fs.IntVar(&c.MailRate, "mail-rate", 60, "courriels d’activation par minute")
}

// DatabaseURL is what db.Open is given.
func (c Config) DatabaseURL() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "parvis.db")
}

// FilesDir is the folder of the sealed files.
func (c Config) FilesDir() string { return filepath.Join(c.Data, "fichiers") }

// URL is the public address, from the listening one when none is set.
func (c Config) URL() (*url.URL, error) {
	raw := c.BaseURL
	if raw == "" {
		scheme := "http"
		if c.TLSCert != "" {
			scheme = "https"
		}
		raw = scheme + "://" + c.Listen
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, refuse("--base-url « %s » : une adresse https://… est attendue.", raw)
	}
	return u, nil
}

// CheckServe refuses a real install that would be unsafe: plain http seen from outside, a key beside the data.
func (c Config) CheckServe() error {
	u, err := c.URL()
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && !c.InsecureHTTP {
		return refuse("http hors de la machine : placez un mandataire https devant et donnez --base-url https://…, " +
			"donnez --tls-cert et --tls-key, ou assumez --insecure-http.")
	}
	if c.KeyFile == "" {
		return refuse("--key-file manque : « parvis key --key-file CHEMIN » en fabrique un, à garder hors du dossier des données.")
	}
	data, err1 := filepath.Abs(c.Data)
	key, err2 := filepath.Abs(c.KeyFile)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if strings.HasPrefix(key, data+string(os.PathSeparator)) {
		return refuse("--key-file est dans le dossier des données : une sauvegarde volée donnerait la clé avec la serrure.")
	}
	return nil
}

// refuse is an answer in words for whoever typed the settings.
func refuse(sentence string, args ...any) error {
	return fault.New(fault.Refused, fmt.Sprintf(sentence, args...))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// TrustedProxies are the networks of --trusted-proxy.
func (c Config) TrustedProxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range strings.FieldsFunc(c.Proxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !strings.Contains(s, "/") {
			addr, err := netip.ParseAddr(s)
			if err != nil {
				return nil, refuse("--trusted-proxy « %s » : une adresse ou un réseau est attendu.", s)
			}
			s = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, refuse("--trusted-proxy « %s » : une adresse ou un réseau est attendu.", s)
		}
		all = append(all, p)
	}
	return all, nil
}
