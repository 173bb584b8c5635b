package mail

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// pace spaces the mails of campaigns. When the next one may leave is a row that all instances share and that
// outlives restarts: whatever waits after a long stop leaves at the same rate as the rest.
type pace struct {
	gap    time.Duration // between two mails; 0 is no limit
	credit time.Duration // how much of a second that nobody used may be made up for
}

const (
	bulkClass = "bulk"
	// The worker looks once a second: faster rates send several mails a look.
	look = time.Second
	// A turn further ahead than this was set by a clock that was wrong since.
	clockSlack = time.Hour
)

// paceOf never lets more than perMinute mails go in any minute.
func paceOf(perMinute int) pace {
	if perMinute <= 0 {
		return pace{}
	}
	if gap := time.Minute / time.Duration(perMinute); gap >= look {
		return pace{gap: gap}
	}
	return pace{gap: (time.Minute + look) / time.Duration(perMinute), credit: look}
}

// open tells whether a campaign's mail may leave now, without taking its turn.
func (p pace) open(r db.Reader, now civil.Instant) (bool, error) {
	if p.gap == 0 {
		return true, nil
	}
	next, err := db.List(r, db.Column[civil.Instant], `select next_at from mail_pace where class = $1`, bulkClass)
	if err != nil {
		return false, fmt.Errorf("read mail pace: %w", err)
	}
	return len(next) == 0 || next[0] <= now || next[0] > p.far(now), nil
}

// take takes the turn of one mail; false when it has not come.
func (p pace) take(tx *db.Tx, now civil.Instant) (bool, error) {
	if p.gap == 0 {
		return true, nil
	}
	floor := now.Add(-p.credit)
	n, err := tx.Exec(`insert into mail_pace (class, next_at) values ($1, $2)
		on conflict (class) do update set next_at = $3 +
			case when mail_pace.next_at < $4 or mail_pace.next_at > $5 then $4 else mail_pace.next_at end
		where mail_pace.next_at <= $6 or mail_pace.next_at > $5`,
		bulkClass, now.Add(p.gap), int64(p.gap/time.Microsecond), floor, p.far(now), now)
	if err != nil {
		return false, fmt.Errorf("take mail's turn: %w", err)
	}
	return n == 1, nil
}

func (p pace) far(now civil.Instant) civil.Instant { return now.Add(p.gap + clockSlack) }
