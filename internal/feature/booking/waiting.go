package booking

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// What the waiting list does to a cell. They are kept as proof like the others.
const (
	DidWait    Did = "joined"   // on the list
	DidPromote Did = "promoted" // a place was freed: booked
	DidOffer   Did = "offered"  // a place was freed: held until the family answers
	DidTake    Did = "taken"    // the family took what was offered
	DidDecline Did = "declined" // it did not want it any more
	DidExpire  Did = "expired"  // it did not answer in time
	DidLapse   Did = "lapsed"   // no place was freed in time
	DidGive    Did = "given"    // an agent gave the place, out of order or by adding one
)

// underlying is the word that the first column of the proof keeps of what the list did.
func (d Did) underlying() (did Did, list string) {
	switch d {
	case DidWait, DidOffer:
		return DidAsk, string(d)
	case DidPromote:
		return DidBook, string(d)
	case DidTake, DidGive:
		return DidAccept, string(d)
	case DidDecline, DidExpire:
		return DidCancel, string(d)
	case DidLapse:
		return DidRefuse, string(d)
	}
	return d, ""
}

// takes tells that a decision wants places: to hold them, or to wait for them.
func (d Decision) takes() bool { return d.Did == DidBook || d.Did == DidChange }

// wait puts a decision on the list: it books nothing now.
func (d Decision) wait() Decision {
	d.Did, d.Why = DidWait, ""
	return d
}

// mayWait tells that a decision which has no place may wait for one: asked for, on a cell that holds nothing, before the
// list of that day ends.
func (s *Scene) mayWait(d Decision) bool {
	a, known := s.Catalogue.Activity(d.Activity)
	return known && d.Queue && d.Did == DidBook && !d.Held.Live() && s.Now.Before(s.listEnds(d.Cell, a, unitsOf(a, d.Want)))
}

// startOf is the minute at which a choice starts on a day; midnight when no hour is known.
func (s *Scene) startOf(day civil.Date, units []activity.Unit) time.Time {
	if len(units) == 0 {
		return day.At(0, 0, s.Catalogue.Zone)
	}
	from := firstUnit(units).From
	return day.At(from/60, from%60, s.Catalogue.Zone)
}

// listEnds is the moment from which no wish of a cell is served any more: the last moment to book, or, where late
// cancelling is welcome, that many hours before the start when it comes later.
func (s *Scene) listEnds(c Cell, a *activity.Activity, units []activity.Unit) time.Time {
	var ends time.Time
	if len(units) == 0 {
		return ends
	}
	if w, known := s.window(a, firstUnit(units), s.kids[c.Child].family, c.Day); known {
		for _, l := range []activity.Limit{w.Book, lateTaken(w)} {
			if l.Kind == activity.LimitAt {
				ends = latest(ends, l.Instant().In(s.Catalogue.Zone))
			}
		}
	}
	if a.Waiting.LateFree {
		ends = latest(ends, s.startOf(c.Day, units).Add(-time.Duration(a.Waiting.LateHours)*time.Hour))
	}
	return ends
}

// lateTaken is until when a window still books past the deadline without asking the service.
func lateTaken(w activity.Window) activity.Limit {
	if w.After.Kind == activity.AfterSurcharge {
		return w.Late
	}
	return activity.Limit{}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lateWelcome tells that what a cell holds may be given up past the deadline because somebody waits for every place of
// it, and could still be told in time.
func (s *Scene) lateWelcome(h Holding, c Cell, a *activity.Activity) bool {
	if !a.Waiting.LateFree || h.State != Booked || len(h.Units) == 0 {
		return false
	}
	var units []activity.Unit
	for _, u := range h.Units {
		unit, known := a.UnitByID(u.unit)
		if !known || !s.waited[u.slot] {
			return false
		}
		units = append(units, unit)
	}
	return s.Now.Before(s.startOf(c.Day, units).Add(-time.Duration(a.Waiting.LateHours) * time.Hour))
}

// welcome is said of a day that may be given up past the deadline.
const welcome = "Quelqu’un attend cette place\u00a0: vous pouvez encore annuler, sans frais"

// inLine is a wish of the list: the cell with its rows.
type inLine struct {
	Cell
	Family   family.ID
	Choice   activity.ChoiceID
	Together string
	Late     bool
	Acts     bool // the family may still act for the child
	Group    int  // of its priority, 0 first
	At       civil.Instant
	Until    civil.Instant // of an offer
	First    ID            // of its rows, the one made first
	Units    []lined
}

type lined struct {
	id    ID
	unit  activity.UnitID
	wants activity.SlotID
}

// noGroup is the priority of who has none.
const noGroup = 99

// priority is the group of a booking in its activity's order: the best of the qualities that its family has that day.
// Two tables of this query's own are named after alias, so that it may stand twice in one statement.
func priority(alias string) string {
	return `(select coalesce(min(ap_` + alias + `.position), ` + fmt.Sprint(noGroup) + `) from unit au_` + alias + `
		join activity_priority ap_` + alias + ` on ap_` + alias + `.activity = au_` + alias + `.activity
		join family_quality aq_` + alias + ` on aq_` + alias + `.quality = ap_` + alias + `.quality and aq_` + alias + `.family = ` + alias + `.family
			and aq_` + alias + `.from_day <= ` + alias + `.day and (aq_` + alias + `.to_day is null or aq_` + alias + `.to_day >= ` + alias + `.day)
		where au_` + alias + `.id = ` + alias + `.unit)`
}

// rank counts those before a waiting booking b, itself with them: by priority, then the moment asked, then the id. It is
// computed, never stored; 0 for what does not wait.
var rank = `case when b.state <> 'waiting' then 0 else (select count(*) from booking o where o.wants = b.wants and o.state = 'waiting'
	and (` + priority("o") + ` < ` + priority("b") + ` or ` + priority("o") + ` = ` + priority("b") + `
		and (o.made_at < b.made_at or o.made_at = b.made_at and o.id <= b.id))) end`

// rank is the column of a scene's bookings that says it, where it is wanted: it costs as much as the list is long.
func (s *Scene) rank() string {
	if s.ranked {
		return rank
	}
	return "0"
}

// before orders the list.
func (x inLine) before(y inLine) int {
	return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.At, y.At), cmp.Compare(x.First, y.First))
}

// party is the wishes that are served together or not at all: those a family asked to have together on a day, and the
// days of a week where the activity counts by weeks. Its place in line is that of its last member.
type party []inLine

func (p party) before(q party) int { return p.last().before(q.last()) }

func (p party) last() inLine { return slices.MaxFunc(p, inLine.before) }

// parties puts wishes together.
func parties(cat *activity.Catalogue, all []inLine) []party {
	type key struct {
		together string
		act      activity.ID
		day      civil.Date
		week     week
	}
	at := make([]int, len(all)) // the party of each, by its first member
	find := func(i int) int {
		for at[i] != i {
			i = at[i]
		}
		return i
	}
	seen := map[key]int{}
	join := func(k key, i int) {
		if other, known := seen[k]; known {
			at[find(i)] = find(other)
			return
		}
		seen[k] = i
	}
	for i := range all {
		at[i] = i
	}
	for i, x := range all {
		if x.Together != "" {
			join(key{together: x.Together, act: x.Activity, day: x.Day}, i)
		}
		if a, known := cat.Activity(x.Activity); known && byWeeks(a) {
			join(key{week: week{childActivity{x.Child, x.Activity}, x.Day.Monday()}}, i)
		}
	}
	of := map[int]party{}
	for i, x := range all {
		of[find(i)] = append(of[find(i)], x)
	}
	var out []party
	for _, p := range of {
		slices.SortFunc(p, inLine.before)
		out = append(out, p)
	}
	slices.SortFunc(out, party.before)
	return out
}

// byWeeks tells that an activity wants whole weeks or a number of days of each.
func byWeeks(a *activity.Activity) bool { return a.WholeWeeks || a.MinDays > 1 }

// decide says whether a wish may be served now, by the rules of this moment: "" or why not. Deadlines do not count
// against who asked in time, until the list of the day ends; what must be paid more past the deadline was said then.
func (s *Scene) serve(x inLine) (Decision, string) {
	d := Decision{Wish: Wish{Cell: x.Cell, Want: x.Choice}, Did: DidNone, childName: s.kids[x.Child].name}
	a, known := s.Catalogue.Activity(x.Activity)
	if !known {
		return d, "Cette activité n’existe plus"
	}
	units := unitsOf(a, x.Choice)
	switch {
	case !x.Acts:
		return d, "La famille ne peut plus réserver pour l’enfant"
	case len(units) != len(x.Units):
		return d, "Cette formule a changé\u00a0: quittez la liste et demandez de nouveau"
	case !s.Now.Before(s.listEnds(x.Cell, a, units)):
		return d, "Trop tard pour réserver ce jour"
	}
	held := s.held[x.Cell]
	s.held[x.Cell] = Holding{Attendance: held.Attendance}
	defer func() { s.held[x.Cell] = held }()
	over := *s
	over.Overrule = false
	d.Held = Holding{}
	if held.Attendance != "" {
		return d, "La présence de ce jour est déjà notée"
	}
	done := over.book(d, a)
	if !done.does() {
		w, known := s.window(a, firstUnit(units), x.Family, x.Day)
		late := known && done.site != "" && activity.Decide(w, s.Now, activity.Book).Is == activity.TooLate
		if !late {
			return d, done.Why
		}
		over.Overrule = true // only the deadline stood in the way
		done = over.book(d, a)
		if !done.does() {
			return d, done.Why
		}
	}
	done.Did, done.Late, done.Want, done.Held = DidPromote, x.Late, x.Choice, Holding{}
	after := s.after([]Decision{done})
	if why := s.clash(done, after); why != "" {
		return d, why
	}
	return done, ""
}

// plan says which parties can have all their places, in order, and why the others cannot be served now ("" when only
// places lack). free is what each slot has left and is counted down.
func (s *Scene) plan(all []party, slots map[activity.SlotID]activity.Slot, free map[activity.SlotID]int, chosen func(party, []Decision), not func(inLine, string)) {
	for _, p := range all {
		done, whys, ok := s.servable(p, slots)
		for i, why := range whys {
			if why != "" && not != nil {
				not(p[i], why)
			}
		}
		need := map[activity.SlotID]int{}
		for _, x := range p {
			for _, u := range x.Units {
				need[u.wants]++
			}
		}
		for slot, n := range need {
			ok = ok && free[slot] >= n
		}
		if !ok {
			continue
		}
		for slot, n := range need {
			free[slot] -= n
		}
		for i, x := range p {
			s.held[x.Cell] = Holding{State: Booked, Choice: x.Choice, Family: x.Family, Units: heldOf(done[i], x)}
		}
		chosen(p, done)
	}
}

func heldOf(d Decision, x inLine) []heldUnit {
	var all []heldUnit
	for _, u := range x.Units {
		all = append(all, heldUnit{id: u.id, unit: u.unit, slot: u.wants})
	}
	return all
}

// servable asks the rules about every wish of a party, and about the weeks that they make together.
func (s *Scene) servable(p party, slots map[activity.SlotID]activity.Slot) ([]Decision, []string, bool) {
	done, whys, ok := make([]Decision, len(p)), make([]string, len(p)), true
	for i, x := range p {
		s.actFor(x)
		done[i], whys[i] = s.serve(x)
		if whys[i] == "" {
			whys[i] = s.wrongPlace(x, done[i], slots)
		}
		ok = ok && whys[i] == ""
	}
	if !ok {
		return done, whys, false
	}
	after := s.after(done)
	for i, x := range p {
		if why := s.badWeek(week{childActivity{x.Child, x.Activity}, x.Day.Monday()}, after); why != "" {
			whys[i], ok = why, false
		}
	}
	return done, whys, ok
}

// actFor makes the scene decide in the name of the family that a wish is of: a child of two homes may wait for both.
func (s *Scene) actFor(x inLine) {
	k := s.kids[x.Child]
	k.family = x.Family
	s.kids[x.Child] = k
}

// wrongPlace says why the slots waited for cannot serve a wish whatever they have left: closed, or no longer those of
// the child, which has another school or group by now.
func (s *Scene) wrongPlace(x inLine, d Decision, slots map[activity.SlotID]activity.Slot) string {
	for _, u := range x.Units {
		slot, known := slots[u.wants]
		switch {
		case !known || d.slotKey(u.unit) != slotKey{slot.Unit, string(slot.Site), slot.Group, slot.Day}:
			return "Le lieu d’accueil de l’enfant a changé\u00a0: dans l’heure, la demande rejoint la liste du nouveau lieu et garde sa date"
		case slot.Closed:
			return ClosedWords(slot)
		}
	}
	return ""
}

// lining reads the wishes of the list by a condition on booking b, with the other members of their parties.
func lining(r db.Reader, cat *activity.Catalogue, today civil.Date, where string, args ...any) ([]inLine, error) {
	return liningIn(r, cat, today, Waiting, where, args...)
}

// liningIn is lining of what waits, or of what is offered: the slot is then the one held.
func liningIn(r db.Reader, cat *activity.Catalogue, today civil.Date, state State, where string, args ...any) ([]inLine, error) {
	type row struct {
		inLine
		lined
	}
	args = append(args, today)
	day := fmt.Sprintf("$%d", len(args))
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.lined.id, &x.Child, &x.lined.unit, &x.Day, &x.Family, &x.Choice, &x.Together, &x.Late, &x.At, &x.lined.wants, &x.Until, &x.Group, &x.Acts)
		return x, err
	}, `select b.id, b.child, b.unit, b.day, b.family, coalesce(b.choice, b.unit), b.together, b.late, b.made_at, coalesce(b.wants, b.slot), coalesce(b.offer_until_at, 0), `+priority("b")+`,
			exists (select 1 from family_member c where c.family = b.family and c.person = b.child and c.state = 'approved' and c.from_day <= `+day+`
				and (c.to_day is null or c.to_day >= `+day+`))
			and exists (select 1 from family_member m where m.family = b.family and m.role in ('holder', 'coholder') and m.state = 'approved'
				and m.from_day <= `+day+` and (m.to_day is null or m.to_day >= `+day+`)
				and not exists (select 1 from restriction x where x.person = m.person and x.child = b.child and x.from_day <= `+day+`
					and (x.lifted_day is null or x.lifted_day > `+day+`)))
		from booking b where b.state = '`+string(state)+`' and coalesce(b.wants, b.slot) is not null and (`+where+`) order by b.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the waiting list: %w", err)
	}
	var out []inLine
	at := map[Cell]int{}
	for _, x := range all {
		act, known := cat.OfUnit(x.lined.unit)
		if !known {
			continue
		}
		x.Activity = act.ID
		i, seen := at[x.Cell]
		if !seen {
			i = len(out)
			at[x.Cell] = i
			x.inLine.First = x.lined.id
			out = append(out, x.inLine)
		}
		out[i].Units = append(out[i].Units, x.lined)
		out[i].At = min(out[i].At, x.At)
	}
	return out, nil
}
