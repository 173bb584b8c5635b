// Package db is the one door to the database: SQLite inside the binary by default, PostgreSQL when several
// machines are needed, one SQL text for both. Read runs a closure on a consistent snapshot; Write runs one on a
// transaction and returns only when its commit has reached the disk.
package db

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/internal/base/fault"

	"github.com/google/uuid"
)

// Engine is which database is behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Reader runs queries. A store function that takes a Reader does not write.
type Reader interface {
	// Query runs a select; prefer List and One.
	Query(query string, args ...any) (*sql.Rows, error)
	// Context is the context of the enclosing Read or Write.
	Context() context.Context
}

// Scanner is a row being read.
type Scanner interface{ Scan(dest ...any) error }

// List reads all rows of a query, each through scan.
func List[T any](r Reader, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := r.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		if tx, ok := r.(*Tx); ok {
			return nil, tx.fail(err)
		}
		return nil, err
	}
	return all, nil
}

// One reads the first row of a query; without a row it is fault.Missing(what).
func One[T any](r Reader, what string, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	all, err := List(r, scan, query, args...)
	var none T
	if err != nil {
		return none, fmt.Errorf("read %s: %w", what, err)
	}
	if len(all) == 0 {
		return none, fault.Missing(what)
	}
	return all[0], nil
}

// Column scans a single value; use it with List and One: db.One(r, "count", db.Column[int64], "select …").
func Column[T any](s Scanner) (T, error) {
	var v T
	err := s.Scan(&v)
	return v, err
}

// NewID makes a time-ordered UUID (version 7), the form of every primary key.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Read runs fn on one consistent snapshot (a page is one Read) and returns its result.
func Read[T any](ctx context.Context, d *DB, fn func(Reader) (T, error)) (T, error) {
	var out T
	err := d.read(ctx, func(r Reader) (err error) {
		out, err = fn(r)
		return err
	})
	return out, err
}

// Write runs fn in a transaction and returns once it is durable. fn does SQL only, stays under 100 ms, and may
// run more than once (a conflict on PostgreSQL): no effect outside tx, and results are built afresh each time.
// When fn returns an error nothing of it is kept.
func Write[T any](ctx context.Context, d *DB, fn func(*Tx) (T, error)) (T, error) {
	var out T
	err := d.write(ctx, func(tx *Tx) (err error) {
		out, err = fn(tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

// Do is Write for a verb without a result.
func Do(ctx context.Context, d *DB, fn func(*Tx) error) error {
	return d.write(ctx, fn)
}
