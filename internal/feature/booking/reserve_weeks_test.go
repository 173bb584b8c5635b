package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/revert"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// winter is two weeks of holidays in February, with an activity that goes by days.
func winter(t *testing.T, d *db.DB, change func(*activitytest.Plan)) bookingtest.Open {
	t.Helper()
	days := civil.Range{From: civil.NewDate(2027, 2, 8), To: civil.NewDate(2027, 2, 19)}
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, err := town.AddSchoolHoliday(tx, persontest.Now(), actor.Job("test"), town.SchoolHoliday{Name: "Vacances d’hiver", Zone: "C", Days: days})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	two := 2
	p := activitytest.Plan{Name: "Vacances", Days: days, Term: activity.InHolidays, Capacity: &two,
		Units:  []activity.Unit{{Weekdays: workdays(), From: 540, To: 1020, Alone: true}},
		Policy: policyOf(activity.AfterRefuse, activity.Rule{Action: activity.Book, Anchor: activity.AnchorPeriod, Offset: 14, Measure: activity.Days, Minute: 1439})}
	if change != nil {
		change(&p)
	}
	return bookingtest.NewOpen(t, d, p)
}

func todos(t *testing.T, d *db.DB, a actor.Actor) []web.Todo {
	t.Helper()
	got, err := db.Read(db.Remember(context.Background()), d, func(r db.Reader) ([]web.Todo, error) { return pages(d).AnswerTodos(r, persontest.Now(), a) })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHolidaysAreBookedWeekByWeek(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := winter(t, d, nil)
		a := as(o.Camille, "Camille Martin")
		if got := todos(t, d, a); len(got) != 1 || got[0].When != civil.NewDate(2027, 1, 25) || !strings.Contains(got[0].Detail, "Jérémy et Inès") {
			t.Errorf("to do: %+v", got)
		}
		camille := portal(t, d).As(a)
		form := camille.Get("/espace/reserver/" + string(o.ID))
		text := form.Text("main")
		for _, want := range []string{"Semaine du 8 février 2027", "Semaine du 15 février 2027", "5 jours, du lundi 8 février au vendredi 12 février", "2 places",
			"Réponse jusqu’au lundi 25 janvier à 23 h 59", "Jérémy, toute la semaine", "Choisir des jours", "Pas besoin"} {
			if !strings.Contains(text, want) {
				t.Errorf("the weeks lack %q: %s", want, text)
			}
		}
		week := form.Doc.Find(`input[name^="s.k0."]`).First().AttrOr("name", "")
		day := form.Doc.Find(`input[name^="j.k1."]`).Last().AttrOr("name", "")
		check := form.Submit("#reserver", map[string]string{week: "1", day: "1"})
		if text := check.Text("main"); !strings.Contains(text, "Jérémy : du lundi 8 février") || !strings.Contains(text, "Inès : vendredi 19 février") || !strings.Contains(text, "6 jours d’enfant") {
			t.Errorf("check: %s", text)
		}
		back := check.Submit(`form[action$="/verifier"]`, nil)
		if n := back.Doc.Find(`#reserver input[checked]`).Length(); n != 2 {
			t.Errorf("« Modifier » keeps %d ticks, want 2: %s", n, back.Text("main"))
		}
		done := check.Submit("#confirmer", nil).Follow()
		if n := count(t, d, `select count(*) from booking where state = 'booked'`); n != 6 {
			t.Errorf("%d booked, want 6: %s", n, done.Text("main"))
		}
		if got := todos(t, d, a); len(got) != 0 {
			t.Errorf("still to do: %+v", got)
		}
		again := camille.Get("/espace/reserver/" + string(o.ID)).Text("main")
		if !strings.Contains(again, "Réservé") || !strings.Contains(again, "des jours sont réservés") {
			t.Errorf("what is booked is not told: %s", again)
		}
	})
}

func TestNoNeedIsAnAnswer(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := winter(t, d, nil)
		a := as(o.Camille, "Camille Martin")
		portal := portal(t, d)
		camille := portal.As(a)
		path := "/espace/reserver/" + string(o.ID)
		said := camille.Get(path).Submit("form.pas-besoin", nil).Follow()
		if text := said.Text("main"); !strings.Contains(text, "Jérémy : pas besoin, répondu le 06/01/2027") || said.Has("form.pas-besoin") || !said.Has("#reserver") {
			t.Errorf("after « Pas besoin »: %s", text)
		}
		if got := todos(t, d, a); len(got) != 0 {
			t.Errorf("still to do: %+v", got)
		}
		x, err := db.Read(context.Background(), d, func(r db.Reader) (map[activity.PeriodID]booking.Answered, error) {
			return booking.AnsweredPeriods(r, o.ID)
		})
		if err != nil || x[o.Period] != (booking.Answered{NoNeed: 2}) {
			t.Errorf("agents read %+v, %v", x, err)
		}
		cat, _ := o.Catalogue.Get(context.Background(), persontest.Now())
		answer := func(who actor.Actor, child family.ChildID, period activity.PeriodID) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				return booking.AnswerNoNeed(tx, persontest.Now(), who, cat, child, o.ID, period)
			})
		}
		if err := answer(a, o.Jeremy, o.Period); err != nil {
			t.Errorf("twice: %v", err)
		}
		for name, err := range map[string]error{"somebody else's child": answer(as(o.Bruno, "Bruno"), o.Ines, o.Period), "no child": answer(a, "x", o.Period),
			"no period": answer(a, o.Ines, "x"), "a contact": answer(as(o.Contact, "Marie"), o.Ines, o.Period)} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v, want not found", name, err)
			}
		}
		alter(t, d, `delete from home_answer`)
		alter(t, d, `update period set state = 'draft'`)
		o.Catalogue.Invalidate()
		cat, _ = o.Catalogue.Get(context.Background(), persontest.Now())
		if err := answer(a, o.Jeremy, o.Period); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a period that is not open: %v, want not found", err)
		}
		if n := count(t, d, `select count(*) from audit_event where action = 'booking.period.declined'`); n != 2 {
			t.Errorf("%d audit lines, want 2", n)
		}
	})
}

func TestWholeWeeksHaveNoDays(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := winter(t, d, nil)
	alter(t, d, `update activity set whole_weeks = true where id = $1`, string(o.ID))
	alter(t, d, `update slot set taken = 2 where day = '2027-02-10'`)
	camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
	form := camille.Get("/espace/reserver/" + string(o.ID))
	if form.Has(`input[name^="j."]`) || !form.Has(`input[name$="2027-02-15"]`) || form.Has(`input[name$="2027-02-08"]`) {
		t.Errorf("whole weeks: %s", form.Text("main"))
	}
	if text := form.Text("main"); !strings.Contains(text, "Complet pour 1 jour") || !strings.Contains(text, "semaine entière") {
		t.Errorf("the full week is not explained: %s", text)
	}
	late := time.Date(2027, 2, 1, 9, 0, 0, 0, persontest.Now().Location())
	p := testkit.NewPortal(t, d, late)
	of := pages(d)
	of.Now = func() time.Time { return late }
	of.Citizen(p.Router)
	text := p.As(as(o.Camille, "Camille Martin")).Get("/espace/reserver/" + string(o.ID)).Text("main")
	if !strings.Contains(text, "Trop tard pour réserver depuis le lundi 25 janvier à 23 h 59") {
		t.Errorf("past the deadline: %s", text)
	}
}

// TestALongOrderIsToldInShort: a year is one mail of a few lines, each a child and an activity.
func TestALongOrderIsToldInShort(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
	camille := portal(t, d).As(as(o.Camille, "Camille Martin"))
	done := camille.Get("/espace/reserver/"+string(o.ID)).Submit("#reserver", map[string]string{"action": "tous"}).Submit("#reserver", nil).Submit("#confirmer", nil).Follow()
	path, _, _ := strings.Cut(done.Path, "?")
	template := booking.Mails(booking.MailDeps{Now: persontest.Now, URL: func(p string) string { return "https://p" + p }, Catalogue: o.Catalogue})[0]
	body, err := db.Read(context.Background(), d, func(r db.Reader) (mail.Body, error) {
		return template.Render(context.Background(), r, map[string]string{"reference": strings.TrimPrefix(path, "/espace/reservations/"), "person": string(o.Camille), "family": string(o.First)})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "Jérémy, Restauration scolaire\u00a0: 98\u00a0jours (réservé), du vendredi 8 janvier 2027 au vendredi 2 juillet 2027."
	if len(body.Paragraphs) != 3 || body.Paragraphs[1] != want && body.Paragraphs[2] != want {
		t.Errorf("%d lines: %q", len(body.Paragraphs), body.Paragraphs)
	}
}

// TestMergedAnswers: a child that is another brings its answers about holidays; an undo gives them back.
func TestMergedAnswers(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := winter(t, d, nil)
		for child, period := range map[family.ChildID][]string{o.Jeremy: {"p1"}, o.Ines: {"p1", "p2"}} {
			for _, p := range period {
				alter(t, d, `insert into period_answer (child, period, activity, answered_at) values ($1, $2, $3, 1)`, string(child), p, string(o.ID))
			}
		}
		of := func(child family.ChildID) int {
			return count(t, d, `select count(*) from period_answer where child = $1`, string(child))
		}
		var kept []revert.Change
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			l := revert.New(tx)
			_, err := booking.MergePart().Move(l, persontest.Now(), person.Union{Of: person.OneHuman, Keep: string(o.Jeremy), Gone: string(o.Ines)})
			kept = l.Changes()
			return err
		})
		if err != nil || of(o.Jeremy) != 2 || of(o.Ines) != 0 {
			t.Fatalf("merged: %v, %d and %d answers", err, of(o.Jeremy), of(o.Ines))
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := revert.Back(tx, kept); return err })
		if err != nil || of(o.Jeremy) != 1 || of(o.Ines) != 2 {
			t.Errorf("undone: %v, %d and %d answers", err, of(o.Jeremy), of(o.Ines))
		}
	})
}
