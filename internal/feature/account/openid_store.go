package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/openid"
)

const attemptColumns = `state_hash, provider, browser_hash, nonce, suite, address, created_at, expires_at, used_at, proved_at, identity`

func scanAttempt(s db.Scanner) (attempted, error) {
	var a attempted
	err := s.Scan(&a.state, &a.provider, &a.browser, &a.nonce, &a.suite, &a.address, &a.created, &a.expires, &a.used, &a.proved, &a.sealed)
	return a, err
}

// insertAttempt keeps a sign-in that leaves; those that are late make room.
func insertAttempt(tx *db.Tx, a attempted) error {
	if err := purgeAttempts(tx, a.created); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into identity_attempt (state_hash, provider, browser_hash, nonce, suite, address, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, a.state, string(a.provider), a.browser, a.nonce, a.suite, a.address, a.created, a.expires)
	if err != nil {
		return fmt.Errorf("insert attempt: %w", err)
	}
	return nil
}

func attemptsOf(r db.Reader, address string, at civil.Instant) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from identity_attempt where address = $1 and expires_at > $2`, address, at)
}

// spendAttempt marks an attempt as answered: once, also when two answers come at the same moment.
func spendAttempt(tx *db.Tx, at civil.Instant, state string, o Outside) (int64, error) {
	n, err := tx.Exec(`update identity_attempt set used_at = $2
		where state_hash = $1 and provider = $3 and used_at is null and expires_at > $2`, state, at, string(o))
	if err != nil {
		return 0, fmt.Errorf("use attempt: %w", err)
	}
	return n, nil
}

func attemptByState(r db.Reader, state string) (attempted, error) {
	return db.One(r, "attempt", scanAttempt, `select `+attemptColumns+` from identity_attempt where state_hash = $1`, state)
}

func provedAttempt(tx *db.Tx, state string, sealed []byte, at, until civil.Instant) error {
	_, err := tx.Exec(`update identity_attempt set identity = $2, proved_at = $3, expires_at = $4 where state_hash = $1`, state, sealed, at, until)
	if err != nil {
		return fmt.Errorf("keep identity: %w", err)
	}
	return nil
}

// pendingOf is the identity that a browser has proved and that waits for its owner; without one it is NotFound.
func pendingOf(r db.Reader, now time.Time, o Outside, cookie string) (attempted, error) {
	return db.One(r, "identity", scanAttempt, `select `+attemptColumns+` from identity_attempt
		where browser_hash = $1 and provider = $2 and proved_at is not null and expires_at > $3
		order by proved_at desc limit 1`, crypt.HashToken(cookie), string(o), civil.InstantOf(now))
}

func dropAttempt(tx *db.Tx, state string) error {
	if _, err := tx.Exec(`delete from identity_attempt where state_hash = $1`, state); err != nil {
		return fmt.Errorf("drop attempt: %w", err)
	}
	return nil
}

func purgeAttempts(tx *db.Tx, at civil.Instant) error {
	if _, err := tx.Exec(`delete from identity_attempt where expires_at <= $1`, at); err != nil {
		return fmt.Errorf("purge attempts: %w", err)
	}
	return nil
}

// identityAccount is the account that an identity opens, unless it is closed; without one it is NotFound.
func identityAccount(r db.Reader, o Outside, idp, subject string) (Account, error) {
	return db.One(r, "account", scan, `select `+columns+` from account_identity i join account c on c.id = i.account
		where i.provider = $1 and i.idp = $2 and i.subject = $3 and c.state <> 'closed'`, string(o), idp, subject)
}

// freeIdentity forgets the link of an identity with an account that was closed since.
func freeIdentity(tx *db.Tx, o Outside, who openid.Identity) error {
	_, err := tx.Exec(`delete from account_identity where provider = $1 and idp = $2 and subject = $3
		and account in (select id from account where state = 'closed')`, string(o), who.Provider, who.Subject)
	if err != nil {
		return fmt.Errorf("free identity: %w", err)
	}
	return nil
}

func insertIdentity(tx *db.Tx, now time.Time, o Outside, who openid.Identity, id ID) error {
	_, err := tx.Exec(`insert into account_identity (provider, idp, subject, account, created_at) values ($1, $2, $3, $4, $5)`,
		string(o), who.Provider, who.Subject, string(id), civil.InstantOf(now))
	return err
}

func deleteIdentity(tx *db.Tx, id ID, o Outside) (int64, error) {
	n, err := tx.Exec(`delete from account_identity where account = $1 and provider = $2`, string(id), string(o))
	if err != nil {
		return 0, fmt.Errorf("unlink identity: %w", err)
	}
	return n, nil
}

// linkedAt is when an account was linked to a provider, 0 when it is not.
func linkedAt(r db.Reader, id ID, o Outside) (civil.Instant, error) {
	at, err := db.List(r, db.Column[civil.Instant], `select created_at from account_identity where account = $1 and provider = $2`,
		string(id), string(o))
	if err != nil || len(at) == 0 {
		return 0, err
	}
	return at[0], nil
}

// outsideSession is what a session keeps of the provider that opened it.
type outsideSession struct {
	provider Outside
	sealed   []byte
}

func outsideOf(r db.Reader, session string) (outsideSession, error) {
	all, err := db.List(r, func(row db.Scanner) (outsideSession, error) {
		var s outsideSession
		err := row.Scan(&s.provider, &s.sealed)
		return s, err
	}, `select provider, id_token from session where id = $1`, session)
	if err != nil || len(all) == 0 {
		return outsideSession{}, err
	}
	return all[0], nil
}

func setOutside(tx *db.Tx, session SessionID, s outsideSession) error {
	if s.provider == "" {
		return nil
	}
	_, err := tx.Exec(`update session set provider = $2, id_token = $3 where id = $1`, string(session), string(s.provider), s.sealed)
	if err != nil {
		return fmt.Errorf("keep provider of session: %w", err)
	}
	return nil
}

// endOutside ends the sessions that a provider opened, but one.
func endOutside(tx *db.Tx, id ID, o Outside, but string) error {
	_, err := tx.Exec(`delete from session where account = $1 and provider = $2 and id <> $3`, string(id), string(o), but)
	if err != nil {
		return fmt.Errorf("end sessions of provider: %w", err)
	}
	return nil
}

func sessionCreated(r db.Reader, session string) (civil.Instant, error) {
	return db.One(r, "session", db.Column[civil.Instant], `select created_at from session where id = $1`, session)
}
