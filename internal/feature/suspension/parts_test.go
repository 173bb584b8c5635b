package suspension_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"
)

// newOneByOne is Wednesdays in three parts, all of them suspended, where Jérémy has the whole day as the old portal booked
// it, part by part; Inès a formula, and the week after the morning and the afternoon, which no formula makes.
func newOneByOne(t *testing.T, d *db.DB) strike {
	t.Helper()
	four, on := 4, activity.Weekdays(4)
	s := strike{Open: bookingtest.NewOpen(t, d, activitytest.Plan{Name: "Mercredi", Capacity: &four, Units: []activity.Unit{
		{Name: "Matin", Weekdays: on, From: 480, To: 690, Alone: true}, {Name: "Repas", Weekdays: on, From: 690, To: 810}, {Name: "Après-midi", Weekdays: on, From: 810, To: 1080, Alone: true}},
		Choices: []activity.Choice{{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}}, {Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}}}}), t: t, d: d}
	s.jobs = suspension.Jobs{DB: d, Now: persontest.Now, Catalogue: s.Catalogue}
	s.asked = suspension.Asked{Activities: []activity.ID{s.ID}, Days: civil.Range{From: wednesday, To: wednesday.AddDays(7)}, Reason: "Grève du personnel"}
	s.book(s.Camille, s.Wish(s.Ines, wednesday, s.choice("Matin et repas")))
	row := func(child booking.Row, unit string) booking.Row {
		child.Unit, child.Family, child.State = s.Units[unit], s.First, booking.Booked
		return child
	}
	jeremy, ines := booking.Row{Child: s.Jeremy, Day: wednesday}, booking.Row{Child: s.Ines, Day: wednesday.AddDays(7)}
	s.elsewhere(row(jeremy, "Matin"), row(jeremy, "Repas"), row(jeremy, "Après-midi"), row(ines, "Matin"), row(ines, "Après-midi"))
	return s
}

// elsewhere writes bookings as another portal made them, each in its slot.
func (s strike) elsewhere(rows ...booking.Row) {
	s.t.Helper()
	bookingtest.Agenda{}.Book(s.t, s.d, rows...)
	for _, x := range rows {
		s.exec(`update booking set slot = (select o.id from slot o where o.unit = booking.unit and o.day = booking.day) where child = $1 and unit = $2 and day = $3`, string(x.Child), string(x.Unit), x.Day)
		s.exec(`update slot set taken = taken + 1 where unit = $1 and day = $2`, string(x.Unit), x.Day)
	}
}

// held is what stands, and what the slots hold.
func (s strike) held() string {
	return s.column(`select k.first_names || ':' || u.name from booking b join unit u on u.id = b.unit join person k on k.id = b.child where b.state in ('booked', 'asked', 'waiting', 'offered')
		order by b.day, k.first_names desc, u.from_minute`) + " | " + s.column(`select state || ':' || taken from slot s join unit u on u.id = s.unit where s.day between $1 and $2 order by s.day, u.from_minute`,
		wednesday, wednesday.AddDays(7))
}

const oneByOne = "Jérémy:Matin Jérémy:Repas Jérémy:Après-midi Inès:Matin Inès:Repas Inès:Matin Inès:Après-midi | open:2 open:2 open:1 open:1 open:0 open:1"

func TestADayBookedPartByPartIsSuspendedAndComesBackInTheSameParts(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newOneByOne(t, d)
		if got := s.held(); got != oneByOne {
			t.Fatalf("the scene: %s", got)
		}
		mails := func() int { return len(strings.Fields(s.column(`select id from mail_outbox`))) }
		before := mails()
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.held(); got != " | closed:0 closed:0 closed:0 closed:0 closed:0 closed:0" {
			t.Fatalf("after the job: %s", got)
		}
		if n := mails() - before; n != 2 { // Camille and Thomas
			t.Errorf("%d mails", n)
		}
		if got := s.column(`select count(*) from suspension_order`); got != "1" {
			t.Errorf("%s confirmations for one family", got)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.held(); got != oneByOne {
			t.Errorf("given back: %s", got)
		}
	})
}

func TestWhatIsLeftOfADayBookedPartByPartComesBackWhole(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newOneByOne(t, d)
		s.asked.Units = []activity.UnitID{s.Units["Après-midi"]}
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.held(); got != "Jérémy:Matin Jérémy:Repas Inès:Matin Inès:Repas Inès:Matin | open:2 open:2 closed:0 open:1 open:0 closed:0" {
			t.Fatalf("after the job: %s", got)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.held(); got != oneByOne {
			t.Errorf("given back: %s", got)
		}
	})
}

// Of one child's day some parts wait and others are booked: one cell, one wish, and the job does not stumble over it.
func TestPartsInSeveralStatesAreOneDay(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newOneByOne(t, d)
		s.exec(`update booking set state = 'asked', slot = null where child = $1 and day = $2 and unit = $3`, string(s.Jeremy), wednesday, string(s.Units["Matin"]))
		s.exec(`update slot set taken = taken - 1 where day = $1 and unit = $2`, wednesday, string(s.Units["Matin"]))
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.held(); got != " | closed:0 closed:0 closed:0 closed:0 closed:0 closed:0" {
			t.Errorf("after the job: %s", got)
		}
	})
}

func TestTwoAgentsReopenAtOnce(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newOneByOne(t, d)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		at := len(strings.Fields(s.column(`select id from mail_outbox`)))
		said := make(chan error)
		for range 2 {
			go func() { said <- s.reopen(id) }()
		}
		won := 0
		for range 2 {
			if err := <-said; err == nil {
				won++
			} else if !isConflict(err) {
				t.Errorf("the second reads %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d agents reopened", won)
		}
		ran := make(chan error)
		for range 2 { // a job may run twice at once, when it was thought dead
			go func() {
				ran <- s.jobs.Handlers()[0].Run(context.Background(), map[string]string{"suspension": string(id)})
			}()
		}
		for range 2 {
			if err := <-ran; err != nil {
				t.Error(err)
			}
		}
		if got := s.held(); got != oneByOne {
			t.Errorf("given back: %s", got)
		}
		if n := len(strings.Fields(s.column(`select id from mail_outbox`))) - at; n != 2 {
			t.Errorf("%d mails tell of it", n)
		}
		if got := s.column(`select given_back from suspension_order`); got != "1" {
			t.Errorf("noted as given back: %s", got)
		}
	})
}

func isConflict(err error) bool { return fault.KindOf(err) == fault.Conflict }
