package enrolment

import (
	"fmt"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Standing is an enrolment that is not over, with the names that people read.
type Standing struct {
	Named
	ID ID
	Of activity.ID
	// Service is the activity's: who may end the enrolment.
	Service string
}

// End ends an enrolment of one of some children on its last day; one that begins after it never holds. Another id is a
// NotFound fault.
func End(tx *db.Tx, now time.Time, a actor.Actor, children []family.Child, id ID, last civil.Date) (Standing, error) {
	if !a.Can(Write) {
		return Standing{}, fault.New(fault.Forbidden, "")
	}
	e, err := standingOne(tx, children, id, civil.DateOf(now))
	if err != nil {
		return e, err
	}
	if !a.CanFor(Write, e.Service) {
		return e, fault.New(fault.Forbidden, "")
	}
	if err := e.mayEnd(last, civil.DateOf(now)); err != nil {
		return e, err
	}
	if err := endOn(tx, e, last); err != nil {
		return e, fmt.Errorf("end enrolment: %w", err)
	}
	return e, audit.Write(tx, now, a, audit.Entry{Action: "enrolment.ended", Object: "enrolment", ID: string(id), Subject: string(e.Child), Detail: last.String()})
}

// mayEnd tells whether the last day of an enrolment may become that one.
func (e Standing) mayEnd(last, today civil.Date) error {
	switch {
	case !last.Before(e.Days.To):
		return fault.InvalidFields(fault.Field{Name: "dernier", Sentence: "L’inscription se termine déjà le " + e.Days.To.French() + ". Choisissez un jour d’avant."})
	case last.Before(enrolling(today).From):
		return fault.InvalidFields(fault.Field{Name: "dernier", Sentence: "Choisissez un jour depuis le " + enrolling(today).From.French() + "."})
	}
	return nil
}

// never tells that an enrolment that ends on a day will not have begun.
func (e Standing) never(last civil.Date) bool { return e.Days.From.After(last) }

// standingOne finds one enrolment of some children that is not over.
func standingOne(r db.Reader, children []family.Child, id ID, today civil.Date) (Standing, error) {
	all, err := standing(r, children, today)
	if err != nil {
		return Standing{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return Standing{}, fault.Missing("enrolment")
}

// carried is how many enrolments of an activity could be carried over.
type carried struct {
	activity activity.ID
	service  string
	name     string
	n        int
}

func (c carried) words() string {
	if c.n == 1 {
		return "1 enfant"
	}
	return count(c.n) + " enfants"
}

func count(n int) string { return strconv.Itoa(n) }

func daysOf(y civil.SchoolYear) civil.Range {
	return civil.Range{From: civil.NewDate(int(y), time.September, 1), To: civil.NewDate(int(y)+1, time.August, 31)}
}

// Carry enrols for a school year the children who were enrolled in an activity until the end of the one before, still
// have a family here, and are not enrolled yet. Where each goes is the same, or its new school when it is not. It returns
// how many.
func Carry(tx *db.Tx, now time.Time, a actor.Actor, id activity.ID, from, to civil.SchoolYear) (int, error) {
	act, err := activity.ByID(tx, id)
	if err != nil {
		return 0, err
	}
	if !a.CanFor(Write, string(act.Service)) {
		return 0, fault.New(fault.Forbidden, "")
	}
	all, err := leaving(tx, id, from, to)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range all {
		e.ID, e.State, e.Days = ID(db.NewID()), Active, daysOf(to)
		added, err := insert(tx, now, e)
		if err != nil {
			return 0, fmt.Errorf("carry enrolment: %w", err)
		}
		if added {
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, audit.Write(tx, now, a, audit.Entry{Action: "enrolment.carried", Object: "activity", ID: string(id), Detail: to.String() + " " + count(n)})
}

// notCarried are the enrolments e of an activity that held on the last school days of the year before ($1 to $2), of
// children still here on $3, who have none in the days from $3 to $4.
const notCarried = `e.state = 'active' and e.to_day >= $1 and e.from_day <= $2
	and exists (select 1 from family_member m where m.person = e.child and m.state = 'approved' and m.role = 'member' and m.to_day is null)
	and not exists (select 1 from enrolment x where x.child = e.child and x.activity = e.activity and x.state = 'active' and x.to_day >= $3 and x.from_day <= $4)`

// lastDays is June of a school year: who was enrolled then goes on.
func lastDays(y civil.SchoolYear) (from, to civil.Date) {
	return civil.NewDate(int(y)+1, time.June, 1), civil.NewDate(int(y)+1, time.June, 30)
}

func carryArgs(from, to civil.SchoolYear) []any {
	first, last := lastDays(from)
	next := daysOf(to)
	return []any{first, last, next.From, next.To}
}

func leaving(r db.Reader, id activity.ID, from, to civil.SchoolYear) ([]Enrolment, error) {
	all, err := db.List(r, func(s db.Scanner) (Enrolment, error) {
		var e Enrolment
		var site, school town.SiteID
		err := s.Scan(&e.Child, &e.Activity, &site, &school)
		if e.Site = site; site != "" && school != "" && site != school {
			e.Site = "" // the school decides, or the only place there is
		}
		return e, err
	}, `select distinct e.child, e.activity, coalesce(e.site, ''), coalesce(k.school, '') from enrolment e join child k on k.person = e.child
		where e.activity = $5 and `+notCarried, append(carryArgs(from, to), string(id))...)
	if err != nil {
		return nil, fmt.Errorf("list enrolments of a year: %w", err)
	}
	return all, nil
}

// carriable counts what could be carried over, by activity.
func carriable(r db.Reader, from, to civil.SchoolYear) ([]carried, error) {
	all, err := db.List(r, func(s db.Scanner) (carried, error) {
		var c carried
		err := s.Scan(&c.activity, &c.service, &c.name, &c.n)
		return c, err
	}, `select a.id, coalesce(a.service, ''), a.name, count(distinct e.child) from enrolment e join activity a on a.id = e.activity
		where `+notCarried+` group by a.id, a.service, a.name, a.folded order by a.folded, a.id`, carryArgs(from, to)...)
	if err != nil {
		return nil, fmt.Errorf("count enrolments of a year: %w", err)
	}
	return all, nil
}

// uncarried is why nobody is carried over: of those enrolled on the last school days, by activity and service, how many
// are enrolled for the year after already, and how many are in no family here any more.
type uncarried struct {
	service             string
	enrolled, done, out int
}

func notCarriable(r db.Reader, from, to civil.SchoolYear) ([]uncarried, error) {
	all, err := db.List(r, func(s db.Scanner) (uncarried, error) {
		var u uncarried
		err := s.Scan(&u.service, &u.enrolled, &u.done, &u.out)
		return u, err
	}, `select x.service, count(*), count(*) filter (where x.done), count(*) filter (where not x.done and not x.here)
		from (select distinct e.child, e.activity, coalesce(a.service, '') as service,
				exists (select 1 from family_member m where m.person = e.child and m.state = 'approved' and m.role = 'member' and m.to_day is null) as here,
				exists (select 1 from enrolment x where x.child = e.child and x.activity = e.activity and x.state = 'active' and x.to_day >= $3 and x.from_day <= $4) as done
			from enrolment e join activity a on a.id = e.activity
			where e.state = 'active' and e.to_day >= $1 and e.from_day <= $2) x
		group by x.service`, carryArgs(from, to)...)
	if err != nil {
		return nil, fmt.Errorf("count enrolments that are not carried: %w", err)
	}
	return all, nil
}

func endOn(tx *db.Tx, e Standing, day civil.Date) error {
	if e.never(day) {
		_, err := tx.Exec(`update enrolment set state = 'ended' where id = $1`, string(e.ID))
		return err
	}
	_, err := tx.Exec(`update enrolment set to_day = $2 where id = $1`, string(e.ID), day)
	return err
}

// standing lists the enrolments of some children that are not over.
func standing(r db.Reader, children []family.Child, day civil.Date) ([]Standing, error) {
	if len(children) == 0 {
		return nil, nil
	}
	args := []any{day}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	all, err := db.List(r, func(s db.Scanner) (Standing, error) {
		var x Standing
		err := s.Scan(&x.ID, &x.Child, &x.Of, &x.Service, &x.Activity, &x.Site, &x.Days.From, &x.Days.To)
		return x, err
	}, `select e.id, e.child, a.id, coalesce(a.service, ''), a.name, `+siteName+`, e.from_day, e.to_day
		from enrolment e join activity a on a.id = e.activity left join site s on s.id = e.site
		where e.state = 'active' and e.to_day >= $1 and e.child in (`+db.Marks(2, len(children))+`)
		order by a.folded, e.from_day, e.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list enrolments: %w", err)
	}
	return all, nil
}
