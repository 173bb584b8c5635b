package tariff

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
)

// RemoveImported takes back the quotients of a family that goes; the undoing verb writes the audit line.
func RemoveImported(tx *db.Tx, a actor.Actor, f family.ID) error {
	if !a.Can(QuotientWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`delete from quotient where family = $1`, string(f)); err != nil {
		return fmt.Errorf("remove quotients: %w", err)
	}
	return nil
}
