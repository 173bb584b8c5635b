package mail

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// heldFor puts a held mail's next try out of reach, and keeps its hour: a thousand years later, to the microsecond.
const heldFor = civil.Instant(1000 * 365 * 24 * 3600 * 1_000_000)

// heldFrom is later than any next try that a verb or the worker sets.
const heldFrom = civil.Instant(500 * 365 * 24 * 3600 * 1_000_000)

// Hold keeps back all mails that were to leave, those under way included, and returns how many: in a database put
// back from a backup they may have left since. Mails asked for afterwards leave as usual.
func Hold(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`update mail_outbox set next_at = next_at + $1, lease_until = null, fold = '',
		state = case when state = 'sending' then 'deferred' else state end
		where state in ('queued', 'deferred', 'sending') and next_at < $2`, heldFor, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("hold mails: %w", err)
	}
	return n, nil
}

// Held counts the mails kept back.
func Held(r db.Reader) (int64, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox
		where state in ('queued', 'deferred') and next_at >= $1`, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("count held mails: %w", err)
	}
	return n, nil
}

// Release lets the mails kept back leave.
func Release(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`update mail_outbox set next_at = next_at - $1
		where state in ('queued', 'deferred') and next_at >= $2`, heldFor, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("release mails: %w", err)
	}
	return n, nil
}

// DropHeld gives the mails kept back up: they stay in the table, and never leave.
func DropHeld(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`update mail_outbox set next_at = next_at - $1, state = 'dropped', last_error = 'held'
		where state in ('queued', 'deferred') and next_at >= $2`, heldFor, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("drop held mails: %w", err)
	}
	return n, nil
}
