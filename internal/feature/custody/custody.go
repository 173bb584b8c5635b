// Package custody says in which of two homes each day of a child is: that home books the day, and pays it.
//
// How the days are shared is an Arrangement that a parent proposes and an agent answers, or that an agent enters; a day
// is handed over by one home to the other, which takes it or not. What stands is a Timeline. A court's restriction, which
// family keeps, ends all of it at the next request: who is kept from a child sees and answers nothing.
//
// It owns the tables custody, custody_span and custody_day. It does not keep who belongs to which home, nor who may act
// (family), and changes nothing that is booked (booking). It was a part of family: its mails and its lines in the journal
// keep the names that they had there ("family.custody…"), since rows of a town hold them, and its first migration the
// number and the name.
package custody

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/family"
)

// ID names one way of sharing a child's days between two homes.
type ID string

// Kind is how the days are told apart.
type Kind string

// The kinds. Whatever the kind, spans win over it.
const (
	EvenOddWeeks Kind = "weeks" // even ISO weeks in Home, odd ones in Other
	Cycle        Kind = "cycle" // cells that come back: A is Home, B is Other
	ByDates      Kind = "dates" // spans, and one home or nobody for all other days
)

// Span is a run of days in one home.
type Span struct {
	civil.Range
	Home family.ID
}

// Arrangement is how the days of a child are shared between two homes, over some days. It holds whole days: the day of
// the change is of the home that receives the child.
type Arrangement struct {
	ID     ID
	Child  family.ChildID
	Home   family.ID
	Other  family.ID
	Kind   Kind
	Days   civil.Range // To zero: until another one, or an end
	Change time.Weekday
	Anchor civil.Date // of a cycle: the first day of its first cell
	Step   int        // of a cycle: how many days a cell has
	Cells  string
	Spans  []Span
}

// turn is the first day of the week's turn that holds a day, when homes change on a weekday.
func turn(day civil.Date, change time.Weekday) civil.Date {
	return day.AddDays(-((int(day.Weekday()) - int(change) + 7) % 7))
}

// HomeOn tells in which home a day is; false when the arrangement does not say. A turn that starts in an even week is
// even up to the next change, so that the last week of a year of 53 and the first of the next, both odd, are of one home.
func (a Arrangement) HomeOn(day civil.Date) (family.ID, bool) {
	if !a.Days.Contains(day) {
		return "", false
	}
	for _, s := range a.Spans {
		if s.Contains(day) {
			return s.Home, true
		}
	}
	switch a.Kind {
	case EvenOddWeeks:
		if turn(day, a.Change).ISOWeek()%2 == 0 {
			return a.Home, true
		}
		return a.Other, true
	case Cycle:
		if a.Cells == "" || a.Step < 1 {
			return "", false
		}
		n := len(a.Cells) * a.Step
		at := ((day.Sub(a.Anchor))%n + n) % n
		return a.cell(a.Cells[at/a.Step])
	}
	if a.Cells == "" {
		return "", false
	}
	return a.cell(a.Cells[0])
}

func (a Arrangement) cell(letter byte) (family.ID, bool) {
	if letter == 'A' {
		return a.Home, true
	}
	return a.Other, true
}

// has tells whether a family is one of the two homes.
func (a Arrangement) has(id family.ID) bool { return id == a.Home || id == a.Other }

// opposite is the other home of the two.
func (a Arrangement) opposite(id family.ID) family.ID {
	if id == a.Home {
		return a.Other
	}
	return a.Home
}

// Timeline is in which home each day of a child is: what stands, and the days handed over. The zero Timeline says
// nothing of any day, and then each home books as it wants.
type Timeline struct {
	arrangements []Arrangement // the one that starts last first
	handed       map[civil.Date]family.ID
}

// on is the arrangement that covers a day. Of two, the one that starts last wins.
func (t Timeline) on(day civil.Date) (Arrangement, bool) {
	for _, a := range t.arrangements {
		if a.Days.Contains(day) {
			return a, true
		}
	}
	return Arrangement{}, false
}

// HomeOn tells in which home a day is; false when nothing says it.
func (t Timeline) HomeOn(day civil.Date) (family.ID, bool) {
	a, known := t.on(day)
	if !known {
		return "", false
	}
	if to, handed := t.handed[day]; handed && a.has(to) {
		return to, true
	}
	return a.HomeOn(day)
}

// Elsewhere tells that a day is known to be of another home than this one.
func (t Timeline) Elsewhere(home family.ID, day civil.Date) bool {
	of, known := t.HomeOn(day)
	return known && of != home
}

// Handed tells that a day was handed over, and accepted.
func (t Timeline) Handed(day civil.Date) bool {
	to, handed := t.handed[day]
	a, known := t.on(day)
	return handed && known && a.has(to)
}

// newTimeline puts arrangements in order.
func newTimeline(all []Arrangement, handed map[civil.Date]family.ID) Timeline {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y Arrangement) int {
		if c := y.Days.From.Compare(x.Days.From); c != 0 {
			return c
		}
		return strings.Compare(string(y.ID), string(x.ID))
	})
	return Timeline{arrangements: all, handed: handed}
}

// asIf is the timeline once an arrangement stands: those before it end the day before, those after it are no more.
func (t Timeline) asIf(a Arrangement) Timeline {
	var all []Arrangement
	for _, x := range t.arrangements {
		if x.Days.From.Before(a.Days.From) {
			if x.Days.To.IsZero() || !x.Days.To.Before(a.Days.From) {
				x.Days.To = a.Days.From.AddDays(-1)
			}
			all = append(all, x)
		} else if !a.Days.To.IsZero() && x.Days.From.After(a.Days.To) {
			all = append(all, x)
		}
	}
	return newTimeline(append(all, a), t.handed)
}
