package booking_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// listPlan tells the killed process who asks for what, and when it begins.
type listPlan struct {
	Path  string
	From  time.Time
	Kids  []listKid
	Acts  []listAct
	Days  []civil.Date
	DieAt int  // it kills itself before so many writes of jobs; 0: never
	Rest  bool // nobody asks for anything: the jobs that wait are done, and that is all
}

type listKid struct {
	By       actor.Actor
	Child    family.ChildID
	Resident bool
}

type listAct struct {
	ID     activity.ID
	Only   activity.ChoiceID
	Places int
}

// listSlot is a day of an activity, by their places in the plan.
type listSlot struct{ act, day int }

// killedList books, joins lists, cancels and answers offers for ever, each worker for a child of its own, while a runner
// hands places on. What is done on one day of one activity is done one after the other, so that what is kept of it can be
// told again; days run beside each other. "try 3 0 1 book 1799…" is worker 3's first activity on its second day, at a
// moment that nothing else has.
func killedList(raw []byte) error {
	var p listPlan
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	d, err := testkit.OpenPath(p.Path)
	if err != nil {
		return err
	}
	x := &lister{listPlan: p, d: d, days: map[listSlot]*sync.Mutex{}, work: make(chan struct{}, 1), failed: make(chan error)}
	cache := &activity.Cache{DB: d}
	if x.cat, err = cache.Get(context.Background(), x.now()); err != nil {
		return err
	}
	list := booking.List{DB: d, Now: x.tick, Catalogue: cache}
	runner := &jobs.Runner{DB: d, Dailies: list.Schedule(), Now: x.now}
	var left atomic.Int64
	left.Store(int64(p.DieAt))
	for _, h := range list.Handlers() {
		runner.Handlers = append(runner.Handlers, jobs.Handler{Kind: h.Kind, Run: func(ctx context.Context, args map[string]string) error {
			return h.Run(testkit.DieAtWrite(ctx, &left, ""), args)
		}})
	}
	if p.Rest {
		_, err := runner.Once(context.Background())
		return err
	}
	for act := range p.Acts {
		for day := range p.Days {
			x.days[listSlot{act, day}] = &sync.Mutex{}
		}
	}
	for kid := range p.Kids {
		go x.ask(kid)
	}
	go func() {
		for {
			x.all.Lock()
			_, err := runner.Once(context.Background())
			x.all.Unlock()
			if err != nil {
				x.failed <- err
			}
			<-x.work
		}
	}()
	return <-x.failed
}

type lister struct {
	listPlan
	d      *db.DB
	cat    *activity.Catalogue
	clock  atomic.Int64 // minutes since From: each thing done has one of its own
	all    sync.RWMutex // held by jobs for themselves
	days   map[listSlot]*sync.Mutex
	work   chan struct{}
	failed chan error
}

func (x *lister) tick() time.Time { return x.at(x.clock.Add(1)) }
func (x *lister) now() time.Time  { return x.at(x.clock.Load()) }
func (x *lister) at(minute int64) time.Time {
	return x.From.In(persontest.Now().Location()).Add(time.Duration(minute) * time.Minute)
}

func (x *lister) ask(kid int) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(kid)))
	for {
		s := listSlot{random.IntN(len(x.Acts)), random.IntN(len(x.Days))}
		x.all.RLock()
		x.days[s].Lock()
		err := x.once(random, kid, s)
		x.days[s].Unlock()
		x.all.RUnlock()
		if err != nil {
			x.failed <- err
		}
		if random.IntN(4) == 0 { // freed places wait a little
			select {
			case x.work <- struct{}{}:
			default:
			}
		}
	}
}

// once does what a child's state on a day suggests.
func (x *lister) once(random *rand.Rand, kid int, s listSlot) error {
	k, act := x.Kids[kid], x.Acts[s.act]
	cell := booking.Cell{Child: k.Child, Activity: act.ID, Day: x.Days[s.day]}
	w := &world{d: x.d, cat: x.cat}
	states, err := db.Read(context.Background(), x.d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select state from booking where child = $1 and day = $2 and unit = $3 and state in ('booked', 'waiting', 'offered')`,
			string(k.Child), cell.Day, string(act.Only))
	})
	if err != nil {
		return err
	}
	state := strings.Join(states, "+")
	wish := booking.Wish{Cell: cell, Seen: booking.Token(state + "." + string(act.Only))}
	switch {
	case state == "":
		wish = booking.Wish{Cell: cell, Want: act.Only, Queue: true}
	case state == "booked" && random.IntN(3) == 0, state == "waiting" && random.IntN(20) > 0, state == "offered" && random.IntN(2) == 0:
		return nil
	}
	now, what := x.tick(), "order"
	if state == "offered" {
		what = []string{"taken", "declined"}[random.IntN(2)]
	}
	testkit.Say("try", kid, s.act, s.day, what, int64(civil.InstantOf(now)))
	if state == "offered" {
		err := w.answer(now, client{Actor: k.By}, cell, what == "taken")
		if fault.KindOf(err) == fault.Conflict {
			what, err = "none", nil // its hour is over
		}
		if err == nil {
			testkit.Say("ok", kid, s.act, s.day, what, int64(civil.InstantOf(now)))
		}
		return err
	}
	out, err := w.apply(now, k.By, booking.Order{Wishes: []booking.Wish{wish}})
	if err != nil {
		return err
	}
	if out.Lines[0].Did == booking.DidNone {
		return fmt.Errorf("%s of %v: %s", state, cell, out.Lines[0].Why)
	}
	testkit.Say("ok", kid, s.act, s.day, string(out.Lines[0].Did), int64(civil.InstantOf(now)))
	return nil
}

// TestKill9OnTheWaitingListLosesNoPlaceAndNoTurn kills a process that books, waits, cancels and answers offers of a few
// days that are full, and hands their places on. What is kept as proof, told again from the first line, must be a story
// that the rules allow (nobody served before who stood before, no place given twice, an offer holds one) and end in what
// is stored; each answer given is in it; each line of it has its mail and its line of the journal; and a place that
// waits for somebody has the job that will give it.
func TestKill9OnTheWaitingListLosesNoPlaceAndNoTurn(t *testing.T) {
	testkit.EachKillable(t, booking.Sources(), func(t *testing.T, k testkit.Killable) {
		lives, cycles := 1, 12
		if deep() {
			lives, cycles = 6, 25
		}
		random := testkit.Random(t)
		sum := map[string]int{}
		for range lives {
			p := newListPlan(t, k.Fresh(t))
			h := &listStory{p: p, told: map[int64]string{}, tried: map[int64]bool{}}
			for cycle := range cycles {
				// Half of the deaths come around an answer, half amid a job.
				death := testkit.Killing{Child: "waiting", Answers: 1 + random.IntN(40), More: time.Duration(random.Int64N(int64(8*time.Millisecond)) - int64(4*time.Millisecond))}
				if p.DieAt = 0; cycle%2 == 1 {
					p.DieAt, death.Answers = 1+random.IntN(40), 0
				}
				death.Plan = p
				said, ended := death.Run(t)
				if ended {
					t.Fatal("the process came to an end")
				}
				k.Settled(t)
				h.listen(t, said)
				testkit.Reopened(t, p.Path, func(d *db.DB) { h.check(t, d, false) })
				p.From = h.last.Add(10 * time.Minute)
			}
			p.Rest, p.DieAt = true, 0
			if _, ended := (testkit.Killing{Child: "waiting", Plan: p}).Run(t); !ended {
				t.Fatal("the last jobs failed")
			}
			testkit.Reopened(t, p.Path, func(d *db.DB) { h.check(t, d, true) })
			for what, n := range h.did {
				sum[what] += n
			}
			sum["answers"] += len(h.told)
			sum["without"] += len(h.tried) - len(h.told)
		}
		for _, what := range []string{"joined", "promoted", "offered", "taken"} {
			if sum[what] == 0 {
				t.Errorf("nothing was %s: nothing was tested", what)
			}
		}
		t.Logf("%d kills, %v: 0 lost, nobody passed", lives*cycles, sum)
	})
}

func newListPlan(t *testing.T, path string) listPlan {
	t.Helper()
	d, err := testkit.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newLineWorld(t, d)
	w.exec(t, `update activity set offer_hours = 1 where promotion = 'offer'`)
	p := listPlan{Path: path, From: persontest.Now(), Days: []civil.Date{w.days.From, w.days.From.AddDays(1), w.days.From.AddDays(2)}}
	for _, h := range w.homes {
		for _, c := range h.children {
			p.Kids = append(p.Kids, listKid{h.Actor, c, h.resident})
		}
	}
	for i, a := range w.acts {
		p.Acts = append(p.Acts, listAct{a.ID, w.only([]string{"Atelier", "Sortie"}[i]), i + 1})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}
