package billing

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// RemoveImported takes back an invoice of the old portal; the undoing verb writes the audit line.
func RemoveImported(tx *db.Tx, a actor.Actor, id ID) error {
	if !a.Can(Write) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`delete from invoice where id = $1`, string(id)); err != nil {
		return fmt.Errorf("remove invoice: %w", err)
	}
	return nil
}
