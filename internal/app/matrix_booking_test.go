package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
)

// confirmed is a line of proof of a home's child.
func (m *matrixTown) confirmed(tx *db.Tx, job actor.Actor, name string, h home) (string, error) {
	id, _, err := activity.EnsureDraft(tx, m.now, job, "", "Restauration scolaire", "", "")
	if err != nil {
		return "", err
	}
	reference := "R-TEST-" + name
	_, err = tx.Exec(`insert into booking_line (reference, position, family, child, activity, day, did, at) values ($1, 0, $2, $3, $4, $5, 'cancelled', $6)
		on conflict do nothing`, reference, string(h.id), string(h.child), string(id), civil.DateOf(m.now), civil.InstantOf(m.now))
	return reference, err
}
