package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// backoff is the wait after the first, second… failure; the last one repeats.
var backoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}

const (
	giveUp   = 3 * 24 * time.Hour
	lease    = 10 * time.Minute
	patience = 2 * time.Minute // for one mail; well under the lease, so that two workers never hold it at once
	parallel = 4
)

// Worker sends what is due. Several may run, on one machine or more: a mail is claimed by a conditional update.
type Worker struct {
	DB        *db.DB
	Sender    Sender
	Templates []Template
	Now       func() time.Time
	From      Address
	ReplyTo   string
	Look      func(r db.Reader) (Look, error)                                     // the town's name and colour, read at sending
	Words     func(r db.Reader, template string) (w Words, found bool, err error) // the town's own words; may be nil
	BulkRate  int                                                                 // mails of campaigns a minute at most, over all instances; 0 is no limit
	Patience  time.Duration                                                       // time that one mail may take; 2 minutes by default
	// OnBounce is told, in the transaction that marks it, of an address refused for good; may be nil.
	OnBounce func(tx *db.Tx, now time.Time, s Status) error

	Log *slog.Logger // slog's default when nil

	mu      sync.Mutex
	trouble string        // kind of the server's failure that was logged last; "" while mails pass
	refused int           // tries in a row that the server refused because of our settings
	pause   civil.Instant // no try before, because of that
}

// Run sends until ctx ends, then waits for the mails under way. Mails go side by side: one that a slow server holds
// does not hold the others.
func (w *Worker) Run(ctx context.Context) {
	w.together(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			if _, err := w.drain(ctx); err != nil && ctx.Err() == nil {
				w.log().Error("send mails", "err", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (w *Worker) log() *slog.Logger {
	if w.Log != nil {
		return w.Log
	}
	return slog.Default()
}

// Once sends all that is due and that the rate of campaigns allows, and returns how many mails it tried.
func (w *Worker) Once(ctx context.Context) (int, error) {
	var mu sync.Mutex
	var errs []error
	tried := 0
	w.together(func() {
		n, err := w.drain(ctx)
		mu.Lock()
		defer mu.Unlock()
		tried += n
		errs = append(errs, err)
	})
	return tried, errors.Join(errs...)
}

func (w *Worker) together(work func()) {
	var all sync.WaitGroup
	for range parallel {
		all.Go(work)
	}
	all.Wait()
}

// drain sends one due mail after the other until there is none left for it.
func (w *Worker) drain(ctx context.Context) (int, error) {
	layout, err := newLayout()
	if err != nil {
		return 0, err
	}
	for tried := 0; ; tried++ {
		if ctx.Err() != nil || w.paused() {
			return tried, nil
		}
		c, found, err := w.claim(ctx)
		if err != nil || !found {
			return tried, err
		}
		if err := w.deliver(context.WithoutCancel(ctx), layout, c); err != nil {
			return tried + 1, err
		}
	}
}

// claim takes the first due mail that no other worker was faster to take. One of a campaign needs its class's turn
// too, and the others go before it.
func (w *Worker) claim(ctx context.Context) (c claimed, found bool, err error) {
	now := civil.InstantOf(w.Now())
	p := paceOf(w.BulkRate)
	list, err := db.Read(ctx, w.DB, func(r db.Reader) ([]candidate, error) {
		open, err := p.open(r, now)
		if err != nil {
			return nil, err
		}
		return due(r, now, open, 2*parallel)
	})
	if err != nil || len(list) == 0 {
		return claimed{}, false, err
	}
	_, domain, _ := strings.Cut(w.From.Address, "@")
	batch, err := db.Write(ctx, w.DB, func(tx *db.Tx) ([]claimed, error) {
		turn := false
		for _, one := range list {
			if one.bulk && !turn {
				if turn, err = p.take(tx, now); err != nil || !turn {
					return nil, err
				}
			}
			got, err := claim(tx, one.id, now, now.Add(lease), domain)
			if err != nil || len(got) > 0 {
				return got, err
			}
		}
		if turn {
			return nil, errTooLate
		}
		return nil, nil
	})
	if errors.Is(err, errTooLate) {
		err = nil
	}
	if err != nil || len(batch) == 0 {
		return claimed{}, false, err
	}
	return batch[0], true, nil
}

// errTooLate gives a campaign's turn back: another worker took the mails meanwhile.
var errTooLate = errors.New("all taken")

// outcome is what an attempt came to.
type outcome struct {
	state         State
	nextAt        civil.Instant
	lastError     string
	sentAt        civil.Instant
	firstFailedAt civil.Instant
}

func (w *Worker) deliver(ctx context.Context, l layout, c claimed) error {
	err := w.attempt(ctx, l, c)
	now := w.Now()
	o := decide(c, err, civil.InstantOf(now))
	w.tell(c, o, err, civil.InstantOf(now))
	// The mail has left: not noting it would send it twice, so the note is worth a few tries.
	for try := range 5 {
		if err = w.note(ctx, now, c, o); err == nil {
			return nil
		}
		time.Sleep(time.Duration(try*try) * 50 * time.Millisecond)
	}
	return fmt.Errorf("note mail %s as %s: %w", c.id, o.state, err)
}

func (w *Worker) note(ctx context.Context, now time.Time, c claimed, o outcome) error {
	return db.Do(ctx, w.DB, func(tx *db.Tx) error {
		held, err := settle(tx, c, o)
		if err != nil || !held || o.state != Bounced || w.OnBounce == nil {
			return err
		}
		s, err := ByID(tx, c.id)
		if err != nil {
			return err
		}
		return w.OnBounce(tx, now, s)
	})
}

// attempt renders and sends; a panic of a template is an error like another.
func (w *Worker) attempt(ctx context.Context, l layout, c claimed) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Failure{Blame: Server, Kind: "render", Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	if !plainAddress(c.to) {
		return &Failure{Blame: Gone, Kind: "address"}
	}
	patient := w.Patience
	if patient <= 0 || patient > lease/2 {
		patient = patience
	}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	m, err := w.render(ctx, l, c)
	if err != nil {
		return err
	}
	return w.Sender.Send(ctx, m)
}

func (w *Worker) render(ctx context.Context, l layout, c claimed) (Mail, error) {
	var render func(context.Context, db.Reader, map[string]string) (Body, error)
	for _, t := range w.Templates {
		if t.Name == c.template {
			render = t.Render
		}
	}
	if render == nil { // an older instance beside a newer one: it will find it
		return Mail{}, &Failure{Blame: Server, Kind: "template"}
	}
	return db.Read(ctx, w.DB, func(r db.Reader) (Mail, error) {
		body, err := render(ctx, r, c.args)
		if err == nil {
			body, err = w.reword(r, c.template, body)
		}
		if errors.Is(err, ErrDrop) {
			return Mail{}, err
		}
		if err != nil {
			return Mail{}, &Failure{Blame: Server, Kind: "render", Err: err}
		}
		var look Look
		if w.Look != nil {
			if look, err = w.Look(r); err != nil {
				return Mail{}, &Failure{Blame: Server, Kind: "render", Err: err}
			}
		}
		m := Mail{MessageID: c.messageID, From: Address{oneLine(w.From.Name), w.From.Address}, ReplyTo: w.ReplyTo,
			ToName: oneLine(body.ToName), To: c.to, Stop: body.Stop}
		if m.Subject, m.Text, m.HTML, err = l.render(look, body); err != nil {
			return Mail{}, &Failure{Blame: Server, Kind: "render", Err: err}
		}
		return m, nil
	})
}

// decide is what becomes of a mail after an attempt.
func decide(c claimed, err error, now civil.Instant) outcome {
	if err == nil {
		return outcome{state: Sent, nextAt: now, sentAt: now}
	}
	if errors.Is(err, ErrDrop) {
		return outcome{state: Dropped, nextAt: now, lastError: "dropped"}
	}
	f := &Failure{Blame: Server, Kind: "other"}
	errors.As(err, &f)
	o := outcome{state: Deferred, lastError: f.Kind, firstFailedAt: c.firstFailedAt}
	if f.Blame == Recipient && o.firstFailedAt == 0 { // the three days run from the recipient's first refusal
		o.firstFailedAt = now
	}
	wait := backoff[min(max(int(c.attempt), 1), len(backoff))-1]
	o.nextAt = now.Add(wait)
	late := f.Blame == Recipient && now >= o.firstFailedAt.Add(giveUp)
	if f.Blame == Gone || late {
		o.state, o.nextAt = Bounced, now
	}
	return o
}

// plainAddress tells whether s is one bare address, fit for a header and a command as it is.
func plainAddress(s string) bool {
	if s == "" || len(s) > 254 || s != oneLine(s) || strings.ContainsAny(s, " <>,;\"()[]\\") {
		return false
	}
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == ""
}
