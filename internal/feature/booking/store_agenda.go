package booking

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// fact is a booking, an attendance, or both.
type fact struct {
	Child        family.ChildID
	Day          civil.Date
	Family       family.ID
	State        State
	Attendance   Attendance
	Activity     activity.ID
	ActivityName string
	UnitName     string
}

func childArgs(days civil.Range, children []family.Child) (string, []any) {
	args := []any{days.From, days.To}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	return db.Marks(3, len(children)), args
}

// factsOf reads what some children have booked and done over a range, in one query, by day.
func factsOf(r db.Reader, children []family.Child, days civil.Range) ([]fact, error) {
	if len(children) == 0 {
		return nil, nil
	}
	in, args := childArgs(days, children)
	all, err := db.List(r, func(s db.Scanner) (fact, error) {
		var f fact
		err := s.Scan(&f.Child, &f.Day, &f.Family, &f.State, &f.Attendance, &f.Activity, &f.ActivityName, &f.UnitName)
		return f, err
	}, `select x.child, x.day, x.family, x.state, x.attendance, a.id, a.name, u.name
		from (select b.child, b.day, b.unit, b.family, b.state, coalesce(t.state, '') as attendance
				from booking b left join attendance t on t.child = b.child and t.day = b.day and t.unit = b.unit
				where b.day between $1 and $2 and b.child in (`+in+`)
			union all
			select t.child, t.day, t.unit, '', '', t.state from attendance t
				where t.day between $1 and $2 and t.child in (`+in+`)
					and not exists (select 1 from booking b where b.child = t.child and b.day = t.day and b.unit = t.unit)) x
		join unit u on u.id = x.unit
		join activity a on a.id = u.activity
		order by x.day, a.folded, u.folded, x.child`, args...)
	if err != nil {
		return nil, fmt.Errorf("read agenda: %w", err)
	}
	return all, nil
}

// enrolled is the right to book an activity, with the weekdays on which it takes place as far as known.
type enrolled struct {
	Child    family.ChildID
	Activity activity.ID
	Name     string
	Site     string
	Days     civil.Range
	Weekdays activity.Weekdays
}

// planOf reads what some children are enrolled in over a range, in one query.
func planOf(r db.Reader, children []family.Child, days civil.Range) ([]enrolled, error) {
	if len(children) == 0 {
		return nil, nil
	}
	in, args := childArgs(days, children)
	all, err := db.List(r, func(s db.Scanner) (enrolled, error) {
		var e enrolled
		err := s.Scan(&e.Child, &e.Activity, &e.Name, &e.Site, &e.Days.From, &e.Days.To, &e.Weekdays)
		return e, err
	}, `select e.child, a.id, a.name, coalesce(s.name, ''), e.from_day, e.to_day, coalesce(u.weekdays, 0)
		from enrolment e
		join activity a on a.id = e.activity
		left join unit u on u.activity = a.id
		left join site s on s.id = e.site
		where e.state = 'active' and e.to_day >= $1 and e.from_day <= $2 and e.child in (`+in+`)
		order by a.folded, e.child, e.from_day`, args...)
	if err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	return mergeUnits(all), nil
}

// mergeUnits makes one line of the units of an enrolment, held on the days of any.
func mergeUnits(all []enrolled) []enrolled {
	var merged []enrolled
	for _, e := range all {
		if n := len(merged); n > 0 && merged[n-1].Child == e.Child && merged[n-1].Activity == e.Activity && merged[n-1].Days == e.Days {
			merged[n-1].Weekdays |= e.Weekdays
			continue
		}
		merged = append(merged, e)
	}
	return merged
}

// calendarOf reads the closed days of a range, in one query.
func calendarOf(r db.Reader, zone string, region civil.Region, days civil.Range) (Calendar, error) {
	c := Calendar{region: region}
	all, err := db.List(r, func(s db.Scanner) (closure, error) {
		var x closure
		err := s.Scan(&x.days.From, &x.days.To, &x.reason)
		if x.reason == "" {
			x.reason = "Service fermé"
		}
		return x, err
	}, `select c.from_day, c.to_day, c.reason from closing c
			where c.service is null and c.from_day <= $2 and c.to_day >= $1
		union all
		select h.from_day, h.to_day, h.name from school_holiday h
			where h.zone in ('', $3) and h.from_day <= $2 and h.to_day >= $1`, days.From, days.To, zone)
	if err != nil {
		return c, fmt.Errorf("read closed days: %w", err)
	}
	c.closures = all
	return c, nil
}
