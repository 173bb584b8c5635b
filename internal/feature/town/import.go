package town

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// RemoveImportedSite takes back a site that an import made; the undoing verb writes the audit line. What hangs on it (a
// child's school, an activity, closings) refuses by its foreign key.
func RemoveImportedSite(tx *db.Tx, a actor.Actor, id SiteID) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`delete from site where id = $1`, string(id)); err != nil {
		return fmt.Errorf("remove site: %w", err)
	}
	return nil
}
