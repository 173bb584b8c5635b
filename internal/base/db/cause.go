package db

import (
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"
)

// Cause is why a database does not serve, for whoever keeps the machine.
type Cause string

// The causes; Unexplained is any other, or no error at all.
const (
	Unexplained  Cause = ""
	DiskFull     Cause = "disk full"
	ReadOnly     Cause = "read only"
	CannotOpen   Cause = "cannot be opened"
	NoDatabase   Cause = "no database" // the file is something else, or the server has none of that name
	Damaged      Cause = "damaged"
	Held         Cause = "held by others"
	Unreachable  Cause = "server out of reach"
	NotAdmitted  Cause = "user or password refused"
	WrongAddress Cause = "address not understood"
)

// CauseOf tells why the database does not serve.
func CauseOf(err error) Cause {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL:
		return DiskFull
	case sqlite3.SQLITE_READONLY:
		return ReadOnly
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return CannotOpen
	case sqlite3.SQLITE_NOTADB:
		return NoDatabase
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR:
		return Damaged
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Held
	}
	code := postgresCode(err)
	switch {
	case code == "53100":
		return DiskFull
	case code == "25006":
		return ReadOnly
	case code == "3D000":
		return NoDatabase
	case code == "42501" || len(code) == 5 && code[:2] == "28":
		return NotAdmitted
	}
	var parse *pgconn.ParseConfigError
	var connect *pgconn.ConnectError
	var network *net.OpError // not net.Error, which any refusal of the machine's is
	switch {
	case errors.As(err, &parse):
		return WrongAddress
	case errors.As(err, &connect), errors.As(err, &network):
		return Unreachable
	}
	return Unexplained
}
