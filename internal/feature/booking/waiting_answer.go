package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// goneOffer is said of an offer that is no more.
const goneOffer = "Cette place n’est plus proposée\u00a0: le délai est passé, ou un autre responsable a répondu. Rien n’a été enregistré."

// AnswerOffer takes or gives up what is offered to a child, with all that is offered together with it. A citizen answers
// for the children it may act for, in the family that asked; anything else is a NotFound fault. Past its hour an offer
// is a conflict. A place given up goes to the next in line at once.
func AnswerOffer(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, c Cell, take bool) (string, error) {
	children, err := family.Children(tx, a, civil.DateOf(now))
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(children, func(x family.Child) bool { return x.ID == c.Child })
	if i < 0 {
		return "", fault.Missing("child")
	}
	mine := children[i]
	wishes := make([]Wish, len(children))
	for i, x := range children {
		wishes[i].Child = x.ID
	}
	if err := lockChildren(tx, wishes); err != nil {
		return "", err
	}
	all, err := liningIn(tx, cat, civil.DateOf(now), Offered, `b.family = $1`, string(mine.Family))
	if err != nil {
		return "", err
	}
	var p party
	for _, one := range parties(cat, all) {
		if slices.ContainsFunc(one, func(x inLine) bool { return x.Cell == c }) {
			p = one
		}
	}
	var ids []ID
	for _, x := range p {
		if !slices.ContainsFunc(children, func(k family.Child) bool { return k.ID == x.Child && k.Family == x.Family }) {
			return "", fault.Missing("child")
		}
		if int64(x.Until) <= int64(civil.InstantOf(now)) {
			return "", fault.New(fault.Conflict, goneOffer)
		}
		for _, u := range x.Units {
			ids = append(ids, u.id)
		}
	}
	if len(p) == 0 {
		return "", fault.New(fault.Conflict, goneOffer)
	}
	s := &Scene{Catalogue: cat, Now: now}
	if err := readScene(tx, s, children, civil.Range{From: p[0].Day.Monday(), To: p.last().Day.Monday().AddDays(6)}); err != nil {
		return "", err
	}
	return s.answerOffer(tx, a, p, ids, take)
}

func (s *Scene) answerOffer(tx *db.Tx, a actor.Actor, p party, ids []ID, take bool) (string, error) {
	var out Outcome
	for _, x := range p {
		act, _ := s.Catalogue.Activity(x.Activity)
		units := unitsOf(act, x.Choice)
		d := Decision{Wish: Wish{Cell: x.Cell, Want: x.Choice}, Did: DidDecline, Held: s.held[x.Cell], childName: s.kids[x.Child].name}
		if take {
			d.Did, d.Late = DidTake, x.Late
			if why := s.bars(x.Cell, act, units); why != "" {
				return "", fault.New(fault.Conflict, why+". Rien n’a été enregistré.")
			}
			if w, known := s.window(act, firstUnit(units), x.Family, x.Day); known {
				d.Until = w.Cancel
			}
			if err := s.takeOffer(tx, x, d); err != nil {
				return "", err
			}
		}
		out.Lines = append(out.Lines, d)
	}
	if !take {
		if err := s.endOffers(tx, ids, ""); err != nil {
			return "", err
		}
	}
	out.Reference = newReference()
	if err := s.record(tx, a, Order{}, out); err != nil {
		return "", err
	}
	return out.Reference, s.handOn(tx)
}

func (s *Scene) takeOffer(tx *db.Tx, x inLine, d Decision) error {
	cancel := any(nil)
	if d.Until.Kind == activity.LimitAt || d.Until.Kind == activity.LimitNever {
		cancel = d.Until.Instant()
	}
	for _, u := range x.Units {
		n, err := tx.Exec(`update booking set state = 'booked', offer_until_at = null, until_at = $2, changed_at = $3 where id = $1 and state = 'offered'`,
			string(u.id), cancel, civil.InstantOf(s.Now))
		if err != nil {
			return fmt.Errorf("take an offer: %w", err)
		}
		if n != 1 {
			return fault.New(fault.Conflict, goneOffer)
		}
	}
	return nil
}

// Give is what an agent decides about a wish of the list, out of order. Reason is kept and read by the family; it is
// always needed.
type Give struct {
	Remove   bool // takes the wish off the list
	AddPlace bool // makes the place that lacks
	Reason   string
}

// GivePlace books a waiting wish out of order, with a place that is left or one that is added, or takes it off the list.
// The reason is kept as proof and told to the family. Somebody else's act meanwhile is a conflict.
func GivePlace(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, of family.ID, c Cell, seen Token, g Give) (string, error) {
	act, known := cat.Activity(c.Activity)
	if !known || !a.CanFor(Write, string(act.Service)) {
		return "", fault.New(fault.Forbidden, "")
	}
	g.Reason = strings.TrimSpace(g.Reason)
	if g.Reason == "" {
		return "", fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif\u00a0: la famille le lira, et il est gardé."})
	}
	if err := (Order{Reason: g.Reason}).words(); err != nil {
		return "", err
	}
	wish := Wish{Cell: c, Seen: seen}
	if err := lockChildren(tx, []Wish{wish}); err != nil {
		return "", err
	}
	o := Order{Family: of, Wishes: []Wish{wish}, Overrule: true, AddPlace: g.AddPlace, Reason: g.Reason}
	s, err := sceneFor(tx, now, a, cat, o)
	if err != nil {
		return "", err
	}
	h := s.Held(c)
	if h.State != Waiting || h.Token() != seen || h.Family != of {
		return "", fault.New(fault.Conflict, "Cette demande n’attend plus\u00a0: elle a été servie, ou la famille l’a retirée. Rien n’a été enregistré.")
	}
	line := Decision{Wish: Wish{Cell: c, Want: h.Choice, Seen: seen}, Held: h, Why: g.Reason, childName: s.kids[c.Child].name}
	if g.Remove {
		if s.freed, err = waitedFor(tx, h); err != nil {
			return "", err
		}
		if err := setAnswer(tx, now, h, string(Refused), g.Reason); err != nil {
			return "", err
		}
		line.Did = DidRefuse
	} else {
		d := s.book(Decision{Wish: line.Wish, Did: DidNone}, act)
		if !d.does() {
			return "", fault.New(fault.Conflict, d.Why+". Rien n’a été enregistré.")
		}
		d.Did, d.Late = DidBook, h.Late
		all := []Decision{d}
		got, err := s.places(tx, o, all)
		if err != nil {
			return "", err
		}
		ids := make([]ID, len(h.Units))
		for i, u := range h.Units {
			ids[i] = u.id
		}
		_, left, err := cancelOrLeave(tx, now, "", ids)
		if err != nil {
			return "", fmt.Errorf("take a wish off the list: %w", err)
		}
		for _, slot := range left {
			s.freed = append(s.freed, slot)
		}
		if err := s.insert(tx, a, o, all, got); err != nil {
			return "", err
		}
		if !all[0].does() {
			return "", fault.New(fault.Conflict, all[0].Why+". Rien n’a été enregistré.")
		}
		line.Did, line.Late, line.Until = DidGive, h.Late, d.Until
	}
	out := Outcome{Reference: newReference(), Lines: []Decision{line}}
	if err := s.record(tx, a, o, out); err != nil {
		return "", err
	}
	return out.Reference, s.handOn(tx)
}

// waitedFor are the slots that a holding waits for.
func waitedFor(r db.Reader, h Holding) ([]activity.SlotID, error) {
	ids := make([]ID, len(h.Units))
	for i, u := range h.Units {
		ids[i] = u.id
	}
	all, err := db.List(r, db.Column[activity.SlotID], `select distinct wants from booking where wants is not null and id in (`+db.Marks(1, len(ids))+`)`, idAnys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read what is waited for: %w", err)
	}
	return all, nil
}
