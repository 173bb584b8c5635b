package suspension_test

import (
	"context"
	"net/url"
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
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"
)

var (
	thursday = civil.NewDate(2027, 1, 14)
	friday   = civil.NewDate(2027, 1, 15)
)

// strike is a canteen of two places a day where Camille's home booked Thursday and Friday for both children; Jérémy's
// Friday is the other home's.
type strike struct {
	bookingtest.Open
	t     *testing.T
	d     *db.DB
	jobs  suspension.Jobs
	asked suspension.Asked
}

func newStrike(t *testing.T, d *db.DB) strike {
	t.Helper()
	two := 2
	s := strike{Open: bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: &two}), t: t, d: d}
	s.jobs = suspension.Jobs{DB: d, Now: persontest.Now, Catalogue: s.Catalogue}
	s.asked = suspension.Asked{Activities: []activity.ID{s.ID}, Days: civil.Range{From: thursday, To: friday}, Reason: "Grève du personnel", Message: "Prévoyez un pique-nique."}
	s.book(s.Camille, s.Wish(s.Jeremy, thursday, s.Only()), s.Wish(s.Ines, thursday, s.Only()), s.Wish(s.Ines, friday, s.Only()))
	s.book(s.Bruno, s.Wish(s.Jeremy, friday, s.Only()))
	return s
}

func (s strike) book(by person.ID, wishes ...booking.Wish) {
	s.t.Helper()
	out, err := s.Apply(s.t, persontest.Now(), persontest.Citizen(by), booking.Order{Wishes: wishes})
	if err != nil || out.Done() != len(wishes) {
		s.t.Fatalf("booking: %+v, %v", out, err)
	}
}

func (s strike) agent() actor.Actor { return familytest.AgentOf(s.Service, suspension.Write) }

func (s strike) suspend(a actor.Actor, x suspension.Asked) (suspension.ID, error) {
	cat, err := s.Catalogue.Get(context.Background(), persontest.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return db.Write(context.Background(), s.d, func(tx *db.Tx) (suspension.ID, error) { return suspension.Suspend(tx, persontest.Now(), a, cat, x) })
}

// run does the job of a suspension.
func (s strike) run(id suspension.ID) {
	s.t.Helper()
	for _, h := range s.jobs.Handlers() {
		if err := h.Run(context.Background(), map[string]string{"suspension": string(id)}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s strike) reopen(id suspension.ID) error {
	return db.Do(context.Background(), s.d, func(tx *db.Tx) error { return suspension.Reopen(tx, persontest.Now(), s.agent(), id) })
}

func (s strike) column(query string, args ...any) string {
	s.t.Helper()
	all, err := db.Read(context.Background(), s.d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query, args...) })
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func (s strike) exec(query string, args ...any) {
	s.t.Helper()
	if err := db.Do(context.Background(), s.d, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
		s.t.Fatal(err)
	}
}

// stands is the states of all bookings, and of the slots of the two days with what they hold.
func (s strike) stands() string {
	return s.column(`select state from booking order by day, child, unit`) + " | " +
		s.column(`select state || ':' || taken from slot where day in ($1, $2) order by day`, thursday, friday)
}

const full = "booked booked booked booked | open:2 open:2"

func TestOneActClosesCancelsAndTells(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		before := len(strings.Fields(s.column(`select id from mail_outbox`)))
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.stands(); got != "booked booked booked booked | closed:2 closed:2" {
			t.Errorf("places close at once, families wait: %s", got)
		}
		s.run(id)
		if got := s.stands(); got != "cancelled cancelled cancelled cancelled | closed:0 closed:0" {
			t.Fatalf("after the job: %s", got)
		}
		if got := s.column(`select state from suspension`); got != "closed" {
			t.Errorf("state %s", got)
		}
		told := s.column(`select distinct to_address from mail_outbox where template = 'suspension.closed' and args like '%R-%' and id in
			(select id from mail_outbox order by created_at desc, id desc limit ` + "3" + `) order by to_address`)
		after := len(strings.Fields(s.column(`select id from mail_outbox`)))
		if after-before != 3 || len(strings.Fields(told)) != 3 { // Camille and Thomas head the first home, Bruno the second
			t.Errorf("%d mails, to %s", after-before, told)
		}
		if why := s.column(`select distinct why from booking_line where did = 'cancelled'`); why != "Grève du personnel. Prévoyez un pique-nique" {
			t.Errorf("families read %q", why)
		}
		if of := s.column(`select family from booking_line where did = 'cancelled' group by family order by count(*) desc`); of != string(s.First)+" "+string(s.Second) {
			t.Errorf("each home its own days: %s", of)
		}
		s.run(id) // a job may run twice
		if again := len(strings.Fields(s.column(`select id from mail_outbox`))); again != after {
			t.Errorf("told twice: %d mails more", again-after)
		}
	})
}

func TestReopeningGivesEachFamilyItsDaysBack(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update booking set absence_at = 7 where child = $1 and day = $2`, string(s.Ines), thursday) // told not to come
		was := s.column(`select child || day || family || coalesce(slot, '') || coalesce(choice, '') || coalesce(cast(absence_at as text), '-') || coalesce(cast(until_at as text), '-') || case when late then 'late' else '' end from booking order by child, day`)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.reopen(id); fault.KindOf(err) != fault.Conflict {
			t.Errorf("reopened while families are gone through: %v", err)
		}
		s.run(id)
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.stands(); got != full {
			t.Fatalf("given back: %s", got)
		}
		if now := s.column(`select child || day || family || coalesce(slot, '') || coalesce(choice, '') || coalesce(cast(absence_at as text), '-') || coalesce(cast(until_at as text), '-') || case when late then 'late' else '' end from booking order by child, day`); now != was {
			t.Errorf("not what it was:\n%s\n%s", now, was)
		}
		if got := s.column(`select state from suspension`); got != "reopened" {
			t.Errorf("state %s", got)
		}
		if err := s.reopen(id); fault.KindOf(err) != fault.Conflict {
			t.Errorf("reopened twice: %v", err)
		}
	})
}

func TestReopeningAddsThePlaceThatWentAndLeavesWhatAFamilyDidSince(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.book(s.Camille, s.Wish(s.Ines, friday, s.Only())) // before the job reaches its family
		s.exec(`update slot set taken = taken + 1, capacity = 2 where day = $1`, friday)
		s.run(id)
		if got := s.stands(); got != "booked booked booked booked | open:2 open:3" {
			t.Errorf("%s", got)
		}
		if n := s.column(`select capacity from slot where day = $1`, friday); n != "3" {
			t.Errorf("capacity %s: no place was added", n)
		}
	})
}

func TestAJobCutShortGoesOn(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		n := 0
		cut := s.jobs
		cut.Now = func() time.Time { // the second family is never reached
			if n++; n == 3 {
				stop()
			}
			return persontest.Now()
		}
		if err := cut.Handlers()[0].Run(ctx, map[string]string{"suspension": string(id)}); err == nil {
			t.Fatal("the job was not cut")
		}
		if got := s.column(`select count(*) from suspension_order`); got != "1" {
			t.Fatalf("%s families gone through", got)
		}
		s.run(id)
		if got := s.stands(); got != "cancelled cancelled cancelled cancelled | closed:0 closed:0" {
			t.Errorf("after the second run: %s", got)
		}
	})
}

func TestWhatHappenedAndOtherSitesStay(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'present', 1)`, string(s.Ines), string(s.Only()), thursday)
		s.exec(`update slot set state = 'closed', reason = 'Travaux', taken = 0 where day = $1`, friday)
		s.exec(`update booking set state = 'cancelled' where day = $1`, friday)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.column(`select state from booking where child = $1 and day = $2`, string(s.Ines), thursday); got != "booked" {
			t.Errorf("a day whose presence is noted is %s", got)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.column(`select state || reason from slot where day = $1`, friday); got != "closedTravaux" {
			t.Errorf("reopening opened what something else closed: %s", got)
		}
		other := s.asked
		other.Sites = nil
		other.Days = civil.Range{From: friday, To: friday}
		if _, err := s.suspend(s.agent(), other); fault.KindOf(err) != fault.Refused {
			t.Errorf("nothing open that day: %v", err)
		}
	})
}

func TestOnlyTheServicesOwnAgentsSuspend(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		for name, a := range map[string]actor.Actor{"another service": familytest.AgentOf(s.Youth, suspension.Write), "no right": familytest.AgentOf(s.Service, booking.Write, activity.Write), "a parent": persontest.Citizen(s.Camille)} {
			if _, err := s.suspend(a, s.asked); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		desk := s.desk()
		if page := desk.As(familytest.AgentOf(s.Youth, suspension.Write)).Get(suspension.Path + "/" + string(id)); page.Status != 404 {
			t.Errorf("another service opens it: %d", page.Status)
		}
		if page := desk.As(familytest.AgentOf(s.Youth, suspension.Write)).Get(suspension.Path); strings.Contains(page.Body, "Grève du personnel") {
			t.Error("another service lists it")
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error {
			return suspension.Reopen(tx, persontest.Now(), familytest.AgentOf(s.Youth, suspension.Write), id)
		})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("another service reopens it: %v", err)
		}
	})
}

func (s strike) desk() *testkit.Portal {
	p := testkit.NewPortal(s.t, s.d, persontest.Now())
	suspension.Pages{DB: s.d, Now: persontest.Now, Catalogue: s.Catalogue}.Agent(p.Router)
	return p
}

func TestTheCheckPageCountsBeforeAndTheFormLosesNothing(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		c := s.desk().As(s.agent())
		form := c.Get(suspension.Path + "/nouvelle")
		bad := form.SubmitAll("#suspendre", url.Values{"debut": {"hier"}, "motif": {""}, "message": {"Prévoyez un pique-nique"}})
		if bad.Status != 422 || !strings.Contains(bad.Text("#erreurs"), "Choisissez au moins une activité.") || !strings.Contains(bad.Text("#erreurs"), "Indiquez le motif") ||
			!strings.Contains(bad.Body, "Prévoyez un pique-nique") || !strings.Contains(bad.Body, `value="hier"`) {
			t.Fatalf("faults: %d %s", bad.Status, bad.Text("main"))
		}
		check := form.SubmitAll("#suspendre", url.Values{"activite": {string(s.ID)}, "lieu": {string(s.School)}, "debut": {"14/01/2027"}, "fin": {"15/01/2027"}, "motif": {"Grève du personnel"}, "message": {"Prévoyez un pique-nique"}})
		text := check.Text("main")
		for _, want := range []string{"2 enfants de 2 familles", "Jeudi 14 janvier", "Vendredi 15 janvier", "Grève du personnel", "Prévoyez un pique-nique"} {
			if !strings.Contains(text, want) && !strings.Contains(text, strings.ToLower(want)) {
				t.Errorf("the check lacks %q: %s", want, text)
			}
		}
		if got := s.stands(); got != full {
			t.Fatalf("the check did something: %s", got)
		}
		done := check.Submit("#confirmer", nil)
		if done.Status != 303 {
			t.Fatalf("confirming: %d %s", done.Status, done.Text("main"))
		}
		after := done.Follow()
		if after.Header.Get("Refresh") != "5" || !strings.Contains(after.Text("main"), "Ce n’est pas fini") {
			t.Errorf("while the job runs: %s", after.Text("main"))
		}
		id := suspension.ID(s.column(`select id from suspension`))
		s.run(id)
		closed := c.Get(suspension.Path + "/" + string(id))
		if !strings.Contains(closed.Text("main"), "2 familles prévenues, 4 jours annulés") || closed.Header.Get("Refresh") != "" {
			t.Errorf("once done: %s", closed.Text("main"))
		}
		if back := closed.Submit("#rouvrir", nil); back.Status != 303 {
			t.Fatalf("reopening: %d", back.Status)
		}
		s.run(id)
		if got := s.stands(); got != full {
			t.Errorf("reopened on screen: %s", got)
		}
		if page := c.Get(suspension.Path); !strings.Contains(page.Text("main"), "Rouvert") {
			t.Errorf("list: %s", page.Text("main"))
		}
	})
}
