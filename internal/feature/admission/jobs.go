package admission

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/account"
)

// Handlers are the jobs of this package.
func (d Desk) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: jobCampaign, Run: d.share}, {Kind: jobRenew, Run: d.renew}}
}

// share writes one minute's mails of a campaign to the outbox, each in its own transaction, and asks for the next
// minute's; the outbox keeps the rate. Run again after a kill, it goes on where it stopped: the campaign counts its
// shares, so that one that had asked for the next already does nothing.
func (d Desk) share(ctx context.Context, args map[string]string) error {
	campaign := args["campaign"]
	number, _ := strconv.ParseInt(args["share"], 10, 64) // absent from the first
	batch, err := db.Read(ctx, d.DB, func(r db.Reader) ([]account.ID, error) {
		if over, err := shareOver(r, campaign, number); err != nil || over {
			return nil, err
		}
		return waiting(r, campaign, d.perMinute())
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	for _, to := range batch {
		if err := d.one(ctx, campaign, to); err != nil {
			return err
		}
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		mine, err := endShare(tx, campaign, number)
		if err != nil || !mine {
			return err
		}
		left, err := waiting(tx, campaign, 1)
		if err != nil || len(left) == 0 {
			return err
		}
		next := map[string]string{"campaign": campaign, "share": strconv.FormatInt(number+1, 10)}
		return jobs.Enqueue(tx, d.Now(), jobs.Job{Kind: jobCampaign, Args: next, RunAt: d.Now().Add(time.Minute)})
	})
}

// one writes to one account of a campaign; who claimed the account or lost the address meanwhile is passed over.
func (d Desk) one(ctx context.Context, campaign string, to account.ID) error {
	p, err := d.Prepare(ctx)
	if err != nil {
		return err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		mine, err := settleItem(tx, d.Now(), campaign, to)
		if err != nil || !mine {
			return err
		}
		acc, err := account.ByID(tx, to)
		if err != nil || acc.State != account.Unclaimed || acc.Email == "" {
			return err
		}
		return send(tx, d.Now(), actor.Job("campaign"), d.Key, p, to, true)
	})
}

// AskAgain answers somebody who holds a link that no longer works: a new one leaves, later, to the account's own
// address. It tells nothing.
func (d Desk) AskAgain(ctx context.Context, secret string) error {
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		v, err := bySecret(tx, secret)
		if err != nil {
			return err
		}
		return jobs.Enqueue(tx, d.Now(), jobs.Job{Kind: jobRenew, Args: map[string]string{"account": string(v.Account)}})
	})
}

func (d Desk) renew(ctx context.Context, args map[string]string) error {
	to := account.ID(args["account"])
	p, err := d.Prepare(ctx)
	if err != nil {
		return err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		acc, err := account.ByID(tx, to)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil || acc.State != account.Unclaimed || acc.Email == "" {
			return err
		}
		v, err := current(tx, to)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err == nil && v.ByPost && v.Alive(civil.InstantOf(d.Now())) {
			return nil // a letter is on its way: its code must live
		}
		n, err := sentSince(tx, to, civil.InstantOf(d.Now()).Add(-24*time.Hour))
		if err != nil || n >= renewals {
			return err
		}
		if err := Send(tx, d.Now(), actor.Job("renewal"), d.Key, p, to); err != nil {
			return fmt.Errorf("send again: %w", err)
		}
		return nil
	})
}
