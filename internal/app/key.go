package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
)

// checkKey refuses a key that is not this install's. Where none has left its mark yet, the sealed files and the
// exported heads must be this key's; it then leaves its own, unless it only looks.
func (a *App) checkKey(ctx context.Context, mark bool) (err error) {
	if a.KeyKnown, err = audit.CheckKey(ctx, a.DB, a.Key); err != nil || a.KeyKnown {
		return err
	}
	if heads, err := a.exportedHeads(); err != nil && len(heads) == 0 {
		return errors.Join(audit.ErrOtherKey, err)
	}
	if err := a.opensAFile(ctx); err != nil {
		return err
	}
	if !mark {
		return nil
	}
	if err := audit.MarkKey(ctx, a.DB, a.Key, a.Now()); err != nil {
		return err
	}
	a.KeyKnown = true
	return nil
}

// CheckKey does the same for a command that opens the database alone.
func CheckKey(ctx context.Context, cfg Config, d *db.DB, key *crypt.Key, now time.Time, look bool) error {
	a := &App{Config: cfg, DB: d, Key: key, Now: func() time.Time { return now }}
	if _, err := os.Stat(cfg.FilesDir()); err == nil {
		if a.Files, err = blob.Open(cfg.FilesDir(), key); err != nil {
			return err
		}
	}
	return a.checkKey(ctx, !look)
}

// opensAFile tells that the key opens one of the sealed files, if there is any: where a few do not open they may be
// damaged, where none of many does the key is another's.
func (a *App) opensAFile(ctx context.Context) error {
	if a.Files == nil {
		return nil
	}
	const enough = 20
	tried, opened := 0, false
	stop := errors.New("enough")
	err := a.Files.Each(func(id string, _ int64, _ time.Time) error {
		tried++
		if _, err := a.Files.Get(ctx, id); err == nil {
			opened = true
		}
		if opened || tried == enough {
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return err
	}
	if tried > 0 && !opened {
		return audit.ErrOtherKey
	}
	return nil
}

// Restored is the last step of a restore: the key that opened the backup must be the one of its database, whatever
// is not yet sealed is, and the mails and jobs that were waiting are kept back unless they are wanted.
func Restored(key *crypt.Key, now time.Time, sendPending bool) func(context.Context, *db.DB) error {
	return func(ctx context.Context, d *db.DB) error {
		if err := audit.MarkKey(ctx, d, key, now); err != nil {
			return err
		}
		if _, err := audit.Seal(ctx, d, now); err != nil {
			return err
		}
		if sendPending {
			return nil
		}
		return db.Do(ctx, d, func(tx *db.Tx) error {
			if _, err := mail.Hold(tx); err != nil {
				return err
			}
			_, err := jobs.Hold(tx)
			return err
		})
	}
}

// Held counts what a restore kept back.
type Held struct{ Mails, Jobs int64 }

// HeldBack counts what waits for somebody's decision since a restore.
func HeldBack(r db.Reader) (h Held, err error) {
	if h.Mails, err = mail.Held(r); err == nil {
		h.Jobs, err = jobs.Held(r)
	}
	return h, err
}

// SendHeld lets what a restore kept back leave.
func SendHeld(tx *db.Tx) (h Held, err error) {
	if h.Mails, err = mail.Release(tx); err == nil {
		h.Jobs, err = jobs.Release(tx)
	}
	return h, err
}

// DropHeld gives up what a restore kept back.
func DropHeld(tx *db.Tx) (h Held, err error) {
	if h.Mails, err = mail.DropHeld(tx); err == nil {
		h.Jobs, err = jobs.DropHeld(tx)
	}
	return h, err
}

// warnHeld says in the log that mails wait for a decision.
func (a *App) warnHeld(ctx context.Context) {
	held, err := db.Read(ctx, a.DB, HeldBack)
	if ctx.Err() != nil {
		return // the portal stops already
	}
	if err != nil {
		a.Log.Error("count what is held", "err", err)
		return
	}
	if held != (Held{}) {
		a.Log.Warn(fmt.Sprintf("%d mails and %d jobs are kept back since a restore: see « parvis mails »", held.Mails, held.Jobs))
	}
}
