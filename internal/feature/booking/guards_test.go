package booking_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
)

// change makes the world's catalogue anew after a statement that changed it.
func (w *world) change(t testing.TB, statement string, args ...any) {
	t.Helper()
	w.exec(t, statement, args...)
	cat, err := db.Read(context.Background(), w.d, w.read)
	if err != nil {
		t.Fatal(err)
	}
	w.cat = cat
}

// did runs an order of Camille and returns what came of its lines, in words: "booked", or why not.
func (w *world) did(t testing.TB, wishes ...booking.Wish) (all []string) {
	t.Helper()
	out, err := w.apply(persontest.Now(), as(w.Camille, "Camille"), booking.Order{Wishes: wishes})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range out.Lines {
		if l.Did == booking.DidNone {
			all = append(all, l.Why)
		} else {
			all = append(all, string(l.Did))
		}
	}
	return all
}

func TestGuardsOfOrders(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	now, camille := persontest.Now(), as(w.Camille, "Camille")
	day := w.days.From
	wish := w.wish(w.Ines, "Étude", day, w.only("Étude"))
	many := make([]booking.Wish, 4001)
	for i := range many {
		many[i] = w.wish(w.Ines, "Étude", day.AddDays(i), w.only("Étude"))
	}
	overrule := booking.Order{Family: w.First, Wishes: []booking.Wish{wish}, Overrule: true}
	for _, c := range []struct {
		name string
		by   actor.Actor
		o    booking.Order
		want fault.Kind
	}{
		{"the same day twice", camille, booking.Order{Wishes: []booking.Wish{wish, wish}}, fault.Invalid},
		{"too many lines", camille, booking.Order{Wishes: many}, fault.Invalid},
		{"somebody else's child", camille, booking.Order{Wishes: []booking.Wish{wish, w.wish(w.leo, "Étude", day, w.only("Étude"))}}, fault.NotFound},
		{"a child that is none", camille, booking.Order{Wishes: []booking.Wish{w.wish("none", "Étude", day, w.only("Étude"))}}, fault.NotFound},
		{"an agent who may only read", familytest.Agent(booking.Read), booking.Order{Family: w.First, Wishes: []booking.Wish{wish}}, fault.Forbidden},
		{"an agent of another service", familytest.AgentOf(w.Youth, booking.Write), booking.Order{Family: w.First, Wishes: []booking.Wish{wish}}, fault.Forbidden},
		{"an agent for a child of another family", agentWith(), booking.Order{Family: w.Second, Wishes: []booking.Wish{wish}}, fault.NotFound},
		{"overruled without a reason", agentWith(), overrule, fault.Invalid},
		{"a contact", as(w.Contact, "Marie"), booking.Order{Wishes: []booking.Wish{wish}}, fault.NotFound},
	} {
		if _, err := w.apply(now, c.by, c.o); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if n := tallyNow(t, w.d); n != 0 {
		t.Errorf("%d bookings came of refused orders", n)
	}
}

func TestGuardsOfCells(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	study := w.byName["Étude"].ID
	wish := w.wish(w.Ines, "Étude", w.days.From, w.only("Étude"))
	for _, c := range []struct{ name, set, back string }{
		{"not enrolled any more", `update enrolment set to_day = '2027-01-10', from_day = '2027-01-09' where activity = $1`, `update enrolment set from_day = '2027-01-11', to_day = '2027-01-24' where activity = $1`},
		{"a draft", `update activity set state = 'draft' where id = $1`, `update activity set state = 'open' where id = $1`},
		{"a period that is not open", `update period set state = 'draft' where activity = $1`, `update period set state = 'open' where activity = $1`},
		{"residents only", `update activity set residents_only = true where id = $1`, `update activity set residents_only = false where id = $1`},
		{"for older children", `update activity set age_from = 12 where id = $1`, `update activity set age_from = 0 where id = $1`},
		{"for another class", `update activity set levels = 'CM2' where id = $1`, `update activity set levels = '' where id = $1`},
		{"not that day of the week", `update unit set weekdays = 2 where activity = $1`, `update unit set weekdays = 31 where activity = $1`},
		{"no site", `delete from activity_site where activity = $1`, ``},
	} {
		w.change(t, c.set, string(study))
		if got := w.did(t, wish); got[0] == "booked" || got[0] == "" {
			t.Errorf("%s: %q", c.name, got)
		}
		if c.back != "" {
			w.change(t, c.back, string(study))
		}
	}
	w.change(t, `insert into activity_site (activity, site) values ($1, $2)`, string(study), string(w.School))
	if got := w.did(t, wish); got[0] != "booked" {
		t.Errorf("with all back: %q", got)
	}
}

func TestGuardsOfWeeks(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	day := func(i int) booking.Wish { return w.wish(w.Ines, "Étude", w.days.From.AddDays(i), w.only("Étude")) }
	week := func(n int) (all []booking.Wish) {
		for i := range n {
			all = append(all, w.wish(w.Ines, "Stage", w.days.From.AddDays(7+i), w.only("Stage")))
		}
		return all
	}
	none := func(name string, got []string) {
		t.Helper()
		if slices.Contains(got, "booked") || slices.Contains(got, "") {
			t.Errorf("%s: %q", name, got)
		}
		if n := tallyNow(t, w.d); n != 0 {
			t.Errorf("%s: %d bookings stand", name, n)
		}
	}
	w.change(t, `update activity set min_days = 3, max_days = 4 where id = $1`, string(w.byName["Étude"].ID))
	none("two days of three", w.did(t, day(0), day(1)))
	none("five days of four", w.did(t, day(0), day(1), day(2), day(3), day(4)))
	w.exec(t, `update slot set capacity = 0 where day = $1`, w.days.From)
	none("three days of which one is full", w.did(t, day(0), day(1), day(2)))
	last := w.days.From.AddDays(9)
	w.exec(t, `update slot set capacity = 0 where day = $1`, last)
	said := w.did(t, week(5)...)
	if none("a week of which a day is full", said); !strings.Contains(said[0], "est complet") || said[2] != complet {
		t.Errorf("a week of which a day is full: %q", said)
	}
	w.exec(t, `delete from slot where day = $1`, last)
	said = w.did(t, week(5)...)
	if none("a week of which a day has no places yet", said); !strings.Contains(said[0], "Un jour de cette semaine n’est pas encore ouvert") {
		t.Errorf("a week of which a day has no places yet: %q", said)
	}
	w.exec(t, `update slot set state = 'closed', reason = 'Sortie' where day = $1`, last.AddDays(1))
	none("a week of which two days lack", w.did(t, week(2)...))
	w.exec(t, `insert into slot (id, unit, site, day, state, reason) values ('x', $1, $2, $3, 'closed', 'Grève')`, string(w.byName["Stage"].Units[""]), string(w.School), last)
	all := week(5)
	if got := w.did(t, all[0], all[1], all[4]); strings.Join(got, " ") != "booked booked booked" {
		t.Errorf("a week without its two closed days: %q", got)
	}
}

// TestGuardAChangeMayNotGiveUpWhatHasBegun keeps a family from changing in the middle of the day what has begun.
func TestGuardAChangeMayNotGiveUpWhatHasBegun(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	w.change(t, `update deadline_rule set count = 1 where action = 'change'`)
	day := w.days.From
	whole, afternoon := w.choice(t, "Mercredi", "Journée"), w.choice(t, "Mercredi", "Après-midi")
	if got := w.did(t, w.wish(w.Ines, "Mercredi", day, whole)); got[0] != "booked" {
		t.Fatal(got)
	}
	change := w.wish(w.Ines, "Mercredi", day, afternoon)
	change.Seen = booking.Token("booked." + string(whole))
	out, err := w.apply(day.At(10, 0, w.zone), as(w.Camille, "Camille"), booking.Order{Wishes: []booking.Wish{change}})
	if err != nil || out.Done() != 0 || !strings.HasPrefix(out.Lines[0].Why, "Trop tard") {
		t.Errorf("at ten, the morning is given up: %+v, %v", out.Lines, err)
	}
}

func TestGuardWhoIsTold(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	now := persontest.Now()
	told := func(reference string) string {
		t.Helper()
		all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
			return db.List(r, db.Column[string], `select to_address from mail_outbox where args like $1 or parts like $1 order by to_address`, "%"+reference+"%")
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	order := func(day int, children ...family.ChildID) string {
		t.Helper()
		var all []booking.Wish
		for _, c := range children {
			all = append(all, w.wish(c, "Étude", w.days.From.AddDays(day), w.only("Étude")))
		}
		out, err := w.apply(now, as(w.Camille, "Camille"), booking.Order{Wishes: all})
		if err != nil || out.Done() != len(children) {
			t.Fatalf("%+v, %v", out.Lines, err)
		}
		return out.Reference
	}
	both, camille := "camille.martin@exemple.fr thomas@exemple.fr", "camille.martin@exemple.fr"
	w.exec(t, `update person set email = 'marie@exemple.fr' where id = $1`, string(w.Contact))
	if got := told(order(0, w.Ines)); got != both {
		t.Errorf("both heads of the family, and no contact, are told: %s", got)
	}
	restrict(t, w, w.Ines)
	if got := told(order(1, w.Ines)); got != camille {
		t.Errorf("a parent whom a court keeps from the child is told: %s", got)
	}
	if got := told(order(2, w.Ines, w.Jeremy)); got != both {
		t.Errorf("about another child too: %s", got)
	}
	w.exec(t, `update family_member set state = 'pending' where person = $1`, string(w.Thomas))
	if got := told(order(3, w.Jeremy)); got != camille {
		t.Errorf("somebody not approved is told: %s", got)
	}
	w.exec(t, `update family_member set state = 'approved', to_day = '2027-01-05' where person = $1`, string(w.Thomas))
	if got := told(order(4, w.Jeremy)); got != camille {
		t.Errorf("somebody who left is told: %s", got)
	}
}

func restrict(t *testing.T, w *world, child family.ChildID) {
	t.Helper()
	err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		_, err := family.Restrict(tx, persontest.Now(), familytest.Agent(family.RestrictSet), family.Restriction{Person: w.Thomas, Child: child,
			DecidedOn: civil.NewDate(2026, 12, 1), Reference: "26/1"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGuardsOfAnswers(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	late := w.days.From.AddDays(-1).At(12, 0, w.zone)
	out, err := w.apply(late, as(w.Camille, "Camille"), booking.Order{Wishes: []booking.Wish{w.wish(w.Jeremy, "Garderie", w.days.From, w.only("Garderie"))}})
	if err != nil || out.Lines[0].Did != booking.DidAsk {
		t.Fatalf("%+v, %v", out.Lines, err)
	}
	cell, seen := out.Lines[0].Cell, booking.Token("asked."+string(w.only("Garderie")))
	booked := w.wish(w.Ines, "Garderie", w.days.From.AddDays(3), w.only("Garderie"))
	if got := w.did(t, booked); got[0] != "booked" {
		t.Fatal(got)
	}
	none := booking.Cell{Child: cell.Child, Activity: cell.Activity, Day: cell.Day.AddDays(1)}
	for _, c := range []struct {
		name string
		by   actor.Actor
		of   family.ID
		cell booking.Cell
		seen booking.Token
		ans  booking.Answer
		want fault.Kind
	}{
		{"a parent", as(w.Camille, "Camille"), w.First, cell, seen, booking.Answer{Accept: true}, fault.Forbidden},
		{"an agent of another service", familytest.AgentOf(w.Youth, booking.Write), w.First, cell, seen, booking.Answer{Accept: true}, fault.Forbidden},
		{"an agent who may only read", familytest.Agent(booking.Read), w.First, cell, seen, booking.Answer{Accept: true}, fault.Forbidden},
		{"refusing without a reason", agentWith(), w.First, cell, seen, booking.Answer{Reason: " "}, fault.Invalid},
		{"in the name of the other home", agentWith(), w.Second, cell, seen, booking.Answer{Accept: true}, fault.Conflict},
		{"refusing in the name of the other home", agentWith(), w.Second, cell, seen, booking.Answer{Reason: "non"}, fault.Conflict},
		{"a booking that nobody asks to give up", agentWith(), w.First, booked.Cell, booking.Token("booked." + string(booked.Want)), booking.Answer{Reason: "non"}, fault.Conflict},
		{"another request than the one seen", agentWith(), w.First, cell, seen + ".c", booking.Answer{Accept: true}, fault.Conflict},
		{"what nobody asked", agentWith(), w.First, none, "", booking.Answer{Accept: true}, fault.Conflict},
	} {
		err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
			_, err := booking.AnswerLate(tx, late, c.by, w.cat, c.of, c.cell, c.seen, c.ans)
			return err
		})
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if n := tallyNow(t, w.d); n != 1 {
		t.Errorf("%d bookings stand after refused answers, want the one", n)
	}
	gone := booked
	gone.Want, gone.Seen = "", booking.Token("booked."+string(booked.Want))
	for _, c := range []struct {
		at   time.Time
		seen booking.Token
		want booking.Did
	}{
		{gone.Day.At(23, 59, w.zone), gone.Seen, booking.DidNone}, // it has begun
		{gone.Day.AddDays(-1).At(23, 59, w.zone), gone.Seen, booking.DidAskCancel},
		{gone.Day.AddDays(-1).At(23, 59, w.zone), gone.Seen + ".c", booking.DidNone}, // asked already
	} {
		gone.Seen = c.seen
		if out, err := w.apply(c.at, as(w.Camille, "Camille"), booking.Order{Wishes: []booking.Wish{gone}}); err != nil || out.Lines[0].Did != c.want {
			t.Errorf("giving up on %s, having seen %s: %+v, %v; want %s", c.at, c.seen, out.Lines, err, c.want)
		}
	}
}

// TestGuardAnswersWaitForEachOther lets two agents accept one request at once: one is told that it is answered.
func TestGuardAnswersWaitForEachOther(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, quickly(t, engine))
			for round := range 5 {
				day := w.days.From.AddDays(round)
				late := day.AddDays(-1).At(12, 0, w.zone)
				out, err := w.apply(late, as(w.Camille, "Camille"), booking.Order{Wishes: []booking.Wish{w.wish(w.Jeremy, "Garderie", day, w.only("Garderie"))}})
				if err != nil || out.Lines[0].Did != booking.DidAsk {
					t.Fatalf("%+v, %v", out.Lines, err)
				}
				errs := make([]error, 8)
				at(len(errs), func(i int) {
					errs[i] = db.Do(context.Background(), w.d, func(tx *db.Tx) error {
						_, err := booking.AnswerLate(tx, late, agentWith(), w.cat, w.First, out.Lines[0].Cell, booking.Token("asked."+string(w.only("Garderie"))),
							booking.Answer{Accept: i%2 == 0, AddPlace: true, Reason: fmt.Sprint("réponse ", i)})
						return err
					})
				})
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
					} else if fault.KindOf(err) != fault.Conflict {
						t.Errorf("an answer that comes second: %v", err)
					}
				}
				if tallyNow(t, w.d); won != 1 {
					t.Errorf("%d answers were taken, want one", won)
				}
			}
		})
	}
}

// TestGuardABookingMadeAgainIsNew takes an import back that wrote a booking which the family gave up and made again since.
func TestGuardABookingMadeAgainIsNew(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	now, job := persontest.Now(), actor.Job("test")
	day, unit := w.days.From, w.byName["Étude"].Units[""]
	err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		_, err := booking.InsertMany(tx, now.Add(-time.Hour), job, []booking.Row{{Child: w.Ines, Unit: unit, Day: day, Family: w.First, State: booking.Booked},
			{Child: w.Ines, Unit: unit, Day: day.AddDays(1), Family: w.First, State: booking.Booked}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	again := w.wish(w.Ines, "Étude", day, w.only("Étude"))
	away := again
	away.Want, away.Seen = "", booking.Token("booked."+string(again.Want))
	if got := append(w.did(t, away), w.did(t, again)...); got[0] != "cancelled" || got[1] != "booked" {
		t.Fatal(got)
	}
	w.exec(t, `update booking set slot = (select id from slot where unit = $1 and day = $2) where day = $2`, string(unit), day.AddDays(1))
	w.exec(t, `update slot set taken = 1 where unit = $1 and day = $2`, string(unit), day.AddDays(1))
	n, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (int64, error) {
		return booking.RemoveImported(tx, now, job, w.First, civil.InstantOf(now.Add(-time.Hour)))
	})
	if left := tallyNow(t, w.d); err != nil || n != 1 || left != 1 {
		t.Errorf("the undo took %d bookings, %d stand: want one of each; %v", n, left, err)
	}
}

// TestGuardNoPlaceOfAClosedDay takes places by their slot, as a verb does that read it before it was closed.
func TestGuardNoPlaceOfAClosedDay(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	take := func(name string, day int, want int, wantMore bool) {
		t.Helper()
		err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
			id, err := db.One(tx, "slot", db.Column[activity.SlotID], `select id from slot where unit = $1 and day = $2`, string(w.byName["Garderie"].Units[""]), w.days.From.AddDays(day))
			if err != nil {
				return err
			}
			got, err := activity.Take(tx, []activity.SlotID{id, id})
			if err != nil {
				return err
			}
			more, err := activity.TakeMore(tx, id)
			if got[id] != want || more != wantMore {
				t.Errorf("%s: %d places of one, one more: %v; want %d, %v", name, got[id], more, want, wantMore)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	take("an open day", 0, 1, true)
	w.exec(t, `update slot set state = 'closed' where day = $1`, w.days.From.AddDays(1))
	take("a closed slot", 1, 0, false)
	w.exec(t, `insert into closing (id, reason, from_day, to_day) values ('x', 'Pont', $1, $2)`, w.days.From.AddDays(2), w.days.From.AddDays(2))
	take("a day that the town closed", 2, 0, false)
	w.exec(t, `insert into closing (id, reason, from_day, to_day, service) values ('y', 'Pont', $1, $2, $3)`, w.days.From.AddDays(3), w.days.From.AddDays(3), string(w.Service))
	take("a day that its service closed", 3, 0, false)
	w.exec(t, `insert into closing (id, reason, from_day, to_day, service) values ('z', 'Pont', $1, $2, $3)`, w.days.From.AddDays(4), w.days.From.AddDays(4), string(w.Youth))
	take("a day that another service closed", 4, 1, true)
}

// TestGuardWhatComesBetweenIsKept lets a booking appear while an order takes its place, as an import may write it.
func TestGuardWhatComesBetweenIsKept(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	unit := string(w.byName["Étude"].Units[""])
	for i, row := range []struct {
		state booking.State
		home  family.ID
	}{{booking.Booked, w.First}, {booking.Asked, w.Second}, {booking.Waiting, w.First}} {
		day := w.days.From.AddDays(i)
		w.exec(t, fmt.Sprintf(`create trigger meanwhile after update of taken on slot begin
			insert or ignore into booking (id, child, unit, day, family, state, made_at) values ('b%d', '%s', '%s', '%s', '%s', '%s', 1); end`,
			i, w.Jeremy, unit, day, row.home, row.state))
		got := w.did(t, w.wish(w.Jeremy, "Étude", day, w.only("Étude")))
		w.exec(t, `drop trigger meanwhile`)
		if got[0] != booking.Moved {
			t.Errorf("%s meanwhile: %q", row.state, got)
		}
		left, err := db.Read(context.Background(), w.d, func(r db.Reader) (string, error) {
			return db.One(r, "booking", db.Column[string], `select state || ' ' || family from booking where day = $1`, day)
		})
		if tallyNow(t, w.d); err != nil || left != string(row.state)+" "+string(row.home) {
			t.Errorf("%s meanwhile became %s, %v", row.state, left, err)
		}
	}
}

// TestGuardAPromiseHoldsForChanges makes changing harder after a day was booked: until the moment promised, it changes.
func TestGuardAPromiseHoldsForChanges(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	whole, morning := w.choice(t, "Mercredi", "Journée"), w.choice(t, "Mercredi", "Matin")
	change := w.wish(w.Ines, "Mercredi", w.days.From, morning)
	if got := w.did(t, w.wish(w.Ines, "Mercredi", w.days.From, whole)); got[0] != "booked" {
		t.Fatal(got)
	}
	w.change(t, `update deadline_rule set count = 200 where action = 'change'`)
	change.Seen = booking.Token("booked." + string(whole))
	if got := w.did(t, change); got[0] != "changed" {
		t.Errorf("a promise is taken back: %q", got)
	}
}
