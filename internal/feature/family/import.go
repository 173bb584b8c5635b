package family

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// RemoveImported takes back a family that an import made, with its members; people, children and all else go by
// their own verbs. Foreign keys refuse it while anything depends on it. The undoing verb writes the audit line.
func RemoveImported(tx *db.Tx, a actor.Actor, id ID) error {
	return remove(tx, a, "family", string(id),
		`delete from family_member where family = $1`,
		`delete from family_service where family = $1`,
		`delete from family where id = $1`)
}

// RemoveChildImported takes back a child whom no family has any more, health included; the person stays.
func RemoveChildImported(tx *db.Tx, a actor.Actor, child ChildID) error {
	return remove(tx, a, "child", string(child),
		`delete from health where child = $1`,
		`delete from child where person = $1`)
}

func remove(tx *db.Tx, a actor.Actor, what, id string, statements ...string) error {
	if !a.Can(FileWrite) {
		return fault.New(fault.Forbidden, "")
	}
	for _, s := range statements {
		if _, err := tx.Exec(s, id); err != nil {
			return fmt.Errorf("remove %s: %w", what, err)
		}
	}
	return nil
}
