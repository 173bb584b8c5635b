package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// open is a portal on a bookable activity.
func open(t *testing.T, d *db.DB, plan activitytest.Plan) (bookingtest.Open, *testkit.Portal) {
	t.Helper()
	o := bookingtest.NewOpen(t, d, plan)
	p := portal(t, d)
	return o, p
}

func TestBookingOnScreenFromAgendaToProof(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		c := p.As(as(o.Camille, "Camille Martin"))
		path := "/espace/enfants/" + string(o.Jeremy) + "/agenda?mois=2027-01"
		page := c.Get(path)
		boxes := page.Doc.Find(".agenda-day input[type=checkbox]")
		if page.Status != 200 || boxes.Length() < 10 {
			t.Fatalf("%d, %d boxes: %s", page.Status, boxes.Length(), page.Text("main"))
		}
		first, second := boxes.Eq(2).AttrOr("name", ""), boxes.Eq(3).AttrOr("name", "")
		one := boxes.Eq(2).AttrOr("value", "")
		check := page.Submit("form[action$=verifier]", map[string]string{first: one, second: one})
		if check.Status != 200 || !strings.Contains(check.Text("main"), "2 changements à enregistrer") || !strings.Contains(check.Text("main"), "Annulable jusqu’au") {
			t.Fatalf("check %d: %s", check.Status, check.Text("main"))
		}
		back := check.Submit("form[action$=verifier]", nil)
		if back.Status != 200 || back.Doc.Find("input[name='"+first+"'][checked]").Length() != 1 {
			t.Errorf("« Modifier » forgot what was ticked: %d %s", back.Status, back.Text("h1"))
		}
		done := check.Submit("form[action$=confirmer]", nil).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "Référence") || !strings.HasPrefix(done.Path, "/espace/reservations/R-") {
			t.Fatalf("done %d %s: %s", done.Status, done.Path, done.Text("main"))
		}
		if again := check.Submit("form[action$=confirmer]", nil).Follow(); again.Path != done.Path {
			t.Errorf("the same form twice leads to %s, want %s", again.Path, done.Path)
		}
		page = c.Get(path)
		if n := page.Doc.Find(".agenda-day input[checked]").Length(); n != 2 {
			t.Errorf("%d boxes ticked after booking two days", n)
		}
		none := page.Submit("form[action$=verifier]", nil)
		if !strings.Contains(none.Text("main"), "Aucun changement") {
			t.Errorf("nothing changed: %s", none.Text("main"))
		}
		other := p.As(as(o.Bruno, "Bruno Petit")) // the other home of Jérémy
		if got := other.Get(strings.Split(done.Path, "?")[0]); got.Status != 404 {
			t.Errorf("the other home reads the proof: %d %s", got.Status, got.Text("main"))
		}
		if got := other.Get(path); got.Status != 200 || !strings.Contains(got.Text("main"), "Réservé par l’autre foyer") || strings.Contains(got.Text("main"), "Camille") {
			t.Errorf("the other home's agenda: %d %s", got.Status, got.Text("main"))
		}
		if got := other.Get("/espace/enfants/" + string(o.Jeremy) + "/historique"); got.Status != 200 || got.Has("tbody tr") {
			t.Errorf("the other home reads the history: %d %s", got.Status, got.Text("main"))
		}
		history := c.Get("/espace/enfants/" + string(o.Jeremy) + "/historique")
		if history.Status != 200 || history.Doc.Find("tbody tr").Length() != 2 {
			t.Errorf("history %d: %s", history.Status, history.Text("main"))
		}
	})
}

func TestManyDaysConfirmedAtOnceAreOneRowOfTheHistory(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		monday := civil.DateOf(persontest.Now()).Monday().AddDays(7)
		var wishes []booking.Wish
		for _, n := range []int{0, 1, 3, 4, 7, 8} {
			wishes = append(wishes, o.Wish(o.Jeremy, monday.AddDays(n), o.Only()))
		}
		for _, some := range [][]booking.Wish{wishes, {o.Wish(o.Jeremy, monday.AddDays(10), o.Only())}} {
			if out, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: some}); err != nil || out.Done() != len(some) {
				t.Fatalf("%+v %v", out, err)
			}
		}
		page := p.As(as(o.Camille, "Camille Martin")).Get("/espace/enfants/" + string(o.Jeremy) + "/historique")
		if text := page.Text("tbody"); page.Doc.Find("tbody tr").Length() != 2 || !strings.Contains(text, "6 changements, du "+monday.French()+" au "+monday.AddDays(8).French()) {
			t.Errorf("%s", text)
		}
	})
}

func TestCancellingADayFromItsOwnPage(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		day := civil.DateOf(persontest.Now()).Monday().AddDays(7)
		if _, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, day, o.Only())}}); err != nil {
			t.Fatal(err)
		}
		c := p.As(as(o.Camille, "Camille Martin"))
		page := c.Get("/espace/enfants/" + string(o.Jeremy) + "/annuler?jour=" + day.String() + "&activite=" + string(o.ID))
		if page.Status != 200 || !page.Has("form[action$=confirmer]") {
			t.Fatalf("%d: %s", page.Status, page.Text("main"))
		}
		done := page.Submit("form[action$=confirmer]", nil).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "Annulé") {
			t.Errorf("%d: %s", done.Status, done.Text("main"))
		}
		again := c.Get(page.Path)
		if again.Status != 200 || again.Has("form[action$=confirmer]") {
			t.Errorf("a day that is not booked offers to cancel it: %s", again.Text("main"))
		}
		if got := c.Get("/espace/enfants/" + string(o.Jeremy) + "/annuler?jour=n%27importe&activite=" + string(o.ID)); got.Status != 404 {
			t.Errorf("a day that is none: %d", got.Status)
		}
	})
}

func TestChoicesOfAWednesday(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Wednesday())
		c := p.As(as(o.Camille, "Camille Martin"))
		path := "/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=2027-01-18"
		page := c.Get(path)
		pick := page.Doc.Find("select.agenda-pick").First()
		if page.Status != 200 || pick.Find("option").Length() != 5 {
			t.Fatalf("%d: %s", page.Status, page.Text("main"))
		}
		value := func(label string) string {
			for _, o := range pick.Find("option").EachIter() {
				if strings.TrimSpace(o.Text()) == label {
					return o.AttrOr("value", "")
				}
			}
			t.Fatalf("no option %q", label)
			return ""
		}
		name := pick.AttrOr("name", "")
		done := page.Submit("form[action$=verifier]", map[string]string{name: value("Matin et repas")}).Submit("form[action$=confirmer]", nil).Follow()
		if !strings.Contains(done.Text("main"), "Mercredi, matin et repas") {
			t.Fatalf("%s", done.Text("main"))
		}
		done = c.Get(path).Submit("form[action$=verifier]", map[string]string{name: value("Journée")}).Submit("form[action$=confirmer]", nil).Follow()
		if !strings.Contains(done.Text("main"), "Au lieu de matin et repas") {
			t.Errorf("changed: %s", done.Text("main"))
		}
		c.Get(path).Submit("form[action$=verifier]", map[string]string{name: value("Matin")}).Submit("form[action$=confirmer]", nil).Follow()
		if got := c.Get(path); !strings.Contains(got.Text("main"), "Réservé") || got.Doc.Find("select.agenda-pick option[selected]").Text() != "Matin" {
			t.Errorf("back to the morning: %s", got.Doc.Find("select.agenda-pick option[selected]").Text())
		}
	})
}
