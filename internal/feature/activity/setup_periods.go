package activity

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// JobCover is the job that makes the slots missing in the open periods: after each change of an activity
// (args["activity"]), and every night for all, since the town's calendar changes too.
const JobCover = "activity.cover"

// Stamp names the period as it is.
func (p Period) Stamp() string { return stampOf(p.Name, p.Days.From, p.Days.To, p.Open) }

func (a *Activity) checkPeriod(p *Period) error {
	p.Name = person.Clean(p.Name)
	var fields []fault.Field
	if p.Name == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom de la période, par exemple « Année 2026-2027 » ou « Hiver 2027 »."})
	}
	if utf8.RuneCountInString(p.Name) > maxName {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Ce nom dépasse 120 caractères. Raccourcissez-le."})
	}
	switch {
	case p.Days.From.IsZero() || p.Days.To.IsZero() || p.Days.To.Before(p.Days.From):
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	case p.Days.To.Sub(p.Days.From) > maxScope:
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Cette période dure plus d’un an : vérifiez les dates."})
	default:
		for _, other := range a.Periods {
			if other.ID != p.ID && !other.Days.To.Before(p.Days.From) && !other.Days.From.After(p.Days.To) {
				fields = append(fields, fault.Field{Name: "debut", Sentence: "Ces dates touchent la période « " + other.Name + " », du " + other.Days.From.French() + " au " + other.Days.To.French() + "."})
				break
			}
		}
	}
	return fault.InvalidFields(fields...)
}

// AddPeriod adds a run of days that families will be able to book once it is open.
func AddPeriod(tx *db.Tx, now time.Time, a actor.Actor, id ID, p Period) (PeriodID, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return "", err
	}
	p.ID, p.Open = "", false
	if err := x.checkPeriod(&p); err != nil {
		return "", err
	}
	p.ID = PeriodID(db.NewID())
	if err := insertPeriod(tx, now, id, p); err != nil {
		return "", fmt.Errorf("add period: %w", err)
	}
	return p.ID, changed(tx, now, a, "activity.period.added", id, p.Name)
}

func (a *Activity) period(id PeriodID) (Period, error) {
	i := slices.IndexFunc(a.Periods, func(p Period) bool { return p.ID == id })
	if i < 0 {
		return Period{}, fault.Missing("period")
	}
	return a.Periods[i], nil
}

// SetPeriod writes a period's name and days; days that leave an open period lose their places, and are refused while
// children are expected on them.
func SetPeriod(tx *db.Tx, now time.Time, a actor.Actor, id ID, p Period, stamp string) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	before, err := x.period(p.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	p.Open = before.Open
	if err := x.checkPeriod(&p); err != nil {
		return err
	}
	for _, left := range without(before.Days, p.Days) {
		if err := clear(tx, id, left, "debut"); err != nil {
			return err
		}
	}
	if err := updatePeriod(tx, p); err != nil {
		return fmt.Errorf("write period: %w", err)
	}
	return changed(tx, now, a, "activity.period.changed", id, p.Name)
}

// without is what a range loses when it becomes another.
func without(before, after civil.Range) []civil.Range {
	var lost []civil.Range
	if after.To.Before(before.From) || after.From.After(before.To) {
		return []civil.Range{before}
	}
	if before.From.Before(after.From) {
		lost = append(lost, civil.Range{From: before.From, To: after.From.AddDays(-1)})
	}
	if before.To.After(after.To) {
		lost = append(lost, civil.Range{From: after.To.AddDays(1), To: before.To})
	}
	return lost
}

// clear takes the slots of a range away, unless somebody is expected there.
func clear(tx *db.Tx, id ID, days civil.Range, field string) error {
	taken, err := takenWithin(tx, id, days)
	if err != nil {
		return err
	}
	if !taken.IsZero() {
		return wrong(field, "Des enfants sont attendus le "+taken.Long()+" : ce jour ne peut pas quitter la période.")
	}
	if err := deleteSlots(tx, id, days); err != nil {
		return bookedOnce(err)
	}
	return nil
}

// DropPeriod takes a period away in which nobody has booked.
func DropPeriod(tx *db.Tx, now time.Time, a actor.Actor, id ID, period PeriodID) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	p, err := x.period(period)
	if err != nil {
		return err
	}
	switch taken, err := takenWithin(tx, id, p.Days); {
	case err != nil:
		return err
	case !taken.IsZero():
		return refused("Des enfants sont attendus le " + taken.Long() + " : cette période ne peut pas être retirée.")
	}
	if err := deleteSlots(tx, id, p.Days); err != nil {
		return bookedOnce(err)
	}
	if err := deletePeriod(tx, period); err != nil {
		return fmt.Errorf("drop period: %w", err)
	}
	return changed(tx, now, a, "activity.period.dropped", id, p.Name)
}

// OpenPeriod opens the days of a period: CoverOpen then makes their places. An activity that lacks something, or whose
// deadlines begin later, is refused with what lacks.
func OpenPeriod(tx *db.Tx, now time.Time, a actor.Actor, id ID, period PeriodID) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	p, err := x.period(period)
	if err != nil || p.Open {
		return err
	}
	if lacks := x.Lacks(); len(lacks) > 0 {
		return refused("Il manque encore : " + lacks.words() + ".")
	}
	if _, known := PolicyFor(x.Policies, p.Days.From); !known {
		return refused("Aucun délai ne vaut encore le " + p.Days.From.Long() + ", premier jour de la période. Publiez des délais à partir de ce jour ou d’avant.")
	}
	if err := setPeriodState(tx, period, Open); err != nil {
		return fmt.Errorf("open period: %w", err)
	}
	return changed(tx, now, a, "activity.period.opened", id, p.Name)
}

// months cuts a range at the first of each month.
func months(days civil.Range) []civil.Range {
	var all []civil.Range
	for from := days.From; !from.After(days.To); {
		next := civil.NewDate(from.Year, from.Month+1, 1)
		to := next.AddDays(-1)
		if to.After(days.To) {
			to = days.To
		}
		all = append(all, civil.Range{From: from, To: to})
		from = next
	}
	return all
}

// Placer gives their places to what is booked already on some days of an activity, in the transaction that makes the
// slots: what came from the old portal holds its place before anybody else can take it. Bookings are above activities:
// app hands it down.
type Placer func(tx *db.Tx, c *Catalogue, id ID, days civil.Range) error

// CoverOpen makes the slots that are missing in the open periods of an activity, or of all for "", from a day on (the
// zero day: all of them). Each month is a transaction of its own, so that nobody waits behind a year; what is there
// already stays, so that it may run twice, at once too. It returns how many slots it made.
func CoverOpen(ctx context.Context, d *db.DB, now time.Time, id ID, from civil.Date, placed Placer) (int, error) {
	c, err := db.Read(ctx, d, func(r db.Reader) (*Catalogue, error) {
		s, err := town.ReadSettings(r)
		if err != nil {
			return nil, err
		}
		return ReadCatalogue(r, s, now.Location())
	})
	if err != nil {
		return 0, err
	}
	made := 0
	for _, a := range c.Activities {
		if id != "" && a.ID != id {
			continue
		}
		for _, p := range a.Periods {
			if !p.Open {
				continue
			}
			if p.Days.From.Before(from) {
				p.Days.From = from
			}
			for _, month := range months(p.Days) {
				n, err := db.Write(ctx, d, func(tx *db.Tx) (int, error) {
					n, err := Cover(tx, c, a.ID, month)
					if err != nil || placed == nil {
						return n, err
					}
					return n, placed(tx, c, a.ID, month)
				})
				if err != nil {
					return made, err
				}
				made += n
			}
		}
	}
	return made, nil
}

// Jobs are the jobs of the package: making the slots of open periods from today on, after a change and every night.
func Jobs(d *db.DB, now func() time.Time, placed Placer) ([]jobs.Handler, []jobs.Daily) {
	cover := func(ctx context.Context, args map[string]string) error {
		at := now()
		_, err := CoverOpen(ctx, d, at, ID(args["activity"]), civil.DateOf(at), placed)
		return err
	}
	return []jobs.Handler{{Kind: JobCover, Run: cover}}, []jobs.Daily{{Kind: JobCover, Hour: 3}}
}
