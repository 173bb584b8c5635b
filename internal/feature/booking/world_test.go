package booking_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// deep tells that full counts are asked for (./check deep) instead of CI's.
func deep() bool { return os.Getenv("PARVIS_DEEP") != "" }

// world is two homes with three children and five activities over two weeks: a Wednesday whose bundles share units, a
// study that excludes the evening care, a snack that needs it, and a camp by whole weeks.
type world struct {
	familytest.Homes
	d      *db.DB
	leo    family.ChildID
	days   civil.Range
	zone   *time.Location
	acts   []activitytest.Ready
	byName map[string]activitytest.Ready
	cat    *activity.Catalogue
}

func workdays() activity.Weekdays { return activitytest.SchoolWeek | activity.On(time.Wednesday) }

// rule is a rule of one action, some measure before the day.
func rule(action activity.Action, n int, m activity.Measure, minute int) activity.Rule {
	return activity.Rule{Action: action, Anchor: activity.AnchorDay, Offset: n, Measure: m, Minute: minute}
}

func policyOf(kind activity.AfterKind, rules ...activity.Rule) activity.Policy {
	p := activity.Policy{Rules: rules, After: activity.After{Kind: kind}}
	if kind == activity.AfterSurcharge {
		p.After.Percent = 50
	}
	return p
}

// newWorld makes it; each of its deadlines differs from the others, so that none can stand for another.
func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	now, job := persontest.Now(), actor.Job("test")
	w := &world{Homes: familytest.New(t, d), d: d, zone: now.Location(), byName: map[string]activitytest.Ready{},
		days: civil.Range{From: civil.NewDate(2027, 1, 11), To: civil.NewDate(2027, 1, 24)}}
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		leo, err := person.Insert(tx, now, job, person.Person{LastName: "Petit", FirstNames: "Léo", BirthDay: civil.NewDate(2018, 5, 5)})
		if err != nil {
			return err
		}
		w.leo = family.ChildID(leo)
		_, err = family.AddChild(tx, now, job, family.NewChild{Family: w.Second, Person: leo, School: w.School, Level: "CE2", Class: "CE2"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	one, two := 1, 2
	w.add(t, activitytest.Plan{Name: "Mercredi", Capacity: &one, Units: []activity.Unit{
		{Name: "Matin", Weekdays: workdays(), From: 480, To: 690, Alone: true},
		{Name: "Repas", Weekdays: workdays(), From: 690, To: 810},
		{Name: "Après-midi", Weekdays: workdays(), From: 810, To: 1080, Alone: true},
	}, Choices: []activity.Choice{{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}}, {Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}}},
		Policy: policyOf(activity.AfterRefuse, rule(activity.OpenFrom, 9, activity.Days, 480), rule(activity.Book, 2, activity.Days, 1080),
			rule(activity.Change, 20, activity.Hours, 0), rule(activity.Cancel, 3, activity.Days, 720))})
	evening := w.add(t, activitytest.Plan{Name: "Garderie", Capacity: &one, Units: []activity.Unit{{Weekdays: workdays(), From: 990, To: 1110, Alone: true}},
		Policy: policyOf(activity.AfterRequest, rule(activity.Book, 1, activity.Days, 540), rule(activity.Cancel, 2, activity.Days, 540))})
	w.add(t, activitytest.Plan{Name: "Étude", Capacity: &two, Units: []activity.Unit{{Weekdays: workdays(), From: 990, To: 1080, Alone: true,
		Excludes: []activity.UnitID{evening.Units[""]}}}, Policy: policyOf(activity.AfterSurcharge, rule(activity.Book, 1, activity.Days, 720))})
	w.add(t, activitytest.Plan{Name: "Goûter", Units: []activity.Unit{{Weekdays: workdays(), From: 980, To: 990, Alone: true, Needs: evening.Units[""]}},
		Policy: policyOf(activity.AfterRefuse, rule(activity.Book, 1, activity.Days, 1200))})
	camp := w.add(t, activitytest.Plan{Name: "Stage", Capacity: &two, Units: []activity.Unit{{Weekdays: workdays(), From: 540, To: 1020, Alone: true}},
		Policy: policyOf(activity.AfterRefuse, activity.Rule{Action: activity.Book, Anchor: activity.AnchorWeek, Offset: 1, Weekday: time.Thursday, Minute: 720})})
	w.exec(t, `update activity set whole_weeks = true where id = $1`, string(camp.ID))
	cat, err := db.Read(context.Background(), d, w.read)
	if err != nil {
		t.Fatal(err)
	}
	w.cat = cat
	return w
}

// read reads the catalogue as it is.
func (w *world) read(r db.Reader) (*activity.Catalogue, error) {
	s, err := town.ReadSettings(r)
	if err != nil {
		return nil, err
	}
	return activity.ReadCatalogue(r, s, w.zone)
}

// add makes an activity with all three children enrolled.
func (w *world) add(t testing.TB, p activitytest.Plan) activitytest.Ready {
	t.Helper()
	p.Days = w.days
	a := activitytest.Make(t, w.d, w.Homes, p)
	w.acts, w.byName[p.Name] = append(w.acts, a), a
	err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		for _, c := range []family.ChildID{w.Jeremy, w.Ines, w.leo} {
			if _, err := enrolment.Insert(tx, persontest.Now(), actor.Job("test"), enrolment.Enrolment{Child: c, Activity: a.ID, Site: w.School, Days: p.Days}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if err := db.Do(context.Background(), w.d, func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

// apply runs an order in a write of its own.
func (w *world) apply(now time.Time, a actor.Actor, o booking.Order) (booking.Outcome, error) {
	return db.Write(context.Background(), w.d, func(tx *db.Tx) (booking.Outcome, error) { return booking.Apply(tx, now, a, w.cat, o) })
}

// only is the choice of the one unit of an activity.
func (w *world) only(name string) activity.ChoiceID {
	return activity.ChoiceID(w.byName[name].Units[""])
}

// wish asks a choice of a cell that holds nothing.
func (w *world) wish(child family.ChildID, name string, day civil.Date, want activity.ChoiceID) booking.Wish {
	return booking.Wish{Cell: booking.Cell{Child: child, Activity: w.byName[name].ID, Day: day}, Want: want}
}

// choice finds a choice of an activity by its name.
func (w *world) choice(t testing.TB, of, name string) activity.ChoiceID {
	t.Helper()
	a, _ := w.cat.Activity(w.byName[of].ID)
	for _, c := range a.Choices {
		if c.Name == name {
			return c.ID
		}
	}
	t.Fatalf("no choice %q in %s", name, of)
	return ""
}

// quickly opens a fresh database whose writes run once and whose slow closures are not told: a test may spend seconds
// in one.
func quickly(t testing.TB, engine string) *db.DB {
	t.Helper()
	where := filepath.Join(t.TempDir(), "p.db")
	if engine == "postgres" {
		where = testkit.PostgresURL(t, booking.Sources())
	}
	d, err := db.Open(context.Background(), where, db.WithLog(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if engine != "postgres" {
		if err := db.Migrate(context.Background(), d, booking.Sources()...); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// tally checks what must hold of every slot at every moment, and returns how many bookings stand: as many places are
// taken as bookings hold one, and never more than there are.
func tally(t testing.TB, r db.Reader) int {
	t.Helper()
	type row struct {
		slot              string
		taken, held, most int
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.slot, &x.taken, &x.most, &x.held)
		return x, err
	}, `select s.id, s.taken, coalesce(s.capacity, 1000000), count(b.id) from slot s
		left join booking b on b.slot = s.id and b.state = 'booked' group by s.id, s.taken, s.capacity`)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range all {
		n += x.held
		if x.taken != x.held || x.taken > x.most {
			t.Fatalf("slot %s: %d places taken of %d, %d bookings hold one", x.slot, x.taken, x.most, x.held)
		}
	}
	return n
}

// tallyNow is tally on what is committed.
func tallyNow(t testing.TB, d *db.DB) int {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) { return tally(t, r), nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
