package audit

import (
	"context"
	"crypto/hmac"
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// ErrOtherKey is the answer to a key that is not the one this database was first used with.
var ErrOtherKey error = &fault.Error{Kind: fault.Refused, Sentence: "La clé n’est pas celle de cette installation."}

func keyMark(key *crypt.Key) []byte { return key.HMAC("audit-key") }

// CheckKey compares the key with the one that marked the database. Known is false when none did yet; another key is
// ErrOtherKey.
func CheckKey(ctx context.Context, d *db.DB, key *crypt.Key) (known bool, err error) {
	marks, err := db.Read(ctx, d, keyMarks)
	if err != nil {
		return false, fmt.Errorf("read the key's mark: %w", err)
	}
	if len(marks) == 0 {
		return false, nil
	}
	if !hmac.Equal(marks[0], keyMark(key)) {
		return true, ErrOtherKey
	}
	return true, nil
}

// MarkKey makes the key the one of this database, for good. A database that another key marked keeps its own, and
// the answer is ErrOtherKey.
func MarkKey(ctx context.Context, d *db.DB, key *crypt.Key, now time.Time) error {
	err := db.Do(ctx, d, func(tx *db.Tx) error { return insertKeyMark(tx, keyMark(key), civil.InstantOf(now)) })
	if err != nil {
		return err
	}
	_, err = CheckKey(ctx, d, key)
	return err
}
