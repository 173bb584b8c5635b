package booking

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// How many times a home has booked an activity past its deadline: where the price depends on it, pages say what happens
// this time. Counted by child, activity and the home that pays; what an agent did past a deadline does not count.

type lateKey struct {
	childActivity
	family family.ID
}

// countsTimes tells that some activity past its deadline asks how many times it is.
func (s *Scene) countsTimes() bool {
	for _, a := range s.Catalogue.Activities {
		for _, p := range a.Policies {
			if p.After.Counts() {
				return true
			}
		}
	}
	return false
}

// lateRows are the days booked late in the years of a range, as rows of the scene's query; none where nobody counts. in
// names the children.
func (s *Scene) lateRows(in string, days civil.Range, args []any) (string, []any) {
	if !s.countsTimes() {
		return "", args
	}
	args = append(args, yearFrom(days.From), yearFrom(days.To).AddDays(365))
	return `
		union all
		select 'l', '', b.child, b.family, b.unit, b.day, b.day, '', '', '', '', '', null, true, false, false, '', '', 0, 0, 0, false
			from booking b
			where b.late = true and b.state = 'booked' and b.by_agent = false and b.child in (` + in + `)
				and b.day between ` + db.Marks(len(args)-1, 1) + ` and ` + db.Marks(len(args), 1), args
}

// yearFrom is the first day of the year that counters go by: from September, as those of absences.
func yearFrom(day civil.Date) civil.Date {
	if day.Month >= time.September {
		return civil.NewDate(day.Year, time.September, 1)
	}
	return civil.NewDate(day.Year-1, time.September, 1)
}

// noteLate counts a day booked late.
func (s *Scene) noteLate(c Cell, of family.ID) {
	k := lateKey{childActivity{c.Child, c.Activity}, of}
	if s.lateDays == nil {
		s.lateDays = map[lateKey]map[civil.Date]bool{}
	}
	if s.lateDays[k] == nil {
		s.lateDays[k] = map[civil.Date]bool{}
	}
	s.lateDays[k][c.Day] = true
}

// times is which time booking a cell late would be; its own day is not one before.
func (s *Scene) times(c Cell) activity.Times {
	t := activity.Times{Year: 1, Month: 1, In: c.Day.Month}
	for day := range s.lateDays[lateKey{childActivity{c.Child, c.Activity}, s.kids[c.Child].family}] {
		if day == c.Day || yearFrom(day) != yearFrom(c.Day) {
			continue
		}
		if t.Year++; day.Month == c.Day.Month {
			t.Month++
		}
	}
	return t
}

// lateSaid says of a cell what booking it past the deadline costs this time.
func (s *Scene) lateSaid(c Cell, after activity.After) string {
	return pastDeadline + after.ThisTime(s.times(c))
}

const pastDeadline = "Hors délai\u00a0: "

// thisTime says it of the lines that book past the deadline at a price, each after those before it: it is shown on the
// check page, and kept with the line as what the family was told.
func (s *Scene) thisTime(all []Decision) {
	if s.Overrule {
		return
	}
	before := s.lateDays
	s.lateDays = map[lateKey]map[civil.Date]bool{}
	for k, days := range before {
		for day := range days {
			s.noteLate(Cell{k.child, k.activity, day}, k.family)
		}
	}
	for i, d := range all {
		a, known := s.Catalogue.Activity(d.Activity)
		if !known || !d.Late || d.Did != DidBook && d.Did != DidChange {
			continue
		}
		if policy, known := activity.PolicyFor(a.Policies, d.Day); known && policy.After.Kind == activity.AfterSurcharge {
			all[i].Why = french.Upper(policy.After.ThisTime(s.times(d.Cell)))
			s.noteLate(d.Cell, s.kids[d.Child].family)
		}
	}
	s.lateDays = before
}
