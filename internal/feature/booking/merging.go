package booking

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// MergePart is what this package has of two children, or of two families, that are one. A child, a day and a unit has
// one booking: of two, the one that counts more stays; of two attendances that differ, presence.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"booking": "une réservation", "attendance": "un pointage", "booking_line": "une preuve de réservation", "period_answer": "une réponse pour des vacances", "home_answer": "une réponse pour des vacances"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			if _, err := l.Move("booking_line", []string{"reference", "position"}, columnOf(u), u.Gone, u.Keep); err != nil {
				return person.Moved{}, err
			}
			if u.Of == person.OneHome {
				if err := mergeHomeAnswers(l, u); err != nil {
					return person.Moved{}, err
				}
				n, err := l.Move("booking", []string{"id"}, "family", u.Gone, u.Keep)
				return person.Moved{Counts: person.Counted(n, "réservation", "réservations")}, err
			}
			return mergeChildren(l, u)
		},
		Ready:    forgetSlots,
		Restored: holdAgain,
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
		keepSlot, goneSlot               activity.SlotID
		keepMade, goneMade               int64
		unit, day                        string
	}
	twins, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.keep, &t.gone, &t.keepState, &t.goneState, &t.keepSlot, &t.goneSlot, &t.keepMade, &t.goneMade)
		return t, err
	}, `select k.id, g.id, k.state, g.state, coalesce(k.slot, ''), coalesce(g.slot, ''), k.made_at, g.made_at from booking k
		join booking g on g.child = $2 and g.day = k.day and g.unit = k.unit where k.child = $1 order by k.id`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list bookings of both: %w", err)
	}
	var freed []activity.SlotID
	for _, t := range twins {
		drop, state, slot := t.gone, t.goneState, t.goneSlot
		more := slices.Index(weight, t.goneState) - slices.Index(weight, t.keepState)
		firstAsked := t.keepState == string(Waiting) && t.goneMade < t.keepMade // of two wishes, the one asked first
		if more > 0 || more == 0 && (t.keepSlot == "" && t.goneSlot != "" || firstAsked) {
			drop, state, slot = t.keep, t.keepState, t.keepSlot
		}
		if slot != "" && (state == string(Booked) || state == string(Offered)) {
			freed = append(freed, slot)
		}
		if err := l.Drop("booking", revert.Row{"id": drop}); err != nil { // with its slot, that an undo takes again
			return did, err
		}
	}
	if err := activity.Release(l.Tx(), freed); err != nil {
		return did, err
	}
	did.Settled = append(did.Settled, person.Counted(len(twins), "réservation était faite sur les deux fiches : une seule reste, celle qui engage le plus.",
		"réservations étaient faites sur les deux fiches : une seule de chaque reste, celle qui engage le plus.")...)
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
	if err := mergeAnswers(l, u); err != nil {
		return did, err
	}
	n, err = l.Move("attendance", []string{"child", "day", "unit"}, "child", u.Gone, u.Keep)
	did.Counts = append(did.Counts, person.Counted(n, "pointage", "pointages")...)
	return did, err
}

// forgetSlots takes its slot from each booking about to come back whose slot is no more.
func forgetSlots(tx *db.Tx, changes []revert.Change) error {
	for _, c := range changes {
		if c.Table != "booking" || c.Op != revert.Drop {
			continue
		}
		for _, column := range []string{"slot", "wants"} {
			slot, placed := c.Before[column].(string)
			if !placed {
				continue
			}
			n, err := db.One(tx, "count", db.Column[int64], `select count(*) from slot where id = $1`, slot)
			if err != nil {
				return fmt.Errorf("look for a slot: %w", err)
			}
			if n == 0 {
				c.Before[column] = nil
			}
		}
	}
	return nil
}

// returned is a booking in force that an undo brought back; slot "" when it came back without a place.
type returned struct {
	unit activity.UnitID
	day  civil.Date
	slot activity.SlotID
}

func returnedOf(changes []revert.Change, left []revert.Left) ([]returned, error) {
	stays := map[any]bool{} // where another booking stands, that stays
	for _, x := range left {
		if x.Table == "booking" && x.Why == revert.Taken {
			stays[x.Key["id"]] = true
		}
	}
	var all []returned
	for _, c := range changes {
		if c.Table != "booking" || c.Op != revert.Drop || c.Before["state"] != string(Booked) && c.Before["state"] != string(Offered) || stays[c.Before["id"]] {
			continue
		}
		unit, _ := c.Before["unit"].(string)
		day, _ := c.Before["day"].(string)
		slot, _ := c.Before["slot"].(string)
		x := returned{unit: activity.UnitID(unit), slot: activity.SlotID(slot)}
		if err := x.day.Scan(day); err != nil {
			return nil, fmt.Errorf("read a booking that came back: %w", err)
		}
		all = append(all, x)
	}
	return all, nil
}

// holdAgain gives its place to each booking in force that an undo brought back: what was booked is never refused, so a
// slot that others filled meanwhile grows. The days that grew are told, those past are not.
func holdAgain(tx *db.Tx, now time.Time, changes []revert.Change, left []revert.Left) ([]string, error) {
	if err := waitAgain(tx, changes); err != nil {
		return nil, err
	}
	back, err := returnedOf(changes, left)
	if err != nil || len(back) == 0 {
		return nil, err
	}
	var units []activity.UnitID
	days := civil.Range{From: back[0].day, To: back[0].day}
	held := map[activity.SlotID]int{}
	for _, x := range back {
		if !slices.Contains(units, x.unit) {
			units = append(units, x.unit)
		}
		if x.day.Before(days.From) {
			days.From = x.day
		}
		if x.day.After(days.To) {
			days.To = x.day
		}
		if x.slot != "" {
			held[x.slot]++
		}
	}
	before, err := activity.SlotsOn(tx, units, days)
	if err != nil {
		return nil, err
	}
	for _, slot := range slices.Sorted(maps.Keys(held)) { // the order of activity.Take
		if err := activity.Hold(tx, slot, held[slot]); err != nil {
			return nil, err
		}
	}
	if err := attachAgain(tx, now, back, before); err != nil {
		return nil, err
	}
	after, err := activity.SlotsOn(tx, units, days)
	if err != nil {
		return nil, err
	}
	return grownWords(tx, civil.DateOf(now), before, after)
}

// attachAgain is Attach for the bookings that came back without a place on days that have slots.
func attachAgain(tx *db.Tx, now time.Time, back []returned, slots []activity.Slot) error {
	type dayOf struct {
		unit activity.UnitID
		day  civil.Date
	}
	open := map[dayOf]bool{}
	for _, s := range slots {
		open[dayOf{s.Unit, s.Day}] = true
	}
	var c *activity.Catalogue
	for _, x := range back {
		if x.slot != "" || !open[dayOf{x.unit, x.day}] {
			continue
		}
		if c == nil {
			s, err := town.ReadSettings(tx)
			if err != nil {
				return err
			}
			if c, err = activity.ReadCatalogue(tx, s, now.Location()); err != nil {
				return err
			}
		}
		if a, known := c.OfUnit(x.unit); known {
			if err := Attach(tx, c, a.ID, civil.Range{From: x.day, To: x.day}); err != nil {
				return err
			}
		}
	}
	return nil
}

// grownWords says which slots of today and after have more places than before, a sentence a unit.
func grownWords(r db.Reader, today civil.Date, before, after []activity.Slot) ([]string, error) {
	was := map[activity.SlotID]int{}
	for _, s := range before {
		if s.Capacity != nil {
			was[s.ID] = *s.Capacity
		}
	}
	var units []activity.UnitID
	days := map[activity.UnitID][]string{}
	for _, s := range after {
		small, limited := was[s.ID]
		if s.Capacity == nil || !limited || *s.Capacity <= small || s.Day.Before(today) {
			continue
		}
		if !slices.Contains(units, s.Unit) {
			units = append(units, s.Unit)
		}
		word := s.Day.Long()
		if more := *s.Capacity - small; more > 1 {
			word += fmt.Sprintf(" (%d places)", more)
		}
		days[s.Unit] = append(days[s.Unit], word)
	}
	var told []string
	for _, id := range units {
		name, err := db.One(r, "unit", db.Column[string], `select case when u.name = '' or u.name = a.name then a.name else a.name || ', ' || u.name end
			from unit u join activity a on a.id = u.activity where u.id = $1`, string(id))
		if err != nil {
			return nil, fmt.Errorf("name a unit: %w", err)
		}
		sentence := name + ", le " + family.List(days[id]) + " : une place de plus que prévu, pour la réservation qui revient."
		if len(days[id]) > 1 {
			sentence = name + ", une place de plus que prévu pour les réservations qui reviennent : " + family.List(days[id]) + "."
		}
		told = append(told, sentence)
	}
	return told, nil
}
