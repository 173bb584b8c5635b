package app_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// TestFirstRun begins where a town does: the built program, an empty folder, a key, the link that `agent add` prints;
// then « Mise en route » in a browser, until a passer-by reads the first news. It prints the clicks and how long the
// browser took, people's typing apart.
func TestFirstRun(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "parvis")
	if out, err := exec.Command("go", "build", "-o", binary, "parvis/cmd/parvis").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, mode := range []struct {
		name     string
		noScript bool
	}{{"script", false}, {"no script", true}} {
		t.Run(mode.name, func(t *testing.T) {
			began := time.Now()
			v := newVillage(t, binary)
			link := v.command("agent", "add", "--data", v.data, "--key-file", v.key, "--base-url", v.URL, "--name", "Odile Marchand", "--email", "odile@rivebelle.exemple")
			b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: mode.noScript})
			s := story{house: &house{t: t, URL: v.URL}, Browser: b, t: t}
			c := &counted{Browser: b}
			s.enrols(c, strings.TrimSpace(link))
			s.setsUp(c)
			s.publishes(c)
			t.Logf("from an empty folder to the first news: %d clicks, %d fields typed, %.0f s", c.clicks, c.fields, time.Since(began).Seconds())
			if c.clicks > 32 {
				t.Errorf("%d clicks", c.clicks)
			}
			for _, p := range b.Problems() {
				t.Errorf("the console complains: %s", p)
			}
		})
	}
}

// village is a town's own parvis, the built program in a folder that was empty.
type village struct {
	t                      *testing.T
	binary, data, key, URL string
}

func newVillage(t *testing.T, binary string) *village {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	v := &village{t: t, binary: binary, data: filepath.Join(dir, "donnees"), key: filepath.Join(dir, "cle"), URL: "http://" + address}
	v.command("key", "--key-file", v.key)
	serve := exec.Command(binary, "serve", "--data", v.data, "--key-file", v.key, "--listen", address)
	var said bytes.Buffer
	serve.Stderr = &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = serve.Process.Signal(os.Interrupt)
		if err := serve.Wait(); err != nil {
			t.Errorf("parvis serve: %v", err)
		}
		if strings.Contains(said.String(), "level=ERROR") {
			t.Errorf("the portal logged faults:\n%s", said.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := http.Get(v.URL + "/healthz")
		if err == nil {
			_ = answer.Body.Close()
			return v
		}
		if time.Now().After(deadline) {
			t.Fatal("parvis serve does not answer")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// command runs a command beside the portal and returns what it prints.
func (v *village) command(args ...string) string {
	v.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, v.binary, args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		v.t.Fatalf("parvis %v: %v\n%s", args, err, said.String())
	}
	return string(out)
}

// enrols opens the first administrator's access from the link: password, application of codes.
func (s story) enrols(c *counted, link string) {
	s.t.Helper()
	s.Go(link)
	s.sees("Application de codes")
	code := func() string {
		digits, err := account.TOTPCode(strings.Join(strings.Fields(s.Text("strong.secret")), ""), time.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		return digits
	}
	c.fill("[name=mot_de_passe]", "Ecluses-Vertes-74-moulin")
	c.fill("[name=confirmation]", "Ecluses-Vertes-74-moulin")
	c.fill("[name=code]", code())
	c.clickText("Ouvrir mon accès")
	s.sees("Votre accès est ouvert.")
	c.clickText("J’ai noté mes codes")
	s.sees("Mise en route", "Votre portail est prêt à être réglé.")
}

// setsUp does the steps of « Mise en route » that do not need a mail server.
func (s story) setsUp(c *counted) {
	s.t.Helper()
	save := func(words string, fields ...[2]string) {
		s.t.Helper()
		for _, f := range fields {
			c.fill("main form [name="+f[0]+"]", f[1])
		}
		c.clickText("Enregistrer")
		s.sees(words)
	}
	back := func() {
		s.t.Helper()
		c.clickText("Continuer la mise en route")
		s.sees("Votre portail est prêt")
	}
	c.clickText("Identité et couleur")
	save("enregistré", [2]string{"name", "Rivebelle-sur-Seine"}, [2]string{"colour", "#0b5c8a"})
	back()
	c.clickText("Contacts et aide")
	save("enregistré", [2]string{"phone", "01 99 00 12 34"}, [2]string{"address", "2, place de la Mairie"})
	back()
	c.clickText("Horaires d’ouverture")
	save("enregistré")
	back()
	c.clickText("Services")
	c.clickText("Ajouter un service")
	save("Enfance", [2]string{"nom", "Enfance"})
	back()
	c.clickText("Lieux")
	c.clickText("Ajouter un lieu")
	save("École des Tilleuls", [2]string{"nom", "École des Tilleuls"})
	back()
	c.clickText("Textes légaux")
	save("enregistré", [2]string{"publisher", "Madame la Maire"}, [2]string{"host", "La commune, 2, place de la Mairie"})
	back()
}

// publishes writes the first news and reads it as anybody.
func (s story) publishes(c *counted) {
	s.t.Helper()
	const title = "Le portail de la commune ouvre lundi"
	c.clickText("Première actualité")
	c.clickText("Écrire une actualité")
	c.fill("[name=titre]", title)
	c.fill("[name=texte]", "Inscriptions, agenda et factures au même endroit.")
	c.clickText("Enregistrer et voir l’aperçu")
	c.clickText("Publier")
	s.sees("L’actualité est publiée.")
	s.SetCookie(s.house.URL, account.SessionCookie, "")
	s.open("/")
	s.sees("Rivebelle-sur-Seine", title)
}
