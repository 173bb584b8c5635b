package absence

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/feature/activity"
)

// Party is who may use a reason.
type Party string

// The parties. A reason of the town is declared by agents alone: a strike, a teacher who is not replaced.
const (
	ByFamily Party = "family"
	ByTown   Party = "town"
)

// MomentKind is what a moment counts from: the first day of an absence, or the activity's start on it.
type MomentKind string

// The kinds of a moment.
const (
	Anytime     MomentKind = "any"
	ThatDay     MomentKind = "day"          // that day, until a minute
	HoursBefore MomentKind = "hours-before" // before the activity starts
	DaysBefore  MomentKind = "days-before"
	HoursAfter  MomentKind = "hours-after" // after the activity starts
	DaysAfter   MomentKind = "days-after"
	MonthEnd    MomentKind = "month-end"
)

// Moment is a last moment. Minute is the last minute that counts, in the town's civil time; Opens, of ThatDay only, the
// first one. Hours count on the clock of the town, whatever summer time does between.
type Moment struct {
	Kind   MomentKind
	Count  int
	Minute int
	Opens  int
}

// EffectKind is what an absence does to the price of the day.
type EffectKind string

// The effects.
const (
	Free        EffectKind = "free"
	Billed      EffectKind = "billed"
	FirstBilled EffectKind = "first-billed" // the first Days of an absence are billed whatever is proved
	FirstFree   EffectKind = "first-free"   // the first Days are at the town's charge, without proof
	Share       EffectKind = "share"        // Percent of the price
)

// Effect is what an absence for a reason does to the price.
type Effect struct {
	Kind    EffectKind
	Days    int
	Percent int
}

// Reason is a reason to be absent. Key names it through the versions. Medical is a reason that mails never name.
type Reason struct {
	Key     string
	Label   string
	By      Party
	Medical bool
	Proof   bool   // a document is asked for
	Tell    Moment // last moment to tell
	Bring   Moment // last moment to bring the proof
	Effect  Effect
}

// Kind is what did not go as booked.
type Kind string

// The kinds of an incident.
const (
	Unbooked   Kind = "unbooked" // came without a booking
	LatePickup Kind = "late"     // was fetched late
	Missing    Kind = "missing"  // booked, did not come, and nobody had told
)

// Kinds lists them in the order of the screens.
func Kinds() []Kind { return []Kind{Unbooked, LatePickup, Missing} }

// PriceKind is what an incident costs.
type PriceKind string

// The prices. For a presence without booking all but Surcharge and Percent stand in place of the tariff; for the others
// they are added to it.
const (
	NoPrice   PriceKind = "none"
	Flat      PriceKind = "flat"
	PerUnit   PriceKind = "unit"
	Surcharge PriceKind = "surcharge"
	Percent   PriceKind = "percent"
	CostPrice PriceKind = "cost"
	TopTariff PriceKind = "top"
)

// Span is over how long incidents are counted.
type Span string

// The spans.
const (
	PerMonth  Span = "month"
	PerPeriod Span = "period"
	PerYear   Span = "year" // school year
)

// Incident is what one kind of incident costs. Nothing is ever charged before the family was warned of an earlier one;
// the first Forgiven of a span are not either. From the TimesFrom-th on, the price counts Times.
type Incident struct {
	Kind      Kind
	Price     PriceKind
	Amount    money.Cents
	Percent   int
	Forgiven  int
	Times     int
	TimesFrom int
	Span      Span
	After     int // LatePickup: the minute from which it is late
	Tolerance int // LatePickup: minutes that are not counted
}

// Debt closes booking to families who owe more than Over.
type Debt struct {
	On   bool
	Over money.Cents
}

// Back is from when a quotient that was missing counts again.
type Back string

// From when a family that had no quotient leaves the top tariff.
const (
	NoQuotientRule Back = ""
	FromProof      Back = "proof"
	FromMonthAfter Back = "month"
)

// Rules are one version of all that an activity says about absences: it holds for what is booked from From on, and for
// what happens without booking from then on.
type Rules struct {
	ID        string
	Number    int
	From      civil.Date
	Made      civil.Instant
	Reasons   []Reason
	Incidents []Incident
	Debt      Debt
	Quotient  Back
}

// Reason finds a reason by its key.
func (r Rules) Reason(key string) (Reason, bool) {
	for _, x := range r.Reasons {
		if x.Key == key {
			return x, true
		}
	}
	return Reason{}, false
}

// Incident finds the rule of a kind.
func (r Rules) Incident(k Kind) (Incident, bool) {
	for _, x := range r.Incidents {
		if x.Kind == k {
			return x, true
		}
	}
	return Incident{}, false
}

// InForce is the version that holds on a day: the newest that has begun. Without one, nothing is said.
func InForce(all []Rules, day civil.Date) (Rules, bool) {
	var found Rules
	for _, r := range all {
		if !r.From.After(day) && r.Number > found.Number {
			found = r
		}
	}
	return found, found.Number > 0
}

// Promised are the versions that a family may rely on for what it booked on one day and tells on another: that of the
// booking, then that of today. What was booked before any version was made relies on the first.
func Promised(all []Rules, booked, told civil.Date) []Rules {
	var found []Rules
	was, known := InForce(all, booked)
	if !known {
		for _, r := range all {
			if !r.From.After(told) && (!known || r.Number < was.Number) {
				was, known = r, true
			}
		}
	}
	if known {
		found = append(found, was)
	}
	if now, known := InForce(all, told); known && now.Number != was.Number {
		found = append(found, now)
	}
	return found
}

// Timing is where a declaration lies by the moment of its reason.
type Timing string

// The timings.
const (
	InTime  Timing = "in"
	TooSoon Timing = "early"
	TooLate Timing = "late"
)

// Day is a day of absence as a rule sees it. First is the first day of what is told at once, Nth the day's place in the
// whole absence, from 1. Start is the minute at which the activity starts, 0 when not known.
type Day struct {
	Day   civil.Date
	First civil.Date
	Nth   int
	Start int
}

// Verdict is what a reason gives for a day told at a moment: what is billed without a proof that was accepted, and with
// one, in percent of the price. They are the same where no proof is asked.
type Verdict struct {
	Timing  Timing
	Opens   activity.Limit // from when it may be told; zero: at once
	Until   activity.Limit // the last moment to tell
	Proof   bool
	Due     activity.Limit
	Without int
	With    int
}

const whole = 100

// Judge says what a reason gives for a day of absence told now. A day may be told by its own moment or by that of the
// first day: what is told in time on the first day holds for the next ones.
func (x Reason) Judge(d Day, now time.Time) Verdict {
	v := x.timing(d.Day, d, now)
	if first := x.timing(d.First, d, now); v.Timing != InTime && first.Timing == InTime {
		v = first
	}
	v.Without, v.With = whole, whole
	if v.Timing != InTime {
		return v
	}
	v.Without, v.With, v.Proof = x.percents(d.Nth)
	if v.Proof {
		v.Due = x.Bring.last(d.First, d.Day, d.Start, now.Location())
		if v.Due.Passed(now) {
			v.Proof, v.With = false, whole
		}
	}
	return v
}

func (x Reason) timing(anchor civil.Date, d Day, now time.Time) Verdict {
	v := Verdict{Timing: InTime, Until: x.Tell.last(anchor, anchor, d.Start, now.Location())}
	if x.Tell.Kind == ThatDay && x.Tell.Opens > 0 {
		v.Opens = activity.StoredLimit(civil.InstantOf(anchor.At(0, x.Tell.Opens, now.Location()).Add(time.Minute)), now.Location())
		if now.Before(anchor.At(0, x.Tell.Opens, now.Location())) {
			v.Timing = TooSoon
		}
	}
	if v.Until.Passed(now) {
		v.Timing = TooLate
	}
	return v
}

// percents is what is billed of the nth day of an absence without proof and with it, and whether one is asked.
func (x Reason) percents(nth int) (without, with int, proof bool) {
	with = 0
	switch x.Effect.Kind {
	case Billed:
		return whole, whole, false
	case FirstBilled:
		if nth <= x.Effect.Days {
			return whole, whole, false
		}
	case FirstFree:
		if nth <= x.Effect.Days {
			return 0, 0, false
		}
		if !x.Proof {
			return whole, whole, false
		}
	case Share:
		with = x.Effect.Percent
	}
	if !x.Proof {
		return with, with, false
	}
	return whole, with, true
}

// last is the last moment, counted from the first day of an absence; the end of the month is that of the day itself.
func (m Moment) last(first, day civil.Date, start int, zone *time.Location) activity.Limit {
	at := func(d civil.Date, minute int) activity.Limit {
		return activity.StoredLimit(civil.InstantOf(d.At(0, minute, zone).Add(time.Minute)), zone)
	}
	switch m.Kind {
	case ThatDay:
		return at(first, m.Minute)
	case DaysBefore:
		return at(first.AddDays(-m.Count), m.Minute)
	case DaysAfter:
		return at(first.AddDays(m.Count), m.Minute)
	case HoursBefore:
		return at(clockFrom(first, start, -60*m.Count))
	case HoursAfter:
		if start == 0 {
			start = lastMinute
		}
		return at(clockFrom(first, start, 60*m.Count))
	case MonthEnd:
		return at(civil.NewDate(day.Year, day.Month+1, 0), lastMinute)
	}
	return activity.Limit{Kind: activity.LimitAlways}
}

const lastMinute = 24*60 - 1

// clockFrom moves on the clock of the town, where each day has 24 hours.
func clockFrom(d civil.Date, minute, by int) (civil.Date, int) {
	total := minute + by
	days := total / (24 * 60)
	if total%(24*60) < 0 {
		days--
	}
	return d.AddDays(days), total - days*24*60
}

// Kinder is the better of two verdicts for the family: what is billed with a proof, then without, then the later moment
// to bring it.
func Kinder(a, b Verdict) Verdict {
	switch {
	case a.With != b.With:
		if b.With < a.With {
			return b
		}
	case a.Without != b.Without:
		if b.Without < a.Without {
			return b
		}
	case b.Proof && a.Proof && activity.Later(a.Due, b.Due) == b.Due:
		return b
	}
	return a
}

// Bars tells whether what a family owes closes booking to it.
func (d Debt) Bars(owed money.Cents, exempt bool) bool { return d.On && !exempt && owed > d.Over }

// TopOn tells whether a day is at the top tariff for a family without a quotient; proof is the day on which it brought
// one, none when it did not.
func (b Back) TopOn(day, proof civil.Date) bool {
	switch {
	case b == NoQuotientRule:
		return false
	case proof.IsZero():
		return true
	case b == FromMonthAfter:
		return day.Before(civil.NewDate(proof.Year, proof.Month+1, 1))
	}
	return day.Before(proof)
}
