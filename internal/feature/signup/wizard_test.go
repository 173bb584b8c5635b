package signup

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func TestAccountIsAskedForConfirmedAndWaits(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		clicks, typed := 0, 0
		page := c.Get(root)
		if !strings.Contains(page.Text("main"), "48 heures ouvrées") {
			t.Errorf("the welcome page makes no promise: %s", page.Text("main"))
		}
		page = page.Click("main a.button-primary")
		clicks++
		for i, answers := range []map[string]string{who, {}, reach} {
			if want := "Étape " + []string{"1", "2", "3"}[i] + " sur 4"; !strings.Contains(page.Text(".caption"), want) {
				t.Errorf("caption %q, want %s", page.Text(".caption"), want)
			}
			page = page.Submit(form, answers).Follow()
			clicks, typed = clicks+1, typed+len(answers)
		}
		if got := value(page, "identifiant"); got != "zoe.nguyen" {
			t.Errorf("proposed identifier %q", got)
		}
		if !strings.Contains(page.Text("main"), "doit contenir au minimum 8 caractères") {
			t.Error("the rule of the password is not said")
		}
		sent := page.Submit(form, k.solved(page, secrets))
		clicks, typed = clicks+2, typed+2 // the picture, Valider; the password twice
		if clicks > 6 || typed > 9 {
			t.Errorf("%d clicks and %d typed fields, want at most 6 and 9", clicks, typed)
		}
		received := sent.Follow()
		demand := k.demand()
		acc, p := k.accountOf(demand)
		if acc.State != account.Unconfirmed || acc.Email != "zoe.nguyen@exemple.fr" || acc.EmailConfirmedAt != 0 {
			t.Errorf("account %+v", acc)
		}
		if p.LastName != "Nguyễn" || p.FirstNames != "Zoë Marie" {
			t.Errorf("person %+v", p)
		}
		if !strings.Contains(received.Text("main"), demand.Reference) || !strings.Contains(received.Text("main"), "vendredi 8 janvier 2027") {
			t.Errorf("received: %s", received.Text("main"))
		}
		if strings.Contains(received.Body, "Canard-Violet") {
			t.Error("the password is printed")
		}
		k.confirmed(c, acc.ID)
	})
}

// TestWelcomeNamesTheOldPortalOfATownThatHadOne opens the first page of a new town, of one that moved, and again.
func TestWelcomeNamesTheOldPortalOfATownThatHadOne(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		for i, old := range []string{"", "Kiosque Familles", ""} {
			if i > 0 {
				settings, err := db.Read(t.Context(), d, town.ReadSettings)
				if err != nil {
					t.Fatal(err)
				}
				settings.OldPortal = old
				if err := db.Do(t.Context(), d, func(tx *db.Tx) error { return town.SaveSettings(tx, k.now, actor.Job("test"), settings) }); err != nil {
					t.Fatal(err)
				}
				k.now = k.now.Add(time.Hour) // settings are read again
			}
			text := k.visitor().Get(root).Text("main")
			if got := strings.Contains(text, "Votre espace existe déjà"); got != (old != "") || old != "" && !strings.Contains(text, "Vous étiez sur "+old+" ?") || strings.Contains(text, "Vous étiez sur  ?") {
				t.Errorf("old portal %q: %s", old, text)
			}
		}
	})
}

// confirmed answers the mail and checks what it changes.
func (k *desk) confirmed(c *testkit.Client, id account.ID) {
	k.t.Helper()
	link := k.link()
	for range 3 { // mailboxes open links by themselves
		if page := c.Get(link); page.Status != 200 || !page.Has("form[action='"+link+"']") {
			k.t.Fatalf("link: %d %s", page.Status, page.Text("main"))
		}
	}
	if acc, _ := k.accountOf(k.demand()); acc.State != account.Unconfirmed {
		k.t.Fatal("opening the link confirmed the address")
	}
	stale := c.Get(link)
	done := c.Get(link).Submit("form[action='"+link+"']", nil).Follow()
	acc, _ := k.accountOf(k.demand())
	if acc.State != account.Waiting || acc.Username != "zoe.nguyen" || acc.EmailConfirmedAt == 0 {
		k.t.Errorf("after confirming: %+v", acc)
	}
	if !strings.Contains(done.Text("main"), "vendredi 8 janvier 2027") {
		k.t.Errorf("the promise is not told: %s", done.Text("main"))
	}
	if twice := stale.Submit("form[action='"+link+"']", nil); twice.Location() != link {
		k.t.Errorf("answering again from another tab: %d %s", twice.Status, twice.Location())
	}
	again := c.Get(link)
	if again.Status != 200 || again.Has("form[action='"+link+"']") || !strings.Contains(again.Text("h1"), "confirmée") {
		k.t.Errorf("a used link: %d %s", again.Status, again.Text("main"))
	}
	if n := list[int64](k, "select count(*) from signup_consent where account = $1", string(id))[0]; n != 2 {
		k.t.Errorf("%d consents kept, want 2", n)
	}
	if templates := list[string](k, "select template from mail_outbox order by id"); strings.Join(templates, " ") != MailConfirm+" "+MailWaiting {
		k.t.Errorf("mails %v", templates)
	}
}

func TestEveryScreenKeepsWhatWasTyped(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		everything := map[string]string{"civilite": "madame", "nom": "de La Tour du Pin", "nom_naissance": "O'Brien", "prenoms": "Jean  Paul",
			"naissance": "3/3/1988", "pays_naissance": "France", "departement_naissance": "78", "commune_naissance": "st germain en laye"}
		page := c.Get(root+"/identite").Submit(form, everything).Follow()
		page = page.Submit(form, map[string]string{"aller": "precedent", "voie": "quai des Brumes", "pays": "Belgique"}).Follow()
		for name, want := range map[string]string{"nom": "de La Tour du Pin", "nom_naissance": "O'Brien", "prenoms": "Jean Paul",
			"naissance": "jeudi 3 mars 1988", "departement_naissance": "Yvelines (78)", "commune_naissance": "Saint-Germain-en-Laye", "pays_naissance": "France"} {
			if got := value(page, name); got != want {
				t.Errorf("%s shows %q, want %q", name, got, want)
			}
		}
		page = page.Submit(form, nil).Follow()
		if value(page, "voie") != "quai des Brumes" || value(page, "pays") != "Belgique" {
			t.Errorf("the address left by Précédent is lost: %q %q", value(page, "voie"), value(page, "pays"))
		}
		wrong := page.Submit(form, map[string]string{"code_postal": "B-1000", "ville": ""})
		if wrong.Status != 422 || !wrong.Has("#champ-ville-erreur") || wrong.Has("#champ-code_postal-erreur") || value(wrong, "code_postal") != "B-1000" {
			t.Errorf("a street without town, abroad: %d %s", wrong.Status, wrong.Text(".error-summary"))
		}
		reload := c.Get(root + "/adresse") // the tab was closed after the error
		if value(reload, "code_postal") != "B-1000" {
			t.Error("what was typed with an error is lost by a reload")
		}
		page = reload.Submit(form, map[string]string{"ville": "Bruxelles"}).Follow()
		wrong = page.Submit(form, map[string]string{"mobile": "06 12", "courriel": "zoe@", "contact_prefere": "telephone"})
		for _, name := range []string{"mobile", "courriel", "telephone"} {
			if !wrong.Has("#champ-" + name + "-erreur") {
				t.Errorf("no problem said of %s: %s", name, wrong.Text(".error-summary"))
			}
		}
		page = wrong.Submit(form, map[string]string{"mobile": "06.12.34.56.78", "courriel": " Zoe@Exemple.FR ", "contact_prefere": "mobile"}).Follow()
		if page.Path != root+"/authentification" {
			t.Fatalf("after the contact details: %s", page.Path)
		}
		back := page.Submit(form, map[string]string{"aller": "precedent", "identifiant": "zoe-tdp"}).Follow()
		if value(back, "mobile") != "06 12 34 56 78" || value(back, "courriel") != "zoe@exemple.fr" {
			t.Errorf("contact shows %q %q", value(back, "mobile"), value(back, "courriel"))
		}
		if last := back.Submit(form, nil).Follow(); value(last, "identifiant") != "zoe-tdp" {
			t.Errorf("identifier %q", value(last, "identifiant"))
		}
		if resume := c.Get(root); !resume.Has("a[href='" + root + "/authentification']") {
			t.Errorf("the welcome page does not lead back: %s", resume.Text("main"))
		}
	})
}

func TestNamesOfEveryKindAndFieldErrors(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		for _, name := range []string{"Zoë", "d’Estaing", "N’Guessan", "O'Brien", "Ly", "de La Tour du Pin", "Marie-Christine Anne", "İpek", "Nguyễn", "李"} {
			if page := k.visitor().Get(root+"/identite").Submit(form, map[string]string{"nom": name, "prenoms": "-"}); page.Status != 303 {
				t.Errorf("%s: %d %s", name, page.Status, page.Text(".error-summary"))
			}
		}
		for _, c := range []struct{ name, value, field string }{
			{"no name", "", "nom"}, {"digits for a name", "123", "nom"}, {"a very long name", strings.Repeat("a", 201), "nom"},
		} {
			page := k.visitor().Get(root+"/identite").Submit(form, map[string]string{"nom": c.value, "prenoms": "Zoë"})
			if page.Status != 422 || !page.Has("#champ-"+c.field+"-erreur") || value(page, "prenoms") != "Zoë" || !strings.HasPrefix(page.Text("title"), "Erreur") {
				t.Errorf("%s: %d %s", c.name, page.Status, page.Text(".error-summary"))
			}
		}
		for _, day := range []string{"31/02/1988", "3 mars", "demain", "3/3/2031", "1/1/1850"} {
			page := k.visitor().Get(root+"/identite").Submit(form, map[string]string{"nom": "Ly", "prenoms": "Zoë", "naissance": day})
			if page.Status != 422 || value(page, "naissance") != day {
				t.Errorf("birth %s: %d, shows %q", day, page.Status, value(page, "naissance"))
			}
		}
	})
}

func TestTownDecidesOfEachField(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		for _, f := range town.Fields() {
			if f.Step == "adresse" || f.Name == "civilite" {
				k.rules[f.Name] = town.Hidden
			}
		}
		k.rules["naissance"], k.rules["photo"], k.rules["departement_naissance"] = town.Required, town.Required, town.Required
		c := k.visitor()
		page := c.Get(root + "/identite")
		if page.Has("input[name=civilite]") || !strings.Contains(page.Text(".caption"), "sur 3") {
			t.Errorf("hidden fields show, or the hidden screen counts: %s", page.Text(".caption"))
		}
		wrong := page.Submit(form, map[string]string{"nom": "Ly", "prenoms": "Zoë", "pays_naissance": "Maroc"})
		if !wrong.Has("#champ-naissance-erreur") || !wrong.Has("#champ-photo-erreur") || wrong.Has("#champ-departement_naissance-erreur") {
			t.Errorf("required fields: %s", wrong.Text(".error-summary"))
		}
		sent := wrong.SubmitAll(form, values(map[string]string{"naissance": "03031988"}),
			testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: k.selfie("GPS-CANARY")})
		if next := sent.Follow(); next.Path != root+"/moyens-de-contact" {
			t.Errorf("after the identity comes %s: %s", next.Path, next.Text("main"))
		}
		if forged := c.Get(root + "/adresse"); forged.Status != 303 {
			t.Errorf("a hidden screen answers %d", forged.Status)
		}
	})
}

func TestScreensCannotBeJumped(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		for _, path := range []string{"/adresse", "/moyens-de-contact", "/authentification"} {
			if page := c.Get(root + path); page.Location() != root+"/identite" {
				t.Errorf("%s without anything typed: %d %s", path, page.Status, page.Location())
			}
		}
		page := c.Get(root+"/identite").Submit(form, who).Follow()
		key := page.Doc.Find("input[name=cle]").AttrOr("value", "")
		jumped := c.Post(root+"/moyens-de-contact", values(map[string]string{"cle": key, "courriel": "zoe@exemple.fr"}))
		if jumped.Location() != root+"/adresse" {
			t.Errorf("the third screen sent before the second leads to %d %s", jumped.Status, jumped.Location())
		}
		last := c.Post(root+"/authentification", values(map[string]string{"cle": key, "identifiant": "zoe", "mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-27"}))
		if last.Location() != root+"/adresse" || k.count("account") != 0 || len(k.hashes) != 0 {
			t.Errorf("the last screen sent before the second: %d %s, %d accounts", last.Status, last.Location(), k.count("account"))
		}
	})
}

func TestPhotoIsBareSealedAndFollowsItsOwner(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.visitor()
		page := c.Get(root + "/identite")
		refused := page.SubmitAll(form, values(who), testkit.File{Field: "photo", Name: "a.pdf", Type: "application/pdf", Body: []byte("%PDF-1.7")})
		if refused.Status != 422 || !refused.Has("#champ-photo-erreur") || value(refused, "nom") != "Nguyễn" {
			t.Fatalf("a PDF as photo: %d", refused.Status)
		}
		next := refused.SubmitAll(form, nil, testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: k.selfie("GPS-CANARY")}).Follow()
		if got := c.Get(root + "/photo"); got.Status != 200 || !strings.HasPrefix(got.Body, "\xff\xd8") || strings.Contains(got.Body, "GPS-CANARY") {
			t.Errorf("photo of the draft: %d", got.Status)
		}
		if stranger := k.visitor().Get(root + "/photo"); stranger.Status != 404 {
			t.Errorf("somebody else gets the photo: %d", stranger.Status)
		}
		if sealed := list[[]byte](k, "select photo from signup_draft where photo is not null"); len(sealed) != 1 || strings.HasPrefix(string(sealed[0]), "\xff\xd8") {
			t.Error("the photo is not sealed")
		}
		page = next.Submit(form, where).Follow().Submit(form, reach).Follow()
		page.Submit(form, k.solved(page, secrets)).Follow()
		_, p := k.accountOf(k.demand())
		if p.Photo == "" || len(k.files[p.Photo]) == 0 {
			t.Errorf("the person's photo is %q", p.Photo)
		}
	})
}

func TestUsernameIsComparedOnlyFromTheMail(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.known("Zoe.Nguyen", "autre@exemple.fr")
		c := k.visitor()
		k.asked(c, reach) // the form says nothing
		link := k.link()
		page := c.Get(link)
		if !strings.Contains(page.Text("main"), "déjà pris") || !page.Has("#champ-identifiant") {
			t.Fatalf("page of the link: %s", page.Text("main"))
		}
		form := "form[action='" + link + "']"
		if wrong := page.Submit(form, map[string]string{"identifiant": "zoe.nguyen"}); wrong.Status != 422 || !wrong.Has("#champ-identifiant-erreur") {
			t.Errorf("the taken one again: %d", wrong.Status)
		}
		page.Submit(form, map[string]string{"identifiant": "zoe.n"}).Follow()
		if acc, _ := k.accountOf(k.demand()); acc.Username != "zoe.n" || acc.State != account.Waiting {
			t.Errorf("account %+v", acc)
		}
	})
}

func TestUsernamesCannotBeTriedByTheList(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		k.known("zoe.nguyen", "autre@exemple.fr")
		c := k.visitor()
		k.asked(c, reach)
		link := k.link()
		page := c.Get(link)
		form, last := "form[action='"+link+"']", 0
		for range triesEach + 1 {
			last = page.Submit(form, map[string]string{"identifiant": "zoe.nguyen"}).Status
		}
		if last != 429 {
			t.Errorf("the %dth identifier tried is answered %d", triesEach+1, last)
		}
	})
}

func TestProposedUsername(t *testing.T) {
	for _, c := range []struct{ name, email, last, first, want string }{
		{"part before the @", "Camille.Martin@exemple.fr", "Martin", "Camille", "camille.martin"},
		{"without its tag", "zoe+mairie@exemple.fr", "Ly", "Zoë", "zoe"},
		{"too short: the names", "ly@exemple.fr", "Ly", "Zoë Anne", "zoe.ly"},
		{"nothing to propose", "1@exemple.fr", "李", "-", ""},
	} {
		d := Draft{Fields: map[string]string{"courriel": c.email, "nom": c.last, "prenoms": c.first}}
		if got := proposedUsername(d); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDraftPersonKeepsFranceUnwritten(t *testing.T) {
	d := Draft{Fields: map[string]string{"nom": "Ly", "prenoms": "-", "pays": "France", "naissance": "jeudi 3 mars 1988"}}
	p := d.person()
	if p.Address.Country != "" || p.FirstNames != "" || p.BirthDay.String() != "1988-03-03" || p.Preferred != person.NoMeans {
		t.Errorf("person %+v", p)
	}
}
