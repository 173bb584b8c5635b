package booking_test

import (
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/testkit"
)

// TestADayWinsOverItsWeek: in the holidays, a whole week in one choice and one of its days in another are both done.
func TestADayWinsOverItsWeek(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := winter(t, d, func(p *activitytest.Plan) {
			p.Units = []activity.Unit{{Name: "Matin", Weekdays: workdays(), From: 540, To: 720, Alone: true}, {Name: "Après-midi", Weekdays: workdays(), From: 780, To: 1020, Alone: true}}
			p.Choices = []activity.Choice{{Name: "Journée", Units: []activity.UnitID{"0", "1"}}}
		})
		form := portal(t, d).As(as(o.Camille, "Camille Martin")).Get("/espace/reserver/" + string(o.ID))
		value := func(name, label string) string {
			for _, x := range form.Doc.Find(`select[name="` + name + `"] option`).EachIter() {
				if strings.TrimSpace(x.Text()) == label {
					return x.AttrOr("value", "")
				}
			}
			t.Fatalf("%s has no %q", name, label)
			return ""
		}
		week := form.Doc.Find(`select[name^="s.k0."]`).First().AttrOr("name", "")
		tuesday := "j." + strings.TrimSuffix(strings.TrimPrefix(week, "s."), "2027-02-08") + "2027-02-09"
		check := form.Submit("#reserver", map[string]string{week: value(week, "Journée"), tuesday: value(tuesday, "Matin")})
		text := check.Text("main")
		if !strings.Contains(text, "Jérémy : matin, mardi 9 février") || !strings.Contains(text, "Jérémy : journée, ") || strings.Contains(text, "aucun jour") || strings.Contains(text, "ci-dessous") {
			t.Errorf("check: %s", text)
		}
		check.Submit("#confirmer", nil).Follow()
		if n := count(t, d, `select count(*) from booking where state = 'booked' and day = '2027-02-09'`); n != 1 {
			t.Errorf("on the Tuesday %d units are booked, want the morning", n)
		}
		if n := count(t, d, `select count(*) from booking where state = 'booked'`); n != 9 {
			t.Errorf("%d units are booked in the week, want 9", n)
		}
	})
}

// TestEachDayWrittenIsAnswered: a day that the family writes is booked, or told with why not.
func TestEachDayWrittenIsAnswered(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
		camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
		form := camille.Get("/espace/reserver/" + string(o.ID))
		text := form.SubmitAll("#reserver", url.Values{"rythme": {"dates"}, "dates": {"25/01/2027, 30/01/2027, 31/01/2027"}}).Text("main")
		for _, want := range []string{"1 par enfant", "4 jours d’enfant exceptés", "samedi 30 janvier 2027", "dimanche 31 janvier 2027"} {
			if !strings.Contains(text, want) {
				t.Errorf("the check page lacks %q: %s", want, text)
			}
		}
		weekly := form.SubmitAll("#reserver", url.Values{"jour": {"1", "2"}}).Text("main")
		if strings.Contains(weekly, "samedi") {
			t.Errorf("a rhythm tells days nobody asked: %s", weekly)
		}
	})
}

// TestOtherPeriodsAreInSight: the days of another period are not folded away, and each problem is told once, by its name.
func TestOtherPeriodsAreInSight(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
	form := portal(t, d).As(as(o.Camille, "Camille Martin")).Get("/espace/reserver/" + string(o.ID))
	if form.Has("details [name=du], details [name=au]") || !form.Has("[name=du]") {
		t.Error("the days of another period are folded away")
	}
	sent := form.SubmitAll("#reserver", url.Values{"jour": {"1"}, "periode": {"dates"}, "du": {""}, "au": {"demain"}})
	text := sent.Text(".error-summary")
	if !strings.Contains(text, "Écrivez le premier jour ainsi") || !strings.Contains(text, "Écrivez le dernier jour ainsi") {
		t.Errorf("the problems: %s", text)
	}
	if n := strings.Count(form.Text("#reserver"), "D’autres dates"); n != 0 {
		t.Errorf("« D’autres dates » is said %d times", n)
	}
}

// TestAnUndoNamesEachChildsDays: what is given up is told of each child apart, by its number, and once given up is told so.
func TestAnUndoNamesEachChildsDays(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := winter(t, d, nil)
	camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
	form := camille.Get("/espace/reserver/" + string(o.ID))
	values := map[string]string{form.Doc.Find(`input[name^="s.k0."]`).First().AttrOr("name", ""): "1", form.Doc.Find(`input[name^="j.k1."]`).Last().AttrOr("name", ""): "1"}
	done := form.Submit("#reserver", values).Submit("#confirmer", nil).Follow()
	undo := done.Click(`main a[href$="/annuler"]`)
	text := undo.Text("main")
	if !strings.Contains(text, "Inès : vendredi 19 février") || strings.Contains(text, "Jérémy et Inès") || !strings.Contains(undo.Text("#confirmer"), "Annuler 6 jours") {
		t.Errorf("the undo: %s", text)
	}
	undo.Submit("#confirmer", nil).Follow()
	if again := camille.Get(undo.Path).Text("main"); strings.Contains(again, "vous regardez la page") || !strings.Contains(again, "Déjà annulé") || strings.Contains(again, "Ne rien annuler") {
		t.Errorf("opened again: %s", again)
	}
}
