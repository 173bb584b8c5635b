package signup

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/web"
	"parvis/internal/testkit"
)

// stage serves the wizard to a real browser.
func stage(t *testing.T) (*desk, string) {
	t.Helper()
	k := open(t, testkit.SQLite(t, Sources()))
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	k.portal = testkit.NewPortal(t, k.d, k.now, func(c *web.Config) { c.Now, c.BaseURL = k.clock, base })
	k.pages().Citizen(k.portal.Router)
	h = k.portal.Router.Handler()
	return k, server.URL
}

// walk goes through the wizard in a browser, with something wrong at each screen first, and looks at each.
func walk(t *testing.T, b *testkit.Browser, k *desk, base string, look func(name string)) {
	t.Helper()
	next := "main form .actions .button-primary"
	b.Go(base + root)
	look("bienvenue")
	b.Click("main a.button-primary")
	look("identite")
	b.Click(next)
	look("identite-erreur")
	b.Fill("#champ-nom", "Nguyễn")
	b.Fill("#champ-prenoms", "Zoë Marie")
	b.Click(next)
	look("adresse")
	b.Fill("#champ-voie", "rue des Écoles")
	b.Click(next)
	look("adresse-erreur")
	b.Fill("#champ-ville", "Rivebelle-sur-Seine")
	b.Click(next)
	look("contact")
	b.Fill("#champ-courriel", "zoe.nguyen@exemple.fr")
	b.Click(next)
	look("authentification")
	b.Fill("#champ-mot_de_passe", "Canard-Violet-27")
	b.Fill("#champ-confirmation", "Canard-Violet-27")
	b.Click(next)
	look("authentification-erreur")
	token := testkit.Eval[string](b, `document.querySelector("[name=controle]").value`)
	b.Click("input[name=controle_image][value='" + captchatest.Solve(t, k.check, token)["controle_image"] + "']")
	b.Click(next)
	look("demande-recue")
	if b.URL() != base+root+"/demande-recue" && !b.Has("form[action$='/renvoi']") {
		t.Fatalf("the wizard ended at %s: %s", b.URL(), b.Text("main"))
	}
	b.Go(base + k.link())
	look("confirmer")
	b.Click("main form .button-primary")
	look("confirmee")
	if k.count("account") != 1 {
		t.Errorf("%d accounts", k.count("account"))
	}
}

func TestWizardInABrowser(t *testing.T) {
	for name, options := range map[string]testkit.BrowserOptions{"phone without script": {Width: 360, NoScript: true}, "phone": {Width: 360}, "wide": {Width: 1280}} {
		t.Run(name, func(t *testing.T) {
			k, base := stage(t)
			b := testkit.NewBrowser(t, options)
			walk(t, b, k, base, func(screen string) {
				t.Helper()
				if over := b.SidewaysScroll(); over > 0 {
					t.Errorf("%s scrolls sideways by %d", screen, over)
				}
				if dir := os.Getenv("PARVIS_SHOTS"); dir != "" {
					b.Screenshot(filepath.Join(dir, name+" "+screen+".png"))
				}
				if options.NoScript {
					return // axe is a script
				}
				for _, v := range b.Axe() {
					t.Errorf("%s: axe %+v", screen, v)
				}
			})
			if problems := b.Problems(); len(problems) > 0 {
				t.Errorf("console: %v", problems)
			}
		})
	}
}

func TestPlacesAreSuggestedWhileTyped(t *testing.T) {
	_, base := stage(t)
	b := testkit.NewBrowser(t, testkit.BrowserOptions{})
	b.Go(base + root + "/identite")
	b.Fill("#champ-departement_naissance", "78")
	b.Fill("#champ-commune_naissance", "Villenn")
	const found = `[...document.querySelectorAll("#communes option")].some((o) => o.value === "Villennes-sur-Seine")`
	for range 100 {
		if testkit.Eval[bool](b, found) {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Error("no commune is suggested")
}
