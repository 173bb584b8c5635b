// Package enrolment keeps the right of a child to book an activity over a period. « Inscrit » is not « réservé »:
// an enrolment books nothing.
//
// It owns the table enrolment. It does not keep bookings (booking) nor the yearly file that will grant it
// (schoolfile).
package enrolment

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// ID names an enrolment.
type ID string

// The rights of agents over enrolments.
const (
	Read  actor.Right = "enrolment.read"
	Write actor.Right = "enrolment.write"
)

// State tells whether the enrolment still counts.
type State string

// The states of an enrolment.
const (
	Active State = "active"
	Ended  State = "ended"
)

// Enrolment is a child's right to book an activity, both days included. Site may be "".
type Enrolment struct {
	ID       ID
	Child    family.ChildID
	Activity activity.ID
	Site     town.SiteID
	Days     civil.Range
	State    State
}

// Insert enrols a child. The same child, activity and first day twice is a conflict.
func Insert(tx *db.Tx, now time.Time, a actor.Actor, e Enrolment) (ID, error) {
	if !a.Can(Write) {
		return "", fault.New(fault.Forbidden, "")
	}
	if e.Days.From.IsZero() || e.Days.To.IsZero() || e.Days.To.Before(e.Days.From) {
		return "", fault.InvalidFields(fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	}
	e.ID, e.State = ID(db.NewID()), Active
	added, err := insert(tx, now, e)
	if err != nil {
		return "", fmt.Errorf("insert enrolment: %w", err)
	}
	if !added {
		return "", fault.New(fault.Conflict, "Cet enfant est déjà inscrit à cette activité à partir de ce jour.")
	}
	return e.ID, audit.Write(tx, now, a, audit.Entry{Action: "enrolment.made", Object: "enrolment", ID: string(e.ID), Subject: string(e.Child)})
}
