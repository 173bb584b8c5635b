package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// Tx is a write transaction; only Write makes one. It serves one goroutine, until its closure returns.
//
// Once a statement has failed, every later one fails too and nothing of the closure is kept, even when the
// closure returns nil: PostgreSQL does so by itself, and SQLite must behave the same.
type Tx struct {
	ctx   context.Context
	ex    execer
	rows  []*sql.Rows
	err   error
	over  atomic.Bool
	count *int64
	trace func(query string, args []any)
}

type execer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

var (
	errOver   = errors.New("transaction used after its closure returned")
	errNested = errors.New("db.Read or db.Write inside a Write: pass the tx instead")
)

type insideWrite struct{}

func newTx(ctx context.Context, ex execer) *Tx {
	trace, _ := ctx.Value(traceKey{}).(func(string, []any))
	return &Tx{ctx: ctx, ex: ex, count: counterOf(ctx), trace: trace}
}

// writeContext keeps the values of the request's context but not its cancellation: a client gone in
// mid-statement would roll back everybody's transaction.
func writeContext(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), insideWrite{}, true)
}

func refuseNested(ctx context.Context) error {
	if ctx.Value(insideWrite{}) != nil {
		return errNested
	}
	return nil
}

// Query runs a select, or an insert or update with a returning clause.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.begin(query, args); err != nil {
		return nil, err
	}
	rows, err := tx.ex.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.track(rows)
	return rows, nil
}

// Exec runs a statement and returns the number of rows it touched.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.begin(query, args); err != nil {
		return 0, err
	}
	res, err := tx.ex.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// Context is the context of the write; it is not cancelled when the client leaves.
func (tx *Tx) Context() context.Context { return tx.ctx }

func (tx *Tx) begin(query string, args []any) error {
	if tx.over.Load() {
		return errOver
	}
	if tx.err != nil {
		return fmt.Errorf("transaction already failed: %w", tx.err)
	}
	if tx.count != nil {
		atomic.AddInt64(tx.count, 1)
	}
	if tx.trace != nil {
		tx.trace(query, args)
	}
	return nil
}

// fail notes a statement's error.
func (tx *Tx) fail(err error) error {
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

// track remembers rows so that end can close them, dropping those that are read to their end.
func (tx *Tx) track(rows *sql.Rows) {
	if len(tx.rows) >= 16 {
		kept := tx.rows[:0]
		for _, r := range tx.rows {
			if isOpen(r) {
				kept = append(kept, r)
			}
		}
		tx.rows = kept
	}
	tx.rows = append(tx.rows, rows)
}

// end closes the rows left open and forbids further use.
func (tx *Tx) end() {
	tx.over.Store(true)
	for _, rows := range tx.rows {
		rows.Close()
		_ = tx.fail(rows.Err())
	}
	tx.rows = nil
}

// rehearse runs fn once for nothing.
func (tx *Tx) rehearse(fn func(*Tx) error) error {
	if _, err := tx.ex.ExecContext(tx.ctx, "savepoint rehearsal"); err != nil {
		return tx.fail(err)
	}
	first := &Tx{ctx: tx.ctx, ex: tx.ex}
	err := fn(first)
	first.end()
	if err == nil {
		err = first.err
	}
	if first.err != nil {
		return tx.fail(err)
	}
	for _, statement := range []string{"rollback to savepoint rehearsal", "release savepoint rehearsal"} {
		if _, rollbackErr := tx.ex.ExecContext(tx.ctx, statement); rollbackErr != nil {
			return tx.fail(rollbackErr)
		}
	}
	return err
}

// run runs a closure, twice under WithDoubleRun, and returns its error or that of a statement it passed over.
func (tx *Tx) run(fn func(*Tx) error, double bool) error {
	if double {
		if err := tx.rehearse(fn); err != nil {
			return err
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	return tx.err
}

type counterKey struct{}

// CountQueries counts into the returned number the statements that Reads and Writes run under the returned
// context: tests assert with it that a page's queries do not grow with the data. Read it with them done.
func CountQueries(ctx context.Context) (context.Context, *int64) {
	n := new(int64)
	return context.WithValue(ctx, counterKey{}, n), n
}

func counterOf(ctx context.Context) *int64 {
	n, _ := ctx.Value(counterKey{}).(*int64)
	return n
}

type traceKey struct{}

// TraceQueries shows seen each statement that Reads and Writes run under the returned context: tests ask the
// database with it how a page's statements find their rows.
func TraceQueries(ctx context.Context, seen func(query string, args []any)) context.Context {
	return context.WithValue(ctx, traceKey{}, seen)
}
