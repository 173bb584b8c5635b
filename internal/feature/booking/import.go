package booking

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// RemoveImported takes back the bookings that an import wrote for a family at one instant, and the attendances it
// wrote with them. It returns how many bookings went.
func RemoveImported(tx *db.Tx, now time.Time, a actor.Actor, f family.ID, madeAt civil.Instant) (int64, error) {
	if !a.Can(Write) {
		return 0, fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`delete from attendance where noted_at = $2
		and child in (select child from booking where family = $1 and made_at = $2) and exists (select 1 from booking b
		where b.child = attendance.child and b.day = attendance.day and b.unit = attendance.unit and b.family = $1 and b.made_at = $2)`,
		string(f), madeAt); err != nil {
		return 0, fmt.Errorf("remove attendances: %w", err)
	}
	slots, err := db.List(tx, db.Column[activity.SlotID], `delete from booking where family = $1 and made_at = $2
		returning case when state in ('booked', 'offered') then coalesce(slot, '') else '' end`, string(f), madeAt)
	if err != nil {
		return 0, fmt.Errorf("remove bookings: %w", err)
	}
	n := int64(len(slots))
	if err := activity.Release(tx, slices.DeleteFunc(slots, func(id activity.SlotID) bool { return id == "" })); err != nil {
		return 0, err
	}
	return n, audit.Write(tx, now, a, audit.Entry{Action: "booking.import.undone", Object: "family", ID: string(f), Detail: fmt.Sprint(n)})
}
