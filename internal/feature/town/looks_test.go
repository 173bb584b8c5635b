package town_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// TestSettingsLook looks at the pages of settings in their ordinary state, refused, in conflict and in preview, on a
// phone and on a desk: axe, no sideways scroll, nothing that the console complains of. (app looks at all pages of
// the portal in their ordinary state.)
func TestSettingsLook(t *testing.T) {
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280})
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		if d.Engine() != db.SQLite {
			return // what is looked at is the same on both
		}
		o := openOffice(t, d)
		server := httptest.NewServer(o.portal.Router.Handler())
		defer server.Close()
		b.SetCookie(server.URL, "testkit", "1")
		look := func(name string) {
			t.Helper()
			for _, width := range []int{360, 1280} {
				b.Resize(width)
				for _, v := range b.Axe() {
					t.Errorf("%s at %d: %+v", name, width, v)
				}
				if by := b.SidewaysScroll(); by > 0 {
					t.Errorf("%s at %d scrolls sideways by %d", name, width, by)
				}
			}
		}
		o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": "Enfance", "telephone": "01 00 00 00 01"}).Follow()
		o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": "Jeunesse"}).Follow()
		o.Get("/agents/parametres/lieux/nouveau").Submit(plain, map[string]string{"nom": "École du Centre", "adresse": "3, rue du Lac"}).Follow()
		o.Get("/agents/parametres/vacances").Submit(`main form[action$="/officielles"]`, nil).Follow()
		o.Get("/agents/parametres/fermetures/nouvelle").Submit(plain, map[string]string{"debut": "17/11/2026", "motif": "Pont"}).Follow()
		for _, r := range o.portal.Router.Routes() {
			if r.Method == "GET" && strings.HasPrefix(r.Path, "/agents") && !strings.Contains(r.Path, "{") {
				b.Go(server.URL + r.Path)
				look(r.Path)
			}
		}
		b.Go(server.URL + "/agents/parametres/annees/2027-2028")
		look("a year proposed")
		b.Go(server.URL + "/agents/parametres/courriels/test.invitation")
		look("a mail's words")
		b.Fill("#champ-texte", "{inconnu}")
		b.ClickText("Voir avant d’enregistrer")
		look("a mail's words, refused")
		b.Go(server.URL + "/agents/parametres/identite")
		b.Fill("#champ-colour", "#ffcc00")
		b.ClickText("Voir avant d’enregistrer")
		look("a colour looked at")
		b.Go(server.URL + "/agents/parametres/contacts")
		b.Fill("#champ-phone", "le standard")
		o.Get("/agents/parametres/contacts").Submit(form, map[string]string{"phone": "01 00 00 00 09"}).Follow()
		b.ClickText("Enregistrer")
		look("two administrators")
		b.ClickText("Enregistrer")
		look("contacts, refused")
		for _, p := range b.Problems() {
			if !strings.Contains(p, "422") && !strings.Contains(p, "409") {
				t.Errorf("console: %s", p)
			}
		}
	})
}
