// Package booking keeps what children have booked and what really happened: a booking is a child, a unit and a day;
// attendance is told by the educators. Here families read their agenda; changing it comes on top of the same rows.
//
// It owns the tables booking and attendance. It does not decide who may act for a child (family) nor when an
// activity takes place (activity, town).
package booking

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
)

// ID names a booking.
type ID string

// The rights of agents over bookings.
const (
	Read  actor.Right = "booking.read"
	Write actor.Right = "booking.write"
)

// State is where a booking stands; "" is no booking.
type State string

// The states of a booking.
const (
	Asked     State = "asked"
	Waiting   State = "waiting"
	Offered   State = "offered"
	Booked    State = "booked"
	Cancelled State = "cancelled"
	Refused   State = "refused"
)

// Attendance is what happened on the day; "" is not told yet.
type Attendance string

// The attendances.
const (
	Present Attendance = "present"
	Absent  Attendance = "absent"
	Excused Attendance = "excused"
)

// Row is one booking with what happened that day. Family asked for it and pays.
type Row struct {
	Child      family.ChildID
	Unit       activity.UnitID
	Day        civil.Date
	Family     family.ID
	State      State
	Attendance Attendance
}

// InsertMany writes bookings and attendances as they were elsewhere (import, counter), a hundred a statement. A
// child, unit and day that already has a booking keeps it. It returns how many bookings were new, and notes on each
// unit the weekdays seen. One audit line for all.
func InsertMany(tx *db.Tx, now time.Time, a actor.Actor, rows []Row) (int, error) {
	if !a.Can(Write) {
		return 0, fault.New(fault.Forbidden, "")
	}
	if len(rows) == 0 {
		return 0, nil
	}
	added, err := insertBookings(tx, now, rows)
	if err != nil {
		return 0, fmt.Errorf("insert bookings: %w", err)
	}
	if err := insertAttendances(tx, now, rows); err != nil {
		return 0, fmt.Errorf("insert attendances: %w", err)
	}
	for _, w := range weeks(rows) {
		if err := activity.HeldOn(tx, w.unit, w.days); err != nil {
			return 0, err
		}
	}
	return added, audit.Write(tx, now, a, audit.Entry{Action: "booking.inserted", Object: "family", ID: string(rows[0].Family),
		Detail: fmt.Sprintf("%d", added)})
}

type unitDays struct {
	unit activity.UnitID
	days activity.Weekdays
}

// weeks gathers the weekdays of each unit, in order of first sight.
func weeks(rows []Row) []unitDays {
	at := map[activity.UnitID]int{}
	var all []unitDays
	for _, b := range rows {
		i, known := at[b.Unit]
		if !known {
			i = len(all)
			at[b.Unit] = i
			all = append(all, unitDays{unit: b.Unit})
		}
		all[i].days |= activity.On(b.Day.Weekday())
	}
	return all
}
