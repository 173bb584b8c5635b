package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// errTaken rolls a verb back when the same form was saved meanwhile.
var errTaken = errors.New("the same form was saved meanwhile")

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

func insertReceipt(tx *db.Tx, rec receipt) error {
	n, err := tx.Exec(`insert into idempotency (id, key_hash, scope, location, sentence, created_at)
		values ($1, $2, $3, $4, $5, $6) on conflict (key_hash) do nothing`,
		rec.id, rec.keyHash, rec.scope, rec.location, rec.sentence, rec.at)
	if err != nil {
		return fmt.Errorf("insert idempotency key: %w", err)
	}
	if n == 0 {
		return errTaken
	}
	return nil
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
