package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// errTaken rolls a verb back when the same form was saved meanwhile.
var errTaken = errors.New("the same form was saved meanwhile")

// mostForms is how many forms of a citizen's account are taken in 24 hours.
const mostForms = 2000

var errMostForms = RetryAfter(fault.New(fault.Throttled, "Beaucoup de changements ont été enregistrés aujourd’hui depuis votre compte. "+
	"Celui-ci ne l’est pas. Réessayez demain, ou appelez la mairie."), time.Hour)

// receiptOf finds the answer to a form; its id is "" when there is none yet.
func receiptOf(r db.Reader, keyHash string) (receipt, error) {
	all, err := db.List(r, scanReceipt,
		`select id, key_hash, scope, location, sentence, created_at from idempotency where key_hash = $1`, keyHash)
	if err != nil {
		return receipt{}, fmt.Errorf("read idempotency key: %w", err)
	}
	if len(all) == 0 {
		return receipt{}, nil
	}
	return all[0], nil
}

func receiptByID(r db.Reader, id string) (receipt, error) {
	return db.One(r, "receipt", scanReceipt,
		`select id, key_hash, scope, location, sentence, created_at from idempotency where id = $1`, id)
}

func scanReceipt(s db.Scanner) (receipt, error) {
	var rec receipt
	err := s.Scan(&rec.id, &rec.keyHash, &rec.scope, &rec.location, &rec.sentence, &rec.at)
	return rec, err
}

// insertReceipt keeps the answer to a form. A citizen's account that had mostForms taken in a day waits: whatever a verb
// writes, nobody writes it without end.
func insertReceipt(tx *db.Tx, rec receipt, bounded bool) error {
	most := int64(math.MaxInt64)
	if bounded {
		most = mostForms
	}
	since := rec.at.Add(-24 * time.Hour)
	n, err := tx.Exec(`insert into idempotency (id, key_hash, scope, location, sentence, created_at)
		select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as text), cast($6 as bigint)
		where (select count(*) from idempotency where scope = $3 and created_at > $7) < $8 on conflict (key_hash) do nothing`,
		rec.id, rec.keyHash, rec.scope, rec.location, rec.sentence, rec.at, since, most)
	if err != nil {
		return fmt.Errorf("insert idempotency key: %w", err)
	}
	if n == 1 {
		return nil
	}
	if !bounded {
		return errTaken
	}
	taken, err := db.One(tx, "count", db.Column[int64], `select count(*) from idempotency where scope = $1 and created_at > $2`, rec.scope, since)
	if err != nil {
		return fmt.Errorf("count forms of an account: %w", err)
	}
	if taken >= mostForms {
		return errMostForms
	}
	return errTaken
}

// PurgeKeys forgets the forms saved more than 30 days ago and tells how many; a daily job calls it.
func PurgeKeys(tx *db.Tx, now time.Time) (int64, error) {
	n, err := tx.Exec(`delete from idempotency where created_at < $1`, civil.InstantOf(now.AddDate(0, 0, -keyDays)))
	if err != nil {
		return 0, fmt.Errorf("purge idempotency keys: %w", err)
	}
	return n, nil
}

// pingDB tells whether the database answers, within two seconds.
func (rt *Router) pingDB(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := db.Read(ctx, rt.cfg.DB, func(r db.Reader) (int64, error) {
		return db.One(r, "answer", db.Column[int64], `select 1`)
	})
	return err
}
