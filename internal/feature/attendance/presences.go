package attendance

import (
	"slices"
	"strconv"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
)

// mostRecent is how many days of presence a family reads at once; the others are folded by month.
const mostRecent = 10

// presenceMonth is what was marked in a month, folded.
type presenceMonth struct {
	first civil.Date
	rows  []Presence
}

// words are « Novembre 2026 : 12 pointages ».
func (m presenceMonth) words() string {
	count := "1\u00a0pointage"
	if n := len(m.rows); n > 1 {
		count = strconv.Itoa(n) + "\u00a0pointages"
	}
	return french.Upper(m.first.MonthYear()) + "\u00a0: " + count
}

// folded parts the lines: the newest, with all down to the one that a form is about, and the months before.
func (v presencesView) folded() (recent []Presence, older []presenceMonth) {
	n := min(len(v.rows), mostRecent)
	if i := slices.IndexFunc(v.rows, func(x Presence) bool { return x.id() == v.about }); i >= n {
		n = i + 1
	}
	for _, x := range v.rows[n:] {
		first := civil.NewDate(x.Day.Year, x.Day.Month, 1)
		if len(older) == 0 || older[len(older)-1].first != first {
			older = append(older, presenceMonth{first: first})
		}
		older[len(older)-1].rows = append(older[len(older)-1].rows, x)
	}
	return v.rows[:n], older
}
