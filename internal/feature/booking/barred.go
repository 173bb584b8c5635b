package booking

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Barred says which of some activities a family may not book today, and why: what it owes, say. Booking does not know;
// the app wires what does.
type Barred func(r db.Reader, now time.Time, of family.ID, activities []activity.ID) (map[activity.ID]string, error)

// barredKey is an activity for a family.
type barredKey struct {
	family   family.ID
	activity activity.ID
}

// readBars asks why the families of an order may not book what it books. What it gives up is always free to be, and agents
// are not bound.
func (s *Scene) readBars(r db.Reader, a actor.Actor, o Order) error {
	if o.Barred == nil || a.Kind != actor.Citizen {
		return nil
	}
	var families []family.ID
	wanted := map[family.ID][]activity.ID{}
	for _, w := range o.Wishes {
		of := s.kids[w.Child].family
		if w.Want == "" || slices.Contains(wanted[of], w.Activity) {
			continue
		}
		if len(wanted[of]) == 0 {
			families = append(families, of)
		}
		wanted[of] = append(wanted[of], w.Activity)
	}
	s.barred = map[barredKey]string{}
	for _, of := range families {
		why, err := o.Barred(r, s.Now, of, wanted[of])
		if err != nil {
			return fmt.Errorf("ask whether a family may book: %w", err)
		}
		for id, reason := range why {
			s.barred[barredKey{of, id}] = reason
		}
	}
	return nil
}
