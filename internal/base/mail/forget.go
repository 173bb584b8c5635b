package mail

import (
	"fmt"

	"parvis/internal/base/db"
)

// Forget deletes every mail of an account that is being removed, sent or not: its address must not outlive it.
func Forget(tx *db.Tx, account string) error {
	if account == "" {
		return nil
	}
	if _, err := tx.Exec(`delete from mail_outbox where account = $1`, account); err != nil {
		return fmt.Errorf("forget mails: %w", err)
	}
	return nil
}
