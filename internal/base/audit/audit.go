// Package audit remembers who did what on whose data. It owns audit_event (the lines), audit_chain (their hashes,
// each over the one before), audit_head, and audit_key (the mark of the install's key). A line is written in the
// verb's own transaction; Seal, run every second, takes the committed lines into the chain; until then, under two
// seconds, a deleted line is not missed. Lines hold ids, never a name, an income or anything about health. The
// package shows no page.
package audit

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package.
func Sources() []db.Source {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // only for a malformed path
		panic(err)
	}
	return []db.Source{{Name: "audit", FS: sub}}
}

// Entry is what a verb says of itself.
type Entry struct {
	Action  string // "person.contact.changed"
	Object  string // kind of thing: "person"
	ID      string // its id
	Subject string // id of the person whose data it is; may be empty
	Detail  string // names of fields, counts, references; never health or income
}

// Kind tells a change from a look.
type Kind string

// The kinds of line.
const (
	Change Kind = "change"
	Look   Kind = "read"
)

// ID names a line.
type ID string

// Event is a line as it was written.
type Event struct {
	ID       ID
	At       civil.Instant
	Kind     Kind
	Actor    string // anonymous, citizen, agent or system
	Account  string
	Person   string
	Via      string
	Entry    Entry
	SealedAt civil.Instant
}

// Write adds the line of a verb to its transaction: one a verb, not one a row touched.
func Write(tx *db.Tx, now time.Time, a actor.Actor, e Entry) error {
	return insert(tx, now, a, Change, e)
}

// Read adds the line of somebody having looked at sensitive data (health, a restriction, a document).
func Read(tx *db.Tx, now time.Time, a actor.Actor, e Entry) error {
	return insert(tx, now, a, Look, e)
}

// ReadOnce adds the lines of somebody having looked, but for those that the same account wrote less than every ago:
// a page reloaded does not flood the journal.
func ReadOnce(tx *db.Tx, now time.Time, a actor.Actor, every time.Duration, entries ...Entry) error {
	written, err := readSince(tx, a.Account, civil.InstantOf(now.Add(-every)), entries)
	if err != nil {
		return err
	}
	for _, e := range entries {
		key := lookKey{e.Action, e.Object, e.ID}
		if written[key] {
			continue
		}
		written[key] = true
		if err := insert(tx, now, a, Look, e); err != nil {
			return err
		}
	}
	return nil
}

func insert(tx *db.Tx, now time.Time, a actor.Actor, kind Kind, e Entry) error {
	if e.Action == "" || e.Object == "" {
		return fmt.Errorf("audit line without action or object: %+v", e)
	}
	return insertEvent(tx, Event{ID: ID(db.NewID()), At: civil.InstantOf(now), Kind: kind, Actor: kindName(a.Kind),
		Account: a.Account, Person: a.Person, Via: a.Via, Entry: e})
}

func kindName(k actor.Kind) string {
	switch k {
	case actor.Citizen:
		return "citizen"
	case actor.Agent:
		return "agent"
	case actor.System, actor.Device: // Via tells which
		return "system"
	}
	return "anonymous"
}
