package reminder

import (
	"context"
	"maps"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
)

// JobSweep looks every hour whom to tell. Nothing is due at a certain run: what one missed, the next says, as long as it
// is of use.
const JobSweep = "reminder.sweep"

const (
	longest = 54 * time.Hour // from the evening two days before to the end of a day
	kept    = 400 * 24 * time.Hour
	chunk   = 50 // accounts looked at on one snapshot, and told in one write
)

// Desk is what telling needs.
type Desk struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
	Barred    booking.Barred // nil: nobody is
}

// Handlers are the jobs of this package.
func (d Desk) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: JobSweep, Run: func(ctx context.Context, args map[string]string) error {
		if err := d.Sweep(ctx); err != nil || args["hour"] != "03" {
			return err
		}
		return db.Do(ctx, d.DB, func(tx *db.Tx) error { return forget(tx, d.Now().Add(-kept)) })
	}}}
}

// Schedule is when they run.
func Schedule() []jobs.Daily { return []jobs.Daily{jobs.Hourly(JobSweep)} }

// Sweep writes the mails that are due. Run again, run late, cut short, it writes none twice and none past its moment.
func (d Desk) Sweep(ctx context.Context) error {
	now := d.Now()
	cat, err := d.Catalogue.Get(ctx, now)
	if err != nil {
		return err
	}
	if err := d.deadlines(ctx, now, cat); err != nil {
		return err
	}
	return d.openings(ctx, now, cat)
}

// notice is a mail to write.
type notice struct {
	to    Who
	about []string
}

func (d Desk) deadlines(ctx context.Context, now time.Time, cat *activity.Catalogue) error {
	soon := booking.SoonOver(cat, now, now.Add(longest))
	if len(soon) == 0 {
		return nil
	}
	all, err := db.Read(ctx, d.DB, func(r db.Reader) (map[account.ID]Who, error) {
		all := map[account.ID]Who{}
		for _, x := range soon {
			some, err := silent(r, x, civil.DateOf(now))
			if err != nil {
				return nil, err
			}
			for _, w := range some {
				all[w.Account] = w
			}
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(all)), chunk) {
		notices, err := db.Read(ctx, d.DB, func(r db.Reader) ([]notice, error) {
			var some []notice
			for _, id := range ids {
				n, err := d.noticeFor(r, now, cat, all[id])
				if err != nil {
					return nil, err
				}
				if len(n.about) > 0 {
					some = append(some, n)
				}
			}
			return some, nil
		})
		if err != nil {
			return err
		}
		if err := db.Do(ctx, d.DB, func(tx *db.Tx) error { return tell(tx, now, notices) }); err != nil {
			return err
		}
	}
	return nil
}

func (d Desk) noticeFor(r db.Reader, now time.Time, cat *activity.Catalogue, to Who) (notice, error) {
	all, err := booking.UnansweredOf(r, now, to.reader(), cat, d.Barred)
	if err != nil || len(all) == 0 {
		return notice{}, err
	}
	told, err := toldOf(r, to.Account)
	n := notice{to: to}
	for _, u := range due(all, to.Ahead, told, now) {
		if !slices.Contains(n.about, u.Key()) {
			n.about = append(n.about, u.Key())
		}
	}
	return n, err
}

// tell writes the mails of notices, those not told meanwhile. They leave after all other mails, at the pace of campaigns.
func tell(tx *db.Tx, now time.Time, notices []notice) error {
	for _, n := range notices {
		id, some := db.NewID(), false
		for _, about := range n.about {
			is, err := claim(tx, now, n.to.Account, about, id)
			if err != nil {
				return err
			}
			some = some || is
		}
		if !some {
			continue
		}
		if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailDeadline, To: n.to.Email, Account: string(n.to.Account), Bulk: true,
			Args: map[string]string{"notice": id}}); err != nil {
			return err
		}
	}
	return nil
}

func (d Desk) openings(ctx context.Context, now time.Time, cat *activity.Catalogue) error {
	type moved struct {
		watch
		step
	}
	all, err := db.Read(ctx, d.DB, watches)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(w watch) bool { return w.ToldFor == 0 && !booking.OpensSoon(cat, w.Period, now, now.Add(longest)) })
	for some := range slices.Chunk(all, chunk) {
		moves, err := db.Read(ctx, d.DB, func(r db.Reader) ([]moved, error) {
			var moves []moved
			var of account.ID
			var open []booking.Opening
			for _, w := range some {
				if w.Account != of {
					var err error
					if open, err = booking.OpeningsOf(r, now, w.reader(), cat); err != nil {
						return nil, err
					}
					of = w.Account
				}
				o, known := find(open, w.Period)
				if to := w.next(o, known, now); to.tell || to.over || to.moment != w.ToldFor {
					moves = append(moves, moved{w, to})
				}
			}
			return moves, nil
		})
		if err != nil {
			return err
		}
		err = db.Do(ctx, d.DB, func(tx *db.Tx) error {
			for _, m := range moves {
				is, err := m.advance(tx, now, m.step)
				if err != nil {
					return err
				}
				if !is || !m.tell {
					continue
				}
				if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailOpening, To: m.Email, Account: string(m.Account), Bulk: true,
					Args: map[string]string{"account": string(m.Account), "period": string(m.Period)}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
