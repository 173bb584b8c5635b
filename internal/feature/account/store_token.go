package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// storedToken is a link: a forgotten password's, or an agent's first one.
type storedToken struct {
	id               string
	account          ID
	kind, hash       string
	created, expires civil.Instant
	used             civil.Instant // also when a later link replaced it
}

func scanToken(s db.Scanner) (storedToken, error) {
	var t storedToken
	err := s.Scan(&t.id, &t.account, &t.kind, &t.hash, &t.created, &t.expires, &t.used)
	return t, err
}

func insertToken(tx *db.Tx, t storedToken) error {
	_, err := tx.Exec(`insert into account_token (id, account, kind, token_hash, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`, t.id, string(t.account), t.kind, t.hash, t.created, t.expires)
	if err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	return nil
}

func tokenByHash(r db.Reader, kind, hash string) (storedToken, error) {
	return db.One(r, "link", scanToken, `select id, account, kind, token_hash, created_at, expires_at, used_at
		from account_token where token_hash = $1 and kind = $2`, hash, kind)
}

func tokenByID(r db.Reader, id string) (storedToken, error) {
	return db.One(r, "link", scanToken, `select id, account, kind, token_hash, created_at, expires_at, used_at
		from account_token where id = $1`, id)
}

// useToken spends a link; one already spent is Refused, also when two requests come at once.
func useToken(tx *db.Tx, now time.Time, id string) error {
	n, err := tx.Exec(`update account_token set used_at = $2 where id = $1 and used_at is null`, id, civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("use link: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Refused, "Ce lien a déjà servi, ou un autre plus récent l’a remplacé.")
	}
	return nil
}

// killTokens ends the links of an account that still wait.
func killTokens(tx *db.Tx, id ID, kind string) error {
	_, err := tx.Exec(`update account_token set used_at = created_at where account = $1 and kind = $2 and used_at is null`,
		string(id), kind)
	if err != nil {
		return fmt.Errorf("end links: %w", err)
	}
	return nil
}

func tokensSince(r db.Reader, id ID, kind string, from civil.Instant) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from account_token
		where account = $1 and kind = $2 and created_at > $3`, string(id), kind, from)
}

func purgeTokens(tx *db.Tx, before civil.Instant) error {
	_, err := tx.Exec(`delete from account_token where expires_at < $1`, before)
	return err
}

// mailsSince counts the mails of a template asked for an account.
func mailsSince(r db.Reader, template string, id ID, from civil.Instant) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox
		where account = $1 and template = $2 and created_at > $3`, string(id), template, from)
}

func insertTry(tx *db.Tx, id, key string, at civil.Instant) error {
	_, err := tx.Exec(`insert into sign_in_try (id, key, at, failed) values ($1, $2, $3, $4)`, id, key, at, true)
	return err
}
