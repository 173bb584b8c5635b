package booking_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
)

// lineWorld is five families, two of them with two children and two of them residents, and two activities with few
// places: one books freed places at once and welcomes late cancelling, the other offers them for a day.
type lineWorld struct {
	*world
	homes []lineHome
	acts  []activitytest.Ready
}

type lineHome struct {
	actor.Actor
	id       family.ID
	children []family.ChildID
	resident bool
}

func newLineWorld(t testing.TB, d *db.DB) *lineWorld {
	t.Helper()
	now := persontest.Now()
	w := &lineWorld{world: &world{Homes: familytest.New(t, d), d: d, zone: now.Location(), byName: map[string]activitytest.Ready{},
		days: civil.Range{From: civil.NewDate(2027, 1, 11), To: civil.NewDate(2027, 1, 14)}}}
	for i := range 5 {
		w.homes = append(w.homes, w.lineHome(t, i))
	}
	one, two := 1, 2
	w.line(t, "Atelier", &one, policyOf(activity.AfterRefuse, rule(activity.Book, 1, activity.Days, 1080), rule(activity.Cancel, 2, activity.Days, 720)))
	w.line(t, "Sortie", &two, policyOf(activity.AfterRefuse, rule(activity.Book, 1, activity.Days, 600), rule(activity.Cancel, 1, activity.Days, 540)))
	w.exec(t, `update activity set promotion = 'offer', offer_hours = 20, late_free = $2 where id = $1`, string(w.acts[1].ID), false)
	w.exec(t, `insert into quality (code, name, position) values ('resident', 'Résident', 0) on conflict (code) do nothing`)
	for _, a := range w.acts {
		w.exec(t, `insert into activity_priority (activity, quality, position) values ($1, 'resident', 0)`, string(a.ID))
	}
	for _, h := range w.homes {
		if h.resident {
			w.exec(t, `insert into family_quality (family, quality, from_day, set_at) values ($1, 'resident', '2026-09-01', 1)`, string(h.id))
		}
	}
	cat, err := db.Read(context.Background(), d, w.read)
	if err != nil {
		t.Fatal(err)
	}
	w.cat = cat
	return w
}

func (w *lineWorld) lineHome(t testing.TB, i int) lineHome {
	t.Helper()
	h, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (lineHome, error) {
		c, err := w.household(tx, i)
		h := lineHome{Actor: c.Actor, children: []family.ChildID{c.Child}, resident: i == 1 || i == 3}
		if err != nil {
			return h, err
		}
		if h.id, err = db.One(tx, "family", db.Column[family.ID], `select family from family_member where person = $1`, string(c.Child)); err != nil || i > 1 {
			return h, err
		}
		second, err := person.Insert(tx, persontest.Now(), actor.Job("test"), person.Person{LastName: fmt.Sprint("Parent", i), FirstNames: "Alix", BirthDay: civil.NewDate(2019, 1, 1)})
		if err != nil {
			return h, err
		}
		_, err = family.AddChild(tx, persontest.Now(), actor.Job("test"), family.NewChild{Family: h.id, Person: second, School: w.School, Level: "CE1", Class: "CE1"})
		h.children = append(h.children, family.ChildID(second))
		return h, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (w *lineWorld) line(t testing.TB, name string, places *int, p activity.Policy) {
	t.Helper()
	a := activitytest.Make(t, w.d, w.Homes, activitytest.Plan{Name: name, Capacity: places, Days: w.days, Policy: p,
		Units: []activity.Unit{{Weekdays: workdays(), From: 840, To: 1020, Alone: true}}})
	w.acts, w.byName[name] = append(w.acts, a), a
	if err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		for _, h := range w.homes {
			for _, c := range h.children {
				if _, err := enrolment.Insert(tx, persontest.Now(), actor.Job("test"), enrolment.Enrolment{Child: c, Activity: a.ID, Site: w.School, Days: w.days}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// lineModel is the reference: who has what, in maps, and one rule for who is next.
type lineModel struct {
	w     *lineWorld
	now   time.Time
	cells map[booking.Cell]*lineCell
	slots map[lineSlot]*mslot
	seq   int
	group int
}

type lineSlot struct {
	act activity.ID
	day civil.Date
}

type lineCell struct {
	state booking.State
	home  int
	seq   int // the order of asking
	group int // 0: by itself
	until time.Time
}

func slotOf(c booking.Cell) lineSlot { return lineSlot{c.Activity, c.Day} }

func (m *lineModel) limits(k lineSlot) (book, cancel, ends time.Time, late bool) {
	a, _ := m.w.cat.Activity(k.act)
	p, _ := activity.PolicyFor(a.Policies, k.day)
	win := p.Window(m.w.cat.Ground(a, a.Units[0]), k.day, nil)
	book, cancel = win.Book.Instant().In(m.w.zone), win.Cancel.Instant().In(m.w.zone)
	ends = book
	if a.Waiting.LateFree {
		if last := k.day.At(14, 0, m.w.zone).Add(-2 * time.Hour); last.After(ends) {
			ends = last
		}
	}
	return book, cancel, ends, a.Waiting.LateFree
}

// line is who waits for a slot, the first first: those who are together stand where the last of them stands.
func (m *lineModel) line(k lineSlot) [][]booking.Cell {
	of := map[int][]booking.Cell{}
	for c, x := range m.cells {
		if x.state == booking.Waiting && slotOf(c) == k {
			key := x.group
			if key == 0 {
				key = -x.seq
			}
			of[key] = append(of[key], c)
		}
	}
	var all [][]booking.Cell
	for _, p := range of {
		all = append(all, p)
	}
	place := func(p []booking.Cell) int {
		last := 0
		for _, c := range p {
			last = max(last, m.standing(c))
		}
		return last
	}
	slices.SortFunc(all, func(x, y []booking.Cell) int { return cmp.Compare(place(x), place(y)) })
	return all
}

// standing orders cells: residents first, then the order of asking.
func (m *lineModel) standing(c booking.Cell) int {
	n := m.cells[c].seq
	if !m.w.homes[m.cells[c].home].resident {
		n += 1_000_000
	}
	return n
}

func (s *mslot) room() int {
	switch {
	case s.closed:
		return 0
	case s.most < 0:
		return math.MaxInt32
	}
	return s.most - s.taken
}

// next is who gets the places of a slot if so many are left.
func (m *lineModel) next(k lineSlot, room int) []booking.Cell {
	_, _, ends, _ := m.limits(k)
	if !m.now.Before(ends) {
		return nil
	}
	var all []booking.Cell
	for _, p := range m.line(k) {
		if len(p) <= room {
			room -= len(p)
			all = append(all, p...)
		}
	}
	return all
}

// handOn gives every place there is to who is next.
func (m *lineModel) handOn() {
	for k, s := range m.slots {
		a, _ := m.w.cat.Activity(k.act)
		_, _, ends, _ := m.limits(k)
		for _, c := range m.next(k, s.room()) {
			x := m.cells[c]
			s.taken++
			if x.state = booking.Booked; a.Waiting.Offers {
				x.state, x.until = booking.Offered, m.now.Add(20*time.Hour)
				if ends.Before(x.until) {
					x.until = ends
				}
			}
		}
	}
}

func (m *lineModel) waits(k lineSlot) bool { return len(m.line(k)) > 0 }

// leave gives up what a cell has.
func (m *lineModel) leave(c booking.Cell) {
	if x := m.cells[c]; x.state == booking.Booked || x.state == booking.Offered {
		m.slots[slotOf(c)].taken--
	}
	delete(m.cells, c)
}

// order is what must come of an order of a home.
// ids tell how the list orders what one order asked at one moment.
func (m *lineModel) order(home int, o booking.Order, ids map[booking.Cell]string) []booking.Did {
	out := make([]booking.Did, len(o.Wishes))
	late := map[lineSlot]int{}
	for _, w := range o.Wishes {
		_, cancel, _, welcome := m.limits(slotOf(w.Cell))
		if x := m.cells[w.Cell]; w.Want == "" && x != nil && x.state == booking.Booked && welcome && !m.now.Before(cancel) {
			late[slotOf(w.Cell)]++
		}
	}
	welcome := map[lineSlot]bool{}
	for k, n := range late {
		_, _, ends, _ := m.limits(k)
		welcome[k] = m.waits(k) && !m.slots[k].closed && len(m.next(k, m.slots[k].room()+n)) >= n && m.now.Before(ends)
	}
	mine := map[lineSlot]bool{} // given back by this order where somebody waits
	for i, w := range o.Wishes {
		out[i] = booking.DidNone
		x, k := m.cells[w.Cell], slotOf(w.Cell)
		book, cancel, _, _ := m.limits(k)
		switch {
		case w.Want == "" && x == nil, w.Want != "" && x != nil:
		case w.Want != "" && m.now.Before(book) && !m.slots[k].closed:
			out[i] = booking.DidBook
		case w.Want != "":
		case x.state != booking.Booked, m.now.Before(cancel), welcome[k]:
			out[i] = booking.DidCancel
		}
	}
	for i, w := range o.Wishes {
		if k := slotOf(w.Cell); out[i] == booking.DidCancel {
			mine[k] = mine[k] || m.waits(k)
			m.leave(w.Cell)
		}
	}
	m.places(o, out, mine)
	if o.Together {
		m.group++
	}
	asked := make([]int, len(o.Wishes))
	for i := range asked {
		asked[i] = i
	}
	slices.SortFunc(asked, func(i, j int) int { return cmp.Compare(ids[o.Wishes[i].Cell], ids[o.Wishes[j].Cell]) })
	for _, i := range asked {
		w := o.Wishes[i]
		if out[i] != booking.DidBook && out[i] != booking.DidWait {
			continue
		}
		m.seq++
		x := &lineCell{state: booking.Booked, home: home, seq: m.seq}
		if out[i] == booking.DidWait {
			if x.state = booking.Waiting; o.Together {
				x.group = m.group
			}
		}
		m.cells[w.Cell] = x
	}
	m.handOn()
	return out
}

// places takes what lines want; nobody who comes passes who waits, and those together have all their places or none.
func (m *lineModel) places(o booking.Order, out []booking.Did, mine map[lineSlot]bool) {
	room := map[lineSlot]int{}
	lacks := map[lineSlot]bool{}
	for i, w := range o.Wishes {
		k := slotOf(w.Cell)
		if out[i] != booking.DidBook {
			continue
		}
		if _, known := room[k]; !known {
			if room[k] = m.slots[k].room(); m.waits(k) && !mine[k] {
				room[k] = 0
			}
		}
		if room[k]--; room[k] < 0 {
			out[i], lacks[k] = booking.DidNone, true
			if w.Queue {
				out[i] = booking.DidWait
			}
		}
	}
	for i, w := range o.Wishes {
		if k := slotOf(w.Cell); out[i] == booking.DidBook && o.Together && lacks[k] {
			if out[i] = booking.DidNone; w.Queue {
				out[i] = booking.DidWait
			}
		} else if out[i] == booking.DidBook {
			m.slots[k].taken++
		}
	}
}
