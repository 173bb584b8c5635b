package booking

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// byList is who hands places on.
func byList() actor.Actor { return actor.Job("booking.waiting") }

// queue is the waiting list of some slots, with all that decides on it.
type queue struct {
	s       *Scene
	asked   []activity.SlotID
	parties []party
	slots   map[activity.SlotID]activity.Slot
}

// inLineFor is the condition of the wishes that matter for n slots ($1 on) and the days around theirs: those who wait for
// one of them, and those served together with them.
func inLineFor(slots []activity.SlotID, days civil.Range) (string, []any) {
	n := len(slots)
	in := db.Marks(1, n)
	some := `(select t.child from booking t where t.state = 'waiting' and t.wants in (` + in + `))`
	together := `(select t.together from booking t where t.state = 'waiting' and t.wants in (` + in + `) and t.together <> '')`
	return fmt.Sprintf(`b.day between $%d and $%d and (b.wants in (`+in+`) or b.child in `+some+` or b.together in `+together+`)`, n+1, n+2),
		append(slotArgs(slots), days.From, days.To)
}

// around is the weeks of some slots.
func around(slots map[activity.SlotID]activity.Slot) civil.Range {
	var days civil.Range
	for _, x := range slots {
		monday := x.Day.Monday()
		if days.From.IsZero() || monday.Before(days.From) {
			days.From = monday
		}
		if sunday := monday.AddDays(6); sunday.After(days.To) {
			days.To = sunday
		}
	}
	return days
}

// readQueue reads the list of some slots, in a constant number of statements.
func readQueue(r db.Reader, now time.Time, cat *activity.Catalogue, asked []activity.SlotID) (*queue, error) {
	slots, err := activity.SlotsByID(r, asked)
	if err != nil {
		return nil, err
	}
	return readQueueOf(r, now, cat, asked, slots)
}

func readQueueOf(r db.Reader, now time.Time, cat *activity.Catalogue, asked []activity.SlotID, slots map[activity.SlotID]activity.Slot) (*queue, error) {
	q := &queue{s: &Scene{Catalogue: cat, Now: now}, asked: asked, slots: slots}
	days := around(slots)
	where, args := inLineFor(asked, days)
	all, err := lining(r, cat, civil.DateOf(now), where, args...)
	if err != nil {
		return nil, err
	}
	var more []activity.SlotID
	var wishes []Wish
	for _, p := range parties(cat, all) {
		if !p.touches(asked) {
			continue
		}
		q.parties = append(q.parties, p)
		for _, x := range p {
			wishes = append(wishes, Wish{Cell: x.Cell})
			for _, u := range x.Units {
				if _, known := slots[u.wants]; !known {
					more = append(more, u.wants)
				}
			}
		}
	}
	if len(q.parties) == 0 {
		return q, nil
	}
	if len(more) > 0 {
		others, err := activity.SlotsByID(r, more)
		if err != nil {
			return nil, err
		}
		for id, x := range others {
			q.slots[id] = x
		}
	}
	children, err := q.children(r)
	if err != nil {
		return nil, err
	}
	if err := readScene(r, q.s, children, days); err != nil {
		return nil, err
	}
	return q, q.s.readWeeks(r, wishes, days)
}

func (p party) touches(slots []activity.SlotID) bool {
	return slices.ContainsFunc(p, func(x inLine) bool {
		return slices.ContainsFunc(x.Units, func(u lined) bool { return slices.Contains(slots, u.wants) })
	})
}

// children are those of the list as the rules see them, each once a family.
func (q *queue) children(r db.Reader) ([]family.Child, error) {
	var ids []any
	for _, p := range q.parties {
		for _, x := range p {
			ids = append(ids, string(x.First))
		}
	}
	var all []family.Child
	for part := range slices.Chunk(ids, batch) {
		some, err := db.List(r, func(s db.Scanner) (family.Child, error) {
			var c family.Child
			err := s.Scan(&c.ID, &c.Family, &c.LastName, &c.FirstNames, &c.Born, &c.Level)
			return c, err
		}, `select distinct b.child, b.family, p.last_name, p.first_names, p.birth_day, k.level
			from booking b join person p on p.id = b.child join child k on k.person = b.child
			where b.id in (`+db.Marks(1, len(part))+`) order by b.child, b.family`, part...)
		if err != nil {
			return nil, fmt.Errorf("read who waits: %w", err)
		}
		for _, c := range some {
			if !slices.ContainsFunc(all, func(x family.Child) bool { return x.ID == c.ID && x.Family == c.Family }) {
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// free is what each slot has left, with some more of some.
func (q *queue) free(more map[activity.SlotID]int) map[activity.SlotID]int {
	free := map[activity.SlotID]int{}
	for id, x := range q.slots {
		n, limited := x.Left()
		if !limited {
			n = math.MaxInt32
		}
		free[id] = n + more[id]
	}
	return free
}

// wouldServe counts, of each slot, the places that would be given on if so many were freed.
func (q *queue) wouldServe(more map[activity.SlotID]int) map[activity.SlotID]int {
	given := map[activity.SlotID]int{}
	q.s.plan(q.parties, q.slots, q.free(more), func(p party, _ []Decision) {
		for _, x := range p {
			for _, u := range x.Units {
				given[u.wants]++
			}
		}
	}, nil)
	return given
}

// served is a party that gets its places.
type served struct {
	party party
	done  []Decision
}

// Promote gives the places that some slots have left to those who wait for them, in order: at once, or as an offer where
// the activity says so. A wish that the rules of this moment do not let be booked keeps its place in line and lets the
// next one pass, and so does a party that lacks a place elsewhere. It returns how many cells were served.
func Promote(tx *db.Tx, now time.Time, cat *activity.Catalogue, slots []activity.SlotID) (int, error) {
	if len(slots) == 0 {
		return 0, nil
	}
	found, err := activity.SlotsByID(tx, slots)
	if err != nil {
		return 0, err
	}
	if err := lockLine(tx, slots, around(found)); err != nil {
		return 0, err
	}
	q, err := readQueueOf(tx, now, cat, slots, found)
	if err != nil {
		return 0, err
	}
	var all []served
	q.s.plan(q.parties, q.slots, q.free(nil), func(p party, done []Decision) { all = append(all, served{p, done}) }, nil)
	if all, err = q.take(tx, all); err != nil {
		return 0, err
	}
	n, err := q.write(tx, all)
	if err != nil {
		return n, err
	}
	_, err = refreshWaited(tx, slots)
	return n, err
}

// lockLine makes who decides on the children of the list meanwhile wait.
func lockLine(tx *db.Tx, slots []activity.SlotID, days civil.Range) error {
	where, args := inLineFor(slots, days)
	children, err := db.List(tx, db.Column[family.ChildID], `select distinct b.child from booking b where b.state = 'waiting' and `+where, args...)
	if err != nil {
		return fmt.Errorf("look who waits: %w", err)
	}
	slices.Sort(children) // the order of every order's locks
	wishes := make([]Wish, len(children))
	for i, c := range children {
		wishes[i].Child = c
	}
	for part := range slices.Chunk(wishes, batch) {
		if err := lockChildren(tx, part); err != nil {
			return err
		}
	}
	return nil
}

// take takes the places of those to serve, in order; a party that somebody was faster than gets none of its places.
func (q *queue) take(tx *db.Tx, all []served) ([]served, error) {
	var ask []activity.SlotID
	for _, x := range all {
		ask = append(ask, x.party.wants()...)
	}
	got, err := activity.Take(tx, ask)
	if err != nil || len(ask) == 0 {
		return nil, err
	}
	var have []served
	for _, x := range all {
		need := map[activity.SlotID]int{}
		ok := true
		for _, id := range x.party.wants() {
			need[id]++
			ok = ok && need[id] <= got[id]
		}
		if !ok {
			continue
		}
		for id, n := range need {
			got[id] -= n
		}
		have = append(have, x)
	}
	var back []activity.SlotID
	for id, n := range got {
		for range n {
			back = append(back, id)
		}
	}
	return have, activity.Release(tx, back)
}

func (p party) wants() []activity.SlotID {
	var all []activity.SlotID
	for _, x := range p {
		for _, u := range x.Units {
			all = append(all, u.wants)
		}
	}
	return all
}

// write books or offers, keeps the proof and tells each family.
func (q *queue) write(tx *db.Tx, all []served) (int, error) {
	n := 0
	lines := map[family.ID][]Decision{}
	var order []family.ID
	var until civil.Instant
	for _, x := range all {
		ends := q.offerUntil(x.party)
		for i, d := range x.done {
			cell := x.party[i]
			q.s.actFor(cell)
			a, _ := q.s.Catalogue.Activity(cell.Activity)
			d.Held = Holding{State: Waiting, Choice: cell.Choice}
			if a.Waiting.Offers {
				d.Did = DidOffer
				d.Until = activity.StoredLimit(ends, q.s.Catalogue.Zone)
				if until == 0 || ends < until {
					until = ends
				}
			}
			if err := q.writeCell(tx, cell, d, ends); err != nil {
				return n, err
			}
			if lines[cell.Family] == nil {
				order = append(order, cell.Family)
			}
			lines[cell.Family] = append(lines[cell.Family], d)
			n++
		}
	}
	if until != 0 {
		if err := jobs.Enqueue(tx, q.s.Now, jobs.Job{Kind: JobExpire, RunAt: until.In(q.s.Now.Location())}); err != nil {
			return n, err
		}
	}
	for _, of := range order {
		if err := recordList(tx, q.s.Now, byList(), of, lines[of], "booking.promoted"); err != nil {
			return n, err
		}
	}
	return n, nil
}

// offerUntil is until when a party may answer an offer made now: so many hours, and never past the end of its list.
func (q *queue) offerUntil(p party) civil.Instant {
	var ends time.Time
	for _, x := range p {
		q.s.actFor(x)
		a, _ := q.s.Catalogue.Activity(x.Activity)
		at := q.s.Now.Add(time.Duration(a.Waiting.OfferHours) * time.Hour)
		if last := q.s.listEnds(x.Cell, a, unitsOf(a, x.Choice)); last.Before(at) {
			at = last
		}
		if ends.IsZero() || at.Before(ends) {
			ends = at
		}
	}
	return civil.InstantOf(ends)
}

func (q *queue) writeCell(tx *db.Tx, x inLine, d Decision, ends civil.Instant) error {
	state, offer, cancel := Booked, any(nil), any(nil)
	if d.Did == DidOffer {
		state, offer = Offered, ends
	} else if d.Until.Kind == activity.LimitAt || d.Until.Kind == activity.LimitNever {
		cancel = d.Until.Instant()
	}
	for _, u := range x.Units {
		n, err := tx.Exec(`update booking set state = $2, slot = wants, wants = null, offer_until_at = $3, until_at = $4, changed_at = $5
			where id = $1 and state = 'waiting' and wants = $6`, string(u.id), string(state), offer, cancel, civil.InstantOf(q.s.Now), string(u.wants))
		if err != nil {
			return fmt.Errorf("give a freed place: %w", err)
		}
		if n != 1 {
			return fmt.Errorf("give a freed place: booking %s moved under its lock", u.id)
		}
	}
	return nil
}

// recordList writes the proof of what the list did for a family, the audit line, and tells its heads.
func recordList(tx *db.Tx, now time.Time, a actor.Actor, of family.ID, lines []Decision, action string) error {
	out := Outcome{Reference: newReference(), Lines: lines}
	if err := insertLines(tx, now, a, out, func(family.ChildID) family.ID { return of }, ""); err != nil {
		return fmt.Errorf("write lines of proof: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: action, Object: "family", ID: string(of),
		Detail: out.Reference + " " + strconv.Itoa(len(lines))}); err != nil {
		return err
	}
	return tellWith(tx, now, mailOf(lines), of, out.Reference)
}

// handOn asks for the places of slots to be given to those who wait. A job does it, in a transaction of its own that
// locks children before places as every order does: done here, while this order holds the places, it would wait for
// orders that wait for them. Nobody passes meanwhile: the slots say that somebody waits.
func handOn(tx *db.Tx, now time.Time, slots []activity.SlotID) error {
	for part := range slices.Chunk(slots, mostPerJob) {
		words := make([]string, len(part))
		for i, id := range part {
			words[i] = string(id)
		}
		if err := jobs.Enqueue(tx, now, jobs.Job{Kind: JobHandOn, Args: map[string]string{"slots": strings.Join(words, " ")}}); err != nil {
			return err
		}
	}
	return nil
}
