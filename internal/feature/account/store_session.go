package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

func insertSession(tx *db.Tx, now time.Time, hash string, s storedSession) error {
	_, err := tx.Exec(`insert into session (id, account, token_hash, second_at, half, device, shared, created_at, seen_at,
			idle_seconds, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)`, string(s.ID), string(s.Account), hash, s.secondAt, s.half,
		s.Device, s.Shared, civil.InstantOf(now), int64(s.idle/time.Second), s.expires)
	return err
}

// sessionRows reads a session by its token's hash, with whose it is, once for each role.
func sessionRows(r db.Reader, hash string) ([]storedSession, error) {
	return db.List(r, func(row db.Scanner) (storedSession, error) {
		var s storedSession
		var idle int64
		err := row.Scan(&s.ID, &s.Account, &s.secondAt, &s.half, &s.SeenAt, &idle, &s.expires, &s.person, &s.audience,
			&s.state, &s.provisional, &s.name.LastName, &s.name.FirstNames, &s.role, &s.service)
		s.idle = time.Duration(idle) * time.Second
		return s, err
	}, `select s.id, s.account, s.second_at, s.half, s.seen_at, s.idle_seconds, s.expires_at, c.person, c.audience, c.state,
			c.provisional_until, p.last_name, p.first_names, coalesce(g.role, ''), coalesce(g.service, '')
		from session s
		join account c on c.id = s.account
		join person p on p.id = c.person
		left join account_role g on g.account = s.account
		where s.token_hash = $1`, hash)
}

func touchSession(tx *db.Tx, now time.Time, id SessionID) error {
	_, err := tx.Exec(`update session set seen_at = $2 where id = $1`, string(id), civil.InstantOf(now))
	return err
}

// Sessions lists the devices signed in to an account, the last used first.
func Sessions(r db.Reader, now time.Time, id ID) ([]Session, error) {
	return db.List(r, func(row db.Scanner) (Session, error) {
		var s Session
		err := row.Scan(&s.ID, &s.Account, &s.Device, &s.Shared, &s.CreatedAt, &s.SeenAt)
		return s, err
	}, `select id, account, device, shared, created_at, seen_at from session
		where account = $1 and half = false and expires_at > $2 and seen_at + idle_seconds * 1000000 > $2
		order by seen_at desc, id`, string(id), civil.InstantOf(now))
}

// endSessions ends the sessions of an account but one ("" for none); no device of the account is known any more.
func endSessions(tx *db.Tx, id ID, but string) (int64, error) {
	n, err := tx.Exec(`delete from session where account = $1 and id <> $2`, string(id), but)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return n, forgetKnown(tx, id)
}

// sessionAccount is the account of a session that still owes its second factor; without one it is NotFound.
func sessionAccount(r db.Reader, now time.Time, id string) (Account, error) {
	return db.One(r, "session", scan, `select `+columns+` from session s join account c on c.id = s.account
		where s.id = $1 and s.half = true and s.expires_at > $2`, id, civil.InstantOf(now))
}

func sessionByID(r db.Reader, id string) (storedSession, error) {
	return db.One(r, "session", func(row db.Scanner) (storedSession, error) {
		var s storedSession
		err := row.Scan(&s.ID, &s.Account, &s.Device, &s.Shared, &s.half)
		return s, err
	}, `select id, account, device, shared, half from session where id = $1`, id)
}

// purgeSessions drops what has expired.
func purgeSessions(tx *db.Tx, now civil.Instant) error {
	_, err := tx.Exec(`delete from session where expires_at <= $1 or seen_at + idle_seconds * 1000000 <= $1`, now)
	return err
}
