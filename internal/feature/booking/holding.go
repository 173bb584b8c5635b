package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// What a booking is, read in one way: a day booked at once is a choice; the same parts booked one by one, as another portal
// did, are the choice that they make, or a choice of their own that no page offers.

// heldRows are the rows of what some children have over the range of $1 and $2, and of presences noted besides; rank is
// the column that says how far what waits is.
func heldRows(in, rank string) string {
	return `select 'b', b.id, b.child, b.family, b.unit, b.day, b.day, '', '', b.state, coalesce(b.choice, b.unit), coalesce(b.slot, ''), b.until_at,
				b.late, b.cancel_asked_at is not null, b.by_agent, b.reason, coalesce(t.state, ''), ` + rank + `, coalesce(b.offer_until_at, 0), coalesce(b.changed_at, b.made_at), b.absence_at is not null
			from booking b left join attendance t on t.child = b.child and t.day = b.day and t.unit = b.unit
			where b.day between $1 and $2 and b.child in (` + in + `)
		union all
		select 'b', '', t.child, '', t.unit, t.day, t.day, '', '', '', t.unit, '', null, false, false, false, '', t.state, 0, 0, 0, false
			from attendance t
			where t.day between $1 and $2 and t.child in (` + in + `)
				and not exists (select 1 from booking b where b.child = t.child and b.day = t.day and b.unit = t.unit)`
}

// mostRead is how many children one statement of Holdings reads.
const mostRead = 400

// Holdings is what some children hold over a range of days, as orders compare it with what a page showed: one statement
// for every four hundred children.
func Holdings(r db.Reader, cat *activity.Catalogue, children []family.ChildID, days civil.Range) (map[Cell]Holding, error) {
	s := &Scene{Catalogue: cat, held: map[Cell]Holding{}}
	for part := range slices.Chunk(children, mostRead) {
		args := []any{days.From, days.To}
		for _, c := range part {
			args = append(args, string(c))
		}
		rows, err := db.List(r, scanScene, heldRows(db.Marks(3, len(part)), "0"), args...)
		if err != nil {
			return nil, fmt.Errorf("read what children hold: %w", err)
		}
		for _, x := range rows {
			s.take(x)
		}
	}
	s.asChoices()
	return s.held, nil
}

// asChoices gives the cells of several units their choice.
func (s *Scene) asChoices() {
	for c, h := range s.held {
		if len(h.Units) > 1 {
			s.held[c] = s.joined(c, h)
		}
	}
}

// Parts are the units held.
func (h Holding) Parts() []activity.UnitID {
	all := make([]activity.UnitID, len(h.Units))
	for i, u := range h.Units {
		all[i] = u.unit
	}
	return all
}

// loose names units that no choice makes together; partsOf gives them back.
func loose(units []activity.UnitID) activity.ChoiceID {
	words := make([]string, len(units))
	for i, u := range units {
		words[i] = string(u)
	}
	slices.Sort(words)
	return activity.ChoiceID(strings.Join(words, "+"))
}

// isLoose tells such a name from that of a choice.
func isLoose(id activity.ChoiceID) bool { return strings.Contains(string(id), "+") }

// partsOf are the units of a choice, or those that no choice makes together; none when one of them is gone.
func partsOf(a *activity.Activity, id activity.ChoiceID) []activity.Unit {
	if all := unitsOf(a, id); len(all) > 0 {
		return all
	}
	var all []activity.Unit
	for word := range strings.SplitSeq(string(id), "+") {
		u, known := a.UnitByID(activity.UnitID(word))
		if !known {
			return nil
		}
		all = append(all, u)
	}
	return all
}

// ChoiceName names a choice of an activity, or the parts that no choice makes together: "Journée", "Matin et après-midi".
func ChoiceName(a *activity.Activity, id activity.ChoiceID) string {
	if c, known := a.ChoiceByID(id); known {
		return c.Name
	}
	units := partsOf(a, id)
	slices.SortStableFunc(units, func(x, y activity.Unit) int { return x.From - y.From })
	var names []string
	for i, u := range units {
		if names = append(names, u.Name); i > 0 {
			names[i] = french.Lower(u.Name)
		}
	}
	return french.And(names)
}

// Try tells what an order would decide now, how many places are left apart, and does nothing.
func Try(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, o Order) ([]Decision, error) {
	if err := o.check(a, cat); err != nil {
		return nil, err
	}
	s, err := sceneFor(r, now, a, cat, o)
	if err != nil {
		return nil, err
	}
	all := s.Decide(o.Wishes)
	slots, err := s.slots(r, all)
	if err != nil {
		return nil, err
	}
	for i, d := range all {
		for _, u := range d.take {
			if slot := slots[d.slotKey(u)]; d.takes() && slot.Closed {
				all[i] = d.refuse(ClosedWords(slot))
			}
		}
	}
	return all, nil
}
