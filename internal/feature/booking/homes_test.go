package booking_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// share enters, at the counter, that even weeks are Camille’s and odd ones Bruno’s.
func (w *world) share(t testing.TB) custody.ID {
	t.Helper()
	id, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (custody.ID, error) {
		return custody.Enter(tx, persontest.Now(), familytest.Agent(family.FileWrite), w.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
			Home: w.First, Other: w.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// hand gives a day of one home to the other.
func (w *world) hand(t testing.TB, from, to person.ID, day civil.Date) {
	t.Helper()
	if err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		id, err := custody.OfferDay(tx, persontest.Now(), as(from, ""), w.Jeremy, day)
		if err != nil {
			return err
		}
		_, err = custody.AnswerDay(tx, persontest.Now(), as(to, ""), id, true)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestEachHomeBooksItsOwnDays: whatever the day and the home, what the page offers, what it says and what the verb does
// are one.
func TestEachHomeBooksItsOwnDays(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.share(t)
		given, before := civil.NewDate(2027, 1, 13), civil.NewDate(2027, 1, 12)
		w.hand(t, w.Camille, w.Bruno, given)
		p := portal(t, d)
		for _, who := range []struct {
			name string
			id   person.ID
			even bool
		}{{"Camille", w.Camille, true}, {"Bruno", w.Bruno, false}} {
			c := p.As(as(who.id, who.name))
			for _, monday := range []civil.Date{civil.NewDate(2027, 1, 11), civil.NewDate(2027, 1, 18)} {
				page := c.Get("/espace/enfants/" + string(w.Jeremy) + "/agenda?semaine=" + monday.String())
				for i := range 5 {
					day := monday.AddDays(i)
					mine := (day.ISOWeek()%2 == 0) == who.even
					if day == given {
						mine = !who.even
					}
					li := page.Doc.Find(".agenda-day").Eq(i)
					said := strings.Contains(li.Text(), "Jour de l’autre foyer") && strings.Contains(li.Text(), "l’autre foyer doit vous confier ce jour")
					boxes := li.Find("input[type=checkbox], select").Length()
					out, err := w.apply(persontest.Now(), as(who.id, who.name), booking.Order{Wishes: []booking.Wish{w.wish(w.Jeremy, "Étude", day, w.only("Étude"))}})
					if err != nil {
						t.Fatal(err)
					}
					if mine != (boxes > 0) || mine == said || mine != (out.Lines[0].Did == booking.DidBook) {
						t.Errorf("%s on %s (mine %v): %d boxes, said %v, %s %q", who.name, day, mine, boxes, said, out.Lines[0].Did, out.Lines[0].Why)
					}
					if !mine && who.even && out.Lines[0].Why != "Jour de l’autre foyer" { // Bruno finds what Camille booked
						t.Errorf("%s on %s: %q", who.name, day, out.Lines[0].Why)
					}
				}
			}
		}
		w.hand(t, w.Camille, w.Bruno, before) // booked above by Camille: hers to pay and to give up
		cell := w.wish(w.Jeremy, "Étude", before, "")
		cell.Seen = booking.Token("booked." + w.only("Étude"))
		for _, c := range []struct {
			who  person.ID
			want string
		}{{w.Bruno, "Réservé par l’autre foyer, qui peut seul le changer"}, {w.Camille, string(booking.DidCancel)}} {
			out, err := w.apply(persontest.Now(), as(c.who, ""), booking.Order{Wishes: []booking.Wish{cell}})
			if got := string(out.Lines[0].Did) + out.Lines[0].Why; err != nil || !strings.Contains(got, c.want) {
				t.Errorf("giving up what was booked before: %v %q, want %q", err, got, c.want)
			}
		}
		again := w.wish(w.Jeremy, "Étude", before, w.only("Étude"))
		if out, _ := w.apply(persontest.Now(), as(w.Camille, ""), booking.Order{Wishes: []booking.Wish{again}}); out.Lines[0].Why != "Jour de l’autre foyer" {
			t.Errorf("given up, it is no more Camille’s: %s %q", out.Lines[0].Did, out.Lines[0].Why)
		}
		if out, _ := w.apply(persontest.Now(), as(w.Bruno, ""), booking.Order{Wishes: []booking.Wish{again}}); out.Lines[0].Did != booking.DidBook {
			t.Errorf("and Bruno’s: %q", out.Lines[0].Why)
		}
	})
}

// TestAFormSentAfterTheDayWent: what was a box when the page was opened is refused when the day went meanwhile.
func TestAFormSentAfterTheDayWent(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := portal(t, d).As(as(w.Camille, "Camille"))
		page := c.Get("/espace/enfants/" + string(w.Jeremy) + "/agenda?semaine=2027-01-18")
		box := page.Doc.Find(".agenda-day input[type=checkbox]").First()
		check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
		if !strings.Contains(check.Text("main"), "1 changement à enregistrer") {
			t.Fatalf("before: %s", check.Text("main"))
		}
		w.share(t)
		late := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
		if !strings.Contains(late.Text("main"), "Jour de l’autre foyer") || strings.Contains(late.Text("main"), "à enregistrer") {
			t.Errorf("the check page: %s", late.Text("main"))
		}
		if done := check.Submit("form[action$=confirmer]", nil); done.Status != 409 || !strings.Contains(done.Text("main"), "Jour de l’autre foyer") {
			t.Errorf("the confirmation: %d %s", done.Status, done.Text("main"))
		}
	})
}

// TestAgentsPassTheSharingForAReason: with a reason, an agent books for a home on a day of the other one.
func TestAgentsPassTheSharingForAReason(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.share(t)
		agent := familytest.Agent(booking.Write, booking.Read)
		odd := civil.NewDate(2027, 1, 19)
		o := booking.Order{Family: w.First, Wishes: []booking.Wish{w.wish(w.Jeremy, "Étude", odd, w.only("Étude"))}}
		if out, err := w.apply(persontest.Now(), agent, o); err != nil || out.Lines[0].Why != "Jour de l’autre foyer" {
			t.Fatalf("without passing rules: %v %v", err, out.Lines)
		}
		o.Overrule = true
		if _, err := w.apply(persontest.Now(), agent, o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		o.Reason = "Urgence familiale"
		if out, err := w.apply(persontest.Now(), agent, o); err != nil || out.Lines[0].Did != booking.DidBook {
			t.Errorf("with a reason: %v %v", err, out.Lines)
		}
		p := portal(t, d)
		pages(d).Counter(p.Router)
		page := p.As(agent).Get("/agents/familles/" + string(w.First) + "/agenda?semaine=2027-01-18")
		day := page.Doc.Find(".agenda-day").Eq(2)
		if !strings.Contains(day.Text(), "Jour de l’autre foyer") || day.Find("input[type=checkbox], select").Length() == 0 {
			t.Errorf("the counter’s agenda: %s", day.Text())
		}
	})
}

// TestALateRequestOfTheOtherHomesDay: an agent takes it with a reason only, and not among others.
func TestALateRequestOfTheOtherHomesDay(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		day := civil.NewDate(2027, 1, 19)
		late := day.At(8, 0, w.zone)
		wish := w.wish(w.Jeremy, "Garderie", day, w.only("Garderie"))
		if out, err := w.apply(late, as(w.Camille, ""), booking.Order{Wishes: []booking.Wish{wish}}); err != nil || out.Lines[0].Did != booking.DidAsk {
			t.Fatalf("asking late: %v %v", err, out.Lines)
		}
		w.share(t)
		answer := func(reason string) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := booking.AnswerLate(tx, late, familytest.Agent(booking.Write, booking.Read), w.cat, w.First, wish.Cell,
					booking.Token("asked."+w.only("Garderie")), booking.Answer{Accept: true, Reason: reason})
				return err
			})
		}
		if err := answer(""); fault.KindOf(err) != fault.Invalid || !strings.Contains(fmt.Sprint(fault.FieldsOf(err)), "autre foyer") {
			t.Errorf("accepting without a reason: %v", err)
		}
		if err := answer("Vu avec les deux foyers"); err != nil {
			t.Errorf("accepting with one: %v", err)
		}
	})
}

// TestWholeWeeksOfAHome: where an activity goes by whole weeks, a home books whole what it has of the week.
func TestWholeWeeksOfAHome(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	w.share(t)
	w.hand(t, w.Camille, w.Bruno, civil.NewDate(2027, 1, 15))
	var mine []booking.Wish
	for i := range 4 {
		mine = append(mine, w.wish(w.Jeremy, "Stage", civil.NewDate(2027, 1, 11).AddDays(i), w.only("Stage")))
	}
	if got := w.did(t, mine[:3]...); got[0] != "Cette activité se réserve et s’annule par semaine entière" {
		t.Errorf("three days of four: %v", got)
	}
	if got := w.did(t, mine...); strings.Join(got, " ") != "booked booked booked booked" {
		t.Errorf("all that the home has of the week: %v", got)
	}
}

// TestNobodyIsLeftOut: custody holds only while both homes can act for the child. A home that a court keeps away has no
// days, and the other one books all.
func TestNobodyIsLeftOut(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.share(t)
		wish := w.wish(w.Jeremy, "Étude", civil.NewDate(2027, 1, 19), w.only("Étude"))
		if got := w.did(t, wish); got[0] != "Jour de l’autre foyer" {
			t.Fatalf("an odd week: %v", got)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := family.Restrict(tx, persontest.Now(), actor.Job("test"), family.Restriction{Person: w.Bruno, Child: w.Jeremy,
				DecidedOn: civil.NewDate(2026, 12, 12), Reference: "RG 26/01234"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.apply(persontest.Now(), as(w.Bruno, ""), booking.Order{Wishes: []booking.Wish{wish}}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("kept away, Bruno still books: %v", err)
		}
		if got := w.did(t, wish); got[0] != string(booking.DidBook) {
			t.Errorf("nobody acts in the other home: %v", got)
		}
	})
}
