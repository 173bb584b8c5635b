package suspension_test

import (
	"net/url"
	"slices"
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

var wednesday = civil.NewDate(2027, 1, 13)

// newParts is Wednesdays in three parts where Jérémy has the whole day, Inès the afternoon, and the week after the
// morning with the meal.
func newParts(t *testing.T, d *db.DB) strike {
	t.Helper()
	two, on := 2, activity.Weekdays(4)
	s := strike{Open: bookingtest.NewOpen(t, d, activitytest.Plan{Name: "Mercredi", Capacity: &two, Units: []activity.Unit{
		{Name: "Matin", Weekdays: on, From: 480, To: 690, Alone: true}, {Name: "Repas", Weekdays: on, From: 690, To: 810}, {Name: "Après-midi", Weekdays: on, From: 810, To: 1080, Alone: true}},
		Choices: []activity.Choice{{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}}, {Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}}}}), t: t, d: d}
	s.jobs = suspension.Jobs{DB: d, Now: persontest.Now, Catalogue: s.Catalogue}
	s.asked = suspension.Asked{Activities: []activity.ID{s.ID}, Units: []activity.UnitID{s.Units["Après-midi"]}, Days: civil.Range{From: wednesday, To: wednesday.AddDays(7)}, Reason: "Grève du personnel"}
	s.book(s.Camille, s.Wish(s.Jeremy, wednesday, s.choice("Journée")), s.Wish(s.Ines, wednesday, activity.ChoiceID(s.Units["Après-midi"])), s.Wish(s.Ines, wednesday.AddDays(7), s.choice("Matin et repas")))
	return s
}

func (s strike) choice(name string) activity.ChoiceID {
	s.t.Helper()
	return activity.ChoiceID(s.column(`select id from choice where activity = $1 and name = $2`, string(s.ID), name))
}

// parts are what each child has that day, by the order of the day, and what the slots hold.
func (s strike) parts(day civil.Date) string {
	return s.column(`select b.state from booking b join unit u on u.id = b.unit where b.child = $1 and b.day = $2 order by u.from_minute`, string(s.Jeremy), day) + " | " +
		s.column(`select b.state from booking b join unit u on u.id = b.unit where b.child = $1 and b.day = $2 order by u.from_minute`, string(s.Ines), day) + " | " +
		s.column(`select s.state || ':' || s.taken from slot s join unit u on u.id = s.unit where s.day = $1 order by u.from_minute`, day)
}

const partsFull = "booked booked booked | booked | open:1 open:1 open:2"

func TestOnePartOfAnActivityIsSuspended(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newParts(t, d)
		form := s.desk().As(s.agent()).Get(suspension.Path + "/nouvelle")
		check := form.SubmitAll("#suspendre", url.Values{"activite": {string(s.ID)}, "partie": {string(s.Units["Après-midi"])}, "debut": {"13/01/2027"}, "fin": {"20/01/2027"}, "motif": {"Grève du personnel"}})
		text := check.Text("main")
		for _, want := range []string{"Mercredi (Après-midi)", "2 enfants de 1 famille", "2 courriels partiront", "Gardent une partie", "mercredi 13 janvierMercredi110"} {
			if !strings.Contains(text, want) {
				t.Errorf("the check lacks %q: %s", want, text)
			}
		}
		if strings.Contains(text, "mercredi 20 janvier 2027Mercredi") {
			t.Errorf("a day on which nobody is there that part: %s", text)
		}
		mails := func() int { return len(strings.Fields(s.column(`select id from mail_outbox`))) }
		before := mails()
		if done := check.Submit("#confirmer", nil); done.Status != 303 {
			t.Fatalf("confirming: %d %s", done.Status, done.Text("main"))
		}
		id := suspension.ID(s.column(`select id from suspension`))
		s.run(id)
		if got := s.parts(wednesday); got != "booked booked cancelled | cancelled | open:1 open:1 closed:0" {
			t.Fatalf("after: %s", got)
		}
		if got := s.parts(wednesday.AddDays(7)); got != " | booked booked | open:1 open:1 closed:0" {
			t.Errorf("who is there another part keeps it: %s", got)
		}
		if n := mails() - before; n != 2 {
			t.Errorf("%d mails left, 2 were said", n)
		}
		if got := s.column(`select distinct choice from booking where child = $1 and state = 'booked'`, string(s.Jeremy)); got != string(s.choice("Matin et repas")) {
			t.Errorf("Jérémy keeps %s", got)
		}
		if page := s.desk().As(s.agent()).Get(suspension.Path + "/" + string(id)).Text("main"); !strings.Contains(page, "Mercredi (Après-midi)") {
			t.Errorf("the page says what: %s", page)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.parts(wednesday); got != partsFull {
			t.Errorf("given back: %s", got)
		}
		if got := s.column(`select distinct choice from booking where child = $1 and state = 'booked'`, string(s.Jeremy)); got != string(s.choice("Journée")) {
			t.Errorf("Jérémy has %s back", got)
		}
	})
}

func TestGivingAPartBackLeavesWhatTheFamilyDidSince(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newParts(t, d)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		gone := booking.Wish{Cell: booking.Cell{Child: s.Jeremy, Activity: s.ID, Day: wednesday}, Seen: booking.Holding{State: booking.Booked, Choice: s.choice("Matin et repas")}.Token()}
		s.book(s.Camille, gone)
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.parts(wednesday); got != "cancelled cancelled cancelled | booked | open:0 open:0 open:1" {
			t.Errorf("given back: %s", got)
		}
	})
}

func TestOneGroupIsSuspended(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d) // Jérémy is in CM1
		for _, g := range []string{"g1", "g2"} {
			s.exec(`insert into activity_group (id, activity, site, name, folded, levels) values ($1, $2, $3, $4, $5, $6)`, g, string(s.ID), string(s.School), "Groupe "+g, "groupe "+g, map[string]string{"g1": "CM1", "g2": ""}[g])
			for _, day := range []civil.Date{thursday, friday} {
				s.exec(`insert into slot (id, unit, site, grp, day, capacity) values ($1, $2, $3, $4, $5, 9)`, g+day.String(), string(s.Only()), string(s.School), g, day)
			}
		}
		s.exec(`update booking set slot = 'g1' || day where child = $1`, string(s.Jeremy))
		s.exec(`update booking set slot = 'g2' || day where child = $1`, string(s.Ines))
		s.exec(`update slot set taken = 1 where grp is not null`)
		s.exec(`update slot set taken = 0 where grp is null`)
		s.exec(`update slot set taken = 0 where day = $1`, friday)
		s.exec(`update booking set state = 'asked', slot = null where day = $1`, friday) // each goes by its level
		s.Catalogue = &activity.Cache{DB: d}
		s.jobs.Catalogue = s.Catalogue
		s.asked.Groups = []activity.GroupID{"g2"}
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.column(`select state from booking where child = $1 order by day`, string(s.Ines)); got != "cancelled cancelled" {
			t.Errorf("of the group: %s", got)
		}
		if got := s.column(`select state from booking where child = $1 order by day`, string(s.Jeremy)); got != "booked asked" {
			t.Errorf("of the other group: %s", got)
		}
		if got := s.column(`select grp || ':' || state from slot where grp is not null order by day, grp`); got != "g1:open g2:closed g1:open g2:closed" {
			t.Errorf("slots: %s", got)
		}
		all := s.asked
		all.Groups = nil
		if _, err := s.suspend(s.agent(), all); !twice(err) {
			t.Errorf("all groups, that one too: %v", err)
		}
		other := s.asked
		other.Groups = []activity.GroupID{"g1"}
		if _, err := s.suspend(s.agent(), other); err != nil {
			t.Errorf("the other group besides: %v", err)
		}
		s.asked.Activities = nil
		_, err = s.suspend(s.agent(), s.asked)
		if !slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return f.Name == "groupe" }) {
			t.Errorf("a group of an activity that is not chosen: %v", err)
		}
	})
}
