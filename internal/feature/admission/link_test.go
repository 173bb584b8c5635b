package admission_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// sentForReal sends an activation whose password is hashed as in a town, and returns it with the password.
func (h *house) sentForReal(acc account.Account) (admission.Activation, string) {
	h.t.Helper()
	desk := admission.Desk{DB: h.d, Key: h.key, Now: h.pages.Now}
	ready, err := desk.Prepare(context.Background())
	if err == nil {
		err = h.write(func(tx *db.Tx) error { return admission.Send(tx, h.now, agent(), h.key, ready, acc.ID) })
	}
	if err != nil {
		h.t.Fatal(err)
	}
	v := h.history(acc)[0]
	return v, crypt.ProvisionalPassword(h.key, string(v.ID))
}

func TestWrongProvisionalPasswordComesBackToTheLink(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, password := h.sentForReal(h.imported("aubert0", "anais@exemple.fr"))
		const form = `form[action^="/activation/"]`
		page := h.portal.As(actor.Actor{}).Get(h.path(v))
		for name, typed := range map[string]string{"wrong": "FAUX23FAUX", "nothing": ""} {
			back := page.Submit(form, map[string]string{"mot_de_passe": typed})
			if back.Status != http.StatusUnprocessableEntity || back.Text("h1") != "Activez votre espace personnel" {
				t.Fatalf("%s: %d « %s »", name, back.Status, back.Text("h1"))
			}
			if got := back.Doc.Find(form+` input[name="identifiant"]`).AttrOr("value", ""); got != "aubert0" {
				t.Errorf("%s: the identifier is now %q", name, got)
			}
			if typed != "" && !strings.Contains(back.Text("#champ-mot_de_passe-erreur"), "L’identifiant ou le mot de passe ne correspond pas.") {
				t.Errorf("at the field: %q", back.Text("#champ-mot_de_passe-erreur"))
			}
			if !strings.Contains(back.Text("title"), "Erreur") || back.Doc.Find(`input[type="password"][value]`).Length() != 0 {
				t.Errorf("%s: title %q, or the password is shown again", name, back.Text("title"))
			}
		}
		// The count is the sign-in's own: four more wrong ones there, and the link's page waits too.
		for range 4 {
			h.portal.As(actor.Actor{}).Post("/connexion", url.Values{"identifiant": {"aubert0"}, "mot_de_passe": {"faux"}})
		}
		late := page.Submit(form, map[string]string{"mot_de_passe": password})
		if late.Status != http.StatusTooManyRequests || !strings.Contains(late.Text(".error-summary"), "Réessayez dans 1 minute") {
			t.Errorf("after five wrong ones: %d %s", late.Status, late.Text(".error-summary"))
		}
		h.now = h.now.Add(61 * time.Second)
		if in := page.Submit(form, map[string]string{"mot_de_passe": password}); in.Location() != "/premiere-connexion" {
			t.Errorf("the right one: %d to %q", in.Status, in.Location())
		}
		h.now = h.now.Add(14 * 24 * time.Hour)
		if dead := page.Submit(form, map[string]string{"mot_de_passe": password}); dead.Status != http.StatusConflict || !dead.Has("#nouveau-lien") {
			t.Errorf("typed after 14 days: %d, a new link offered: %v", dead.Status, dead.Has("#nouveau-lien"))
		}
	})
}

func TestCutLinkSaysSoAndHowToGoOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if err := h.write(func(tx *db.Tx) error {
			s, err := town.ReadSettings(tx)
			if err != nil {
				return err
			}
			s.HelpPhone = "01 99 00 12 34"
			return town.SaveSettings(tx, h.now, actor.Job("test"), s)
		}); err != nil {
			t.Fatal(err)
		}
		acc := h.imported("aubert0", "anais@exemple.fr")
		h.send(acc)
		whole := h.path(h.history(acc)[0])
		visitor := h.portal.As(actor.Actor{})
		want := visitor.Get("/activation/" + strings.Repeat("A", 32))
		for name, path := range map[string]string{"cut": whole[:len(whole)-4], "with a point": whole + ".", "of nobody": "/activation/inconnu"} {
			page := visitor.Get(path)
			if page.Status != http.StatusNotFound || page.Text("h1") != "Ce lien n’est pas complet" {
				t.Errorf("%s: %d « %s »", name, page.Status, page.Text("h1"))
			}
			if page.Body != want.Body {
				t.Errorf("%s: not the page of an unknown link", name)
			}
			if !page.Has(`main a[href="/connexion"]`) || !page.Has(`main a[href="/activation"]`) || !page.Has(`main a[href^="tel:"]`) || !strings.Contains(page.Text("main"), "prenez tout") {
				t.Errorf("%s: what to do is not said: %s", name, page.Text("main"))
			}
			if posted := visitor.Post(path, url.Values{"identifiant": {"aubert0"}, "mot_de_passe": {"x"}}); posted.Status != http.StatusNotFound {
				t.Errorf("%s, form sent: %d", name, posted.Status)
			}
		}
	})
}

func TestLetterSaysOnlyWhatIsTrue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := h.imported("aubert0", "")
		letter := h.portal.As(agent()).Get("/agents/activations/"+string(acc.ID)).Submit("#lettre", nil)
		text := letter.Text(".letter")
		for _, want := range []string{"Objet : votre espace personnel est prêt", "aubert0", "https://portail.test/connexion", "Le lundi 23 novembre 2026",
			"date de naissance", "jusqu’au lundi 7 décembre 2026"} {
			if !strings.Contains(text, want) {
				t.Errorf("the letter lacks %q: %s", want, text)
			}
		}
		for _, wrong := range []string{"réserver", "inscrire"} { // nothing is booked on line yet
			if strings.Contains(text, wrong) {
				t.Errorf("the letter promises %q", wrong)
			}
		}
	})
}

func TestListShowsAccountStateAndLeadsToTheFile(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		homes := familytest.New(t, h.d)
		open := map[person.ID]account.ID{}
		for _, who := range []person.ID{homes.Camille, homes.Bruno, homes.Contact} {
			if err := h.write(func(tx *db.Tx) error {
				id, _, err := account.InsertUnclaimed(tx, h.now, actor.Job("test"), who, "", "parent@exemple.fr")
				open[who] = id
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		h.send(accounttest.Reload(t, h.d, open[homes.Bruno]))
		if err := h.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set state = 'suspended' where id = $1`, string(open[homes.Bruno]))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		row := func(a actor.Actor, who person.ID) (words, file string) {
			page := h.portal.As(a).Get("/agents/activations")
			tr := page.Doc.Find(`tbody a[href="/agents/activations/` + string(open[who]) + `"]`).Closest("tr")
			return tr.Text(), tr.Find(`a[href^="/agents/familles/"]`).AttrOr("href", "")
		}
		reader := agent()
		reader.Rights[family.FileRead] = []string{actor.AllServices}
		elsewhere := agent()
		elsewhere.Rights[family.FileRead] = []string{"another"}
		for _, c := range []struct {
			name string
			who  person.ID
			as   actor.Actor
			want string
		}{
			{"holder", homes.Camille, reader, "/agents/familles/" + string(homes.First)},
			{"the other home's", homes.Bruno, reader, "/agents/familles/" + string(homes.Second)},
			{"contact of a family", homes.Contact, reader, "/agents/familles/" + string(homes.First)},
			{"who may not read files", homes.Camille, agent(), ""},
			{"who reads another service's", homes.Camille, elsewhere, ""},
		} {
			if _, got := row(c.as, c.who); got != c.want {
				t.Errorf("%s: leads to %q, want %q", c.name, got, c.want)
			}
			one := h.portal.As(c.as).Get("/agents/activations/" + string(open[c.who]))
			if got := one.Doc.Find(`main a[href^="/agents/familles/"]`).AttrOr("href", ""); got != c.want {
				t.Errorf("%s: the account's page leads to %q, want %q", c.name, got, c.want)
			}
		}
		if words, _ := row(reader, homes.Bruno); !strings.Contains(words, "Désactivé") || strings.Contains(words, "Activé") {
			t.Errorf("a suspended account: %s", words)
		}
		tabs := h.portal.As(reader).Get("/agents/activations?etat=jamais")
		if got := tabs.Text(`.tabs [aria-current]`); got != "Jamais envoyé (2)" {
			t.Errorf("current filter: %q", got)
		}
	})
}
