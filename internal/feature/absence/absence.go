// Package absence keeps what families and agents say of absences, what did not go as booked, and the rules by which
// either is billed: reasons with their proofs, presences without booking, late pick-ups, right to error, unpaid balances
// and missing quotients. It owns the tables absence_rules, absence_reason, absence_incident, debt_exemption,
// absence_report, absence and incident.
//
// It books nothing and notes no attendance, it cancels through booking, and computes no price: it says what part of a
// price is due, and why.
package absence

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// ID names a day of absence that was told.
type ID string

// The rights of agents: to tell absences and late pick-ups and read what waits, and to decide on proofs and contests.
const (
	Note   actor.Right = "absence.note"
	Decide actor.Right = "absence.decide"
)

// Did is what telling did to a day.
type Did string

// What telling does: what may still be given up is, the rest is an absence.
const (
	Cancelled Did = "cancelled"
	Absent    Did = "absent"
)

// Proof is where the document of an absence stands.
type Proof string

// The states of a proof.
const (
	NoProof  Proof = "none"
	Due      Proof = "due"
	Received Proof = "received"
	Accepted Proof = "accepted"
	Refused  Proof = "refused"
)

// Line is a day that was told.
type Line struct {
	ID        ID
	Reference string
	booking.Cell
	Family      family.ID
	ChildName   string
	Did         Did
	Rules       string // the version that was applied
	Reason      string // its key
	Timing      Timing
	Proof       Proof
	Due         *activity.Limit
	Without     int
	With        int
	Answer      string
	AnsweredAt  civil.Instant
	WithdrawnAt civil.Instant
	Booking     string // "told": the booking stands with this absence; "came": the child is marked present; "booked": it was booked again since; "": it does not stand
	Closed      string // why the service closed the day, of a booking that does not stand
	Note        string
	ByAgent     bool
	By          string // the person who told it
	At          civil.Instant
}

// holds tells that the absence says something of a booking in force: neither the service, nor an agent, nor the family
// gave the day up since, nor did anybody book it again, nor did the child come.
func (l Line) holds() bool { return l.Did == Absent && l.WithdrawnAt.IsZero() && l.Booking == "told" }

// lapsed tells that an absence that nobody withdrew says nothing any more: nothing is asked for it.
func (l Line) lapsed() bool { return l.Did == Absent && l.WithdrawnAt.IsZero() && l.Booking != "told" }

// Percent is what is billed of the day as things stand, and whether that is the last word.
func (l Line) Percent(now time.Time) (percent int, settled bool) {
	switch {
	case l.Did == Cancelled || l.lapsed() && l.Booking == "":
		return 0, true
	case l.lapsed():
		return whole, true
	case l.Proof == NoProof || l.Proof == Refused:
		return l.Without, true
	case l.Proof == Accepted:
		return l.With, true
	}
	return l.Without, l.Proof == Due && l.Due != nil && l.Due.Passed(now)
}

// mostWords bounds what people write to each other here.
const mostWords = 500

// mostChildren is how many children a report may name.
const mostChildren = 60

// How far from today an absence may be told.
const (
	daysBack  = 31
	daysAhead = 180
)

// ownLine is a day that the actor may speak of: a citizen who acts for the child in that family, an agent who tells
// absences of that activity's service. Any other is a NotFound fault.
func ownLine(r db.Reader, now time.Time, a actor.Actor, id ID) (Line, error) {
	l, service, err := lineByID(r, now.Location(), id)
	if err != nil {
		return l, err
	}
	if a.Kind == actor.Agent {
		if !a.CanFor(Note, service) {
			return l, fault.Missing("absence")
		}
		return l, nil
	}
	return l, speaksFor(r, now, a, l.Family, l.Cell.Child, "absence")
}

// speaksFor tells whether a citizen acts in a family and for a child of it; no is a NotFound fault.
func speaksFor(r db.Reader, now time.Time, a actor.Actor, of family.ID, child family.ChildID, what string) error {
	if err := family.Owns(r, a, of, civil.DateOf(now)); err != nil {
		return fault.Missing(what)
	}
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(children, func(c family.Child) bool { return c.ID == child }) {
		return fault.Missing(what)
	}
	return nil
}

func orNull(at civil.Instant) any {
	if at.IsZero() {
		return nil
	}
	return int64(at)
}
