package booking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// client is a parent with one child, of a family of its own.
type client struct {
	actor.Actor
	Child family.ChildID
}

// crowd adds families with one parent and one child, enrolled in an activity.
func (w *world) crowd(t testing.TB, n int, name string) []client {
	t.Helper()
	now, job, id := persontest.Now(), actor.Job("test"), w.byName[name].ID
	var all []client
	for len(all) < n {
		err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
			for range min(50, n-len(all)) {
				c, err := w.household(tx, len(all))
				if err != nil {
					return err
				}
				if _, err := enrolment.Insert(tx, now, job, enrolment.Enrolment{Child: c.Child, Activity: id, Site: w.School, Days: w.days}); err != nil {
					return err
				}
				all = append(all, c)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (w *world) household(tx *db.Tx, i int) (client, error) {
	now, job := persontest.Now(), actor.Job("test")
	home, err := family.Insert(tx, now, job, "", w.Service)
	if err != nil {
		return client{}, err
	}
	parent, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprint("Parent", i), FirstNames: "Dominique", Email: fmt.Sprintf("p%d@exemple.fr", i)})
	if err != nil {
		return client{}, err
	}
	if _, err := family.AddMember(tx, now, job, family.NewMember{Family: home, Person: parent, Role: family.Holder}); err != nil {
		return client{}, err
	}
	child, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprint("Parent", i), FirstNames: "Camille", BirthDay: civil.NewDate(2018, 1, 1)})
	if err != nil {
		return client{}, err
	}
	_, err = family.AddChild(tx, now, job, family.NewChild{Family: home, Person: child, School: w.School, Level: "CE2", Class: "CE2"})
	return client{as(parent, "Dominique"), family.ChildID(child)}, err
}

// at waits for all to be there, then lets n goroutines go at once, and for their end.
func at(n int, do func(i int)) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-gate
			do(i)
		})
	}
	close(gate)
	wg.Wait()
}

const complet = "Complet\u00a0: la dernière place vient d’être prise"

func TestTheLastPlaceHasOneWinner(t *testing.T) {
	for engine, size := range map[string][2]int{"sqlite": {250, 3}, "postgres": {150, 2}} {
		t.Run(engine, func(t *testing.T) {
			clients, rounds := size[0], size[1]
			if deep() {
				clients, rounds = 1000, 8
			}
			w := newWorld(t, quickly(t, engine))
			crowd := w.crowd(t, clients, "Garderie")
			now, took := persontest.Now(), time.Duration(0)
			for round := range rounds {
				day := w.days.From.AddDays(round + round/5*2)
				outs, errs := make([]booking.Outcome, clients), make([]error, clients)
				start := time.Now()
				at(clients, func(i int) {
					outs[i], errs[i] = w.apply(now, crowd[i].Actor, booking.Order{Wishes: []booking.Wish{w.wish(crowd[i].Child, "Garderie", day, w.only("Garderie"))}})
				})
				took += time.Since(start)
				won := 0
				for i := range outs {
					switch {
					case errs[i] != nil:
						t.Fatalf("client %d: %v", i, errs[i])
					case outs[i].Done() == 1 && outs[i].Reference != "":
						won++
					case outs[i].Reference != "" || outs[i].Lines[0].Why != complet:
						t.Fatalf("client %d is told %+v", i, outs[i])
					}
				}
				if n := tallyNow(t, w.d); won != 1 || n != round+1 {
					t.Fatalf("round %d: %d winners, %d bookings, want 1 and %d", round, won, n, round+1)
				}
			}
			t.Logf("%d rounds of %d clients: one winner each, %.0f answers/s", rounds, clients, float64(rounds*clients)/took.Seconds())
		})
	}
}

func TestTheLastPlaceOnScreen(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	crowd := w.crowd(t, 100, "Garderie")
	p := portal(t, w.d)
	day := w.days.From
	type answer struct {
		status int
		text   string
	}
	send := make([]func() answer, len(crowd))
	for i, c := range crowd {
		page := p.As(c.Actor).Get("/espace/enfants/" + string(c.Child) + "/agenda?mois=2027-01")
		box := page.Doc.Find("input[type=checkbox][name$='" + day.String() + "']").First()
		check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", "none"): box.AttrOr("value", "")})
		send[i] = func() answer {
			done := check.Submit("form[action$=confirmer]", nil)
			return answer{done.Status, done.Text("main")}
		}
	}
	answers := make([]answer, len(crowd))
	at(len(crowd), func(i int) { answers[i] = send[i]() })
	won := 0
	for i, a := range answers {
		if a.status == 303 {
			won++
		} else if a.status != 409 || !strings.Contains(a.text, "la dernière place vient d’être prise") {
			t.Errorf("client %d: %d %s", i, a.status, a.text)
		}
	}
	if n := tallyNow(t, w.d); won != 1 || n != 1 {
		t.Errorf("%d winners, %d bookings, want one", won, n)
	}
}

// TestParentsAndAnAgentAtOnce lets two parents, the other home and an agent change the same lines at once, all having
// seen the same page: one order is done, the others are told that the line moved, and what stands is what the one wrote.
func TestParentsAndAnAgentAtOnce(t *testing.T) {
	for engine, rounds := range map[string]int{"sqlite": 60, "postgres": 30} {
		t.Run(engine, func(t *testing.T) {
			if deep() {
				rounds = 1500
			}
			w := newWorld(t, quickly(t, engine))
			r := testkit.Random(t)
			now := persontest.Now()
			act, _ := w.cat.Activity(w.byName["Mercredi"].ID)
			want := func() activity.ChoiceID { return act.Choices[r.IntN(len(act.Choices))].ID }
			agent := agentWith()
			for round := range rounds {
				day := w.days.From.AddDays([]int{0, 1, 2, 3, 4}[r.IntN(5)])
				held := w.holding(t, now, day)
				ask := func(children ...family.ChildID) (all []booking.Wish) {
					for _, c := range children {
						x := booking.Wish{Cell: booking.Cell{Child: c, Activity: act.ID, Day: day}, Want: want(), Seen: held[c]}
						if held[c] != "" && (r.IntN(2) == 0 || strings.Contains(string(held[c]), string(x.Want))) {
							x.Want = ""
						}
						all = append(all, x)
					}
					return all
				}
				orders := []struct {
					actor.Actor
					booking.Order
				}{
					{as(w.Camille, "Camille"), booking.Order{Wishes: ask(w.Jeremy, w.Ines)}},
					{as(w.Thomas, "Thomas"), booking.Order{Wishes: ask(w.Ines, w.Jeremy)}},
					{as(w.Bruno, "Bruno"), booking.Order{Wishes: ask(w.leo, w.Jeremy)}},
					{agent, booking.Order{Family: w.First, Wishes: ask(w.Jeremy, w.Ines), Overrule: true, AddPlace: true, Reason: "décision du service"}},
				}
				outs, errs := make([]booking.Outcome, len(orders)), make([]error, len(orders))
				at(len(orders), func(i int) { outs[i], errs[i] = w.apply(now, orders[i].Actor, orders[i].Order) })
				after, won := w.holding(t, now, day), map[family.ChildID]booking.Decision{}
				for i, out := range outs {
					if errs[i] != nil {
						t.Fatalf("round %d, %s: %v", round, orders[i].Name, errs[i])
					}
					for _, l := range out.Lines {
						before, twice := won[l.Child]
						switch {
						case l.Did == booking.DidNone && l.Why == "":
							t.Fatalf("round %d: %s's line is lost in silence: %+v", round, orders[i].Name, l)
						case l.Did != booking.DidNone && twice:
							t.Fatalf("round %d: two orders that saw the same were done: %+v and %+v", round, before, l)
						case l.Did != booking.DidNone:
							won[l.Child] = l
						}
					}
				}
				for child, token := range after {
					stands := booking.Token("")
					if l, done := won[child]; !done {
						stands = held[child]
					} else if l.Want != "" {
						stands = booking.Token("booked." + string(l.Want))
					}
					if token != stands {
						t.Fatalf("round %d: %s holds %q, want %q: %+v", round, child, token, stands, won[child])
					}
				}
				tallyNow(t, w.d)
			}
		})
	}
}

// holding is what the three children hold of the Wednesday on a day.
func (w *world) holding(t testing.TB, now time.Time, day civil.Date) map[family.ChildID]booking.Token {
	t.Helper()
	act, _ := w.cat.Activity(w.byName["Mercredi"].ID)
	type row struct {
		child  family.ChildID
		choice string
	}
	rows, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]row, error) {
		return db.List(r, func(s db.Scanner) (row, error) {
			var x row
			err := s.Scan(&x.child, &x.choice)
			return x, err
		}, `select distinct b.child, coalesce(b.choice, b.unit) from booking b join unit u on u.id = b.unit
			where u.activity = $1 and b.day = $2 and b.state = 'booked'`, string(act.ID), day)
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[family.ChildID]booking.Token{w.Jeremy: "", w.Ines: "", w.leo: ""}
	for _, x := range rows {
		if all[x.child] != "" {
			t.Fatalf("%s holds two choices on %s", x.child, day)
		}
		all[x.child] = booking.Token("booked." + x.choice)
	}
	return all
}
