package booking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/revert"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// The jobs of the waiting list.
const (
	JobHandOn = "booking.handon"      // freed places of args["slots"] go to those who wait
	JobExpire = "booking.offer.ended" // offers without an answer go to the next
	JobSweep  = "booking.waiting"     // every hour: both, for all; wishes that are too late end, those of a child received elsewhere follow it
)

// List runs the jobs of the waiting list.
type List struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Handlers are its jobs.
func (l List) Handlers() []jobs.Handler {
	return []jobs.Handler{
		{Kind: JobHandOn, Run: func(ctx context.Context, args map[string]string) error {
			var slots []activity.SlotID
			for _, id := range strings.Fields(args["slots"]) {
				slots = append(slots, activity.SlotID(id))
			}
			return l.promote(ctx, slots)
		}},
		{Kind: JobExpire, Run: func(ctx context.Context, _ map[string]string) error { return l.expire(ctx) }},
		{Kind: JobSweep, Run: l.sweep},
	}
}

// Schedule is when they run by themselves.
func (l List) Schedule() []jobs.Daily { return []jobs.Daily{jobs.Hourly(JobSweep)} }

// Placed gives their places to what is booked on some days of an activity, then hands the rest on to those who wait: it
// is what follows each change of an activity, a capacity raised, a day opened again.
func Placed(now func() time.Time) activity.Placer {
	return func(tx *db.Tx, c *activity.Catalogue, id activity.ID, days civil.Range) error {
		if err := Attach(tx, c, id, days); err != nil {
			return err
		}
		slots, err := activity.WaitedWithRoom(tx, id, days)
		if err != nil {
			return err
		}
		return handOn(tx, now(), slots)
	}
}

func (l List) promote(ctx context.Context, slots []activity.SlotID) error {
	cat, err := l.Catalogue.Get(ctx, l.Now())
	if err != nil {
		return err
	}
	for part := range slices.Chunk(slots, mostAtOnce) {
		if err := db.Do(ctx, l.DB, func(tx *db.Tx) error { _, err := Promote(tx, l.Now(), cat, part); return err }); err != nil {
			return err
		}
	}
	return nil
}

func (l List) expire(ctx context.Context) error {
	cat, err := l.Catalogue.Get(ctx, l.Now())
	if err != nil {
		return err
	}
	for {
		n, err := db.Write(ctx, l.DB, func(tx *db.Tx) (int, error) { return ExpireOffers(tx, l.Now(), cat) })
		if err != nil || n == 0 {
			return err
		}
	}
}

func (l List) sweep(ctx context.Context, _ map[string]string) error {
	if err := l.expire(ctx); err != nil {
		return err
	}
	now := l.Now()
	cat, err := l.Catalogue.Get(ctx, now)
	if err != nil {
		return err
	}
	days, err := db.Read(ctx, l.DB, func(r db.Reader) ([]civil.Date, error) {
		return db.List(r, db.Column[civil.Date], `select distinct day from booking where state = 'waiting' order by day`)
	})
	if err != nil {
		return fmt.Errorf("list days waited for: %w", err)
	}
	for _, day := range days {
		if err := db.Do(ctx, l.DB, func(tx *db.Tx) error { _, err := Lapse(tx, now, cat, day); return err }); err != nil {
			return err
		}
		if err := db.Do(ctx, l.DB, func(tx *db.Tx) error { _, err := Follow(tx, now, cat, day); return err }); err != nil {
			return err
		}
	}
	if err := db.Do(ctx, l.DB, func(tx *db.Tx) error { return waitedAgain(tx, civil.DateOf(now)) }); err != nil {
		return err
	}
	horizon := civil.Range{From: civil.DateOf(now), To: civil.DateOf(now).AddDays(800)}
	slots, err := db.Read(ctx, l.DB, func(r db.Reader) ([]activity.SlotID, error) { return activity.WaitedWithRoom(r, "", horizon) })
	if err != nil {
		return err
	}
	return l.promote(ctx, slots)
}

// mostExpired is how many cells a transaction ends the offers of.
const mostExpired = 50

// ExpireOffers ends offers that had no answer in time and hands their places on. It returns how many cells that was.
func ExpireOffers(tx *db.Tx, now time.Time, cat *activity.Catalogue) (int, error) {
	ids, err := db.List(tx, db.Column[ID], `select id from booking where state = 'offered' and offer_until_at <= $1 order by offer_until_at, id limit $2`,
		civil.InstantOf(now), mostExpired)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	all, err := liningIn(tx, cat, civil.DateOf(now), Offered, `b.id in (`+db.Marks(1, len(ids))+`)`, idAnys(ids)...)
	if err != nil {
		return 0, err
	}
	s := &Scene{Catalogue: cat, Now: now}
	if err := s.endOffers(tx, ids, noAnswer); err != nil {
		return 0, err
	}
	if err := s.recordEnd(tx, all, DidExpire, "booking.offer.expired", func(inLine) string { return noAnswer }); err != nil {
		return 0, err
	}
	return len(ids), s.handOn(tx)
}

const noAnswer = "La place proposée n’a pas reçu de réponse à temps"

func idAnys(ids []ID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	return args
}

// endOffers takes offers back and gives their places back.
func (s *Scene) endOffers(tx *db.Tx, ids []ID, why string) error {
	args := append(idArgs(civil.InstantOf(s.Now), ids), why)
	slots, err := db.List(tx, db.Column[activity.SlotID], `update booking set state = 'cancelled', offer_until_at = null, changed_at = $1, reason = $`+fmt.Sprint(len(args))+`
		where id in (`+db.Marks(2, len(ids))+`) and state = 'offered' returning slot`, args...)
	if err != nil {
		return fmt.Errorf("end offers: %w", err)
	}
	return s.giveBack(tx, slots)
}

// recordEnd keeps, a family at a time, what ended without it.
func (s *Scene) recordEnd(tx *db.Tx, all []inLine, did Did, action string, why func(inLine) string) error {
	lines := map[family.ID][]Decision{}
	var order []family.ID
	for _, x := range all {
		if lines[x.Family] == nil {
			order = append(order, x.Family)
		}
		was := Waiting
		if did == DidExpire {
			was = Offered
		}
		lines[x.Family] = append(lines[x.Family], Decision{Wish: Wish{Cell: x.Cell, Want: x.Choice}, Did: did, Why: why(x), Held: Holding{State: was, Choice: x.Choice}})
	}
	for _, of := range order {
		if err := recordList(tx, s.Now, byList(), of, lines[of], action); err != nil {
			return err
		}
	}
	return nil
}

// Lapse ends the wishes of a day for which no place can be had any more, and says so to their families. It returns how
// many cells that was.
func Lapse(tx *db.Tx, now time.Time, cat *activity.Catalogue, day civil.Date) (int, error) {
	all, err := lining(tx, cat, civil.DateOf(now), `b.day = $1`, day)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	q := &queue{s: &Scene{Catalogue: cat, Now: now}}
	for _, x := range all {
		q.parties = append(q.parties, party{x})
	}
	children, err := q.children(tx)
	if err != nil {
		return 0, err
	}
	if err := readScene(tx, q.s, children, civil.Range{From: day, To: day}); err != nil {
		return 0, err
	}
	var over []inLine
	var slots []activity.SlotID
	why := map[Cell]string{}
	for _, x := range all {
		q.s.actFor(x)
		a, known := cat.Activity(x.Activity)
		if !known {
			continue
		}
		ends := q.s.listEnds(x.Cell, a, unitsOf(a, x.Choice))
		if now.Before(ends) {
			continue
		}
		why[x.Cell] = "Aucune place ne s’est libérée à temps"
		if !ends.IsZero() {
			why[x.Cell] = "Aucune place ne s’est libérée avant le " + civil.Stamp(ends)
		}
		ids := make([]ID, len(x.Units))
		for i, u := range x.Units {
			ids[i] = u.id
			slots = append(slots, u.wants)
		}
		args := append(idArgs(civil.InstantOf(now), ids), why[x.Cell])
		n, err := tx.Exec(`update booking set state = 'refused', wants = null, changed_at = $1, reason = $`+fmt.Sprint(len(args))+`
			where id in (`+db.Marks(2, len(ids))+`) and state = 'waiting'`, args...)
		if err != nil {
			return 0, fmt.Errorf("end a wish: %w", err)
		}
		if int(n) == len(ids) {
			over = append(over, x)
		}
	}
	if len(over) == 0 {
		return 0, nil
	}
	if err := q.s.recordEnd(tx, over, DidLapse, "booking.wait.lapsed", func(x inLine) string { return why[x.Cell] }); err != nil {
		return 0, err
	}
	_, err = refreshWaited(tx, slices.Compact(slices.Sorted(slices.Values(slots))))
	return len(over), err
}

// waitedAgain notes on their slots those who wait and of whom no slot says so, such as one whose merging was undone.
func waitedAgain(tx *db.Tx, from civil.Date) error {
	slots, err := db.List(tx, db.Column[activity.SlotID], `select distinct b.wants from booking b join slot s on s.id = b.wants
		where b.state = 'waiting' and b.day >= $1 and s.waited = false`, from)
	if err != nil {
		return fmt.Errorf("look who waits: %w", err)
	}
	_, err = activity.Queue(tx, slots)
	return err
}

// waitAgain is waitedAgain for the wishes that an undo brought back.
func waitAgain(tx *db.Tx, changes []revert.Change) error {
	var slots []activity.SlotID
	for _, c := range changes {
		if wants, is := c.Before["wants"].(string); is && c.Table == "booking" && c.Op == revert.Drop && c.Before["state"] == string(Waiting) {
			slots = append(slots, activity.SlotID(wants))
		}
	}
	_, err := activity.Queue(tx, slots)
	return err
}
