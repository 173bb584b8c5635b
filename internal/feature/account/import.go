package account

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// RemoveUnclaimed takes back the account that an import made for somebody, as long as its owner never came in:
// links already mailed die with it. A claimed account is a conflict. The undoing verb writes the audit line.
func RemoveUnclaimed(tx *db.Tx, a actor.Actor, who person.ID) error {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := ForPerson(tx, who, Citizen)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if acc, err = lock(tx, acc.ID); err != nil {
		return err
	}
	if acc.State != Unclaimed || acc.SignedInAt != 0 {
		return fault.New(fault.Conflict, "Cet espace a été pris en main.")
	}
	for _, s := range []string{`delete from account_token where account = $1`, `delete from session where account = $1`,
		`delete from account where id = $1`} {
		if _, err := tx.Exec(s, string(acc.ID)); err != nil {
			return fmt.Errorf("remove account: %w", err)
		}
	}
	return nil
}
