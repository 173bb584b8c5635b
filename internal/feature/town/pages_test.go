package town_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// office is a town hall with one administrator at a screen.
type office struct {
	d     *db.DB
	cache *town.Cache
	*testkit.Client
	portal *testkit.Portal
}

var administrator = actor.Actor{Kind: actor.Agent, Second: true, Account: "a", Name: "Nadia", Rights: map[actor.Right][]string{town.SettingsWrite: {actor.AllServices}}}

var invitation = mail.Template{Name: "test.invitation", Label: "Invitation",
	Specimen: func(db.Reader) (mail.Body, error) {
		return mail.Body{ToName: "Camille Martin", Subject: "{membre} vous invite", Greeting: "Bonjour Camille Martin,",
			Paragraphs: []string{"Rejoignez {membre}."}, Facts: []mail.Fact{{Label: "Identifiant", Value: "camille.martin"}},
			Closing: []string{"À bientôt."}, Values: map[string]string{"membre": "Inès Martin"}}, nil
	}}

func openOffice(t *testing.T, d *db.DB) *office { return officeWith(t, d, false) }

// noMail opens the office again without a mail server.
func (o *office) noMail(t *testing.T) { *o = *officeWith(t, o.d, true) }

func officeWith(t *testing.T, d *db.DB, noMail bool) *office {
	o := &office{d: d, cache: &town.Cache{DB: d}}
	clock := func() time.Time { return now }
	o.portal = testkit.NewPortal(t, d, now, func(c *web.Config) { c.Site = o.cache.Site(clock) })
	pages := town.Pages{DB: d, Now: clock, Settings: o.cache, NoMail: noMail, Mails: []mail.Template{invitation, {Name: "test.secret"}},
		Setup: []town.SetupTask{{Label: "Première actualité", Href: "/agents/actualites", Done: func(db.Reader) (bool, error) { return true, nil }},
			{Label: "Inviter des agents", Href: "/agents/comptes"}},
		Promised: func(_ db.Reader, _ time.Time, days civil.Range) (string, error) {
			if days.Contains(civil.NewDate(2026, 11, 17)) {
				return "3 activations promises ce jour-là.", nil
			}
			return "", nil
		}}
	pages.Agent(o.portal.Router)
	pages.Citizen(o.portal.Router)
	o.Client = o.portal.As(administrator)
	return o
}

func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) { test(t, openOffice(t, d)) })
}

func (o *office) settings(t *testing.T) town.Settings { return read(t, o.d, town.ReadSettings) }

func (o *office) lastAudit(t *testing.T, object, id string) audit.Entry {
	t.Helper()
	events := read(t, o.d, func(r db.Reader) ([]audit.Event, error) { return audit.ForObject(r, object, id, 1) })
	if len(events) == 0 {
		return audit.Entry{}
	}
	return events[0].Entry
}

// typed is what a field of the page holds.
func typed(p *testkit.Page, name string) string {
	field := p.Doc.Find("#champ-" + name)
	if field.Is("textarea") {
		return field.Text()
	}
	if field.Is("select") {
		return field.Find("option[selected]").AttrOr("value", "")
	}
	return field.AttrOr("value", "")
}

const form = `main form[enctype]`

func TestIdentityIsLookedAtThenSaved(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		page := o.Get("/agents/parametres").Click(`a[href="/agents/parametres/identite"]`)
		wrong := page.Submit(form, map[string]string{"name": "Poissy", "colour": "bleu"})
		if wrong.Status != 422 || !wrong.Has("#champ-colour-erreur") || typed(wrong, "name") != "Poissy" || typed(wrong, "colour") != "bleu" {
			t.Fatalf("a wrong colour: %d %s", wrong.Status, wrong.Text(".error-summary"))
		}
		seen := wrong.Submit(form, map[string]string{"colour": "#e2001a", "action": "voir"})
		if text := seen.Text("main"); seen.Status != 200 || !strings.Contains(text, "Contrastes calculés") || !strings.Contains(text, "#e2001a") {
			t.Fatalf("« Voir »: %d %s", seen.Status, text)
		}
		if o.settings(t).Name == "Poissy" {
			t.Fatal("« Voir » has saved")
		}
		saved := seen.Submit(form, nil).Follow()
		if saved.Text(".brand-name") != "Poissy" || !strings.Contains(saved.Text("main"), "Modifié le 13/11/2026") {
			t.Errorf("the name at the top is still %q; %s", saved.Text(".brand-name"), saved.Text("main"))
		}
		if e := o.lastAudit(t, "town", "town"); e.Action != "town.settings.changed" || !strings.Contains(e.Detail, "colour") || strings.Contains(e.Detail, "e2001a") || strings.Contains(e.Detail, "help_text") {
			t.Errorf("audit: %+v", e)
		}
	})
}

func TestTheLogo(t *testing.T) {
	var small, wide bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 48, 48))); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 2000, 8))); err != nil {
		t.Fatal(err)
	}
	eachOffice(t, func(t *testing.T, o *office) {
		give := func(name string, body []byte) *testkit.Page {
			return o.Get("/agents/parametres/identite").SubmitAll(form, url.Values{"name": {"Poissy"}}, testkit.File{Field: "logo", Name: name, Type: "image/svg+xml", Body: body})
		}
		for name, body := range map[string]string{
			"script.svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`, "load.svg": `<svg onload="x()"></svg>`,
			"link.svg": `<svg><use href="javascript:x()"/></svg>`, "text.txt": "bonjour", "cut.png": "\x89PNG\r\n", "wide.png": wide.String(),
		} {
			if page := give(name, []byte(body)); page.Status != 422 || !page.Has("#champ-logo-erreur") || typed(page, "name") != "Poissy" {
				t.Errorf("%s: %d %s", name, page.Status, page.Text("main"))
			}
		}
		if s := o.settings(t); s.LogoSVG != "" || s.LogoPNG != "" {
			t.Fatal("a refused logo is kept")
		}
		drawing := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path style="fill:#123456" d="M0 0h8v8z"/></svg>`
		page := give("blason.svg", []byte(drawing)).Follow()
		src := page.Doc.Find(`img.logo`).AttrOr("src", "")
		if logo := o.Get(src); !strings.HasPrefix(src, "/logo.svg?v=") || logo.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(o.settings(t).LogoSVG, `fill="#123456"`) {
			t.Errorf("drawing at %q: %s", src, o.settings(t).LogoSVG)
		}
		o.forge(t, "/agents/parametres/identite", map[string]string{"logo_svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`}, 422)
		o.forge(t, "/agents/parametres/identite", map[string]string{"logo_svg": `<svg xmlns="http://www.w3.org/2000/svg" data-x="1"></svg>`}, 422)
		give("blason.png", small.Bytes()).Follow()
		if s := o.settings(t); s.LogoSVG != "" || s.LogoPNG == "" || o.Get("/logo.png").Header.Get("Content-Type") != "image/png" {
			t.Errorf("picture: %d bytes", len(s.LogoPNG))
		}
		o.Get("/agents/parametres/identite").Submit(form, map[string]string{"sans_logo": "1"}).Follow()
		if s := o.settings(t); s.LogoSVG != "" || s.LogoPNG != "" {
			t.Error("the logo does not go away")
		}
	})
}

// forge sends a form with values that the page would not let one type.
func (o *office) forge(t *testing.T, path string, values map[string]string, want int) *testkit.Page {
	t.Helper()
	sent := url.Values{}
	for name, value := range o.Get(path).Doc.Find(form).Find("input[type=hidden]").EachIter() {
		_ = name
		sent.Set(value.AttrOr("name", ""), value.AttrOr("value", ""))
	}
	for name, value := range values {
		sent.Set(name, value)
	}
	page := o.Post(path, sent)
	if page.Status != want {
		t.Errorf("%s forged with %v: %d, want %d", path, values, page.Status, want)
	}
	return page
}

func TestTwoAdministratorsDoNotOverwriteEachOther(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		mine := o.Get("/agents/parametres/contacts")
		other := o.portal.As(administrator)
		other.Get("/agents/parametres/contacts").Submit(form, map[string]string{"phone": "01 00 00 00 01"}).Follow()
		other.Get("/agents/parametres/textes/aide").Submit(form, map[string]string{"help_text": "Autre page"}).Follow()
		wrong := mine.Submit(form, map[string]string{"phone": "le standard", "address": "1, rue Neuve"})
		if wrong.Status != 409 {
			t.Fatalf("behind the other's back: %d", wrong.Status)
		}
		both := wrong.Text("main table")
		if !strings.Contains(both, "01 00 00 00 01") || !strings.Contains(both, "Téléphone") || typed(wrong, "address") != "1, rue Neuve" || o.settings(t).Address != "" {
			t.Errorf("the page shows %s", both)
		}
		refused := wrong.Submit(form, nil)
		if refused.Status != 422 || typed(refused, "phone") != "le standard" || !refused.Has("#champ-phone-erreur") {
			t.Fatalf("then the number is wrong: %d", refused.Status)
		}
		other.Get("/agents/parametres/contacts").Submit(form, map[string]string{"email": "mairie@exemple.fr"}).Follow()
		if late := refused.Submit(form, map[string]string{"phone": "01 00 00 00 02"}); late.Status != 409 {
			t.Errorf("a correction passes over a change made meanwhile: %d", late.Status)
		} else if late.Submit(form, nil).Follow(); o.settings(t).Phone != "01 00 00 00 02" || o.settings(t).Email != "" {
			t.Errorf("after seeing both, mine is not kept: %+v", o.settings(t))
		}
		if o.settings(t).HelpText != "Autre page" {
			t.Error("another subject's setting was lost")
		}
		o.forgeVersion(t)
		hours := o.Get("/agents/parametres/horaires")
		other.Get("/agents/parametres/horaires").Submit(form, map[string]string{"zone": "B"}).Follow()
		refused = hours.Submit(form, map[string]string{"lundi_matin": "tôt"})
		if again := refused.Submit(form, map[string]string{"lundi_matin": "9h-12h"}); refused.Status != 422 || again.Status != 409 || o.settings(t).Zone != "B" {
			t.Errorf("a page refused, then corrected, passes over the other's change: %d, %d", refused.Status, again.Status)
		}
	})
}

// forgeVersion sends a form without its version.
func (o *office) forgeVersion(t *testing.T) {
	t.Helper()
	page := o.Post("/agents/parametres/contacts", url.Values{"cle": {db.NewID()}, "phone": {"01 00 00 00 09"}})
	if page.Status != 409 || o.settings(t).Phone == "01 00 00 00 09" {
		t.Errorf("a form without version: %d", page.Status)
	}
}

func TestNonsenseIsRefusedAndKept(t *testing.T) {
	long := strings.Repeat("é", 20_001)
	cases := []struct{ path, field, value string }{
		{"contacts", "phone", "aux heures de bureau"}, {"contacts", "email", "mairie"}, {"contacts", "post_code", "786"},
		{"contacts", "website", "javascript:alert(1)"}, {"contacts", "address", long[:700]}, {"contacts", "help_email", "a@b"},
		{"identite", "name", " "}, {"identite", "colour", "#12"}, {"textes/aide", "help_text", long}, {"textes/mentions", "legal_text", long},
		{"textes/conditions", "terms_text", long}, {"textes/accessibilite", "audit_day", "hier"}, {"textes/accueil", "slogan", long[:700]},
		{"horaires", "mardi_matin", "quand on veut"}, {"horaires", "mardi_apres", "8h-9h"}, {"textes/accessibilite", "plan_url", "demain"},
	}
	eachOffice(t, func(t *testing.T, o *office) {
		for _, c := range cases {
			values := map[string]string{c.field: c.value}
			if c.field == "mardi_apres" {
				values["mardi_matin"] = "8h30-12h"
			}
			page := o.Get("/agents/parametres/"+c.path).Submit(form, values)
			if page.Status != 422 || !page.Has("#champ-"+c.field+"-erreur") || !page.Has(".error-summary") {
				t.Errorf("%s %s: %d %s", c.path, c.field, page.Status, page.Text(".error-summary"))
			}
			if got := typed(page, c.field); got != c.value {
				t.Errorf("%s %s: what was typed is lost: %.40q", c.path, c.field, got)
			}
		}
	})
}

func TestOpeningHoursOfTheTown(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		page := o.Get("/agents/parametres/horaires")
		if got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(typed(page, "lundi_matin")); got != "8 h 30 – 12 h" {
			t.Errorf("Monday shows %q", got)
		}
		page.Submit(form, map[string]string{"lundi_matin": "9:00 à 12:30", "mercredi_apres": "", "samedi_matin": "9h30-midi", "zone": "A"}).Follow()
		s := o.settings(t)
		want := "lun 09:00-12:30 13:30-17:30; mar 08:30-12:00 13:30-17:30; mer 08:30-12:00; jeu 08:30-12:00 13:30-17:30; ven 08:30-12:00 13:30-17:30; sam 09:30-12:00"
		if s.Hours.String() != want || s.Zone != "A" {
			t.Errorf("hours %s, zone %s", s.Hours, s.Zone)
		}
		empty := map[string]string{}
		for _, day := range []string{"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"} {
			empty[day+"_matin"], empty[day+"_apres"] = "", ""
		}
		if never := o.Get("/agents/parametres/horaires").Submit(form, empty); never.Status != 422 {
			t.Errorf("a town that never opens: %d", never.Status)
		}
	})
}

func TestFieldsOfTheWizard(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		page := o.Get("/agents/parametres/assistant")
		if page.Has("#champ-champ_courriel") || !strings.Contains(page.Text("main"), "Toujours demandé : courriel") {
			t.Error("the e-mail address can be left out")
		}
		page.Submit(form, map[string]string{"champ_civilite": "required", "champ_fax": "hidden"}).Follow()
		s := o.settings(t)
		if s.Field("civilite") != town.Required || s.Field("fax") != town.Hidden || s.Field("naissance") != town.Optional || s.Field("courriel") != town.Required {
			t.Errorf("rules: %v", s.WizardFields)
		}
		if page = o.Get("/agents/parametres/assistant"); !strings.Contains(page.Text("main"), "C-394/23") || typed(page, "champ_fax") != "hidden" {
			t.Error("no word of the case law on civility")
		}
		o.forge(t, "/agents/parametres/assistant", map[string]string{"champ_courriel": "hidden"}, 422)
	})
}

func TestVersionsOfWhatCitizensAccept(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		terms := func() town.Version { return read(t, o.d, town.TermsVersion) }
		if v := terms(); v.ID != "parvis-1" || v.Number != 0 {
			t.Errorf("a new town: %+v", v)
		}
		page := o.Get("/agents/parametres/textes/conditions")
		seen := page.Submit(form, map[string]string{"terms_text": "# Règles\nSoyez *corrects*.\n\n- un\n- deux", "action": "voir"})
		if seen.Text("main .sheet h2") != "Règles" || seen.Doc.Find("main .sheet li").Length() != 2 || terms().ID != "parvis-1" {
			t.Errorf("preview: %s", seen.Text("main"))
		}
		seen.Submit(form, nil).Follow()
		first := terms()
		o.Get("/agents/parametres/textes/conditions").Submit(form, nil).Follow() // nothing changed
		o.Get("/agents/parametres/textes/mentions").Submit(form, map[string]string{"publisher": "La maire"}).Follow()
		if v := terms(); first.ID != "1" || v.ID != "1" || read(t, o.d, town.PrivacyVersion).ID != "parvis-1" {
			t.Errorf("versions %+v then %+v", first, v)
		}
		if got := o.Get("/conditions-generales").Text("main"); !strings.Contains(got, "Version 1 du 13 novembre 2026") || !strings.Contains(got, "Soyez *corrects*.") {
			t.Errorf("the page: %s", got)
		}
		o.Get("/agents/parametres/textes/conditions").Submit(form, map[string]string{"terms_text": ""}).Follow()
		old := read(t, o.d, func(r db.Reader) (town.Version, error) { return town.VersionByID(r, town.Terms, "1") })
		if v := terms(); v.ID != "2" || v.Text != "" || !strings.Contains(old.Text, "Soyez") {
			t.Errorf("back to the proposed text: %+v; what was accepted: %+v", v, old)
		}
		if _, err := db.Read(context.Background(), o.d, func(r db.Reader) (town.Version, error) { return town.VersionByID(r, town.Terms, "9") }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a version that never was: %v", err)
		}
	})
}

func TestMailTexts(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		list := o.Get("/agents/parametres/courriels")
		if strings.Contains(list.Text("main"), "secret") {
			t.Error("a template without specimen is listed")
		}
		page := list.Click(`a[href="/agents/parametres/courriels/test.invitation"]`)
		if typed(page, "objet") != "{membre} vous invite" || !strings.Contains(page.Text("main"), "Inès Martin vous invite") {
			t.Fatalf("original words: %q %s", typed(page, "objet"), page.Text("main"))
		}
		mailForm := `main form[action="/agents/parametres/courriels/test.invitation"]`
		wrong := page.Submit(mailForm, map[string]string{"texte": "Bonjour {prenom} {{range .}}", "objet": "Venez"})
		if wrong.Status != 422 || !strings.Contains(wrong.Text("#champ-texte-erreur"), "{membre}") || typed(wrong, "objet") != "Venez" {
			t.Fatalf("a name that the mail does not know: %d %s", wrong.Status, wrong.Text(".error-summary"))
		}
		seen := wrong.Submit(mailForm, map[string]string{"texte": "{membre} vous attend.\n\nVenez.", "action": "voir"})
		if seen.Status != 200 || !strings.Contains(seen.Text("main"), "Inès Martin vous attend.") {
			t.Fatalf("preview: %d %s", seen.Status, seen.Text("main"))
		}
		if _, own, _ := wordsOf(o.d, "test.invitation"); own {
			t.Fatal("« Voir » has saved")
		}
		late := o.portal.As(administrator).Get("/agents/parametres/courriels/test.invitation")
		seen.Submit(mailForm, nil).Follow()
		words, own, err := wordsOf(o.d, "test.invitation")
		if err != nil || !own || cmp.Diff(mail.Words{Subject: "Venez", Text: "{membre} vous attend.\n\nVenez.", Closing: "À bientôt."}, words) != "" {
			t.Errorf("saved: %+v %v", words, err)
		}
		if e := o.lastAudit(t, "mail_template", "test.invitation"); e.Detail != "subject text" {
			t.Errorf("audit: %+v", e)
		}
		if both := late.Submit(mailForm, map[string]string{"objet": "Autre"}); both.Status != 409 || !strings.Contains(both.Text("main table"), "Venez") || typed(both, "objet") != "Autre" {
			t.Errorf("two administrators: %d %s", both.Status, both.Text("main table"))
		}
		o.Get("/agents/parametres/courriels/test.invitation").Submit(`main form[action$="/origine"]`, nil).Follow()
		if _, own, _ := wordsOf(o.d, "test.invitation"); own {
			t.Error("the original words do not come back")
		}
		if o.Get("/agents/parametres/courriels/test.secret").Status != 404 {
			t.Error("a template without specimen has a page")
		}
	})
}

func wordsOf(d *db.DB, template string) (w mail.Words, own bool, err error) {
	err = db.Do(context.Background(), d, func(tx *db.Tx) error {
		w, own, err = town.MailWords(tx, template)
		return err
	})
	return w, own, err
}
