package booking_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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
)

func TestMain(m *testing.M) {
	if plan := os.Getenv("PARVIS_BOOKING_CHILD"); plan != "" {
		if err := killedChild(plan); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// seeded makes the test's random source and prints how to repeat it.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
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

// killedChild books and cancels for ever, each worker for a child of its own, and prints each order before it is sent
// and after it is answered: "try 3 0 book", "ok 3 0 booked".
func killedChild(raw string) error {
	var p killPlan
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		return err
	}
	ctx, now := context.Background(), persontest.Now()
	d, err := db.Open(ctx, p.Path)
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
	fmt.Println("ready")
	failed := make(chan error)
	for i, c := range p.Crowd {
		go func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(i)))
			has := make([]bool, len(p.Days)) // what it was told, begun with what is stored
			for day := range p.Days {
				has[day] = stored[killCell{i, day}]
			}
			for {
				day := random.IntN(len(p.Days))
				wish := booking.Wish{Cell: booking.Cell{Child: c.Child, Activity: p.Activity, Day: p.Days[day]}, Want: p.Choice}
				if has[day] {
					wish.Want, wish.Seen = "", booking.Token("booked."+string(p.Choice))
				}
				say("try", i, day, string(wish.Want))
				out, err := w.apply(now, c.Actor, booking.Order{Wishes: []booking.Wish{wish}})
				if err != nil {
					failed <- err
					return
				}
				l := out.Lines[0]
				if l.Did == booking.DidNone && l.Why != complet {
					failed <- fmt.Errorf("child %d: %s", i, l.Why)
					return
				}
				has[day] = has[day] != (l.Did != booking.DidNone)
				say("ok", i, day, string(l.Did))
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
	_, _ = os.Stdout.WriteString(fmt.Sprintln(what, child, day, did))
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
// in some order that the answers allow, ending in what is stored.
func TestKill9WhileBookingLosesNothing(t *testing.T) {
	cycles := 15
	if deep() {
		cycles = 300
	}
	random := seeded(t)
	path := filepath.Join(t.TempDir(), "p.db")
	d, err := db.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(context.Background(), d, booking.Sources()...); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, d)
	p := killPlan{Path: path, Activity: w.byName["Garderie"].ID, Choice: w.only("Garderie"), Crowd: w.crowd(t, 6, "Garderie")}
	p.Days = []civil.Date{w.days.From, w.days.From.AddDays(1), w.days.From.AddDays(2)}
	w.exec(t, `update slot set capacity = $1`, killPlaces)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	before := map[killCell]bool{}
	answered, open, full := 0, 0, 0
	for cycle := range cycles {
		lines := p.killOnce(t, 20*time.Millisecond+time.Duration(random.Int64N(int64(150*time.Millisecond))))
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
	t.Logf("%d kills, %d answers (%d « complet »), %d orders without one: 0 lost, each day linearizable", cycles, answered, full, open)
}

// reopened opens what is left, checks places against bookings, and tells who is booked.
func (p killPlan) reopened(t *testing.T) map[killCell]bool {
	t.Helper()
	d, err := db.Open(context.Background(), p.Path)
	if err != nil {
		t.Fatalf("reopen: %v", err)
	}
	defer d.Close()
	if err := db.Check(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	tallyNow(t, d)
	all, err := db.Read(context.Background(), d, p.stored)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// killOnce lets a process book for a while, kills it, and returns what it said.
func (p killPlan) killOnce(t *testing.T, after time.Duration) []string {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PARVIS_BOOKING_CHILD="+string(raw))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line cut by the kill was not seen by the client
		}
		if line == "ready\n" {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			continue
		}
		said = append(said, strings.TrimSpace(line))
	}
	_ = cmd.Wait()
	if complaints.Len() > 0 {
		t.Fatalf("child: %s", complaints.String())
	}
	return said
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
