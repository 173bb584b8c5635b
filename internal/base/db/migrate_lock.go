package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// ErrMigrating is returned by Migrate when another process has been migrating the same database all the while.
var ErrMigrating = errors.New("another Parvis is changing the structure of this database: start again in a few minutes")

const (
	migrationPatience = 10 * time.Minute // for the other's migrations
	migrationLock     = "migration_lock" // PostgreSQL's table whose one row only serves to be locked
)

// alone runs fn while no other process does so on this database; the second waits for the first. The lock is a
// transaction's, so the engine gives it back however the process ends.
func (d *DB) alone(ctx context.Context, fn func() error) error {
	patient, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	if d.engine == Postgres {
		return d.aloneOnPostgres(patient, fn)
	}
	return d.aloneOnSQLite(patient, fn)
}

func (d *DB) aloneOnPostgres(ctx context.Context, fn func() error) error {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	defer conn.Close()
	create := `create table if not exists ` + migrationLock + ` (id bigint primary key)`
	if _, err = conn.ExecContext(ctx, create); err != nil { // "if not exists" fails for one of two at the same instant
		_, err = conn.ExecContext(ctx, create)
	}
	if err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `insert into `+migrationLock+` (id) values (1) on conflict (id) do nothing`); err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	defer tx.Rollback()
	// A server that ends idle transactions would give the lock away in the middle.
	if _, err := tx.ExecContext(ctx, `set local idle_in_transaction_session_timeout = 0`); err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `select id from `+migrationLock+` where id = 1 for update`); err != nil {
		return waitedInVain(ctx, err)
	}
	return fn()
}

// aloneOnSQLite locks an empty file beside the database: the database's own lock is what the migrations need. The
// file stays; removing it would let two lock two files of one name.
func (d *DB) aloneOnSQLite(ctx context.Context, fn func() error) error {
	path := d.path + ".migration"
	pool, err := sql.Open("sqlite", sqliteFile(path)+"?_pragma=busy_timeout(100)&_txlock=exclusive")
	if err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	defer pool.Close()
	var tx *sql.Tx
	for {
		if tx, err = pool.BeginTx(context.WithoutCancel(ctx), nil); err == nil {
			break
		}
		if ctx.Err() != nil || !isBusy(err) {
			return waitedInVain(ctx, err)
		}
	}
	defer tx.Rollback()
	return fn()
}

func waitedInVain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ErrMigrating, ctx.Err())
	}
	return fmt.Errorf("lock for migrations: %w", err)
}

func isBusy(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY }
