package suspension

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// JobFamilies goes through the families of a suspension: one transaction and one mail a head for each, so that a
// process killed in the middle goes on where it stopped.
const JobFamilies = "suspension.families"

// Jobs is what the job needs.
type Jobs struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Handlers are the jobs of this package.
func (j Jobs) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: JobFamilies, Run: func(ctx context.Context, args map[string]string) error {
		return j.run(ctx, ID(args["suspension"]))
	}}}
}

func (j Jobs) run(ctx context.Context, id ID) error {
	s, err := db.Read(ctx, j.DB, func(r db.Reader) (kept, error) { return byID(r, id) })
	if err != nil {
		return err
	}
	switch s.State {
	case Closing:
		return j.cancelAll(ctx, s)
	case Reopening:
		return j.giveBackAll(ctx, s)
	}
	return nil // done by an earlier run
}

// rounds is how many times the families are gone through: what somebody changed at the same moment is read again.
const rounds = 3

// cancelAll cancels, family by family, what is held on the days of a suspension, and notes how much it could not.
func (j Jobs) cancelAll(ctx context.Context, s kept) error {
	left := 0
	for range rounds {
		all, err := j.toCancel(ctx, s)
		if err != nil {
			return fmt.Errorf("list families: %w", err)
		}
		if left = len(all); left == 0 {
			break
		}
		done := map[family.ID]bool{}
		for _, h := range all {
			of := h.family
			if done[of] {
				continue
			}
			done[of] = true
			err := j.each(ctx, func(tx *db.Tx, now time.Time, cat *activity.Catalogue) error { return cancel(tx, now, cat, s, of) })
			if err != nil && fault.KindOf(err) == fault.Unknown { // a refusal keeps no other family waiting
				return err
			}
		}
	}
	if left > 0 {
		all, err := j.toCancel(ctx, s)
		if err != nil {
			return fmt.Errorf("list what is left: %w", err)
		}
		left = len(all)
	}
	return db.Do(ctx, j.DB, func(tx *db.Tx) error { return setDone(tx, s.ID, Closing, Closed, left) })
}

// toCancel lists what a suspension has to cancel.
func (j Jobs) toCancel(ctx context.Context, s kept) ([]held, error) {
	cat, err := j.Catalogue.Get(ctx, j.Now())
	if err != nil {
		return nil, err
	}
	all, err := db.Read(ctx, j.DB, func(r db.Reader) ([]held, error) { return s.across().heldBy(r, cat, "") })
	return slices.DeleteFunc(all, func(h held) bool { return !h.changes(cat) }), err
}

// each runs a step in a write of its own.
func (j Jobs) each(ctx context.Context, step func(tx *db.Tx, now time.Time, cat *activity.Catalogue) error) error {
	now := j.Now()
	cat, err := j.Catalogue.Get(ctx, now)
	if err != nil {
		return err
	}
	return db.Do(ctx, j.DB, func(tx *db.Tx) error { return step(tx, now, cat) })
}

// agent is who made the suspension, with what it lends.
func (s kept) agent() actor.Actor { return acting(s.account, s.person, s.Service) }

// cancel gives up what one family has on the days of a suspension: one confirmation. A day whose presence is noted
// stays; so does a day of an activity without periods, which the portal does not book.
func cancel(tx *db.Tx, now time.Time, cat *activity.Catalogue, s kept, of family.ID) error {
	all, err := s.across().heldBy(tx, cat, of)
	if err != nil {
		return fmt.Errorf("list what a family has: %w", err)
	}
	o := s.order(of)
	for _, h := range all {
		if h.changes(cat) {
			o.Wishes = append(o.Wishes, h.wish())
		}
	}
	return apply(tx, now, s, cat, o, func(out booking.Outcome) error {
		if err := insertOrder(tx, s.ID, out.Reference, out.Done()); err != nil {
			return err
		}
		return tell(tx, now, MailClosed, s.ID, of, out.Reference)
	})
}

// order is what a suspension asks of a family, its wishes apart. Its mails are those of this package.
func (s kept) order(of family.ID) booking.Order {
	return booking.Order{Family: of, Overrule: true, Reason: s.words(), Quiet: true}
}

// changes tells that a suspension changes what is held.
func (h held) changes(cat *activity.Catalogue) bool {
	act, known := cat.Activity(h.Activity)
	if !known || h.happened() || !h.Live() {
		return false
	}
	_, within := act.PeriodOf(h.Day)
	return within
}

// apply runs an order and hands over what came of it, unless nothing did. A child that left the family meanwhile keeps
// no other from having its part.
func apply(tx *db.Tx, now time.Time, s kept, cat *activity.Catalogue, o booking.Order, note func(booking.Outcome) error) error {
	if len(o.Wishes) == 0 {
		return nil
	}
	out, err := booking.Apply(tx, now, s.agent(), cat, o)
	parts := o.ByChild()
	switch {
	case fault.KindOf(err) == fault.NotFound && len(parts) > 1:
		for _, part := range parts {
			if err := apply(tx, now, s, cat, part, note); err != nil {
				return err
			}
		}
		return nil
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	case out.Reference == "":
		return nil
	}
	return note(out)
}

// giveBackAll gives each family back what a suspension took from it.
func (j Jobs) giveBackAll(ctx context.Context, s kept) error {
	all, err := db.Read(ctx, j.DB, func(r db.Reader) ([]string, error) { return notGivenBack(r, s.ID) })
	if err != nil {
		return fmt.Errorf("list confirmations: %w", err)
	}
	for _, reference := range all {
		if err := j.each(ctx, func(tx *db.Tx, now time.Time, cat *activity.Catalogue) error {
			return giveBack(tx, now, cat, s, reference)
		}); err != nil {
			return fmt.Errorf("give back %s: %w", reference, err)
		}
	}
	cat, err := j.Catalogue.Get(ctx, j.Now())
	if err != nil {
		return err
	}
	left, err := db.Read(ctx, j.DB, func(r db.Reader) ([]stuck, error) { return notBack(r, j.Now(), cat, s) })
	if err != nil {
		return fmt.Errorf("list what is not given back: %w", err)
	}
	return db.Do(ctx, j.DB, func(tx *db.Tx) error { return setDone(tx, s.ID, Reopening, Reopened, len(left)) })
}

// giveBack books again what one confirmation of a suspension cancelled, with a place added where it went to somebody
// else. What the family booked itself since is left as it is; a day only asked for is not asked again.
func giveBack(tx *db.Tx, now time.Time, cat *activity.Catalogue, s kept, reference string) error {
	mine, err := claimBack(tx, reference)
	if err != nil || !mine { // another run of the job did
		return err
	}
	all, err := lostIn(tx, reference, civil.DateOf(now))
	if err != nil || len(all) == 0 {
		return err
	}
	stands, err := holdingsOf(tx, cat, all)
	if err != nil {
		return err
	}
	o := restoring(all, stands)
	some := false
	if err := apply(tx, now, s, cat, o, func(out booking.Outcome) error {
		some = true
		return tell(tx, now, MailReopened, s.ID, o.Family, out.Reference)
	}); err != nil || !some {
		return err
	}
	return setGivenBack(tx, reference)
}

// restoring is the order that gives back what was lost: all of it where nothing stands, and the rest of a day where what
// was left of it still is what stands.
func restoring(all []lost, stands map[booking.Cell]booking.Holding) booking.Order {
	o := booking.Order{Overrule: true, AddPlace: true, Restore: true, Reason: restored, Quiet: true}
	for _, x := range all {
		choice, booked := x.was.Booked()
		if !booked {
			continue
		}
		o.Family = x.family
		w := booking.Wish{Cell: x.Cell, Want: choice}
		if h := stands[x.Cell]; x.became != "" && h.State == booking.Booked && h.Choice == x.became {
			w.Seen = h.Token()
		} else if x.became != "" {
			continue // the family did something else of it since
		}
		o.Wishes = append(o.Wishes, w)
	}
	return o
}

// restored is the word on a day that comes back.
const restored = "Accueil rétabli"

// holdingsOf is what stands of the days that were lost.
func holdingsOf(r db.Reader, cat *activity.Catalogue, all []lost) (map[booking.Cell]booking.Holding, error) {
	var children []family.ChildID
	var days civil.Range
	for _, x := range all {
		if !slices.Contains(children, x.Child) {
			children = append(children, x.Child)
		}
		if days.From.IsZero() || x.Day.Before(days.From) {
			days.From = x.Day
		}
		if x.Day.After(days.To) {
			days.To = x.Day
		}
	}
	return booking.Holdings(r, cat, children, days)
}
