package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// DB is an open database. Close it once every Read and Write has returned.
type DB struct {
	engine    Engine
	dsn       string
	readers   *sql.DB
	writer    *sql.DB
	mu        sync.Mutex
	doubleRun bool
}

// Option changes how a DB behaves.
type Option func(*DB)

// WithDoubleRun runs each closure of a Write twice and keeps the second run only: tests use it to prove that
// closures have no effect outside their transaction, as a retry after a conflict demands.
func WithDoubleRun() Option { return func(d *DB) { d.doubleRun = true } }

// Open opens "postgres://…", or else the SQLite file of that path (made when absent).
func Open(ctx context.Context, database string, options ...Option) (*DB, error) {
	d := &DB{engine: SQLite}
	for _, set := range options {
		set(d)
	}
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		pool, err := sql.Open("pgx", database)
		if err != nil {
			return nil, err
		}
		d.engine, d.dsn, d.readers, d.writer = Postgres, database, pool, pool
		return d, pool.PingContext(ctx)
	}
	pragmas := url.Values{"_pragma": {"journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "busy_timeout(10000)"}}
	d.dsn = "file:" + database + "?" + pragmas.Encode()
	writer, err := sql.Open("sqlite", d.dsn+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", database, err)
	}
	readers, err := sql.Open("sqlite", d.dsn+"&_txlock=deferred")
	if err != nil {
		return nil, err
	}
	readers.SetMaxOpenConns(8)
	d.readers, d.writer = readers, writer
	return d, nil
}

// Engine tells which database is behind.
func (d *DB) Engine() Engine { return d.engine }

// Close ends all connections.
func (d *DB) Close() error {
	err := d.readers.Close()
	if d.writer != d.readers {
		err = errors.Join(err, d.writer.Close())
	}
	return err
}

// openForMigration opens a pool of its own, so that schema changes never queue behind the writer.
func (d *DB) openForMigration() (*sql.DB, error) {
	if d.engine == Postgres {
		return sql.Open("pgx", d.dsn)
	}
	return sql.Open("sqlite", d.dsn+"&_txlock=immediate")
}

func (d *DB) read(ctx context.Context, fn func(Reader) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.engine == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	t, err := d.readers.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer t.Rollback()
	return fn(&Tx{ctx: ctx, ex: t})
}

func (d *DB) write(ctx context.Context, fn func(*Tx) error) error {
	ctx = context.WithoutCancel(ctx)
	if d.engine == SQLite {
		d.mu.Lock()
		defer d.mu.Unlock()
	}
	if d.doubleRun {
		if _, err := d.runOnce(ctx, fn, false); err != nil {
			return err
		}
	}
	fnErr, err := d.runOnce(ctx, fn, true)
	return errors.Join(fnErr, err)
}

func (d *DB) runOnce(ctx context.Context, fn func(*Tx) error, keep bool) (fnErr, err error) {
	t, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	if err := fn(&Tx{ctx: ctx, ex: t}); err != nil || !keep {
		return err, nil
	}
	return nil, t.Commit()
}
