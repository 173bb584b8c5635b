package booking_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func places(n int) *int { return &n }

// taken reads what a slot holds and what it may hold.
func taken(t *testing.T, d *db.DB, day civil.Date) (n int) {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		return db.One(r, "slot", db.Column[int], `select taken from slot where day = $1`, day)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFamilyBooksAndCancelsDays(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1)})
		now, camille := persontest.Now(), as(o.Camille, "Camille Martin")
		monday := civil.DateOf(now).Monday().AddDays(7)
		out, err := o.Apply(t, now, camille, booking.Order{Wishes: []booking.Wish{
			o.Wish(o.Jeremy, monday, o.Only()), o.Wish(o.Ines, monday, o.Only()), o.Wish(o.Jeremy, monday.AddDays(1), o.Only()), o.Wish(o.Jeremy, monday.AddDays(2), o.Only())}})
		if err != nil {
			t.Fatal(err)
		}
		var did []booking.Did
		for _, l := range out.Lines {
			did = append(did, l.Did)
		}
		if len(did) != 4 || did[0] != booking.DidBook || did[1] != booking.DidNone || did[2] != booking.DidBook || did[3] != booking.DidNone {
			t.Fatalf("did %v: %+v", did, out.Lines)
		}
		if why := out.Lines[1].Why; why != "Complet\u00a0: la dernière place vient d’être prise" {
			t.Errorf("the second for one place: %q", why)
		}
		if n := taken(t, d, monday); n != 1 {
			t.Errorf("taken = %d, want 1", n)
		}
		token := booking.Token("booked." + string(o.Only()))
		again, err := o.Apply(t, now, camille, booking.Order{Wishes: []booking.Wish{{Cell: out.Lines[0].Cell, Seen: ""}, {Cell: out.Lines[2].Cell, Seen: token}}})
		if err != nil || again.Lines[0].Did != booking.DidNone || again.Lines[1].Did != booking.DidCancel {
			t.Fatalf("cancelling one seen as it is and one not: %+v, %v", again.Lines, err)
		}
		if n := taken(t, d, monday.AddDays(1)); n != 0 {
			t.Errorf("after cancelling, taken = %d, want 0", n)
		}
		if _, err := o.Apply(t, now, as(o.Camille, "x"), booking.Order{Wishes: []booking.Wish{o.Wish("somebody", monday, o.Only())}}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("for a child of others: %v, want not found", err)
		}
		late := monday.AddDays(-1).At(12, 0, now.Location()) // Sunday: the eve's 9:00 is Friday's
		out, err = o.Apply(t, late, camille, booking.Order{Wishes: []booking.Wish{{Cell: booking.Cell{Child: o.Jeremy, Activity: o.ID, Day: monday}, Seen: token}}})
		if err != nil || out.Done() != 0 || out.Lines[0].Why == "" {
			t.Errorf("cancelling too late: %+v, %v", out, err)
		}
		agent := familytest.Agent(booking.Write)
		out, err = o.Apply(t, late, agent, booking.Order{Family: o.First, Overrule: true, Reason: "Enfant malade", Wishes: []booking.Wish{{Cell: booking.Cell{Child: o.Jeremy, Activity: o.ID, Day: monday}, Seen: token}}})
		if err != nil || out.Done() != 1 {
			t.Errorf("an agent overrules: %+v, %v", out, err)
		}
		if _, err := o.Apply(t, late, agent, booking.Order{Family: o.First, Overrule: true, Wishes: []booking.Wish{o.Wish(o.Ines, monday, o.Only())}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("overruling without a reason: %v, want invalid", err)
		}
		if _, err := o.Apply(t, late, familytest.Agent(), booking.Order{Family: o.First, Wishes: []booking.Wish{o.Wish(o.Ines, monday, o.Only())}}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an agent without the right: %v, want forbidden", err)
		}
	})
}

func TestALateRequestIsAnswered(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		p := activitytest.Model(t, "veille-9h")
		p.After = activity.After{Kind: activity.AfterRequest}
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1), Policy: p})
		camille := as(o.Camille, "Camille Martin")
		monday := civil.DateOf(persontest.Now()).Monday().AddDays(7)
		late := monday.AddDays(-1).At(12, 0, persontest.Now().Location())
		out, err := o.Apply(t, late, camille, booking.Order{Note: "Réunion imprévue", Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only()), o.Wish(o.Ines, monday, o.Only())}})
		if err != nil || out.Lines[0].Did != booking.DidAsk || out.Lines[1].Did != booking.DidAsk || taken(t, d, monday) != 0 {
			t.Fatalf("asked: %+v, %v", out.Lines, err)
		}
		cat, _ := o.Catalogue.Get(context.Background(), late)
		answer := func(a actor.Actor, w booking.Wish, seen booking.Token, ans booking.Answer) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := booking.AnswerLate(tx, late, a, cat, o.First, w.Cell, seen, ans)
				return err
			})
		}
		agent, token := familytest.Agent(booking.Write), booking.Token("asked."+string(o.Only()))
		if err := answer(agent, out.Lines[0].Wish, token, booking.Answer{Accept: true}); err != nil || taken(t, d, monday) != 1 {
			t.Errorf("accepting: %v, taken %d", err, taken(t, d, monday))
		}
		if err := answer(agent, out.Lines[1].Wish, token, booking.Answer{Accept: true}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("accepting where it is full: %v, want conflict", err)
		}
		if err := answer(agent, out.Lines[1].Wish, token, booking.Answer{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("refusing without a reason: %v, want invalid", err)
		}
		if err := answer(agent, out.Lines[1].Wish, token, booking.Answer{Accept: true, AddPlace: true}); err != nil || taken(t, d, monday) != 2 {
			t.Errorf("accepting with one more place: %v, taken %d", err, taken(t, d, monday))
		}
		if err := answer(agent, out.Lines[1].Wish, token, booking.Answer{Accept: true}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("answering twice: %v, want conflict", err)
		}
		booked := booking.Token("booked." + string(o.Only()))
		out, err = o.Apply(t, late, camille, booking.Order{Wishes: []booking.Wish{{Cell: out.Lines[0].Cell, Seen: booked}}})
		if err != nil || out.Lines[0].Did != booking.DidAskCancel || taken(t, d, monday) != 2 {
			t.Fatalf("asking to cancel: %+v, %v", out.Lines, err)
		}
		if err := answer(agent, out.Lines[0].Wish, booked+".c", booking.Answer{Accept: true}); err != nil || taken(t, d, monday) != 1 {
			t.Errorf("accepting to cancel: %v, taken %d", err, taken(t, d, monday))
		}
	})
}
