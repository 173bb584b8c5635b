package absence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func([]byte) error{"evening": killedEvening})
}

// eveningPlan tells the killed process who tells absences of whom.
type eveningPlan struct {
	Path     string
	From     time.Time
	Activity activity.ID
	Unit     activity.UnitID
	Kids     []eveningKid
	DieAt    int // it kills itself before the job writes so many mails; 0: never
}

type eveningKid struct {
	By     actor.Actor
	Child  family.ChildID
	Family family.ID
	Heads  int
}

// tellers are the first families, who tell absences; of the others somebody is missing again and again.
const tellers = 3

var eveningDays = []int{11, 12, 14, 15}

// killedEvening tells and withdraws absences for ever, a worker a family, while somebody marks who came and the evening
// job looks at it again and again. "try 3 12 told 1799…" is family 3's day, at a moment that nothing else has; "ok" has
// the reference too.
func killedEvening(raw []byte) error {
	var p eveningPlan
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	d, err := testkit.OpenPath(p.Path)
	if err != nil {
		return err
	}
	x := &teller{eveningPlan: p, d: d, cache: &activity.Cache{DB: d}}
	failed := make(chan error)
	for kid := range p.Kids {
		go func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(kid)))
			for {
				if kid < tellers && random.IntN(8) == 0 {
					if err := x.tell(random, kid); err != nil {
						failed <- err
					}
				}
				if err := x.mark(random, kid); err != nil {
					failed <- err
				}
			}
		}()
	}
	go func() { failed <- x.evenings() }()
	return <-failed
}

type teller struct {
	eveningPlan
	d     *db.DB
	cache *activity.Cache
	clock atomic.Int64
}

// tick is a moment that nothing else has.
func (x *teller) tick() time.Time {
	return x.From.In(persontest.Now().Location()).Add(time.Duration(x.clock.Add(1)) * time.Second)
}

func (x *teller) evenings() error {
	var left atomic.Int64
	left.Store(int64(x.DieAt))
	runner := &jobs.Runner{DB: x.d, Now: x.tick}
	for _, h := range (absence.Desk{DB: x.d, Now: x.tick, Catalogue: x.cache}).Handlers() {
		runner.Handlers = append(runner.Handlers, jobs.Handler{Kind: h.Kind, Run: func(ctx context.Context, args map[string]string) error {
			return h.Run(testkit.DieAtWrite(ctx, &left, "mail_outbox"), args)
		}})
	}
	for {
		if err := db.Do(context.Background(), x.d, func(tx *db.Tx) error { return jobs.Enqueue(tx, x.tick(), jobs.Job{Kind: absence.JobEvening}) }); err != nil {
			return err
		}
		if _, err := runner.Once(context.Background()); err != nil {
			return err
		}
	}
}

// tell tells an absence, or withdraws one.
func (x *teller) tell(random *rand.Rand, kid int) error {
	k, ctx := x.Kids[kid], context.Background()
	day := eveningDays[random.IntN(len(eveningDays))]
	on := civil.NewDate(2027, 1, day)
	told, err := db.Read(ctx, x.d, func(r db.Reader) ([]absence.ID, error) {
		return db.List(r, db.Column[absence.ID], `select id from absence where child = $1 and day = $2 and did = 'absent' and withdrawn_at is null`, string(k.Child), on)
	})
	if err != nil {
		return err
	}
	now := x.tick()
	if len(told) > 0 {
		testkit.Say("try", kid, day, "withdrawn", int64(civil.InstantOf(now)), told[0])
		err := db.Do(ctx, x.d, func(tx *db.Tx) error { return absence.Withdraw(tx, now, k.By, told[0]) })
		if fault.KindOf(err) == fault.Unknown && err != nil {
			return err
		}
		if err == nil {
			testkit.Say("ok", kid, day, "withdrawn", int64(civil.InstantOf(now)), told[0])
		}
		return nil
	}
	cat, err := x.cache.Get(ctx, now)
	if err != nil {
		return err
	}
	testkit.Say("try", kid, day, "told", int64(civil.InstantOf(now)), "-")
	out, err := db.Write(ctx, x.d, func(tx *db.Tx) (absence.Outcome, error) {
		return absence.Declare(tx, now, k.By, cat, absence.Report{Cells: []booking.Cell{{Child: k.Child, Activity: x.Activity, Day: on}}, Reason: ill})
	})
	if fault.KindOf(err) == fault.Conflict {
		return nil // marked present meanwhile
	}
	if err == nil {
		testkit.Say("ok", kid, day, "told", int64(civil.InstantOf(now)), out.Reference)
	}
	return err
}

// mark notes who came, as tablets do.
func (x *teller) mark(random *rand.Rand, kid int) error {
	state := []string{"absent", "absent", "absent", "present", "", ""}[random.IntN(6)]
	err := db.Do(context.Background(), x.d, func(tx *db.Tx) error {
		return booking.Tell(tx, x.tick(), x.Kids[kid].Child, x.Unit, civil.NewDate(2027, 1, eveningDays[random.IntN(len(eveningDays))]), booking.Attendance(state))
	})
	testkit.Say("ok mark")
	return err
}

// TestKill9InTheEveningTellsEachFamilyOnce kills a process in which families tell absences and the evening job tells them
// what did not go as booked. Every report that was answered is kept whole, with its mail; every incident that is noted as
// told has one mail a head of that moment, and no head has two of it.
func TestKill9InTheEveningTellsEachFamilyOnce(t *testing.T) {
	testkit.EachKillable(t, absence.Sources(), func(t *testing.T, k testkit.Killable) {
		lives, cycles := 1, 8
		if os.Getenv("PARVIS_DEEP") != "" {
			lives, cycles = 6, 20
		}
		random := testkit.Random(t)
		answers, told, mails := 0, 0, 0
		for range lives {
			p := newEvening(t, k.Fresh(t))
			answered := map[string]string{} // "told R-…", "withdrawn id"
			for cycle := range cycles {
				death := testkit.Killing{Child: "evening", Answers: 40 + random.IntN(160), More: time.Duration(random.Int64N(int64(8*time.Millisecond)) - int64(4*time.Millisecond))}
				if p.DieAt = 0; cycle%2 == 1 {
					p.DieAt, death.Answers = 1+random.IntN(12), 0
				}
				death.Plan = p
				said, ended := death.Run(t)
				if ended {
					t.Fatal("the process came to an end")
				}
				k.Settled(t)
				for _, line := range said {
					if w := strings.Fields(line); w[0] == "ok" && len(w) > 2 {
						answered[w[3]+" "+w[5]] = line
					}
				}
				p.From = p.From.Add(2 * time.Hour)
				testkit.Reopened(t, p.Path, func(d *db.DB) { p.check(t, d, answered) })
			}
			testkit.Reopened(t, p.Path, func(d *db.DB) {
				answers, told, mails = answers+len(answered), told+p.count(t, d, `select count(*) from incident where told_at is not null`),
					mails+p.count(t, d, `select count(*) from mail_outbox where template = '`+absence.MailEvening+`'`)
			})
		}
		if answers == 0 || told == 0 || mails == 0 {
			t.Errorf("%d answers, %d incidents told by %d mails: nothing was tested", answers, told, mails)
		}
		t.Logf("%d kills, %d reports and withdrawals answered, %d incidents stand as told, %d mails of evenings: 0 lost, none twice", lives*cycles, answers, told, mails)
	})
}

// newEvening makes families of one head or two and one child that is booked all week.
func newEvening(t *testing.T, path string) eveningPlan {
	t.Helper()
	d, err := testkit.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, d)
	w.publish(t, "malade-7j", "absent-prevenir", "sans-10")
	p := eveningPlan{Path: path, From: at(15, 19, 0), Activity: w.ID, Unit: activity.UnitID(w.Only())}
	for i := range 6 {
		p.Kids = append(p.Kids, w.eveningKid(t, i))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) eveningKid(t *testing.T, i int) eveningKid {
	t.Helper()
	now, job := persontest.Now(), actor.Job("test")
	k, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (k eveningKid, err error) {
		if k.Family, err = family.Insert(tx, now, job, "", w.Service); err != nil {
			return k, err
		}
		for n := range 1 + i%2 {
			id, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprint("Parent", i), FirstNames: []string{"Alix", "Noor"}[n], Email: fmt.Sprintf("p%d.%d@exemple.fr", i, n)})
			if err != nil {
				return k, err
			}
			if _, err := family.AddMember(tx, now, job, family.NewMember{Family: k.Family, Person: id, Role: []family.Role{family.Holder, family.CoHolder}[n]}); err != nil {
				return k, err
			}
			k.By, k.Heads = persontest.Citizen(id), n+1
		}
		id, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprint("Enfant", i), FirstNames: "Sacha", BirthDay: civil.NewDate(2018, 1, 1)})
		if err != nil {
			return k, err
		}
		k.Child, err = family.AddChild(tx, now, job, family.NewChild{Family: k.Family, Person: id, School: w.School, Level: "CE1"})
		return k, err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Enrol(t, w.ID, k.Child)
	var wishes []booking.Wish
	for _, day := range eveningDays {
		wishes = append(wishes, w.Wish(k.Child, civil.NewDate(2027, 1, day), w.Only()))
	}
	if out, err := w.Apply(t, now, k.By, booking.Order{Wishes: wishes}); err != nil || out.Done() != len(wishes) {
		t.Fatalf("book: %+v, %v", out, err)
	}
	return k
}

func (p eveningPlan) count(t *testing.T, d *db.DB, query string) int {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query) })
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// check looks at what is left after a kill.
func (p eveningPlan) check(t *testing.T, d *db.DB, answered map[string]string) {
	t.Helper()
	testkit.CountsAreZero(t, d, map[string]string{
		"reports without a day":           `select count(*) from absence_report r where (select count(*) from absence a where a.reference = r.reference) <> 1`,
		"reports that the journal lacks":  `select abs((select count(*) from absence_report) - (select count(*) from audit_event where action = 'absence.told'))`,
		"days told that no booking notes": `select count(*) from absence a where a.did = 'absent' and a.withdrawn_at is null and not exists (select 1 from booking b where b.child = a.child and b.day = a.day and b.absence_at is not null)`,
		"bookings that note what is not told": `select count(*) from booking b where b.absence_at is not null and not exists
			(select 1 from absence a where a.child = b.child and a.day = b.day and a.did = 'absent' and a.withdrawn_at is null)`,
		"evenings that told nothing new":        `select count(*) from audit_event where action = 'absence.incident.told' and detail = '0'`,
		"days withdrawn that the journal lacks": `select abs((select count(*) from absence where withdrawn_at is not null) - (select count(*) from audit_event where action = 'absence.withdrawn'))`,
	})
	kept := map[string]bool{}
	for what, query := range map[string]string{"told ": `select reference from absence_report`, "withdrawn ": `select id from absence where withdrawn_at is not null`} {
		for _, id := range p.column(t, d, query) {
			kept[what+id] = true
		}
	}
	for what, line := range answered {
		if !kept[what] {
			t.Fatalf("lost: %s", line)
		}
	}
	parts := strings.Fields(strings.Join(p.column(t, d, `select parts from mail_outbox where template = '`+absence.MailTold+`'`), " "))
	for what := range kept {
		reference, is := strings.CutPrefix(what, "told ")
		if n := len(slices.DeleteFunc(slices.Clone(parts), func(x string) bool { return x != reference })); is && n < 1 {
			t.Fatalf("%s is mailed to %d heads", what, n)
		}
	}
	p.checkEvenings(t, d)
}

// checkEvenings compares what is noted as told with the mails that told it.
func (p eveningPlan) checkEvenings(t *testing.T, d *db.DB) {
	t.Helper()
	heads := map[string]int{}
	for _, k := range p.Kids {
		heads[string(k.Family)] = k.Heads
	}
	sent, twice := map[string]int{}, map[string]bool{}
	_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		_, err := db.List(r, func(s db.Scanner) (int, error) {
			var to string
			var args db.Args
			if err := s.Scan(&to, &args); err != nil {
				return 0, err
			}
			of := args["family"] + " " + args["at"]
			if sent[of]++; twice[of+to] {
				t.Fatalf("%s is told twice of %s", to, of)
			}
			twice[of+to] = true
			return 0, nil
		}, `select to_address, args from mail_outbox where template = $1`, absence.MailEvening)
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for of, n := range sent {
		home, _, _ := strings.Cut(of, " ")
		if want, known := heads[home]; known && n != want {
			t.Fatalf("%d mails to %d heads: %s", n, want, of)
		}
	}
	for _, of := range p.column(t, d, `select distinct family || ' ' || cast(told_at as text) from incident where told_at is not null`) {
		if sent[of] == 0 {
			t.Fatalf("noted as told, without a mail: %s", of)
		}
	}
	if n := p.count(t, d, `select count(*) from audit_event where action = 'absence.incident.told'`); n != len(sent) {
		t.Fatalf("%d families were told, the journal says %d", len(sent), n)
	}
}

func (p eveningPlan) column(t *testing.T, d *db.DB, query string) []string {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}
