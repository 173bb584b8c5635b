package daylist

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Roster is Of for a screen that others may see: the same children by place, activity, unit and group, without
// their adults, and of their health only one word in warns, « Allergie » or « PAI ». The caller has decided who may
// read the units. At most three queries.
func Roster(r db.Reader, cat *activity.Catalogue, day civil.Date, units []activity.UnitID) (sections []Section, warns map[family.ChildID]string, err error) {
	rows, err := expectedOn(r, day, units)
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	shut, err := closedOn(r, civil.Range{From: day, To: day}, units)
	if err != nil {
		return nil, nil, err
	}
	if warns, err = warnsOn(r, day, units); err != nil {
		return nil, nil, err
	}
	return listSections(cat, Filter{Day: day}, rows, nil, shut), warns, nil
}

// warnsOn lists in one query the children of some units whose adults must know more, and in one word what.
func warnsOn(r db.Reader, day civil.Date, units []activity.UnitID) (map[family.ChildID]string, error) {
	type row struct {
		child family.ChildID
		pai   bool
	}
	in, args := unitArgs([]any{day}, units)
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.child, &x.pai)
		return x, err
	}, `select h.child, h.pai from health h where (h.allergies <> '' or h.pai = true)
		and h.child in (select b.child from booking b where b.day = $1 and b.unit in (`+in+`) and b.state in ('booked', 'asked')
			union select t.child from attendance t where t.day = $1 and t.unit in (`+in+`))`, args...)
	if err != nil {
		return nil, fmt.Errorf("list who must be watched: %w", err)
	}
	known := make(map[family.ChildID]string, len(all))
	for _, x := range all {
		if known[x.child] = "Allergie"; x.pai {
			known[x.child] = "PAI"
		}
	}
	return known, nil
}

// Named is an adult who may collect a child.
type Named struct {
	ID person.ID
	Adult
}

// MayCollect lists who may collect a child on a day: who acts in one of its homes, and those whom a family named;
// nobody whom a restriction keeps away, and no minor. The caller has decided who may read it, and writes it down.
func MayCollect(r db.Reader, child family.ChildID, day civil.Date) ([]Named, error) {
	all, err := db.List(r, func(s db.Scanner) (aroundRow, error) {
		var x aroundRow
		err := s.Scan(&x.role, &x.relation, &x.person.ID, &x.person.LastName, &x.person.FirstNames, &x.person.Phone, &x.person.Mobile, &x.person.BirthDay)
		return x, err
	}, `select m.role, m.relation, p.id, p.last_name, p.first_names, p.phone, p.mobile, p.birth_day
		from family_member kid
		join family_member m on m.family = kid.family and m.state = 'approved' and m.person <> kid.person
			and m.from_day <= $2 and (m.to_day is null or m.to_day >= $2)
			and (m.role in ('holder', 'coholder') or m.may_collect = true)
		join person p on p.id = m.person
		where kid.person = $1 and kid.role = 'member' and kid.state = 'approved' and kid.from_day <= $2 and (kid.to_day is null or kid.to_day >= $2)
			and not `+family.KeptAway("m.person", "kid.person", "$2")+`
		order by case m.role when 'holder' then 0 when 'coholder' then 1 else 2 end, p.folded, p.id, m.family`, string(child), day)
	if err != nil {
		return nil, fmt.Errorf("list who may collect a child: %w", err)
	}
	var named []Named
	seen := map[person.ID]bool{}
	for _, x := range all {
		born := x.person.BirthDay
		if !born.IsZero() && day.Before(civil.NewDate(born.Year+18, born.Month, born.Day)) || seen[x.person.ID] {
			continue
		}
		seen[x.person.ID] = true
		named = append(named, Named{ID: x.person.ID, Adult: x.adult()})
	}
	return named, nil
}
