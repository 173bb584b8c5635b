package attendance

import (
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Pupil is a child that a tablet may name.
type Pupil struct {
	ID     family.ChildID
	Last   string
	First  string
	Folded string
	Class  string
}

// reach is what makes a child one that a tablet of a place may name: the activities of that place that it shows.
type reach struct {
	acts, units, services []string
}

// reach is what a tablet shows, of the services that pass.
func (d Device) reach(cat *activity.Catalogue, pass func(town.ServiceID) bool) reach {
	var x reach
	for i := range cat.Activities {
		act := &cat.Activities[i]
		if !d.shows(act) || pass != nil && !pass(act.Service) {
			continue
		}
		x.acts = append(x.acts, string(act.ID))
		for _, u := range act.Units {
			x.units = append(x.units, string(u.ID))
		}
		if !slices.Contains(x.services, string(act.Service)) {
			x.services = append(x.services, string(act.Service))
		}
	}
	return x
}

// units are those of the activities.
func (x reach) unitIDs() []activity.UnitID {
	ids := make([]activity.UnitID, len(x.units))
	for i, u := range x.units {
		ids[i] = activity.UnitID(u)
	}
	return ids
}

// near is how many days before and after a booking makes a child one of a place.
const near = 7

// childrenOf lists the children that a tablet of a place may name on a day: those enrolled there in an activity that it
// shows, those who are or were booked there in one within the week around, and, so that a child whom nobody expected is
// added in two taps, those of the school whom a service of these activities knows. Nobody when it shows no activity.
// child narrows it to one.
func childrenOf(r db.Reader, x reach, site town.SiteID, day civil.Date, child family.ChildID) ([]Pupil, error) {
	if len(x.units) == 0 {
		return nil, nil
	}
	args := []any{string(site), day, day.AddDays(-near), day.AddDays(near), string(child)}
	in := func(ids []string) string {
		first := len(args) + 1
		for _, id := range ids {
			args = append(args, id)
		}
		return db.Marks(first, len(ids))
	}
	acts, units, services := in(x.acts), in(x.units), in(x.services)
	all, err := db.List(r, func(s db.Scanner) (Pupil, error) {
		var x Pupil
		var level, class string
		err := s.Scan(&x.ID, &x.Last, &x.First, &x.Folded, &level, &class)
		x.First = person.Person{FirstNames: x.First}.FirstName()
		x.Class = family.ClassWords(level, class)
		return x, err
	}, `select p.id, p.last_name, p.first_names, p.folded, k.level, k.class from child k join person p on p.id = k.person
		where ($5 = '' or k.person = $5) and k.person in (
			select e.child from enrolment e where e.activity in (`+acts+`) and e.state = 'active' and e.from_day <= $2 and e.to_day >= $2
				and (e.site = $1 or e.site is null and not exists (select 1 from activity_site o where o.activity = e.activity and o.site <> $1))
			union select b.child from booking b join unit u on u.id = b.unit join child c on c.person = b.child left join slot s on s.id = b.slot
				where b.unit in (`+units+`) and b.day >= $3 and b.day <= $4
				and (s.site = $1 or b.slot is null and (c.school = $1 or not exists (select 1 from activity_site o where o.activity = u.activity and o.site <> $1)))
			union select m.person from family_member m join family_service fs on fs.family = m.family join child c on c.person = m.person
				where c.school = $1 and fs.service in (`+services+`)
				and m.role = 'member' and m.state = 'approved' and m.from_day <= $2 and (m.to_day is null or m.to_day >= $2))
		order by p.folded, p.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the children of a place: %w", err)
	}
	return all, nil
}
