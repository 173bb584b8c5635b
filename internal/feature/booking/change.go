package booking

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Order is what a family, or an agent for it, confirms at once.
type Order struct {
	Family family.ID // for an agent only: in whose name; a citizen acts in the family of each child
	Wishes []Wish
	Note   string // the family's word, with a request
	// Overrule lets an agent pass the deadlines and the rules of weeks, for a Reason that the family reads. AddPlace lets
	// it add the place that lacks.
	Overrule bool
	AddPlace bool
	Reason   string
	Together bool // a day is had by all its children or by none: those who lack a place wait together
	// Restore, with Overrule, gives back what was cancelled as it was: what was promised with it, and the absence told of it.
	Restore bool
	// Quiet tells nobody: who asked for it mails what it did, under its own Reference.
	Quiet     bool
	Reference string
	// Barred, of a citizen's order, says why a family may not book activities today, "" for those that it may.
	Barred Barred
}

// mostWishes bounds an order: three children, four activities, a school year of four days a week is 1,700.
const mostWishes = 4000

// Outcome is what came of an order. Nothing done has no Reference.
type Outcome struct {
	Reference string
	Lines     []Decision
}

// Done counts the lines on which something was done.
func (o Outcome) Done() int {
	n := 0
	for _, l := range o.Lines {
		if l.does() {
			n++
		}
	}
	return n
}

// Apply books, changes and cancels what an order asks, each line by itself: a line that cannot be done says why and
// stops no other. A citizen may act for its own children only: any other child is a NotFound fault for the whole order.
// An agent needs Write for the service of every activity. Places are taken by conditional updates, so that no slot is
// ever above its capacity; what was booked is never given away.
func Apply(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, o Order) (Outcome, error) {
	if a.Kind == actor.Citizen { // what only an agent may ask
		o.Overrule, o.AddPlace, o.Reason = false, false, ""
	}
	if err := o.check(a, cat); err != nil {
		return Outcome{}, err
	}
	if err := lockChildren(tx, o.Wishes); err != nil {
		return Outcome{}, err
	}
	s, err := sceneFor(tx, now, a, cat, o)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Lines: s.queued(s.Decide(o.Wishes))}
	if err := s.write(tx, a, o, out.Lines); err != nil {
		return Outcome{}, err
	}
	if out.Done() == 0 {
		return out, nil
	}
	s.thisTime(out.Lines)
	if out.Reference = o.Reference; out.Reference == "" {
		out.Reference = newReference()
	}
	if err := s.record(tx, a, o, out); err != nil {
		return out, err
	}
	return out, s.handOn(tx)
}

// check looks at an order before anything is read.
func (o Order) check(a actor.Actor, cat *activity.Catalogue) error {
	if len(o.Wishes) > mostWishes {
		return fault.New(fault.Invalid, "Cette demande change trop de jours à la fois. Faites-la en plusieurs fois.")
	}
	seen := map[Cell]bool{}
	for _, w := range o.Wishes {
		if seen[w.Cell] {
			return fault.New(fault.Invalid, "Le même jour est demandé deux fois.")
		}
		seen[w.Cell] = true
	}
	if err := o.words(); err != nil {
		return err
	}
	for _, w := range o.Wishes { // no page offers another day; each line is kept as proof
		if act, known := cat.Activity(w.Activity); known {
			if _, within := act.PeriodOf(w.Day); !within {
				return fault.New(fault.Invalid, "Un des jours demandés n’est d’aucune période. Rechargez la page, puis recommencez.")
			}
		}
	}
	if a.Kind == actor.Citizen {
		return nil
	}
	for _, w := range o.Wishes {
		act, known := cat.Activity(w.Activity)
		if !known || !a.CanFor(Write, string(act.Service)) {
			return fault.New(fault.Forbidden, "")
		}
	}
	if (o.Overrule || o.AddPlace) && strings.TrimSpace(o.Reason) == "" {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif\u00a0: la famille le lira."})
	}
	return nil
}

// ByChild is the order as one order a child.
func (o Order) ByChild() []Order {
	var all []Order
	at := map[family.ChildID]int{}
	for _, w := range o.Wishes {
		i, known := at[w.Child]
		if !known {
			i = len(all)
			at[w.Child] = i
			part := o
			part.Wishes = nil
			all = append(all, part)
		}
		all[i].Wishes = append(all[i].Wishes, w)
	}
	return all
}

// mostWords bounds what people write to each other with a booking.
const mostWords = 500

func tooLong(field, text string) []fault.Field {
	if utf8.RuneCountInString(text) <= mostWords {
		return nil
	}
	return []fault.Field{{Name: field, Sentence: "Écrivez 500 caractères au plus."}}
}

// words bounds the note and the reason.
func (o Order) words() error {
	return fault.InvalidFields(append(tooLong("mot", o.Note), tooLong("motif", o.Reason)...)...)
}

// sceneFor reads what decides on an order, in two queries: who may act, and what the children have.
func sceneFor(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, o Order) (*Scene, error) {
	s := &Scene{Catalogue: cat, Now: now, Overrule: a.Kind == actor.Agent && o.Overrule, asOne: o.Together, restore: a.Kind == actor.Agent && o.Overrule && o.Restore}
	s.anyHome, s.counter = s.Overrule && strings.TrimSpace(o.Reason) != "", a.Kind == actor.Agent
	if s.counter {
		s.word = o.Reason
	}
	var children []family.Child
	var err error
	if a.Kind == actor.Agent {
		children, err = family.ChildrenOf(r, o.Family)
	} else {
		children, err = family.Children(r, a, civil.DateOf(now))
	}
	if err != nil {
		return nil, err
	}
	asked := map[family.ChildID]bool{}
	days := civil.Range{}
	for _, w := range o.Wishes {
		asked[w.Child] = true
		monday := w.Day.Monday()
		if days.From.IsZero() || monday.Before(days.From) {
			days.From = monday
		}
		if sunday := monday.AddDays(6); sunday.After(days.To) {
			days.To = sunday
		}
	}
	children = slices.DeleteFunc(children, func(c family.Child) bool { return !asked[c.ID] })
	if len(children) != len(asked) {
		return nil, fault.Missing("child")
	}
	if err := readScene(r, s, children, days); err != nil {
		return nil, err
	}
	if err := s.readBars(r, a, o); err != nil {
		return nil, err
	}
	if err := s.readWeeks(r, o.Wishes, days); err != nil {
		return nil, err
	}
	return s, s.readWaited(r, o.Wishes)
}

// readWeeks reads the places of the activities that go by weeks: a day that the service closed is none of the week's.
func (s *Scene) readWeeks(r db.Reader, wishes []Wish, days civil.Range) error {
	var units []activity.UnitID
	for _, w := range wishes {
		a, known := s.Catalogue.Activity(w.Activity)
		if !known || !a.WholeWeeks && a.MinDays == 0 {
			continue
		}
		for _, u := range a.Units {
			if !slices.Contains(units, u.ID) {
				units = append(units, u.ID)
			}
		}
	}
	if len(units) == 0 {
		return nil
	}
	all, err := activity.SlotsOn(r, units, days)
	s.readPlaces(all)
	return err
}

// write does what was decided. Cancellings give their places back first: another line of the same order may want them.
func (s *Scene) write(tx *db.Tx, a actor.Actor, o Order, all []Decision) error {
	if err := s.release(tx, all, func(d Decision) bool { return d.Did == DidCancel }); err != nil {
		return err
	}
	if err := s.askCancel(tx, o, all); err != nil {
		return err
	}
	got, err := s.places(tx, o, all)
	if err != nil {
		return err
	}
	if err := s.stands(all); err != nil {
		return err
	}
	if err := s.insert(tx, a, o, all, got); err != nil {
		return err
	}
	return s.release(tx, all, func(d Decision) bool { return d.Did == DidChange })
}

// stands gives an order up when, for want of a place, what it cancels leaves a day or a week that the rules do not take:
// its places are given back already.
func (s *Scene) stands(all []Decision) error {
	if s.Overrule {
		return nil
	}
	after := s.after(all)
	for _, d := range all {
		if d.Did != DidCancel {
			continue
		}
		why := s.clash(d, after)
		if why == "" {
			why = s.badWeek(week{childActivity{d.Child, d.Activity}, d.Day.Monday()}, after)
		}
		if why != "" {
			return fault.New(fault.Conflict, "Rien n’a été enregistré, faute de place pour un des jours demandés. "+why+".")
		}
	}
	return nil
}

// release cancels the units that decisions drop and gives their places back. A unit that somebody cancelled in the
// meantime gives nothing back, and its line says that it moved.
func (s *Scene) release(tx *db.Tx, all []Decision, which func(Decision) bool) error {
	var ids []ID
	for _, d := range all {
		if which(d) {
			for _, u := range d.drop {
				ids = append(ids, u.id)
			}
		}
	}
	freed, left, err := cancelOrLeave(tx, s.Now, s.word, ids)
	if err != nil {
		return fmt.Errorf("cancel bookings: %w", err)
	}
	for _, slot := range left { // who waited together with it may be served now
		s.freed = append(s.freed, slot)
	}
	var slots []activity.SlotID
	for _, slot := range freed {
		if slot != "" {
			slots = append(slots, slot)
		}
	}
	for i, d := range all {
		if which(d) && d.Did == DidCancel && len(d.drop) > 0 && !slices.ContainsFunc(d.drop, func(u heldUnit) bool {
			_, done := freed[u.id]
			return done
		}) {
			all[i] = d.refuse(Moved)
		}
	}
	return s.giveBack(tx, slots)
}

// askCancel notes that a family asked to cancel after the deadline.
func (s *Scene) askCancel(tx *db.Tx, o Order, all []Decision) error {
	var ids []ID
	for _, d := range all {
		if d.Did == DidAskCancel {
			for _, u := range d.Held.Units {
				ids = append(ids, u.id)
			}
		}
	}
	if err := noteCancelAsked(tx, s.Now, o.Note, ids); err != nil {
		return fmt.Errorf("ask to cancel: %w", err)
	}
	return nil
}

// insert writes the bookings. A cell that somebody booked in the meantime keeps what it has: its line says that it
// moved, and its places are given back.
func (s *Scene) insert(tx *db.Tx, a actor.Actor, o Order, all []Decision, slots map[slotKey]activity.SlotID) error {
	var rows []newBooking
	for _, d := range all {
		if !d.takes() && d.Did != DidAsk && d.Did != DidWait {
			continue
		}
		rows = append(rows, s.rows(a, o, d, slots)...)
	}
	done, err := upsertBookings(tx, s.Now, rows)
	if err != nil {
		return fmt.Errorf("write bookings: %w", err)
	}
	var back []activity.SlotID
	for i, d := range all {
		if !d.takes() && d.Did != DidAsk && d.Did != DidWait {
			continue
		}
		lost := slices.ContainsFunc(d.take, func(u activity.UnitID) bool { return done[unitDay{d.Child, u, d.Day}] == "" })
		if !lost {
			continue
		}
		var mine []ID
		for _, u := range d.take {
			if slot := slots[d.slotKey(u)]; slot != "" && d.takes() {
				back = append(back, slot)
			}
			if id := done[unitDay{d.Child, u, d.Day}]; id != "" {
				mine = append(mine, id)
			}
		}
		if _, _, err := cancelOrLeave(tx, s.Now, s.word, mine); err != nil {
			return fmt.Errorf("take back half a booking: %w", err)
		}
		all[i] = d.refuse(Moved)
	}
	if err := s.join(tx, all, slots); err != nil {
		return err
	}
	return s.giveBack(tx, back)
}

// rows are the bookings of a decision: the units taken, and with a change those kept, which are of the new choice now.
func (s *Scene) rows(a actor.Actor, o Order, d Decision, slots map[slotKey]activity.SlotID) []newBooking {
	row := newBooking{Restored: s.comesBack(d.Cell, d.Held), Child: d.Child, Day: d.Day, Family: s.kids[d.Child].family, State: Booked, Late: d.Late, ByAgent: a.Kind == actor.Agent}
	if _, alone := s.Catalogue.OfUnit(activity.UnitID(d.Want)); !alone && !isLoose(d.Want) {
		row.Choice = d.Want
	}
	if d.Until.Kind == activity.LimitAt || d.Until.Kind == activity.LimitNever {
		at := int64(d.Until.Instant())
		row.Until = &at
	}
	switch d.Did {
	case DidAsk:
		row.State, row.Note = Asked, o.Note
	case DidWait:
		row.State, row.Until, row.Together = Waiting, nil, s.partyOf(d)
	}
	if a.Kind == actor.Agent {
		row.Reason = o.Reason
	}
	var rows []newBooking
	for _, u := range d.take {
		row.Unit, row.Slot, row.Wants, row.Kept = u, "", "", false
		switch d.Did {
		case DidAsk:
		case DidWait:
			row.Wants = slots[d.slotKey(u)]
		default:
			row.Slot = slots[d.slotKey(u)]
		}
		rows = append(rows, row)
	}
	if d.Did == DidChange {
		for _, h := range d.Held.Units {
			if !slices.ContainsFunc(d.drop, func(u heldUnit) bool { return u.unit == h.unit }) && !slices.Contains(d.take, h.unit) {
				row.Unit, row.Slot, row.Kept = h.unit, h.slot, true
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// record writes the lines of proof, the audit line, and tells the family.
func (s *Scene) record(tx *db.Tx, a actor.Actor, o Order, out Outcome) error {
	if err := insertLines(tx, s.Now, a, out, func(id family.ChildID) family.ID { return s.kids[id].family }, o.Reason); err != nil {
		return fmt.Errorf("write lines of proof: %w", err)
	}
	of := s.kids[out.Lines[0].Child].family
	if a.Kind == actor.Citizen && len(out.Lines) > largeOrder {
		if err := linesBounded(tx, of, civil.InstantOf(s.Now.Add(-24*time.Hour))); err != nil {
			return err
		}
	}
	if err := audit.Write(tx, s.Now, a, audit.Entry{Action: "booking.applied", Object: "family", ID: string(of),
		Detail: out.Reference + " " + strconv.Itoa(out.Done())}); err != nil {
		return err
	}
	if o.Quiet {
		return nil
	}
	return s.tell(tx, a, out)
}

// referenceLetters are easy to say and to read: no 0 or O, no 1, I or L.
const referenceLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

// newReference makes what a family can say on the phone: "R-7K3F-92QX".
func newReference() string {
	raw := make([]byte, 8)
	rand.Read(raw)
	out := []byte("R-")
	for i, b := range raw {
		if i == 4 {
			out = append(out, '-')
		}
		out = append(out, referenceLetters[int(b)%len(referenceLetters)])
	}
	return string(out)
}
