package booking

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two children, or of two families, that are one. A child, a day and a unit has
// one booking: of two, the one that counts more stays; of two attendances that differ, presence.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"booking": "une réservation", "attendance": "un pointage", "booking_line": "une preuve de réservation"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			if _, err := l.Move("booking_line", []string{"reference", "position"}, columnOf(u), u.Gone, u.Keep); err != nil {
				return person.Moved{}, err
			}
			if u.Of == person.OneHome {
				n, err := l.Move("booking", []string{"id"}, "family", u.Gone, u.Keep)
				return person.Moved{Counts: person.Counted(n, "réservation", "réservations")}, err
			}
			return mergeChildren(l, u)
		},
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from booking where `+columnOf(u)+` = $1 and id > $2`, u.Keep, s.ID)
			if err != nil || u.Of == person.OneHome {
				return person.Counted(int(n), "réservation faite depuis", "réservations faites depuis"), err
			}
			told, err := db.One(r, "count", db.Column[int64], `select count(*) from attendance where child = $1 and noted_at > $2`, u.Keep, s.At)
			return append(person.Counted(int(n), "réservation faite depuis", "réservations faites depuis"),
				person.Counted(int(told), "pointage fait depuis", "pointages faits depuis")...), err
		},
	}
}

// columnOf is the column of this package that names what is merged.
func columnOf(u person.Union) string {
	if u.Of == person.OneHome {
		return "family"
	}
	return "child"
}

// weight orders what two rows for one child, day and unit may say, the one that stays last.
var weight = []string{string(Cancelled), string(Refused), string(Asked), string(Waiting), string(Offered), string(Booked)}

var presence = []string{string(Absent), string(Excused), string(Present)}

func mergeChildren(l *revert.Log, u person.Union) (person.Moved, error) {
	var did person.Moved
	type twin struct {
		keep, gone, keepState, goneState string
		unit, day                        string
	}
	twins, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.keep, &t.gone, &t.keepState, &t.goneState)
		return t, err
	}, `select k.id, g.id, k.state, g.state from booking k
		join booking g on g.child = $2 and g.day = k.day and g.unit = k.unit where k.child = $1 order by k.id`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list bookings of both: %w", err)
	}
	for _, t := range twins {
		drop := t.gone
		if slices.Index(weight, t.goneState) > slices.Index(weight, t.keepState) {
			drop = t.keep
		}
		if err := giveBack(l.Tx(), drop); err != nil {
			return did, err
		}
		if err := l.Drop("booking", revert.Row{"id": drop}); err != nil {
			return did, err
		}
	}
	for _, s := range person.Counted(len(twins), "réservation était faite sur les deux fiches : une seule reste, celle qui engage le plus.",
		"réservations étaient faites sur les deux fiches : une seule de chaque reste, celle qui engage le plus.") {
		did.Settled = append(did.Settled, s)
	}
	n, err := l.Move("booking", []string{"id"}, "child", u.Gone, u.Keep)
	if err != nil {
		return did, err
	}
	did.Counts = person.Counted(n, "réservation", "réservations")
	told, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.unit, &t.day, &t.keepState, &t.goneState)
		return t, err
	}, `select k.unit, k.day, k.state, g.state from attendance k
		join attendance g on g.child = $2 and g.day = k.day and g.unit = k.unit where k.child = $1 order by k.day, k.unit`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list attendances of both: %w", err)
	}
	differ := 0
	for _, t := range told {
		if t.keepState != t.goneState {
			differ++
		}
		drop := u.Gone
		if slices.Index(presence, t.goneState) > slices.Index(presence, t.keepState) {
			drop = u.Keep
		}
		if err := l.Drop("attendance", revert.Row{"child": drop, "day": t.day, "unit": t.unit}); err != nil {
			return did, err
		}
	}
	did.Settled = append(did.Settled, person.Counted(differ, "pointage diffère entre les deux fiches : la présence l’emporte sur l’absence.",
		"pointages diffèrent entre les deux fiches : la présence l’emporte sur l’absence.")...)
	n, err = l.Move("attendance", []string{"child", "day", "unit"}, "child", u.Gone, u.Keep)
	did.Counts = append(did.Counts, person.Counted(n, "pointage", "pointages")...)
	return did, err
}

// giveBack gives the place of a booking that goes away. An undo brings the booking back without a place: Attach gives
// it one again, in a slot that grows when others took the last.
func giveBack(tx *db.Tx, id string) error {
	slots, err := db.List(tx, db.Column[activity.SlotID], `select slot from booking where id = $1 and slot is not null and state = 'booked'`, id)
	if err != nil || len(slots) == 0 {
		return err
	}
	if _, err := tx.Exec(`update booking set slot = null where id = $1`, id); err != nil {
		return fmt.Errorf("free the slot of a double booking: %w", err)
	}
	return activity.Release(tx, slots)
}
