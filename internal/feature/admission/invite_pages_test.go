package admission_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
)

var good = map[string]string{"naissance": "06/05/1984", "identifiant": "paul.durand", "mot_de_passe": "Corbeau-Vert-58", "confirmation": "Corbeau-Vert-58"}

func with(changes ...string) map[string]string {
	all := map[string]string{}
	for k, v := range good {
		all[k] = v
	}
	for i := 0; i+1 < len(changes); i += 2 {
		all[changes[i]] = changes[i+1]
	}
	return all
}

func TestInvitedOpensAnAccountFromTheLink(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		v := h.ask(h.camille, h.someone())
		visitor := h.portal.As(actor.Actor{})
		page := visitor.Get(h.path(v))
		if got := h.invites()[0]; got.OpenedAt == 0 || got.AcceptedAt != 0 {
			t.Errorf("after a look: %+v", got)
		}
		if page.Doc.Find(`input[name="nom"]`).AttrOr("value", "") != "Durand" {
			t.Error("the name is not filled in")
		}
		wrong := page.Submit("#ouvrir", with("nom", "", "naissance", "demain", "identifiant", "a", "mot_de_passe", "court", "confirmation", "autre"))
		for _, field := range []string{"nom", "naissance", "identifiant", "mot_de_passe", "confirmation"} {
			if wrong.Status != http.StatusUnprocessableEntity || !wrong.Has("#champ-"+field+"-erreur") {
				t.Errorf("%d, nothing said at %s", wrong.Status, field)
			}
		}
		fields := url.Values{"nom": {"Durand"}, "prenoms": {"Paul"}, "cle": {page.Doc.Find(`#ouvrir input[name="cle"]`).AttrOr("value", "")},
			"conditions": {page.Doc.Find(`input[name="conditions"]`).AttrOr("value", "")}}
		for name, value := range good {
			fields.Set(name, value)
		}
		done := visitor.Post(h.path(v), fields)
		double := h.portal.As(actor.Actor{}).Post(h.path(v), fields) // the same form, clicked twice
		if done.Status != http.StatusSeeOther || double.Status != http.StatusSeeOther || done.Location() != double.Location() {
			t.Fatalf("%d %q, then %d %q: %s", done.Status, done.Location(), double.Status, double.Location(), done.Text("main"))
		}
		if double.Header.Get("Set-Cookie") != "" {
			t.Error("the form sent again opens a second session")
		}
		if back := visitor.Post(h.path(v), fields); back.Status != http.StatusSeeOther || back.Location() != "/espace" {
			t.Errorf("sent again once signed in: %d %q", back.Status, back.Location())
		}
		if n := h.count(`select count(*) from account where email = 'paul@exemple.fr' and state = 'active' and email_confirmed_at is not null`); n != 1 {
			t.Errorf("%d accounts", n)
		}
		if n := h.count(`select count(*) from invite where terms <> '' and privacy <> '' and outcome = 'joined'`); n != 1 {
			t.Error("the texts accepted are not kept")
		}
		if n := h.count(`select count(*) from audit_event where action = 'admission.invite.accepted'`); n != 1 {
			t.Errorf("%d audit lines", n)
		}
		family := visitor.Get("/espace/famille") // signed in by the link
		if !strings.Contains(family.Text("main"), "Jérémy") || !strings.Contains(family.Text("main"), "Paul Durand") || strings.Contains(family.Text("main"), "Acceptée") {
			t.Errorf("%d %s", family.Status, family.Text("main"))
		}
		if strings.Contains(family.Body, "paul@exemple.fr") {
			t.Error("the address that the holder typed is shown to another")
		}
		if dead := h.portal.As(actor.Actor{}).Get(h.path(v)); dead.Status != http.StatusConflict || dead.Text("h1") != "Cette invitation est déjà acceptée" {
			t.Errorf("%d %s", dead.Status, dead.Text("h1"))
		}
	})
}

func TestSignedInConfirmsAsWhom(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		page := h.portal.As(h.bruno).Get(h.path(v))
		if !strings.Contains(page.Text("main"), "connecté comme Bruno Petit") || page.Has("#ouvrir") {
			t.Fatal(page.Text("main"))
		}
		other := page.Submit("#accepter", map[string]string{"compte": h.camille.Account})
		if other.Status != http.StatusConflict || !strings.Contains(other.Text(".error-summary"), "connecté comme Bruno Petit") || h.invites()[0].AcceptedAt != 0 {
			t.Errorf("another account than the one shown: %d %s", other.Status, other.Text("main"))
		}
		own := h.portal.As(h.camille).Get(h.path(v)).Submit("#accepter", nil)
		if own.Status != http.StatusConflict || !strings.Contains(own.Text(".error-summary"), "vous-même") {
			t.Errorf("the holder herself: %d %s", own.Status, own.Text("main"))
		}
		h.atOnce() // Bruno's account has another address than the one written to: an agent looks all the same
		done, again := page.Submit("#accepter", nil), page.Submit("#accepter", nil)
		if done.Status != http.StatusSeeOther || again.Status != http.StatusSeeOther {
			t.Fatalf("%d, %d: %s", done.Status, again.Status, done.Text("main"))
		}
		if n := h.count(`select count(*) from family_member where family = $1 and person = $2 and role = 'coholder' and state = 'pending'`,
			string(h.homes.First), string(h.homes.Bruno)); n != 1 {
			t.Errorf("%d pending members", n)
		}
		if got := h.children(h.bruno); len(got) != 1 {
			t.Errorf("Bruno sees %v: his own home's child alone", got)
		}
	})
}

func TestBirthDateOfAKnownCoholderIsNotTriedAtLength(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update person set birth_day = '1983-02-01' where id = $1`, string(h.homes.Thomas))
			return err
		})
		v := h.ask(h.camille, h.thomas())
		page := h.portal.As(actor.Actor{}).Get(h.path(v))
		for day := range 10 {
			wrong := page.Submit("#ouvrir", with("naissance", fmt.Sprintf("%02d/03/1983", day+1)))
			if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Text("#champ-naissance-erreur"), "ne correspond pas") {
				t.Fatalf("%d %s", wrong.Status, wrong.Text("main"))
			}
		}
		if late := page.Submit("#ouvrir", with("naissance", "01/02/1983")); late.Status != http.StatusConflict || !strings.Contains(late.Text("main"), "Trop d’essais") {
			t.Errorf("%d %s", late.Status, late.Text("main"))
		}
		h.now = h.now.Add(3600e9)
		h.write(func(tx *db.Tx) error {
			if err := admission.ResendInvite(tx, h.now, h.camille, h.key, v.ID); fault.SentenceOf(err) == "" {
				t.Errorf("the same link again, after too many answers: %v", err)
			}
			return nil
		})
	})
}

func TestInvitedByTheTownHall(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		file := h.portal.As(h.agent).Get("/agents/familles/" + string(h.homes.First))
		form := file.Click(`a[href$="/inviter"]`)
		if bad := form.Submit("#inviter", map[string]string{"qui": "autre"}); bad.Status != http.StatusUnprocessableEntity || len(bad.Doc.Find(".error-summary li").Nodes) != 4 {
			t.Errorf("%d %s", bad.Status, bad.Text(".error-summary"))
		}
		sent := form.Submit("#inviter", map[string]string{"qui": string(h.homes.Thomas)})
		if sent.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", sent.Status, sent.Text("main"))
		}
		if text := sent.Follow().Text("main"); !strings.Contains(text, "Envoyée le 11/01/2027") || !strings.Contains(text, "thomas@exemple.fr") {
			t.Errorf("the file says %s", text)
		}
		link := h.portal.As(actor.Actor{}).Get(h.path(h.invites()[0]))
		if !strings.Contains(link.Text("main"), "La mairie vous invite") || strings.Contains(link.Text("main"), "Camille") {
			t.Error(link.Text("main"))
		}
		holder := h.portal.As(h.camille).Get("/espace/famille")
		if strings.Contains(holder.Body, "thomas@exemple.fr") {
			t.Error("the holder reads the other's address")
		}
	})
}

func TestFormerHolderBringsNobodyInAlone(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		v := h.ask(h.camille, h.someone())
		h.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update family_member set to_day = '2027-01-10' where person = $1`, string(h.homes.Camille))
			return err
		})
		if outcome, _, err := h.accept(v, "paul.durand"); err != nil || outcome != admission.ToVerify {
			t.Errorf("%v %v", outcome, err)
		}
	})
}

func TestUndoneImportForgetsInvitations(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.ask(h.camille, h.thomas())
		h.write(func(tx *db.Tx) error {
			if _, err := tx.Exec(`delete from family_member where family = $1`, string(h.homes.First)); err != nil {
				return err
			}
			return family.RemoveImported(tx, accounttest.Job, h.homes.First)
		})
		if n := h.count(`select count(*) from invite`); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}
