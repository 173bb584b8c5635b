package suspension

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// What a suspension could do nothing about, and whom no mail reaches: an agent sees to both.

// stuck is a day that an act could not cancel, or not give back, and why.
type stuck struct {
	booking.Cell
	family family.ID
	why    string
}

// What keeps a day as it is.
const (
	whyNoted    = "Présence déjà notée"
	whyPeriod   = "Jour sans période : il se change dans le dossier de la famille"
	whyGone     = "L’enfant n’est plus rattaché à la famille qui a réservé"
	whyMeantime = "Réservé ou changé depuis"
)

// mostTried bounds how many families are asked why: a page that has more says so of the others in general.
const mostTried = 40

// notCancelled lists what families still hold on the days of a suspension, and why.
func notCancelled(r db.Reader, now time.Time, cat *activity.Catalogue, s kept) ([]stuck, error) {
	all, err := s.across().heldBy(r, cat, "")
	if err != nil {
		return nil, fmt.Errorf("list what is held: %w", err)
	}
	var found []stuck
	byFamily := &orders{of: map[family.ID]*booking.Order{}}
	for _, h := range all {
		x := stuck{h.Cell, h.family, ""}
		switch {
		case h.happened():
			x.why = whyNoted
		case !h.changes(cat):
			x.why = whyPeriod
		default:
			byFamily.add(s.order(h.family), h.wish())
		}
		found = append(found, x)
	}
	why, err := byFamily.why(r, now, cat, s)
	for i, x := range found {
		if x.why == "" {
			found[i].why = why[x.Cell]
		}
		if found[i].why == "" {
			found[i].why = whyMeantime
		}
	}
	return found, err
}

// notBack lists the days from now on that a reopening had to give back and cannot, and why. What a family did of its day
// since is not among them.
func notBack(r db.Reader, now time.Time, cat *activity.Catalogue, s kept) ([]stuck, error) {
	all, err := lostTo(r, s.ID, civil.DateOf(now))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	stands, err := holdingsOf(r, cat, all)
	if err != nil {
		return nil, err
	}
	byFamily := &orders{of: map[family.ID]*booking.Order{}}
	for i := range all {
		o := restoring(all[i:i+1], stands)
		for _, w := range o.Wishes {
			if stands[w.Cell].Token() == w.Seen {
				o.Wishes = nil
				byFamily.add(o, w)
			}
		}
	}
	why, err := byFamily.why(r, now, cat, s)
	if err != nil {
		return nil, err
	}
	var found []stuck
	for _, x := range all {
		if words := why[x.Cell]; words != "" {
			found = append(found, stuck{x.Cell, x.family, words})
		}
	}
	return found, nil
}

// orders are what is asked of families, in the order of their first day.
type orders struct {
	families []family.ID
	of       map[family.ID]*booking.Order
}

func (x *orders) add(o booking.Order, w booking.Wish) {
	known := x.of[o.Family]
	if known == nil {
		x.families = append(x.families, o.Family)
		known = &o
		x.of[o.Family] = known
	}
	if !slices.ContainsFunc(known.Wishes, func(y booking.Wish) bool { return y.Cell == w.Cell }) {
		known.Wishes = append(known.Wishes, w)
	}
}

// why says of each day why it is refused; a day that would be done is not there.
func (x *orders) why(r db.Reader, now time.Time, cat *activity.Catalogue, s kept) (map[booking.Cell]string, error) {
	why := map[booking.Cell]string{}
	for i, id := range x.families {
		if i == mostTried {
			break
		}
		for _, part := range x.of[id].ByChild() {
			all, err := booking.Try(r, now, s.agent(), cat, part)
			switch kind := fault.KindOf(err); {
			case kind == fault.NotFound:
				for _, w := range part.Wishes {
					why[w.Cell] = whyGone
				}
			case err != nil && kind != fault.Unknown:
				for _, w := range part.Wishes {
					why[w.Cell] = fault.SentenceOf(err)
				}
			case err != nil:
				return nil, err
			}
			for _, d := range all {
				if d.Did == booking.DidNone {
					why[d.Cell] = d.Why
				}
			}
		}
	}
	return why, nil
}

// names are the people that lines speak of.
func names(r db.Reader, ids ...family.ChildID) (map[family.ChildID]string, error) {
	all := make([]person.ID, len(ids))
	for i, id := range ids {
		all[i] = person.ID(id)
	}
	found, err := person.Names(r, all...)
	out := make(map[family.ChildID]string, len(found))
	for id, name := range found {
		out[family.ChildID(id)] = name
	}
	return out, err
}
