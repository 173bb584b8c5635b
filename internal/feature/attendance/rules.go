package attendance

import (
	"cmp"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Folded is what the marks of a child, a unit and a day come to.
type Folded struct {
	State     booking.Attendance // "" when nothing is said
	Arrived   civil.Instant
	Left      civil.Instant
	Collector person.ID
	Site      town.SiteID
	Last      string // the mark that an undo takes away
	differ    bool   // two of those who mark say present and absent
	expected  bool   // somebody marked it present as a child of the list
}

// surviving are the marks that no undo took away, in the order in which they count: when they were said, then id.
func surviving(marks []Mark) []Mark {
	gone := map[string]bool{}
	for _, m := range marks {
		if m.Kind == Undo {
			gone[m.Target] = true
		}
	}
	left := slices.DeleteFunc(slices.Clone(marks), func(m Mark) bool { return m.Kind == Undo || gone[m.ID] })
	slices.SortFunc(left, func(x, y Mark) int { return cmp.Or(cmp.Compare(x.SaidAt, y.SaidAt), cmp.Compare(x.ID, y.ID)) })
	return left
}

// Fold works out what marks come to. It reads them as a set: neither their order nor how often one is there counts.
// The last one said wins; an undo takes the mark that it names away wherever it comes. The tablet's script does the
// same on its own.
func Fold(marks []Mark) Folded {
	var f Folded
	here, away := map[string]bool{}, map[string]bool{}
	for _, m := range surviving(marks) {
		f.Last = m.ID
		if m.Site != "" {
			f.Site = m.Site
		}
		if m.Agent != "" { // with a reason: what was said before is settled
			here, away = map[string]bool{}, map[string]bool{}
		}
		switch m.Kind {
		case Present, Unexpected:
			f.State, f.Arrived, f.Left, f.Collector = booking.Present, m.At, 0, ""
			here[m.author()] = true
			f.expected = f.expected || m.Kind == Present
		case Left:
			f.State, f.Left, f.Collector = booking.Present, m.At, m.Collector
			here[m.author()] = true
		case Absent:
			f.State, f.Arrived, f.Left, f.Collector = booking.Absent, 0, 0, ""
			away[m.author()] = true
		}
	}
	for x := range here {
		for y := range away {
			f.differ = f.differ || x != y
		}
	}
	return f
}
