package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// What absences need of bookings. Who tells that a child will not come gives the booking up as long as it may; later the
// booking stays in force, with a note.

// Standing is a booking in force of a child's own family, as who tells an absence sees it.
type Standing struct {
	Cell
	Family     family.ID
	Child      string // its first name
	Label      string
	Token      Token
	Start      int        // minute at which the first of it starts, 0 when not known
	Booked     civil.Date // when it took the form that it has
	Gives      bool       // it may still be given up
	Until      activity.Limit
	Told       bool
	Attendance Attendance
}

// StandingOf lists what some children have booked over a range of days, by day then child, in one query. Whether it may be
// given up is decided as if all that may be given up were at once.
func StandingOf(r db.Reader, now time.Time, cat *activity.Catalogue, children []family.Child, days civil.Range) ([]Standing, error) {
	s := &Scene{Catalogue: cat, Now: now}
	if err := readScene(r, s, children, days); err != nil {
		return nil, err
	}
	var all []Standing
	var wishes []Wish
	for c, h := range s.held {
		a, known := cat.Activity(c.Activity)
		if !known || h.State != Booked || h.Family != s.kids[c.Child].family {
			continue
		}
		x := Standing{Cell: c, Family: h.Family, Child: s.kids[c.Child].name, Label: a.Label(ChoiceName(a, h.Choice)), Token: h.Token(), Told: h.Told, Attendance: h.Attendance,
			Booked: civil.DateOf(h.Made.In(now.Location()))}
		for i, held := range h.Units {
			if u, known := a.UnitByID(held.unit); known && (i == 0 || u.From < x.Start) {
				x.Start = u.From
			}
		}
		all = append(all, x)
	}
	order := map[family.ChildID]int{}
	for i, c := range children {
		order[c.ID] = i
	}
	slices.SortFunc(all, func(x, y Standing) int {
		if n := x.Day.Compare(y.Day); n != 0 {
			return n
		}
		if n := order[x.Cell.Child] - order[y.Cell.Child]; n != 0 {
			return n
		}
		return strings.Compare(x.Label, y.Label)
	})
	for _, x := range all {
		if !x.Told && x.Attendance == "" && !x.Day.Before(civil.DateOf(now)) {
			wishes = append(wishes, Wish{Cell: x.Cell, Seen: x.Token})
		}
	}
	gives := map[Cell]Decision{}
	for _, d := range s.Decide(wishes) {
		if d.Did == DidCancel {
			gives[d.Cell] = d
		}
	}
	for i := range all {
		d, may := gives[all[i].Cell]
		all[i].Gives, all[i].Until = may, d.Until
	}
	return all, nil
}

// LockChildren makes who changes the days of some children wait for each other, as Apply does.
func LockChildren(tx *db.Tx, children []family.ChildID) error {
	wishes := make([]Wish, len(children))
	for i, c := range children {
		wishes[i].Child = c
	}
	return lockChildren(tx, wishes)
}

// NewReference makes what a family can say on the phone: "R-7K3F-92QX".
func NewReference() string { return newReference() }

// NoteAbsence notes on a booking in force that the child will not come, or with a zero moment that it will after all.
// The verb of absences has decided who may.
func NoteAbsence(tx *db.Tx, at civil.Instant, c Cell) error {
	var value any
	if !at.IsZero() {
		value = int64(at)
	}
	_, err := tx.Exec(`update booking set absence_at = $4 where child = $1 and day = $2 and state = 'booked'
		and unit in (select id from unit where activity = $3)`, string(c.Child), c.Day, string(c.Activity), value)
	if err != nil {
		return fmt.Errorf("note absence: %w", err)
	}
	return nil
}

// AbsenceHref is where families tell that a child will not come on a day.
func AbsenceHref(c family.ChildID, day civil.Date) string {
	return "/espace/absence?enfant=" + string(c) + "&quand=dates&du=" + day.String() + "&au=" + day.String()
}
