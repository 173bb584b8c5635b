package signup

import (
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestQuestionsOnAnswersThatSurprise(t *testing.T) {
	now := persontest.Now()
	for _, c := range []struct {
		name, step, field string
		fields            map[string]string
		asked             bool
	}{
		{"a child", "identite", "naissance", map[string]string{"naissance": "03/03/2018"}, true},
		{"fifteen today", "identite", "naissance", map[string]string{"naissance": now.AddDate(-15, 0, 0).Format("02/01/2006")}, false},
		{"fifteen tomorrow", "identite", "naissance", map[string]string{"naissance": now.AddDate(-15, 0, 1).Format("02/01/2006")}, true},
		{"an unknown département in France", "identite", "departement_naissance", map[string]string{"pays_naissance": "France", "departement_naissance": "Atlantide"}, true},
		{"a known one", "identite", "departement_naissance", map[string]string{"pays_naissance": "France", "departement_naissance": "78"}, false},
		{"none", "identite", "departement_naissance", map[string]string{"pays_naissance": "France"}, false},
		{"a province abroad", "identite", "departement_naissance", map[string]string{"pays_naissance": "Canada", "departement_naissance": "Québec"}, false},
		{"a landline as mobile", "contact", "mobile", map[string]string{"mobile": "01 99 00 12 34"}, true},
		{"a mobile", "contact", "mobile", map[string]string{"mobile": "06 39 98 12 34"}, false},
		{"a foreign number", "contact", "mobile", map[string]string{"mobile": "+32 2 123 45 67"}, false},
	} {
		if got := said(c.step, Draft{Fields: c.fields}, now)[c.field]; (got != "") != c.asked {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestWelcomeKnowsTheDemandSent leads back to the demand that this browser has sent, and no other browser.
func TestWelcomeKnowsTheDemandSent(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		k.asked(c, reach)
		page := c.Get(root)
		if !strings.Contains(page.Text("main"), "Vous avez une demande en cours, référence CE-") || !page.Has(`a[href="`+root+`/demande-recue"]`) {
			t.Errorf("welcome: %s", page.Text("main"))
		}
		if other := k.visitor().Get(root); strings.Contains(other.Text("main"), "demande en cours") {
			t.Errorf("another browser reads: %s", other.Text("main"))
		}
	})
}
