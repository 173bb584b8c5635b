package suspension_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func([]byte) error{"families": killedFamilies})
}

// jobPlan tells the killed process where the jobs are. Each one's clock is ahead of the one before by more than a lease.
type jobPlan struct {
	Path string
	Late time.Duration
}

// killedFamilies does what jobs wait, and says "ok" at each step.
func killedFamilies(raw []byte) error {
	var p jobPlan
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	d, err := testkit.OpenPath(p.Path)
	if err != nil {
		return err
	}
	now := persontest.Now().Add(p.Late)
	steps := func() time.Time { testkit.Say("ok"); return now }
	all := suspension.Jobs{DB: d, Now: steps, Catalogue: &activity.Cache{DB: d}}
	_, err = (&jobs.Runner{DB: d, Handlers: all.Handlers(), Now: func() time.Time { return now }}).Once(context.Background())
	return err
}

// TestKill9WhileFamiliesAreGoneThrough suspends two days of a town and kills the process that goes through its families,
// again and again, until it comes to its end; then gives the days back the same way. At each moment a family has all its
// days, or has lost them all, with its proof and one mail a head; in the end each was told once, nothing is forgotten, and
// what comes back is what it was.
func TestKill9WhileFamiliesAreGoneThrough(t *testing.T) {
	testkit.EachKillable(t, suspension.Sources(), func(t *testing.T, k testkit.Killable) {
		towns, families := 1, 12
		if os.Getenv("PARVIS_DEEP") != "" {
			towns, families = 8, 40
		}
		random := testkit.Random(t)
		kills, days, mails := 0, 0, 0
		for range towns {
			x := newTown(t, k, families)
			x.suspend(t)
			kills += x.kill(t, random, suspension.MailClosed)
			x.listsWhatIsLeft(t)
			x.reopen(t)
			kills += x.kill(t, random, suspension.MailReopened)
			x.isWhatItWas(t)
			days, mails = days+x.days(), mails+2*x.mails()
		}
		if kills < 4*towns {
			t.Errorf("only %d kills", kills)
		}
		t.Logf("%d kills, %d towns of %d families: %d days cancelled and given back once, %d mails, none twice", kills, towns, families, days, mails)
	})
}

// townOf is a town that is suspended.
type townOf struct {
	k     testkit.Killable
	plan  jobPlan
	asked suspension.Asked
	agent actor.Actor
	id    suspension.ID
	homes map[family.ID]*townHome
	was   []string
}

type townHome struct {
	heads []string // addresses
	days  int      // that a suspension takes
}

func (x *townOf) days() (n int) {
	for _, h := range x.homes {
		n += h.days
	}
	return n
}

func (x *townOf) mails() (n int) {
	for _, h := range x.homes {
		n += len(h.heads)
	}
	return n
}

// newTown makes families of one or two heads and one or two children, who booked one or two of the days and one that
// stays; a child of two homes, each with a day of its own; and one whose presence is noted already.
func newTown(t *testing.T, k testkit.Killable, families int) *townOf {
	t.Helper()
	path := k.Fresh(t)
	d, err := testkit.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	many := 3 * families
	s := strike{Open: bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: &many}), t: t, d: d}
	x := &townOf{k: k, plan: jobPlan{Path: path}, agent: s.agent(), homes: map[family.ID]*townHome{}}
	x.asked = suspension.Asked{Activities: []activity.ID{s.ID}, Days: civil.Range{From: thursday, To: friday}, Reason: "Grève du personnel"}
	s.book(s.Camille, s.Wish(s.Jeremy, thursday, s.Only()), s.Wish(s.Ines, thursday, s.Only()), s.Wish(s.Ines, friday, s.Only()))
	s.book(s.Bruno, s.Wish(s.Jeremy, friday, s.Only()))
	x.homes[s.First] = &townHome{[]string{persontest.Camille().Email, "thomas@exemple.fr"}, 2}
	x.homes[s.Second] = &townHome{[]string{"bruno.petit@exemple.fr"}, 1}
	s.exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'present', 1)`, string(s.Ines), string(s.Only()), thursday)
	for i := range families {
		s.townHome(x, i)
	}
	if x.was = strings.Split(s.column(bookings), " "); len(x.was) < families {
		t.Fatalf("%d bookings", len(x.was))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return x
}

const bookings = `select child || '/' || day || '/' || family || '/' || state || '/' || coalesce(slot, '') || '/' || coalesce(choice, '') || '/' ||
	coalesce(cast(until_at as text), '-') from booking order by child, day`

// townHome adds the i-th family and books for it.
func (s strike) townHome(x *townOf, i int) {
	s.t.Helper()
	now, job := persontest.Now(), actor.Job("test")
	h := &townHome{}
	type made struct {
		home     family.ID
		parent   person.ID
		children []family.ChildID
	}
	m, err := db.Write(context.Background(), s.d, func(tx *db.Tx) (m made, err error) {
		if m.home, err = family.Insert(tx, now, job, "", s.Service); err != nil {
			return m, err
		}
		h.heads = nil
		for n := range 1 + i%2 {
			p := person.Person{LastName: fmt.Sprint("Parent", i), FirstNames: []string{"Alix", "Noor"}[n], Email: fmt.Sprintf("p%d.%d@exemple.fr", i, n)}
			if i%7 == 6 && n == 0 {
				p.Email = "" // no mail reaches this one
			} else {
				h.heads = append(h.heads, p.Email)
			}
			id, err := person.Insert(tx, now, job, p)
			if err != nil {
				return m, err
			}
			if n == 0 {
				m.parent = id
			}
			if _, err := family.AddMember(tx, now, job, family.NewMember{Family: m.home, Person: id, Role: []family.Role{family.Holder, family.CoHolder}[n]}); err != nil {
				return m, err
			}
		}
		for n := range 1 + i%3/2 {
			id, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprint("Enfant", i), FirstNames: []string{"Sacha", "Lou"}[n], BirthDay: civil.NewDate(2018, 1, 1)})
			if err != nil {
				return m, err
			}
			child, err := family.AddChild(tx, now, job, family.NewChild{Family: m.home, Person: id, School: s.School, Level: "CE1"})
			if err != nil {
				return m, err
			}
			m.children = append(m.children, child)
		}
		return m, nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Enrol(s.t, s.ID, m.children...)
	var wishes []booking.Wish
	for n, c := range m.children {
		wishes = append(wishes, s.Wish(c, thursday.AddDays(-2), s.Only()), s.Wish(c, thursday, s.Only()))
		if h.days++; (i+n)%2 == 0 {
			wishes = append(wishes, s.Wish(c, friday, s.Only()))
			h.days++
		}
	}
	s.book(m.parent, wishes...)
	x.homes[m.home] = h
}

// act does something with the database open.
func (x *townOf) act(t *testing.T, do func(s strike)) {
	t.Helper()
	testkit.Reopened(t, x.plan.Path, func(d *db.DB) {
		do(strike{Open: bookingtest.Open{Catalogue: &activity.Cache{DB: d}}, t: t, d: d})
	})
}

func (x *townOf) suspend(t *testing.T) {
	t.Helper()
	x.act(t, func(s strike) {
		var err error
		if x.id, err = s.suspend(x.agent, x.asked); err != nil {
			t.Fatal(err)
		}
	})
}

func (x *townOf) reopen(t *testing.T) {
	t.Helper()
	x.act(t, func(s strike) {
		if err := db.Do(context.Background(), s.d, func(tx *db.Tx) error { return suspension.Reopen(tx, persontest.Now(), x.agent, x.id) }); err != nil {
			t.Fatal(err)
		}
	})
}

// kill lets the job run, and die, until it comes to its end; it counts the deaths.
func (x *townOf) kill(t *testing.T, random *rand.Rand, template string) (kills int) {
	t.Helper()
	for {
		x.plan.Late += 2 * time.Minute
		_, ended := testkit.Killing{Child: "families", Plan: x.plan, Answers: 1 + random.IntN(7),
			More: time.Duration(random.Int64N(int64(10*time.Millisecond)) - int64(5*time.Millisecond))}.Run(t)
		x.k.Settled(t)
		x.act(t, func(s strike) { x.look(s, template, ended) })
		if ended {
			return kills
		}
		if kills++; kills > 200 {
			t.Fatal("it never ends")
		}
	}
}

// look holds each family against what the act does: nothing yet, or all of it.
func (x *townOf) look(s strike, template string, ended bool) {
	s.t.Helper()
	back := template == suspension.MailReopened
	did, over := "cancelled", suspension.Closed
	if back {
		did, over = "booked", suspension.Reopened
	}
	if state := s.column(`select state from suspension`); ended && state != string(over) {
		s.t.Fatalf("the job is over and the suspension is %s", state)
	}
	lines := s.byHome(`select l.family, count(*) from booking_line l where l.did = $1 and l.day in ($2, $3) and l.by_agent = true group by l.family`, did, thursday, friday)
	booked := s.byHome(`select b.family, count(*) from booking b where b.state = 'booked' and b.day in ($1, $2)
		and not exists (select 1 from attendance a where a.child = b.child and a.day = b.day) group by b.family`, thursday, friday)
	orders := s.byHome(`select l.family, count(distinct o.reference) from suspension_order o join booking_line l on l.reference = o.reference
		where o.given_back is not null or $1 = 0 group by l.family`, map[bool]int{false: 0, true: 1}[back])
	mails := s.mailed(template)
	for id, h := range x.homes {
		stands := map[bool]int{false: h.days, true: 0}
		if back {
			stands = map[bool]int{false: 0, true: h.days}
		}
		done := lines[id] > 0
		wantLines, wantOrders := 0, 0
		want := []string{}
		if done {
			wantLines, wantOrders, want = h.days, 1, slices.Sorted(slices.Values(h.heads))
		}
		if lines[id] != wantLines || booked[id] != stands[done] || orders[id] != wantOrders || !slices.Equal(mails[id], want) {
			s.t.Fatalf("%s: a family of %d days has %d lines of proof, %d days booked, %d confirmations, mails to %q; heads are %q", template, h.days, lines[id], booked[id], orders[id], mails[id], h.heads)
		}
		if ended && !done {
			s.t.Fatalf("%s: a family of %d days was forgotten", template, h.days)
		}
	}
	testkit.CountsAreZero(s.t, s.d, map[string]string{
		"slots that count other places than are booked": `select count(*) from slot s where s.taken <>
			(select count(*) from booking b where b.slot = s.id and b.state in ('booked', 'offered'))`,
		"confirmations that the journal lacks, or tells alone": `select abs((select count(distinct reference) from booking_line)
			- (select count(*) from audit_event where action = 'booking.applied'))`,
		"days that nobody could do anything about": `select coalesce(sum(left_days), 0) from suspension`,
	})
}

func (s strike) byHome(query string, args ...any) map[family.ID]int {
	s.t.Helper()
	type row struct {
		id family.ID
		n  int
	}
	all, err := db.Read(context.Background(), s.d, func(r db.Reader) ([]row, error) {
		return db.List(r, func(sc db.Scanner) (x row, err error) { return x, sc.Scan(&x.id, &x.n) }, query, args...)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	of := map[family.ID]int{}
	for _, x := range all {
		of[x.id] = x.n
	}
	return of
}

// mailed lists the addresses that mails of a template go to, by family, in order; one told twice is there twice.
func (s strike) mailed(template string) map[family.ID][]string {
	s.t.Helper()
	of := map[family.ID][]string{}
	_, err := db.Read(context.Background(), s.d, func(r db.Reader) (int, error) {
		_, err := db.List(r, func(sc db.Scanner) (int, error) {
			var to string
			var args db.Args
			err := sc.Scan(&to, &args)
			id := family.ID(args["family"])
			of[id] = append(of[id], to)
			return 0, err
		}, `select to_address, args from mail_outbox where template = $1 order by to_address`, template)
		return 0, err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return of
}

// listsWhatIsLeft checks that the days still booked are those that the page lists, with why.
func (x *townOf) listsWhatIsLeft(t *testing.T) {
	t.Helper()
	x.act(t, func(s strike) {
		if left := s.column(`select count(*) from booking where state = 'booked' and day in ($1, $2)`, thursday, friday); left != "1" {
			t.Errorf("%s days are still booked, want the one that is noted", left)
		}
		page := s.desk().As(x.agent).Get(suspension.Path + "/" + string(x.id)).Text("main")
		if strings.Count(page, "Présence déjà notée") != 1 || !strings.Contains(page, "Inès") {
			t.Errorf("the day that stays is not listed: %s", page)
		}
	})
}

func (x *townOf) isWhatItWas(t *testing.T) {
	t.Helper()
	x.act(t, func(s strike) {
		now := strings.Split(s.column(bookings), " ")
		if !slices.Equal(now, x.was) {
			t.Fatalf("not what it was:\n%q\n%q", now, x.was)
		}
		if told := s.mailed(suspension.MailClosed); len(slices.Collect(maps.Keys(told))) == 0 {
			t.Error("nobody was told of the suspension")
		}
	})
}
