package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"parvis/internal/base/crash"
)

// The bounds of one group commit, and of one closure before it is counted as slow.
const (
	batchWrites  = 64
	batchTime    = 20 * time.Millisecond
	slowClosure  = 100 * time.Millisecond
	queuedWrites = 4096
)

// writer is the one writer of an SQLite database. Its goroutine owns the connection; closures run one at a time
// on their callers' goroutines, each when the writer hands it the transaction, so that a panic or a Goexit
// stays where it belongs.
type writer struct {
	d       *DB
	queue   chan *request
	quit    chan struct{}
	ended   chan struct{}
	session *session
	failed  error // set for good after an fsync that failed: what reached the disk is not known any more
}

// request is one Write waiting for its turn and then for the commit.
type request struct {
	ctx    context.Context // not the client's: see writeContext
	state  atomic.Int32
	turn   chan *Tx
	done   chan outcome
	answer chan error
}

const (
	queued int32 = iota
	started
	dropped
)

// outcome is how a closure ended; finished is false after a panic or a Goexit.
type outcome struct {
	finished bool
	err      error
}

var errClosed = errors.New("database closed")

func (d *DB) newWriter(ctx context.Context) (*writer, error) {
	w := &writer{d: d, queue: make(chan *request, queuedWrites), quit: make(chan struct{}), ended: make(chan struct{})}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	go w.loop()
	return w, nil
}

func (w *writer) open(ctx context.Context) error {
	pool, err := sql.Open("sqlite", w.d.dsn)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	s, err := newSession(ctx, pool)
	if err != nil {
		pool.Close()
		return err
	}
	s.pool = pool
	w.session = s
	return nil
}

// stop ends the goroutine after the batch under way.
func (w *writer) stop() error {
	close(w.quit)
	<-w.ended
	if w.session == nil {
		return nil
	}
	return w.session.close()
}

// write queues fn, runs it when its turn comes, and returns after the commit of its batch.
func (w *writer) write(ctx context.Context, fn func(*Tx) error) error {
	r := &request{
		ctx:    writeContext(ctx),
		turn:   make(chan *Tx, 1),
		done:   make(chan outcome, 1),
		answer: make(chan error, 1),
	}
	select {
	case w.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		return errClosed
	}
	select {
	case tx := <-r.turn:
		return r.run(tx, fn, w.d)
	case err := <-r.answer:
		return err
	case <-w.ended:
		return errClosed
	case <-ctx.Done():
		if r.state.CompareAndSwap(queued, dropped) {
			return ctx.Err()
		}
	}
	select { // too late to drop: it has its turn, or its refusal
	case tx := <-r.turn:
		return r.run(tx, fn, w.d)
	case err := <-r.answer:
		return err
	}
}

// run runs on the caller's goroutine. The deferred send happens on a panic and on a Goexit too.
func (r *request) run(tx *Tx, fn func(*Tx) error, d *DB) error {
	func() {
		var o outcome
		defer func() { r.done <- o }()
		o.err = tx.run(fn, d.doubleRun)
		o.finished = true
	}()
	return <-r.answer
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		select {
		case r := <-w.queue:
			w.batch(r)
		case <-w.quit:
			return
		}
	}
}

// batch runs the requests that are waiting, first among them, in one transaction, commits it and answers.
func (w *writer) batch(first *request) {
	if err := w.begin(); err != nil {
		w.refuse(first, err)
		return
	}
	start := time.Now()
	var ran []*request
	var own []error // what each closure returned; nil for those that wait for the commit
	for r := first; r != nil; r = w.next(len(ran), start) {
		if !r.state.CompareAndSwap(queued, started) {
			continue
		}
		o, alive := w.runOne(r)
		if o.finished {
			ran, own = append(ran, r), append(own, o.err)
		}
		if !alive {
			w.abandon(ran, own, o.err)
			return
		}
		if o.finished && o.err == nil && w.d.hooks.answerEarly {
			r.answer <- nil
		}
	}
	err := w.commit()
	if w.d.hooks.beforeAnswer != nil {
		w.d.hooks.beforeAnswer()
	}
	for i, r := range ran {
		answer := own[i]
		if err != nil {
			answer = err
		}
		select {
		case r.answer <- answer:
		default: // answered early, by a test
		}
	}
}

// next is the following request, or nil when the batch is full or nobody waits.
func (w *writer) next(n int, start time.Time) *request {
	if n >= w.d.batchLimit() || time.Since(start) >= batchTime {
		return nil
	}
	select {
	case r := <-w.queue:
		return r
	default:
		return nil
	}
}

func (d *DB) batchLimit() int {
	if d.hooks.batch > 0 {
		return d.hooks.batch
	}
	return batchWrites
}

func (w *writer) begin() error {
	if w.failed != nil {
		return w.failed
	}
	if w.session == nil {
		if err := w.open(context.Background()); err != nil {
			return fmt.Errorf("reopen database: %w", err)
		}
	}
	if err := w.session.exec("begin immediate"); err != nil {
		w.reset()
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// refuse answers a batch that could not begin: its first request and all who wait behind it.
func (w *writer) refuse(first *request, err error) {
	err = friendly(err)
	for r, n := first, len(w.queue); ; n-- {
		if r.state.CompareAndSwap(queued, started) {
			r.answer <- err
		}
		if n == 0 {
			return
		}
		r = <-w.queue
	}
}

// runOne lets one closure run inside a savepoint. alive is false when the whole transaction is lost.
func (w *writer) runOne(r *request) (o outcome, alive bool) {
	if err := w.session.exec("savepoint verb"); err != nil {
		return outcome{finished: true, err: err}, false
	}
	tx := newTx(r.ctx, w.session)
	start := time.Now()
	r.turn <- tx
	o = <-r.done
	tx.end()
	w.d.stats.closure(w.d.log, time.Since(start))
	if o.finished && o.err == nil && tx.err == nil {
		if err := w.session.exec("release verb"); err != nil {
			return outcome{finished: true, err: err}, false
		}
		return o, true
	}
	if o.finished && o.err == nil {
		o.err = tx.err
	}
	// After disk full, an I/O error or lack of memory SQLite rolls back by itself: the savepoint is then gone.
	if err := w.session.exec("rollback to verb"); err != nil {
		return o, false
	}
	if err := w.session.exec("release verb"); err != nil {
		return o, false
	}
	o.err = friendly(o.err)
	return o, true
}

// abandon answers a batch whose transaction was lost under the last of its closures.
func (w *writer) abandon(ran []*request, own []error, cause error) {
	w.d.log.Error("transaction lost: all writes of the batch are refused", "writes", len(ran), "error", cause)
	w.reset()
	for i, r := range ran {
		if i == len(ran)-1 && own[i] != nil {
			r.answer <- friendly(own[i])
			continue
		}
		r.answer <- unknown(cause)
	}
}

// commit returns once the batch is on the disk.
func (w *writer) commit() error {
	crash.Point("db.before_commit")
	var err error
	if w.d.hooks.beforeCommit != nil {
		err = w.d.hooks.beforeCommit()
	}
	if err == nil {
		err = w.session.exec("commit")
	}
	if err != nil {
		w.d.log.Error("commit failed: all writes of the batch are refused", "error", err)
		w.reset()
		if isFsync(err) {
			// The kernel may have dropped the pages it could not write: trying again would lie.
			w.failed = unavailable(fmt.Errorf("database closed to writing until restarted: %w", err))
		}
		return unknown(err)
	}
	w.d.stats.batches.Add(1)
	crash.Point("db.after_commit")
	return nil
}

// reset drops the connection, and with it whatever transaction is left; the next batch opens another.
func (w *writer) reset() {
	_ = w.session.exec("rollback")
	w.session.discard()
	w.session = nil
}
