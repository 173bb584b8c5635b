// Package mail sends what verbs announce. It owns mail_outbox (mails to send, as a template's name and ids: nothing
// personal is stored, bodies are rendered at sending) and mail_captured (the demo's letter box). A mail is written
// in the verb's transaction, sent at least once, always under the same Message-ID, and never lost: what cannot be
// sent stays in the table with its reason. It receives no mail and knows no feature: these export their Templates.
package mail

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

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
	return []db.Source{{Name: "mail", FS: sub}}
}

// ID names a mail of the outbox.
type ID string

// Message is a mail to send.
type Message struct {
	Template string
	To       string            // one address, without a name
	Args     map[string]string // ids only
	Account  string            // account of the addressee, for the follow-up; may be empty
	Bulk     bool              // a campaign: goes after everything else that is due
}

// State is where a mail has got to.
type State string

// The states. queued → sending → sent | deferred | bounced | dropped; deferred → sending; a lease that ran out
// makes sending claimable again.
const (
	Queued   State = "queued"   // never tried
	Sending  State = "sending"  // a worker has it
	Sent     State = "sent"     // the server took it
	Deferred State = "deferred" // to be tried again
	Bounced  State = "bounced"  // the address is refused, or was for three days
	Dropped  State = "dropped"  // no longer wanted when its turn came
)

// Label is the state in words.
func (s State) Label() string {
	switch s {
	case Queued:
		return "En attente"
	case Sending:
		return "Envoi en cours"
	case Sent:
		return "Envoyé"
	case Deferred:
		return "Différé"
	case Bounced:
		return "Refusé"
	case Dropped:
		return "Abandonné"
	}
	return ""
}

// Status is what the outbox knows of a mail.
type Status struct {
	ID        ID
	Template  string
	To        string
	Account   string
	Args      map[string]string
	State     State
	At        civil.Instant // sent for Sent, next try for Queued and Deferred, asked for otherwise
	Attempts  int64
	LastError string // kind of failure and the server's code: "rcpt 550"; never its text
	CreatedAt civil.Instant
}

// Enqueue adds a mail to the verb's transaction and returns its id. A malformed address is taken too: the worker
// marks it Bounced, so that the verb goes on and the address is followed up like any other refused one.
func Enqueue(tx *db.Tx, now time.Time, m Message) (ID, error) {
	if m.Template == "" {
		return "", errors.New("mail without a template")
	}
	id := ID(db.NewID())
	if err := insert(tx, id, now, m); err != nil {
		return "", err
	}
	return id, nil
}

// EnqueueAll adds mails to the verb's transaction in one statement; an account's own mails go through Enqueue.
func EnqueueAll(tx *db.Tx, now time.Time, all []Message) error {
	for _, m := range all {
		if m.Template == "" {
			return errors.New("mail without a template")
		}
	}
	if len(all) == 0 {
		return nil
	}
	return insertAll(tx, now, all)
}

// Retry puts a bounced or deferred mail back in the queue, for now.
func Retry(tx *db.Tx, now time.Time, id ID) error {
	n, err := requeue(tx, id, now)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("retry mail %s: not deferred nor bounced", id)
	}
	return nil
}

// Purge deletes mails that are done and were asked for before a moment, and captured ones of the same age.
func Purge(tx *db.Tx, before time.Time) (int64, error) { return deleteBefore(tx, before) }

// Template renders one kind of mail. Render runs at sending, in a Read; it returns ErrDrop when the mail has become
// pointless (the link is used, the account closed).
type Template struct {
	Name   string
	Render func(ctx context.Context, r db.Reader, args map[string]string) (Body, error)
	// Label says when it leaves: « Mot de passe oublié ». Specimen is the mail as it would read with Values in the
	// place of what is proper to somebody, each written {so} in Subject, Paragraphs and Closing. A town can write its
	// own words for a template that has both.
	Label    string
	Specimen func(r db.Reader) (Body, error)
}

// ErrDrop is returned by a Template's Render for a mail that must not be sent any more.
var ErrDrop = errors.New("mail no longer wanted")
