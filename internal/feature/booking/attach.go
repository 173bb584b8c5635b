package booking

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// unplaced is a booking that holds no place yet.
type unplaced struct {
	id    ID
	unit  activity.UnitID
	day   civil.Date
	site  town.SiteID
	group activity.GroupID
	level string
}

// Attach gives a place to what is booked on some days of an activity and holds none: it came from the old portal, or was
// made before the days were opened. What was booked is never refused: a slot too small for it grows to hold it. It runs
// with activity.Cover, in its transaction.
func Attach(tx *db.Tx, c *activity.Catalogue, id activity.ID, days civil.Range) error {
	a, known := c.Activity(id)
	if !known {
		return nil
	}
	all, err := unplacedOf(tx, id, days)
	if err != nil || len(all) == 0 {
		return err
	}
	units := make([]activity.UnitID, len(a.Units))
	for i, u := range a.Units {
		units[i] = u.ID
	}
	slots, err := activity.SlotsOn(tx, units, days)
	if err != nil {
		return err
	}
	byKey := map[slotKey]activity.SlotID{}
	for _, s := range slots {
		byKey[slotKey{s.Unit, string(s.Site), s.Group, s.Day}] = s.ID
	}
	byChild := &Scene{Catalogue: c, kids: map[family.ChildID]kid{}}
	counts := map[activity.SlotID][]ID{}
	for _, x := range all {
		site, placed := byChild.site(Cell{}, a, entitled{site: x.site})
		group, grouped := a.GroupOf(site, x.group, x.level)
		if slot := byKey[slotKey{x.unit, string(site), group, x.day}]; placed && grouped && slot != "" {
			counts[slot] = append(counts[slot], x.id)
		}
	}
	for slot, ids := range counts {
		if err := attach(tx, slot, ids); err != nil {
			return fmt.Errorf("give places to bookings: %w", err)
		}
	}
	return nil
}

// attach puts bookings in a slot, those that still have none.
func attach(tx *db.Tx, slot activity.SlotID, ids []ID) error {
	n, err := tx.Exec(`update booking set slot = $1 where id in (`+db.Marks(2, len(ids))+`) and slot is null and state = 'booked'`,
		idArgs(string(slot), ids)...)
	if err != nil {
		return err
	}
	return activity.Hold(tx, slot, int(n))
}

func unplacedOf(r db.Reader, id activity.ID, days civil.Range) ([]unplaced, error) {
	all, err := db.List(r, func(s db.Scanner) (unplaced, error) {
		var x unplaced
		err := s.Scan(&x.id, &x.unit, &x.day, &x.site, &x.group, &x.level)
		return x, err
	}, `select b.id, b.unit, b.day, coalesce(e.site, k.school, ''), coalesce(e.grp, ''), coalesce(k.level, '')
		from unit u
		join booking b on b.unit = u.id and b.slot is null and b.state = 'booked' and b.day between $2 and $3
		join child k on k.person = b.child
		left join enrolment e on e.child = b.child and e.activity = u.activity and e.state = 'active' and e.from_day <= b.day and e.to_day >= b.day
		where u.activity = $1
		order by b.day, b.id`, string(id), days.From, days.To)
	if err != nil {
		return nil, fmt.Errorf("list bookings without a place: %w", err)
	}
	return all, nil
}
