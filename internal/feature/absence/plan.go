package absence

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// Plan is what telling would do to a booking in force.
type Plan struct {
	booking.Standing
	versions []Rules
	day      Day
}

// Judge is what a reason would give for the day told now: the kinder of what was promised with the booking and of what
// holds today. False when neither knows the reason.
func (p Plan) Judge(key string, now time.Time) (Verdict, string, bool) {
	var best Verdict
	id := ""
	for _, r := range p.versions {
		x, known := r.Reason(key)
		if !known {
			continue
		}
		v := x.Judge(p.day, now)
		if id == "" || Kinder(best, v) != best {
			best, id = v, r.ID
		}
	}
	return best, id, id != ""
}

// ReasonsOf are the reasons that somebody may give for some days, each once, in the order of the town's newest rules.
func ReasonsOf(plans []Plan, agent bool) []Reason {
	var all []Reason
	for _, p := range plans {
		for i := len(p.versions) - 1; i >= 0; i-- {
			for _, x := range p.versions[i].Reasons {
				if (agent || x.By == ByFamily) && !slices.ContainsFunc(all, func(have Reason) bool { return have.Key == x.Key }) {
					all = append(all, x)
				}
			}
		}
	}
	return all
}

// plans adds to bookings the rules that hold for each. lines are what was told of the days before: a day that goes on
// from one of them is the next of the same absence.
func plans(book Book, standing []booking.Standing, lines []Line, today civil.Date) []Plan {
	type of struct {
		child family.ChildID
		act   activity.ID
	}
	told := map[booking.Cell]bool{}
	for _, l := range lines {
		if l.holds() {
			told[l.Cell] = true
		}
	}
	first, nth := map[of]civil.Date{}, map[of]int{}
	var all []Plan
	for _, x := range standing { // by day
		key := of{x.Cell.Child, x.Activity}
		if told[x.Cell] {
			nth[key]++
			continue
		}
		if x.Told {
			continue
		}
		if first[key].IsZero() {
			first[key] = x.Day
		}
		nth[key]++
		all = append(all, Plan{Standing: x, versions: Promised(book[x.Activity], x.Booked, today), day: Day{Day: x.Day, First: first[key], Nth: nth[key], Start: x.Start}})
	}
	return all
}

// chosen are the plans of some cells, their days counted from those cells alone; days that are not chosen break an
// absence.
func chosen(book Book, standing []booking.Standing, lines []Line, today civil.Date, cells []booking.Cell) []Plan {
	told := map[booking.Cell]bool{}
	for _, l := range lines {
		if l.holds() {
			told[l.Cell] = true
		}
	}
	picked := make(map[booking.Cell]bool, len(cells))
	for _, c := range cells {
		picked[c] = true
	}
	last := map[[2]string][]booking.Standing{} // the run that goes on, of each child and activity
	var out []Plan
	for _, x := range standing {
		key := [2]string{string(x.Cell.Child), string(x.Activity)}
		if !told[x.Cell] && !picked[x.Cell] {
			last[key] = nil
			continue
		}
		last[key] = append(last[key], x)
		if picked[x.Cell] && !told[x.Cell] {
			for _, p := range plans(book, last[key], lines, today) {
				if p.Cell == x.Cell {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// scene is what telling stands on: who may be told of, what they have booked, what was told before, and the rules.
type scene struct {
	children []family.Child
	standing []booking.Standing
	lines    []Line
	book     Book
	today    civil.Date
}

// read reads a scene: of the children whom a citizen may act for, of those of a family for an agent.
func read(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, of family.ID, days civil.Range) (scene, error) {
	s := scene{today: civil.DateOf(now)}
	var err error
	if a.Kind == actor.Agent {
		if err := family.Readable(r, a, of, Note); err != nil {
			return s, err
		}
		s.children, err = family.ChildrenOf(r, of)
	} else {
		s.children, err = family.Children(r, a, s.today)
	}
	if err != nil || len(s.children) == 0 {
		return s, err
	}
	before := civil.Range{From: days.From.AddDays(-daysBack), To: days.To}
	if s.standing, err = booking.StandingOf(r, now, cat, s.children, before); err != nil {
		return s, err
	}
	if a.Kind == actor.Agent {
		s.standing = slices.DeleteFunc(s.standing, func(x booking.Standing) bool {
			act, known := cat.Activity(x.Activity)
			return !known || !a.CanFor(Note, string(act.Service))
		})
	}
	if s.book, err = ReadRules(r); err != nil {
		return s, err
	}
	s.lines, err = linesOfChildren(r, now.Location(), s.children, before)
	return s, err
}

// Open are the bookings of some days that may be told.
func (s scene) open(days civil.Range) []booking.Standing {
	var all []booking.Standing
	for _, x := range s.standing {
		if days.Contains(x.Day) && !x.Told && x.Attendance != booking.Present {
			all = append(all, x)
		}
	}
	return all
}
