package reminder_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// winter is two weeks of holidays, opened on Saturday 16 January at 9:00 and booked until Monday 25 at 23:59.
func winter() activitytest.Plan {
	return activitytest.Plan{Name: "Accueil de loisirs", Days: civil.Range{From: civil.NewDate(2027, 2, 8), To: civil.NewDate(2027, 2, 19)},
		Units: []activity.Unit{{Weekdays: activitytest.SchoolWeek, From: 540, To: 1020, Alone: true}},
		Policy: activity.Policy{After: activity.After{Kind: activity.AfterRefuse}, Rules: []activity.Rule{
			{Action: activity.OpenFrom, Anchor: activity.AnchorPeriod, Offset: 23, Measure: activity.Days, Minute: 540},
			{Action: activity.Book, Anchor: activity.AnchorPeriod, Offset: 14, Measure: activity.Days, Minute: 1439}}}}
}

// onHolidays makes the activity one of holidays, once its places are made.
func onHolidays(h *house) {
	h.exec(`update activity set term = 'holidays' where id = $1`, string(h.ID))
	h.exec(`insert into school_holiday (id, name, zone, from_day, to_day) values ($1, 'Vacances d’hiver', 'C', '2027-02-06', '2027-02-21')`, db.NewID())
	h.Catalogue.Invalidate()
}

// TestHolidaysAwaitAnAnswer: a booking of the home, or « Pas besoin », is one; a habit is not needed.
func TestHolidaysAwaitAnAnswer(t *testing.T) {
	even, odd := civil.NewDate(2027, 2, 8), civil.NewDate(2027, 2, 15) // weeks 6 and 7
	cases := map[string]struct {
		before func(h *house)
		at     string
		want   map[string]string // who → whose answer is awaited
	}{
		"nothing said": {want: map[string]string{"Camille": "Jérémy et Inès", "Thomas": "Jérémy et Inès", "Bruno": "Jérémy"}},
		"not yet":      {at: "2027-01-24 17:00", want: map[string]string{}},
		"over":         {at: "2027-01-26 00:00", want: map[string]string{}},
		"no need of Inès": {before: func(h *house) { h.noNeed(h.accounts[h.Camille], string(h.Ines)) },
			want: map[string]string{"Camille": "Jérémy", "Thomas": "Jérémy", "Bruno": "Jérémy"}},
		"a day of each": {before: func(h *house) {
			h.book(h.Ines, h.First, booking.Booked, odd)
			h.book(h.Jeremy, h.First, booking.Booked, even)
			h.book(h.Jeremy, h.Second, booking.Asked, odd)
		}, want: map[string]string{}},
		"the other home's answer is its own": {before: func(h *house) { h.book(h.Jeremy, h.Second, booking.Booked, odd) },
			want: map[string]string{"Camille": "Jérémy et Inès", "Thomas": "Jérémy et Inès"}},
		"whose days, nobody says: one home's answer does": {before: func(h *house) {
			h.exec(`update custody set from_day = '2028-01-01'`)
			h.book(h.Jeremy, h.Second, booking.Booked, odd)
		}, want: map[string]string{"Camille": "Inès", "Thomas": "Inès"}},
		"all days in the other home": {before: func(h *house) { h.exec(`update slot set state = 'closed' where day >= '2027-02-15'`) },
			want: map[string]string{"Camille": "Jérémy et Inès", "Thomas": "Jérémy et Inès"}},
	}
	each(t, winter(), func(t *testing.T, h *house) {
		onHolidays(h)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.reset()
				h.exec(`update custody set from_day = '2027-01-04'`)
				h.at("2027-01-20 10:00")
				if c.before != nil {
					c.before(h)
				}
				if c.at == "" {
					c.at = "2027-01-24 18:00"
				}
				h.at(c.at).sweep()
				h.sweep()
				got := map[string]string{}
				for _, l := range h.letters() {
					who, line := strings.Fields(l.ToName)[0], strings.Join(l.Paragraphs[1:], " ")
					if _, twice := got[who]; twice {
						t.Errorf("two mails to %s", who)
					}
					got[who], _, _ = strings.Cut(line, ",")
					if !strings.Contains(line, "Accueil de loisirs, Essai\u00a0: jusqu’au lundi 25 janvier 2027 à 23\u202fh\u202f59") {
						t.Errorf("said: %s", line)
					}
				}
				if len(got) != len(c.want) {
					t.Fatalf("got %v, want %v", got, c.want)
				}
				for who, names := range c.want {
					if got[who] != names {
						t.Errorf("%s is told of %q, want %q", who, got[who], names)
					}
				}
			})
		}
	})
}

func (h *house) noNeed(a actor.Actor, child string) {
	h.t.Helper()
	h.exec(`insert into period_answer (child, period, activity, answered_at, by_person) values ($1, $2, $3, 1, $4)`, child, string(h.Period), string(h.ID), a.Person)
}

// portal serves the pages beside Réserver.
func (h *house) portal(t *testing.T) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, h.d, h.now)
	clock := func() time.Time { return h.now }
	reminder.Pages{DB: h.d, Now: clock, Key: h.key, Catalogue: h.Catalogue}.Citizen(p.Router)
	booking.Pages{DB: h.d, Now: clock, Settings: &town.Cache{DB: h.d}, Catalogue: h.Catalogue, Openings: reminder.Soon}.Citizen(p.Router)
	return p
}

// TestToldOfAnOpening: asked on Réserver, announced the evening before, once, to who still wants it.
func TestToldOfAnOpening(t *testing.T) {
	each(t, winter(), func(t *testing.T, h *house) {
		onHolidays(h)
		p := h.portal(t)
		camille, path := p.As(h.accounts[h.Camille]), "/espace/reserver/"+string(h.ID)
		page := camille.Get(path)
		if text := page.Text("main"); !strings.Contains(text, "Ouverture prévue samedi 16 janvier à 9 h") || !strings.Contains(text, "Me prévenir : Essai") {
			t.Fatalf("%d %s", page.Status, text)
		}
		for range 2 { // pressed twice
			if text := page.Submit("form.prevenir", nil).Follow().Text("main"); !strings.Contains(text, "Vous serez prévenu par courriel le vendredi 15 janvier, à partir de 18 h.") {
				t.Fatalf("after: %s", text)
			}
		}
		if text := camille.Get("/espace/reserver").Text("main"); !strings.Contains(text, "Accueil de loisirs, Essai") {
			t.Errorf("on the page of all activities: %s", text)
		}
		if text := camille.Get(reminder.Path).Text("main"); !strings.Contains(text, "vendredi 15 janvier") {
			t.Errorf("on the page of reminders: %s", text)
		}
		bruno := p.As(h.accounts[h.Bruno])
		bruno.Get(path).Submit("form.prevenir", nil)
		bruno.Get(reminder.Path).Submit("form.ne-plus-prevenir", nil)
		thomas := p.As(h.accounts[h.Thomas])
		thomas.Get(path).Submit("form.prevenir", nil)
		h.at("2027-01-15 17:00").sweep()
		if all := h.letters(); len(all) != 0 {
			t.Errorf("before the evening: %+v", all)
		}
		h.at("2027-01-15 18:00").sweep()
		h.at("2027-01-16 08:00").sweep()
		all := h.letters()
		if len(all) != 2 || all[0].Subject != "Ouverture des réservations\u00a0: samedi 16 janvier 2027 à 9\u202fh" || !strings.Contains(all[0].Paragraphs[0], "pour Jérémy et Inès") || all[0].Dropped {
			t.Fatalf("the evening before: %+v", all)
		}
		if text := camille.Get(path).Text("main"); !strings.Contains(text, "Un courriel vous a annoncé cette ouverture") {
			t.Errorf("then: %s", text)
		}
		thomas.Get(path).Submit("form.ne-plus-prevenir", nil)
		if all := h.letters(); all[0].Dropped == all[1].Dropped {
			t.Errorf("taken back while the mail waits: %+v", all)
		}
		h.at("2027-01-16 09:00").sweep()
		if all := h.letters(); len(all) != 2 {
			t.Errorf("at the opening, those told are told again: %+v", all)
		}
		if text := camille.Get(path).Text("main"); strings.Contains(text, "Bientôt ouvert") {
			t.Errorf("once open: %s", text)
		}
		if n := h.count(`select count(*) from opening_watch where over_at is null`); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestAnOpeningWithoutADate is told once it is there, and one promised that does not come is forgotten.
func TestAnOpeningWithoutADate(t *testing.T) {
	plan := winter()
	plan.Policy.Rules = plan.Policy.Rules[1:]
	each(t, plan, func(t *testing.T, h *house) {
		onHolidays(h)
		h.exec(`update period set state = 'draft' where id = $1`, string(h.Period))
		h.Catalogue.Invalidate()
		camille := h.portal(t).As(h.accounts[h.Camille])
		page := camille.Get("/espace/reserver/" + string(h.ID))
		if text := page.Submit("form.prevenir", nil).Follow().Text("main"); !strings.Contains(text, "dans l’heure qui suit l’ouverture") {
			t.Fatal(text)
		}
		h.at("2027-01-12 10:00").sweep()
		if all := h.letters(); len(all) != 0 {
			t.Errorf("not open: %+v", all)
		}
		h.exec(`update period set state = 'open' where id = $1`, string(h.Period))
		h.at("2027-01-12 11:00").sweep()
		h.at("2027-01-12 12:00").sweep()
		if all := h.letters(); len(all) != 1 || all[0].Subject != "Réservations ouvertes\u00a0: Essai" || all[0].Dropped {
			t.Errorf("open: %+v", all)
		}
	})
}

// TestOnlyOnesOwnPeriods: nobody waits for a period that no child of theirs is enrolled in, nor without an address.
func TestOnlyOnesOwnPeriods(t *testing.T) {
	each(t, winter(), func(t *testing.T, h *house) {
		onHolidays(h)
		watch := func(who person.ID, period activity.PeriodID) error {
			cat, err := h.Catalogue.Get(context.Background(), h.now)
			if err != nil {
				t.Fatal(err)
			}
			return db.Do(context.Background(), h.d, func(tx *db.Tx) error { return reminder.Watch(tx, h.now, h.accounts[who], cat, period) })
		}
		if err := watch(h.Camille, "essai"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown period: %v", err)
		}
		h.exec(`update enrolment set state = 'ended' where child = $1`, string(h.Jeremy))
		if err := watch(h.Bruno, h.Period); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no child enrolled: %v", err)
		}
		h.exec(`update account set email_confirmed_at = null where person = $1`, string(h.Camille))
		if err := watch(h.Camille, h.Period); fault.KindOf(err) != fault.Refused {
			t.Errorf("no address: %v", err)
		}
		if text := h.portal(t).As(h.accounts[h.Camille]).Get("/espace/reserver/" + string(h.ID)).Text("main"); strings.Contains(text, "Me prévenir") || !strings.Contains(text, "Aucun courriel ne peut vous parvenir") {
			t.Errorf("the page promises a mail: %s", text)
		}
		h.at("2027-01-16 09:00")
		if err := watch(h.Thomas, h.Period); fault.KindOf(err) != fault.Conflict {
			t.Errorf("open already: %v", err)
		}
	})
}

// TestStoppingInOneGesture: the link of a mail, with a button or by the mail program, for that account alone.
func TestStoppingInOneGesture(t *testing.T) {
	monday := civil.NewDate(2027, 1, 18)
	each(t, canteen(), func(t *testing.T, h *house) {
		h.habit(monday, 6)
		h.at("2027-01-13 18:00").sweep()
		p := h.portal(t)
		anybody := p.As(actor.Actor{})
		stop := map[string]string{}
		for _, l := range h.letters() {
			stop[strings.Fields(l.ToName)[0]] = strings.TrimPrefix(l.Stop, "https://portail.test")
		}
		if page := anybody.Get(stop["Camille"]); page.Status != 200 || h.count(`select count(*) from reminder_setting`) != 0 || strings.Contains(page.Body, "Martin") {
			t.Fatalf("opening the link does nothing and names nobody: %d %s", page.Status, page.Text("main"))
		}
		if text := anybody.Get(stop["Camille"]).Submit("#arreter", nil).Follow().Text("main"); !strings.Contains(text, "Vous ne recevez plus de rappels") {
			t.Errorf("stopped: %s", text)
		}
		if page := anybody.Post(stop["Thomas"], url.Values{"List-Unsubscribe": {"One-Click"}}); page.Status != 204 {
			t.Errorf("by the mail program: %d", page.Status)
		}
		if n := h.count(`select count(*) from reminder_setting where ahead = 'none'`); n != 2 {
			t.Errorf("%d stopped", n)
		}
		forged := stop["Camille"][:len(stop["Camille"])-1] + "x"
		for _, path := range []string{forged, reminder.StopPath + h.accounts[h.Bruno].Account, reminder.StopPath + h.accounts[h.Bruno].Account + ".", reminder.StopPath + "x"} {
			if page := anybody.Post(path, url.Values{"List-Unsubscribe": {"One-Click"}}); page.Status != 404 {
				t.Errorf("%s: %d", path, page.Status)
			}
		}
		camille := p.As(h.accounts[h.Camille])
		page := camille.Get(reminder.Path).Submit("#rappel", map[string]string{"rappel": "two"}).Follow()
		if v, _ := page.Doc.Find(`[name=rappel][checked]`).Attr("value"); v != "two" {
			t.Errorf("chosen again: %q", v)
		}
		if wrong := camille.Post(reminder.Path, url.Values{"cle": {db.NewID()}, "rappel": {"toujours"}}); wrong.Status != 422 {
			t.Errorf("another choice: %d", wrong.Status)
		}
		for action, want := range map[string]int64{"reminder.set": 1, "reminder.stopped": 2} {
			if n := h.count(`select count(*) from audit_event where action = $1`, action); n != want {
				t.Errorf("%d lines %s, want %d", n, action, want)
			}
		}
	})
}
