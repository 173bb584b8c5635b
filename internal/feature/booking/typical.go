package booking

import (
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

const (
	habitDays  = 400 // how far back a typical week is looked for: last school year's too
	habitTaken = 24  // the last booked days of a child, unit by unit
	habitWeeks = 4   // of which so many weeks say what is typical
)

// readHabits reads, in one query, what some children are enrolled in from a day on, the days last booked for them by their
// own family, and its qualities.
func readHabits(r db.Reader, s *Scene, children []family.Child, today civil.Date) error {
	s.kids, s.enrolled, s.held, s.qualities = map[family.ChildID]kid{}, map[childActivity][]entitled{}, map[Cell]Holding{}, map[family.ID][]granted{}
	if len(children) == 0 {
		return nil
	}
	for _, c := range children {
		s.kids[c.ID] = kid{family: c.Family, name: c.First(), level: c.Level, born: c.Born}
	}
	in, args := childArgs(civil.Range{From: today, To: today.AddDays(-habitDays)}, children)
	families := familiesOf(children)
	args = append(args, families...)
	rows, err := db.List(r, scanScene, `select 'e', '', e.child, '', e.activity, e.from_day, e.to_day, coalesce(e.site, k.school, ''), coalesce(e.grp, ''),
				'', '', '', null, false, false, false, '', '', 0, 0, 0, false
			from enrolment e join child k on k.person = e.child
			where e.state = 'active' and e.to_day >= $1 and e.child in (`+in+`)
		union all
		select 'b', x.id, x.child, x.family, x.unit, x.day, x.day, '', '', 'booked', coalesce(x.choice, x.unit), '', null, false, false, false, '', '', 0, 0, 0, false
			from (select b.id, b.child, b.family, b.unit, b.day, b.choice, row_number() over (partition by b.child, b.unit, b.family order by b.day desc) as n
				from booking b where b.day >= $2 and b.state = 'booked' and b.child in (`+in+`)) x
			where x.n <= `+fmt.Sprint(habitTaken)+`
		union all
		select 'q', '', '', q.family, q.quality, q.from_day, coalesce(q.to_day, '9999-12-31'), '', '', '', '', '', null, false, false, false, '', '', 0, 0, 0, false
			from family_quality q where (q.to_day is null or q.to_day >= $1) and q.family in (`+db.Marks(len(args)-len(families)+1, len(families))+`)`, args...)
	if err != nil {
		return fmt.Errorf("read the last bookings: %w", err)
	}
	for _, x := range rows {
		if x.kind != "b" || x.family == s.kids[x.child].family {
			s.take(x)
		}
	}
	s.asChoices()
	return nil
}

// typical is the week that a child had last of an activity: the days booked in at least half of its last weeks, as they
// were last booked. It is empty without bookings.
func (s *Scene) typical(of childActivity) Typical {
	days := s.lastDays(of)
	var weeks []civil.Date
	for _, d := range days {
		if m := d.Monday(); !slices.Contains(weeks, m) {
			weeks = append(weeks, m)
		}
	}
	if len(weeks) > habitWeeks {
		weeks = weeks[:habitWeeks]
	}
	var t Typical
	a, known := s.Catalogue.Activity(of.activity)
	if !known {
		return t
	}
	var counts [7]int
	for _, d := range days {
		choice := s.held[Cell{of.child, of.activity, d}].Choice
		if _, known := a.ChoiceByID(choice); !known || !slices.Contains(weeks, d.Monday()) {
			continue
		}
		i := (int(d.Weekday()) + 6) % 7
		if counts[i]++; t[i] == "" {
			t[i] = choice
		}
	}
	for i, n := range counts {
		if 2*n < len(weeks) {
			t[i] = ""
		}
	}
	return t
}

// lastDays are the days booked last, the latest first.
func (s *Scene) lastDays(of childActivity) []civil.Date {
	var days []civil.Date
	for c := range s.held {
		if c.Child == of.child && c.Activity == of.activity {
			days = append(days, c.Day)
		}
	}
	slices.SortFunc(days, func(x, y civil.Date) int { return y.Compare(x) })
	return days
}

// rhythm is even or odd weeks when all that was booked last is in such weeks, over two weeks at least: parents who share
// their weeks are not offered the other's.
func (s *Scene) rhythm(of []childActivity) Rhythm {
	seen := map[civil.Date]bool{}
	even := 0
	for _, x := range of {
		for _, d := range s.lastDays(x) {
			if m := d.Monday(); !seen[m] {
				seen[m] = true
				if EvenWeeks.on(m) {
					even++
				}
			}
		}
	}
	switch {
	case len(seen) < 2 || even > 0 && even < len(seen):
		return EveryWeek
	case even > 0:
		return EvenWeeks
	}
	return OddWeeks
}

// offered are the activities of the catalogue that one of the children is enrolled in, and that families may book from a
// day on.
func (s *Scene) offered(today civil.Date) []*activity.Activity {
	var all []*activity.Activity
	for i := range s.Catalogue.Activities {
		a := &s.Catalogue.Activities[i]
		if len(openPeriods(a, today)) == 0 {
			continue
		}
		for of, rights := range s.enrolled {
			if of.activity == a.ID && slices.ContainsFunc(rights, func(e entitled) bool { return !e.days.To.Before(today) }) {
				all = append(all, a)
				break
			}
		}
	}
	return all
}

// openPeriods are the periods of an activity that families may book from a day on, the earliest first.
func openPeriods(a *activity.Activity, today civil.Date) []activity.Period {
	var all []activity.Period
	if a.State != activity.Open {
		return nil
	}
	for _, p := range a.Periods {
		if p.Open && !p.Days.To.Before(today) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(x, y activity.Period) int { return x.Days.From.Compare(y.Days.From) })
	return all
}

// weekdays are those on which an activity takes place, Monday first; Monday to Friday when not known.
func weekdays(a *activity.Activity) []int {
	var set activity.Weekdays
	for _, u := range a.Units {
		if u.Weekdays == 0 {
			set |= 1 | 2 | 4 | 8 | 16
		}
		set |= u.Weekdays
	}
	var all []int
	for i := range 7 {
		if set&(1<<i) != 0 {
			all = append(all, i)
		}
	}
	return all
}
