package booking

import (
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
)

// slotKey is where a place is taken.
type slotKey struct {
	unit  activity.UnitID
	site  string
	group activity.GroupID
	day   civil.Date
}

func (d Decision) slotKey(u activity.UnitID) slotKey {
	return slotKey{u, string(d.site), d.group, d.Day}
}

// places takes a place for every unit that a decision takes, and returns the slot of each. A decision that cannot have
// all of its places has none, and says why; so have those that are done together with it.
func (s *Scene) places(tx *db.Tx, o Order, all []Decision) (map[slotKey]activity.SlotID, error) {
	slots, err := s.slots(tx, all)
	if err != nil {
		return nil, err
	}
	var ask []activity.SlotID
	short := map[week]string{}
	first, err := s.othersFirst(tx, o, all, slots)
	if err != nil {
		return nil, err
	}
	for i, d := range all {
		if d.Did != DidBook && d.Did != DidChange {
			continue
		}
		for _, u := range d.take {
			slot, known := slots[d.slotKey(u)]
			if !known {
				all[i] = d.refuse("Les réservations ne sont pas encore ouvertes pour ce jour")
				short[s.together(d)] = "Un jour de cette semaine n’est pas encore ouvert, et l’activité se réserve par semaine entière"
				break
			}
			if slot.Closed {
				all[i] = d.refuse(ClosedWords(slot))
				break
			}
		}
		if all[i].does() {
			for _, u := range d.take {
				if slot := slots[d.slotKey(u)].ID; !first[slot] {
					ask = append(ask, slot)
				}
			}
		}
	}
	got, err := activity.Take(tx, ask)
	if err != nil {
		return nil, err
	}
	if o.AddPlace {
		if err := addPlaces(tx, ask, got); err != nil {
			return nil, err
		}
	}
	if err := s.share(tx, all, slots, got, short); err != nil {
		return nil, err
	}
	if err := s.settlePlaced(tx, all, slots); err != nil {
		return nil, err
	}
	ids := map[slotKey]activity.SlotID{}
	for k, slot := range slots {
		ids[k] = slot.ID
	}
	return ids, nil
}

// addPlaces adds the places that lack, for an agent who chose to.
func addPlaces(tx *db.Tx, ask []activity.SlotID, got map[activity.SlotID]int) error {
	lacking := map[activity.SlotID]int{}
	for _, id := range ask {
		lacking[id]++
	}
	for id, n := range lacking {
		for range n - got[id] {
			taken, err := activity.TakeMore(tx, id)
			if err != nil {
				return err
			}
			if taken {
				got[id]++
			}
		}
	}
	return nil
}

// share hands out the places got, in the order of the wishes; what a refused line had got is given back. short names the
// weeks that cannot be had whole, and why.
func (s *Scene) share(tx *db.Tx, all []Decision, slots map[slotKey]activity.Slot, got map[activity.SlotID]int, short map[week]string) error {
	for i, d := range all {
		if d.Did != DidBook && d.Did != DidChange {
			continue
		}
		enough := true
		for _, u := range d.take {
			if got[slots[d.slotKey(u)].ID] == 0 {
				enough = false
			}
		}
		if !enough {
			all[i] = s.noPlace(d, s.full())
			short[s.together(d)] = s.shortWords(d, all[i], short[s.together(d)])
			continue
		}
		for _, u := range d.take {
			got[slots[d.slotKey(u)].ID]--
		}
	}
	var back []activity.SlotID
	for i, d := range all {
		if (d.Did == DidBook || d.Did == DidChange) && short[s.together(d)] != "" {
			for _, u := range d.take {
				back = append(back, slots[d.slotKey(u)].ID)
			}
			all[i] = s.withOthers(d, short[s.together(d)])
		}
	}
	s.unmake(all, short)
	for id, n := range got {
		for range n {
			back = append(back, id)
		}
	}
	return s.giveBack(tx, back)
}

// settlePlaced refuses, of what would be booked, what leans on a line that had no place: the snack without the evening
// care, two days where the week wants three. Its places are given back.
func (s *Scene) settlePlaced(tx *db.Tx, all []Decision, slots map[slotKey]activity.Slot) error {
	var back []activity.SlotID
	for refused := !s.Overrule; refused; {
		refused = false
		after := s.after(all)
		for i, d := range all {
			if d.Did != DidBook && d.Did != DidChange && d.Did != DidAsk {
				continue
			}
			why := s.clashIn(all, d, after)
			if why == "" {
				why = s.badWeek(week{childActivity{d.Child, d.Activity}, d.Day.Monday()}, after)
			}
			if why == "" {
				continue
			}
			for _, u := range d.take {
				if d.Did != DidAsk {
					back = append(back, slots[d.slotKey(u)].ID)
				}
			}
			all[i], refused = d.refuse(why), true
		}
	}
	return s.giveBack(tx, back)
}

const (
	noPlace = "Complet\u00a0: la dernière place vient d’être prise"
	allFull = "Complet\u00a0: toutes les places sont prises"
)

// full is said of a line without a place. An agent sees full days before choosing them: nobody was quicker.
func (s *Scene) full() string {
	if s.counter {
		return allFull
	}
	return noPlace
}

// ClosedWords says why a place is closed.
func ClosedWords(s activity.Slot) string {
	if s.Reason == "" {
		return "Fermé ce jour-là"
	}
	return "Fermé\u00a0: " + s.Reason
}

// slots reads the places that decisions want, in one query; none when none is wanted.
func (s *Scene) slots(r db.Reader, all []Decision) (map[slotKey]activity.Slot, error) {
	var units []activity.UnitID
	days := civil.Range{}
	for _, d := range all {
		if !d.takes() || len(d.take) == 0 {
			continue
		}
		for _, u := range d.take {
			if !slices.Contains(units, u) {
				units = append(units, u)
			}
		}
		if days.From.IsZero() || d.Day.Before(days.From) {
			days.From = d.Day
		}
		if d.Day.After(days.To) {
			days.To = d.Day
		}
	}
	found, err := activity.SlotsOn(r, units, days)
	if err != nil {
		return nil, err
	}
	byKey := map[slotKey]activity.Slot{}
	for _, x := range found {
		byKey[slotKey{x.Unit, string(x.Site), x.Group, x.Day}] = x
	}
	return byKey, nil
}
