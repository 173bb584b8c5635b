package app_test

import (
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parvis/internal/app"
	"parvis/internal/base/crypt"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
)

// TestOpenIDSettings opens a portal with settings given as flags and environment: what is half set is refused in words.
func TestOpenIDSettings(t *testing.T) {
	dir := t.TempDir()
	file := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret, picture := file("secret", "motus-et-bouche-cousue\n"), file("bouton.svg", "<svg/>")
	fc := []string{"--franceconnect-issuer=https://oidc.exemple/api/v2", "--franceconnect-client=c", "--franceconnect-secret-file=" + secret}
	pc := []string{"--proconnect-issuer=https://auth.exemple/api/v2", "--proconnect-client=c", "--proconnect-secret-file=" + secret}
	for name, c := range map[string]struct {
		args    []string
		routes  []string
		refused string
	}{
		"nothing":            {},
		"FranceConnect":      {args: fc, routes: []string{account.FranceConnectReturn, account.FranceConnectEnd}},
		"with its picture":   {args: append(slices.Clone(fc), "--franceconnect-button="+picture), routes: []string{"/connexion/franceconnect/bouton"}},
		"ProConnect":         {args: append(slices.Clone(pc), "--proconnect-siret=217 899 999 00012"), routes: []string{account.ProConnectReturn}},
		"without siret":      {args: pc, refused: "14 chiffres"},
		"without issuer":     {args: fc[1:], refused: "--franceconnect-issuer manque"},
		"without client":     {args: []string{fc[0], fc[2]}, refused: "--franceconnect-client"},
		"without a secret":   {args: []string{fc[0], fc[1], "--franceconnect-secret-file=" + dir + "/rien"}, refused: "ne se lit pas"},
		"over plain http":    {args: []string{"--franceconnect-issuer=http://oidc.exemple", fc[1], fc[2]}, refused: "une adresse https"},
		"a picture of words": {args: append(slices.Clone(fc), "--franceconnect-button="+secret), refused: "svg ou png"},
	} {
		t.Run(name, func(t *testing.T) {
			var cfg app.Config
			fs := flag.NewFlagSet("serve", flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			cfg.Flags(fs, func(string) string { return "" })
			if err := fs.Parse(append(c.args, "--data="+t.TempDir(), "--base-url=http://portail.test")); err != nil {
				t.Fatal(err)
			}
			a, err := app.Open(t.Context(), cfg, app.Options{Key: crypt.NewKey(), Log: slog.New(slog.DiscardHandler)})
			if c.refused != "" {
				if fault.KindOf(err) != fault.Refused || !strings.Contains(fault.SentenceOf(err), c.refused) || strings.Contains(err.Error(), "motus") {
					t.Errorf("refused with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			var paths []string
			for _, route := range a.Routes() {
				paths = append(paths, route.Path)
			}
			for _, want := range c.routes {
				if !slices.Contains(paths, want) {
					t.Errorf("no page %s", want)
				}
			}
			if len(c.args) == 0 && slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "connect/") }) {
				t.Error("pages of a provider that is not configured")
			}
		})
	}
}
