package absence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// JobEvening tells families each evening what did not go as booked.
const JobEvening = "absence.evening"

// eveningHour is after the last child has gone home and before families sleep.
const eveningHour = 20

// How far back marks that came late, such as those of a tablet without network, still make an incident.
const lateMarks = 14

// Desk is what the evening needs.
type Desk struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Handlers are the jobs of this package.
func (d Desk) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: JobEvening, Run: func(ctx context.Context, _ map[string]string) error {
		cat, err := d.Catalogue.Get(ctx, d.Now())
		if err != nil {
			return err
		}
		return db.Do(ctx, d.DB, func(tx *db.Tx) error {
			_, err := d.Evening(tx, d.Now(), cat)
			return err
		})
	}}}
}

// Schedule is when they run.
func Schedule() []jobs.Daily { return []jobs.Daily{{Kind: JobEvening, Hour: eveningHour}} }

// Evening looks at the attendance of the last days: it makes the incidents that are not known yet, withdraws those whose
// mark was corrected, and tells the heads of each family of what they have not been told. Run again, it does nothing
// more. It returns how many incidents were told.
func (d Desk) Evening(tx *db.Tx, now time.Time, cat *activity.Catalogue) (int, error) {
	today := civil.DateOf(now)
	days := civil.Range{From: today.AddDays(-lateMarks), To: today}
	book, err := ReadRules(tx)
	if err != nil {
		return 0, err
	}
	if err := withdrawCorrected(tx, now, days); err != nil {
		return 0, err
	}
	for i := range cat.Activities {
		act := &cat.Activities[i]
		if len(book[act.ID]) == 0 {
			continue
		}
		if err := d.find(tx, now, act, book[act.ID], days); err != nil {
			return 0, err
		}
	}
	return tellAll(tx, now, today.AddDays(-lateMarks))
}

// found is a mark that is not as booked.
type found struct {
	child  family.ChildID
	day    civil.Date
	family family.ID
	units  int
	made   civil.Instant
}

func scanFound(s db.Scanner) (found, error) {
	var x found
	err := s.Scan(&x.child, &x.day, &x.family, &x.units, &x.made)
	return x, err
}

// unbookedMark and missingMark are the marks of table t that are an incident, with its booking b where it has one.
const (
	unbookedMark = `t.state = 'present' and not exists (select 1 from booking b where b.child = t.child and b.unit = t.unit and b.day = t.day and b.state = 'booked')`
	missingMark  = `t.state = 'absent' and b.state = 'booked' and b.absence_at is null
		and not exists (select 1 from attendance o join unit ou on ou.id = o.unit where o.child = t.child and o.day = t.day and ou.activity = u.activity and o.state = 'present')`
)

// find makes the incidents of an activity over some days.
func (d Desk) find(tx *db.Tx, now time.Time, act *activity.Activity, versions []Rules, days civil.Range) error {
	unbooked, err := db.List(tx, scanFound, `select t.child, t.day, '', count(*), 0 from unit u join attendance t on t.unit = u.id and t.day between $2 and $3
		where u.activity = $1 and `+unbookedMark+` group by t.child, t.day order by t.day, t.child`, string(act.ID), days.From, days.To)
	if err != nil {
		return fmt.Errorf("find presences without booking: %w", err)
	}
	missing, err := db.List(tx, scanFound, `select t.child, t.day, min(b.family), count(*), max(coalesce(b.changed_at, b.made_at)) from unit u
		join attendance t on t.unit = u.id and t.day between $2 and $3
		join booking b on b.child = t.child and b.unit = t.unit and b.day = t.day
		where u.activity = $1 and `+missingMark+` group by t.child, t.day order by t.day, t.child`, string(act.ID), days.From, days.To)
	if err != nil {
		return fmt.Errorf("find missing children: %w", err)
	}
	for kind, all := range map[Kind][]found{Unbooked: unbooked, Missing: missing} {
		for _, x := range all {
			if err := d.make(tx, now, act, versions, kind, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// make writes an incident where the rules speak of its kind: those of the day, or of the day of the booking.
func (d Desk) make(tx *db.Tx, now time.Time, act *activity.Activity, versions []Rules, kind Kind, x found) error {
	rules, _ := InForce(versions, x.day)
	if kind == Missing {
		if promised := Promised(versions, civil.DateOf(x.made.In(now.Location())), x.day); len(promised) > 0 {
			rules = promised[0]
		}
	}
	if _, spoken := rules.Incident(kind); !spoken {
		return nil
	}
	of := x.family // who booked answers for a child that does not come
	if of == "" {
		var err error
		if of, err = homeOf(tx, "", x.child, act.ID, x.day, civil.DateOf(now)); err != nil {
			return fmt.Errorf("find the home of a child: %w", err)
		}
	}
	_, err := insertIncident(tx, now, Event{Kind: kind, Cell: booking.Cell{Child: x.child, Activity: act.ID, Day: x.day}, Family: of, Units: x.units, Rules: rules.ID})
	return err
}

// withdrawCorrected withdraws the incidents whose mark does not stand any more.
func withdrawCorrected(tx *db.Tx, now time.Time, days civil.Range) error {
	for kind, mark := range map[Kind]string{
		Unbooked: `select 1 from attendance t join unit u on u.id = t.unit where t.child = incident.child and t.day = incident.day and u.activity = incident.activity and ` + unbookedMark,
		Missing: `select 1 from attendance t join unit u on u.id = t.unit join booking b on b.child = t.child and b.unit = t.unit and b.day = t.day
			where t.child = incident.child and t.day = incident.day and u.activity = incident.activity and ` + missingMark,
	} {
		if _, err := tx.Exec(`update incident set withdrawn_at = $4, answer = $5 where kind = $1 and day between $2 and $3 and withdrawn_at is null and not exists (`+mark+`)`,
			string(kind), days.From, days.To, civil.InstantOf(now), "Le pointage a été corrigé"); err != nil {
			return fmt.Errorf("withdraw corrected incidents: %w", err)
		}
	}
	return nil
}

// tellAll tells each family, at once, of what it has not been told: one mail a head. A family without an address stays to
// be told by an agent, and is charged nothing.
func tellAll(tx *db.Tx, now time.Time, from civil.Date) (int, error) {
	type row struct {
		id IncidentID
		of family.ID
	}
	all, err := db.List(tx, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.id, &x.of)
		return x, err
	}, `select id, family from incident where told_at is null and withdrawn_at is null and day >= $1 order by family, day, id`, from)
	if err != nil {
		return 0, fmt.Errorf("list incidents to tell: %w", err)
	}
	told := 0
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(x row) bool { return x.of != all[0].of })
		if n < 0 {
			n = len(all)
		}
		done, err := tellEvening(tx, now, all[0].of, from)
		if err != nil {
			return told, err
		}
		told += done
		all = all[n:]
	}
	return told, nil
}

// tellEvening mails the heads of a family what they may read, and notes as told the incidents that one of them reads.
func tellEvening(tx *db.Tx, now time.Time, of family.ID, from civil.Date) (int, error) {
	const untold = `incident l where l.family = $1 and l.told_at is null and l.withdrawn_at is null and l.day >= $3`
	heads, err := headsFor(tx, of, civil.DateOf(now), untold, from)
	if err != nil || len(heads) == 0 {
		return 0, err
	}
	n := int64(0)
	for _, h := range heads {
		k, err := tx.Exec(`update incident set told_at = $3, told_day = $4 where family = $1 and told_at is null and withdrawn_at is null and day >= $2
			and not exists (select 1 from restriction x where x.person = $5 and x.child = incident.child and x.from_day <= $4 and (x.lifted_day is null or x.lifted_day > $4))`,
			string(of), from, civil.InstantOf(now), civil.DateOf(now), h.person)
		if err != nil {
			return 0, fmt.Errorf("note what was told: %w", err)
		}
		n += k
	}
	if err := send(tx, now, MailEvening, heads, map[string]string{"family": string(of), "at": fmt.Sprint(int64(civil.InstantOf(now)))}); err != nil {
		return 0, err
	}
	return int(n), audit.Write(tx, now, actor.Job(JobEvening), audit.Entry{Action: "absence.incident.told", Object: "family", ID: string(of), Detail: fmt.Sprint(n)})
}
