package family_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func portal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, persontest.Now())
	pages := family.Pages{DB: d, Now: func() time.Time { return persontest.Now() }, Settings: &town.Cache{DB: d}}
	pages.Citizen(p.Router)
	pages.Agent(p.Router)
	return p
}

func TestFamilyPageShowsRolesAndHidesTheOtherHome(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		page := portal(t, d).As(persontest.Citizen(h.Camille)).Get("/espace/famille")
		if page.Status != 200 {
			t.Fatalf("status %d: %s", page.Status, page.Text("main"))
		}
		text := page.Text("main")
		for _, want := range []string{"Ma famille connue par le service : Enfance", "Titulaire du compte", "Co-représentant", "Membre, né le 3 mars 2017",
			"Contact, grand-mère", "Peut venir chercher Jérémy et Inès", "CM1, Élémentaire Jean-Moulin", "Vit dans deux foyers"} {
			if !strings.Contains(text, want) {
				t.Errorf("page lacks %q: %s", want, text)
			}
		}
		if call := page.Text(`main a[href="tel:0600000001"]`); call != "06 00 00 00 01" {
			t.Errorf("the contact's number is no link: %q", call)
		}
		for _, secret := range append(familytest.BrunoSecrets, "Bruno", "Petit") {
			if strings.Contains(page.Body, secret) {
				t.Errorf("page shows %q of the other home", secret)
			}
		}
		bruno := persontest.Citizen(h.Bruno)
		bruno.Name = "Bruno Petit"
		other := portal(t, d).As(bruno).Get("/espace/famille")
		for _, secret := range append(familytest.CamilleSecrets, "Camille", "Thomas", "Inès") {
			if strings.Contains(other.Body, secret) {
				t.Errorf("the other home's page shows %q", secret)
			}
		}
	})
}

func TestAskThenApprove(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		parent := p.As(persontest.Citizen(h.Camille))
		form := parent.Get("/espace/famille").Click("main a.button-primary")
		wrong := form.Submit("main form", map[string]string{"nom": "Diallo", "prenoms": "Amadou", "lien": "voisin", "telephone": "12"})
		if wrong.Status != 422 || !wrong.Has(".error-summary") || !strings.Contains(wrong.Body, `value="Diallo"`) {
			t.Fatalf("a wrong phone answers %d: %s", wrong.Status, wrong.Text("main"))
		}
		done := wrong.Submit("main form", map[string]string{"telephone": "06 00 00 00 02"}).Follow()
		if text := done.Text("main"); !strings.Contains(text, "Amadou Diallo") || !strings.Contains(text, "En cours de vérification") ||
			!strings.Contains(text, "Réponse du service au plus tard vendredi 8 janvier") {
			t.Fatalf("after asking: %s", text)
		}
		again := form.Submit("main form", map[string]string{"nom": "Diallo", "prenoms": "Amadou", "lien": "voisin", "telephone": "0600000002"})
		if again.Status != 422 {
			t.Errorf("the same person twice answers %d, want 422", again.Status)
		}
		if got := p.As(familytest.AgentOf(h.Youth, family.MemberApprove)).Get("/agents/membres").Text("main"); strings.Contains(got, "Diallo") {
			t.Error("an agent of another service sees the request")
		}
		queue := p.As(familytest.AgentOf(h.Service, family.MemberApprove)).Get("/agents/membres")
		if !strings.Contains(queue.Text("main"), "demande de Camille Martin") {
			t.Fatalf("queue: %s", queue.Text("main"))
		}
		after := queue.Click("main a.row-link").Submit("form#accepter", nil).Follow()
		if strings.Contains(after.Text("main ul"), "Diallo") {
			t.Error("the answered request stays in the queue")
		}
		if text := parent.Get("/espace/famille").Text("main"); strings.Contains(text, "En cours de vérification") {
			t.Error("approved, the member is still pending for the family")
		}
		expectMail(t, d, family.MailApproved, "Amadou Diallo fait partie de votre famille")
	})
}

func TestRefusalSaysWhy(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		parent := p.As(persontest.Citizen(h.Camille))
		asked := parent.Get("/espace/famille").Click("main a.button-primary").Submit("main form",
			map[string]string{"role": "member", "nom": "Martin", "prenoms": "Léo", "lien": "fils", "naissance": "03/04/2021"})
		if asked.Status != 303 {
			t.Fatalf("ask answers %d: %s", asked.Status, asked.Text(".error-summary"))
		}
		page := p.As(familytest.Agent(family.MemberApprove)).Get("/agents/membres").Click("main a.row-link")
		silent := page.Submit("form#refuser", nil)
		if silent.Status != 422 || !strings.Contains(silent.Text(".error-summary"), "motif") {
			t.Errorf("a refusal without reason answers %d", silent.Status)
		}
		page.Submit("form#refuser", map[string]string{"motif": "Le livret de famille manque."}).Follow()
		expectMail(t, d, family.MailRefused, "Le livret de famille manque.")
		late := page.Submit("form#accepter", nil)
		if late.Status != 409 {
			t.Errorf("answering twice: %d, want 409", late.Status)
		}
	})
}

func TestWithdrawOwnRequestOnly(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		parent := p.As(persontest.Citizen(h.Camille))
		page := parent.Get("/espace/famille").Click("main a.button-primary").Submit("main form",
			map[string]string{"nom": "Diallo", "prenoms": "Amadou", "lien": "voisin", "telephone": "0600000002"}).Follow()
		action, _ := page.Doc.Find("form[action*=retrait]").Attr("action")
		stranger := p.As(persontest.Citizen(h.Bruno))
		key, _ := page.Doc.Find("form[action*=retrait] input[name=cle]").Attr("value")
		if got := stranger.Post(action, map[string][]string{"cle": {key}}); got.Status != 404 {
			t.Errorf("somebody else withdraws: %d, want 404", got.Status)
		}
		if got := page.Submit("form[action*=retrait]", nil).Follow().Text("main"); strings.Contains(got, "Diallo") {
			t.Error("withdrawn, the request still shows")
		}
	})
}

func TestAgentsFileOpensHealthByPostOnly(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		path := "/agents/familles/" + string(h.First)
		file := p.As(familytest.AgentOf(h.Service, family.FileRead, family.HealthRead)).Get(path)
		if !strings.Contains(file.Text("h1"), "Famille Martin – Nguyễn") || strings.Contains(file.Body, "arachide") {
			t.Fatalf("closed file: %s", file.Text("main"))
		}
		if open := file.Submit("form#sante", nil); open.Status != 200 || !strings.Contains(open.Text("main"), "arachide") {
			t.Errorf("opened health: %d %s", open.Status, open.Text("main"))
		}
		if got := p.As(familytest.AgentOf(h.Service, family.FileRead)).Get(path); got.Has("form#sante") {
			t.Error("the health block shows without the right")
		}
		if got := p.As(familytest.AgentOf(h.Youth, family.FileRead)).Get(path); got.Status != 404 {
			t.Errorf("an agent of another service: %d, want 404", got.Status)
		}
	})
}

func TestAgentSetsARestriction(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		file := p.As(familytest.Agent(family.FileRead, family.RestrictSet)).Get("/agents/familles/" + string(h.Second))
		done := file.Submit("form#restriction", map[string]string{"adulte": string(h.Bruno), "enfant": string(h.Jeremy),
			"decision": "12/12/2026", "reference": "RG 26/01234"}).Follow()
		if !strings.Contains(done.Text("main"), "RG 26/01234") {
			t.Fatalf("restriction not shown: %s", done.Text("main"))
		}
		if text := p.As(persontest.Citizen(h.Bruno)).Get("/espace/famille").Text("main"); strings.Contains(text, "Jérémy") || strings.Contains(text, "Jean-Moulin") {
			t.Errorf("the restricted adult still reads of the child: %s", text)
		}
	})
}

// TestReceptionSeesARestriction: who reads the file without the right to set one learns who may not act, and no more.
func TestReceptionSeesARestriction(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		path := "/agents/familles/" + string(h.Second)
		reception := p.As(familytest.Agent(family.FileRead))
		const notice = "Restriction en vigueur"
		if text := reception.Get(path).Text("main"); strings.Contains(text, notice) {
			t.Fatalf("a restriction shows before there is one: %s", text)
		}
		p.As(familytest.Agent(family.FileRead, family.RestrictSet)).Get(path).Submit("form#restriction", map[string]string{
			"adulte": string(h.Bruno), "enfant": string(h.Jeremy), "decision": "12/12/2026", "reference": "RG 26/01234"})
		text := reception.Get(path).Text("main")
		if !strings.Contains(text, notice) || !strings.Contains(text, "ne peut pas agir pour") {
			t.Errorf("the reception does not see the restriction: %s", text)
		}
		if strings.Contains(text, "RG 26/01234") {
			t.Error("the reception reads the decision's reference")
		}
	})
}

// TestPendingContactMayNotCollectYet: until an agent has answered, the file does not say that a contact may fetch a child.
func TestPendingContactMayNotCollectYet(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		form := p.As(persontest.Citizen(h.Bruno)).Get("/espace/famille").Click("main a.button-primary")
		form.Submit("main form", map[string]string{"nom": "Diallo", "prenoms": "Amadou", "lien": "voisin", "telephone": "0600000002", "chercher": "1"})
		text := p.As(familytest.Agent(family.FileRead)).Get("/agents/familles/" + string(h.Second)).Text("main")
		if !strings.Contains(text, "Amadou Diallo") || !strings.Contains(text, "Pas encore autorisé") {
			t.Errorf("the pending contact is not said to be unverified: %s", text)
		}
		if strings.Contains(text, "Peut venir chercher les enfants") {
			t.Errorf("a pending contact is said to be allowed: %s", text)
		}
	})
}

func expectMail(t *testing.T, d *db.DB, template, words string) {
	t.Helper()
	var render func(context.Context, db.Reader, map[string]string) (mail.Body, error)
	for _, m := range family.Mails(family.MailDeps{URL: func(p string) string { return "http://portail.test" + p }}) {
		if m.Name == template {
			render = m.Render
		}
	}
	body, err := db.Read(context.Background(), d, func(r db.Reader) (mail.Body, error) {
		id, err := db.One(r, "member", db.Column[string], `select id from family_member where decided_at is not null order by decided_at desc limit 1`)
		if err != nil {
			return mail.Body{}, err
		}
		return render(context.Background(), r, map[string]string{"member": id})
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := body.Subject + " " + strings.Join(body.Paragraphs, " "); !strings.Contains(all, words) {
		t.Errorf("mail says %q, want %q in it", all, words)
	}
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox where template = $1 and to_address = 'camille.martin@exemple.fr'`, template)
	})
	if err != nil || n != 1 {
		t.Errorf("%d mails %s to the holder (%v), want 1", n, template, err)
	}
}
