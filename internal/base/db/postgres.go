package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"parvis/internal/base/crash"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A write that meets a conflict on PostgreSQL runs again, after a pause that grows and differs for each.
const (
	conflictTries    = 12
	conflictPause    = 2 * time.Millisecond
	maxConflictPause = 250 * time.Millisecond
)

// errBegin marks a failure before the closure ran: nothing was done, another connection may do better.
var errBegin = errors.New("begin")

func (d *DB) writePostgres(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := d.tryPostgres(ctx, fn)
		if err == nil || ctx.Err() != nil || !isConflict(err) && !errors.Is(err, errBegin) {
			return friendly(err)
		}
		d.stats.retries.Add(1)
		if try == conflictTries {
			return unavailable(fmt.Errorf("tried %d times: %w", try, err))
		}
		pause := min(conflictPause<<try, maxConflictPause)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *DB) tryPostgres(ctx context.Context, fn func(*Tx) error) error {
	conn, err := d.pool.Conn(ctx) // a client that leaves while waiting for a connection is dropped
	if err != nil {
		return fmt.Errorf("%w: %w", errBegin, err)
	}
	defer conn.Close()
	ctx = writeContext(ctx)
	t, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("%w: %w", errBegin, err)
	}
	defer t.Rollback()
	tx := newTx(ctx, t)
	defer tx.end()
	start := time.Now()
	err = tx.run(fn, d.doubleRun)
	tx.end()
	d.stats.closure(d.log, time.Since(start))
	if err != nil {
		if isConflict(tx.err) {
			return tx.err // even when the closure turned it into something else
		}
		return err
	}
	if tx.err != nil {
		return tx.err
	}
	return d.commitPostgres(t)
}

func (d *DB) commitPostgres(t *sql.Tx) error {
	crash.Point("db.before_commit")
	if d.hooks.beforeCommit != nil {
		if err := d.hooks.beforeCommit(); err != nil {
			return err
		}
	}
	if err := t.Commit(); err != nil {
		var answered *pgconn.PgError
		if errors.As(err, &answered) || errors.Is(err, pgx.ErrTxCommitRollback) {
			return fmt.Errorf("commit: %w", err)
		}
		d.log.Error("connection lost in commit", "error", err)
		return unknown(err)
	}
	d.stats.batches.Add(1)
	crash.Point("db.after_commit")
	return nil
}
