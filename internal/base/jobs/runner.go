package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// backoff is the wait after the first, second… failure; after the last the job has failed for ever.
var backoff = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
	4 * time.Hour, 12 * time.Hour}

const (
	maxAttempts = 8
	lease       = time.Minute
	parallel    = 2
	maxError    = 500
)

// Runner runs what is due. Several may run, on one machine or more: a job is claimed by a conditional update, and
// one of a kind without a handler here is left to another.
type Runner struct {
	DB       *db.DB
	Handlers []Handler
	Dailies  []Daily
	Now      func() time.Time
	Grace    time.Duration // how long handlers may go on once stopped; 10 seconds by default
	Log      *slog.Logger  // slog's default when nil

	mu    sync.Mutex
	fired map[string]string // last day or slot known to be in the table, by kind
}

func (n *Runner) log() *slog.Logger {
	if n.Log != nil {
		return n.Log
	}
	return slog.Default()
}

// Run runs jobs until ctx ends, then gives those under way Grace to finish, after which their ctx ends too; a job
// cut short is run again elsewhere.
func (n *Runner) Run(ctx context.Context) {
	grace := n.Grace
	if grace <= 0 {
		grace = 10 * time.Second
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })
	defer unhook()
	var all sync.WaitGroup
	for range parallel {
		all.Go(func() { n.loop(ctx, work) })
	}
	all.Wait()
}

// loop runs one job after the other: a long one holds its own loop only.
func (n *Runner) loop(ctx, work context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := n.drain(ctx, work); err != nil && ctx.Err() == nil {
			n.log().Error("run jobs", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once adds the day's tasks, runs all that is due, and returns how many jobs it ran.
func (n *Runner) Once(ctx context.Context) (int, error) { return n.drain(ctx, ctx) }

func (n *Runner) drain(ctx, work context.Context) (int, error) {
	if err := n.fireDailies(ctx); err != nil {
		return 0, err
	}
	for ran := 0; ; ran++ {
		if ctx.Err() != nil {
			return ran, nil
		}
		c, found, err := n.claim(ctx)
		if err != nil || !found {
			return ran, err
		}
		if err := n.run(work, c); err != nil {
			return ran + 1, err
		}
	}
}

// fireDailies adds the rows of today's tasks whose hour has come.
func (n *Runner) fireDailies(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.Now()
	today := civil.DateOf(now)
	for _, daily := range n.Dailies {
		last, fire := today.String(), n.fireDay
		if len(daily.Hours) > 0 {
			slots := daily.due(today, now.Hour())
			if len(slots) == 0 {
				continue
			}
			last, fire = slots[len(slots)-1], n.fireSlots
		} else if now.Hour() < daily.Hour {
			continue
		}
		if n.fired[daily.Kind] == last {
			continue
		}
		if err := fire(ctx, now, daily); err != nil {
			return fmt.Errorf("add daily task %s: %w", daily.Kind, err)
		}
		if n.fired == nil {
			n.fired = map[string]string{}
		}
		n.fired[daily.Kind] = last
	}
	return nil
}

func (n *Runner) fireDay(ctx context.Context, now time.Time, daily Daily) error {
	today := civil.DateOf(now)
	there, err := db.Read(ctx, n.DB, func(r db.Reader) (bool, error) { return hasDay(r, daily.Kind, today) })
	if err != nil || there {
		return err
	}
	return db.Do(ctx, n.DB, func(tx *db.Tx) error {
		_, err := insert(tx, ID(db.NewID()), now, daily.Kind, nil, today, "", civil.InstantOf(now))
		return err
	})
}

// fireSlots adds the slots of today that have come and are not there.
func (n *Runner) fireSlots(ctx context.Context, now time.Time, daily Daily) error {
	today := civil.DateOf(now)
	there, err := db.Read(ctx, n.DB, func(r db.Reader) ([]string, error) { return slotsOf(r, daily.Kind, today) })
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(daily.due(today, now.Hour()), func(s string) bool { return slices.Contains(there, s) })
	if len(missing) == 0 {
		return nil
	}
	return db.Do(ctx, n.DB, func(tx *db.Tx) error {
		for _, s := range missing {
			if _, err := insert(tx, ID(db.NewID()), now, daily.Kind, nil, civil.Date{}, s, civil.InstantOf(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (n *Runner) handler(kind string) (Handler, bool) {
	for _, h := range n.Handlers {
		if h.Kind == kind {
			return h, true
		}
	}
	return Handler{}, false
}

// claim takes the first due job of a kind it knows that no other runner was faster to take.
func (n *Runner) claim(ctx context.Context) (c claimed, found bool, err error) {
	kinds := make([]string, 0, len(n.Handlers))
	for _, h := range n.Handlers {
		kinds = append(kinds, h.Kind)
	}
	if len(kinds) == 0 {
		return claimed{}, false, nil
	}
	now := civil.InstantOf(n.Now())
	ids, err := db.Read(ctx, n.DB, func(r db.Reader) ([]ID, error) { return due(r, now, kinds, 2*parallel) })
	if err != nil || len(ids) == 0 {
		return claimed{}, false, err
	}
	batch, err := db.Write(ctx, n.DB, func(tx *db.Tx) ([]claimed, error) {
		for _, id := range ids {
			one, err := claim(tx, id, now, now.Add(lease))
			if err != nil || len(one) > 0 {
				return one, err
			}
		}
		return nil, nil
	})
	if err != nil || len(batch) == 0 {
		return claimed{}, false, err
	}
	return batch[0], true, nil
}

// outcome is what an attempt came to.
type outcome struct {
	state     State
	runAt     civil.Instant
	lastError string
	doneAt    civil.Instant
}

func (n *Runner) run(ctx context.Context, c claimed) error {
	done := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { n.keepLease(ctx, c, done) })
	err := n.attempt(ctx, c)
	close(done)
	beat.Wait()
	o := decide(c, err, civil.InstantOf(n.Now()))
	if err != nil {
		n.log().Warn("job not done", "job", c.id, "kind", c.kind, "state", o.state, "attempt", c.attempt, "err", err)
	}
	return db.Do(context.WithoutCancel(ctx), n.DB, func(tx *db.Tx) error { return settle(tx, c, o) })
}

// keepLease holds a job that takes longer than its lease.
func (n *Runner) keepLease(ctx context.Context, c claimed, done <-chan struct{}) {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			until := civil.InstantOf(n.Now()).Add(lease)
			err := db.Do(ctx, n.DB, func(tx *db.Tx) error { return extend(tx, c, until) })
			if err != nil && ctx.Err() == nil {
				n.log().Warn("job lease not extended", "job", c.id, "err", err)
			}
		}
	}
}

// attempt runs the handler; a panic is an error like another.
func (n *Runner) attempt(ctx context.Context, c claimed) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	h, _ := n.handler(c.kind)
	args := map[string]string(c.args)
	if !c.day.IsZero() {
		args["day"] = c.day.String()
	}
	if day, hour, ok := strings.Cut(c.slot, "T"); ok {
		args["day"], args["hour"] = day, hour
	}
	return h.Run(ctx, args)
}

// decide is what becomes of a job after an attempt.
func decide(c claimed, err error, now civil.Instant) outcome {
	if err == nil {
		return outcome{state: Done, runAt: now, doneAt: now}
	}
	text := []rune(err.Error())
	o := outcome{state: Queued, lastError: string(text[:min(len(text), maxError)])}
	if c.attempt >= maxAttempts || errors.Is(err, ErrForEver) {
		o.state, o.runAt = Failing, now
		return o
	}
	o.runAt = now.Add(backoff[min(max(int(c.attempt), 1), len(backoff))-1])
	return o
}
