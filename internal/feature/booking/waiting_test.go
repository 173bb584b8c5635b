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
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// inLine is a world at a moment, with short words for what happens to its waiting lists.
type inLine struct {
	*world
	t    *testing.T
	now  time.Time
	held bool // the jobs do not run
}

func eachLine(t *testing.T, f func(w *inLine)) {
	t.Helper()
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := &inLine{world: newWorld(t, d), t: t}
		w.now = civil.NewDate(2027, 1, 7).At(10, 0, w.zone)
		f(w)
	})
}

func (w *inLine) camille() actor.Actor { return as(w.Camille, "Camille Martin") }
func (w *inLine) bruno() actor.Actor   { return as(w.Bruno, "Bruno Petit") }

// day is a day of the first week: 1 is Monday.
func (w *inLine) day(n int) civil.Date { return w.days.From.AddDays(n - 1) }

func (w *inLine) set(statement string, args ...any) {
	w.t.Helper()
	w.exec(w.t, statement, args...)
	cat, err := db.Read(context.Background(), w.d, w.read)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cat = cat
}

// ask orders a choice of some cells and says what came of each.
func (w *inLine) ask(a actor.Actor, o booking.Order, wishes ...booking.Wish) string {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	for _, x := range wishes {
		x.Queue = true
		if x.Want == "" {
			x.Seen = w.token(x.Cell)
		}
		o.Wishes = append(o.Wishes, x)
	}
	out, err := w.apply(w.now, a, o)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.held {
		w.do(func(tx *db.Tx) error { return runHandOn(tx, w.now, w.cat) })
	}
	var all []string
	for _, l := range out.Lines {
		all = append(all, string(l.Did))
	}
	return strings.Join(all, " ")
}

// newcomer is a family of its own with a child enrolled in an activity.
func (w *inLine) newcomer(name string) client {
	w.t.Helper()
	c, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (client, error) {
		c, err := w.household(tx, 0)
		if err != nil {
			return c, err
		}
		_, err = enrolment.Insert(tx, persontest.Now(), actor.Job("test"), enrolment.Enrolment{Child: c.Child, Activity: w.byName[name].ID, Site: w.School, Days: w.days})
		return c, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *inLine) none(child family.ChildID, name string, day civil.Date) booking.Wish {
	return w.wish(child, name, day, "")
}

func (w *inLine) token(c booking.Cell) booking.Token {
	w.t.Helper()
	words, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]booking.Token, error) {
		return db.List(r, db.Column[booking.Token], `select b.state || '.' || coalesce(b.choice, b.unit) from booking b join unit u on u.id = b.unit
			where b.child = $1 and u.activity = $2 and b.day = $3 and b.state in ('booked', 'waiting', 'offered', 'asked')`, string(c.Child), string(c.Activity), c.Day)
	})
	if err != nil || len(words) == 0 {
		w.t.Fatalf("nothing held at %v: %v", c, err)
	}
	return words[0]
}

// states are those of a child's rows of an activity on a day, in the order of the day.
func (w *inLine) states(child family.ChildID, name string, day civil.Date) string {
	w.t.Helper()
	all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select b.state from booking b join unit u on u.id = b.unit where b.child = $1 and u.activity = $2 and b.day = $3
			order by u.from_minute`, string(child), string(w.byName[name].ID), day)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func (w *inLine) want(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("%s: %q, want %q", what, got, want)
	}
}

func (w *inLine) mails(template string) int {
	w.t.Helper()
	n, err := db.Read(context.Background(), w.d, func(r db.Reader) (int, error) {
		return db.One(r, "count", db.Column[int], `select count(*) from mail_outbox where template = $1`, template)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *inLine) do(verb func(tx *db.Tx) error) {
	w.t.Helper()
	if err := db.Do(context.Background(), w.d, verb); err != nil {
		w.t.Fatal(err)
	}
}

func TestWaitingForABundleIsAllOrNone(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, whole := w.day(3), w.choice(t, "Mercredi", "Journée")
		morning, noon := w.choice(t, "Mercredi", "Matin"), w.choice(t, "Mercredi", "Après-midi")
		w.want("Léo", w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Mercredi", day, morning)), "booked")
		w.want("Inès", w.ask(w.camille(), booking.Order{}, w.wish(w.Ines, "Mercredi", day, noon)), "booked")
		w.want("Jérémy", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Mercredi", day, whole)), "joined")
		w.want("half is free", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Mercredi", day)), "cancelled")
		w.want("still waits for all", w.states(w.Jeremy, "Mercredi", day), "waiting waiting waiting")
		w.want("all is free", w.ask(w.camille(), booking.Order{}, w.none(w.Ines, "Mercredi", day)), "cancelled")
		w.want("has all", w.states(w.Jeremy, "Mercredi", day), "booked booked booked")
	})
}

func TestSeveralDaysGetTheDaysThereAre(t *testing.T) {
	eachLine(t, func(w *inLine) {
		only := w.only("Garderie")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", w.day(1), only))
		w.want("two days", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", w.day(1), only), w.wish(w.Jeremy, "Garderie", w.day(2), only)), "joined booked")
		w.want("leaving needs no deadline", w.ask(w.camille(), booking.Order{}, w.none(w.Jeremy, "Garderie", w.day(1))), "cancelled")
	})
}

func TestAWholeWeekWaitsWhole(t *testing.T) {
	eachLine(t, func(w *inLine) {
		w.set(`update slot set capacity = 1 where unit = $1`, string(w.byName["Stage"].Units[""]))
		week := func(c family.ChildID, want activity.ChoiceID) (all []booking.Wish) {
			for n := range 5 {
				all = append(all, w.wish(c, "Stage", w.day(n+1), want))
			}
			return all
		}
		w.now = civil.NewDate(2027, 1, 6).At(10, 0, w.zone)
		w.want("Léo", w.ask(w.bruno(), booking.Order{}, week(w.leo, w.only("Stage"))...), "booked booked booked booked booked")
		w.set(`update slot set capacity = 2 where unit = $1 and day <> $2`, string(w.byName["Stage"].Units[""]), w.day(4)) // one full day
		w.want("Jérémy", w.ask(w.camille(), booking.Order{}, week(w.Jeremy, w.only("Stage"))...), "joined joined joined joined joined")
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, week(w.leo, "")...), "cancelled cancelled cancelled cancelled cancelled")
		for n := range 5 {
			w.want("Jérémy has it", w.states(w.Jeremy, "Stage", w.day(n+1)), "booked")
		}
	})
}

func TestBrothersAndSistersTogetherKeepTheirRankAndLetOthersPass(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Étude")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Étude", day, only))
		w.want("one place for two", w.ask(w.camille(), booking.Order{Together: true}, w.wish(w.Jeremy, "Étude", day, only), w.wish(w.Ines, "Étude", day, only)), "joined joined")
		other := w.newcomer("Étude")
		w.want("who comes goes through the list", w.ask(other.Actor, booking.Order{}, w.wish(other.Child, "Étude", day, only)), "joined")
		w.want("and passes a group that one place cannot serve", w.states(other.Child, "Étude", day), "booked")
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Étude", day)), "cancelled")
		w.want("one place does not do", w.states(w.Jeremy, "Étude", day)+w.states(w.Ines, "Étude", day), "waitingwaiting")
		w.want("the other leaves", w.ask(other.Actor, booking.Order{}, w.none(other.Child, "Étude", day)), "cancelled")
		w.want("both have theirs", w.states(w.Jeremy, "Étude", day)+w.states(w.Ines, "Étude", day), "bookedbooked")
	})
}

func TestAWishThatMayNoLongerBeBookedIsPassedAndToldWhy(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *inLine)
		says  string
	}{
		"another unit of the day excludes it": {func(w *inLine) {
			w.want("evening care", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", w.day(2), w.only("Garderie"))), "booked")
		}, "ne peut pas aller avec"},
		"the enrolment ended": {func(w *inLine) {
			w.set(`update enrolment set to_day = $2 where child = $1`, string(w.Jeremy), w.day(1))
		}, "n’est pas inscrit"},
		"a restriction stands between the child and both heads": {func(w *inLine) {
			for i, p := range []string{string(w.Camille), string(w.Thomas)} {
				w.set(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ($1, $2, $3, '2027-01-01', '2027-01-01', 'JAF', 1)`,
					"r"+string(rune('0'+i)), p, string(w.Jeremy))
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachLine(t, func(w *inLine) {
				day, only := w.day(2), w.only("Étude")
				w.set(`update slot set capacity = 1 where unit = $1`, string(only))
				w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Étude", day, only))
				w.want("first", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", day, only)), "joined")
				other := w.newcomer("Étude")
				w.want("second", w.ask(other.Actor, booking.Order{}, w.wish(other.Child, "Étude", day, only)), "joined")
				c.spoil(w)
				w.want("the place is free", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Étude", day)), "cancelled")
				w.want("the second has it", w.states(other.Child, "Étude", day), "booked")
				w.want("the first still waits", w.states(w.Jeremy, "Étude", day), "waiting")
				if c.says == "" {
					return
				}
				p := portal(w.t, w.d)
				page := p.As(w.camille()).Get("/espace/places")
				if text := page.Text("main"); page.Status != 200 || !strings.Contains(text, c.says) || !strings.Contains(text, "rang 1") {
					w.t.Errorf("%d, not told why: %s", page.Status, text)
				}
			})
		})
	}
}

func TestLateCancellingIsWelcomeWhenSomebodyWaits(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Garderie")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only))
		late := day.At(12, 0, w.zone) // the care starts at 16:30
		w.now = late
		w.want("nobody waits: a request", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancel_asked")
		w.set(`update booking set cancel_asked_at = null`)
		w.now = civil.NewDate(2027, 1, 7).At(11, 0, w.zone)
		w.want("Jérémy", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", day, only)), "joined")
		w.set(`update activity set late_free = false where id = $1`, string(w.byName["Garderie"].ID))
		w.now = late
		w.want("the activity does not want it", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancel_asked")
		w.set(`update booking set cancel_asked_at = null`)
		w.set(`update activity set late_free = true where id = $1`, string(w.byName["Garderie"].ID))
		w.now = day.At(14, 31, w.zone)
		w.want("too late to tell who waits", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancel_asked")
		w.set(`update booking set cancel_asked_at = null`)
		w.now = late
		w.set(`update enrolment set to_day = $2 where child = $1`, string(w.Jeremy), w.day(1))
		w.want("who waits cannot have it", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancel_asked")
		w.set(`update booking set cancel_asked_at = null`)
		w.set(`update enrolment set to_day = $2 where child = $1`, string(w.Jeremy), w.days.To)
		w.want("given up", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancelled")
		w.want("and given on at once", w.states(w.Jeremy, "Garderie", day), "booked")
	})
}

func TestAnOfferIsHeldThenGoesToTheNext(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(5), w.only("Garderie")
		w.set(`update activity set promotion = 'offer', offer_hours = 24 where id = $1`, string(w.byName["Garderie"].ID))
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only))
		w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", day, only))
		other := w.newcomer("Garderie")
		w.ask(other.Actor, booking.Order{}, w.wish(other.Child, "Garderie", day, only))
		w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day))
		w.want("held for the first", w.states(w.Jeremy, "Garderie", day), "offered")
		if n := w.mails(booking.MailOffered); n != 2 {
			t.Errorf("%d mails of the offer, want one to each of the two heads", n)
		}
		cell := booking.Cell{Child: w.Jeremy, Activity: w.byName["Garderie"].ID, Day: day}
		answer := func(a actor.Actor, c booking.Cell, take bool) error {
			return db.Do(context.Background(), w.d, func(tx *db.Tx) error {
				_, err := booking.AnswerOffer(tx, w.now, a, w.cat, c, take)
				return err
			})
		}
		if err := answer(w.bruno(), cell, true); err == nil || w.states(w.Jeremy, "Garderie", day) != "offered" {
			t.Errorf("the other home answers: %v", err)
		}
		if err := answer(other.Actor, cell, true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a stranger answers: %v", err)
		}
		w.now = w.now.Add(25 * time.Hour)
		if err := answer(w.camille(), cell, true); fault.KindOf(err) != fault.Conflict {
			t.Errorf("past its hour: %v", err)
		}
		w.do(func(tx *db.Tx) error { _, err := booking.ExpireOffers(tx, w.now, w.cat); return err })
		w.do(func(tx *db.Tx) error { return runHandOn(tx, w.now, w.cat) })
		w.want("ended", w.states(w.Jeremy, "Garderie", day), "cancelled")
		w.want("the next", w.states(other.Child, "Garderie", day), "offered")
		if err := answer(other.Actor, booking.Cell{Child: other.Child, Activity: cell.Activity, Day: day}, true); err != nil {
			t.Fatal(err)
		}
		w.want("taken", w.states(other.Child, "Garderie", day), "booked")
		if n := w.mails(booking.MailLapsed); n != 2 {
			t.Errorf("%d mails that the offer ended, want 2", n)
		}
	})
}

func TestAWishLapsesWithTheDay(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Étude")
		w.set(`update slot set capacity = 1 where unit = $1`, string(only))
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Étude", day, only))
		w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", day, only))
		w.now = day.At(10, 0, w.zone)
		w.do(func(tx *db.Tx) error { _, err := booking.Lapse(tx, w.now, w.cat, day); return err })
		w.want("may still be given up late", w.states(w.Jeremy, "Étude", day), "waiting")
		w.now = day.At(16, 32, w.zone)
		w.do(func(tx *db.Tx) error { _, err := booking.Lapse(tx, w.now, w.cat, day); return err })
		w.want("over", w.states(w.Jeremy, "Étude", day), "refused")
		reason, err := db.Read(context.Background(), w.d, func(r db.Reader) (string, error) {
			return db.One(r, "booking", db.Column[string], `select reason from booking where state = 'refused'`)
		})
		if err != nil || !strings.HasPrefix(reason, "Aucune place ne s’est libérée avant le 12/01/2027") || w.mails(booking.MailLapsed) != 2 {
			t.Errorf("reason %q, %v, %d mails", reason, err, w.mails(booking.MailLapsed))
		}
	})
}

func TestAnAgentGivesAPlaceOutOfOrderForAReason(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Garderie")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only))
		other := w.newcomer("Garderie")
		w.ask(other.Actor, booking.Order{}, w.wish(other.Child, "Garderie", day, only))
		w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", day, only))
		cell := booking.Cell{Child: w.Jeremy, Activity: w.byName["Garderie"].ID, Day: day}
		give := func(a actor.Actor, g booking.Give) error {
			return db.Do(context.Background(), w.d, func(tx *db.Tx) error {
				_, err := booking.GivePlace(tx, w.now, a, w.cat, w.First, cell, booking.Token("waiting."+string(only)), g)
				return err
			})
		}
		if err := give(familytest.Agent(booking.Read), booking.Give{AddPlace: true, Reason: "x"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("without the right: %v", err)
		}
		if err := give(agentWith(), booking.Give{AddPlace: true}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if err := give(agentWith(), booking.Give{Reason: "Urgence"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("no place is left: %v", err)
		}
		if err := give(agentWith(), booking.Give{AddPlace: true, Reason: "Urgence familiale"}); err != nil {
			t.Fatal(err)
		}
		w.want("has it", w.states(w.Jeremy, "Garderie", day), "booked")
		w.want("the first still waits", w.states(other.Child, "Garderie", day), "waiting")
		why, err := db.Read(context.Background(), w.d, func(r db.Reader) (string, error) {
			return db.One(r, "line", db.Column[string], `select why from booking_line where list = 'given' and by_agent = true`)
		})
		if err != nil || why != "Urgence familiale" {
			t.Errorf("kept: %q %v", why, err)
		}
		if err := give(agentWith(), booking.Give{AddPlace: true, Reason: "encore"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestManyPlacesFreedAtOnceAreHandedOnByJobs(t *testing.T) {
	eachLine(t, func(w *inLine) {
		only := w.only("Garderie")
		var all, none []booking.Wish
		for _, n := range []int{1, 2, 3, 4, 5, 8, 9, 10} {
			all, none = append(all, w.wish(w.leo, "Garderie", w.day(n), only)), append(none, w.none(w.leo, "Garderie", w.day(n)))
		}
		w.now = civil.NewDate(2027, 1, 6).At(10, 0, w.zone)
		w.ask(w.bruno(), booking.Order{}, all...)
		for _, x := range all {
			x.Child = w.Ines
			w.want("Inès", w.ask(w.camille(), booking.Order{}, x), "joined")
		}
		w.held = true
		w.ask(w.bruno(), booking.Order{}, none...)
		w.want("not yet", w.states(w.Ines, "Garderie", w.day(8)), "waiting")
		out, err := w.apply(w.now, w.camille(), booking.Order{Wishes: []booking.Wish{w.wish(w.Jeremy, "Garderie", w.day(8), only)}})
		if err != nil || out.Done() != 0 {
			t.Errorf("who comes meanwhile passes: %+v %v", out, err)
		}
		jobs, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
			return db.List(r, db.Column[string], `select args from job where kind = $1`, booking.JobHandOn)
		})
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%d jobs, %v", len(jobs), err)
		}
		l := booking.List{DB: w.d, Now: func() time.Time { return w.now }, Catalogue: &activity.Cache{DB: w.d}}
		for _, h := range l.Handlers() {
			if h.Kind == booking.JobSweep { // finds them without being told which
				if err := h.Run(context.Background(), nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, x := range all {
			w.want("Inès has it", w.states(w.Ines, "Garderie", x.Day), "booked")
		}
	})
}
