// Package jobs runs what need not be done before the answer. It owns the table job. A job is written in the verb's
// transaction and run at least once, so handlers are idempotent; a daily task is a row too, unique by kind and day, or
// kind, day and hour, so that one instance runs it. What failed for ever stays, to be read and retried. It sends no mail itself.
package jobs

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
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
	return []db.Source{{Name: "jobs", FS: sub}}
}

// ID names a job.
type ID string

// Job is something to do later.
type Job struct {
	Kind  string
	Args  map[string]string // ids and small values
	RunAt time.Time         // at once when zero
}

// Handler does the jobs of one kind. It may run twice for one job, and its ctx ends when the process must stop.
type Handler struct {
	Kind string
	Run  func(ctx context.Context, args map[string]string) error
}

// Daily asks for one job of a kind each day from an hour on, in the town's zone; with Hours, for one from each of them
// on. Its handler gets the day as args["day"], AAAA-MM-JJ, and with Hours the hour as args["hour"], HH. An hour that the
// clock skips comes with the next, one that it shows twice counts once. What an instance missed of today is made up
// for when it starts; a day when none ran is not.
type Daily struct {
	Kind  string
	Hour  int   // counts without Hours only
	Hours []int // 0 to 23
}

// Hourly is a task of every hour.
func Hourly(kind string) Daily {
	d := Daily{Kind: kind, Hours: make([]int, 24)}
	for hour := range d.Hours {
		d.Hours[hour] = hour
	}
	return d
}

// slot names one hour of a day: "2027-01-12T03".
func slot(day civil.Date, hour int) string { return fmt.Sprintf("%sT%02d", day, hour) }

// due are the slots of a day that have come, in order.
func (d Daily) due(day civil.Date, hour int) []string {
	var slots []string
	for _, h := range d.Hours {
		if h <= hour {
			slots = append(slots, slot(day, h))
		}
	}
	slices.Sort(slots)
	return slots
}

// State is where a job has got to.
type State string

// The states: queued → running → done | queued again, later | failed.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failing State = "failed" // for ever: tried maxAttempts times
)

// Status is what the queue knows of a job.
type Status struct {
	ID        ID
	Kind      string
	Args      map[string]string
	Day       civil.Date
	Slot      string // of a task of several hours: "2027-01-12T03"
	State     State
	Attempts  int64
	RunAt     civil.Instant
	LastError string
	CreatedAt civil.Instant
}

// ErrForEver, wrapped in a handler's error, says that trying again is useless.
var ErrForEver = errors.New("job cannot succeed")

// Enqueue adds a job to the verb's transaction.
func Enqueue(tx *db.Tx, now time.Time, j Job) error {
	if j.Kind == "" {
		return errors.New("job without a kind")
	}
	at := civil.InstantOf(j.RunAt)
	if at == 0 {
		at = civil.InstantOf(now)
	}
	_, err := insert(tx, ID(db.NewID()), now, j.Kind, j.Args, civil.Date{}, "", at)
	return err
}

// Retry puts a job that failed for ever back in the queue.
func Retry(tx *db.Tx, now time.Time, id ID) error {
	n, err := requeue(tx, id, now)
	if err == nil && n == 0 {
		err = fmt.Errorf("retry job %s: it has not failed", id)
	}
	return err
}

// Purge deletes jobs done before a moment; failed ones stay until they are retried.
func Purge(tx *db.Tx, before time.Time) (int64, error) { return deleteBefore(tx, before) }
