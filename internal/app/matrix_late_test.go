package app_test

import (
	"parvis/internal/base/db"
)

// lateRequest makes the home ask, after the limit, to give up the meal that it has booked.
func (m *matrixTown) lateRequest(tx *db.Tx, h home) (string, error) {
	return db.One(tx, "booking", db.Column[string], `update booking set cancel_asked_at = 1 where child = $1
		returning child || '.' || (select activity from unit where unit.id = booking.unit) || '.' || day`, string(h.child))
}
