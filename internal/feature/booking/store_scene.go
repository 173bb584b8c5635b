package booking

import (
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// sceneRow is a row of the one query of a scene: an enrolment, a booking of a unit, or a quality of a family.
type sceneRow struct {
	kind       string
	id         ID // of a booking
	child      family.ChildID
	family     family.ID
	what       string // activity, unit or quality
	from, to   civil.Date
	site       string // of the enrolment, else the child's school
	group      string // of an enrolment
	state      State
	choice     activity.ChoiceID
	slot       activity.SlotID
	until      *int64
	late       bool
	asked      bool
	byAgent    bool
	reason     string
	attendance Attendance
	custody    custody.Row // of kind 't'
	rank       int
	offer      civil.Instant
	made       int64
	absent     bool
}

// readScene reads, in one query, what decides on the cells of some children over a range of days: what they are enrolled
// in, what they hold, the qualities of their families, and in which home their days are.
func readScene(r db.Reader, s *Scene, children []family.Child, days civil.Range) error {
	s.lateDays = nil
	s.kids, s.enrolled, s.held, s.qualities = map[family.ChildID]kid{}, map[childActivity][]entitled{}, map[Cell]Holding{}, map[family.ID][]granted{}
	if len(children) == 0 {
		return nil
	}
	for _, c := range children {
		s.kids[c.ID] = kid{family: c.Family, name: c.First(), level: c.Level, born: c.Born}
	}
	in, args := childArgs(days, children)
	families := familiesOf(children)
	inFamilies := db.Marks(len(args)+1, len(families))
	args = append(append(args, families...), civil.DateOf(s.Now))
	today := db.Marks(len(args), 1)
	late, args := s.lateRows(in, days, args)
	rows, err := db.List(r, scanScene, `select 'e', '', e.child, '', e.activity, e.from_day, e.to_day, coalesce(e.site, k.school, ''), coalesce(e.grp, ''),
				'', '', '', null, false, false, false, '', '', 0, 0, 0, false
			from enrolment e join child k on k.person = e.child
			where e.state = 'active' and e.to_day >= $1 and e.from_day <= $2 and e.child in (`+in+`)
		union all
		`+heldRows(in, s.rank())+`
		union all
		select 'b', b.id, b.child, b.family, b.unit, b.day, b.day, '', '', b.state, coalesce(b.choice, b.unit), coalesce(b.slot, ''), b.until_at,
				b.late, b.cancel_asked_at is not null, b.by_agent, b.reason, '', 0, coalesce(b.offer_until_at, 0), coalesce(b.changed_at, b.made_at), b.absence_at is not null
			from booking b where b.state = 'offered' and b.day > $2 and b.child in (`+in+`)
		union all
		select 'q', '', '', q.family, q.quality, q.from_day, coalesce(q.to_day, '9999-12-31'), '', '', '', '', '', null, false, false, false, '', '', 0, 0, 0, false
			from family_quality q
			where q.from_day <= $2 and (q.to_day is null or q.to_day >= $1) and q.family in (`+inFamilies+`)
		union all
		select 't', h.id, h.child, h.home, h.what, h.from_day, h.to_day, h.other, h.cells, h.step, h.anchor, '', null, false, false, false, '', '', 0, 0, 0, false
			from (`+custody.Rows(in, today)+`) h`+late, args...)
	if err != nil {
		return fmt.Errorf("read what decides on bookings: %w", err)
	}
	var homes []custody.Row
	for _, x := range rows {
		if s.take(x); x.kind == "t" {
			homes = append(homes, x.custody)
		}
	}
	s.custody = custody.Timelines(homes)
	s.asChoices()
	return nil
}

// joined gives the units of a cell the one choice that they make together, as when the old portal booked them one by
// one; one of their own when no choice does.
func (s *Scene) joined(c Cell, h Holding) Holding {
	a, _ := s.Catalogue.Activity(c.Activity)
	h.Choice = loose(h.Parts())
	for _, choice := range a.Choices {
		if len(choice.Units) == len(h.Units) && !slices.ContainsFunc(h.Units, func(u heldUnit) bool { return !slices.Contains(choice.Units, u.unit) }) {
			h.Choice = choice.ID
		}
	}
	return h
}

func scanScene(r db.Scanner) (sceneRow, error) {
	var x sceneRow
	err := r.Scan(&x.kind, &x.id, &x.child, &x.family, &x.what, &x.from, &x.to, &x.site, &x.group, &x.state, &x.choice, &x.slot, &x.until,
		&x.late, &x.asked, &x.byAgent, &x.reason, &x.attendance, &x.rank, &x.offer, &x.made, &x.absent)
	if x.kind != "t" || err != nil {
		return x, err
	}
	x.custody = custody.Row{What: x.what, ID: string(x.id), Child: x.child, Home: x.family, Other: family.ID(x.site), From: x.from, To: x.to,
		Cells: x.group, Step: string(x.state)}
	x.custody.Anchor, err = civil.ParseDate(string(x.choice))
	return x, err
}

// take gives a row its place in the scene.
func (s *Scene) take(x sceneRow) {
	switch x.kind {
	case "e":
		key := childActivity{x.child, activity.ID(x.what)}
		s.enrolled[key] = append(s.enrolled[key], entitled{days: civil.Range{From: x.from, To: x.to}, site: town.SiteID(x.site), group: activity.GroupID(x.group)})
	case "q":
		s.qualities[x.family] = append(s.qualities[x.family], granted{quality: activity.Quality(x.what), days: civil.Range{From: x.from, To: x.to}})
	case "l":
		if a, known := s.Catalogue.OfUnit(activity.UnitID(x.what)); known {
			s.noteLate(Cell{x.child, a.ID, x.from}, x.family)
		}
	case "b":
		a, known := s.Catalogue.OfUnit(activity.UnitID(x.what))
		if !known {
			return
		}
		c := Cell{Child: x.child, Activity: a.ID, Day: x.from}
		h := s.held[c]
		if live := (Holding{State: x.state}).Live(); h.Live() && !live && x.attendance == "" {
			return // a unit given up when the choice changed
		} else if !h.Live() && live {
			h = Holding{Attendance: h.Attendance}
		}
		h.State, h.Choice, h.Family, h.Late, h.ByAgent = x.state, x.choice, x.family, x.late, x.byAgent
		h.CancelAsked = h.CancelAsked || x.asked
		h.Rank, h.OfferUntil = max(h.Rank, x.rank), max(h.OfferUntil, x.offer)
		h.Told, h.Made = h.Told || x.absent && x.state == Booked, max(h.Made, civil.Instant(x.made))
		if x.reason != "" {
			h.Reason = x.reason
		}
		if x.attendance != "" && h.Attendance != Present {
			h.Attendance = x.attendance
		}
		if x.until != nil {
			l := activity.StoredLimit(civil.Instant(*x.until), s.Catalogue.Zone)
			h.Until = &l
		}
		h.Units = append(h.Units, heldUnit{id: x.id, unit: activity.UnitID(x.what), slot: x.slot})
		s.held[c] = h
	}
}

// childArgs are a range and some children as arguments, with the placeholders of the children.
func childArgs(days civil.Range, children []family.Child) (string, []any) {
	args := []any{days.From, days.To}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	return db.Marks(3, len(children)), args
}

// familiesOf are the homes of some children as arguments, each once.
func familiesOf(children []family.Child) []any {
	var all []any
	for _, c := range children {
		if !slices.Contains(all, any(string(c.Family))) {
			all = append(all, string(c.Family))
		}
	}
	return all
}

// site is where a child attends an activity: the place of its enrolment, its school, or the only one there is.
func (s *Scene) site(c Cell, a *activity.Activity, e entitled) (town.SiteID, bool) {
	for _, p := range a.Places {
		if p.Site == e.site {
			return p.Site, true
		}
	}
	if len(a.Places) == 1 {
		return a.Places[0].Site, true
	}
	return "", false
}
