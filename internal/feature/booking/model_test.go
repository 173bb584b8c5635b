package booking_test

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// model is what a town's agenda must be, in maps: the reference that the verbs are compared with. Deadlines alone come
// from activity.Window, which has a table of its own.
type model struct {
	w      *world
	cat    *activity.Catalogue // as the verbs are given it: it may be older than the closings
	now    time.Time
	cells  map[booking.Cell]*mcell
	dead   map[mkey]booking.State // what was given up or refused
	slots  map[mslotKey]*mslot
	closed map[civil.Date]bool // by the town, now
	noted  map[booking.Cell]bool
}

type mkey struct {
	child family.ChildID
	unit  activity.UnitID
	day   civil.Date
}

type mslotKey struct {
	unit activity.UnitID
	day  civil.Date
}

type mslot struct {
	taken, most int // most -1: no limit
	closed      bool
}

type mcell struct {
	state  booking.State
	choice activity.ChoiceID
	home   family.ID
	until  civil.Instant
	kept   bool // until was promised
	late   bool
	asked  bool // to cancel
}

func (c *mcell) token() booking.Token {
	if c == nil {
		return ""
	}
	t := string(c.state) + "." + string(c.choice)
	if c.asked {
		t += ".c"
	}
	return booking.Token(t)
}

// mline is what must come of a wish. why is a kind of reason.
type mline struct {
	booking.Wish
	did        booking.Did
	why        string
	late       bool
	take, drop []activity.UnitID
	until      civil.Instant
	kept       bool
	home       family.ID
}

func (l mline) no(why string) mline {
	l.did, l.why, l.take, l.drop, l.late = booking.DidNone, why, nil, nil, false
	return l
}

func (l mline) does() bool   { return l.did != booking.DidNone }
func (l mline) places() bool { return l.did == booking.DidBook || l.did == booking.DidChange }

// units are those of a choice, the first in the day first.
func (m *model) units(c booking.Cell, choice activity.ChoiceID) []activity.Unit {
	a, _ := m.cat.Activity(c.Activity)
	var all []activity.Unit
	for _, x := range a.Choices {
		for _, u := range a.Units {
			if x.ID == choice && slices.Contains(x.Units, u.ID) {
				all = append(all, u)
			}
		}
	}
	slices.SortFunc(all, func(x, y activity.Unit) int { return x.From - y.From })
	return all
}

func ids(units []activity.Unit) []activity.UnitID {
	var all []activity.UnitID
	for _, u := range units {
		all = append(all, u.ID)
	}
	return all
}

func less(a, b []activity.UnitID) []activity.UnitID {
	return slices.DeleteFunc(slices.Clone(a), func(u activity.UnitID) bool { return slices.Contains(b, u) })
}

// when asks the deadlines of a choice, what was promised included.
func (m *model) when(c booking.Cell, choice activity.ChoiceID, action activity.Action, held *mcell) (activity.Verdict, activity.Window) {
	a, _ := m.cat.Activity(c.Activity)
	p, _ := activity.PolicyFor(a.Policies, c.Day)
	win := p.Window(m.cat.Ground(a, m.units(c, choice)[0]), c.Day, nil)
	free := win
	if held != nil && held.kept {
		win = win.Keep(action, activity.StoredLimit(held.until, m.w.zone))
	}
	return activity.Decide(win, m.now, action), free
}

// alone answers a wish by itself.
func (m *model) alone(home family.ID, w booking.Wish, overrule bool) mline {
	l, held := mline{Wish: w, home: home}, m.cells[w.Cell]
	switch {
	case held.token() != w.Seen:
		return l.no("moved")
	case held == nil && w.Want == "", held != nil && held.choice == w.Want:
		return l.no("same")
	case held != nil && held.home != home:
		return l.no("home")
	case m.noted[w.Cell]:
		return l.no("noted")
	case w.Want == "":
		return m.givingUp(l, held, overrule)
	}
	if why := m.shut(w.Cell); why {
		return l.no("shut")
	}
	l.did, l.take = booking.DidBook, ids(m.units(w.Cell, w.Want))
	v, win := m.when(w.Cell, w.Want, activity.Book, nil)
	if held != nil {
		l.did = booking.DidChange
		had := ids(m.units(w.Cell, held.choice))
		l.drop = less(had, l.take)
		if v, _ = m.when(w.Cell, w.Want, activity.Change, held); held.state == booking.Booked {
			l.take = less(l.take, had)
			old, own := m.when(w.Cell, held.choice, activity.Change, held)
			switch given, _ := m.when(w.Cell, held.choice, activity.Cancel, held); {
			case len(l.drop) == 0:
			case old.Is != activity.Free:
				v = old
			case !own.Apart && given.Is != activity.Free: // the town gave changing no hour of its own
				v.Is = activity.TooLate
			}
		}
	}
	if win.Cancel.Kind == activity.LimitAt || win.Cancel.Kind == activity.LimitNever {
		l.until, l.kept = win.Cancel.Instant(), true
	}
	asks := v.Is == activity.Late && win.After.Kind == activity.AfterRequest
	switch {
	case v.Is == activity.Free:
		return l
	case overrule:
		l.late = v.Is != activity.TooEarly
		return l
	case asks && held == nil:
		l.did, l.late = booking.DidAsk, true
		return l
	case v.Is == activity.Late && !asks:
		l.late = true
		return l
	}
	return l.no("time")
}

func (m *model) givingUp(l mline, held *mcell, overrule bool) mline {
	l.did, l.drop = booking.DidCancel, ids(m.units(l.Cell, held.choice))
	if held.state == booking.Asked || overrule {
		return l
	}
	v, win := m.when(l.Cell, held.choice, activity.Cancel, held)
	switch {
	case v.Is == activity.Free:
		return l
	case win.After.Kind == activity.AfterRequest && !held.asked && !win.Late.Passed(m.now):
		l.did, l.late, l.drop = booking.DidAskCancel, true, nil
		return l
	}
	return l.no("time")
}

// shut tells that nothing takes place on a day, as the catalogue has it: week-ends and closings.
func (m *model) shut(c booking.Cell) bool {
	a, _ := m.cat.Activity(c.Activity)
	return m.weekend(c.Day) || m.cat.Days.Closed(c.Day, a.Service) != ""
}

func (m *model) weekend(day civil.Date) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// order is what must come of an order: homes are whose each child is for who asks.
func (m *model) order(homes map[family.ChildID]family.ID, o booking.Order, overrule bool) []mline {
	var all []mline
	for _, w := range o.Wishes {
		all = append(all, m.alone(homes[w.Child], w, overrule))
	}
	if !overrule {
		for m.standTogether(all, func(l mline) bool { return l.does() }) {
		}
	}
	for _, l := range all {
		if l.did == booking.DidCancel {
			m.giveBack(l.Cell, l.drop)
		}
	}
	m.takePlaces(all, o.AddPlace, overrule)
	if !overrule {
		for m.standTogether(all, func(l mline) bool { return l.places() || l.did == booking.DidAsk }) {
		}
	}
	for _, l := range all {
		m.do(l, o)
	}
	return all
}

// standTogether refuses, of some lines, those that cannot stand with the others; again until it refuses none.
func (m *model) standTogether(all []mline, some func(mline) bool) bool {
	has := m.after(all)
	bad := map[int]bool{}
	for i, l := range all {
		if !some(l) || !l.does() {
			continue
		}
		day := has[l.Child][l.Day]
		for u := range day {
			act, _ := m.cat.OfUnit(u)
			unit, _ := act.UnitByID(u)
			gained, lacks := slices.Contains(l.take, u), unit.Needs != "" && !day[unit.Needs]
			bad[i] = bad[i] || gained && lacks || slices.Contains(l.drop, unit.Needs)
			for _, x := range unit.Excludes {
				bad[i] = bad[i] || gained && day[x]
			}
		}
		bad[i] = bad[i] || l.Activity == m.w.byName["Stage"].ID && m.partial(l.Cell, has)
	}
	refused := false
	for i, is := range bad {
		if is {
			m.putBack(all[i])
			all[i], refused = all[i].no("together"), true
		}
	}
	return refused
}

// putBack gives the places back that a line had already taken.
func (m *model) putBack(l mline) {
	if l.why == "placed" {
		m.giveBack(l.Cell, l.take)
	}
}

func (m *model) after(all []mline) map[family.ChildID]map[civil.Date]map[activity.UnitID]bool {
	has := map[family.ChildID]map[civil.Date]map[activity.UnitID]bool{}
	set := func(c booking.Cell, u activity.UnitID, on bool) {
		if has[c.Child] == nil {
			has[c.Child] = map[civil.Date]map[activity.UnitID]bool{}
		}
		if has[c.Child][c.Day] == nil {
			has[c.Child][c.Day] = map[activity.UnitID]bool{}
		}
		if delete(has[c.Child][c.Day], u); on {
			has[c.Child][c.Day][u] = true
		}
	}
	for c, h := range m.cells {
		for _, u := range m.units(c, h.choice) {
			set(c, u.ID, true)
		}
	}
	for _, l := range all {
		for _, u := range l.drop {
			set(l.Cell, u, false)
		}
		for _, u := range l.take {
			set(l.Cell, u, true)
		}
	}
	return has
}

// partial tells that a child has some days of a week and not all that take place.
func (m *model) partial(c booking.Cell, has map[family.ChildID]map[civil.Date]map[activity.UnitID]bool) bool {
	unit := m.w.byName["Stage"].Units[""]
	open, got := 0, 0
	for i := range 7 {
		day := c.Day.Monday().AddDays(i)
		if !m.shut(booking.Cell{Child: c.Child, Activity: c.Activity, Day: day}) && !m.slots[mslotKey{unit, day}].closed {
			open++
		}
		if has[c.Child][day][unit] {
			got++
		}
	}
	return got > 0 && got < open
}

func (m *model) giveBack(c booking.Cell, units []activity.UnitID) {
	if held := m.cells[c]; held != nil && held.state != booking.Booked && len(units) > 0 && slices.Contains(ids(m.units(c, held.choice)), units[0]) {
		return // asked: it held none
	}
	for _, u := range units {
		m.slots[mslotKey{u, c.Day}].taken--
	}
}

// takePlaces takes what lines want, in their order; all days of a week of the camp, or none.
func (m *model) takePlaces(all []mline, add, overrule bool) {
	type week struct {
		child  family.ChildID
		monday civil.Date
	}
	short := map[week]bool{}
	for i, l := range all {
		if !l.places() {
			continue
		}
		why := ""
		for _, u := range l.take {
			if s := m.slots[mslotKey{u, l.Day}]; s.closed {
				why = "closed"
			} else if full := s.most >= 0 && s.taken >= s.most; why == "" && (m.closed[l.Day] || full && !add) {
				why = "full"
			}
		}
		if why != "" {
			all[i] = l.no(why)
			if l.Activity == m.w.byName["Stage"].ID && why == "full" {
				short[week{l.Child, l.Day.Monday()}] = true
			}
			continue
		}
		all[i].why = "placed"
		for _, u := range l.take {
			s := m.slots[mslotKey{u, l.Day}]
			if s.taken++; s.most >= 0 && s.taken > s.most {
				s.most = s.taken
			}
		}
	}
	for i, l := range all {
		if l.places() && l.Activity == m.w.byName["Stage"].ID && short[week{l.Child, l.Day.Monday()}] && !overrule {
			m.putBack(l)
			all[i] = l.no("week")
		}
	}
}

// do writes what came of a line. Its places are taken; what a change drops is given back now.
func (m *model) do(l mline, o booking.Order) {
	held := m.cells[l.Cell]
	switch l.did {
	case booking.DidCancel:
		m.die(l.Cell, l.drop, booking.Cancelled)
		delete(m.cells, l.Cell)
	case booking.DidAskCancel:
		held.asked = true
	case booking.DidBook, booking.DidAsk, booking.DidChange:
		state := booking.Booked
		if l.did == booking.DidAsk {
			state = booking.Asked
		}
		if l.did == booking.DidChange {
			m.giveBack(l.Cell, l.drop)
			m.die(l.Cell, l.drop, booking.Cancelled)
		}
		asked := held != nil && held.asked
		m.cells[l.Cell] = &mcell{state: state, choice: l.Want, home: l.home, until: l.until, kept: l.kept, late: l.late, asked: asked}
		for _, u := range m.units(l.Cell, l.Want) {
			delete(m.dead, mkey{l.Child, u.ID, l.Day})
		}
	}
}

func (m *model) die(c booking.Cell, units []activity.UnitID, state booking.State) {
	for _, u := range units {
		m.dead[mkey{c.Child, u, c.Day}] = state
	}
}

// answer is what must come of an agent's answer: whether it is taken.
func (m *model) answer(home family.ID, c booking.Cell, seen booking.Token, ans booking.Answer) bool {
	held := m.cells[c]
	if held == nil || held.token() != seen || held.home != home || held.state != booking.Asked && !held.asked {
		return false
	}
	units := ids(m.units(c, held.choice))
	switch {
	case held.asked && ans.Accept:
		m.giveBack(c, units)
		m.die(c, units, booking.Cancelled)
		delete(m.cells, c)
	case held.asked:
		held.asked = false
	case ans.Accept:
		l := mline{Wish: booking.Wish{Cell: c, Want: held.choice}, did: booking.DidBook, take: units, late: true, home: home}
		_, win := m.when(c, held.choice, activity.Book, nil)
		l.until, l.kept = win.Cancel.Instant(), true
		all := []mline{l}
		if m.shut(c) {
			return false
		}
		if m.takePlaces(all, ans.AddPlace, true); !all[0].does() {
			return false
		}
		m.do(all[0], booking.Order{})
	default:
		m.die(c, units, booking.Refused)
		delete(m.cells, c)
	}
	return true
}

// whyKind is the kind of a sentence, as far as the model tells them apart.
func whyKind(sentence string) string {
	switch {
	case sentence == booking.Moved, sentence == booking.AlreadyBooked, sentence == booking.AlreadyCancelled:
		return "moved"
	case strings.HasPrefix(sentence, "Complet"):
		return "full"
	case sentence == "":
		return "same"
	}
	return "other"
}

func (l mline) kind() string {
	switch l.why {
	case "moved", "full", "same":
		return l.why
	}
	return "other"
}
