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

// Barred says which of some activities families may not book today, and why: what they owe, say. Booking does not know;
// the app wires what does. It asks as many statements for many families as for one.
type Barred func(r db.Reader, now time.Time, families []family.ID, activities []activity.ID) (map[family.ID]map[activity.ID]string, error)

// barredKey is an activity for a family.
type barredKey struct {
	family   family.ID
	activity activity.ID
}

// barredHere is what a cell says of it on a page that tells why at its head.
const barredHere = "Réservation fermée\u00a0: voyez pourquoi en haut de la page"

// readBars asks why the families of an order may not book what it books. What it gives up is always free to be, and agents
// are not bound.
func (s *Scene) readBars(r db.Reader, a actor.Actor, o Order) error {
	if o.Barred == nil || a.Kind != actor.Citizen {
		return nil
	}
	var families []family.ID
	var wanted []activity.ID
	for _, w := range o.Wishes {
		if w.Want == "" {
			continue
		}
		if of := s.kids[w.Child].family; !slices.Contains(families, of) {
			families = append(families, of)
		}
		if !slices.Contains(wanted, w.Activity) {
			wanted = append(wanted, w.Activity)
		}
	}
	return s.askBars(r, o.Barred, families, wanted)
}

// readAllBars asks it of all that the children of a page are enrolled in.
func (s *Scene) readAllBars(r db.Reader, barred Barred, children []family.Child) error {
	var families []family.ID
	for _, c := range children {
		if !slices.Contains(families, c.Family) {
			families = append(families, c.Family)
		}
	}
	var all []activity.ID
	for key := range s.enrolled {
		if !slices.Contains(all, key.activity) {
			all = append(all, key.activity)
		}
	}
	return s.askBars(r, barred, families, all)
}

func (s *Scene) askBars(r db.Reader, barred Barred, families []family.ID, activities []activity.ID) error {
	if barred == nil || len(families) == 0 || len(activities) == 0 {
		return nil
	}
	why, err := barred(r, s.Now, families, activities)
	if err != nil {
		return fmt.Errorf("ask whether a family may book: %w", err)
	}
	s.barred = map[barredKey]string{}
	for of, reasons := range why {
		for id, reason := range reasons {
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
	var families []family.ID
	for _, c := range children {
		if !slices.Contains(families, c.Family) {
			families = append(families, c.Family)
		}
	}
	told, err := p.Barred(r, p.Now(), families, []activity.ID{of})
	if err != nil {
		return nil, "", fmt.Errorf("ask whether a family may book: %w", err)
	}
	why = map[family.ID]string{}
	for _, f := range families {
		why[f] = told[f][of]
	}
	for _, c := range children {
		if why[c.Family] == "" {
			return why, "", nil
		}
	}
	return why, why[children[0].Family] + ".", nil
}
