package booking_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func([]byte) error{"booking": killedChild, "waiting": killedList})
}

func agentWith() actor.Actor { return familytest.Agent(booking.Write, activity.Write) }

// killPlan tells the killed process what to book.
type killPlan struct {
	Path     string
	Activity activity.ID
	Choice   activity.ChoiceID
	Days     []civil.Date
	Crowd    []client
}

const killPlaces = 2 // of each day, for all the children

// killedChild books and cancels for ever, two days an order, each worker for a child of its own, and prints each day of
// an order before it is sent and after it is answered: "try 3 0 book", "ok 3 0 booked".
func killedChild(raw []byte) error {
	var p killPlan
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	ctx, now := context.Background(), persontest.Now()
	d, err := testkit.OpenPath(p.Path)
	if err != nil {
		return err
	}
	w := &world{d: d, zone: now.Location()}
	if w.cat, err = db.Read(ctx, d, w.read); err != nil {
		return err
	}
	stored, err := db.Read(ctx, d, func(r db.Reader) (map[killCell]bool, error) { return p.stored(r) })
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i, c := range p.Crowd {
		go func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(i)))
			has := make([]bool, len(p.Days)) // what it was told, begun with what is stored
			for day := range p.Days {
				has[day] = stored[killCell{i, day}]
			}
			for {
				first := random.IntN(len(p.Days))
				days := []int{first, (first + 1 + random.IntN(len(p.Days)-1)) % len(p.Days)}
				var order booking.Order
				for _, day := range days {
					wish := booking.Wish{Cell: booking.Cell{Child: c.Child, Activity: p.Activity, Day: p.Days[day]}, Want: p.Choice}
					if has[day] {
						wish.Want, wish.Seen = "", booking.Token("booked."+string(p.Choice))
					}
					order.Wishes = append(order.Wishes, wish)
					say("try", i, day, string(wish.Want))
				}
				out, err := w.apply(now, c.Actor, order)
				if err != nil {
					failed <- err
					return
				}
				for at, day := range days {
					l := out.Lines[at]
					if l.Day != p.Days[day] || l.Did == booking.DidNone && l.Why != complet {
						failed <- fmt.Errorf("child %d: %s: %s", i, l.Day, l.Why)
						return
					}
					has[day] = has[day] != (l.Did != booking.DidNone)
					say("ok", i, day, string(l.Did))
				}
			}
		}()
	}
	return <-failed
}

// say writes a line at once, so that none is mixed with another's.
func say(what string, child, day int, did string) {
	if did == "" {
		did = "cancel"
	}
	testkit.Say(what, child, day, did)
}

type killCell struct{ child, day int }

// stored reads which children are booked on which days.
func (p killPlan) stored(r db.Reader) (map[killCell]bool, error) {
	type row struct{ child, day string }
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.child, &x.day)
		return x, err
	}, `select child, day from booking where state = 'booked'`)
	all := map[killCell]bool{}
	for _, x := range rows {
		for i, c := range p.Crowd {
			for j, d := range p.Days {
				if string(c.Child) == x.child && d.String() == x.day {
					all[killCell{i, j}] = true
				}
			}
		}
	}
	return all, err
}

// killOp is an order of a worker: called and answered at places of the one history. No answer: end is beyond all.
type killOp struct {
	start, end int
	book       bool
	did        booking.Did // "" without an answer
}

// TestKill9WhileBookingLosesNothing kills a process that books and cancels the last places of three days, again and
// again, and checks that what was told and what is stored is one history of each day: every place taken and given back
// in some order that the answers allow, ending in what is stored. The database is a file of the killed process itself,
// or PostgreSQL's, which outlives it.
func TestKill9WhileBookingLosesNothing(t *testing.T) {
	testkit.EachKillable(t, booking.Sources(), func(t *testing.T, k testkit.Killable) {
		cycles := 300
		if strings.HasSuffix(t.Name(), "postgres") {
			cycles = 150
		}
		killAndCompare(t, k, cycles)
	})
}

// killAndCompare is the test on one database.
func killAndCompare(t *testing.T, k testkit.Killable, cycles int) {
	if !deep() {
		cycles /= 20
	}
	random := testkit.Random(t)
	p := newKillPlan(t, k.Fresh(t))
	before := map[killCell]bool{}
	answered, open, full := 0, 0, 0
	for cycle := range cycles {
		// Half of the deaths come right after an answer, where a commit that is late would be missed most.
		lines, _ := testkit.Killing{Child: "booking", Plan: p, Answers: 1 + random.IntN(120),
			More: time.Duration(random.Int64N(int64(8*time.Millisecond)) - int64(4*time.Millisecond))}.Run(t)
		k.Settled(t)
		after := p.reopened(t)
		ops := p.history(t, lines)
		for day := range p.Days {
			h := killHistory{places: killPlaces, ops: make([][]killOp, len(p.Crowd))}
			for child := range p.Crowd {
				h.ops[child] = ops[killCell{child, day}]
				if before[killCell{child, day}] {
					h.first |= 1 << child
				}
				if after[killCell{child, day}] {
					h.last |= 1 << child
				}
				for _, op := range h.ops[child] {
					if op.did == "" {
						open++
					} else if answered++; op.did == booking.DidNone {
						full++
					}
				}
			}
			if !h.linearizable() {
				t.Fatalf("cycle %d, %s: no order of the answers ends in what is stored (%b to %b):\n%s", cycle, p.Days[day], h.first, h.last, strings.Join(lines, "\n"))
			}
		}
		before = after
	}
	if answered < cycles || full == 0 {
		t.Errorf("%d answers, %d « complet », in %d cycles: nothing was tested", answered, full, cycles)
	}
	t.Logf("%d kills, %d answers (%d « complet »), %d days of an order without one: 0 lost, each day linearizable", cycles, answered, full, open)
}

// newKillPlan makes the world in a database and leaves it closed.
func newKillPlan(t *testing.T, path string) killPlan {
	t.Helper()
	d, err := testkit.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, d)
	p := killPlan{Path: path, Activity: w.byName["Garderie"].ID, Choice: w.only("Garderie"), Crowd: w.crowd(t, 6, "Garderie")}
	p.Days = []civil.Date{w.days.From, w.days.From.AddDays(1), w.days.From.AddDays(2)}
	w.exec(t, `update slot set capacity = $1`, killPlaces)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// reopened opens what is left, checks places against bookings and bookings against their proof, and tells who is booked.
func (p killPlan) reopened(t *testing.T) (all map[killCell]bool) {
	t.Helper()
	testkit.Reopened(t, p.Path, func(d *db.DB) {
		tallyNow(t, d)
		noHalves(t, d)
		var err error
		if all, err = db.Read(context.Background(), d, p.stored); err != nil {
			t.Fatal(err)
		}
	})
	return all
}

// noHalves checks that each order is there whole: the lines of both its days and its line of the journal, and that each
// booking stands as its lines say.
func noHalves(t *testing.T, d *db.DB) {
	t.Helper()
	testkit.CountsAreZero(t, d, map[string]string{
		"orders with a line of one day alone": `select count(*) from (select reference from booking_line group by reference having count(*) <> 2) x`,
		"orders that the journal lacks, or tells alone": `select abs((select count(distinct reference) from booking_line)
			- (select count(*) from audit_event where action = 'booking.applied'))`,
		"bookings that are not as their lines say": `select count(*) from booking b where (case when b.state = 'booked' then 1 else 0 end) <>
			(select coalesce(sum(case l.did when 'booked' then 1 when 'cancelled' then -1 else 0 end), 0) from booking_line l
				where l.child = b.child and l.day = b.day)`,
		"lines without their booking": `select count(*) from booking_line l where l.did = 'booked'
			and not exists (select 1 from booking b where b.child = l.child and b.day = l.day)`,
	})
}

// history puts what was said in order, by child and day.
func (p killPlan) history(t *testing.T, lines []string) map[killCell][]killOp {
	t.Helper()
	ops := map[killCell][]killOp{}
	for i, line := range lines {
		var what, did string
		var c killCell
		if _, err := fmt.Sscan(line, &what, &c.child, &c.day, &did); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if what == "try" {
			ops[c] = append(ops[c], killOp{start: i, end: len(lines), book: did != "cancel"})
			continue
		}
		last := &ops[c][len(ops[c])-1]
		last.end, last.did = i, booking.Did(did)
	}
	return ops
}

// killHistory is what happened to the places of one day: the children that hold one are bits.
type killHistory struct {
	places      int
	first, last int
	ops         [][]killOp // of each child, in its order
	tried       map[string]bool
}

// linearizable looks for an order of all orders that were answered, and of any that were not, which respects time, gives
// each the answer it had, and ends in what is stored.
func (h *killHistory) linearizable() bool {
	h.tried = map[string]bool{}
	return h.from(make([]int, len(h.ops)), h.first)
}

func (h *killHistory) from(next []int, now int) bool {
	key := fmt.Sprint(next, now)
	if h.tried[key] {
		return false
	}
	h.tried[key] = true
	done, first := true, int(^uint(0)>>1)
	for child, n := range next {
		if n < len(h.ops[child]) {
			op := h.ops[child][n]
			done = done && op.did == ""
			first = min(first, op.end)
		}
	}
	if done && now == h.last {
		return true
	}
	for child, n := range next {
		if n == len(h.ops[child]) || h.ops[child][n].start > first {
			continue
		}
		then, fits := h.ops[child][n].on(now, 1<<child, h.places)
		if !fits {
			continue
		}
		next[child]++
		if h.from(next, then) {
			return true
		}
		next[child]--
	}
	return false
}

// on is what an order makes of those who hold a place, and whether its answer can be that.
func (op killOp) on(now, bit, places int) (int, bool) {
	n := 0
	for b := now; b != 0; b &= b - 1 {
		n++
	}
	switch {
	case !op.book:
		return now &^ bit, now&bit != 0 && op.did != booking.DidNone
	case n < places:
		return now | bit, now&bit == 0 && op.did != booking.DidNone
	}
	return now, op.did == booking.DidNone || op.did == ""
}
