package suspension

import (
	"slices"
	"strings"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Scope is an activity: all of it, or a part, a site or a group of it alone.
type Scope struct {
	Activity activity.ID
	Site     town.SiteID
	Unit     activity.UnitID
	Group    activity.GroupID
}

// scopes are what is asked, activity by activity: the parts and groups named of it, at the sites named that it uses.
func (x Asked) scopes(cat *activity.Catalogue) []Scope {
	var all []Scope
	for _, id := range x.Activities {
		act, known := cat.Activity(id)
		if !known {
			continue
		}
		units := []activity.UnitID{""}
		if some := x.unitsOf(act); len(some) > 0 {
			units = some
		}
		for _, at := range x.placesOf(act) {
			for _, u := range units {
				at.Unit = u
				all = append(all, at)
			}
		}
	}
	return all
}

// unitsOf are the parts named of an activity; none for all of it.
func (x Asked) unitsOf(act *activity.Activity) []activity.UnitID {
	var all []activity.UnitID
	for _, u := range act.Units {
		if slices.Contains(x.Units, u.ID) {
			all = append(all, u.ID)
		}
	}
	if len(all) == len(act.Units) {
		return nil
	}
	return all
}

// placesOf are the sites and groups named of an activity; one scope without either for all of them.
func (x Asked) placesOf(act *activity.Activity) []Scope {
	var all []Scope
	named := false
	for _, g := range act.Groups {
		if slices.Contains(x.Groups, g.ID) {
			named = true
			if len(x.Sites) == 0 || slices.Contains(x.Sites, g.Site) {
				all = append(all, Scope{Activity: act.ID, Site: g.Site, Group: g.ID})
			}
		}
	}
	if named {
		return all
	}
	if len(x.Sites) == 0 {
		return []Scope{{Activity: act.ID}}
	}
	for _, site := range x.Sites {
		if slices.ContainsFunc(act.Places, func(p activity.Place) bool { return p.Site == site }) {
			all = append(all, Scope{Activity: act.ID, Site: site})
		}
	}
	return all
}

// checkParts refuses a part or a group of an activity that is not chosen.
func (x Asked) checkParts(cat *activity.Catalogue) []fault.Field {
	left := slices.Clone(x.Units)
	groups := slices.Clone(x.Groups)
	for _, id := range x.Activities {
		if act, known := cat.Activity(id); known {
			left = slices.DeleteFunc(left, func(u activity.UnitID) bool { _, has := act.UnitByID(u); return has })
			groups = slices.DeleteFunc(groups, func(g activity.GroupID) bool {
				return slices.ContainsFunc(act.Groups, func(x activity.Group) bool { return x.ID == g })
			})
		}
	}
	var fields []fault.Field
	if len(left) > 0 {
		fields = append(fields, fault.Field{Name: "partie", Sentence: "Une de ces parties est d’une activité que vous n’avez pas cochée\u00a0: cochez aussi l’activité."})
	}
	if len(groups) > 0 {
		fields = append(fields, fault.Field{Name: "groupe", Sentence: "Un de ces groupes est d’une activité que vous n’avez pas cochée\u00a0: cochez aussi l’activité."})
	}
	return fields
}

// units are the parts that a suspension closes of an activity; none for all of it.
func (x across) units(id activity.ID) []activity.UnitID {
	var all []activity.UnitID
	for _, s := range x.scopes {
		if s.Activity == id && s.Unit != "" && !slices.Contains(all, s.Unit) {
			all = append(all, s.Unit)
		}
	}
	return all
}

// where is the condition on bookings b of units u, and its arguments; at is what place reads.
func (x across) where() (string, []any) {
	args := []any{x.days.From, x.days.To}
	arg := func(v string) string {
		args = append(args, v)
		return db.Marks(len(args), 1)
	}
	var any []string
	for _, s := range x.scopes {
		cond := `u.activity = ` + arg(string(s.Activity))
		if s.Unit != "" {
			cond += ` and u.id = ` + arg(string(s.Unit))
		}
		if s.Site != "" {
			cond += ` and ` + siteOf + ` = ` + arg(string(s.Site))
		}
		if s.Group != "" { // what holds no place and no named group goes by its level
			cond += ` and ` + groupOf + ` in ('', ` + arg(string(s.Group)) + `)`
		}
		any = append(any, cond)
	}
	return `b.day between $1 and $2 and b.state in ('booked', 'asked', 'waiting', 'offered') and (` + strings.Join(any, " or ") + `)`, args
}

// siteOf and groupOf are where a booking is: at the place it holds or waits for, else where the child is enrolled.
const (
	siteOf  = `coalesce(s.site, (select coalesce(e.site, k.school) ` + enrolled + `), '')`
	groupOf = `coalesce(s.grp, case when s.id is null then (select e.grp ` + enrolled + `) end, '')`

	enrolled = `from enrolment e where e.child = b.child and e.activity = u.activity and e.state = 'active' and b.day between e.from_day and e.to_day
		order by e.from_day limit 1`
)

// meant tells that a row is of the scopes: SQL let pass those whose group goes by the level of the child.
func (x across) meant(cat *activity.Catalogue, r heldRow) bool {
	act, known := cat.Activity(r.Activity)
	return known && slices.ContainsFunc(x.scopes, func(s Scope) bool {
		if s.Activity != r.Activity || s.Unit != "" && s.Unit != r.unit || s.Site != "" && s.Site != r.site {
			return false
		}
		if s.Group == "" || s.Group == r.group {
			return true
		}
		if r.group != "" || r.placed {
			return false
		}
		group, _ := act.GroupOf(r.site, "", r.level)
		return group == s.Group
	})
}

// heldRow is a unit that a child has on a day, and where.
type heldRow struct {
	booking.Cell
	family family.ID
	unit   activity.UnitID
	site   town.SiteID
	group  activity.GroupID
	level  string
	placed bool
}

// heldBy lists what families have there; of one family, when it is named.
func (x across) heldBy(r db.Reader, cat *activity.Catalogue, of family.ID) ([]held, error) {
	if len(x.scopes) == 0 {
		return nil, nil
	}
	cond, args := x.where()
	if of != "" {
		args = append(args, string(of))
		cond += ` and b.family = ` + db.Marks(len(args), 1)
	}
	rows, err := db.List(r, func(s db.Scanner) (heldRow, error) {
		var h heldRow
		err := s.Scan(&h.family, &h.Child, &h.Activity, &h.Day, &h.unit, &h.site, &h.group, &h.level, &h.placed)
		return h, err
	}, `select b.family, b.child, u.activity, b.day, u.id, `+siteOf+`, `+groupOf+`, k.level, s.id is not null
		from booking b join unit u on u.id = b.unit join child k on k.person = b.child left join slot s on s.id = coalesce(b.slot, b.wants)
		where `+cond+` order by b.family, b.day, u.activity, b.child, b.state, u.position, u.id`, args...)
	if err != nil {
		return nil, err
	}
	var all []held
	var children []family.ChildID
	seen, known := map[booking.Cell]bool{}, map[family.ChildID]bool{}
	for _, h := range rows {
		if !x.meant(cat, h) || seen[h.Cell] {
			continue
		}
		seen[h.Cell] = true
		all = append(all, held{family: h.family, Cell: h.Cell})
		if !known[h.Child] {
			known[h.Child] = true
			children = append(children, h.Child)
		}
	}
	what, err := booking.Holdings(r, cat, children, x.days)
	if err != nil {
		return nil, err
	}
	for i := range all {
		h := &all[i]
		if h.Holding = what[h.Cell]; h.Live() {
			h.family = h.Holding.Family // who holds a part of the day holds it
		}
		if act, known := cat.Activity(h.Activity); known {
			h.left = x.leaves(act, *h)
		}
	}
	return slices.DeleteFunc(all, func(h held) bool { return of != "" && h.family != of }), nil
}

// leaves is the largest choice that stays of what is booked when only some parts are closed; "" when none does.
func (x across) leaves(act *activity.Activity, h held) activity.ChoiceID {
	closed, was := x.units(act.ID), h.Parts()
	if len(closed) == 0 || h.State != booking.Booked {
		return ""
	}
	best, most := activity.ChoiceID(""), 0
	for _, c := range act.Choices {
		within := !slices.ContainsFunc(c.Units, func(u activity.UnitID) bool { return slices.Contains(closed, u) || !slices.Contains(was, u) })
		if within && len(c.Units) > most {
			best, most = c.ID, len(c.Units)
		}
	}
	return best
}

// anyOpen tells that a place of what is asked is open.
func (x Asked) anyOpen(r db.Reader, cat *activity.Catalogue) (bool, error) {
	scopes := x.scopes(cat)
	var units []activity.UnitID
	for _, id := range x.Activities {
		if act, known := cat.Activity(id); known {
			for _, u := range act.Units {
				units = append(units, u.ID)
			}
		}
	}
	all, err := activity.SlotsOn(r, units, x.Days)
	return slices.ContainsFunc(all, func(o activity.Slot) bool {
		return !o.Closed && slices.ContainsFunc(scopes, func(s Scope) bool {
			act, known := cat.OfUnit(o.Unit)
			return known && act.ID == s.Activity && (s.Unit == "" || s.Unit == o.Unit) && (s.Site == "" || s.Site == o.Site) && (s.Group == "" || s.Group == o.Group)
		})
	}), err
}
