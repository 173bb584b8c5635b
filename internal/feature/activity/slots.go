package activity

import (
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/town"
)

// SlotID names a slot.
type SlotID string

// Slot is the places of a unit on a day at a site, of one group or of all. Capacity nil has no limit.
type Slot struct {
	ID       SlotID
	Unit     UnitID
	Site     town.SiteID
	Group    GroupID
	Day      civil.Date
	Taken    int
	Capacity *int
	Closed   bool
	Reason   string // why it is closed
	Waited   bool   // somebody may be waiting for a place
}

// Full tells that no place is left.
func (s Slot) Full() bool { return s.Capacity != nil && s.Taken >= *s.Capacity }

// Left is how many places are left; ok is false without a limit.
func (s Slot) Left() (n int, ok bool) {
	if s.Capacity == nil {
		return 0, false
	}
	return max(0, *s.Capacity-s.Taken), true
}

// Take takes a place in each slot listed, as many times as it is listed, and returns how many it got in each: a slot
// that is full, closed, or of a day that the town closed gives none. It is the only place where places are taken: one
// conditional update, so that the last place has one winner whoever asks at once.
func Take(tx *db.Tx, ids []SlotID) (map[SlotID]int, error) {
	got := map[SlotID]int{}
	wanted := map[SlotID]int{}
	for _, id := range ids {
		wanted[id]++
	}
	for round := 1; ; round++ {
		var ask []SlotID
		for id, n := range wanted {
			if n >= round && got[id] == round-1 {
				ask = append(ask, id)
			}
		}
		if len(ask) == 0 {
			return got, nil
		}
		slices.Sort(ask) // the same order for all, or two verbs would wait for each other
		for part := range slices.Chunk(ask, batch) {
			taken, err := takeOne(tx, part)
			if err != nil {
				return nil, wrap("take places", err)
			}
			for _, id := range taken {
				got[id]++
			}
		}
	}
}

// TakeMore takes a place in a slot and adds it when none is left: an agent's choice, never a family's. Not ok for a
// closed slot, or a day that the town closed.
func TakeMore(tx *db.Tx, id SlotID) (bool, error) {
	ok, err := addOne(tx, id)
	return ok, wrap("add a place", err)
}

// Hold counts places that bookings made elsewhere hold already; the slot grows when it is too small for them.
func Hold(tx *db.Tx, id SlotID, n int) error {
	if n == 0 {
		return nil
	}
	return wrap("hold places", hold(tx, id, n))
}

// Release gives places back, as many as each slot is listed.
func Release(tx *db.Tx, ids []SlotID) error {
	counts := map[SlotID]int{}
	for _, id := range ids {
		counts[id]++
	}
	for round := 1; ; round++ {
		var give []SlotID
		for id, n := range counts {
			if n >= round {
				give = append(give, id)
			}
		}
		if len(give) == 0 {
			return nil
		}
		slices.Sort(give)
		for part := range slices.Chunk(give, batch) {
			if err := releaseOne(tx, part); err != nil {
				return wrap("give places back", err)
			}
		}
	}
}

// Cover makes the slots that are missing in a range for the open periods of an activity, for each of its units, places
// and groups, on the days it takes place. Slots there already keep what they have. It returns how many were made; a
// whole year is covered month by month, each in its own transaction.
func Cover(tx *db.Tx, c *Catalogue, id ID, days civil.Range) (int, error) {
	a, known := c.Activity(id)
	if !known {
		return 0, nil
	}
	var missing []Slot
	for _, day := range days.Days() {
		if p, known := a.PeriodOf(day); !known || !p.Open {
			continue
		}
		for _, u := range a.Units {
			if why, _ := c.Why(a, u, day); why != "" {
				continue
			}
			missing = append(missing, a.slotsOn(u, day)...)
		}
	}
	made := 0
	for part := range slices.Chunk(missing, batch) {
		n, err := insertSlots(tx, part)
		if err != nil {
			return made, wrap("make slots", err)
		}
		made += n
	}
	return made, nil
}

// slotsOn lists the slots that a unit has on a day: one a group where the site has groups, else one a site.
func (a *Activity) slotsOn(u Unit, day civil.Date) []Slot {
	var all []Slot
	for _, p := range a.Places {
		grouped := false
		for _, g := range a.Groups {
			if g.Site == p.Site {
				grouped = true
				all = append(all, Slot{Unit: u.ID, Site: p.Site, Group: g.ID, Day: day, Capacity: g.Capacity})
			}
		}
		if !grouped {
			all = append(all, Slot{Unit: u.ID, Site: p.Site, Day: day, Capacity: p.Capacity})
		}
	}
	return all
}
