package db

import (
	"context"
	"database/sql"
)

// session is one SQLite connection and its prepared statements. One goroutine at a time uses it.
type session struct {
	pool  *sql.DB // of this connection alone; nil when the pool belongs to somebody else
	conn  *sql.Conn
	stmts map[string]*prepared
}

// prepared is a statement ready to run, with the rows it last gave: while they are open it cannot run again.
type prepared struct {
	stmt *sql.Stmt
	rows *sql.Rows
}

// maxPrepared bounds the memory of a connection; SQL texts are constants, so few programs reach it.
const maxPrepared = 400

func newSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, stmts: map[string]*prepared{}}, nil
}

func (s *session) close() error {
	s.forget()
	err := s.conn.Close()
	if s.pool != nil {
		if poolErr := s.pool.Close(); err == nil {
			err = poolErr
		}
	}
	return err
}

func (s *session) forget() {
	for _, p := range s.stmts {
		p.stmt.Close()
	}
	clear(s.stmts)
}

// discard closes a connection that cannot be trusted any more.
func (s *session) discard() {
	s.forget() // a statement closed after its connection crashes the driver
	// Raw with ErrBadConn is how database/sql is told to drop a connection instead of keeping it in its pool.
	_ = s.conn.Raw(func(any) error { return errDiscard })
	_ = s.close()
}

// QueryContext runs a select through its prepared statement.
func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return s.conn.QueryContext(ctx, query, args...)
	}
	rows, err := p.stmt.QueryContext(ctx, args...)
	p.rows = rows
	return rows, err
}

// ExecContext runs a statement without rows.
func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return s.conn.ExecContext(ctx, query, args...)
	}
	return p.stmt.ExecContext(ctx, args...)
}

func (s *session) exec(query string) error {
	_, err := s.ExecContext(context.Background(), query)
	return err
}

// prepare returns nil for a statement whose rows are still being read: running it again would restart them.
func (s *session) prepare(ctx context.Context, query string) (*prepared, error) {
	if p, ok := s.stmts[query]; ok {
		if isOpen(p.rows) {
			return nil, nil
		}
		return p, nil
	}
	if len(s.stmts) >= maxPrepared {
		s.evict()
	}
	// The statement outlives the request that first needed it.
	stmt, err := s.conn.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	p := &prepared{stmt: stmt}
	s.stmts[query] = p
	return p, nil
}

// evict forgets one statement not in use, whichever comes first.
func (s *session) evict() {
	for query, p := range s.stmts {
		if !isOpen(p.rows) {
			p.stmt.Close()
			delete(s.stmts, query)
			return
		}
	}
}

// isOpen asks for the columns because database/sql has no other way to tell that rows are closed.
func isOpen(rows *sql.Rows) bool {
	if rows == nil {
		return false
	}
	_, err := rows.Columns()
	return err == nil
}
