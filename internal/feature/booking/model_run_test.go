package booking_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/town"

	"pgregory.net/rapid"
)

// errOver ends a sequence: all it wrote is rolled back, and the next one begins with the same town.
var errOver = errors.New("sequence over")

// TestBookingIsWhatTheModelSays runs sequences of all that happens to an agenda, by two parents, the other home and an
// agent, beside a model in maps: after each step, the same lines, the same bookings, the same places.
func TestBookingIsWhatTheModelSays(t *testing.T) {
	for engine, checks := range map[string][2]int{"sqlite": {300, 100_000}, "postgres": {60, 3_000}} {
		t.Run(engine, func(t *testing.T) {
			n := checks[0]
			if deep() {
				n = checks[1]
			}
			w := newWorld(t, quickly(t, engine))
			set(t, "rapid.checks", fmt.Sprint(n))
			set(t, "rapid.nofailfile", "true")
			start, steps := time.Now(), 0
			rapid.Check(t, func(rt *rapid.T) {
				err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
					newWalk(rt, w, tx).all(&steps)
					return errOver
				})
				if !errors.Is(err, errOver) {
					rt.Fatalf("the sequence was not run: %v", err)
				}
			})
			t.Logf("%d sequences, %d steps, %.0f sequences/s", n, steps, float64(n)/time.Since(start).Seconds())
		})
	}
}

func set(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	before := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(before) })
}

// walk is one sequence.
type walk struct {
	*rapid.T
	m        *model
	tx       *db.Tx
	closings map[civil.Date]string
	children []family.ChildID
	days     []civil.Date
	ids      map[mslotKey]string
	unitOf   map[string]mslotKey
	agent    actor.Actor
}

// who are those who book, each with the children they may act for, in which family.
type who struct {
	actor.Actor
	homes map[family.ChildID]family.ID
}

func newWalk(t *rapid.T, w *world, tx *db.Tx) *walk {
	r := &walk{T: t, tx: tx, closings: map[civil.Date]string{}, children: []family.ChildID{w.Jeremy, w.Ines, w.leo}, ids: map[mslotKey]string{},
		unitOf: map[string]mslotKey{}, agent: familytest.Agent(booking.Write, activity.Write, town.SettingsWrite)}
	r.m = &model{w: w, cat: w.cat, now: civil.NewDate(2027, 1, 7).At(10, 0, w.zone), cells: map[booking.Cell]*mcell{}, dead: map[mkey]booking.State{},
		slots: map[mslotKey]*mslot{}, closed: map[civil.Date]bool{}, noted: map[booking.Cell]bool{}}
	for _, d := range w.days.Days() {
		if d.Weekday() != time.Sunday {
			r.days = append(r.days, d)
		}
	}
	for _, s := range r.slots() {
		r.ids[s.key], r.unitOf[s.id] = s.id, s.key
		r.m.slots[s.key] = &mslot{most: s.most}
	}
	return r
}

type slotRow struct {
	id          string
	key         mslotKey
	taken, most int
	closed      bool
}

func (r *walk) slots() []slotRow {
	all, err := db.List(r.tx, func(s db.Scanner) (slotRow, error) {
		var x slotRow
		var state string
		err := s.Scan(&x.id, &x.key.unit, &x.key.day, &x.taken, &x.most, &state)
		x.closed = state == "closed"
		return x, err
	}, `select id, unit, day, taken, coalesce(capacity, -1), state from slot order by day, unit`)
	r.must(err)
	return all
}

func (r *walk) must(err error) {
	if err != nil {
		r.Fatalf("%v", err)
	}
}

func (r *walk) all(steps *int) {
	for range rapid.IntRange(1, 50).Draw(r.T, "steps") {
		*steps++
		switch n := rapid.IntRange(0, 19).Draw(r.T, "step"); {
		case n < 9:
			r.citizen()
		case n < 12:
			r.byAgent()
		case n < 14:
			r.answers()
		case n == 14:
			r.clock()
		case n == 15:
			r.closes()
		case n == 16:
			r.capacity()
		case n == 17:
			r.townCloses()
		case n == 18:
			r.tightens()
		default:
			r.notes()
		}
		r.compare()
	}
}

func (r *walk) cell(label string) booking.Cell {
	if held := r.held(func(*mcell) bool { return true }); len(held) > 0 && rapid.IntRange(0, 2).Draw(r.T, label+": held") == 0 {
		return rapid.SampledFrom(held).Draw(r.T, label)
	}
	return booking.Cell{Child: rapid.SampledFrom(r.children).Draw(r.T, label+": child"), Activity: rapid.SampledFrom(r.m.w.acts).Draw(r.T, label+": activity").ID,
		Day: rapid.SampledFrom(r.days).Draw(r.T, label+": day")}
}

// held lists cells in an order that does not change.
func (r *walk) held(which func(*mcell) bool) []booking.Cell {
	var all []booking.Cell
	for c, h := range r.m.cells {
		if which(h) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y booking.Cell) int {
		return slices.Index(r.children, x.Child)*100 + slices.Index(r.days, x.Day) - slices.Index(r.children, y.Child)*100 - slices.Index(r.days, y.Day) +
			1000*(r.rank(x.Activity)-r.rank(y.Activity))
	})
	return all
}

func (r *walk) rank(id activity.ID) int {
	for i, a := range r.m.w.acts {
		if a.ID == id {
			return i
		}
	}
	return -1
}

// wish draws what to ask of a cell; what the page showed is nearly always what is.
func (r *walk) wish(c booking.Cell) booking.Wish {
	w := booking.Wish{Cell: c, Seen: r.m.cells[c].token()}
	a, _ := r.m.cat.Activity(c.Activity)
	if n := rapid.IntRange(0, len(a.Choices)).Draw(r.T, "choice"); n < len(a.Choices) {
		w.Want = a.Choices[n].ID
	}
	if rapid.IntRange(0, 14).Draw(r.T, "old page") == 0 {
		w.Seen = rapid.SampledFrom([]booking.Token{"", booking.Token("booked." + string(a.Choices[0].ID)), booking.Token("asked." + string(a.Choices[0].ID))}).Draw(r.T, "seen")
	}
	return w
}

// wishes draws one to four lines, or a week of the camp, nearly whole.
func (r *walk) wishes(homes map[family.ChildID]family.ID) []booking.Wish {
	var all []booking.Wish
	add := func(w booking.Wish) {
		if homes[w.Child] != "" && !slices.ContainsFunc(all, func(x booking.Wish) bool { return x.Cell == w.Cell }) {
			all = append(all, w)
		}
	}
	if rapid.IntRange(0, 3).Draw(r.T, "camp") == 0 {
		camp := r.m.w.byName["Stage"]
		child, monday := rapid.SampledFrom(r.children).Draw(r.T, "child"), rapid.SampledFrom([]civil.Date{r.days[0], r.days[6]}).Draw(r.T, "week")
		want := rapid.SampledFrom([]activity.ChoiceID{activity.ChoiceID(camp.Units[""]), ""}).Draw(r.T, "want")
		for i := range rapid.SampledFrom([]int{5, 5, 5, 4}).Draw(r.T, "days") {
			c := booking.Cell{Child: child, Activity: camp.ID, Day: monday.AddDays(i)}
			add(booking.Wish{Cell: c, Want: want, Seen: r.m.cells[c].token()})
		}
	}
	for range rapid.IntRange(1, 3).Draw(r.T, "lines") {
		add(r.wish(r.cell("cell")))
	}
	if rapid.IntRange(0, 2).Draw(r.T, "evening") == 0 { // what leans on each other, on one day
		child, day := rapid.SampledFrom(r.children).Draw(r.T, "child"), rapid.SampledFrom(r.days).Draw(r.T, "day")
		for _, name := range []string{"Goûter", "Garderie", "Étude"} {
			if rapid.IntRange(0, 2).Draw(r.T, name) > 0 {
				add(r.wish(booking.Cell{Child: child, Activity: r.m.w.byName[name].ID, Day: day}))
			}
		}
	}
	return all
}

func (r *walk) citizen() {
	w := r.m.w
	first := map[family.ChildID]family.ID{w.Jeremy: w.First, w.Ines: w.First}
	by := rapid.SampledFrom([]who{{as(w.Camille, "Camille"), first}, {as(w.Thomas, "Thomas"), first},
		{as(w.Bruno, "Bruno"), map[family.ChildID]family.ID{w.Jeremy: w.Second, w.leo: w.Second}}}).Draw(r.T, "who")
	o := booking.Order{Wishes: r.wishes(by.homes), Note: "un mot"}
	if rapid.IntRange(0, 9).Draw(r.T, "forged") == 0 { // what only an agent may ask
		o.Overrule, o.AddPlace, o.Reason, o.Family = true, true, "je le veux", w.Second
	}
	if rapid.IntRange(0, 19).Draw(r.T, "stranger") == 0 {
		stranger := w.leo
		if by.homes[w.leo] != "" {
			stranger = w.Ines
		}
		o.Wishes = append(o.Wishes, booking.Wish{Cell: booking.Cell{Child: stranger, Activity: w.acts[0].ID, Day: r.days[0]}, Want: "x"})
		r.refused(fault.NotFound, func() error { _, err := booking.Apply(r.tx, r.m.now, by.Actor, r.m.cat, o); return err })
		return
	}
	sent := o
	o.Overrule, o.AddPlace = false, false
	r.order(by, sent, o)
}

func (r *walk) byAgent() {
	w := r.m.w
	home := rapid.SampledFrom([]family.ID{w.First, w.Second}).Draw(r.T, "family")
	by := who{r.agent, map[family.ChildID]family.ID{w.Jeremy: home}}
	if home == w.First {
		by.homes[w.Ines] = home
	} else {
		by.homes[w.leo] = home
	}
	o := booking.Order{Family: home, Wishes: r.wishes(by.homes), Overrule: rapid.Bool().Draw(r.T, "overrule"), AddPlace: rapid.Bool().Draw(r.T, "add a place"), Reason: "décision du service"}
	r.order(by, o, o)
}

// order runs an order beside the model and compares lines and proof.
func (r *walk) order(by who, sent, meant booking.Order) {
	var out booking.Outcome
	err := r.keep(func() (err error) { out, err = booking.Apply(r.tx, r.m.now, by.Actor, r.m.cat, sent); return err })
	if fault.KindOf(err) == fault.Conflict && !meant.Overrule && mixed(sent) {
		r.Logf("%s: %v", by.Name, err) // given up whole, for want of a place: nothing is written, which compare sees
		return
	}
	r.must(err)
	r.Logf("%s at %s: overrule %v, add %v", by.Name, r.m.now, meant.Overrule, meant.AddPlace)
	for _, l := range out.Lines {
		r.Logf("  %s seen %q: %s (%s)", r.says(l.Cell, l.Want), l.Seen, l.Did, l.Why)
	}
	want := r.m.order(by.homes, meant, meant.Overrule)
	if len(out.Lines) != len(want) {
		r.Fatalf("%d lines, want %d", len(out.Lines), len(want))
	}
	done := 0
	var proof []string
	for i, l := range out.Lines {
		if l.Did != want[i].did || l.Did == booking.DidNone && whyKind(l.Why) != want[i].kind() || l.Late != want[i].late {
			r.Fatalf("line %d %+v:\n%s (%s) late %v, the model says %s (%s) late %v", i, l.Wish, l.Did, l.Why, l.Late, want[i].did, want[i].why, want[i].late)
		}
		if want[i].does() {
			done++
		}
		if want[i].does() || want[i].why != "same" {
			proof = append(proof, fmt.Sprint(l.Child, l.Activity, l.Day, want[i].did, l.Want, want[i].late))
		}
	}
	if (out.Reference != "") != (done > 0) || out.Done() != done {
		r.Fatalf("reference %q, %d done, want %d", out.Reference, out.Done(), done)
	}
	if done > 0 {
		r.proof(out.Reference, proof)
	}
}

// says names a wish for people.
func (r *walk) says(c booking.Cell, want activity.ChoiceID) string {
	a, _ := r.m.cat.Activity(c.Activity)
	choice, _ := a.ChoiceByID(want)
	return fmt.Sprintf("child %d, %s %q on %s", slices.Index(r.children, c.Child), a.Name, choice.Name, c.Day)
}

// proof compares what is kept of a confirmation with what happened.
func (r *walk) proof(reference string, want []string) {
	got, err := db.List(r.tx, func(s db.Scanner) (string, error) {
		var child, act, day, did, became string
		var late bool
		err := s.Scan(&child, &act, &day, &did, &became, &late)
		return fmt.Sprint(child, act, day, did, became, late), err
	}, `select child, activity, day, did, became, late from booking_line where reference = $1 order by position`, reference)
	r.must(err)
	if !slices.Equal(got, want) {
		r.Fatalf("proof %v\nwant %v", got, want)
	}
}

// keep runs a verb as a write does: nothing stays of one that fails.
func (r *walk) keep(verb func() error) error {
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

func (r *walk) refused(kind fault.Kind, verb func() error) {
	if err := r.keep(verb); fault.KindOf(err) != kind {
		r.Fatalf("%v, want %v", err, kind)
	}
}

func (r *walk) answers() {
	all := r.held(func(h *mcell) bool { return h.state == booking.Asked || h.asked })
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(r.T, "request")
	home, seen := r.m.cells[c].home, r.m.cells[c].token()
	if rapid.IntRange(0, 9).Draw(r.T, "old page") == 0 {
		seen = "booked"
	}
	ans := booking.Answer{Accept: rapid.Bool().Draw(r.T, "accept"), AddPlace: rapid.Bool().Draw(r.T, "add a place"), Reason: "voilà"}
	got := r.keep(func() error {
		_, err := booking.AnswerLate(r.tx, r.m.now, r.agent, r.m.cat, home, c, seen, ans)
		return err
	})
	if want := r.m.answer(home, c, seen, ans); want != (got == nil) || got != nil && fault.KindOf(got) != fault.Conflict {
		r.Fatalf("answer %+v to %+v: %v, the model takes it: %v", ans, c, got, want)
	}
}

func (r *walk) clock() {
	r.m.now = r.m.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(r.T, "hours")) * time.Hour)
}

// day draws a day to come.
func (r *walk) day() (civil.Date, bool) {
	d := rapid.SampledFrom(r.days).Draw(r.T, "day")
	return d, !d.Before(civil.DateOf(r.m.now)) && !r.m.weekend(d)
}

func (r *walk) scope() (activity.ID, activity.UnitID, activity.Scope, bool) {
	a := rapid.SampledFrom(r.m.w.acts).Draw(r.T, "activity")
	x, _ := r.m.cat.Activity(a.ID)
	u := rapid.SampledFrom(x.Units).Draw(r.T, "unit")
	d, ok := r.day()
	return a.ID, u.ID, activity.Scope{Days: civil.Range{From: d, To: d}, Unit: u.ID}, ok
}

func (r *walk) closes() {
	id, unit, scope, ok := r.scope()
	if !ok {
		return
	}
	s := r.m.slots[mslotKey{unit, scope.Days.From}]
	if s.closed {
		_, err := activity.ReopenSlots(r.tx, r.m.now, r.agent, id, scope)
		r.must(err)
	} else {
		_, _, err := activity.CloseSlots(r.tx, r.m.now, r.agent, id, scope, "Sortie")
		r.must(err)
	}
	s.closed = !s.closed
}

func (r *walk) capacity() {
	id, unit, scope, ok := r.scope()
	if !ok {
		return
	}
	n := rapid.IntRange(-1, 3).Draw(r.T, "places")
	most := &n
	if n < 0 {
		most = nil
	}
	_, err := activity.SetCapacity(r.tx, r.m.now, r.agent, id, scope, most)
	r.must(err)
	s := r.m.slots[mslotKey{unit, scope.Days.From}]
	if s.most = n; n >= 0 {
		s.most = max(n, s.taken)
	}
}

// townCloses closes a day, or opens it again; the verbs may not know yet.
func (r *walk) townCloses() {
	d, ok := r.day()
	if !ok {
		return
	}
	if id := r.closings[d]; id != "" {
		r.must(town.DropClosing(r.tx, r.m.now, r.agent, id))
		delete(r.closings, d)
		delete(r.m.closed, d)
	} else {
		id, err := town.AddClosing(r.tx, r.m.now, r.agent, town.Closing{Reason: "Pont", Days: civil.Range{From: d, To: d}})
		r.must(err)
		r.closings[d], r.m.closed[d] = id, true
	}
	if rapid.Bool().Draw(r.T, "known") {
		r.reread()
	}
}

func (r *walk) reread() {
	cat, err := r.m.w.read(r.tx)
	r.must(err)
	r.m.cat = cat
}

// tightens makes cancelling harder, which takes nothing back of what was promised.
func (r *walk) tightens() {
	n := rapid.IntRange(1, 6).Draw(r.T, "days before")
	_, err := r.tx.Exec(`update deadline_rule set count = $1 where action = 'cancel'`, n)
	r.must(err)
	r.reread()
}

// notes tells that a child was there: nothing changes any more on that line.
func (r *walk) notes() {
	all := r.held(func(h *mcell) bool { return h.state == booking.Booked })
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(r.T, "present")
	if r.m.noted[c] {
		return
	}
	r.m.noted[c] = true
	for _, u := range r.m.units(c, r.m.cells[c].choice) {
		_, err := r.tx.Exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'present', 1)`, string(c.Child), string(u.ID), c.Day)
		r.must(err)
	}
}

// compare reads all bookings and places and holds them against the model.
func (r *walk) compare() {
	m := r.m
	holds := map[mslotKey]int{}
	seen := map[mkey]bool{}
	lives := 0
	type row struct {
		key         mkey
		home        family.ID
		state       booking.State
		slot        string
		choice      activity.ChoiceID
		late, asked bool
		until       int64
	}
	all, err := db.List(r.tx, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.key.child, &x.key.unit, &x.key.day, &x.home, &x.state, &x.slot, &x.choice, &x.late, &x.asked, &x.until)
		return x, err
	}, `select child, unit, day, family, state, coalesce(slot, ''), coalesce(choice, unit), late, cancel_asked_at is not null, coalesce(until_at, -1) from booking`)
	r.must(err)
	for _, x := range all {
		if seen[x.key] {
			r.Fatalf("two bookings of %v", x.key)
		}
		seen[x.key] = true
		a, _ := m.cat.OfUnit(x.key.unit)
		h := m.cells[booking.Cell{Child: x.key.child, Activity: a.ID, Day: x.key.day}]
		if h == nil || !slices.Contains(ids(m.units(booking.Cell{Activity: a.ID}, h.choice)), x.key.unit) {
			if x.state != m.dead[x.key] {
				r.Fatalf("%v is %s, the model says %q", x.key, x.state, m.dead[x.key])
			}
			continue
		}
		lives++
		until := int64(-1)
		if h.kept {
			until = int64(h.until)
		}
		if x.state != h.state || x.home != h.home || x.choice != h.choice || x.late != h.late || x.asked != h.asked || x.until != until {
			r.Fatalf("%v is %+v, the model says %+v", x.key, x, *h)
		}
		if x.state == booking.Booked {
			if key := r.unitOf[x.slot]; key != (mslotKey{x.key.unit, x.key.day}) {
				r.Fatalf("%v holds a place of %v", x.key, key)
			}
			holds[r.unitOf[x.slot]]++
		}
	}
	for c, h := range m.cells {
		lives -= len(m.units(c, h.choice))
	}
	if lives != 0 {
		r.Fatalf("%d bookings more than the model's", lives)
	}
	for _, s := range r.slots() {
		w := m.slots[s.key]
		if s.taken != w.taken || s.most != w.most || s.closed != w.closed || s.taken != holds[s.key] || s.most >= 0 && s.taken > s.most {
			r.Fatalf("slot %v: %d of %d taken, %d hold one, closed %v; the model says %+v", s.key, s.taken, s.most, holds[s.key], s.closed, *w)
		}
	}
}

// mixed tells that an order both gives up and books.
func mixed(o booking.Order) bool {
	up, books := false, false
	for _, w := range o.Wishes {
		up, books = up || w.Want == "", books || w.Want != ""
	}
	return up && books
}
