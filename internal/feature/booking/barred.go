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

// closedTo says to which families of some children an activity is closed today, and whether to all of them: then there is
// no form to show.
func (p Pages) closedTo(r db.Reader, children []family.Child, of activity.ID) (why map[family.ID]string, all string, err error) {
	if p.Barred == nil || len(children) == 0 {
		return nil, "", nil
	}
	why = map[family.ID]string{}
	for _, c := range children {
		if _, asked := why[c.Family]; asked {
			continue
		}
		told, err := p.Barred(r, p.Now(), c.Family, []activity.ID{of})
		if err != nil {
			return nil, "", fmt.Errorf("ask whether a family may book: %w", err)
		}
		why[c.Family] = told[of]
	}
	for _, c := range children {
		if why[c.Family] == "" {
			return why, "", nil
		}
	}
	return why, why[children[0].Family] + ".", nil
}
