package db

import (
	"context"
	"database/sql"
	"fmt"
)

// read runs fn on one snapshot: a repeatable read on PostgreSQL, a deferred transaction on SQLite.
func (d *DB) read(ctx context.Context, fn func(Reader) error) error {
	if err := refuseNested(ctx); err != nil {
		return err
	}
	if d.engine == Postgres {
		return friendly(d.readPostgres(ctx, fn))
	}
	return friendly(d.readSQLite(ctx, fn))
}

func (d *DB) readPostgres(ctx context.Context, fn func(Reader) error) error {
	t, err := d.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	defer t.Rollback()
	tx := newTx(ctx, t)
	defer tx.end()
	return fn(tx)
}

func (d *DB) readSQLite(ctx context.Context, fn func(Reader) error) error {
	var s *session
	select {
	case s = <-d.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.readers <- s }()
	if s == nil {
		fresh, err := newSession(ctx, d.pool)
		if err != nil {
			return fmt.Errorf("open reader: %w", err)
		}
		s = fresh
	}
	if err := s.exec("begin"); err != nil {
		s.discard()
		s = nil
		return fmt.Errorf("begin read: %w", err)
	}
	tx := newTx(ctx, s)
	defer func() {
		tx.end()
		if err := s.exec("rollback"); err != nil {
			s.discard()
			s = nil
		}
	}()
	return fn(tx)
}

func (d *DB) write(ctx context.Context, fn func(*Tx) error) error {
	if err := refuseNested(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.engine == Postgres {
		return d.writePostgres(ctx, fn)
	}
	return d.writer.write(ctx, fn)
}
