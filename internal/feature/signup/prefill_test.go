package signup

import (
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/openid"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestWhatFranceConnectTellsFillsTheWizardIn(t *testing.T) {
	for name, c := range map[string]struct {
		who  openid.Identity
		want map[string]string
	}{
		"born in Yvelines": {openid.Identity{FirstNames: "Anaïs Léa", LastName: "AUBERT", Birth: openid.ParseBirth("1985-03-03"), Gender: "female", Place: "78646",
			Country: "99100", Email: "Anais@exemple.fr"},
			map[string]string{"civilite": "madame", "nom": "AUBERT", "prenoms": "Anaïs Léa", "naissance": "dimanche 3 mars 1985", "pays_naissance": "France",
				"departement_naissance": "Yvelines (78)", "courriel": "anais@exemple.fr"}},
		"with a name of use": {openid.Identity{FirstNames: "Zoë", LastName: "NGUYEN", UsageName: "MARTIN"},
			map[string]string{"nom": "MARTIN", "nom_naissance": "NGUYEN", "prenoms": "Zoë"}},
		"in Corsica": {openid.Identity{LastName: "LUCIANI", Place: "2A004", Country: "99100"},
			map[string]string{"nom": "LUCIANI", "pays_naissance": "France", "departement_naissance": "Corse-du-Sud (2A)"}},
		"overseas": {openid.Identity{LastName: "PAYET", Place: "97411", Gender: "male"},
			map[string]string{"civilite": "monsieur", "nom": "PAYET", "pays_naissance": "France", "departement_naissance": "La Réunion (974)"}},
		"abroad": {openid.Identity{LastName: "SILVA", Place: "", Country: "99139", Birth: openid.ParseBirth("1979-12-31")},
			map[string]string{"nom": "SILVA", "naissance": "lundi 31 décembre 1979"}},
		"a day that no register knows": {openid.Identity{LastName: "DIALLO", Birth: openid.ParseBirth("1990-00-00"), Email: "pas une adresse"},
			map[string]string{"nom": "DIALLO"}},
		"nothing": {openid.Identity{Subject: "abc"}, map[string]string{}},
	} {
		if diff := cmp.Diff(c.want, prefilled(c.who)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestADemandBegunWithFranceConnectIsReadAndCorrected(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.rules["departement_naissance"] = town.Hidden
		who := openid.Identity{FirstNames: "Anaïs Léa", LastName: "AUBERT", Birth: openid.ParseBirth("1985-03-03"), Place: "78646", Email: "anais@exemple.fr"}
		k.portal.Router.Post("/commence", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
			return k.pages().Begin(w, r, who)
		})
		c := k.visitor()
		page := c.Post("/commence", values(map[string]string{"cle": db.NewID()})).Follow()
		if page.Path != root+"/identite" || value(page, "nom") != "AUBERT" || value(page, "naissance") != "dimanche 3 mars 1985" {
			t.Fatalf("%s: %s", page.Path, page.Text("main"))
		}
		page = page.Submit(form, map[string]string{"nom": "Aubert-Roy"}).Follow()
		page = page.Submit(form, where).Follow()
		if value(page, "courriel") != "anais@exemple.fr" {
			t.Errorf("the e-mail is %q", value(page, "courriel"))
		}
		// Once more over what was typed: nothing of it is lost.
		again := c.Post("/commence", values(map[string]string{"cle": db.NewID()})).Follow()
		if value(again, "nom") != "Aubert-Roy" || value(again, "departement_naissance") != "" {
			t.Errorf("begun again: %q, %q", value(again, "nom"), value(again, "departement_naissance"))
		}
		page = c.Get(root+"/moyens-de-contact").Submit(form, nil).Follow()
		page = page.Submit(form, k.solved(page, secrets)).Follow()
		if !strings.HasPrefix(page.Path, root+"/demande-recue") || k.count("account") != 1 {
			t.Fatalf("%s: %s", page.Path, page.Text("main"))
		}
		acc, p := k.accountOf(k.demand())
		if p.LastName != "Aubert-Roy" || p.BirthDepartment != "" || acc.EmailConfirmedAt != 0 {
			t.Errorf("made of it: %+v, confirmed at %d", p, acc.EmailConfirmedAt)
		}
	})
}
