package mail_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"
)

// timed notes when each mail left, on the tests' clock.
type timed struct {
	c  *clock
	mu sync.Mutex
	at []time.Time
}

func (s *timed) Send(context.Context, mail.Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, s.c.now())
	return nil
}

// most is how many mails left in the busiest minute.
func (s *timed) most() int {
	most := 0
	for i, from := range s.at {
		n := 0
		for _, at := range s.at[i:] {
			if at.Sub(from) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func paced(d *db.DB, c *clock, s mail.Sender, rate int) *mail.Worker {
	w := worker(d, c, s, hello(plain))
	w.BulkRate = rate
	return w
}

// A campaign planned during a long stop leaves at its rate all the same, though two instances send and each starts
// anew again and again.
func TestACampaignKeepsItsRate(t *testing.T) {
	for _, rate := range []int{6, 60, 300} {
		testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
			c := newClock()
			s := &timed{c: c}
			minutes := 2
			planned := rate * minutes
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				for range planned {
					if _, err := mail.Enqueue(tx, c.now(), mail.Message{Template: "hello", To: "campagne@example.fr", Bulk: true}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			c.move(8 * time.Hour)
			seconds := 0
			for ; len(s.at) < planned && seconds < 60*(minutes+2); seconds++ {
				var both sync.WaitGroup
				both.Go(func() { once(t, paced(d, c, s, rate)) })
				both.Go(func() { once(t, paced(d, c, s, rate)) })
				both.Wait()
				c.move(time.Second)
				if seconds == 30 {
					c.move(90 * time.Second) // what could not leave meanwhile is not made up for
				}
			}
			if len(s.at) != planned {
				t.Errorf("rate %d: %d mails left of %d in %d s", rate, len(s.at), planned, seconds)
			}
			if n := s.most(); n > rate {
				t.Errorf("rate %d: %d mails left in one minute", rate, n)
			}
			if want := 60 * (minutes - 1); seconds < want {
				t.Errorf("rate %d: all had left after %d s, want %d at least", rate, seconds, want)
			}
		})
	}
}

func TestOtherMailsPassACampaign(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		s := &timed{c: c}
		w := paced(d, c, s, 1)
		for range 20 {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "campagne@example.fr", Bulk: true})
		}
		if n := once(t, w); n != 1 {
			t.Errorf("%d mails went, want 1", n)
		}
		var urgent []mail.ID
		for range 12 {
			urgent = append(urgent, enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"}))
		}
		if n := once(t, w); n != 12 {
			t.Errorf("%d mails went, want the 12 that are no campaign's", n)
		}
		for _, id := range urgent {
			if s := status(t, d, id); s.State != mail.Sent {
				t.Errorf("an urgent mail waits behind the campaign: %+v", s)
			}
		}
		c.move(time.Minute)
		if n := once(t, w); n != 1 {
			t.Errorf("a minute later %d mails went, want 1", n)
		}
	})
}

// addressed notes whom the mails went to.
type addressed struct {
	mu sync.Mutex
	to []string
}

func (s *addressed) Send(_ context.Context, m mail.Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, m.To)
	return nil
}

func TestACampaignWithoutARateGoesLast(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, s := newClock(), &addressed{}
		for range 30 {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "campagne@example.fr", Bulk: true})
		}
		enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
		once(t, paced(d, c, s, 0))
		if at := slices.Index(s.to, "camille@example.fr"); len(s.to) != 31 || at < 0 || at > 8 {
			t.Errorf("the urgent mail went as number %d of %d", at, len(s.to))
		}
	})
}

// A mail that the recipient's server puts off takes a turn at each try.
func TestRetriesOfACampaignKeepItsRate(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var tries []time.Time
		var mu sync.Mutex
		w := paced(d, c, senderFunc(func() error {
			mu.Lock()
			defer mu.Unlock()
			tries = append(tries, c.now())
			return &mail.Failure{Blame: mail.Recipient, Kind: "rcpt 450"}
		}), 6)
		for range 12 {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "campagne@example.fr", Bulk: true})
		}
		for range 300 {
			once(t, w)
			c.move(time.Second)
		}
		slices.SortFunc(tries, time.Time.Compare)
		if n := (&timed{at: tries}).most(); n > 6 || len(tries) < 24 {
			t.Errorf("%d tries in the busiest minute, of %d", n, len(tries))
		}
	})
}

// A clock that was a year ahead and is put right does not stop campaigns for a year.
func TestTheRateSurvivesAWrongClock(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		w := paced(d, c, &timed{c: c}, 60)
		for range 3 {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "campagne@example.fr", Bulk: true})
		}
		c.move(365 * 24 * time.Hour)
		once(t, w)
		c.move(-365 * 24 * time.Hour)
		if n := once(t, w); n != 1 {
			t.Errorf("%d mails went after the clock was put right, want 1", n)
		}
		c.move(-10 * time.Second) // two instances whose clocks differ by a little
		if n := once(t, w); n != 0 {
			t.Errorf("%d mails went before their turn", n)
		}
	})
}
