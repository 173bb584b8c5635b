package booking

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// Opening is a period that children are enrolled in: whether their home may book it yet, and from when.
type Opening struct {
	Activity *activity.Activity
	Period   activity.Period
	Children []family.Child
	Open     bool
	// At is the minute from which it may, where its rules tell and that is to come; the service still has to open the
	// period by then.
	At activity.Limit
}

// Openings says of each period not over whether a family may book it; the reader is a feature above, with what it keeps
// of them. nil: nothing is said.
type Openings func(r db.Reader, now time.Time, a actor.Actor, all []Opening) (templ.Component, error)

// OpeningsOf lists the periods not over of the activities that a citizen's children are enrolled in, in two statements.
func OpeningsOf(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue) ([]Opening, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, err
	}
	s := &Scene{Catalogue: cat, Now: now}
	if err := readHabits(r, s, children, civil.DateOf(now)); err != nil {
		return nil, err
	}
	return s.openings(children, ""), nil
}

// openings are those of an activity, or of all.
func (s *Scene) openings(children []family.Child, only activity.ID) []Opening {
	today := civil.DateOf(s.Now)
	var all []Opening
	for i := range s.Catalogue.Activities {
		a := &s.Catalogue.Activities[i]
		if a.State != activity.Open || only != "" && a.ID != only || len(a.Choices) == 0 {
			continue
		}
		for _, p := range a.Periods {
			if x, has := s.opening(children, a, p); has && !p.Days.To.Before(today) {
				all = append(all, x)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y Opening) int { return x.Period.Days.From.Compare(y.Period.Days.From) })
	return all
}

// opening looks at a period for the children enrolled in it; false when it is for none of them, ever.
func (s *Scene) opening(children []family.Child, a *activity.Activity, p activity.Period) (Opening, bool) {
	x := Opening{Activity: a, Period: p}
	for _, c := range children {
		day, has := s.firstDay(c, a, p)
		if !has || a.ResidentsOnly && !slices.Contains(s.qualitiesOf(c.Family, day), activity.Resident) {
			continue
		}
		w, known := s.window(a, firstUnit(unitsOf(a, a.Choices[0].ID)), c.Family, day)
		switch {
		case !known || w.Open.Kind == activity.LimitUnset: // no rule of that day yet
		case w.Open.Kind == activity.LimitNever:
			continue
		case w.Open.Kind == activity.LimitAlways || w.Open.Passed(s.Now):
			x.Open = x.Open || p.Open
		case x.At.Kind == activity.LimitUnset || w.Open.Instant() < x.At.Instant():
			x.At = w.Open
		}
		x.Children = append(x.Children, c)
	}
	if x.Open {
		x.At = activity.Limit{}
	}
	return x, len(x.Children) > 0
}

// firstDay is the first day to come of a period on which the activity takes place and that a child is enrolled on.
func (s *Scene) firstDay(c family.Child, a *activity.Activity, p activity.Period) (civil.Date, bool) {
	today := civil.DateOf(s.Now)
	for _, d := range p.Days.Days() {
		cell := Cell{c.ID, a.ID, d}
		if _, enrolled := s.enrolment(cell); !enrolled || d.Before(today) || a.Takes(c.Level, c.Born, d) != "" {
			continue
		}
		if why, _ := s.closed(cell, a); why == "" {
			return d, true
		}
	}
	return civil.Date{}, false
}

// OpensSoon tells from the catalogue alone whether a period is open, or has days that open until a horizon, to some
// families at least; or is no more.
func OpensSoon(cat *activity.Catalogue, id activity.PeriodID, now, horizon time.Time) bool {
	for i := range cat.Activities {
		a := &cat.Activities[i]
		for _, p := range a.Periods {
			if p.ID != id {
				continue
			}
			return p.Open || p.Days.To.Before(civil.DateOf(now)) || slices.ContainsFunc(p.Days.Days(), func(d civil.Date) bool {
				policy, ruled := activity.PolicyFor(a.Policies, d)
				if !ruled || len(a.Units) == 0 {
					return false
				}
				var every []activity.Quality
				for _, x := range policy.Rules {
					every = append(every, x.For)
				}
				at := policy.Window(cat.Ground(a, a.Units[0]), d, every).Open
				return at.Kind == activity.LimitAt && at.Instant() <= civil.InstantOf(horizon)
			})
		}
	}
	return true
}
