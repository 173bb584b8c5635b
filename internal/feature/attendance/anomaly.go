package attendance

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// AnomalyID names an anomaly.
type AnomalyID string

// AnomalyKind is what is wrong.
type AnomalyKind string

// The anomalies.
const (
	Differ     AnomalyKind = "differ"     // marked present by one, absent by another
	Cancelled  AnomalyKind = "cancelled"  // marked present from a list on which its booking still stood
	Unenrolled AnomalyKind = "unenrolled" // present without any right to be
	FamilySays AnomalyKind = "family"     // its family says that it is not right
)

// Label is the anomaly in words.
func (k AnomalyKind) Label() string {
	switch k {
	case Differ:
		return "Pointages contradictoires"
	case Cancelled:
		return "Présent, réservation annulée"
	case Unenrolled:
		return "Présent, pas inscrit"
	}
	return "La famille répond"
}

// Anomaly is one line of the queue.
type Anomaly struct {
	ID AnomalyID
	Key
	Kind      AnomalyKind
	Note      string // the family's word
	ChildName string
	Said      booking.Attendance // what stands
	MadeAt    civil.Instant
}

// settleAnomalies opens and closes what the marks of a key show by themselves. What an agent closed stays closed.
func settleAnomalies(tx *db.Tx, now time.Time, k Key, f Folded) error {
	here := f.State == booking.Present
	cancelled, enrolled := false, true
	var err error
	if here {
		if enrolled, err = isEnrolled(tx, k); err != nil {
			return err
		}
		if f.expected {
			if cancelled, err = isCancelled(tx, k); err != nil {
				return err
			}
		}
	}
	for kind, is := range map[AnomalyKind]bool{Differ: f.differ, Cancelled: cancelled, Unenrolled: !enrolled} {
		if err := setAnomaly(tx, now, k, kind, is); err != nil {
			return err
		}
	}
	if f.Against {
		return reopen(tx, k, f.since)
	}
	return nil
}

// reopen asks again about a day whose correction a tablet denied after an agent had closed the matter.
func reopen(tx *db.Tx, k Key, since civil.Instant) error {
	if _, err := tx.Exec(`update attendance_anomaly set closed_at = null, closed_by = '', answer = '', made_at = $5
		where kind = $1 and child = $2 and day = $3 and unit = $4 and closed_at < $5`,
		string(Differ), string(k.Child), k.Day, string(k.Unit), since); err != nil {
		return fmt.Errorf("reopen anomaly: %w", err)
	}
	return nil
}

func setAnomaly(tx *db.Tx, now time.Time, k Key, kind AnomalyKind, is bool) error {
	at := civil.InstantOf(now)
	var err error
	if is {
		_, err = tx.Exec(`insert into attendance_anomaly (id, kind, child, unit, day, made_at) values ($1, $2, $3, $4, $5, $6)
			on conflict (child, day, unit, kind) where kind <> 'family' do update set closed_at = null where attendance_anomaly.closed_by = ''`,
			db.NewID(), string(kind), string(k.Child), string(k.Unit), k.Day, at)
	} else {
		_, err = tx.Exec(`update attendance_anomaly set closed_at = $5 where kind = $1 and child = $2 and day = $3 and unit = $4 and closed_at is null`,
			string(kind), string(k.Child), k.Day, string(k.Unit), at)
	}
	if err != nil {
		return fmt.Errorf("set anomaly: %w", err)
	}
	return nil
}

// Dispute is a family's word on what was said of a day: it goes to the service, and changes nothing by itself.
func Dispute(tx *db.Tx, now time.Time, a actor.Actor, k Key, word string) error {
	if _, err := family.MayAct(tx, a, k.Child, civil.DateOf(now)); err != nil {
		return err
	}
	told, err := disputable(tx, now, k)
	if err != nil {
		return err
	}
	if !told {
		return fault.Missing("attendance")
	}
	switch n := len([]rune(word)); {
	case n == 0:
		return fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez ce qui n’est pas exact."})
	case n > 500:
		return fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez 500 caractères au plus."})
	}
	if _, err := tx.Exec(`insert into attendance_anomaly (id, kind, child, unit, day, note, person, made_at) values ($1, 'family', $2, $3, $4, $5, $6, $7)
		on conflict (child, day, unit, person) where kind = 'family' do update set note = excluded.note, made_at = excluded.made_at,
			closed_at = null, closed_by = '', answer = ''`,
		db.NewID(), string(k.Child), string(k.Unit), k.Day, word, db.Null(a.Person), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("insert the word of a family: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "attendance.disputed", Object: "child", ID: string(k.Child), Subject: string(k.Child), Detail: k.Day.String()})
}

const disputeDays = 60

// disputable tells whether something was said of a day that is not too old to be talked about.
func disputable(r db.Reader, now time.Time, k Key) (bool, error) {
	today := civil.DateOf(now)
	if k.Day.After(today) || k.Day.Before(today.AddDays(-disputeDays)) {
		return false, nil
	}
	told, err := booking.Told(r, k.Child, k.Unit, k.Day)
	return told != "", err
}

// Close answers an anomaly: it leaves the queue, with the agent's word, which the family reads when it is its own.
func Close(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, id AnomalyID, answer string) error {
	x, err := anomalyFor(tx, a, cat, Write, id)
	if err != nil {
		return err
	}
	if x.Kind == FamilySays && answer == "" {
		return fault.InvalidFields(fault.Field{Name: "reponse", Sentence: "Écrivez votre réponse : la famille la lit."})
	}
	if len([]rune(answer)) > 500 {
		return fault.InvalidFields(fault.Field{Name: "reponse", Sentence: "Écrivez 500 caractères au plus."})
	}
	n, err := tx.Exec(`update attendance_anomaly set closed_at = $2, closed_by = $3, answer = $4 where id = $1 and closed_at is null`,
		string(id), civil.InstantOf(now), a.Account, answer)
	if err != nil {
		return fmt.Errorf("close anomaly: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Cette anomalie est déjà traitée.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "attendance.anomaly.closed", Object: "child", ID: string(x.Child), Subject: string(x.Child), Detail: x.Day.String() + " " + string(x.Kind)})
}

const anomalyQuery = `select x.id, x.kind, x.child, x.unit, x.day, x.note, x.made_at, p.first_names, p.last_name, coalesce(t.state, '')
	from attendance_anomaly x join person p on p.id = x.child
	left join attendance t on t.child = x.child and t.day = x.day and t.unit = x.unit `

func scanAnomaly(s db.Scanner) (Anomaly, error) {
	var x Anomaly
	var p person.Person
	err := s.Scan(&x.ID, &x.Kind, &x.Child, &x.Unit, &x.Day, &x.Note, &x.MadeAt, &p.FirstNames, &p.LastName, &x.Said)
	x.ChildName = p.Full()
	return x, err
}

// Anomalies lists what waits, of the services where the agent holds Read, oldest first.
func Anomalies(r db.Reader, a actor.Actor, cat *activity.Catalogue) ([]Anomaly, error) {
	all, err := db.List(r, scanAnomaly, anomalyQuery+`where x.closed_at is null order by x.made_at, x.id`)
	if err != nil {
		return nil, fmt.Errorf("list anomalies: %w", err)
	}
	return slices.DeleteFunc(all, func(x Anomaly) bool { return !mayUnit(a, cat, Read, x.Unit) }), nil
}

func mayUnit(a actor.Actor, cat *activity.Catalogue, right actor.Right, unit activity.UnitID) bool {
	act, known := cat.OfUnit(unit)
	return known && a.CanFor(right, string(act.Service))
}

// anomalyFor is one that waits, of a service where the agent holds a right; any other is as one that does not exist.
func anomalyFor(r db.Reader, a actor.Actor, cat *activity.Catalogue, right actor.Right, id AnomalyID) (Anomaly, error) {
	if !a.Can(right) {
		return Anomaly{}, fault.New(fault.Forbidden, "")
	}
	x, err := db.One(r, "anomaly", scanAnomaly, anomalyQuery+`where x.id = $1`, string(id))
	if err == nil && !mayUnit(a, cat, right, x.Unit) {
		return Anomaly{}, fault.Missing("anomaly")
	}
	return x, err
}

// CountAnomalies counts what waits and tells since when.
func CountAnomalies(r db.Reader, a actor.Actor) (int, civil.Instant, error) {
	type row struct {
		service string
		n       int
		oldest  civil.Instant
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.service, &x.n, &x.oldest)
		return x, err
	}, `select act.service, count(*), min(x.made_at) from attendance_anomaly x join unit u on u.id = x.unit join activity act on act.id = u.activity
		where x.closed_at is null group by act.service`)
	if err != nil {
		return 0, 0, fmt.Errorf("count anomalies: %w", err)
	}
	n, oldest := 0, civil.Instant(0)
	for _, x := range all {
		if a.CanFor(Read, x.service) {
			if n += x.n; oldest.IsZero() || x.oldest < oldest {
				oldest = x.oldest
			}
		}
	}
	return n, oldest, nil
}
