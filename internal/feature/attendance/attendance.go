// Package attendance is what really happens at the door of a room: tablets paired to a place, the marks that leaders
// make on them with or without a network, what agents mend, and what families answer.
//
// It owns the tables device, device_service, attendance_mark, attendance_stay and attendance_anomaly. The state of a
// child's day stays in booking's table attendance, written through booking.Tell. It does not decide who is expected
// (booking), nor what an absence costs.
package attendance

import (
	"cmp"
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
	"parvis/internal/feature/town"
)

// The rights of agents over attendance.
const (
	Read  actor.Right = "attendance.read"
	Write actor.Right = "attendance.write" // pair tablets, mend marks, answer anomalies
)

// Kind is what a mark says.
type Kind string

// The kinds of marks. Undo takes the mark that it names away; Unexpected is Present, said of a child nobody expected.
const (
	Present    Kind = "present"
	Absent     Kind = "absent"
	Left       Kind = "left"
	Undo       Kind = "undo"
	Unexpected Kind = "unexpected"
)

func (k Kind) known() bool {
	return slices.Contains([]Kind{Present, Absent, Left, Undo, Unexpected}, k)
}

// Key is what marks are about: a child, a unit and a day.
type Key struct {
	Child family.ChildID
	Unit  activity.UnitID
	Day   civil.Date
}

// Mark is one thing said. ID is made where it is said: the same mark sent again is the same mark.
type Mark struct {
	ID string
	Key
	Kind      Kind
	Target    string        // of Undo
	At        civil.Instant // when it happened, as it was said
	SaidAt    civil.Instant // when it was said, by the clock of who said it
	Received  civil.Instant
	Device    DeviceID // "" when an agent said it
	Agent     string
	Site      town.SiteID
	Collector person.ID
	Reason    string
}

// author is who said a mark.
func (m Mark) author() string { return string(m.Device) + "/" + m.Agent }

// Refusal is a mark that was not taken, and why.
type Refusal struct {
	ID  string
	Why string
}

// Record takes what a tablet said, in any order and however often it is sent: a mark that is there already is taken
// again without effect. A mark that the tablet may not make is refused alone, the others are taken.
func Record(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, marks []Mark) (taken []string, refused []Refusal, err error) {
	d, err := paired(tx, a)
	if err != nil {
		return nil, nil, err
	}
	if len(marks) > mostMarks {
		return nil, nil, fault.New(fault.Invalid, "Trop de pointages à la fois.")
	}
	if err := seen(tx, now, d.ID); err != nil { // and holds the tablet: what it said already is counted below
		return nil, nil, err
	}
	gate := newGate(tx, now, d, cat)
	var good []Mark
	for _, m := range marks {
		m.Device, m.Site, m.Agent, m.Reason = d.ID, d.Site, "", ""
		why, err := gate.refuses(m)
		if err != nil {
			return nil, nil, err
		}
		if why != "" {
			refused = append(refused, Refusal{m.ID, why})
			continue
		}
		taken = append(taken, m.ID)
		good = append(good, m.within(now))
	}
	added, err := keep(tx, now, good)
	if err != nil {
		return nil, nil, err
	}
	if added == 0 && len(refused) == 0 {
		return taken, refused, nil
	}
	return taken, refused, audit.Write(tx, now, a, audit.Entry{Action: "attendance.marked", Object: "device", ID: string(d.ID),
		Detail: fmt.Sprintf("%d, %d", added, len(refused))})
}

// within brings the moments of a mark into what is possible: nothing is said before it can be, nor happens later than
// it is said, nor on another day.
func (m Mark) within(now time.Time) Mark {
	late := civil.InstantOf(now)
	m.SaidAt = min(m.SaidAt, late)
	if m.At = min(m.At, m.SaidAt); m.At.IsZero() || civil.DateOf(m.At.In(now.Location())) != m.Day {
		m.At = m.SaidAt
	}
	return m
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// keep adds marks and works out again what their keys come to. It returns how many were new.
func keep(tx *db.Tx, now time.Time, marks []Mark) (int, error) {
	var keys []Key
	added := 0
	for _, m := range marks {
		fresh, err := insertMark(tx, now, m)
		if err != nil {
			return 0, err
		}
		if !fresh {
			continue
		}
		added++
		if !slices.Contains(keys, m.Key) {
			keys = append(keys, m.Key)
		}
	}
	slices.SortFunc(keys, func(x, y Key) int { // one order for all, so that two tablets do not wait for each other
		return cmp.Or(cmp.Compare(x.Child, y.Child), x.Day.Compare(y.Day), cmp.Compare(x.Unit, y.Unit))
	})
	for _, k := range keys {
		if err := settle(tx, now, k); err != nil {
			return 0, err
		}
	}
	return added, nil
}

// settle writes what the marks of a key come to. What attendance said before the first mark comes back when none is
// left; what somebody else wrote there meanwhile is what was before from then on.
func settle(tx *db.Tx, now time.Time, k Key) error {
	if err := lockStay(tx, k); err != nil {
		return err
	}
	was, err := stayOf(tx, k)
	if err != nil {
		return err
	}
	current, err := booking.Told(tx, k.Child, k.Unit, k.Day)
	if err != nil {
		return err
	}
	if current != was.Wrote {
		was.Before = current
	}
	marks, err := marksOf(tx, k)
	if err != nil {
		return err
	}
	f := Fold(marks)
	was.Wrote = f.State
	switch {
	case f.State == "":
		was.Wrote = was.Before
	case f.State == booking.Absent && was.Before == booking.Excused:
		was.Wrote = booking.Excused
	}
	if was.Wrote != current {
		if err := booking.Tell(tx, now, k.Child, k.Unit, k.Day, was.Wrote); err != nil {
			return err
		}
	}
	was.Arrived, was.Left, was.Collector, was.Site = f.Arrived, f.Left, f.Collector, f.Site
	if err := saveStay(tx, k, was); err != nil {
		return err
	}
	return settleAnomalies(tx, now, k, f)
}

// Mend is what an agent says of a child's day, with the reason that is kept.
type Mend struct {
	Key
	Kind   Kind // Present, Absent; Undo takes all marks of the key away
	Reason string
}

// Correct writes what an agent says of a day, past ones too.
func Correct(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, m Mend) error {
	act, known := cat.OfUnit(m.Unit)
	if !a.Can(Write) {
		return fault.New(fault.Forbidden, "")
	}
	if !known || !a.CanFor(Write, string(act.Service)) {
		return fault.Missing("unit")
	}
	if m.Reason == "" {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif : il reste avec le pointage."})
	}
	if m.Kind != Present && m.Kind != Absent && m.Kind != Undo {
		return fault.InvalidFields(fault.Field{Name: "pointage", Sentence: "Choisissez ce qui s’est passé."})
	}
	if m.Day.After(civil.DateOf(now)) {
		return fault.New(fault.Invalid, "Ce jour n’est pas encore venu.")
	}
	if tied, err := tiedTo(tx, m.Key); err != nil || !tied {
		return cmp.Or(err, error(fault.Missing("child")))
	}
	old, err := marksOf(tx, m.Key)
	if err != nil {
		return err
	}
	at := civil.InstantOf(now)
	for _, x := range old { // an agent speaks last, whatever the clocks of tablets said
		at = max(at, x.SaidAt.Add(time.Microsecond))
	}
	said := Mark{Key: m.Key, Kind: m.Kind, At: at, SaidAt: at, Agent: a.Account, Reason: m.Reason}
	var all []Mark
	if m.Kind == Undo {
		for _, x := range surviving(old) {
			said.ID, said.Target = db.NewID(), x.ID
			all = append(all, said)
		}
	} else {
		said.ID = db.NewID()
		all = append(all, said)
	}
	if _, err := keep(tx, now, all); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "attendance.corrected", Object: "child", ID: string(m.Child), Subject: string(m.Child),
		Detail: m.Day.String() + " " + string(m.Kind)})
}
