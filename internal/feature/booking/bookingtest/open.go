package bookingtest

import (
	"context"
	"fmt"
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
)

// Open is the homes of familytest with an activity that Jérémy and Inès are enrolled in and that can be booked.
type Open struct {
	familytest.Homes
	activitytest.Ready
	Catalogue *activity.Cache
	d         *db.DB
}

// NewOpen makes the homes and an activity, open to booking.
func NewOpen(t testing.TB, d *db.DB, p activitytest.Plan) Open {
	t.Helper()
	o := Open{Homes: familytest.New(t, d), d: d, Catalogue: &activity.Cache{DB: d}}
	o.Ready = activitytest.Make(t, d, o.Homes, p)
	o.Enrol(t, o.ID, o.Jeremy, o.Ines)
	return o
}

// Enrol lets children book an activity on the days of the plan.
func (o Open) Enrol(t testing.TB, id activity.ID, children ...family.ChildID) {
	t.Helper()
	err := db.Do(context.Background(), o.d, func(tx *db.Tx) error {
		for _, c := range children {
			if _, err := enrolment.Insert(tx, persontest.Now(), actor.Job("test"), enrolment.Enrolment{Child: c, Activity: id, Site: o.School, Days: o.Days}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Catalogue.Invalidate()
}

// Wish asks a choice of a child on a day, from a cell that holds nothing.
func (o Open) Wish(child family.ChildID, day civil.Date, want activity.ChoiceID) booking.Wish {
	return booking.Wish{Cell: booking.Cell{Child: child, Activity: o.ID, Day: day}, Want: want}
}

// Only is the choice of the activity's first unit by itself.
func (o Open) Only() activity.ChoiceID {
	for name, id := range o.Units {
		if name == "" {
			return activity.ChoiceID(id)
		}
	}
	return ""
}

// Apply runs an order at a moment and returns what came of it.
func (o Open) Apply(t testing.TB, now time.Time, a actor.Actor, order booking.Order) (booking.Outcome, error) {
	t.Helper()
	cat, err := o.Catalogue.Get(context.Background(), now)
	if err != nil {
		t.Fatal(err)
	}
	return db.Write(context.Background(), o.d, func(tx *db.Tx) (booking.Outcome, error) {
		return booking.Apply(tx, now, a, cat, order)
	})
}

// Many adds children with a parent, a health note and a booking of the first unit on a day; their names are numbered from one on.
func (o Open) Many(t testing.TB, d *db.DB, day civil.Date, n, from int) (all []family.ChildID) {
	t.Helper()
	now, job := persontest.Now(), actor.Job("test")
	var rows []booking.Row
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		all, rows = nil, nil // a closure may run twice
		for i := range n {
			f, err := family.Insert(tx, now, job, "", o.Service)
			if err != nil {
				return err
			}
			parent, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprintf("Parent%d", from+i), FirstNames: "Alix", Mobile: "+33612345678"})
			if err != nil {
				return err
			}
			if _, err := family.AddMember(tx, now, job, family.NewMember{Family: f, Person: parent, Role: family.Holder}); err != nil {
				return err
			}
			kid, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprintf("Enfant%d", from+i), FirstNames: "Sacha", BirthDay: civil.NewDate(2018, 1, 1)})
			if err != nil {
				return err
			}
			child, err := family.AddChild(tx, now, job, family.NewChild{Family: f, Person: kid, School: o.School, Level: "CE1"})
			if err != nil {
				return err
			}
			if err := family.SetHealth(tx, now, job, child, family.Health{Diet: []string{"", "Sans porc", "sans porc", "Végétarien"}[i%4], PAI: i%4 == 3}); err != nil {
				return err
			}
			all = append(all, child)
			rows = append(rows, booking.Row{Child: child, Unit: activity.UnitID(o.Only()), Day: day, Family: f, State: booking.Booked})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Enrol(t, o.ID, all...)
	Agenda{}.Book(t, d, rows...)
	return all
}
