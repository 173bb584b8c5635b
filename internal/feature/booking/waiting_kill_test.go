package booking_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
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
			return h.Run(testkit.DieAtWrite(ctx, &left), args)
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
		random := seeded(t)
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

// listStory is what one database was asked and answered.
type listStory struct {
	p     listPlan
	told  map[int64]string // what was answered, by its moment: "3 0 1 taken"
	tried map[int64]bool
	did   map[string]int // lines of the story, by kind
	last  time.Time
}

func (h *listStory) listen(t *testing.T, said []string) {
	t.Helper()
	for _, line := range said {
		var what, did string
		var kid, act, day int
		var at int64
		if _, err := fmt.Sscan(line, &what, &kid, &act, &day, &did, &at); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		h.tried[at] = true
		h.seen(at)
		if what == "ok" && did != "none" {
			h.told[at] = fmt.Sprint(kid, act, day, " ", did)
		}
	}
}

func (h *listStory) seen(at int64) {
	if when := civil.Instant(at).In(h.p.From.Location()); when.After(h.last) {
		h.last = when
	}
}

// listLine is a line of the story.
type listLine struct {
	at        int64
	kid       int
	did, was  string
	reference string
}

// check tells the story again and compares it with what is stored.
func (h *listStory) check(t *testing.T, d *db.DB, quiet bool) {
	t.Helper()
	h.did = map[string]int{}
	kept := map[int64]string{}
	references := map[string]int{}
	for act := range h.p.Acts {
		for day := range h.p.Days {
			s := listSlot{act, day}
			lines := h.lines(t, d, s)
			for _, l := range lines {
				h.did[l.did]++
				h.seen(l.at)
				references[l.reference]++
				byList := slices.Contains([]string{"promoted", "offered", "expired"}, l.did)
				if byList == h.tried[l.at] {
					t.Fatalf("%+v: asked for by somebody: %v", l, h.tried[l.at])
				}
				if byList {
					continue
				}
				if kept[l.at] != "" {
					t.Fatalf("%+v is there twice", l)
				}
				kept[l.at] = fmt.Sprint(l.kid, act, day, " ", l.did)
			}
			h.tell(t, d, s, lines, quiet)
		}
	}
	for at, what := range h.told {
		if kept[at] != what {
			t.Fatalf("answered %q at %d, kept %q", what, at, kept[at])
		}
	}
	h.proven(t, d, references)
}

// lines reads what is kept of a day of an activity, in order.
func (h *listStory) lines(t *testing.T, d *db.DB, s listSlot) []listLine {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]listLine, error) {
		return db.List(r, func(sc db.Scanner) (listLine, error) {
			var l listLine
			var child family.ChildID
			err := sc.Scan(&l.at, &child, &l.did, &l.was, &l.reference)
			l.kid = slices.IndexFunc(h.p.Kids, func(k listKid) bool { return k.Child == child })
			return l, err
		}, `select at, child, case when list <> '' then list else did end, was, reference from booking_line where activity = $1 and day = $2`,
			string(h.p.Acts[s.act].ID), h.p.Days[s.day])
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(x, y listLine) int { return cmp.Compare(x.at, y.at) })
	return all
}

// tell replays the lines of a day: who stands where after each.
func (h *listStory) tell(t *testing.T, d *db.DB, s listSlot, lines []listLine, quiet bool) {
	t.Helper()
	places := h.p.Acts[s.act].Places
	state, since := make([]string, len(h.p.Kids)), make([]int64, len(h.p.Kids))
	count := func(of ...string) (n int) {
		for _, x := range state {
			if slices.Contains(of, x) {
				n++
			}
		}
		return n
	}
	before := func(x, y int) bool { // in line
		if h.p.Kids[x].Resident != h.p.Kids[y].Resident {
			return h.p.Kids[x].Resident
		}
		return since[x] < since[y]
	}
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].at == lines[0].at {
			n++
		}
		waited := count("waiting")
		var served []int
		for _, l := range lines[:n] {
			was, _, _ := strings.Cut(l.was, ".")
			if was != state[l.kid] {
				t.Fatalf("%v: %+v, but it was %q", s, l, state[l.kid])
			}
			switch l.did {
			case "booked":
				if state[l.kid] = "booked"; waited > 0 {
					t.Fatalf("%v: %+v passes %d who wait", s, l, waited)
				}
			case "joined":
				state[l.kid], since[l.kid] = "waiting", l.at
			case "promoted", "taken":
				state[l.kid] = "booked"
			case "offered":
				state[l.kid] = "offered"
			case "cancelled", "declined", "expired":
				state[l.kid] = ""
			default:
				t.Fatalf("%v: %+v", s, l)
			}
			if l.did == "promoted" || l.did == "offered" {
				served = append(served, l.kid)
			}
		}
		for _, kid := range served {
			for other, x := range state {
				if x == "waiting" && before(other, kid) {
					t.Fatalf("%v at %d: %d was served before %d", s, lines[0].at, kid, other)
				}
			}
		}
		if n := count("booked", "offered"); n > places {
			t.Fatalf("%v at %d: %d have one of %d places", s, lines[0].at, n, places)
		}
		lines = lines[n:]
	}
	h.stands(t, d, s, state, places-count("booked", "offered"), count("waiting"), quiet)
}

// stands compares what a story ends in with the bookings, the places and the jobs.
func (h *listStory) stands(t *testing.T, d *db.DB, s listSlot, state []string, free, waiting int, quiet bool) {
	t.Helper()
	type row struct {
		child       family.ChildID
		state       string
		slot, wants string
		until       int64
	}
	type place struct {
		id    string
		taken int
	}
	act, day := h.p.Acts[s.act], h.p.Days[s.day]
	_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		slot, err := db.One(r, "slot", func(sc db.Scanner) (p place, err error) { return p, sc.Scan(&p.id, &p.taken) },
			`select id, taken from slot where unit = $1 and day = $2`, string(act.Only), day)
		if err != nil {
			return 0, err
		}
		all, err := db.List(r, func(sc db.Scanner) (x row, err error) {
			return x, sc.Scan(&x.child, &x.state, &x.slot, &x.wants, &x.until)
		}, `select child, state, coalesce(slot, ''), coalesce(wants, ''), coalesce(offer_until_at, 0) from booking where unit = $1 and day = $2
			and state not in ('cancelled', 'refused')`, string(act.Only), day)
		if err != nil {
			return 0, err
		}
		asked, err := db.List(r, db.Column[string], `select args from job where kind = $1 and state in ('queued', 'running')`, booking.JobHandOn)
		if err != nil {
			return 0, err
		}
		ends, err := db.List(r, db.Column[int64], `select run_at from job where kind = $1 and state in ('queued', 'running')`, booking.JobExpire)
		if err != nil {
			return 0, err
		}
		stored := make([]string, len(state))
		for _, x := range all {
			kid := slices.IndexFunc(h.p.Kids, func(k listKid) bool { return k.Child == x.child })
			stored[kid] = x.state
			holds := x.state != "waiting"
			if (x.slot == slot.id) != holds || (x.wants == slot.id) == holds || (x.until != 0) != (x.state == "offered") {
				t.Fatalf("%v: %+v of slot %s", s, x, slot.id)
			}
			if x.state == "offered" && !slices.ContainsFunc(ends, func(at int64) bool { return at <= x.until }) {
				t.Fatalf("%v: the offer until %d has no job that ends it: %v", s, x.until, ends)
			}
		}
		if !slices.Equal(stored, state) {
			t.Fatalf("%v: what is kept ends in %q, stored is %q", s, state, stored)
		}
		if slot.taken != act.Places-free {
			t.Fatalf("%v: %d of %d places are taken, %d are free", s, slot.taken, act.Places, free)
		}
		coming := slices.ContainsFunc(asked, func(args string) bool { return strings.Contains(args, slot.id) })
		if free > 0 && waiting > 0 && (quiet || !coming) {
			t.Fatalf("%v: %d places are free, %d wait, and nothing will hand them on (%v)", s, free, waiting, asked)
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var someReference = regexp.MustCompile(`R-\w{4}-\w{4}`)

// proven checks that each confirmation is mailed once, each home having one head, and is in the journal once; and that
// neither tells of one that is not there.
func (h *listStory) proven(t *testing.T, d *db.DB, references map[string]int) {
	t.Helper()
	for what, query := range map[string]string{
		"mailed":         `select args || ' ' || coalesce(parts, '') from mail_outbox`,
		"in the journal": `select detail from audit_event where action like 'booking.%'`,
	} {
		rows, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query) })
		if err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, row := range rows {
			found := someReference.FindAllString(row, -1)
			slices.Sort(found)
			for _, reference := range slices.Compact(found) {
				times[reference]++
			}
		}
		for reference := range references {
			if times[reference] != 1 {
				t.Fatalf("%s is %d times %s", reference, times[reference], what)
			}
		}
		if len(times) != len(references) {
			t.Fatalf("%d confirmations, %d %s", len(references), len(times), what)
		}
	}
}
