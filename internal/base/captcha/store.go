package captcha

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// state is what became of a challenge.
type state string

// open → passed → spent, or open → failed: each is answered once.
const (
	stateOpen   state = "open"
	statePassed state = "passed"
	stateFailed state = "failed"
	stateSpent  state = "spent"
)

type challengeRow struct {
	id        ID
	tokenHash string
	purpose   string
	scope     string
	state     state
	sealed    []byte
	formKey   string
	uses      int64
	drawnAt   civil.Instant // by the machine's clock
	expiresAt civil.Instant
}

func scanChallenge(s db.Scanner) (challengeRow, error) {
	var c challengeRow
	err := s.Scan(&c.id, &c.tokenHash, &c.purpose, &c.scope, &c.state, &c.sealed, &c.formKey, &c.uses, &c.drawnAt, &c.expiresAt)
	return c, err
}

func insertChallenge(tx *db.Tx, c challengeRow) error {
	_, err := tx.Exec(`insert into captcha_challenge (id, token_hash, purpose, scope, state, sealed, form_key, drawn_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.id, c.tokenHash, c.purpose, c.scope, c.state, c.sealed, c.formKey, c.drawnAt, c.expiresAt)
	if err != nil {
		return fmt.Errorf("insert challenge: %w", err)
	}
	return nil
}

// challengeOf is the row of a token's hash, the zero row when there is none.
func challengeOf(r db.Reader, hash string) (challengeRow, error) {
	all, err := db.List(r, scanChallenge, `select id, token_hash, purpose, scope, state, sealed, form_key, uses, drawn_at, expires_at
		from captcha_challenge where token_hash = $1`, hash)
	if err != nil {
		return challengeRow{}, fmt.Errorf("read challenge: %w", err)
	}
	if len(all) == 0 {
		return challengeRow{}, nil
	}
	return all[0], nil
}

// useChallenge is challengeOf for a judge, who is counted: two answers at once to one challenge are judged one after
// the other.
func useChallenge(tx *db.Tx, hash string) (challengeRow, error) {
	if _, err := tx.Exec(`update captcha_challenge set uses = uses + 1 where token_hash = $1`, hash); err != nil {
		return challengeRow{}, fmt.Errorf("lock challenge: %w", err)
	}
	return challengeOf(tx, hash)
}

func setState(tx *db.Tx, id ID, to state) error {
	if _, err := tx.Exec(`update captcha_challenge set state = $2 where id = $1`, id, to); err != nil {
		return fmt.Errorf("settle challenge: %w", err)
	}
	return nil
}

func spend(tx *db.Tx, id ID, formKey string, now civil.Instant) (int64, error) {
	n, err := tx.Exec(`update captcha_challenge set state = $2, form_key = $3
		where id = $1 and state = $4 and expires_at > $5`, id, stateSpent, formKey, statePassed, now)
	if err != nil {
		return 0, fmt.Errorf("spend challenge: %w", err)
	}
	return n, nil
}

func dropExpired(tx *db.Tx, now civil.Instant) error {
	if _, err := tx.Exec(`delete from captcha_challenge where expires_at <= $1`, now); err != nil {
		return fmt.Errorf("drop expired challenges: %w", err)
	}
	return nil
}

func purge(tx *db.Tx, now, counted civil.Instant) (int64, error) {
	gone, err := tx.Exec(`delete from captcha_challenge where expires_at <= $1`, now)
	if err != nil {
		return 0, fmt.Errorf("purge challenges: %w", err)
	}
	counts, err := tx.Exec(`delete from captcha_count where started_at <= $1`, counted)
	if err != nil {
		return 0, fmt.Errorf("purge counts: %w", err)
	}
	return gone + counts, nil
}

// count is what one address, e-mail or visitor did since a moment.
type count struct {
	wrong, passed int64
	startedAt     civil.Instant
	lastAt        civil.Instant
}

func scanCount(s db.Scanner) (count, error) {
	var c count
	err := s.Scan(&c.wrong, &c.passed, &c.startedAt, &c.lastAt)
	return c, err
}

// countOf is what a key did; a window that is over counts nothing any more.
func countOf(r db.Reader, key string, now civil.Instant, window time.Duration) (count, error) {
	all, err := db.List(r, scanCount, `select wrong, passed, started_at, last_at from captcha_count where key = $1`, key)
	if err != nil {
		return count{}, fmt.Errorf("read count: %w", err)
	}
	if len(all) == 0 || all[0].startedAt.Add(window) <= now {
		return count{}, nil
	}
	return all[0], nil
}

// lockCounts makes attempts of one sender be judged one after the other.
func lockCounts(tx *db.Tx, keys ...string) error {
	for _, key := range keys {
		if _, err := tx.Exec(`update captcha_count set wrong = wrong where key = $1`, key); err != nil {
			return fmt.Errorf("lock count: %w", err)
		}
	}
	return nil
}

// addCount adds to a key's window, or opens a new one when the last is over.
func addCount(tx *db.Tx, key string, wrong, passed int64, now civil.Instant, window time.Duration) error {
	_, err := tx.Exec(`insert into captcha_count (key, wrong, passed, started_at, last_at) values ($1, $2, $3, $4, $4)
		on conflict (key) do update set
			wrong = case when captcha_count.started_at <= $5 then excluded.wrong else captcha_count.wrong + excluded.wrong end,
			passed = case when captcha_count.started_at <= $5 then excluded.passed else captcha_count.passed + excluded.passed end,
			started_at = case when captcha_count.started_at <= $5 then excluded.started_at else captcha_count.started_at end,
			last_at = excluded.last_at`,
		key, wrong, passed, now, now.Add(-window))
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}
