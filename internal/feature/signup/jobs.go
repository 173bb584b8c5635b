package signup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
)

// Sweep removes what is past its term: drafts after a day, demands that nobody confirmed after a week.
type Sweep struct {
	DB   *db.DB
	Now  func() time.Time
	Drop DropPhoto
	// Before is told of each account about to be removed, in the transaction: packages above may hold rows of it.
	Before func(tx *db.Tx, account string) error
}

const jobPurge = "signup.purge"

// Handlers are the jobs of this package.
func (s Sweep) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: jobPurge, Run: func(ctx context.Context, _ map[string]string) error { return s.Run(ctx) }}}
}

// Schedule sweeps every hour.
func Schedule() []jobs.Daily { return []jobs.Daily{jobs.Hourly(jobPurge)} }

// How many rows one transaction removes, so that it stays short.
const (
	draftBatch  = 500
	demandBatch = 50
)

// Run sweeps until nothing is left past its term.
func (s Sweep) Run(ctx context.Context) error {
	for {
		n, err := db.Write(ctx, s.DB, func(tx *db.Tx) (int64, error) {
			return purgeDrafts(tx, civil.InstantOf(s.Now()), draftBatch)
		})
		if err != nil {
			return fmt.Errorf("purge drafts: %w", err)
		}
		if n < draftBatch {
			break
		}
	}
	err := db.Do(ctx, s.DB, func(tx *db.Tx) error {
		return errors.Join(forgetSnapshots(tx, civil.InstantOf(s.Now().Add(-draftLife))), purgeCounts(tx, s.Now()))
	})
	if err != nil {
		return fmt.Errorf("forget snapshots and counts: %w", err)
	}
	for {
		n, err := db.Write(ctx, s.DB, func(tx *db.Tx) (int, error) { return s.removeSome(tx) })
		if err != nil {
			return fmt.Errorf("purge demands: %w", err)
		}
		if n < demandBatch {
			return nil
		}
	}
}

func (s Sweep) removeSome(tx *db.Tx) (int, error) {
	now := s.Now()
	demands, err := unanswered(tx, civil.InstantOf(now), demandBatch)
	if err != nil || len(demands) == 0 {
		return 0, err
	}
	for _, d := range demands {
		if s.Before != nil {
			if err := s.Before(tx, string(d.Account)); err != nil {
				return 0, err
			}
		}
		if err := remove(tx, now, s.Drop, d); err != nil {
			return 0, err
		}
	}
	return len(demands), audit.Write(tx, now, wizard(), audit.Entry{Action: "signup.purged", Object: "signup", Detail: fmt.Sprint(len(demands))})
}
