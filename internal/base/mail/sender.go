package mail

import (
	"context"
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Sender hands one mail over. It returns nil once the other side has taken it, a *Failure otherwise.
type Sender interface {
	Send(ctx context.Context, m Mail) error
}

// Blame tells whose fault a failure is, and so what is done next.
type Blame int

// The blames.
const (
	Server    Blame = iota // no connection, our own address refused: try again for ever
	Settings               // certificate, TLS, sign-in: the same, and no other mail is tried for a while
	Recipient              // this address or this mail refused for now: try again for three days
	Gone                   // this address refused for good: bounced
)

// Failure is a mail that was not taken.
type Failure struct {
	Blame Blame
	Kind  string // "connect", "rcpt 550"…: the step and the code, never the server's text
	Err   error
}

// Error is for the log.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Kind
	}
	return f.Kind + ": " + f.Err.Error()
}

// Unwrap gives what happened.
func (f *Failure) Unwrap() error { return f.Err }

// Captured is a mail of the demo's letter box.
type Captured struct {
	ID        string
	At        civil.Instant
	MessageID string
	To        string
	Subject   string
	Text      string
	HTML      string
}

// Capture is the demo's Sender: nothing leaves, everything can be read on a page.
type Capture struct {
	DB  *db.DB
	Now func() time.Time
}

// Send keeps the mail.
func (c Capture) Send(ctx context.Context, m Mail) error {
	err := db.Do(ctx, c.DB, func(tx *db.Tx) error {
		return insertCaptured(tx, Captured{ID: db.NewID(), At: civil.InstantOf(c.Now()), MessageID: m.MessageID,
			To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	})
	if err != nil {
		return &Failure{Blame: Server, Kind: "capture", Err: fmt.Errorf("capture mail: %w", err)}
	}
	return nil
}
