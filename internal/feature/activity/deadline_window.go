package activity

import (
	"slices"
	"time"

	"parvis/internal/base/civil"
)

// lastMinute is 23:59: what the last minute of a day, called midnight by some, is stored as.
const lastMinute = 24*60 - 1

// Window is what a family may do with a day and until when. All last moments fall at the latest at the end of the day.
type Window struct {
	Day    civil.Date
	Open   Limit // booking and changing start here
	Book   Limit
	Change Limit
	Cancel Limit
	Late   Limit // last moment of what After takes
	After  After
	Apart  bool  // the town set until when to change; else it is as long as to book
	over   Limit // the end of the day itself
}

// Window computes the limits of a day for a family with these qualities: of the rules of an action that it may use, the
// most generous counts, and what a rule gives to some never falls below what everybody has. Where no rule for everybody
// names the day, everybody has:
//   - open: always; but never where openings are given to other families only, and unset where none names the day;
//   - book: until the end of the eve; unset where rules exist and none names the day, such as a month without its date;
//   - change, cancel: as book, and where that is unset until the end of the eve for cancelling;
//   - late: until the unit starts.
func (p Policy) Window(g Ground, day civil.Date, qualities []Quality) Window {
	w := Window{Day: day, After: p.After, over: untilEndOf(day, lastMinute, g.Zone)}
	eve := untilEndOf(day.AddDays(-1), lastMinute, g.Zone)
	w.Open = p.opening(g, day, qualities)
	booking := eve
	if slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Action == Book && r.For == "" }) {
		booking = Limit{}
	}
	w.Book = w.bounded(p.last(Book, g, day, qualities, booking))
	w.Change = w.bounded(p.last(Change, g, day, qualities, w.Book))
	w.Apart = slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Action == Change })
	cancelling := w.Book
	if cancelling.Kind == LimitUnset {
		cancelling = eve
	}
	w.Cancel = w.bounded(p.last(Cancel, g, day, qualities, cancelling))
	late := eve
	if g.Start > 0 {
		late = untilEndOf(day, g.Start, g.Zone)
	}
	w.Late = w.bounded(p.last(LateUntil, g, day, qualities, late))
	return w
}

// bounded keeps a last moment within the day.
func (w Window) bounded(l Limit) Limit {
	if l.Kind == LimitAlways || l.Kind == LimitAt && l.at > w.over.at {
		return w.over
	}
	return l
}

// opening is the earliest opening that the family may use.
func (p Policy) opening(g Ground, day civil.Date, qualities []Quality) Limit {
	best, exists := Limit{Kind: LimitNever}, false
	silent := false
	for _, r := range p.Rules {
		if r.Action != OpenFrom {
			continue
		}
		exists = true
		if !r.may(qualities) {
			continue
		}
		if l, ok := r.Moment(g, day); ok {
			best = earlier(best, l)
		} else {
			silent = true
		}
	}
	switch {
	case !exists:
		return Limit{Kind: LimitAlways}
	case best.Kind == LimitNever && silent:
		return Limit{}
	}
	return best
}

// last is the latest last moment of an action that the family may use. What everybody has otherwise counts where no rule
// for everybody names the day.
func (p Policy) last(action Action, g Ground, day civil.Date, qualities []Quality, otherwise Limit) Limit {
	var best Limit
	named := false
	for _, r := range p.Rules {
		if r.Action != action || !r.may(qualities) {
			continue
		}
		if l, ok := r.Moment(g, day); ok {
			best = Later(best, l)
			named = named || r.For == ""
		}
	}
	if named {
		return best
	}
	return Later(best, otherwise)
}

// Last is the last moment of an action.
func (w Window) Last(action Action) Limit {
	switch action {
	case Book:
		return w.Book
	case Change:
		return w.Change
	case Cancel:
		return w.Cancel
	case LateUntil:
		return w.Late
	}
	return w.over
}

// Keep is the window of a booking to which a last moment was promised: a change of rule never takes it back, and a rule
// that became more generous counts at once.
func (w Window) Keep(action Action, promised Limit) Window {
	promised = w.bounded(promised)
	switch action {
	case Book:
		w.Book = Later(w.Book, promised)
	case Change:
		w.Change = Later(w.Change, promised)
	case Cancel:
		w.Cancel = Later(w.Cancel, promised)
	}
	return w
}

// Standing is where a moment lies among the limits.
type Standing string

// The standings. Late is past the deadline, where the policy takes it with a surcharge or as a request.
const (
	TooEarly Standing = "too-early"
	Free     Standing = "free"
	Late     Standing = "late"
	TooLate  Standing = "too-late"
)

// Verdict answers whether a family may act now. Limit is from when (TooEarly), until when (Free) or since when (Late,
// TooLate: LimitNever when it never was possible); Until is the last moment of what is Late; After says how it is taken.
type Verdict struct {
	Is     Standing
	Action Action
	Limit  Limit
	Until  Limit
	After  After
	Apart  bool // the town set until when to change; else it is as long as to book
}

// Decide tells whether a family may book, change or cancel at a moment. Cancelling knows no opening and no late hour:
// After is about booking, and about changes, which book. A day that is over is too late for everything, and nothing is
// taken late before it opened.
func Decide(w Window, now time.Time, action Action) Verdict {
	limit := w.Last(action)
	v := Verdict{Action: action, Limit: limit}
	switch {
	case w.over.Passed(now):
		v.Is = TooLate
		if limit.Kind == LimitUnset {
			v.Limit = w.over
		}
	case action == Cancel || action == LateUntil:
		v.Is = Free
		if limit.Kind != LimitAt || limit.Passed(now) {
			v.Is = TooLate
		}
	case limit.Kind == LimitNever || limit.Passed(now):
		v.Is = TooLate
		if w.takesLate(now) {
			v.Is, v.Until, v.After = Late, w.Late, w.After
		}
	case !w.opened(now):
		v.Is, v.Limit = TooEarly, w.Open
	case limit.Kind == LimitUnset:
		v.Is = TooEarly
	default:
		v.Is = Free
	}
	return v
}

func (w Window) opened(now time.Time) bool { return w.Open.Kind == LimitAlways || w.Open.Passed(now) }

func (w Window) takesLate(now time.Time) bool {
	taken := w.After.Kind == AfterSurcharge || w.After.Kind == AfterRequest
	return taken && w.opened(now) && w.Late.Kind == LimitAt && !w.Late.Passed(now)
}
