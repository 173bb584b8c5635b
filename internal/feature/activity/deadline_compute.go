package activity

import (
	"slices"
	"time"

	"parvis/internal/base/civil"
)

// LimitKind tells what a Limit is. The zero kind lets nobody book.
type LimitKind int

// The kinds of a limit.
const (
	LimitUnset  LimitKind = iota // the town has not given the date yet: no table or period names the day
	LimitNever                   // no moment at all
	LimitAt                      // a day and a minute
	LimitAlways                  // from the beginning of time, for an opening
)

// Limit is the edge of what a family may do: of LimitAt, a civil day and minute of the town, as screens show them. A
// last moment holds during the whole of its minute; an opening holds from the start of it. Limits compare with ==.
type Limit struct {
	Kind   LimitKind
	Day    civil.Date
	Minute int
	at     civil.Instant // first moment past a last minute, or first moment of an opening
}

// Instant is what to store: the first moment at which it is too late, or at which it is open. 0 when the limit is not
// a moment.
func (l Limit) Instant() civil.Instant { return l.at }

// Passed tells whether the edge is behind: too late for a last moment, open for an opening.
func (l Limit) Passed(now time.Time) bool {
	return l.Kind == LimitAt && civil.InstantOf(now) >= l.at
}

// StoredLimit is the last moment that was promised with a booking, from its Instant; 0 is LimitNever.
func StoredLimit(at civil.Instant, zone *time.Location) Limit {
	if at.IsZero() {
		return Limit{Kind: LimitNever}
	}
	last := at.In(zoneOf(zone)).Add(-time.Minute)
	return Limit{Kind: LimitAt, Day: civil.DateOf(last), Minute: last.Hour()*60 + last.Minute(), at: at}
}

// Later is the more generous of two last moments: what was promised and what today's rule says.
func Later(a, b Limit) Limit {
	if b.Kind > a.Kind || b.Kind == a.Kind && b.at > a.at {
		return b
	}
	return a
}

// earlier is the more generous of two openings.
func earlier(a, b Limit) Limit {
	if b.Kind > a.Kind || b.Kind == a.Kind && b.at < a.at {
		return b
	}
	return a
}

// furthest bounds every walk back through the calendar.
const furthest = 3 * 366

// Moment is the edge that a rule sets for a day, before any comparison with the day itself. Not ok when the rule says
// nothing of that day: its table has no line for it, or no period holds it.
func (r Rule) Moment(g Ground, day civil.Date) (Limit, bool) {
	switch r.Anchor {
	case AnchorNone:
		return Limit{Kind: LimitAlways}, true
	case AnchorNever:
		return Limit{Kind: LimitNever}, true
	}
	on, minute, ok := r.count(g, day)
	if !ok {
		return Limit{}, false
	}
	if r.Anchor != AnchorDates {
		on = r.shift(g, on)
	}
	if r.Action == OpenFrom {
		return fromStartOf(on, minute, g.Zone), true
	}
	return untilEndOf(on, minute, g.Zone), true
}

// count is the day and minute of a rule before holidays and closings move it.
func (r Rule) count(g Ground, day civil.Date) (civil.Date, int, bool) {
	switch r.Anchor {
	case AnchorDay:
		on, minute := r.back(g, day)
		return on, minute, true
	case AnchorWeek:
		return day.Monday().AddDays(-7*r.Offset + fromMonday(r.Weekday)), r.Minute, true
	case AnchorPeriod:
		if g.Period == nil {
			return civil.Date{}, 0, false
		}
		period, ok := g.Period(day)
		if !ok || period.From.IsZero() {
			return civil.Date{}, 0, false
		}
		on, minute := r.back(g, period.From)
		if r.OnDay {
			on = on.AddDays(-daysBack(on.Weekday(), r.Weekday))
		}
		return on, minute, true
	case AnchorTable:
		for _, line := range r.Weekdays {
			if line.For == day.Weekday() {
				eve := day.AddDays(-1)
				return eve.AddDays(-daysBack(eve.Weekday(), line.On) - 7*line.Back), line.Minute, true
			}
		}
	case AnchorDates:
		for _, line := range r.Dates {
			if line.Days.Contains(day) {
				return line.On, line.Minute, true
			}
		}
	}
	return civil.Date{}, 0, false
}

// back counts the offset back from a day.
func (r Rule) back(g Ground, day civil.Date) (civil.Date, int) {
	switch r.Measure {
	case Hours:
		minutes := g.Start - 60*r.Offset
		days := floorDiv(minutes, 24*60)
		return day.AddDays(days), minutes - days*24*60
	case Weeks:
		return day.AddDays(-7 * r.Offset), r.Minute
	case ClearDays:
		return day.AddDays(-r.Offset - 1), r.Minute
	case WorkingDays:
		return g.workingBack(r.Basis, day, r.Offset), r.Minute
	}
	return day.AddDays(-r.Offset), r.Minute
}

// workingBack is the n-th day of the basis before a day, the day itself for 0. A calendar that does not hold as many
// within three years is one that nobody has filled in: Monday to Friday count instead.
func (g Ground) workingBack(b Basis, day civil.Date, n int) civil.Date {
	left, d := n, day
	for range furthest {
		if left == 0 {
			return d
		}
		if d = d.AddDays(-1); g.counts(b, d) {
			left--
		}
	}
	left, d = min(n, furthest), day
	for left > 0 {
		if d = d.AddDays(-1); !weekend(d) {
			left--
		}
	}
	return d
}

// shift moves a computed day that falls in school holidays or on a closed day. A public holiday is first of all a public
// holiday, also within school holidays. Where three years hold no better day, the day stays: that is the generous side.
func (r Rule) shift(g Ground, on civil.Date) civil.Date {
	limit := on.AddDays(-furthest)
	for d := on; d.After(limit); {
		switch r.leaves(g, d) {
		case ShiftNone:
			return d
		case ShiftSame:
			d = d.AddDays(-7)
		default:
			for d = d.AddDays(-1); d.After(limit) && !g.counts(r.Basis, d); {
				d = d.AddDays(-1)
			}
		}
	}
	return on
}

// leaves is how a rule leaves a computed day, ShiftNone when the day stands.
func (r Rule) leaves(g Ground, d civil.Date) Shift {
	switch {
	case r.Closed != ShiftNone && g.shut(d):
		return r.Closed
	case r.Holiday != ShiftNone && g.holiday(d):
		return r.Holiday
	}
	return ShiftNone
}

// counts tells whether a day is one of the basis. Where the school calendar is not known, or the basis not given, Monday
// to Friday do: more days count, so limits fall later and nobody is refused for a calendar that is still to come.
func (g Ground) counts(b Basis, d civil.Date) bool {
	switch {
	case b == Weekday6:
		return d.Weekday() != time.Sunday && !g.public(d)
	case b == SchoolDays && g.School != nil && g.known(d):
		return g.School(d)
	case b == ServiceDays && g.Service != nil && g.known(d):
		return g.Service(d)
	}
	return !weekend(d) && !g.public(d)
}

func (g Ground) known(d civil.Date) bool   { return g.Known == nil || g.Known(d) }
func (g Ground) public(d civil.Date) bool  { return g.Public != nil && g.Public(d) }
func (g Ground) shut(d civil.Date) bool    { return g.public(d) || g.Closed != nil && g.Closed(d) }
func (g Ground) holiday(d civil.Date) bool { return g.Holiday != nil && g.known(d) && g.Holiday(d) }

func weekend(d civil.Date) bool { return fromMonday(d.Weekday()) >= 5 }

// fromMonday is 0 for Monday, 6 for Sunday.
func fromMonday(w time.Weekday) int { return (int(w) + 6) % 7 }

// daysBack is how many days before a weekday the last other one is, 0 for the same.
func daysBack(from, to time.Weekday) int { return (int(from) - int(to) + 7) % 7 }

func floorDiv(a, b int) int {
	if q := a / b; a%b >= 0 {
		return q
	} else {
		return q - 1
	}
}

// untilEndOf is a last minute of the town's clock. A minute that comes twice counts to the end of its second coming.
func untilEndOf(d civil.Date, minute int, zone *time.Location) Limit {
	_, last := comings(d, minute, zoneOf(zone))
	return Limit{Kind: LimitAt, Day: civil.DateOf(last), Minute: last.Hour()*60 + last.Minute(), at: civil.InstantOf(last.Add(time.Minute))}
}

// fromStartOf is an opening. A minute that comes twice opens at its first coming.
func fromStartOf(d civil.Date, minute int, zone *time.Location) Limit {
	first, _ := comings(d, minute, zoneOf(zone))
	return Limit{Kind: LimitAt, Day: civil.DateOf(first), Minute: first.Hour()*60 + first.Minute(), at: civil.InstantOf(first)}
}

// comings are the first and the last moment at which the clock shows a civil minute: the same but for the hour that the
// end of summer time repeats. What the change to summer time skips is moved forward by the hour skipped, which
// time.Date does not promise.
func comings(d civil.Date, minute int, zone *time.Location) (first, last time.Time) {
	wall := time.Date(d.Year, d.Month, d.Day, 0, minute, 0, 0, time.UTC)
	before, after := offsetAt(wall.Add(-24*time.Hour), zone), offsetAt(wall.Add(24*time.Hour), zone)
	first = wall.Add(-before).In(zone)
	if before == after {
		return first, first
	}
	last = wall.Add(-after).In(zone)
	shown := func(t time.Time) bool { return offsetAt(t, zone) == wall.Sub(t) }
	switch {
	case shown(first) && shown(last):
		return first, last
	case shown(last):
		return last, last
	}
	return first, first
}

func offsetAt(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

func zoneOf(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// PolicyFor is the version that holds for a day: the greatest number among those that have begun. Not ok when none has.
func PolicyFor(all []Policy, day civil.Date) (Policy, bool) {
	var best Policy
	found := false
	for _, p := range all {
		if !p.From.After(day) && (!found || p.Number > best.Number) {
			best, found = p, true
		}
	}
	return best, found
}

// may tells whether families of these qualities use the rule.
func (r Rule) may(qualities []Quality) bool { return r.For == "" || slices.Contains(qualities, r.For) }
