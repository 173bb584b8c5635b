package booking_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/testkit"
)

// withWednesday adds Wednesdays in two units and a bundle, for Jérémy alone.
func withWednesday(t *testing.T, d *db.DB, o bookingtest.Open) activitytest.Ready {
	t.Helper()
	wednesday := activity.On(time.Wednesday)
	r := activitytest.Make(t, d, o.Homes, activitytest.Plan{Name: "Mercredi", Days: schoolYear(), Units: []activity.Unit{
		{Name: "Matin", Weekdays: wednesday, From: 480, To: 690, Alone: true}, {Name: "Après-midi", Weekdays: wednesday, From: 810, To: 1080, Alone: true}},
		Choices: []activity.Choice{{Name: "Journée", Units: []activity.UnitID{"0", "1"}}}})
	o.Enrol(t, r.ID, o.Jeremy)
	return r
}

func TestTheTypicalWeekOfLastTimeIsProposed(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
		r := withWednesday(t, d, o)
		var rows []booking.Row
		for week := range 6 { // last year: Jérémy Mondays and Thursdays, whole Wednesdays every other week; once a Tuesday
			monday := civil.NewDate(2026, 5, 11).AddDays(7 * week)
			rows = append(rows, booking.Row{Child: o.Jeremy, Unit: o.Units[""], Day: monday}, booking.Row{Child: o.Jeremy, Unit: o.Units[""], Day: monday.AddDays(3)},
				booking.Row{Child: o.Jeremy, Unit: r.Units["Matin"], Day: monday.AddDays(2)}, booking.Row{Child: o.Jeremy, Unit: r.Units["Après-midi"], Day: monday.AddDays(2)},
				booking.Row{Child: o.Ines, Unit: o.Units[""], Day: monday.AddDays(4)})
		}
		rows = append(rows, booking.Row{Child: o.Jeremy, Unit: o.Units[""], Day: civil.NewDate(2026, 6, 16)})
		for i := range rows {
			rows[i].Family, rows[i].State = o.First, booking.Booked
		}
		bookingtest.Agenda{}.Book(t, d, rows...)
		p := portal(t, d)
		camille := p.As(as(o.Camille, "Camille Martin"))
		form := camille.Get("/espace/reserver")
		ticked := func(page *testkit.Page) string {
			var all []string
			for _, box := range page.Doc.Find("#semaine-type input[checked], #semaine-type option[selected]").EachIter() {
				if goName := box.AttrOr("name", box.Parent().AttrOr("name", "")); box.AttrOr("value", "") != "" {
					all = append(all, strings.TrimPrefix(goName, "t."))
				}
			}
			return strings.Join(all, " ")
		}
		a := func(id activity.ID) string { // its number in the form
			for i := range 5 {
				if v := form.Doc.Find(`input[name="a`+string(rune('0'+i))+`"]`).AttrOr("value", ""); strings.HasPrefix(v, string(id)) {
					return "a" + string(rune('0'+i))
				}
			}
			return "none"
		}
		canteen, wednesday := a(o.ID), a(r.ID)
		want := map[string]bool{}
		for _, k := range []string{"k0." + canteen + ".1", "k0." + canteen + ".4", "k0." + wednesday + ".3", "k1." + canteen + ".5"} {
			want[k] = true
		}
		got := strings.Fields(ticked(form))
		if len(got) != 4 {
			t.Errorf("proposed %v, want %v", got, want)
		}
		for _, k := range got {
			if !want[k] {
				t.Errorf("%s is proposed", k)
			}
		}
		if label := form.Doc.Find(`#semaine-type option[selected][value!=""]`).Text(); label != "Journée" {
			t.Errorf("the bundle proposed is %q", label)
		}
		copied := form.Submit("#reserver", map[string]string{"action": "recopier.k0.k1"})
		if got := ticked(copied); strings.Contains(got, "k1."+wednesday) || strings.Contains(got, "k1."+canteen+".5") || !strings.Contains(got, "k1."+canteen+".4") || !strings.Contains(got, "k0."+canteen+".1") {
			t.Errorf("copied to Inès: %s", got)
		}
		check := copied.Submit("#reserver", map[string]string{"rythme": "impaires"})
		text := check.Text("main")
		for _, want := range []string{"Jérémy et Inès : le lundi et jeudi, les semaines impaires", "Jérémy : le mercredi (journée), les semaines impaires"} {
			if !strings.Contains(text, want) {
				t.Errorf("the check page lacks %q: %s", want, text)
			}
		}
		check.Submit("#confirmer", nil).Follow()
		if n := count(t, d, `select count(*) from booking where day >= '2027-01-01' and state = 'booked' and child = $1 and unit = $2`, string(o.Jeremy), string(r.Units["Matin"])); n < 12 || n > 13 {
			t.Errorf("%d odd Wednesdays", n)
		}
		if got := p.As(as(o.Bruno, "Bruno Petit")).Get("/espace/reserver"); strings.Contains(got.Body, "Inès") || got.Doc.Find("#semaine-type input[checked]").Length() != 0 {
			t.Errorf("the other home is proposed the first one's week: %s", got.Text("main"))
		}
	})
}

func TestOtherWeeksAreNotProposed(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
	var rows []booking.Row
	for week := range 4 {
		rows = append(rows, booking.Row{Child: o.Jeremy, Unit: o.Units[""], Day: civil.NewDate(2026, 11, 2).AddDays(14 * week), Family: o.First, State: booking.Booked},
			booking.Row{Child: o.Ines, Unit: o.Units[""], Day: civil.NewDate(2026, 11, 2).AddDays(14 * week), Family: o.First, State: booking.Booked})
	}
	bookingtest.Agenda{}.Book(t, d, rows...)
	form := portal(t, d).As(as(o.Camille, "Camille Martin")).Get("/espace/reserver/" + string(o.ID))
	if !form.Has(`[name=rythme][value=impaires][checked]`) || !form.Has(`[name=jour][value="1"][checked]`) || form.Doc.Find(`[name=jour][checked]`).Length() != 1 {
		t.Errorf("a week out of two: %s", form.Text("main"))
	}
}

func TestWhatTheReserveFormRefuses(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
	r := withWednesday(t, d, o)
	p := portal(t, d)
	camille := p.As(as(o.Camille, "Camille Martin"))
	form := camille.Get("/espace/reserver/" + string(o.ID))
	for _, c := range []struct {
		name   string
		values url.Values
		want   string
	}{
		{"no day", url.Values{}, "Choisissez au moins un jour."},
		{"no child", url.Values{"enfant": {""}, "jour": {"1"}}, "Choisissez au moins un enfant."},
		{"no dates", url.Values{"rythme": {"dates"}}, "Écrivez au moins une date"},
		{"odd dates", url.Values{"rythme": {"dates"}, "dates": {"demain"}}, "Écrivez les dates ainsi"},
		{"a day gone by", url.Values{"rythme": {"dates"}, "dates": {"04/01/2027"}}, "est passé"},
		{"too far", url.Values{"jour": {"1"}, "periode": {"dates"}, "du": {"11/01/2027"}, "au": {"11/01/2040"}}, "est trop loin"},
		{"reversed", url.Values{"jour": {"1"}, "periode": {"dates"}, "du": {"11/02/2027"}, "au": {"11/01/2027"}}, "Indiquez un dernier jour après le premier."},
	} {
		page := form.SubmitAll("#reserver", c.values)
		if page.Status != 422 || !strings.Contains(page.Text(".error-summary"), c.want) || !page.Has("#reserver") {
			t.Errorf("%s: %d %s", c.name, page.Status, page.Text("main"))
		}
	}
	dates := form.SubmitAll("#reserver", url.Values{"rythme": {"dates"}, "dates": {"11/01/2027, 25 janvier 2027\n13/01/2027"}})
	if text := dates.Text("main"); !strings.Contains(text, "2 par enfant") {
		t.Errorf("chosen dates: %s", text)
	}
	if page := camille.Get("/espace/reserver/" + string(r.ID)); !strings.Contains(page.Text("main"), "Inès : Pas d’inscription à cette activité") || page.Doc.Find("[name=enfant]").Length() != 1 {
		t.Errorf("a child who is not enrolled: %s", page.Text("main"))
	}
	if page := camille.Get("/espace/reserver/inconnue"); page.Status != 404 {
		t.Errorf("no such activity: %d", page.Status)
	}
	// A form made by hand: somebody else's child, unknown activities, too many days.
	child := form.Doc.Find(`input[name="k0"]`).AttrOr("value", "")
	for name, c := range map[string]struct {
		values url.Values
		want   int
	}{
		"nobody's child": {url.Values{"k0": {"x"}, "forme": {"semaine"}, "a0": {string(o.ID) + " " + string(o.Only())}, "t.k0.a0.1": {"1"}, "rythme": {"toutes"}, "periode": {"2027-01-11_2027-02-11"}}, 404},
		"no activity":    {url.Values{"k0": {child}, "forme": {"semaine"}, "a0": {"x y"}, "t.k0.a0.1": {"1"}, "rythme": {"toutes"}, "periode": {"2027-01-11_2027-02-11"}}, 404},
		"no form":        {url.Values{"k0": {child}, "a0": {"x y"}}, 422},
		"odd place":      {url.Values{"k0": {child}, "forme": {"semaine"}, "a0": {"x y"}, "t.k9.a0.1": {"1"}}, 422},
		"copy to nobody": {url.Values{"k0": {child}, "forme": {"semaine"}, "a0": {"x y"}, "action": {"recopier.k0.k7"}}, 422},
		"a long century": {url.Values{"k0": {child}, "forme": {"semaine"}, "a0": {string(o.ID) + " " + string(o.Only())}, "t.k0.a0.1": {"1"}, "rythme": {"toutes"}, "periode": {"1900-01-01_2028-08-31"}}, 422},
	} {
		for _, path := range []string{"/espace/reserver/verifier", "/espace/reserver/confirmer"} {
			values := url.Values{"cle": {db.NewID()}, "montre": {"bbbb"}}
			for k, v := range c.values {
				values[k] = v
			}
			if page := camille.Post(path, values); page.Status != c.want && (page.Status != 422 || strings.HasSuffix(path, "verifier")) {
				t.Errorf("%s to %s: %d, want %d", name, path, page.Status, c.want)
			}
		}
	}
	bruno := p.As(as(o.Bruno, "Bruno Petit"))
	if page := bruno.Post("/espace/reserver/verifier", url.Values{"k0": {string(o.Ines)}, "forme": {"activite"}, "enfant": {"k0"}, "a0": {string(o.ID) + " " + string(o.Only())}, "formule": {"1"},
		"jour": {"1"}, "rythme": {"toutes"}, "periode": {"2027-01-11_2027-02-11"}}); page.Status != 404 {
		t.Errorf("the sister of the other home: %d", page.Status)
	}
	if n := count(t, d, `select count(*) from booking`); n != 0 {
		t.Errorf("%d bookings", n)
	}
}
