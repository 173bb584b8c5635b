package activity_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestSetUpLooks looks at the pages of the set-up on a phone and on a desk: axe, no sideways scroll, nothing that the
// console complains of. In the rule builder a list that changes shows other fields and other examples by itself.
func TestSetUpLooks(t *testing.T) {
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280})
	eachSetting(t, wednesdays(), func(t *testing.T, s *setting) {
		if s.d.Engine() != db.SQLite {
			return // what is looked at is the same on both
		}
		p := testkit.NewPortal(t, s.d, persontest.Now())
		activity.Pages{DB: s.d, Now: persontest.Now}.Agent(p.Router)
		p.As(familytest.Agent(activity.Read, activity.Write, family.FileRead, family.FileWrite))
		server := httptest.NewServer(p.Router.Handler())
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
		x := s.whole(t)
		for _, path := range []string{"/agents/activites", "/agents/activites/nouvelle", s.at(""), s.at("/essentiel"), s.at("/qui"), s.at("/pieces"), s.at("/unites"),
			"/agents/unites/" + string(x.Units[0].ID), "/agents/formules/" + string(x.Choices[len(x.Choices)-1].ID), s.at("/lieux"), s.at("/groupes/nouveau"), s.at("/periodes"),
			"/agents/periodes/" + string(s.Period), s.at("/places"), s.at("/apercu"), s.at("/modele"), "/agents/qualites",
			"/agents/familles/" + string(s.First) + "/qualites", s.at("/delais")} {
			b.Go(server.URL + path)
			look(path)
		}
		if shown := b.Text("#exemples"); strings.Contains(shown, "Ne s’annule pas") {
			t.Fatalf("examples: %s", shown)
		}
		testkit.Eval[bool](b, `(() => { const s = document.getElementById("champ-annuler_regle"); s.value = "never"; s.dispatchEvent(new Event("change", {bubbles: true})); return true })()`)
		b.WaitFor(`document.getElementById("exemples").textContent.includes("Ne s’annule pas")`)
		look("the builder, worked out again")
		for _, p := range b.Problems() {
			t.Errorf("console: %s", p)
		}
	})
}
