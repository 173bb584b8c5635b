package person

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// RemoveImported takes back somebody whom an import brought in and on whom nothing depends any more: foreign keys
// refuse it otherwise. The undoing verb writes the audit line.
func RemoveImported(tx *db.Tx, a actor.Actor, id ID) error {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return fault.New(fault.Forbidden, "")
	}
	for _, s := range []string{`delete from person_email_change where person = $1`, `delete from person where id = $1`} {
		if _, err := tx.Exec(s, string(id)); err != nil {
			return fmt.Errorf("remove person: %w", err)
		}
	}
	return nil
}
