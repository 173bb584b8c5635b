package db

import "context"

// Hooks are what tests may change in the commit path.
type Hooks struct {
	BeforeCommit func() error // its error makes the commit fail
	BeforeAnswer func()       // after the commit, before anybody is told
	VFS          string       // SQLite's file layer
	Synchronous  string       // instead of full
	AnswerEarly  bool         // answer before the commit
	Batch        int          // closures a commit at most
}

// WithHooks opens with h.
func WithHooks(h Hooks) Option {
	return func(d *DB) {
		d.hooks = hooks{beforeCommit: h.BeforeCommit, beforeAnswer: h.BeforeAnswer, vfs: h.VFS,
			synchronous: h.Synchronous, answerEarly: h.AnswerEarly, batch: h.Batch}
	}
}

// SetHooks replaces the hooks of an open database that nobody is writing to.
func (d *DB) SetHooks(h Hooks) { WithHooks(h)(d) }

// MaxPrepared is how many statements a connection keeps.
const MaxPrepared = maxPrepared

// Prepared is how many statements the writer's connection keeps, while nobody writes.
func (d *DB) Prepared() int {
	if d.writer == nil {
		return 0
	}
	return len(d.writer.session.stmts)
}

// Alone runs fn as a migration does.
func Alone(ctx context.Context, d *DB, fn func() error) error { return d.alone(ctx, fn) }
