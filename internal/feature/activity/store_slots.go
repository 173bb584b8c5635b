package activity

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

const batch = 100 // rows a statement; few enough for both engines' limits on parameters

func slotArgs(ids []SlotID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	return args
}

// takeOne takes one place in each slot that has one, and returns those. The closings of the town are asked here, in
// the statement that takes, so that a day closed meanwhile gives no place.
func takeOne(tx *db.Tx, ids []SlotID) ([]SlotID, error) {
	return db.List(tx, db.Column[SlotID], `update slot set taken = taken + 1
		where id in (`+db.Marks(1, len(ids))+`) and state = 'open' and (capacity is null or taken < capacity) and `+notClosed+`
		returning id`, slotArgs(ids)...)
}

// notClosed is false on the days that the town or the service closed.
const notClosed = `not exists (select 1 from closing c
	where c.from_day <= slot.day and c.to_day >= slot.day and (c.service is null or c.service = (
		select a.service from unit u join activity a on a.id = u.activity where u.id = slot.unit)))`

func releaseOne(tx *db.Tx, ids []SlotID) error {
	n, err := tx.Exec(`update slot set taken = taken - 1 where id in (`+db.Marks(1, len(ids))+`)`, slotArgs(ids)...)
	if err == nil && int(n) != len(ids) {
		return fmt.Errorf("%d slots released, %d asked", n, len(ids))
	}
	return err
}

func insertSlots(tx *db.Tx, all []Slot) (int, error) {
	var with, without []Slot // two partial unique indexes: a conflict names one
	for _, s := range all {
		if s.Group == "" {
			without = append(without, s)
		} else {
			with = append(with, s)
		}
	}
	a, err := insertSlotRows(tx, without, `(unit, day, site) where grp is null`)
	if err != nil {
		return 0, err
	}
	b, err := insertSlotRows(tx, with, `(unit, day, site, grp) where grp is not null`)
	return a + b, err
}

func insertSlotRows(tx *db.Tx, all []Slot, once string) (int, error) {
	if len(all) == 0 {
		return 0, nil
	}
	args := make([]any, 0, len(all)*6)
	for _, s := range all {
		args = append(args, db.NewID(), string(s.Unit), string(s.Site), db.Null(string(s.Group)), s.Day, capacityArg(s.Capacity))
	}
	n, err := tx.Exec(`insert into slot (id, unit, site, grp, day, capacity) values `+db.Values(len(all), 6)+` on conflict `+once+` do nothing`, args...)
	return int(n), err
}

func capacityArg(n *int) any {
	if n == nil {
		return nil
	}
	return int64(*n)
}

func scanSlot(s db.Scanner) (Slot, error) {
	var x Slot
	var state string
	err := s.Scan(&x.ID, &x.Unit, &x.Site, &x.Group, &x.Day, &x.Taken, &x.Capacity, &state, &x.Reason, &x.Waited)
	x.Closed = state == "closed"
	return x, err
}

// SlotsOn lists the slots of some units over a range, in one query.
func SlotsOn(r db.Reader, units []UnitID, days civil.Range) ([]Slot, error) {
	if len(units) == 0 {
		return nil, nil
	}
	args := []any{days.From, days.To}
	for _, u := range units {
		args = append(args, string(u))
	}
	all, err := db.List(r, scanSlot, `select id, unit, site, coalesce(grp, ''), day, taken, capacity, state, reason, waited from slot
		where day between $1 and $2 and unit in (`+db.Marks(3, len(units))+`) order by day, unit, site, grp`, args...)
	return all, wrap("list slots", err)
}

// addOne takes a place and makes it when none is left.
func addOne(tx *db.Tx, id SlotID) (bool, error) {
	n, err := tx.Exec(`update slot set taken = taken + 1, capacity = case when capacity is null then null when capacity > taken then capacity else taken + 1 end
		where id = $1 and state = 'open' and `+notClosed, string(id))
	return n == 1, err
}

func hold(tx *db.Tx, id SlotID, n int) error {
	_, err := tx.Exec(`update slot set taken = taken + $2, capacity = case when capacity is null then null when capacity >= taken + $2 then capacity else taken + $2 end
		where id = $1`, string(id), n)
	return err
}
