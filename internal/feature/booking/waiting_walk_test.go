package booking_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"

	"pgregory.net/rapid"
)

// TestWaitingListIsWhatTheModelSays runs sequences of all that happens to a waiting list beside a model in maps: after
// each step the same states, the same places, the same ranks.
func TestWaitingListIsWhatTheModelSays(t *testing.T) {
	for engine, checks := range map[string][2]int{"sqlite": {150, 12_000}, "postgres": {40, 1_500}} {
		t.Run(engine, func(t *testing.T) {
			n := checks[0]
			if deep() {
				n = checks[1]
			}
			w := newLineWorld(t, quickly(t, engine))
			set(t, "rapid.checks", fmt.Sprint(n))
			set(t, "rapid.nofailfile", "true")
			start, steps, counts := time.Now(), 0, map[string]int{}
			rapid.Check(t, func(rt *rapid.T) {
				err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
					newLineWalk(rt, w, tx, counts).all(&steps)
					return errOver
				})
				if !errors.Is(err, errOver) {
					rt.Fatalf("the sequence was not run: %v", err)
				}
			})
			t.Logf("%d sequences, %d steps, %.0f sequences/s, %v", n, steps, float64(n)/time.Since(start).Seconds(), counts)
		})
	}
}

type lineWalk struct {
	*rapid.T
	m      *lineModel
	tx     *db.Tx
	agent  actor.Actor
	ids    map[string]lineSlot
	counts map[string]int
}

func newLineWalk(t *rapid.T, w *lineWorld, tx *db.Tx, counts map[string]int) *lineWalk {
	r := &lineWalk{T: t, tx: tx, agent: agentWith(), ids: map[string]lineSlot{}, counts: counts,
		m: &lineModel{w: w, now: civil.NewDate(2027, 1, 9).At(10, 0, w.zone), cells: map[booking.Cell]*lineCell{}, slots: map[lineSlot]*mslot{}}}
	for _, x := range r.slots() {
		r.ids[x.id] = x.slot
		r.m.slots[x.slot] = &mslot{most: x.most}
	}
	return r
}

type lineSlotRow struct {
	id          string
	slot        lineSlot
	taken, most int
	closed      bool
}

func (r *lineWalk) slots() []lineSlotRow {
	all, err := db.List(r.tx, func(s db.Scanner) (lineSlotRow, error) {
		var x lineSlotRow
		var state string
		err := s.Scan(&x.id, &x.slot.act, &x.slot.day, &x.taken, &x.most, &state)
		x.closed = state == "closed"
		return x, err
	}, `select s.id, u.activity, s.day, s.taken, coalesce(s.capacity, -1), s.state from slot s join unit u on u.id = s.unit`)
	r.must(err)
	return all
}

func (r *lineWalk) must(err error) {
	if err != nil {
		r.Fatalf("%v", err)
	}
}

func (r *lineWalk) all(steps *int) {
	for range rapid.IntRange(1, 40).Draw(r.T, "steps") {
		*steps++
		switch n := rapid.IntRange(0, 21).Draw(r.T, "step"); {
		case n < 11:
			r.order()
		case n < 14:
			r.answers()
		case n == 14, n == 15:
			r.clock()
		case n == 16, n == 17:
			r.jobs()
		case n == 18, n == 19:
			r.capacity()
		case n == 20:
			r.closes()
		default:
			r.gives()
		}
		r.handedOn()
		r.compare()
	}
}

func (r *lineWalk) cells(which func(*lineCell) bool) []booking.Cell {
	var all []booking.Cell
	for c, x := range r.m.cells {
		if which(x) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y booking.Cell) int { return cmp.Compare(r.m.cells[x].seq, r.m.cells[y].seq) })
	return all
}

func (r *lineWalk) token(c booking.Cell) booking.Token {
	x := r.m.cells[c]
	if x == nil {
		return ""
	}
	a, _ := r.m.w.cat.Activity(c.Activity)
	return booking.Token(string(x.state) + "." + string(a.Choices[0].ID))
}

func (r *lineWalk) slot() lineSlot {
	days := r.m.w.days.Days()[:2]
	return lineSlot{rapid.SampledFrom(r.m.w.acts).Draw(r.T, "activity").ID, rapid.SampledFrom(days).Draw(r.T, "day")}
}

func (r *lineWalk) order() {
	home := rapid.IntRange(0, len(r.m.w.homes)-1).Draw(r.T, "home")
	h := r.m.w.homes[home]
	o := booking.Order{Together: rapid.IntRange(0, 2).Draw(r.T, "together") == 0}
	queue := rapid.IntRange(0, 3).Draw(r.T, "queue") > 0
	for range rapid.IntRange(1, 2).Draw(r.T, "days") {
		k := r.slot()
		for _, c := range h.children {
			cell := booking.Cell{Child: c, Activity: k.act, Day: k.day}
			if slices.ContainsFunc(o.Wishes, func(w booking.Wish) bool { return w.Cell == cell }) || rapid.IntRange(0, 3).Draw(r.T, "leaves out") == 0 {
				continue
			}
			w := booking.Wish{Cell: cell, Seen: r.token(cell), Queue: queue}
			if r.m.cells[cell] == nil {
				a, _ := r.m.w.cat.Activity(k.act)
				w.Want = a.Choices[0].ID
			}
			o.Wishes = append(o.Wishes, w)
		}
	}
	if len(o.Wishes) == 0 {
		return
	}
	r.m.now = r.m.now.Add(time.Second) // nobody asks at the same microsecond as another
	var out booking.Outcome
	r.must(r.keep(func() (err error) {
		out, err = booking.Apply(r.tx, r.m.now, h.Actor, r.m.w.cat, o)
		return err
	}))
	r.Logf("home %d at %s, together %v, queue %v", home, r.m.now, o.Together, queue)
	want := r.m.order(home, o, r.rowIDs())
	for i, l := range out.Lines {
		r.Logf("  %s on %s want %q seen %q: %s (%s)", l.Child, l.Day, l.Want, l.Seen, l.Did, l.Why)
		r.counts[string(l.Did)]++
		if _, cancel, _, _ := r.m.limits(slotOf(l.Cell)); l.Did == booking.DidCancel && l.Held.State == booking.Booked && !r.m.now.Before(cancel) {
			r.counts["late cancels"]++
		}
		if l.Did != want[i] {
			r.Fatalf("line %d: %s (%s), the model says %s", i, l.Did, l.Why, want[i])
		}
	}
}

func (r *lineWalk) rowIDs() map[booking.Cell]string {
	ids := map[booking.Cell]string{}
	_, err := db.List(r.tx, func(s db.Scanner) (string, error) {
		var c booking.Cell
		var id string
		err := s.Scan(&id, &c.Child, &c.Activity, &c.Day)
		ids[c] = id
		return id, err
	}, `select b.id, b.child, u.activity, b.day from booking b join unit u on u.id = b.unit`)
	r.must(err)
	return ids
}

func (r *lineWalk) answers() {
	all := r.cells(func(x *lineCell) bool { return x.state == booking.Offered })
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(r.T, "offer")
	take := rapid.Bool().Draw(r.T, "take")
	x := r.m.cells[c]
	r.Logf("answers %v, take %v", c, take)
	if rapid.IntRange(0, 5).Draw(r.T, "stranger") == 0 {
		r.refused(fault.NotFound, func() error {
			_, err := booking.AnswerOffer(r.tx, r.m.now, r.m.w.homes[(x.home+1)%5].Actor, r.m.w.cat, c, take)
			return err
		})
		return
	}
	err := r.keep(func() error {
		_, err := booking.AnswerOffer(r.tx, r.m.now, r.m.w.homes[x.home].Actor, r.m.w.cat, c, take)
		return err
	})
	if ok := r.m.now.Before(x.until); ok != (err == nil) || err != nil && fault.KindOf(err) != fault.Conflict {
		r.Fatalf("answer: %v, the model takes it: %v", err, ok)
	} else if !ok {
		return
	}
	for other, y := range r.m.cells {
		if other == c || x.group != 0 && y.group == x.group && slotOf(other) == slotOf(c) && y.state == booking.Offered {
			if take {
				y.state = booking.Booked
			} else {
				r.m.leave(other)
			}
		}
	}
	r.counts["answered"]++
	r.m.handOn()
}

func (r *lineWalk) clock() {
	if all := r.cells(func(x *lineCell) bool { return x.state == booking.Offered }); len(all) > 0 && r.m.cells[all[0]].until.After(r.m.now.Add(time.Second)) && rapid.Bool().Draw(r.T, "to the end of an offer") {
		r.m.now = r.m.cells[all[0]].until.Add(time.Duration(rapid.IntRange(-1, 0).Draw(r.T, "just before")) * time.Microsecond)
		r.jobs()
		return
	}
	r.m.now = r.m.now.Add(time.Duration(rapid.IntRange(1, 25).Draw(r.T, "hours")) * time.Hour)
}

func (r *lineWalk) jobs() {
	_, err := booking.ExpireOffers(r.tx, r.m.now, r.m.w.cat)
	r.must(err)
	r.handedOn()
	for _, day := range r.m.w.days.Days() {
		_, err := booking.Lapse(r.tx, r.m.now, r.m.w.cat, day)
		r.must(err)
	}
	for c, x := range r.m.cells {
		if x.state == booking.Offered && !r.m.now.Before(x.until) {
			r.m.leave(c)
			r.counts["expired"]++
		}
	}
	r.m.handOn()
	for c, x := range r.m.cells {
		if _, _, ends, _ := r.m.limits(slotOf(c)); x.state == booking.Waiting && !r.m.now.Before(ends) {
			delete(r.m.cells, c)
			r.counts["lapsed"]++
		}
	}
}

// placed is what follows each change of an activity on screen.
func (r *lineWalk) placed(k lineSlot) {
	r.must(booking.Placed(func() time.Time { return r.m.now })(r.tx, r.m.w.cat, k.act, civil.Range{From: k.day, To: k.day}))
	r.m.handOn()
}

func (r *lineWalk) capacity() {
	k := r.slot()
	if k.day.Before(civil.DateOf(r.m.now)) {
		return
	}
	n := rapid.IntRange(-1, 3).Draw(r.T, "places")
	most := &n
	if n < 0 {
		most = nil
	}
	_, err := activity.SetCapacity(r.tx, r.m.now, r.agent, k.act, activity.Scope{Days: civil.Range{From: k.day, To: k.day}}, most)
	r.must(err)
	s := r.m.slots[k]
	if s.most = n; n >= 0 {
		s.most = max(n, s.taken)
	}
	r.placed(k)
}

func (r *lineWalk) closes() {
	k := r.slot()
	if k.day.Before(civil.DateOf(r.m.now)) {
		return
	}
	s, scope := r.m.slots[k], activity.Scope{Days: civil.Range{From: k.day, To: k.day}}
	var err error
	if s.closed {
		_, err = activity.ReopenSlots(r.tx, r.m.now, r.agent, k.act, scope)
	} else {
		_, _, err = activity.CloseSlots(r.tx, r.m.now, r.agent, k.act, scope, "Sortie")
	}
	r.must(err)
	s.closed = !s.closed
	r.placed(k)
}

func (r *lineWalk) gives() {
	all := r.cells(func(x *lineCell) bool { return x.state == booking.Waiting })
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(r.T, "wish")
	g := booking.Give{Remove: rapid.IntRange(0, 2).Draw(r.T, "remove") == 0, AddPlace: rapid.Bool().Draw(r.T, "add"), Reason: "situation particulière"}
	err := r.keep(func() error {
		_, err := booking.GivePlace(r.tx, r.m.now, r.agent, r.m.w.cat, r.m.w.homes[r.m.cells[c].home].id, c, r.token(c), g)
		return err
	})
	s := r.m.slots[slotOf(c)]
	ok := g.Remove || !s.closed && (g.AddPlace || s.room() > 0)
	if ok != (err == nil) || err != nil && fault.KindOf(err) != fault.Conflict {
		r.Fatalf("give %+v: %v, the model takes it: %v", g, err, ok)
	}
	switch {
	case !ok:
		return
	case g.Remove:
		delete(r.m.cells, c)
	default:
		r.m.cells[c].state = booking.Booked
		if s.taken++; s.most >= 0 {
			s.most = max(s.most, s.taken)
		}
	}
	r.counts["given"]++
	r.m.handOn()
}

func (r *lineWalk) keep(verb func() error) error {
	_, err := r.tx.Exec("savepoint step")
	r.must(err)
	failed := verb()
	if failed != nil {
		_, err = r.tx.Exec("rollback to savepoint step")
		r.must(err)
	}
	_, err = r.tx.Exec("release savepoint step")
	r.must(err)
	return failed
}

func (r *lineWalk) refused(kind fault.Kind, verb func() error) {
	if err := r.keep(verb); fault.KindOf(err) != kind {
		r.Fatalf("%v, want %v", err, kind)
	}
}

// handedOn runs the jobs that the verbs asked for.
func (r *lineWalk) handedOn() { r.must(runHandOn(r.tx, r.m.now, r.m.w.cat)) }

// runHandOn runs, in a transaction, the jobs that hand places on, and forgets them.
func runHandOn(tx *db.Tx, now time.Time, cat *activity.Catalogue) error {
	asked, err := db.List(tx, db.Column[string], `select args from job where kind = $1 order by id`, booking.JobHandOn)
	if err != nil {
		return err
	}
	for _, raw := range asked {
		args, err := url.ParseQuery(raw)
		if err != nil {
			return err
		}
		var slots []activity.SlotID
		for _, id := range strings.Fields(args.Get("slots")) {
			slots = append(slots, activity.SlotID(id))
		}
		if _, err := booking.Promote(tx, now, cat, slots); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`delete from job where kind = $1`, booking.JobHandOn)
	return err
}

// compare holds all bookings, places and ranks against the model.
func (r *lineWalk) compare() {
	type row struct {
		cell  booking.Cell
		state booking.State
		rank  int
		until int64
	}
	all, err := db.List(r.tx, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.cell.Child, &x.cell.Activity, &x.cell.Day, &x.state, &x.rank, &x.until)
		return x, err
	}, `select b.child, u.activity, b.day, b.state, `+booking.RankSQL+`, coalesce(b.offer_until_at, 0) from booking b join unit u on u.id = b.unit
		where b.state in ('booked', 'waiting', 'offered')`)
	r.must(err)
	if len(all) != len(r.m.cells) {
		r.Fatalf("%d bookings, the model has %d", len(all), len(r.m.cells))
	}
	holds := map[lineSlot]int{}
	for _, x := range all {
		m := r.m.cells[x.cell]
		if m == nil || m.state != x.state {
			r.Fatalf("%v is %s, the model says %+v", x.cell, x.state, m)
		}
		rank := 0
		if x.state == booking.Waiting {
			for other, y := range r.m.cells {
				if y.state == booking.Waiting && slotOf(other) == slotOf(x.cell) && r.m.standing(other) <= r.m.standing(x.cell) {
					rank++
				}
			}
		} else {
			holds[slotOf(x.cell)]++
		}
		if rank != x.rank {
			r.Fatalf("%v has rank %d, the model says %d", x.cell, x.rank, rank)
		}
		if x.state == booking.Offered && x.until != int64(civil.InstantOf(m.until)) {
			r.Fatalf("%v is offered until %d, the model says %s", x.cell, x.until, m.until)
		}
	}
	for _, s := range r.slots() {
		w := r.m.slots[s.slot]
		if s.taken != w.taken || s.most != w.most || s.closed != w.closed || s.taken != holds[s.slot] || s.most >= 0 && s.taken > s.most {
			r.Fatalf("slot %v: %d of %d taken, %d hold one; the model says %+v", s.slot, s.taken, s.most, holds[s.slot], *w)
		}
	}
}
