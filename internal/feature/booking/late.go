package booking

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// LateRequest is what a family asked after the deadline: to have a choice, or to give up what it has.
type LateRequest struct {
	Cell
	Family    family.ID
	ChildName string
	School    string // its name, "" when it is not known
	Level     string
	Class     string
	Cancel    bool // to give up
	Choice    activity.ChoiceID
	Note      string
	AskedAt   civil.Instant
}

// Answer is an agent's answer to a late request. Reason is read by the family; a refusal needs one, and so does passing
// those who wait.
type Answer struct {
	Accept   bool
	AddPlace bool // when the day is full
	Pass     bool // before those who wait in order
	Queue    bool // to the end of their list, instead of a place
	Reason   string
}

// AnswerLate answers a late request: accepted, it books with a place or cancels; refused, what was stays. The family is
// told. Somebody else's answer in the meantime is a conflict.
func AnswerLate(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, of family.ID, c Cell, seen Token, ans Answer) (string, error) {
	act, known := cat.Activity(c.Activity)
	if !known || !a.CanFor(Write, string(act.Service)) {
		return "", fault.New(fault.Forbidden, "")
	}
	ans.Reason = strings.TrimSpace(ans.Reason)
	if !ans.Accept && ans.Reason == "" {
		return "", fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif du refus\u00a0: la famille le lira."})
	}
	if err := (Order{Reason: ans.Reason}).words(); err != nil {
		return "", err
	}
	wish := Wish{Cell: c, Seen: seen}
	if err := lockChildren(tx, []Wish{wish}); err != nil {
		return "", err
	}
	o := Order{Family: of, Wishes: []Wish{wish}, Overrule: true, AddPlace: ans.AddPlace, Reason: ans.Reason}
	s, err := sceneFor(tx, now, a, cat, o)
	if err != nil {
		return "", err
	}
	h := s.Held(c)
	if h.Token() != seen || h.State != Asked && !h.CancelAsked || h.Family != of {
		return "", fault.New(fault.Conflict, "Cette demande a déjà reçu une réponse, ou la famille l’a retirée. Rien n’a été enregistré.")
	}
	out, passes, err := s.answer(tx, a, o, h, wish, ans)
	if err != nil {
		return "", err
	}
	out.Reference = newReference()
	if err := s.record(tx, a, o, out); err != nil {
		return "", err
	}
	if passes {
		if err := s.notePassed(tx, a, o, out.Reference); err != nil {
			return "", err
		}
	}
	return out.Reference, s.handOn(tx)
}

// answer does what the agent decided, and gives the line of proof. passes tells that it took a place before those who
// wait.
func (s *Scene) answer(tx *db.Tx, a actor.Actor, o Order, h Holding, w Wish, ans Answer) (out Outcome, passes bool, err error) {
	line := Decision{Wish: w, Held: h, Why: ans.Reason}
	switch {
	case h.CancelAsked && ans.Accept:
		all := []Decision{{Wish: w, Held: h, Did: DidCancel, drop: h.Units, Late: true}}
		err = s.release(tx, all, func(Decision) bool { return true })
		line.Did, line.Late = DidCancel, true
	case h.CancelAsked:
		err = setAnswer(tx, s.Now, h, "booked", ans.Reason)
		line.Did = DidKeepBooking
	case ans.Accept:
		line, passes, err = s.accept(tx, a, o, h, line, ans)
	default:
		err = setAnswer(tx, s.Now, h, string(Refused), ans.Reason)
		line.Did = DidRefuse
	}
	return Outcome{Lines: []Decision{line}}, passes, err
}

// accept books what was asked late, or puts it on the list.
func (s *Scene) accept(tx *db.Tx, a actor.Actor, o Order, h Holding, line Decision, ans Answer) (Decision, bool, error) {
	w := line.Wish
	w.Want = h.Choice
	d := s.book(Decision{Wish: w, Held: Holding{}, Did: DidNone}, mustActivity(s.Catalogue, w.Activity))
	if d.Why == otherHomesDay {
		return line, false, fault.InvalidFields(fault.Field{Name: "motif", Sentence: "C’est un jour de l’autre foyer. Pour accepter quand même, écrivez un motif\u00a0: la famille le lira."})
	}
	if !d.does() {
		return line, false, fault.New(fault.Conflict, d.Why+".")
	}
	d.Did, d.Late = DidBook, true
	line.Want, line.Late = h.Choice, true
	slots, err := s.slots(tx, []Decision{d})
	if err != nil {
		return line, false, err
	}
	if ans.Queue {
		d, err = s.toList(tx, a, o, d, slots)
		line.Did = d.Did
		return line, false, err
	}
	passes, err := s.passesList(tx, d, slots, ans)
	if err != nil {
		return line, false, err
	}
	all := []Decision{d}
	got, err := s.places(tx, o, all)
	if err != nil {
		return line, false, err
	}
	if err := s.insert(tx, a, o, all, got); err != nil {
		return line, false, err
	}
	if !all[0].does() {
		return line, false, fault.New(fault.Conflict, all[0].Why+". Rien n’a été enregistré.")
	}
	line.Did, line.Until = DidAccept, d.Until
	return line, passes, nil
}

func mustActivity(c *activity.Catalogue, id activity.ID) *activity.Activity {
	a, _ := c.Activity(id)
	return a
}

// setAnswer writes the state that an answer leaves, with the service's word.
func setAnswer(tx *db.Tx, now time.Time, h Holding, state, reason string) error {
	for _, u := range h.Units {
		if _, err := tx.Exec(`update booking set state = $2, cancel_asked_at = null, reason = $3, changed_at = $4, wants = null where id = $1`,
			string(u.id), state, reason, civil.InstantOf(now)); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	return nil
}

// late are the bookings from day $1 on that agents have to answer: each half has its index.
const late = `(select id, child, unit, day, family, state, choice, note, made_at, changed_at, cancel_asked_at from booking where state = 'asked' and day >= $1
	union all select id, child, unit, day, family, state, choice, note, made_at, changed_at, cancel_asked_at from booking where cancel_asked_at is not null and day >= $1)`

// LateRequests lists what agents have to answer, the nearest day first.
func LateRequests(r db.Reader, cat *activity.Catalogue, from civil.Date) ([]LateRequest, error) {
	type row struct {
		LateRequest
		unit activity.UnitID
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		var state State
		var last, first string
		err := s.Scan(&x.Child, &x.unit, &x.Day, &x.Family, &state, &x.Choice, &x.Note, &x.AskedAt, &last, &first, &x.School, &x.Level, &x.Class)
		x.Cancel, x.ChildName = state == Booked, fullName(last, first)
		return x, err
	}, `select b.child, b.unit, b.day, b.family, b.state, coalesce(b.choice, b.unit), b.note, coalesce(b.cancel_asked_at, b.changed_at, b.made_at),
			p.last_name, p.first_names, coalesce(s.name, ''), k.level, k.class
		from `+late+` b join person p on p.id = b.child join child k on k.person = b.child left join site s on s.id = k.school
		order by b.day, p.folded, b.child, b.unit`, from)
	if err != nil {
		return nil, fmt.Errorf("list late requests: %w", err)
	}
	var out []LateRequest
	held := map[Cell]Holding{} // the units of one choice are one request
	for _, x := range all {
		act, known := cat.OfUnit(x.unit)
		if !known {
			continue
		}
		x.Activity = act.ID
		h, seen := held[x.Cell]
		h.Units = append(h.Units, heldUnit{unit: x.unit})
		if held[x.Cell] = h; !seen {
			out = append(out, x.LateRequest)
		}
	}
	s := &Scene{Catalogue: cat}
	for i, x := range out {
		if h := held[x.Cell]; len(h.Units) > 1 {
			out[i].Choice = s.joined(x.Cell, h).Choice
		}
	}
	return out, nil
}

// CountLate counts what agents have to answer and the oldest of it, for services the agent may read; one query.
func CountLate(r db.Reader, a actor.Actor, from civil.Date) (int, civil.Instant, error) {
	type row struct {
		service string
		n       int
		oldest  civil.Instant
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.service, &x.n, &x.oldest)
		return x, err
	}, `select coalesce(act.service, ''), count(distinct b.child || b.day || act.id), min(coalesce(b.cancel_asked_at, b.changed_at, b.made_at))
		from `+late+` b join unit u on u.id = b.unit join activity act on act.id = u.activity
		group by coalesce(act.service, '')`, from)
	if err != nil {
		return 0, 0, fmt.Errorf("count late requests: %w", err)
	}
	total, oldest := 0, civil.Instant(0)
	for _, x := range all {
		if !a.CanFor(Read, x.service) {
			continue
		}
		total += x.n
		if oldest == 0 || x.oldest < oldest {
			oldest = x.oldest
		}
	}
	return total, oldest, nil
}
