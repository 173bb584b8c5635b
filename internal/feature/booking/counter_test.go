package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestAnAgentBooksForAFamilyWithAReason(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(0)})
		p := testkit.NewPortal(t, d, persontest.Now())
		pages(d).Counter(p.Router)
		pages(d).Citizen(p.Router)
		c := p.As(familytest.Agent(booking.Read, booking.Write))
		day := civil.DateOf(persontest.Now()).Monday().AddDays(7)
		page := c.Get("/agents/familles/" + string(o.First) + "/agenda?semaine=" + day.String())
		box := page.Doc.Find(".agenda-day input[type=checkbox]").First()
		if page.Status != 200 || box.Length() == 0 || !strings.Contains(page.Text(".agenda-day"), "Complet") {
			t.Fatalf("%d: %s", page.Status, page.Text("main"))
		}
		check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
		if words := check.Text("main"); !strings.Contains(words, "Complet") || strings.Contains(words, "Confirmer") {
			t.Fatalf("nothing can be confirmed as it is: %s", words)
		}
		got := check.Submit("form[action$=confirmer]", nil)
		if words := got.Text("main"); got.Status != 409 || !strings.Contains(words, "toutes les places sont prises") || strings.Contains(words, "vient d’être prise") {
			t.Errorf("without adding a place: %d %s", got.Status, words)
		}
		if back := got.Submit("form[action$=verifier]", nil); back.Doc.Find(".agenda-day input[type=checkbox][checked]").AttrOr("name", "") != box.AttrOr("name", "x") {
			t.Errorf("what was ticked is lost: %s", back.Text("main"))
		}
		if got := check.Submit("form[action$=confirmer]", map[string]string{"ajouter": "oui"}); got.Status != 422 || !strings.Contains(got.Text("main"), "la famille le lira") {
			t.Errorf("without a reason: %d %s", got.Status, got.Text("main"))
		}
		done := check.Submit("form[action$=confirmer]", map[string]string{"ajouter": "oui", "motif": "Place libérée au téléphone"}).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "Place libérée au téléphone") || strings.Contains(done.Text("main"), "Gardez-la") || taken(t, d, day) != 1 {
			t.Fatalf("%d, taken %d: %s", done.Status, taken(t, d, day), done.Text("main"))
		}
		seen := p.As(as(o.Camille, "Camille Martin")).Get("/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + day.String())
		if !strings.Contains(seen.Text("main"), "Place libérée au téléphone") {
			t.Errorf("the family does not read the reason: %s", seen.Text("main"))
		}
		if got := p.As(familytest.Agent(booking.Read)).Get(page.Path); got.Status != 403 {
			t.Errorf("an agent who may only read: %d", got.Status)
		}
		elsewhere := familytest.Agent()
		elsewhere.Rights = map[actor.Right][]string{booking.Read: {string(o.Youth)}}
		if got := p.As(elsewhere).Get(strings.Split(done.Path, "?")[0]); got.Status != 404 {
			t.Errorf("an agent of another service reads the proof: %d", got.Status)
		}
	})
}

func TestTheCounterDoesWhatIsPossibleAndOffersNothingElse(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1)})
		p := testkit.NewPortal(t, d, persontest.Now())
		pages(d).Counter(p.Router)
		c := p.As(familytest.Agent(booking.Read, booking.Write))
		day := civil.DateOf(persontest.Now()).Monday().AddDays(7)
		if _, err := o.Apply(t, persontest.Now(), as(o.Camille, "Camille Martin"), booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, day, o.Only())}}); err != nil {
			t.Fatal(err)
		}
		page := c.Get("/agents/familles/" + string(o.First) + "/agenda?semaine=" + day.String())
		ticked := map[string]string{}
		for _, box := range page.Doc.Find(".agenda-day input[type=checkbox]").EachIter() {
			if _, has := box.Attr("checked"); !has && len(ticked) < 2 {
				ticked[box.AttrOr("name", "")] = box.AttrOr("value", "")
			}
		}
		check := page.Submit("form[action$=verifier]", ticked)
		if words := check.Text("main"); !strings.Contains(words, "1 changement à enregistrer") || !strings.Contains(words, "1 changement impossible") {
			t.Fatalf("one of two: %s", words)
		}
		done := check.Submit("form[action$=confirmer]", nil).Follow()
		if words := done.Text("body"); done.Status != 200 || strings.Contains(words, "vient d’être prise") {
			t.Errorf("%d: %s", done.Status, words)
		}
	})
}
