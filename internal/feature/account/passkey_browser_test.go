package account_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/testkit"
)

// served is a house that a real browser reaches at http://localhost.
func served(t *testing.T, d *db.DB) (*house, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	base := url.URL{Scheme: "http", Host: strings.Replace(server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)}
	h := open(t, d, func(c *web.Config) { c.BaseURL = &base })
	server.Config.Handler = h.router.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return h, base.String()
}

// TestPasskeyStory is a parent who adds a key on a telephone, comes back with it, and takes it away.
func TestPasskeyStory(t *testing.T) {
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		h, base := served(t, d)
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 390})
		device := b.Authenticator()
		b.Go(base + "/connexion")
		b.Fill("#champ-identifiant", "aubert0")
		b.Fill("#champ-mot_de_passe", "Vqhzrt7m")
		b.ClickText("Connexion")
		b.Go(base + "/espace/identifiants")
		b.ClickText("Ajouter une clé d’accès")
		b.Fill("#champ-mot_de_passe", "Vqhzrt7m")
		if got := b.Axe(); len(got) > 0 {
			t.Errorf("axe on the form: %v", got)
		}
		b.ClickText("Continuer")
		device.Verified(false)
		b.ClickText("Créer la clé d’accès")
		b.WaitFor(`document.querySelector("[data-passkey-said]").textContent.startsWith("La clé n’a pas été créée")`)
		device.Verified(true)
		b.ClickText("Créer la clé d’accès")
		b.WaitFor(`document.querySelector("#cles li")`)
		if got := b.Text("#cles"); !strings.Contains(got, "Pas encore utilisée") {
			t.Errorf("list: %s", got)
		}
		if got := b.Axe(); len(got) > 0 || b.SidewaysScroll() > 0 {
			t.Errorf("axe on the identifiers: %v, %d px sideways", got, b.SidewaysScroll())
		}
		b.SetCookie(base, account.SessionCookie, "")
		b.Go(base + "/connexion?suite=/espace/identifiants")
		device.Verified(false)
		b.ClickText("Utiliser une clé d’accès")
		b.WaitFor(`document.querySelector("[data-passkey-said]").textContent.startsWith("Aucune clé")`)
		device.Verified(true)
		b.ClickText("Utiliser une clé d’accès")
		b.WaitFor(`document.querySelector("#cles li")`)
		if got := b.Text("#cles"); !strings.Contains(got, "Utilisée le") || !strings.HasSuffix(b.URL(), "/espace/identifiants") {
			t.Errorf("after signing in at %s: %s", b.URL(), got)
		}
		b.Click("#cles a")
		b.Fill("#champ-mot_de_passe", "Vqhzrt7m")
		b.ClickText("Retirer la clé d’accès")
		if b.Has("#cles") || h.count(`select count(*) from account_passkey`) != 0 {
			t.Error("the key is still there")
		}
		b.SetCookie(base, account.SessionCookie, "")
		b.Go(base + "/connexion")
		b.ClickText("Utiliser une clé d’accès")
		b.WaitFor(`document.querySelector("#erreurs")`)
		if got := b.Text("#erreurs"); !strings.Contains(got, "n’ouvre aucun espace ici") {
			t.Errorf("a removed key: %s", got)
		}
		for _, p := range b.Problems() {
			t.Errorf("console: %s", p)
		}
	})
}

// TestPasskeysWithoutScript sees no button that could not work, and why on the page that adds a key.
func TestPasskeysWithoutScript(t *testing.T) {
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		h, base := served(t, d)
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: true})
		visible := func(selector string) bool {
			return testkit.Eval[bool](b, `[...document.querySelectorAll("`+selector+`")].some(e => e.getClientRects().length > 0)`)
		}
		b.Go(base + "/connexion")
		if visible("[data-passkey-only]") {
			t.Error("a passkey button shows at sign-in")
		}
		b.SetCookie(base, account.SessionCookie, accounttest.SignIn(t, h.d, h.now, acc.ID))
		for _, path := range []string{"/espace/identifiants", "/espace/identifiants/cles-d-acces/nouvelle"} {
			b.Go(base + path)
			if visible("[data-passkey-only]") || !visible("[data-passkey-none]") {
				t.Errorf("%s: the button shows, or nothing says why not", path)
			}
		}
	})
}

// TestDevicesAreReadableOnAPhone shows who is connected at 360 px: the names take the whole line.
func TestDevicesAreReadableOnAPhone(t *testing.T) {
	h, base := served(t, testkit.SQLite(t, account.Sources()))
	acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
	accounttest.SignIn(t, h.d, h.now, acc.ID) // another device
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 360})
	b.SetCookie(base, account.SessionCookie, accounttest.SignIn(t, h.d, h.now, acc.ID))
	b.Go(base + citizen)
	narrow := testkit.Eval[[]string](b, `[...document.querySelectorAll('main .row')].filter(row => {
		const inside = row.clientWidth - 32, name = row.querySelector('.row-main');
		return !name || name.getBoundingClientRect().width < inside - 1 }).map(row => row.innerText.slice(0, 60))`)
	rows := testkit.Eval[float64](b, `document.querySelectorAll('main .row').length`)
	if rows < 2 || len(narrow) > 0 || b.SidewaysScroll() > 0 {
		t.Errorf("%.0f rows, narrow: %q, %d px sideways", rows, narrow, b.SidewaysScroll())
	}
	b.Resize(1280)
	if beside := testkit.Eval[bool](b, `[...document.querySelectorAll('main .row')].every(row => row.lastElementChild.getBoundingClientRect().top < row.firstElementChild.getBoundingClientRect().bottom)`); !beside {
		t.Error("on a large screen the button is not beside the name")
	}
}
