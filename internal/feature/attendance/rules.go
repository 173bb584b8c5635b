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
	Last      string        // the mark that an undo takes away
	Against   bool          // a tablet says otherwise than the agent who corrected: its mark waits for an answer
	differ    bool          // two of those who mark say present and absent
	expected  bool          // somebody marked it present as a child of the list
	since     civil.Instant // when the latest mark against the agent came
}

// surviving are the marks that no undo took away, in the order in which they count: when they were said, then id. What
// an agent said only an agent takes away.
func surviving(marks []Mark) []Mark {
	agents, gone := map[string]bool{}, map[string]bool{}
	for _, m := range marks {
		agents[m.ID] = m.Agent != ""
	}
	for _, m := range marks {
		if m.Kind == Undo && (m.Agent != "" || !agents[m.Target]) {
			gone[m.Target] = true
		}
	}
	left := slices.DeleteFunc(slices.Clone(marks), func(m Mark) bool { return m.Kind == Undo || gone[m.ID] })
	slices.SortFunc(left, func(x, y Mark) int { return cmp.Or(cmp.Compare(x.SaidAt, y.SaidAt), cmp.Compare(x.ID, y.ID)) })
	return left
}

// state is what a mark makes of a child.
func (m Mark) state() booking.Attendance {
	if m.Kind == Absent {
		return booking.Absent
	}
	return booking.Present
}

// correction is where the last word of an agent stands among the marks that count, -1 when there is none.
func correction(marks []Mark) int {
	for i := len(marks) - 1; i >= 0; i-- {
		if marks[i].Agent != "" {
			return i
		}
	}
	return -1
}

// Fold works out what marks come to. It reads them as a set: neither their order nor how often one is there counts.
// The last one said wins; an undo takes the mark that it names away wherever it comes. An agent's correction, made with
// a reason, settles what was said before and stays: a tablet that says otherwise afterwards, or whose mark came only
// afterwards, changes nothing and is for an agent to answer. The tablet's script does the same on its own.
func Fold(marks []Mark) Folded {
	var f Folded
	here, away := map[string]bool{}, map[string]bool{}
	all := surviving(marks)
	fixed := correction(all)
	for i, m := range all {
		if fixed >= 0 && m.Agent == "" && m.state() != all[fixed].state() && (i > fixed || m.Received > all[fixed].Received) {
			f.Against, f.since = true, max(f.since, m.Received)
		}
		f.Last = m.ID
		if m.Agent != "" {
			f.Last = ""
			here, away = map[string]bool{}, map[string]bool{}
		}
		if fixed >= 0 && i > fixed && m.state() != all[fixed].state() {
			continue
		}
		f.add(m)
		if m.state() == booking.Present {
			here[m.author()] = true
		} else {
			away[m.author()] = true
		}
	}
	for x := range here {
		for y := range away {
			f.differ = f.differ || x != y
		}
	}
	f.differ = f.differ || f.Against
	return f
}

// add is one more mark that counts.
func (f *Folded) add(m Mark) {
	if m.Site != "" {
		f.Site = m.Site
	}
	f.State = m.state()
	switch m.Kind {
	case Present, Unexpected:
		f.Arrived, f.Left, f.Collector = m.At, 0, ""
		f.expected = f.expected || m.Kind == Present
	case Left:
		f.Left, f.Collector = m.At, m.Collector
	case Absent:
		f.Arrived, f.Left, f.Collector = 0, 0, ""
	}
}
