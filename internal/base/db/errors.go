package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"parvis/internal/base/fault"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrUnknown is in the error of a write whose outcome could not be learnt, or whose batch was lost under it:
// the caller must ask again with the same idempotency key. Its kind is fault.Unavailable.
var ErrUnknown = errors.New("outcome of the commit unknown: retry with the same key")

var errDiscard = driver.ErrBadConn

const (
	sentenceUnknown = "L’enregistrement n’a pas pu être confirmé. Envoyez à nouveau : rien ne sera fait deux fois."
	sentenceBusy    = "Le portail ne peut pas répondre pour le moment. Réessayez dans quelques instants : rien n’a été modifié."
	sentenceFull    = "Le portail ne peut rien enregistrer pour le moment. Réessayez plus tard, ou appelez la mairie : " +
		"ce qui était déjà enregistré est conservé."
)

// IsUnique tells that err is the refusal of a row that exists already (primary key or unique index).
func IsUnique(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
		postgresCode(err) == "23505"
}

// IsCheck tells that err is the refusal of a check clause.
func IsCheck(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_CHECK || postgresCode(err) == "23514"
}

// IsForeignKey tells that err is the refusal of a foreign key: the row pointed at is absent, or is still
// pointed at.
func IsForeignKey(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY || postgresCode(err) == "23503"
}

// sqliteCode is SQLite's extended result code, 0 for another error.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// postgresCode is the SQLSTATE, empty for another error.
func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isConflict tells that the transaction lost against another one and may simply run again.
func isConflict(err error) bool {
	code := postgresCode(err)
	return code == "40001" || code == "40P01"
}

func isFsync(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_IOERR_FSYNC || code == sqlite3.SQLITE_IOERR_DIR_FSYNC
}

func unknown(cause error) error {
	return &fault.Error{Kind: fault.Unavailable, Sentence: sentenceUnknown, Err: errors.Join(ErrUnknown, cause)}
}

func unavailable(cause error) error {
	return &fault.Error{Kind: fault.Unavailable, Sentence: sentenceBusy, Err: cause}
}

// friendly gives troubles of the database that are no fault of ours (busy, disk full, gone) their kind and a
// sentence; any other error passes unchanged.
func friendly(err error) error {
	if err == nil || fault.KindOf(err) != fault.Unknown || errors.Is(err, context.Canceled) {
		return err
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return unavailable(err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return &fault.Error{Kind: fault.Unavailable, Sentence: sentenceFull, Err: err}
	}
	code := postgresCode(err)
	if code == "53100" || code == "25006" { // disk full; read-only, as a standby is
		return &fault.Error{Kind: fault.Unavailable, Sentence: sentenceFull, Err: err}
	}
	if len(code) == 5 && (code[:2] == "08" || code[:2] == "53" || code[:3] == "57P") {
		return unavailable(err)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.As(err, &network) {
		return unavailable(err)
	}
	return err
}
