package booking_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
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
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"

	"pgregory.net/rapid"
)

func mondays(r booking.Rhythm, from, to civil.Date) []string {
	week := booking.Typical{"c"}
	all, err := booking.Recipe{Parts: []booking.Part{{Child: "k", Activity: "a", Week: week, Rhythm: r, Days: civil.Range{From: from, To: to}}}}.Wishes(context.Background())
	if err != nil {
		return []string{err.Error()}
	}
	var days []string
	for _, w := range all {
		days = append(days, w.Day.String())
	}
	return days
}

func TestRhythmsAcrossTheNewYear(t *testing.T) {
	from, to := civil.NewDate(2026, 12, 14), civil.NewDate(2027, 1, 24)
	for rhythm, want := range map[booking.Rhythm]string{
		booking.EveryWeek: "2026-12-14 2026-12-21 2026-12-28 2027-01-04 2027-01-11 2027-01-18",
		booking.EvenWeeks: "2026-12-21 2027-01-11",                       // weeks 52 and 2
		booking.OddWeeks:  "2026-12-14 2026-12-28 2027-01-04 2027-01-18", // weeks 51, 53, 1, 3
		"dates":           "",
	} {
		if got := strings.Join(mondays(rhythm, from, to), " "); got != want {
			t.Errorf("%s: %s, want %s", rhythm, got, want)
		}
	}
	if got := strings.Join(mondays(booking.EvenWeeks, civil.NewDate(2027, 12, 20), civil.NewDate(2028, 1, 20)), " "); got != "2027-12-27 2028-01-10" {
		t.Errorf("a year of 52 weeks: %s", got)
	}
	if got := mondays(booking.EveryWeek, from, from.AddDays(2000)); len(got) != 1 || !strings.Contains(got[0], "trop de jours") {
		t.Errorf("a run of six years: %v", got)
	}
}

func proposed(t testing.TB, w *world, now time.Time, a actor.Actor, wishes []booking.Wish) ([]booking.Decision, string, error) {
	t.Helper()
	type both struct {
		lines []booking.Decision
		shown string
	}
	p := booking.Pages{DB: w.d, Now: func() time.Time { return now }, Catalogue: &activity.Cache{DB: w.d}}
	got, err := db.Read(context.Background(), w.d, func(r db.Reader) (both, error) {
		lines, shown, err := p.Proposed(r, a, wishes)
		return both{lines, shown}, err
	})
	return got.lines, got.shown, err
}

// typicalWishes asks of all children an activity each over both weeks.
func (w *world) typicalWishes(t testing.TB, rt *rapid.T, children []family.ChildID) []booking.Wish {
	t.Helper()
	var r booking.Recipe
	rhythm := rapid.SampledFrom([]booking.Rhythm{booking.EveryWeek, booking.EvenWeeks, booking.OddWeeks}).Draw(rt, "rhythm")
	for _, c := range children {
		for _, name := range []string{"Mercredi", "Garderie", "Étude", "Goûter", "Stage"} {
			a, _ := w.cat.Activity(w.byName[name].ID)
			var week booking.Typical
			for d := range 5 {
				if rapid.IntRange(0, 2).Draw(rt, "tick") == 0 {
					week[d] = rapid.SampledFrom(a.Choices).Draw(rt, "choice").ID
				}
			}
			r.Parts = append(r.Parts, booking.Part{Child: c, Activity: a.ID, Week: week, Rhythm: rhythm, Days: w.days})
		}
	}
	all, err := r.Wishes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReserveThenUndoIsNothing draws typical weeks of two children over activities that need, exclude and bundle each
// other, with few places: what is confirmed is what the page showed, and its undo, in time, leaves nothing.
func TestReserveThenUndoIsNothing(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			d := quickly(t, engine)
			w := newWorld(t, d)
			camille := as(w.Camille, "Camille Martin")
			now := time.Date(2027, 1, 6, 9, 0, 0, 0, w.zone)
			same := strings.NewReplacer("la dernière place vient d’être prise", "", "toutes les places sont prises", "")
			booked := 0
			rapid.Check(t, func(rt *rapid.T) {
				wishes := w.typicalWishes(t, rt, []family.ChildID{w.Jeremy, w.Ines})
				lines, shown, err := proposed(t, w, now, camille, wishes)
				if err != nil {
					rt.Fatal(err)
				}
				out, err := db.Write(context.Background(), d, func(tx *db.Tx) (booking.Outcome, error) {
					return booking.ConfirmShown(tx, now, camille, w.cat, wishes, shown)
				})
				if err != nil {
					rt.Fatal(err)
				}
				if done := len(strings.ReplaceAll(shown, "-", "")); out.Done() != done {
					rt.Fatalf("%d done, %d shown", out.Done(), done)
				}
				asked, err := w.apply(now, camille, booking.Order{Wishes: wishes}) // the whole recipe again: what is left out has the reason shown
				if err != nil {
					rt.Fatal(err)
				}
				why := map[booking.Cell]string{}
				for _, l := range lines {
					if l.Did == booking.DidNone {
						why[l.Cell] = same.Replace(l.Why)
					}
				}
				for _, l := range asked.Lines {
					shownWhy, excluded := why[l.Cell]
					if got := same.Replace(l.Why); excluded && l.Did == booking.DidNone && got != shownWhy && !strings.Contains(got+shownWhy, "semaine entière") {
						rt.Fatalf("%s %v: the page says %q, Apply %q", l.Child, l.Day, shownWhy, got)
					}
				}
				for _, o := range []booking.Outcome{asked, out} {
					if o.Reference == "" {
						continue
					}
					booked += o.Done()
					w.undo(t, rt, now, camille, o.Reference)
				}
				if n := count(t, d, `select count(*) from booking where state not in ('cancelled', 'refused')`); n != 0 {
					rt.Fatalf("%d bookings are left", n)
				}
				if n := tallyNow(t, d); n != 0 {
					rt.Fatalf("%d places are held", n)
				}
			})
			if booked == 0 {
				t.Error("nothing was ever booked")
			}
		})
	}
}

func (w *world) undo(t testing.TB, rt *rapid.T, now time.Time, a actor.Actor, reference string) {
	t.Helper()
	c, err := db.Read(context.Background(), w.d, func(r db.Reader) (booking.Confirmation, error) {
		return booking.ReadConfirmation(r, now, a, w.cat, reference)
	})
	if err != nil {
		rt.Fatal(err)
	}
	if _, err := w.apply(now, a, booking.Order{Wishes: c.Inverse()}); err != nil {
		rt.Fatal(err)
	}
}

func TestWhatIsConfirmedIsWhatWasShown(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		camille, bruno := as(w.Camille, "Camille Martin"), as(w.Bruno, "Bruno Petit")
		tuesday := civil.NewDate(2027, 1, 12)
		now := time.Date(2027, 1, 11, 8, 0, 0, 0, w.zone) // an hour before the evening care's limit, four before the study's
		recipe := booking.Recipe{Parts: []booking.Part{
			{Child: w.Jeremy, Activity: w.byName["Garderie"].ID, Week: booking.Typical{1: w.only("Garderie"), 2: w.only("Garderie")}, Rhythm: booking.EveryWeek, Days: civil.Range{From: tuesday, To: tuesday.AddDays(1)}}}}
		wishes, _ := recipe.Wishes(context.Background())
		_, shown, err := proposed(t, w, now, camille, wishes)
		if err != nil || shown != "bb" {
			t.Fatalf("shown %q, %v", shown, err)
		}
		confirm := func(at time.Time, a actor.Actor, wishes []booking.Wish, shown string) (booking.Outcome, error) {
			return db.Write(context.Background(), d, func(tx *db.Tx) (booking.Outcome, error) {
				return booking.ConfirmShown(tx, at, a, w.cat, wishes, shown)
			})
		}
		if _, err := confirm(now.Add(2*time.Hour), camille, wishes, shown); !errors.Is(err, booking.ErrDearer) {
			t.Errorf("a day became a request since: %v, want to be shown again", err)
		}
		for _, bad := range []string{"", "b", "bbb", "b?", "b\x00"} {
			if _, err := confirm(now, camille, wishes, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("signs %q: %v, want invalid", bad, err)
			}
		}
		if out, err := confirm(now, camille, wishes, "-b"); err != nil || len(out.Lines) != 1 || out.Lines[0].Day != tuesday.AddDays(1) {
			t.Errorf("a day that was not shown is booked: %+v, %v", out.Lines, err)
		}
		if out, err := confirm(now, camille, wishes, shown); err != nil || out.Done() != 1 || out.Lines[1].Why == "" {
			t.Errorf("the day left: %+v, %v", out.Lines, err)
		}
		foreign := slices.Clone(wishes)
		for i := range foreign {
			foreign[i].Child = w.Ines
		}
		if _, err := confirm(now, bruno, foreign, shown); fault.KindOf(err) != fault.NotFound {
			t.Errorf("somebody else's child: %v, want not found", err)
		}
		if _, _, err := proposed(t, w, now, bruno, foreign); fault.KindOf(err) != fault.NotFound {
			t.Errorf("preview of somebody else's child: %v, want not found", err)
		}
	})
}

func TestAnUndoLeavesWhatItMayNot(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
		portalAt := func(now time.Time) *testkit.Portal {
			p := testkit.NewPortal(t, d, now)
			of := pages(d)
			of.Now = func() time.Time { return now }
			of.Citizen(p.Router)
			return p
		}
		camille := portalAt(persontest.Now()).As(as(o.Camille, "Camille Martin"))
		done := camille.Get("/espace/reserver/"+string(o.ID)).SubmitAll("#reserver", url.Values{"enfant": {"k0"}, "jour": {"1", "5"}, "periode": {"dates"}, "du": {"07/01/2027"}, "au": {"20/01/2027"}}).
			Submit("#confirmer", nil).Follow()
		if n := count(t, d, `select count(*) from booking`); n != 4 {
			t.Fatalf("%d booked: %s", n, done.Text("main"))
		}
		path, _, _ := strings.Cut(done.Path, "?")
		alter(t, d, `update booking set state = 'cancelled' where day = '2027-01-15'`)
		for name, a := range map[string]actor.Actor{"the other home": as(o.Bruno, "Bruno"), "a contact": as(o.Contact, "Marie")} {
			c := portalAt(persontest.Now()).As(a)
			if got := c.Get(path + "/annuler"); got.Status != 404 {
				t.Errorf("%s reads the undo: %d", name, got.Status)
			}
			if got := c.Post(path+"/annuler", url.Values{"cle": {db.NewID()}, "montre": {"bbbb"}}); got.Status != 404 {
				t.Errorf("%s undoes: %d", name, got.Status)
			}
		}
		later := time.Date(2027, 1, 10, 12, 0, 0, 0, persontest.Now().Location()) // Friday 8 is over, Monday 11's limit passed
		c := portalAt(later).As(as(o.Camille, "Camille Martin"))
		check := c.Get(path + "/annuler")
		text := check.Text("main")
		for _, want := range []string{"1 jour", "À annuler", "Trop tard pour annuler", "Déjà annulé", "Annuler 1 jour"} {
			if !strings.Contains(text, want) {
				t.Errorf("the undo lacks %q: %s", want, text)
			}
		}
		check.Submit("#confirmer", nil).Follow()
		if n := count(t, d, `select count(*) from booking where state = 'booked'`); n != 2 {
			t.Errorf("%d left, want 2", n)
		}
		if again := c.Get(path); strings.Contains(again.Body, "/annuler\"") {
			t.Errorf("nothing may be given up any more, and the page offers it: %s", again.Text("main"))
		}
	})
}

func TestRunsOfDaysAreToldTogether(t *testing.T) {
	var days []civil.Date
	for _, d := range (civil.Range{From: civil.NewDate(2026, 12, 14), To: civil.NewDate(2027, 1, 8)}).Days() {
		if activitytest.SchoolWeek.Has(d.Weekday()) && d != civil.NewDate(2026, 12, 25) {
			days = append(days, d)
		}
	}
	slices.Reverse(days)
	got := strings.Join(booking.Ranges(append(days, days[0]), 0), "; ")
	if want := "du lundi 14 décembre au jeudi 24 décembre 2026 (7\u00a0jours); du lundi 28 décembre au vendredi 8 janvier 2027 (8\u00a0jours)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	two := []civil.Date{civil.NewDate(2027, 1, 4), civil.NewDate(2027, 1, 5)}
	if got := strings.Join(booking.Ranges(two, 0), "; "); got != "lundi 4 janvier 2027; mardi 5 janvier 2027" {
		t.Errorf("two days: %s", got)
	}
}
