package activity

import (
	"slices"

	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/town"
)

// Slots of an activity: what the set-up changes of them. Slots with a booking are never deleted, the database sees to it.

// takenFrom is the first day from one on when a place is taken at a site, of a group or of all; zero for none.
func takenFrom(r db.Reader, id ID, site town.SiteID, group GroupID, from civil.Date) (civil.Date, error) {
	day, err := db.One(r, "slot", db.Column[civil.Date], `select day from slot where unit in (select id from unit where activity = $1) and site = $2
		and ($3 = '' or grp = $3) and day >= $4 and taken > 0 order by day limit 1`, string(id), string(site), string(group), from)
	if fault.KindOf(err) == fault.NotFound {
		return civil.Date{}, nil
	}
	return day, wrap("look for taken places", err)
}

func takenWithin(r db.Reader, id ID, days civil.Range) (civil.Date, error) {
	day, err := db.One(r, "slot", db.Column[civil.Date], `select day from slot where unit in (select id from unit where activity = $1)
		and day between $2 and $3 and taken > 0 order by day limit 1`, string(id), days.From, days.To)
	if fault.KindOf(err) == fault.NotFound {
		return civil.Date{}, nil
	}
	return day, wrap("look for taken places", err)
}

// deleteFree deletes the slots of a site from a day on: those of a group, or those of no group.
func deleteFree(tx *db.Tx, id ID, site town.SiteID, group GroupID, from civil.Date) error {
	_, err := tx.Exec(`delete from slot where unit in (select id from unit where activity = $1) and site = $2 and coalesce(grp, '') = $3 and day >= $4
		and taken = 0`, string(id), string(site), string(group), from)
	return err
}

func deleteSlots(tx *db.Tx, id ID, days civil.Range) error {
	_, err := tx.Exec(`delete from slot where unit in (select id from unit where activity = $1) and day between $2 and $3 and taken = 0`,
		string(id), days.From, days.To)
	return err
}

// leftPlace is the reason of slots whose site left the activity: they stay, since a cancelled booking may name them.
const leftPlace = "Lieu retiré de l’activité"

func closeFree(tx *db.Tx, id ID, site town.SiteID, from civil.Date) error {
	_, err := tx.Exec(`update slot set state = 'closed', reason = $4 where unit in (select id from unit where activity = $1) and site = $2
		and day >= $3`, string(id), string(site), from, leftPlace)
	return err
}

// reopenPlace opens the slots again of a site that comes back.
func reopenPlace(tx *db.Tx, id ID, p Place) error {
	_, err := tx.Exec(`update slot set state = 'open', reason = '', capacity = case when taken > $4 then taken else $4 end
		where unit in (select id from unit where activity = $1) and site = $2 and reason = $3 and state = 'closed'`,
		string(id), string(p.Site), leftPlace, capacityArg(p.Capacity))
	return err
}

// followCapacity gives the slots from a day on that had the former number of places the new one, and returns those that
// keep more.
func followCapacity(tx *db.Tx, id ID, site town.SiteID, group GroupID, from civil.Date, before, after *int) ([]Held, error) {
	all, err := db.List(tx, scanSlot, `update slot set capacity = case when taken > $6 then taken else $6 end
		where unit in (select id from unit where activity = $1) and site = $2 and coalesce(grp, '') = $3 and day >= $4
			and coalesce(capacity, -1) = $5 returning `+slotColumns, string(id), string(site), string(group), from, orMinusOne(before), capacityArg(after))
	return heldBy(all, after), err
}

func orMinusOne(n *int) int64 {
	if n == nil {
		return -1
	}
	return int64(*n)
}

// scoped is the condition of a Scope, its arguments from $2 on; $1 is the activity.
const scoped = `unit in (select id from unit where activity = $1) and day between $2 and $3 and ($4 = '' or unit = $4) and ($5 = '' or site = $5)
	and ($6 = '' or grp = $6)`

func (s Scope) args(id ID, more ...any) []any {
	return append([]any{string(id), s.Days.From, s.Days.To, string(s.Unit), string(s.Site), string(s.Group)}, more...)
}

const slotColumns = `id, unit, site, coalesce(grp, ''), day, taken, capacity, state, reason, waited`

func updateCapacity(tx *db.Tx, id ID, s Scope, capacity *int) ([]Slot, error) {
	return db.List(tx, scanSlot, `update slot set capacity = case when taken > $7 then taken else $7 end where `+scoped+` returning `+slotColumns,
		s.args(id, capacityArg(capacity))...)
}

func updateClosed(tx *db.Tx, id ID, s Scope, closed bool, reason string) ([]Slot, error) {
	from, to := "closed", "open"
	if closed {
		from, to = "open", "closed"
	}
	return db.List(tx, scanSlot, `update slot set state = $7, reason = $8 where `+scoped+` and state = $9 returning `+slotColumns,
		s.args(id, to, reason, from)...)
}

// openSlots opens those still closed among some slots of an activity.
func openSlots(tx *db.Tx, id ID, slots []SlotID) (int, error) {
	opened := 0
	for part := range slices.Chunk(slots, batch) {
		n, err := tx.Exec(`update slot set state = 'open', reason = '' where state = 'closed' and id in (`+db.Marks(2, len(part))+`)
			and unit in (select id from unit where activity = $1)`, append([]any{string(id)}, slotArgs(part)...)...)
		if err != nil {
			return opened, err
		}
		opened += int(n)
	}
	return opened, nil
}

func insertPolicy(tx *db.Tx, now time.Time, a actor.Actor, activity ID, p Policy) error {
	id := db.NewID()
	if _, err := tx.Exec(`insert into policy (id, activity, number, from_day, after_kind, after_percent, after_flat, after_full, after_first, after_forgiven,
			after_label, made_at, made_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		id, string(activity), p.Number, p.From, string(p.After.Kind), p.After.Percent, int64(p.After.Flat), p.After.FullPrice, p.After.First,
		p.After.Forgiven, p.After.Label, civil.InstantOf(now), a.Account); err != nil {
		return err
	}
	for i, r := range p.Rules {
		if _, err := tx.Exec(`insert into deadline_rule (policy, position, action, quality, anchor, count, measure, basis, weekday, on_day, minute,
				holiday, closed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, id, i, string(r.Action), string(r.For), string(r.Anchor),
			r.Offset, string(r.Measure), string(r.Basis), int(r.Weekday), r.OnDay, r.Minute, string(r.Holiday), string(r.Closed)); err != nil {
			return err
		}
		if err := insertRows(tx, id, i, r); err != nil {
			return err
		}
	}
	return nil
}

func insertRows(tx *db.Tx, policy string, rule int, r Rule) error {
	if r.Anchor == AnchorTable {
		for i, l := range r.Weekdays {
			if _, err := tx.Exec(`insert into deadline_row (policy, rule, position, weekday, on_weekday, back, minute) values ($1, $2, $3, $4, $5, $6, $7)`,
				policy, rule, i, int(l.For), int(l.On), l.Back, l.Minute); err != nil {
				return err
			}
		}
	}
	if r.Anchor == AnchorDates {
		for i, l := range r.Dates {
			if _, err := tx.Exec(`insert into deadline_row (policy, rule, position, from_day, to_day, on_day, minute) values ($1, $2, $3, $4, $5, $6, $7)`,
				policy, rule, i, l.Days.From, l.Days.To, l.On, l.Minute); err != nil {
				return err
			}
		}
	}
	return nil
}
