package jobs

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// heldFor puts a held job out of reach, a thousand years later to the microsecond; heldFrom is later than any other.
const (
	heldFor  = civil.Instant(1000 * 365 * 24 * 3600 * 1_000_000)
	heldFrom = civil.Instant(500 * 365 * 24 * 3600 * 1_000_000)
)

// Hold keeps back all jobs that wait or run, but the daily ones, and returns how many: in a database put back from a
// backup, what they write to people may have left since. Jobs asked for afterwards run as usual.
func Hold(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`update job set run_at = run_at + $1, lease_until = null, state = 'queued'
		where state in ('queued', 'running') and day is null and run_at < $2`, heldFor, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("hold jobs: %w", err)
	}
	return n, nil
}

// Held counts the jobs kept back.
func Held(r db.Reader) (int64, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from job where state = 'queued' and run_at >= $1`, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("count held jobs: %w", err)
	}
	return n, nil
}

// Release lets the jobs kept back run.
func Release(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`update job set run_at = run_at - $1 where state = 'queued' and run_at >= $2`, heldFor, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("release jobs: %w", err)
	}
	return n, nil
}

// DropHeld deletes the jobs kept back.
func DropHeld(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`delete from job where state = 'queued' and run_at >= $1`, heldFrom)
	if err != nil {
		return 0, fmt.Errorf("drop held jobs: %w", err)
	}
	return n, nil
}
