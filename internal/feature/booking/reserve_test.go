package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// schoolYear is the days of the canteen in the tests of a year.
func schoolYear() civil.Range {
	return civil.Range{From: civil.DateOf(persontest.Now()), To: civil.NewDate(2027, 7, 2)}
}

func TestAYearOfCanteenInThreeGestures(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
		camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
		form := camille.Get("/espace/reserver/" + string(o.ID))
		if form.Status != 200 || form.Doc.Find("[name=enfant][checked]").Length() != 2 || form.Has("[name=jour][checked]") {
			t.Fatalf("%d: %s", form.Status, form.Text("main"))
		}
		if text := form.Text("main"); !strings.Contains(text, "Toute l’année scolaire 2026-2027") {
			t.Errorf("the period is not offered: %s", text)
		}
		all := form.Submit("#reserver", map[string]string{"action": "tous"})
		if n := all.Doc.Find("[name=jour][checked]").Length(); n != 4 {
			t.Fatalf("« Cocher tous les jours » ticks %d: %s", n, all.Text("main"))
		}
		check := all.Submit("#reserver", nil)
		text := check.Text("main")
		for _, want := range []string{"Jérémy et Inès : le lundi, mardi, jeudi et vendredi, chaque semaine, du mercredi 6 janvier 2027 au vendredi 2 juillet 2027",
			"par enfant", "exceptés", "Trop tard pour réserver", "Lundi de Pâques"} {
			if !strings.Contains(text, want) {
				t.Errorf("the check page lacks %q: %s", want, text)
			}
		}
		if n := count(t, d, `select count(*) from booking`); n != 0 {
			t.Fatalf("the check page wrote %d bookings", n)
		}
		done := check.Submit("#confirmer", nil).Follow()
		if !strings.HasPrefix(done.Path, "/espace/reservations/R-") || !strings.Contains(done.Text("main"), "Jérémy, Restauration scolaire") {
			t.Fatalf("%s: %s", done.Path, done.Text("main"))
		}
		n := count(t, d, `select count(*) from booking where state = 'booked'`)
		if refs := count(t, d, `select count(distinct reference) from booking_line`); refs != 1 || n < 190 || n%2 != 0 {
			t.Errorf("%d bookings under %d references", n, refs)
		}
		if mails := count(t, d, `select count(*) from mail_outbox`); mails != 2 {
			t.Errorf("%d mails, want one a head of family", mails)
		}
		again := camille.Get("/espace/reserver/"+string(o.ID)).Submit("#reserver", nil)
		if text := again.Text("main"); !strings.Contains(text, "Déjà réservé") || again.Has("#confirmer") {
			t.Errorf("the same week again: %s", text)
		}
		undo := done.Click(`main a[href$="/annuler"]`)
		if !strings.Contains(undo.Text("main"), "À annuler") || !undo.Has("#confirmer") {
			t.Fatalf("undo: %d %s", undo.Status, undo.Text("main"))
		}
		gone := undo.Submit("#confirmer", nil).Follow()
		if left := count(t, d, `select count(*) from booking where state = 'booked'`); left != 0 || gone.Status != 200 {
			t.Errorf("after the undo, %d are booked: %s", left, gone.Text("main"))
		}
		if tallyNow(t, d) != 0 {
			t.Error("places are still held")
		}
	})
}

// TestTheCheckPageIsShownAgain: another tab did it meanwhile, or the word to the service is too long.
func TestTheCheckPageIsShownAgain(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		p := activitytest.Model(t, "veille-9h")
		p.After = activity.After{Kind: activity.AfterRequest}
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear(), Policy: p})
		camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
		form := camille.Get("/espace/reserver/"+string(o.ID)).Submit("#reserver", map[string]string{"action": "tous"})
		one, other := form.Submit("#reserver", nil), form.Submit("#reserver", nil)
		if !one.Has("#confirmer [name=mot]") || !strings.Contains(one.Text("main"), "À demander") {
			t.Fatalf("tomorrow is not asked of the service: %s", one.Text("main"))
		}
		long := one.Submit("#confirmer", map[string]string{"mot": strings.Repeat("a", 501)})
		if long.Status != 422 || !strings.Contains(long.Text(".error-summary"), "500 caractères") {
			t.Errorf("a long word: %d %s", long.Status, long.Text("main"))
		}
		done := long.Submit("#confirmer", map[string]string{"mot": "Réunion"}).Follow()
		asked := count(t, d, `select count(*) from booking where state = 'asked' and note = 'Réunion'`)
		if n := count(t, d, `select count(*) from booking where state = 'booked'`); n == 0 || asked != 2 {
			t.Errorf("%d booked, %d asked: %s", n, asked, done.Text("main"))
		}
		again := other.Submit("#confirmer", nil)
		if again.Status != 409 || !strings.Contains(again.Text("main"), "Rien n’a été enregistré") || again.Has("#confirmer") {
			t.Errorf("the other tab: %d %s", again.Status, again.Text("main"))
		}
		if n := count(t, d, `select count(distinct reference) from booking_line`); n != 1 {
			t.Errorf("%d references", n)
		}
	})
}
