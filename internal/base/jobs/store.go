package jobs

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// insert adds a job, unless it is a day's or a slot's that is there already.
func insert(tx *db.Tx, id ID, now time.Time, kind string, args db.Args, day civil.Date, slot string, at civil.Instant) (bool, error) {
	n, err := tx.Exec(`insert into job (id, kind, args, day, slot, state, run_at, created_at)
		values ($1, $2, $3, $4, nullif($5, ''), 'queued', $6, $7) on conflict do nothing`, id, kind, args, day, slot, at, civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("insert job: %w", err)
	}
	return n == 1, nil
}

const statusColumns = `id, kind, args, day, coalesce(slot, ''), state, attempts, run_at, last_error, created_at`

func scanStatus(s db.Scanner) (st Status, err error) {
	var args db.Args
	err = s.Scan(&st.ID, &st.Kind, &args, &st.Day, &st.Slot, &st.State, &st.Attempts, &st.RunAt, &st.LastError, &st.CreatedAt)
	st.Args = args
	return st, err
}

// Failed lists the jobs that failed for ever, newest first.
func Failed(r db.Reader) ([]Status, error) {
	return db.List(r, scanStatus, `select `+statusColumns+` from job where state = 'failed' order by id desc limit 500`)
}

// OfKind lists the newest jobs of a kind, at most limit.
func OfKind(r db.Reader, kind string, limit int) ([]Status, error) {
	return db.List(r, scanStatus, `select `+statusColumns+` from job where kind = $1 order by id desc limit $2`,
		kind, limit)
}

func hasDay(r db.Reader, kind string, day civil.Date) (bool, error) {
	all, err := db.List(r, db.Column[string], `select id from job where kind = $1 and day = $2`, kind, day)
	return len(all) > 0, err
}

// slotsOf lists the slots of a day that are there.
func slotsOf(r db.Reader, kind string, day civil.Date) ([]string, error) {
	return db.List(r, db.Column[string], `select slot from job where kind = $1 and slot >= $2 and slot < $3`, kind, slot(day, 0), slot(day, 24))
}

func requeue(tx *db.Tx, id ID, now time.Time) (int64, error) {
	n, err := tx.Exec(`update job set state = 'queued', attempts = 0, run_at = $1 where id = $2 and state = 'failed'`,
		civil.InstantOf(now), id)
	if err != nil {
		return 0, fmt.Errorf("requeue job: %w", err)
	}
	return n, nil
}

func deleteBefore(tx *db.Tx, before time.Time) (int64, error) {
	n, err := tx.Exec(`delete from job where state = 'done' and done_at < $1`, civil.InstantOf(before))
	if err != nil {
		return 0, fmt.Errorf("purge jobs: %w", err)
	}
	return n, nil
}

// due lists jobs of the given kinds that may be claimed, oldest first.
func due(r db.Reader, now civil.Instant, kinds []string, limit int) ([]ID, error) {
	args := []any{now, now, limit}
	marks := make([]string, len(kinds))
	for i, kind := range kinds {
		args = append(args, kind)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	ids, err := db.List(r, db.Column[ID], `select id from job where state in ('queued', 'running') and run_at <= $1
		and (state = 'queued' or lease_until < $2) and kind in (`+strings.Join(marks, ", ")+`)
		order by run_at, id limit $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("read due jobs: %w", err)
	}
	return ids, nil
}

// claimed is a job that this runner holds until its lease ends; attempt tells it from a later holder.
type claimed struct {
	id      ID
	kind    string
	args    db.Args
	day     civil.Date
	slot    string
	attempt int64
}

// claim takes one due job; none comes back when another runner was first.
func claim(tx *db.Tx, id ID, now, until civil.Instant) ([]claimed, error) {
	all, err := db.List(tx, func(s db.Scanner) (c claimed, err error) {
		return c, s.Scan(&c.id, &c.kind, &c.args, &c.day, &c.slot, &c.attempt)
	}, `update job set state = 'running', lease_until = $1, attempts = attempts + 1
		where id = $2 and run_at <= $3 and (state = 'queued' or state = 'running' and lease_until < $4)
		returning id, kind, args, day, coalesce(slot, ''), attempts`, until, id, now, now)
	if err != nil {
		return nil, fmt.Errorf("claim job: %w", err)
	}
	return all, nil
}

func extend(tx *db.Tx, c claimed, until civil.Instant) error {
	_, err := tx.Exec(`update job set lease_until = $1 where id = $2 and state = 'running' and attempts = $3`,
		until, c.id, c.attempt)
	if err != nil {
		return fmt.Errorf("extend job's lease: %w", err)
	}
	return nil
}

// settle writes the outcome of an attempt, unless the lease was lost meanwhile.
func settle(tx *db.Tx, c claimed, o outcome) error {
	_, err := tx.Exec(`update job set state = $1, run_at = $2, last_error = $3, done_at = $4, lease_until = null
		where id = $5 and state = 'running' and attempts = $6`, o.state, o.runAt, o.lastError, o.doneAt, c.id, c.attempt)
	if err != nil {
		return fmt.Errorf("settle job: %w", err)
	}
	return nil
}
