package mail_test

import (
	"errors"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// TestHeldMailsWaitForADecision holds one mail of each pending state: none leaves, even after the longest wait, until
// they are released, at their own hours; those asked for meanwhile leave.
func TestHeldMailsWaitForADecision(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		sent := 0
		fail := true
		w := worker(d, c, senderFunc(func() error {
			if fail {
				return &mail.Failure{Blame: mail.Server, Kind: "down"}
			}
			sent++
			return nil
		}), hello(plain))
		deferred := enqueue(t, d, c, mail.Message{Template: "hello", To: "a@ville.example"})
		once(t, w)
		before := status(t, d, deferred)
		queued := enqueue(t, d, c, mail.Message{Template: "hello", To: "b@ville.example"})
		sending := enqueue(t, d, c, mail.Message{Template: "hello", To: "c@ville.example"})
		change(t, d, func(tx *db.Tx) (int64, error) {
			return tx.Exec(`update mail_outbox set state = 'sending', lease_until = 0 where id = $1`, sending)
		})
		if n := change(t, d, mail.Hold); n != 3 {
			t.Errorf("%d mails held, want 3", n)
		}
		if n := change(t, d, mail.Hold); n != 0 {
			t.Errorf("%d mails held twice", n)
		}
		fail = false
		c.move(400 * 24 * time.Hour)
		later := enqueue(t, d, c, mail.Message{Template: "hello", To: "d@ville.example"})
		once(t, w)
		if sent != 1 || status(t, d, later).State != mail.Sent {
			t.Errorf("%d mails left while three are held, want the later one only", sent)
		}
		if n, err := db.Read(t.Context(), d, mail.Held); n != 3 || err != nil {
			t.Errorf("%d held, %v", n, err)
		}
		if n := change(t, d, mail.Release); n != 3 {
			t.Errorf("%d released, want 3", n)
		}
		if diff := cmp.Diff(before, status(t, d, deferred)); diff != "" {
			t.Errorf("a mail held and released (-before +after):\n%s", diff)
		}
		once(t, w)
		if sent != 4 || status(t, d, queued).State != mail.Sent || status(t, d, sending).State != mail.Sent {
			t.Errorf("%d mails sent in all, want 4", sent)
		}
	})
}

func TestHeldMailsCanBeGivenUp(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		w := worker(d, c, senderFunc(func() error { return errors.New("a mail given up was sent") }), hello(plain))
		id := enqueue(t, d, c, mail.Message{Template: "hello", To: "a@ville.example"})
		change(t, d, mail.Hold)
		if n := change(t, d, mail.DropHeld); n != 1 {
			t.Errorf("%d given up, want 1", n)
		}
		if n := once(t, w) + int(change(t, d, mail.Release)); n != 0 || status(t, d, id).State != mail.Dropped {
			t.Errorf("%d mails came back, state %s", n, status(t, d, id).State)
		}
	})
}

func change(t *testing.T, d *db.DB, fn func(*db.Tx) (int64, error)) int64 {
	t.Helper()
	n, err := db.Write(t.Context(), d, fn)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
