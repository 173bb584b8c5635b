package person_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

// desk is the pages over a database, with Camille and a stranger signed in.
type desk struct {
	d        *db.DB
	key      *crypt.Key
	portal   *testkit.Portal
	cache    *town.Cache
	stored   map[string][]byte
	camille  person.ID
	stranger person.ID
	shown    func(actor.Actor, person.ID) bool // what MaySee and AgentMaySee answer
}

func open(t *testing.T, d *db.DB) *desk {
	t.Helper()
	k := &desk{d: d, key: crypt.NewKey(), stored: map[string][]byte{}, cache: &town.Cache{DB: d},
		shown: func(actor.Actor, person.ID) bool { return false }}
	k.camille = persontest.Add(t, d, persontest.Camille())
	k.stranger = persontest.Add(t, d, person.Person{LastName: "Autre", FirstNames: "Alex"})
	sees := func(_ db.Reader, _ time.Time, a actor.Actor, id person.ID) (bool, error) { return k.shown(a, id), nil }
	pages := person.Pages{DB: d, Now: func() time.Time { return now }, Key: k.key, Settings: k.cache,
		Photos: person.Photos{
			Decoder: person.NewDecoder(),
			Put: func(_ context.Context, b []byte) (string, error) {
				id := db.NewID()
				k.stored[id] = b
				return id, nil
			},
			Open: func(_ context.Context, id string) ([]byte, error) { return k.stored[id], nil },
			Drop: func(*db.Tx, time.Time, string) error { return nil },
		},
		MaySee: sees, AgentMaySee: sees,
		ConfirmPassword: func(_ context.Context, _ actor.Actor, password string) error {
			if password != "Secret123" {
				return fault.InvalidFields(fault.Field{Name: "mot_de_passe", Sentence: "Ce n’est pas votre mot de passe."})
			}
			return nil
		},
	}
	k.portal = testkit.NewPortal(t, d, now)
	pages.Citizen(k.portal.Router)
	pages.Agent(k.portal.Router)
	return k
}

func TestContactPageKeepsWhatWasTyped(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.portal.As(persontest.Citizen(k.camille))
		page := c.Get("/espace/coordonnees")
		if got := page.Doc.Find("#champ-mobile").AttrOr("value", ""); strings.ReplaceAll(got, "\u00a0", " ") != "06 12 34 56 78" {
			t.Fatalf("mobile shown %q (status %d)", got, page.Status)
		}
		wrong := page.Submit("main form", map[string]string{"mobile": "06 12", "voie": "quai de Seine", "code_postal": "789"})
		if wrong.Status != 422 || !wrong.Has("#champ-mobile-erreur") || !wrong.Has("#champ-code_postal-erreur") {
			t.Fatalf("status %d, errors: %s", wrong.Status, wrong.Text(".error-summary"))
		}
		if got := wrong.Doc.Find("#champ-voie").AttrOr("value", ""); got != "quai de Seine" {
			t.Errorf("what was typed is lost: %q", got)
		}
		saved := wrong.Submit("main form", map[string]string{"mobile": "07 11 22 33 44", "code_postal": "78999"}).Follow()
		if saved.Status != 200 || !strings.Contains(saved.Text("[role=status]"), "Vos coordonnées sont enregistrées") {
			t.Errorf("after saving: %d %s", saved.Status, saved.Text("[role=status]"))
		}
		late := page.Submit("main form", map[string]string{"mobile": "06 99 99 99 99"})
		if late.Status != 409 || !strings.Contains(late.Text("main"), "07 11 22 33 44") {
			t.Errorf("an outdated page: %d %s", late.Status, late.Text("main"))
		}
		if again := late.Submit("main form", nil).Follow(); again.Status != 200 || byID(t, d, k.camille).Mobile != "+33699999999" {
			t.Errorf("saving after seeing both versions: %d, %s", again.Status, byID(t, d, k.camille).Mobile)
		}
	})
}

func TestAddressNeedsProofWhenTheTownSaysSo(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		s := town.Default()
		s.AddressProof = true
		if err := do(d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, actor.Job("test"), s) }); err != nil {
			t.Fatal(err)
		}
		c := k.portal.As(persontest.Citizen(k.camille))
		page := c.Get("/espace/coordonnees")
		if page.Has("#champ-voie") || !strings.Contains(page.Text("main"), "justificatif") {
			t.Error("the address can be typed though proof is demanded")
		}
		form := page.Doc.Find("main form")
		values := url.Values{"voie": {"quai forgé"}, "ville": {"Ailleurs"}}
		form.Find("input[type=hidden]").Each(func(_ int, s2 *goquery.Selection) { values.Set(s2.AttrOr("name", ""), s2.AttrOr("value", "")) })
		if sent := c.Post("/espace/coordonnees", values); sent.Status != 303 || byID(t, d, k.camille).Address.Street != "rue des Écoles" {
			t.Errorf("a forged address: %d, %s", sent.Status, byID(t, d, k.camille).Address.Street)
		}
	})
}

func TestNewEmailThroughThePages(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.portal.As(persontest.Citizen(k.camille))
		page := c.Get("/espace/coordonnees").Click("a[href='/espace/coordonnees/courriel']")
		refused := page.Submit("main form", map[string]string{"courriel": "nouvelle@exemple.fr", "mot_de_passe": "faux"})
		if refused.Status != 422 || refused.Doc.Find("#champ-courriel").AttrOr("value", "") != "nouvelle@exemple.fr" {
			t.Fatalf("wrong password: %d", refused.Status)
		}
		asked := refused.Submit("main form", map[string]string{"mot_de_passe": "Secret123"}).Follow()
		if !strings.Contains(asked.Text("main"), "nouvelle@exemple.fr") || !strings.Contains(asked.Text("main"), "camille.martin@exemple.fr") {
			t.Errorf("after asking: %s", asked.Text("main"))
		}
		link := lastLink(t, d, k.key, k.camille, now)
		visitor := k.portal.As(actor.Actor{})
		before := visitor.Get(link)
		if before.Status != 200 || byID(t, d, k.camille).Email != "camille.martin@exemple.fr" {
			t.Fatalf("opening the link: %d, address %s", before.Status, byID(t, d, k.camille).Email)
		}
		if done := before.Submit("main form", nil); done.Status != 303 || byID(t, d, k.camille).Email != "nouvelle@exemple.fr" {
			t.Errorf("confirming: %d, address %s", done.Status, byID(t, d, k.camille).Email)
		}
		if again := visitor.Get(link); again.Status != 409 || !strings.Contains(again.Text("main"), "déjà servi") {
			t.Errorf("the link again: %d %s", again.Status, again.Text("main"))
		}
	})
}

func picture(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	m.Set(10, 10, color.Black)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotoIsSeenByItsOwnerAndWhomTheFunctionsSay(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		c := k.portal.As(persontest.Citizen(k.camille))
		page := c.Get("/espace/profil")
		if !strings.Contains(page.Text("main"), "3 mars 1988") || !strings.Contains(page.Text("main"), "Durand") {
			t.Errorf("identity: %s", page.Text("main"))
		}
		form := "form[action='/espace/profil/photo']"
		refused := page.SubmitAll(form, nil, testkit.File{Field: "photo", Name: "a.pdf", Type: "application/pdf", Body: []byte("%PDF-1.7")})
		if refused.Status != 422 || !strings.Contains(refused.Text("main"), "JPEG ou PNG") {
			t.Errorf("a PDF as photo: %d", refused.Status)
		}
		if none := page.SubmitAll(form, nil); none.Status != 422 {
			t.Errorf("no file: %d", none.Status)
		}
		saved := page.SubmitAll(form, nil, testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: picture(t)}).Follow()
		src := saved.Doc.Find("main img.avatar").AttrOr("src", "")
		if src != "/espace/photos/"+string(k.camille) {
			t.Fatalf("photo shown at %q", src)
		}
		mine := c.Get(src)
		if mine.Status != 200 || mine.Header.Get("Content-Type") != "image/jpeg" || mine.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("own photo: %d %v", mine.Status, mine.Header)
		}
		if other := k.portal.As(persontest.Citizen(k.stranger)).Get(src); other.Status != 404 {
			t.Errorf("a stranger got the photo: %d", other.Status)
		}
		k.shown = func(a actor.Actor, id person.ID) bool { return a.Person == string(k.stranger) && id == k.camille }
		if other := k.portal.As(persontest.Citizen(k.stranger)).Get(src); other.Status != 200 {
			t.Errorf("whom MaySee allows gets %d", other.Status)
		}
		agent := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{person.Read: {actor.AllServices}}}
		path := "/agents/photos/" + string(k.camille)
		if seen := k.portal.As(agent).Get(path); seen.Status != 404 {
			t.Errorf("an agent that no function allows: %d, want 404", seen.Status)
		}
		k.shown = func(a actor.Actor, id person.ID) bool { return a.Kind == actor.Agent && id == k.camille }
		if seen := k.portal.As(agent).Get(path); seen.Status != 200 {
			t.Errorf("an agent with the right: %d", seen.Status)
		}
		saved.Submit("form[action='/espace/profil/photo/suppression']", nil)
		if gone := c.Get(src); gone.Status != 404 {
			t.Errorf("a removed photo is still served: %d", gone.Status)
		}
	})
}
