package booking

import (
	"fmt"
	"slices"

	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
)

// How an order meets the waiting list: lines that have no place join it, places given back are handed on, and nobody who
// comes now passes somebody who waits.

// waitToo marks the days that wait with another one of their week, or of their brothers and sisters.
const waitToo = "attend avec les autres"

// queued lets all lines that are had together join the list where one of them asks to.
func (s *Scene) queued(all []Decision) []Decision {
	key := func(d Decision) week {
		d.Queue = true
		return s.together(d)
	}
	queue := map[week]bool{}
	for _, d := range all {
		if d.Queue && d.takes() {
			queue[key(d)] = true
		}
	}
	for i, d := range all {
		if d.takes() && queue[key(d)] {
			all[i].Queue = true
		}
	}
	return all
}

// noPlace puts a line on the list, or refuses it where the list was not asked for or would not take it.
func (s *Scene) noPlace(d Decision, why string) Decision {
	if s.mayWait(d) {
		return d.wait()
	}
	if d.Did == DidChange {
		why = s.fullChange(d)
	}
	no := d.refuse(why)
	d.Queue = true
	no.lacking, no.couldWait = true, s.mayWait(d)
	return no
}

// fullChange is said where another choice lacks a place: what is booked stays, and the list takes no change, since it
// would hold a place while it waits for another.
func (s *Scene) fullChange(d Decision) string {
	a, known := s.Catalogue.Activity(d.Activity)
	if !known {
		return noPlace
	}
	kept := "ce qui est réservé"
	if name := ChoiceName(a, d.Held.Choice); name != "" {
		kept = "«\u00a0" + name + "\u00a0»"
	}
	return "Complet\u00a0: " + kept + " reste réservé. Un changement ne s’attend pas sur une liste\u00a0: appelez le service, qui peut ajouter une place"
}

// clashIn is clash, which says of a unit that is needed and waited for what to do.
func (s *Scene) clashIn(all []Decision, d Decision, after map[childDay]map[activity.UnitID]activity.ID) string {
	why := s.clash(d, after)
	if why == "" {
		return ""
	}
	for _, id := range d.take {
		a, _ := s.Catalogue.OfUnit(id)
		u, _ := a.UnitByID(id)
		if u.Needs != "" && after[childDay{d.Child, d.Day}][u.Needs] == "" && s.waitsFor(all, d, u.Needs) {
			return "«\u00a0" + s.label(u.Needs) + "\u00a0» attend une place ce jour-là\u00a0: demandez de nouveau quand elle sera réservée"
		}
	}
	return why
}

// waitsFor tells that the child waits, already or by the same order, for a unit on a decision's day.
func (s *Scene) waitsFor(all []Decision, d Decision, unit activity.UnitID) bool {
	for _, x := range all {
		if x.Did == DidWait && x.Child == d.Child && x.Day == d.Day && slices.Contains(x.take, unit) {
			return true
		}
	}
	a, known := s.Catalogue.OfUnit(unit)
	if !known {
		return false
	}
	h := s.held[Cell{d.Child, a.ID, d.Day}]
	return (h.State == Waiting || h.State == Offered) && slices.ContainsFunc(h.Units, func(u heldUnit) bool { return u.unit == unit })
}

// shortWords is why the other lines of a group cannot be had, once one has no place; the first reason stays.
func (s *Scene) shortWords(d, became Decision, before string) string {
	switch {
	case before != "":
		return before
	case became.Did == DidWait:
		return waitToo
	case s.asOne:
		return "Pas de place pour tous les enfants ce jour-là"
	}
	return "Un jour de cette semaine est complet, et l’activité se réserve par semaine entière"
}

// withOthers is what comes of a line when another of its group has no place.
func (s *Scene) withOthers(d Decision, why string) Decision {
	if why != waitToo {
		return s.noPlace(d, why)
	}
	return s.noPlace(d, "Les autres jours attendent une place")
}

// unmake takes off the list the lines of a group that can neither be had nor wait whole.
func (s *Scene) unmake(all []Decision, short map[week]string) {
	whole := map[week]bool{}
	for _, d := range all {
		if why := short[s.together(d)]; why == waitToo && d.lacking {
			whole[s.together(d)] = true
		}
	}
	for i, d := range all {
		k := s.together(d)
		if d.Did == DidWait && (short[k] != waitToo && short[k] != "" || whole[k]) {
			all[i] = d.refuse(noPlace)
		}
	}
}

// partyOf names the lines that wait together on a day; "" for a line by itself.
func (s *Scene) partyOf(Decision) string {
	if !s.asOne {
		return ""
	}
	if s.party == "" {
		s.party = db.NewID()
	}
	return s.party
}

// giveBack gives places back and notes those that somebody may wait for.
func (s *Scene) giveBack(tx *db.Tx, slots []activity.SlotID) error {
	waited, err := activity.GiveBack(tx, slots)
	s.freed = append(s.freed, waited...)
	return err
}

// othersFirst are the slots with a place left for which others wait: who comes now goes through the list. What this
// order gave back itself it may take again. No statement where no slot is waited for.
func (s *Scene) othersFirst(tx *db.Tx, o Order, all []Decision, slots map[slotKey]activity.Slot) (map[activity.SlotID]bool, error) {
	if s.Overrule || o.AddPlace {
		return nil, nil
	}
	var ask []activity.SlotID
	for _, d := range all {
		if !d.takes() {
			continue
		}
		for _, u := range d.take {
			slot := slots[d.slotKey(u)]
			if slot.Waited && !slot.Full() && !slot.Closed && !slices.Contains(s.freed, slot.ID) && !slices.Contains(ask, slot.ID) {
				ask = append(ask, slot.ID)
			}
		}
	}
	still, err := refreshWaited(tx, ask)
	first := map[activity.SlotID]bool{}
	for _, id := range still {
		first[id] = true
	}
	return first, err
}

// refreshWaited returns those of some slots that somebody still waits for, and notes that nobody does for the others.
func refreshWaited(tx *db.Tx, ids []activity.SlotID) ([]activity.SlotID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var still, none []activity.SlotID
	for part := range slices.Chunk(ids, batch) {
		some, err := db.List(tx, db.Column[activity.SlotID], `select distinct wants from booking where state = 'waiting' and wants in (`+db.Marks(1, len(part))+`)`,
			slotArgs(part)...)
		if err != nil {
			return nil, fmt.Errorf("look who waits: %w", err)
		}
		still = append(still, some...)
	}
	for _, id := range ids {
		if !slices.Contains(still, id) {
			none = append(none, id)
		}
	}
	return still, activity.SetWaited(tx, none, false)
}

func slotArgs(ids []activity.SlotID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	return args
}

// join notes on their slots that somebody waits. A slot that has a place all the same, by somebody who gave it back
// meanwhile or because those before cannot be served, is handed on at the end of the order.
func (s *Scene) join(tx *db.Tx, all []Decision, slots map[slotKey]activity.SlotID) error {
	var ids []activity.SlotID
	for _, d := range all {
		if d.Did == DidWait {
			for _, u := range d.take {
				ids = append(ids, slots[d.slotKey(u)])
			}
		}
	}
	room, err := activity.Queue(tx, ids)
	s.freed = append(s.freed, room...)
	return err
}

const (
	mostAtOnce = 6  // slots handed on in one transaction
	mostPerJob = 20 // slots a job hands on
)

// handOn asks, in the transaction that frees them, for places to be given to those who wait for them.
func (s *Scene) handOn(tx *db.Tx) error {
	slots := slices.Compact(slices.Sorted(slices.Values(s.freed)))
	s.freed = nil
	return handOn(tx, s.Now, slots)
}

// readWaited reads, of what wishes give up past the deadline, the places that would be given on at once: then they may.
func (s *Scene) readWaited(r db.Reader, wishes []Wish) error {
	asked := map[activity.SlotID]int{}
	for _, w := range wishes {
		a, known := s.Catalogue.Activity(w.Activity)
		h := s.held[w.Cell]
		if !known || w.Want != "" || s.Overrule || h.State != Booked || h.Family != s.kids[w.Child].family || !a.Waiting.LateFree {
			continue
		}
		if s.verdict(a, h, w.Cell, activity.Cancel).Is == activity.Free {
			continue
		}
		for _, u := range h.Units {
			if u.slot != "" {
				asked[u.slot]++
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	var ids []activity.SlotID
	for id := range asked {
		ids = append(ids, id)
	}
	found, err := activity.SlotsByID(r, ids)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id activity.SlotID) bool { return !found[id].Waited })
	if len(ids) == 0 {
		return nil
	}
	q, err := readQueue(r, s.Now, s.Catalogue, ids)
	if err != nil {
		return err
	}
	given := q.wouldServe(asked)
	s.waited = map[activity.SlotID]bool{}
	for _, id := range ids {
		s.waited[id] = given[id] >= asked[id]
	}
	return nil
}
