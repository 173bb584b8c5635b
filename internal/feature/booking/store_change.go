package booking

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// lockChildren makes two orders about one child wait for each other: what each decides stands on what the other wrote.
func lockChildren(tx *db.Tx, wishes []Wish) error {
	var ids []string
	for _, w := range wishes {
		if !slices.Contains(ids, string(w.Child)) {
			ids = append(ids, string(w.Child))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	n, err := tx.Exec(`update child set level = level where person in (`+db.Marks(1, len(ids))+`)`, args...)
	if err != nil {
		return fmt.Errorf("lock children: %w", err)
	}
	if int(n) != len(ids) {
		return fault.Missing("child")
	}
	return nil
}

// unitDay is a booking by what it is unique by.
type unitDay struct {
	child family.ChildID
	unit  activity.UnitID
	day   civil.Date
}

// newBooking is a booking to write. Kept is one that is there already and whose choice changes.
type newBooking struct {
	Child    family.ChildID
	Unit     activity.UnitID
	Day      civil.Date
	Family   family.ID
	State    State
	Slot     activity.SlotID
	Wants    activity.SlotID // of what waits
	Together string
	Choice   activity.ChoiceID
	Until    *int64
	Late     bool
	Note     string
	Reason   string
	ByAgent  bool
	Kept     bool
	Restored bool // what was told of it stands again
}

func until(at *int64) any {
	if at == nil {
		return nil
	}
	return *at
}

// upsertBookings writes bookings, over what was cancelled or refused, or asked by the same family, and returns the id of
// each one written. One that is booked already is left alone.
func upsertBookings(tx *db.Tx, now time.Time, rows []newBooking) (map[unitDay]ID, error) {
	done := map[unitDay]ID{}
	at := civil.InstantOf(now)
	var fresh, restored []newBooking
	for _, b := range rows {
		if b.Restored && !b.Kept {
			restored = append(restored, b)
			continue
		}
		if !b.Kept {
			fresh = append(fresh, b)
			continue
		}
		if _, err := tx.Exec(`update booking set choice = $4, until_at = $5, reason = $6, changed_at = $7, late = $8
			where child = $1 and unit = $2 and day = $3 and state = 'booked'`,
			string(b.Child), string(b.Unit), b.Day, db.Null(string(b.Choice)), until(b.Until), b.Reason, at, b.Late); err != nil {
			return nil, err
		}
	}
	if err := upsertFresh(tx, at, fresh, `null`, done); err != nil {
		return nil, err
	}
	return done, upsertFresh(tx, at, restored, `booking.absence_at`, done)
}

// upsertFresh writes those that were not booked; told is what becomes of the absence that was told of one.
func upsertFresh(tx *db.Tx, at civil.Instant, rows []newBooking, told string, done map[unitDay]ID) error {
	for part := range slices.Chunk(rows, batch/2) {
		args := make([]any, 0, len(part)*17)
		for _, b := range part {
			args = append(args, db.NewID(), string(b.Child), string(b.Unit), b.Day, string(b.Family), string(b.State), at,
				db.Null(string(b.Slot)), db.Null(string(b.Choice)), until(b.Until), b.Late, b.Note, b.Reason, b.ByAgent, at, db.Null(string(b.Wants)), b.Together)
		}
		written, err := db.List(tx, func(s db.Scanner) (unitDayID, error) {
			var x unitDayID
			err := s.Scan(&x.id, &x.child, &x.unit, &x.day)
			return x, err
		}, `insert into booking (id, child, unit, day, family, state, made_at, slot, choice, until_at, late, note, reason, by_agent, changed_at, wants, together)
			values `+db.Values(len(part), 17)+`
			on conflict (child, day, unit) do update set made_at = excluded.made_at, family = excluded.family, state = excluded.state, slot = excluded.slot,
				choice = excluded.choice, until_at = excluded.until_at, late = excluded.late, note = excluded.note, reason = excluded.reason,
				by_agent = excluded.by_agent, changed_at = excluded.changed_at, cancel_asked_at = null, absence_at = `+told+`,
				wants = excluded.wants, together = excluded.together, offer_until_at = null
			where booking.state in ('cancelled', 'refused') or booking.state = 'asked' and booking.family = excluded.family
			returning id, child, unit, day`, args...)
		if err != nil {
			return err
		}
		for _, x := range written {
			done[x.unitDay] = x.id
		}
	}
	return nil
}

type unitDayID struct {
	unitDay
	id ID
}

func idArgs(first any, ids []ID) []any {
	args := []any{first}
	for _, id := range ids {
		args = append(args, string(id))
	}
	return args
}

// cancelOrLeave cancels those that still stand with the service's word, "" when a family gives them up, and returns the slot
// of each ("" when it took no place) and the slot that each one waited for.
func cancelOrLeave(tx *db.Tx, now time.Time, word string, ids []ID) (freed, left map[ID]activity.SlotID, err error) {
	freed, left = map[ID]activity.SlotID{}, map[ID]activity.SlotID{}
	type pair struct {
		id     ID
		slot   activity.SlotID
		waited bool
	}
	for part := range slices.Chunk(ids, batch) {
		all, err := db.List(tx, func(s db.Scanner) (pair, error) {
			var p pair
			err := s.Scan(&p.id, &p.slot, &p.waited)
			return p, err
		}, `update booking set state = 'cancelled', cancel_asked_at = null, changed_at = $1, offer_until_at = null, reason = $2, by_agent = $3
			where id in (`+db.Marks(4, len(part))+`) and state in ('booked', 'asked', 'waiting', 'offered')
			returning id, coalesce(slot, wants, ''), wants is not null`, append([]any{civil.InstantOf(now), word, word != ""}, idAnys(part)...)...)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range all {
			if freed[p.id] = p.slot; p.waited {
				freed[p.id], left[p.id] = "", p.slot
			}
		}
	}
	return freed, left, nil
}

// noteCancelAsked notes on bookings that the family asked to cancel them.
func noteCancelAsked(tx *db.Tx, now time.Time, note string, ids []ID) error {
	for part := range slices.Chunk(ids, batch) {
		args := append(idArgs(civil.InstantOf(now), part), note)
		if _, err := tx.Exec(`update booking set cancel_asked_at = $1, note = $`+fmt.Sprint(len(args))+`
			where id in (`+db.Marks(2, len(part))+`) and state = 'booked'`, args...); err != nil {
			return err
		}
	}
	return nil
}

// mostRefused is how many refused lines of one order are kept.
const mostRefused = 100

// insertLines writes the lines of proof of an order: those on which something was done, and those refused with a reason.
func insertLines(tx *db.Tx, now time.Time, a actor.Actor, out Outcome, familyOf func(family.ChildID) family.ID, reason string) error {
	at := civil.InstantOf(now)
	position := 0
	for part := range slices.Chunk(out.Lines, batch/2) {
		var args []any
		n := 0
		for _, d := range part {
			why := d.Why
			if d.does() {
				why = cmp.Or(reason, why)
			} else if why == "" || d.foreign || position >= out.Done()+mostRefused {
				continue // nothing asked of this cell, or nothing that any page offers
			}
			var untilAt any
			if d.does() && (d.Until.Kind == activity.LimitAt || d.Until.Kind == activity.LimitNever) {
				untilAt = int64(d.Until.Instant())
			}
			did, list := d.Did.underlying()
			args = append(args, out.Reference, position, string(familyOf(d.Child)), string(d.Child), string(d.Activity), d.Day, string(did),
				string(d.Held.Token()), string(d.Want), d.Late, untilAt, why, a.Person, a.Kind == actor.Agent, at, list)
			position++
			n++
		}
		if n == 0 {
			continue
		}
		if _, err := tx.Exec(`insert into booking_line (reference, position, family, child, activity, day, did, was, became, late, until_at, why,
				by_person, by_agent, at, list) values `+db.Values(n, 16), args...); err != nil {
			return err
		}
	}
	return nil
}

// mostLines is how many lines of proof a family has in 24 hours once its orders are large; small ones are bounded by the
// forms that an account may send.
const (
	largeOrder = 100
	mostLines  = 100_000
)

// linesBounded refuses a large order, just written, that is one too many.
func linesBounded(r db.Reader, of family.ID, since civil.Instant) error {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from booking_line where family = $1 and at > $2`, string(of), since)
	if err != nil {
		return fmt.Errorf("count lines of proof: %w", err)
	}
	if n > mostLines {
		return fault.New(fault.Throttled, "Un très grand nombre de jours ont été changés aujourd’hui pour votre famille. Rien de plus n’est enregistré. Réessayez demain, ou appelez le service.")
	}
	return nil
}
