package booking

import (
	"maps"
	"slices"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
)

// What a late request does to those who wait in order: accepted, it takes no place that one of them would have, unless
// an agent overrules the list with a reason, which is kept.

// passing is what giving places to somebody who is not in line does to those who are.
type passing struct {
	Waits  int  // children in line who could be served there, places apart
	Passes bool // one of them loses a place by it
}

// passing says it of one place of each of some slots; more says that those without one get one made.
func (q *queue) passing(ask []activity.SlotID, more bool) passing {
	var p passing
	before, after := q.free(nil), map[activity.SlotID]int{}
	for _, id := range ask {
		if more && before[id] == 0 {
			before[id] = 1
		}
	}
	maps.Copy(after, before)
	for _, id := range ask {
		after[id]--
	}
	served := func(free map[activity.SlotID]int) int {
		held, n := maps.Clone(q.s.held), 0
		q.s.plan(q.parties, q.slots, free, func(p party, _ []Decision) { n += len(p) }, nil)
		q.s.held = held
		return n
	}
	for _, x := range q.parties {
		if _, _, ok := q.s.servable(x, q.slots); ok && x.touches(ask) {
			p.Waits += len(x)
		}
	}
	p.Passes = p.Waits > 0 && served(after) < served(before)
	return p
}

// waitedOnes are those of some slots that somebody may wait for.
func waitedOnes(slots map[slotKey]activity.Slot) []activity.SlotID {
	var ids []activity.SlotID
	for _, x := range slots {
		if x.Waited {
			ids = append(ids, x.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// passesList refuses to accept a late request before those who wait, unless the answer says so and why. It tells whether
// it does.
func (s *Scene) passesList(r db.Reader, d Decision, slots map[slotKey]activity.Slot, ans Answer) (bool, error) {
	var ask []activity.SlotID
	for _, u := range d.take {
		if slot, known := slots[d.slotKey(u)]; known && !slot.Closed {
			ask = append(ask, slot.ID)
		}
	}
	ids := slices.DeleteFunc(waitedOnes(slots), func(id activity.SlotID) bool { return !slices.Contains(ask, id) })
	if len(ids) == 0 {
		return false, nil
	}
	q, err := readQueue(r, s.Now, s.Catalogue, ids)
	if err != nil {
		return false, err
	}
	for _, slot := range slots {
		q.slots[slot.ID] = slot
	}
	p := q.passing(ask, ans.AddPlace)
	switch {
	case !p.Passes:
		return false, nil
	case !ans.Pass:
		return true, fault.New(fault.Conflict, french.Upper(p.words())+". Pour accepter quand même avant eux, choisissez-le et écrivez un motif. Rien n’a été enregistré.")
	case ans.Reason == "":
		return true, fault.InvalidFields(fault.Field{Name: "motif", Sentence: french.Upper(p.words()) + ". Pour accepter avant, écrivez le motif\u00a0: la famille le lira, et il est gardé."})
	}
	return true, nil
}

// words are "2 enfants attendent cette place, dans l’ordre".
func (p passing) words() string {
	if p.Waits == 1 {
		return "1\u00a0enfant attend déjà cette place"
	}
	return french.Count(p.Waits, "enfant") + " attendent déjà cette place, dans l’ordre"
}

// toList puts a late request at the end of the list, with the moment of now.
func (s *Scene) toList(tx *db.Tx, a actor.Actor, o Order, d Decision, slots map[slotKey]activity.Slot) (Decision, error) {
	d.Queue = true
	if !s.mayWait(d) {
		return d, fault.New(fault.Conflict, "La liste d’attente de ce jour est terminée. Rien n’a été enregistré.")
	}
	ids := map[slotKey]activity.SlotID{}
	for _, u := range d.take {
		slot, known := slots[d.slotKey(u)]
		if !known || slot.Closed {
			return d, fault.New(fault.Conflict, "Ce jour n’est pas ouvert, ou il vient de fermer. Rien n’a été enregistré.")
		}
		ids[d.slotKey(u)] = slot.ID
	}
	all := []Decision{d.wait()}
	if err := s.insert(tx, a, o, all, ids); err != nil {
		return d, err
	}
	if !all[0].does() {
		return d, fault.New(fault.Conflict, all[0].Why+". Rien n’a été enregistré.")
	}
	return all[0], nil
}

// notePassed keeps, besides the reason in the proof, that an agent passed the list.
func (s *Scene) notePassed(tx *db.Tx, a actor.Actor, o Order, reference string) error {
	return audit.Write(tx, s.Now, a, audit.Entry{Action: "booking.list.passed", Object: "family", ID: string(o.Family), Detail: reference})
}

// readPassing says of each late request who waits where it would take a place; no statement where nobody does.
func readPassing(r db.Reader, s *Scene, rows []lateRow, plans []Decision, slots map[slotKey]activity.Slot) error {
	ids := waitedOnes(slots)
	if len(ids) == 0 {
		return nil
	}
	q, err := readQueue(r, s.Now, s.Catalogue, ids)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		q.slots[slot.ID] = slot
	}
	for i, x := range rows {
		if x.Cancel || x.bar != "" {
			continue
		}
		rows[i].line = q.passing(x.slots, x.full())
		d := plans[i]
		d.Queue = true
		s.kids[x.Child] = kid{family: x.Family, name: s.kids[x.Child].name, level: s.kids[x.Child].level, born: s.kids[x.Child].born}
		rows[i].mayWait = s.mayWait(d)
	}
	return nil
}
