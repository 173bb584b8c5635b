package activity

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
)

// Action is what a family does to a day.
type Action string

// The actions that a rule bounds. OpenFrom is the moment from which booking is possible; the others are the last
// moment of each. LateUntil is the last moment of what an after-deadline policy takes.
const (
	OpenFrom  Action = "open"
	Book      Action = "book"
	Change    Action = "change"
	Cancel    Action = "cancel"
	LateUntil Action = "late"
)

// Anchor is what a rule counts back from.
type Anchor string

// The anchors.
const (
	AnchorNone   Anchor = "none"   // no limit: always possible
	AnchorNever  Anchor = "never"  // never possible: a week that cannot be cancelled
	AnchorDay    Anchor = "day"    // the day itself
	AnchorWeek   Anchor = "week"   // a weekday, Offset weeks before the day's own week (0: the same week)
	AnchorTable  Anchor = "table"  // a table by weekday
	AnchorPeriod Anchor = "period" // the first day of the period that holds the day
	AnchorDates  Anchor = "dates"  // a table of dates
)

// Measure is how an offset counts.
type Measure string

// The measures. Hours go back on the clock of the town from the unit's start: 48 hours before Monday 11:30 is Saturday
// 11:30, whatever summer time does between. Clear days (jours francs) count neither the day of the act nor the day itself.
const (
	Hours       Measure = "hours"
	Days        Measure = "days"
	Weeks       Measure = "weeks"
	ClearDays   Measure = "clear"
	WorkingDays Measure = "working"
)

// Basis is which days count as working.
type Basis string

// The bases.
const (
	Weekday5    Basis = "weekdays" // Monday to Friday but public holidays (jours ouvrés)
	Weekday6    Basis = "open6"    // Monday to Saturday but public holidays (jours ouvrables)
	SchoolDays  Basis = "school"   // days with class
	ServiceDays Basis = "service"  // days on which the activity takes place
)

// Shift is where a computed day goes that nobody can act on.
type Shift string

// The shifts. ShiftSame goes back week by week to the same weekday, ShiftPrevious day by day to a day of the rule's Basis.
const (
	ShiftNone     Shift = ""
	ShiftSame     Shift = "same"
	ShiftPrevious Shift = "previous"
)

// Rule bounds one action. Minute is the last minute that counts, in the town's civil time: 23 h 59 is 1439, and what is
// sent at 23:59:59 still counts; for OpenFrom it is the first minute. Several rules of one action hold for different
// families: of those that a family may use, the most generous counts.
type Rule struct {
	Action   Action
	For      Quality // who may use it; "" is everybody
	Anchor   Anchor
	Offset   int
	Measure  Measure
	Basis    Basis
	Weekday  time.Weekday // of AnchorWeek; with AnchorPeriod when OnDay: the last such day on or before the count
	OnDay    bool         // AnchorPeriod only: Weekday is used
	Minute   int
	Holiday  Shift // when the day computed is in school holidays
	Closed   Shift // when the day computed is a public holiday or a closing
	Weekdays []TableDay
	Dates    []TableDates
}

// TableDay is a line of AnchorTable: for a weekday, the last On strictly before it, Back weeks earlier still.
type TableDay struct {
	For    time.Weekday
	On     time.Weekday
	Back   int
	Minute int
}

// TableDates is a line of AnchorDates: for the days of a range, a day and a minute.
type TableDates struct {
	Days   civil.Range
	On     civil.Date
	Minute int
}

// Quality is a fact about a family that a rule may ask for: it lives in the town, both parents work, changing hours.
// Resident is computed by the town's agents like the others: set on the family with a date and a proof.
type Quality string

// The qualities that towns give a priority or an exemption to.
const (
	Resident            Quality = "resident"
	WorkingParents      Quality = "working"
	SingleWorkingParent Quality = "single-working"
	VariableHours       Quality = "variable-hours"
)

// Qualities lists them in the order of the settings.
func Qualities() []Quality {
	return []Quality{Resident, WorkingParents, SingleWorkingParent, VariableHours}
}

// AfterKind is what happens once the moment to book is past.
type AfterKind string

// The policies after the deadline.
const (
	AfterRefuse    AfterKind = "refuse"
	AfterSurcharge AfterKind = "surcharge"
	AfterRequest   AfterKind = "request"
)

// After is the policy once the moment to book is past. A surcharge adds Percent (50 is half again, 100 is twice), or Flat
// a day, or takes the family's quotient away (FullPrice); First bounds it to the first days of each month after the
// deadline, Forgiven leaves out the first times of a school year (right to error). Label is what the box is called, such
// as « repas hors délai ».
type After struct {
	Kind      AfterKind
	Percent   int
	Flat      money.Cents
	FullPrice bool
	First     int
	Forgiven  int
	Label     string
}

// Policy is all that an activity says about time, for the days from From on, until the next version's.
type Policy struct {
	Number int
	From   civil.Date
	Rules  []Rule
	After  After
}

// Ground is what rules ask of the calendar about one activity. All of its functions are about single days; each may be
// nil, as where nothing is entered yet. Where Known says that the school calendar of a day has not been entered, that day
// is no holiday and counts as Monday to Friday do, whatever School and Service say: later limits, nobody refused for it.
type Ground struct {
	Zone    *time.Location
	Public  func(civil.Date) bool // public holiday
	Closed  func(civil.Date) bool // closing of the town or of the service
	Holiday func(civil.Date) bool // in school holidays
	School  func(civil.Date) bool // class takes place
	Service func(civil.Date) bool // the activity takes place
	Period  func(civil.Date) (civil.Range, bool)
	Known   func(civil.Date) bool   // the school calendar of that day is entered
	Why     func(civil.Date) string // name of the public holiday or closing, for examples
	Start   int                     // minute at which the unit starts, for hours
}
