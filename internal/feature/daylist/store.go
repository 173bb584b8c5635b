package daylist

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// placed is where a booking takes place as far as the rows tell: its slot, else the enrolment, else the child's school.
// shut and reason are its slot's.
type placed struct {
	shut     bool
	reason   string
	slot     town.SiteID
	slotName string
	enrolled town.SiteID
	school   town.SiteID
	group    activity.GroupID // of the slot, else of the enrolment
}

// cell is a child's unit on a day.
type cell struct {
	child family.ChildID
	unit  activity.UnitID
	day   civil.Date
}

// expectedRow is a child that has a unit on the day of a list, or that came without.
type expectedRow struct {
	cell
	placed
	family      family.ID
	state       booking.State
	late        bool
	cancelAsked bool
	told        bool
	attendance  booking.Attendance
	last, first string
	level       string
	class       string
}

// unitArgs is the placeholders of some units after a first argument.
func unitArgs(first []any, units []activity.UnitID) (marks string, args []any) {
	marks = db.Marks(len(first)+1, len(units))
	for _, u := range units {
		first = append(first, string(u))
	}
	return marks, first
}

// expectedOn lists in one query who has some units on a day: booked or asked, and who came without a booking.
func expectedOn(r db.Reader, day civil.Date, units []activity.UnitID) ([]expectedRow, error) {
	if len(units) == 0 {
		return nil, nil
	}
	in, args := unitArgs([]any{day}, units)
	all, err := db.List(r, func(s db.Scanner) (expectedRow, error) {
		x := expectedRow{cell: cell{day: day}}
		err := s.Scan(&x.child, &x.unit, &x.family, &x.state, &x.late, &x.cancelAsked, &x.told, &x.attendance, &x.slot, &x.slotName,
			&x.group, &x.enrolled, &x.school, &x.level, &x.class, &x.last, &x.first, &x.shut, &x.reason)
		return x, err
	}, `select x.child, x.unit, x.family, x.state, x.late, x.asked, x.told, x.attendance, coalesce(sl.site, ''), coalesce(st.name, ''),
			coalesce(sl.grp, e.grp, ''), coalesce(e.site, ''), coalesce(k.school, ''), k.level, k.class, p.last_name, p.first_names,
			coalesce(sl.state, '') = 'closed', coalesce(sl.reason, '')
		from (select b.child, b.unit, b.family, b.state, b.late, b.cancel_asked_at is not null as asked, b.absence_at is not null as told, coalesce(t.state, '') as attendance,
					coalesce(b.slot, '') as slot
				from booking b left join attendance t on t.child = b.child and t.day = b.day and t.unit = b.unit
				where b.day = $1 and b.unit in (`+in+`) and (b.state in ('booked', 'asked') or t.state = 'present')
			union all
			select t.child, t.unit, '', '', false, false, false, t.state, '' from attendance t
				where t.day = $1 and t.unit in (`+in+`) and t.state = 'present'
					and not exists (select 1 from booking b where b.child = t.child and b.day = t.day and b.unit = t.unit)) x
		join unit u on u.id = x.unit
		join child k on k.person = x.child
		join person p on p.id = x.child
		left join slot sl on sl.id = x.slot
		left join site st on st.id = sl.site
		left join enrolment e on e.child = x.child and e.activity = u.activity and e.state = 'active' and e.from_day <= $1 and e.to_day >= $1
		order by p.folded, x.child, x.unit, e.from_day desc`, args...)
	if err != nil {
		return nil, fmt.Errorf("list who is expected: %w", err)
	}
	return all, nil
}

// aroundRow is an adult around a child of a list: one who acts in a home of the child, or who may collect it.
type aroundRow struct {
	child      family.ChildID
	family     family.ID
	role       family.Role
	relation   string
	mayCollect bool
	person     person.Person
}

// aroundOn lists in one query the adults around the children of a list, those who act first, but for those whom a
// court's restriction keeps away from the child that day.
func aroundOn(r db.Reader, day civil.Date, units []activity.UnitID) ([]aroundRow, error) {
	if len(units) == 0 {
		return nil, nil
	}
	in, args := unitArgs([]any{day}, units)
	all, err := db.List(r, func(s db.Scanner) (aroundRow, error) {
		var x aroundRow
		err := s.Scan(&x.child, &x.family, &x.role, &x.relation, &x.mayCollect, &x.person.ID, &x.person.LastName, &x.person.FirstNames,
			&x.person.Phone, &x.person.Mobile, &x.person.BirthDay)
		return x, err
	}, `select kid.person, m.family, m.role, m.relation, m.may_collect, p.id, p.last_name, p.first_names, p.phone, p.mobile, p.birth_day
		from (select b.child from booking b where b.day = $1 and b.unit in (`+in+`) and b.state in ('booked', 'asked')
			union select t.child from attendance t where t.day = $1 and t.unit in (`+in+`)) x
		join family_member kid on kid.person = x.child and kid.role = 'member' and kid.state = 'approved'
			and kid.from_day <= $1 and (kid.to_day is null or kid.to_day >= $1)
		join family_member m on m.family = kid.family and m.state = 'approved' and m.person <> kid.person
			and m.from_day <= $1 and (m.to_day is null or m.to_day >= $1)
			and (m.role in ('holder', 'coholder') or m.may_collect = true)
		join person p on p.id = m.person
		where not `+family.KeptAway("m.person", "kid.person", "$1")+`
		order by kid.person, case m.role when 'holder' then 0 when 'coholder' then 1 else 2 end, p.folded, p.id, m.family`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the adults around children: %w", err)
	}
	return all, nil
}

// healthOn lists in one query what is noted of the health of the children who have some units on a day. The caller has
// the right for the service of each unit, and writes down that it was read.
func healthOn(r db.Reader, day civil.Date, units []activity.UnitID) (map[family.ChildID]family.Health, error) {
	if len(units) == 0 {
		return nil, nil
	}
	type row struct {
		child family.ChildID
		family.Health
	}
	in, args := unitArgs([]any{day}, units)
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.child, &x.Diet, &x.Allergies, &x.PAI)
		return x, err
	}, `select h.child, h.diet, h.allergies, h.pai from health h
		where h.child in (select b.child from booking b where b.day = $1 and b.unit in (`+in+`) and b.state in ('booked', 'asked')
			union select t.child from attendance t where t.day = $1 and t.unit in (`+in+`))`, args...)
	if err != nil {
		return nil, fmt.Errorf("list health of who is expected: %w", err)
	}
	known := make(map[family.ChildID]family.Health, len(all))
	for _, x := range all {
		known[x.child] = x.Health
	}
	return known, nil
}

// mealRow is how many children have a unit with a meal on a day at a place, with a diet as it is noted.
type mealRow struct {
	placed
	day   civil.Date
	unit  activity.UnitID
	diet  string
	meals int // booked, absences told apart; closed ones too
	alert int // of these, with an allergy or a care plan
	asked int // asked late, not answered yet
}

// mealsOn counts in one query, without any name, the meals of a range.
func mealsOn(r db.Reader, days civil.Range, units []activity.UnitID) ([]mealRow, error) {
	if len(units) == 0 {
		return nil, nil
	}
	in, args := unitArgs([]any{days.From, days.To}, units)
	all, err := db.List(r, func(s db.Scanner) (mealRow, error) {
		var x mealRow
		err := s.Scan(&x.day, &x.unit, &x.slot, &x.slotName, &x.enrolled, &x.school, &x.diet, &x.shut, &x.reason, &x.meals, &x.alert, &x.asked)
		return x, err
	}, `select y.day, y.unit, y.site, y.name, y.enrolled, y.school, y.diet, y.shut, y.reason, count(*) filter (where y.state = 'booked'),
			count(*) filter (where y.state = 'booked' and y.alert), count(*) filter (where y.state = 'asked')
		from (select b.day, b.unit, b.state, coalesce(sl.site, '') as site, coalesce(st.name, '') as name,
				coalesce(sl.state, '') = 'closed' as shut, case when sl.state = 'closed' then sl.reason else '' end as reason,
				case when sl.site is null then coalesce((select e.site from enrolment e
					where e.child = b.child and e.activity = u.activity and e.state = 'active' and e.from_day <= b.day and e.to_day >= b.day
					order by e.from_day desc limit 1), '') else '' end as enrolled,
				case when sl.site is null then coalesce(k.school, '') else '' end as school,
				coalesce(h.diet, '') as diet, (coalesce(h.allergies, '') <> '' or coalesce(h.pai, false)) as alert
			from booking b
			join unit u on u.id = b.unit
			join child k on k.person = b.child
			left join slot sl on sl.id = b.slot
			left join site st on st.id = sl.site
			left join health h on h.child = b.child
			left join attendance t on t.child = b.child and t.day = b.day and t.unit = b.unit
			where b.day between $1 and $2 and b.unit in (`+in+`) and b.state in ('booked', 'asked')
				and coalesce(t.state, case when b.absence_at is null then '' else 'absent' end) not in ('absent', 'excused')) y
		group by y.day, y.unit, y.site, y.name, y.enrolled, y.school, y.diet, y.shut, y.reason
		order by y.day, y.unit, y.site, y.enrolled, y.school, y.diet, y.shut, y.reason`, args...)
	if err != nil {
		return nil, fmt.Errorf("count meals: %w", err)
	}
	return all, nil
}
