package booking

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Cell names what a family changes: an activity of a child on a day.
type Cell struct {
	Child    family.ChildID
	Activity activity.ID
	Day      civil.Date
}

// Wish is what is asked of a cell: the choice to have, "" for nothing. Seen is the cell's Token as the page showed it: a
// cell that moved meanwhile is left alone, and its line says so.
type Wish struct {
	Cell
	Want activity.ChoiceID
	Seen Token
	// Queue joins the waiting list where no place is left.
	Queue bool
}

// Token says in one word what a cell held, to tell later whether it moved. It is no secret.
type Token string

// Holding is what a child has of an activity on a day: nothing, or the units of one choice with what was promised.
type Holding struct {
	Choice      activity.ChoiceID
	State       State
	Family      family.ID
	Units       []heldUnit
	Until       *activity.Limit // the last moment to cancel that was promised; nil: no promise
	Late        bool
	CancelAsked bool
	ByAgent     bool
	Reason      string // the service's word
	Attendance  Attendance
	Rank        int           // of what waits
	OfferUntil  civil.Instant // of what is offered
	Told        bool          // somebody told that the child will not come
	Made        civil.Instant // when it took the form that it has
}

type heldUnit struct {
	id   ID
	unit activity.UnitID
	slot activity.SlotID
}

// Live tells that something is held or asked: what a token speaks of.
func (h Holding) Live() bool {
	return h.State == Booked || h.State == Asked || h.State == Waiting || h.State == Offered
}

// Token is what the page shows of it.
func (h Holding) Token() Token {
	if !h.Live() {
		return ""
	}
	t := string(h.State) + "." + string(h.Choice)
	if h.CancelAsked {
		t += ".c"
	}
	return Token(t)
}

// choice is the choice that the token speaks of, "" for nothing.
func (t Token) choice() string {
	parts := strings.Split(string(t), ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// Booked is the choice that the token speaks of, when it was booked.
func (t Token) Booked() (activity.ChoiceID, bool) {
	return activity.ChoiceID(t.choice()), strings.HasPrefix(string(t), string(Booked)+".")
}

// Did is what came of a wish.
type Did string

// What comes of wishes. None is a line on which nothing was done; its Why says the reason.
const (
	DidNone        Did = "none"
	DidBook        Did = "booked"
	DidChange      Did = "changed"
	DidCancel      Did = "cancelled"
	DidAsk         Did = "asked"
	DidAskCancel   Did = "cancel_asked"
	DidAccept      Did = "accepted"
	DidRefuse      Did = "refused"
	DidKeepBooking Did = "kept"
)

// Decision is what may come of a wish, places apart.
type Decision struct {
	Wish
	Did       Did
	Why       string // of DidNone: why nothing is done
	Late      bool   // done past the deadline, as the activity's policy or an agent takes it
	Until     activity.Limit
	Held      Holding // before
	childName string
	lacking   bool // of a refusal: for want of a place
	couldWait bool // of a refusal for want of a place: the list would take it
	foreign   bool // the child neither is enrolled there nor holds anything: no page asks this
	take      []activity.UnitID
	drop      []heldUnit
	site      town.SiteID
	group     activity.GroupID
}

// did tells that something is to be done.
func (d Decision) does() bool { return d.Did != DidNone }

func (d Decision) refuse(why string) Decision {
	d.Did, d.Why, d.take, d.drop, d.Late = DidNone, why, nil, nil, false
	return d
}

// entitled is a child's right to book an activity over some days, where.
type entitled struct {
	days  civil.Range
	site  town.SiteID
	group activity.GroupID
}

// granted is a quality that a family has over some days.
type granted struct {
	quality activity.Quality
	days    civil.Range
}

// kid is a child as the rules see it, in the family that acts.
type kid struct {
	family family.ID
	name   string
	level  string
	born   civil.Date
}

type childActivity struct {
	child    family.ChildID
	activity activity.ID
}

type childDay struct {
	child family.ChildID
	day   civil.Date
}

// Scene is all that decides on cells: the catalogue, the moment, and what some children have. It does no reading.
type Scene struct {
	Catalogue *activity.Catalogue
	Now       time.Time
	Overrule  bool   // an agent decides past deadlines
	anyHome   bool   // an agent books in a home on a day of the other one, for a reason
	restore   bool   // what was cancelled comes back as it was
	counter   bool   // an agent's order
	word      string // of the service, on what it cancels
	kids      map[family.ChildID]kid
	enrolled  map[childActivity][]entitled
	held      map[Cell]Holding
	qualities map[family.ID][]granted
	custody   map[family.ChildID]custody.Timeline
	windows   map[windowKey]activity.Window

	barred     map[barredKey]string      // why a family may not book an activity
	slotsByKey map[slotKey]activity.Slot // only for pages that show places

	lateDays map[lateKey]map[civil.Date]bool // booked past the deadline this year, where a price asks how many times

	party  string                   // the name of those who wait together
	ranked bool                     // pages say the rank of what waits; orders need none
	asOne  bool                     // brothers and sisters have a day together or not at all
	waited map[activity.SlotID]bool // for which somebody waits, as far as was read
	freed  []activity.SlotID        // places given back that somebody may wait for, to be handed on
}

type windowKey struct {
	family family.ID
	unit   activity.UnitID
	day    civil.Date
}

// Held is what a cell holds.
func (s *Scene) Held(c Cell) Holding { return s.held[c] }

// enrolment is the right to book that covers a cell.
func (s *Scene) enrolment(c Cell) (entitled, bool) {
	for _, e := range s.enrolled[childActivity{c.Child, c.Activity}] {
		if e.days.Contains(c.Day) {
			return e, true
		}
	}
	return entitled{}, false
}

func (s *Scene) qualitiesOf(id family.ID, day civil.Date) []activity.Quality {
	var all []activity.Quality
	for _, g := range s.qualities[id] {
		if g.days.Contains(day) {
			all = append(all, g.quality)
		}
	}
	return all
}

// window is the limits of a unit on a day for a family, computed once. Without a policy for the day nothing is
// possible.
func (s *Scene) window(a *activity.Activity, u activity.Unit, id family.ID, day civil.Date) (activity.Window, bool) {
	policy, known := activity.PolicyFor(a.Policies, day)
	if !known {
		return activity.Window{}, false
	}
	key := windowKey{id, u.ID, day}
	w, done := s.windows[key]
	if !done {
		w = policy.Window(s.Catalogue.Ground(a, u), day, s.qualitiesOf(id, day))
		if s.windows == nil {
			s.windows = map[windowKey]activity.Window{}
		}
		s.windows[key] = w
	}
	return w, true
}

// units are those of a choice.
func unitsOf(a *activity.Activity, id activity.ChoiceID) []activity.Unit {
	c, known := a.ChoiceByID(id)
	if !known {
		return nil
	}
	var all []activity.Unit
	for _, u := range c.Units {
		if unit, known := a.UnitByID(u); known {
			all = append(all, unit)
		}
	}
	return all
}

// firstUnit is the unit whose deadline a choice goes by: the one that starts first.
func firstUnit(units []activity.Unit) activity.Unit {
	return slices.MinFunc(units, func(x, y activity.Unit) int { return x.From - y.From })
}
