package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// DB is an open database. Close it once every Read and Write has returned.
type DB struct {
	engine    Engine
	dsn       string
	path      string  // SQLite's file
	pool      *sql.DB // PostgreSQL's, or SQLite's readers
	readers   chan *session
	writer    *writer // SQLite only
	doubleRun bool
	log       *slog.Logger
	stats     counters
	hooks     hooks
}

// hooks are where tests reach into the commit; all are empty outside tests.
type hooks struct {
	beforeCommit func() error
	beforeAnswer func()
	vfs          string
	synchronous  string
	answerEarly  bool
	batch        int
}

// Option changes how a DB behaves.
type Option func(*DB)

// WithDoubleRun runs each closure of a Write twice and keeps the second run only: tests use it to prove that
// closures have no effect outside their transaction, as a retry after a conflict demands.
func WithDoubleRun() Option { return func(d *DB) { d.doubleRun = true } }

// WithLog sends warnings (slow closures, lost connections) to log instead of slog's default.
func WithLog(log *slog.Logger) Option { return func(d *DB) { d.log = log } }

const (
	sqliteReaders   = 8
	postgresConns   = 20
	busyTimeout     = 10 * time.Second
	connectionLives = 30 * time.Minute
)

// Open opens "postgres://…", or else the SQLite file of that path (made when absent).
func Open(ctx context.Context, database string, options ...Option) (*DB, error) {
	d := &DB{engine: SQLite, log: slog.Default()}
	for _, set := range options {
		set(d)
	}
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		return d, d.openPostgres(ctx, database)
	}
	return d, d.openSQLite(ctx, database)
}

func (d *DB) openPostgres(ctx context.Context, database string) error {
	pool, err := sql.Open("pgx", database)
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	pool.SetMaxOpenConns(postgresConns)
	pool.SetMaxIdleConns(postgresConns)
	pool.SetConnMaxLifetime(connectionLives)
	d.engine, d.dsn, d.pool = Postgres, database, pool
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	return nil
}

func (d *DB) openSQLite(ctx context.Context, path string) error {
	d.path, d.dsn = path, d.sqliteDSN(path)
	w, err := d.newWriter(ctx)
	for end := time.Now().Add(busyTimeout); isBusy(err) && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // a new file's switch to WAL waits for nobody by itself
		w, err = d.newWriter(ctx)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	pool, err := sql.Open("sqlite", d.dsn+"&_pragma=query_only(1)")
	if err != nil {
		w.stop()
		return fmt.Errorf("open %s: %w", path, err)
	}
	d.pool, d.writer = pool, w
	d.readers = make(chan *session, sqliteReaders)
	for range sqliteReaders {
		d.readers <- nil
	}
	return nil
}

// sqliteDSN escapes the path, in which a ? or a # would start the settings.
func (d *DB) sqliteDSN(path string) string {
	synchronous := "full"
	if d.hooks.synchronous != "" {
		synchronous = d.hooks.synchronous
	}
	q := url.Values{"_dqs": {"0"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(wal)", "synchronous(" + synchronous + ")", "foreign_keys(1)",
		"temp_store(memory)", "journal_size_limit(67108864)"}}
	if d.hooks.vfs != "" {
		q.Set("vfs", d.hooks.vfs)
	}
	return sqliteFile(path) + "?" + q.Encode()
}

func sqliteFile(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// Engine tells which database is behind.
func (d *DB) Engine() Engine { return d.engine }

// Close ends all connections, after the Reads and Writes under way.
func (d *DB) Close() error {
	var err error
	if d.writer != nil {
		err = d.writer.stop()
		for range sqliteReaders {
			if s := <-d.readers; s != nil {
				err = errors.Join(err, s.close())
			}
		}
	}
	return errors.Join(err, d.pool.Close())
}

// openAside opens a pool of its own for work that must not queue behind the writer: migrations, restoring.
func (d *DB) openAside() (*sql.DB, error) {
	if d.engine == Postgres {
		return sql.Open("pgx", d.dsn)
	}
	return sql.Open("sqlite", d.dsn+"&_txlock=immediate")
}
