package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

// knownDevice is the device that a cookie names for an account, "" when it names none. A request with such a cookie
// costs one query more, whatever name was typed.
func knownDevice(r db.Reader, now time.Time, acc ID, token string) (string, error) {
	if !tokenLike(token) {
		return "", nil
	}
	ids, err := db.List(r, db.Column[string], `select id from known_device where token_hash = $1 and account = $2 and expires_at > $3`,
		crypt.HashToken(token), string(acc), civil.InstantOf(now))
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// moveKnown gives a browser's devices another cookie.
func moveKnown(tx *db.Tx, from, to string) error {
	if _, err := tx.Exec(`update known_device set token_hash = $2 where token_hash = $1`, from, to); err != nil {
		return fmt.Errorf("move known device: %w", err)
	}
	return nil
}

// insertKnown makes a device known, or known for longer, and drops the oldest beyond knownMost.
func insertKnown(tx *db.Tx, id string, acc ID, hash string, session SessionID, at, until civil.Instant) error {
	_, err := tx.Exec(`insert into known_device (id, account, token_hash, session, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (token_hash, account) do update set session = excluded.session, expires_at = excluded.expires_at`,
		id, string(acc), hash, string(session), at, until)
	if err != nil {
		return fmt.Errorf("insert known device: %w", err)
	}
	_, err = tx.Exec(`delete from known_device where account = $1 and id not in
		(select id from known_device where account = $1 order by expires_at desc, id desc limit $2)`, string(acc), knownMost)
	if err != nil {
		return fmt.Errorf("drop oldest known devices: %w", err)
	}
	return nil
}

// forgetKnown makes every device of an account unknown.
func forgetKnown(tx *db.Tx, acc ID) error {
	if _, err := tx.Exec(`delete from known_device where account = $1`, string(acc)); err != nil {
		return fmt.Errorf("forget known devices: %w", err)
	}
	return nil
}

// forgetKnownOf makes the device of one session unknown: a telephone that was lost.
func forgetKnownOf(tx *db.Tx, acc ID, session SessionID) error {
	_, err := tx.Exec(`delete from known_device where account = $1 and session = $2`, string(acc), string(session))
	if err != nil {
		return fmt.Errorf("forget known device: %w", err)
	}
	return nil
}

func purgeKnown(tx *db.Tx, now civil.Instant) error {
	_, err := tx.Exec(`delete from known_device where expires_at <= $1`, now)
	return err
}
