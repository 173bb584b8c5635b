package attendance_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
)

// stands is what is stored of a child's day.
type stands struct {
	State, Wrote, Before string
	Came, Left           civil.Instant
	Open                 string // anomalies
}

// check compares the marks that are kept with what was acknowledged, and with what attendance, stays and anomalies say.
func (x *tablets) check(t *testing.T, d *db.DB) {
	t.Helper()
	kept := map[attendance.Key][]spoken{}
	last := map[attendance.Key]*spoken{}
	there, reasons := map[string]bool{}, map[string]int{}
	for _, m := range x.marks(t, d) {
		if m.Agent != "" {
			if reasons[m.Reason]++; last[m.Key] == nil || last[m.Key].SaidAt < m.SaidAt {
				last[m.Key] = &m
			}
			if kept[m.Key] == nil {
				kept[m.Key] = []spoken{}
			}
			continue
		}
		w, known := x.said[m.ID]
		if !known || m.Kind != w.Kind || m.Target != w.Target || m.Key != w.key() || m.SaidAt != civil.InstantOf(time.UnixMilli(w.Said)) || m.by.Account != x.devices[x.by[m.ID]] {
			t.Fatalf("kept %+v, said %+v", m, w)
		}
		there[m.ID] = true
		kept[m.Key] = append(kept[m.Key], m)
	}
	for id := range x.taken {
		if !there[id] {
			t.Fatalf("an acknowledged mark is lost: %+v", x.said[id])
		}
	}
	for id, why := range x.refused {
		if there[id] {
			t.Fatalf("a refused mark is kept: %s", why)
		}
	}
	for reason, n := range reasons {
		if n != 1 || !x.agentSaid[reason] {
			t.Fatalf("%q is there %d times", reason, n)
		}
	}
	for reason := range x.agentTold {
		if reasons[reason] == 0 {
			t.Fatalf("an acknowledged correction is lost: %s", reason)
		}
	}
	x.checkJournal(t, d, len(there), len(reasons))
	x.compare(t, d, kept, last)
}

// checkJournal compares how many marks the journal says were added with those there are.
func (x *tablets) checkJournal(t *testing.T, d *db.DB, marks, corrections int) {
	t.Helper()
	details, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select case when action = 'attendance.marked' then detail else '' end from audit_event where action in ('attendance.marked', 'attendance.corrected')`)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, detail := range details {
		if detail == "" {
			corrections--
			continue
		}
		added, _, _ := strings.Cut(detail, ",")
		n, err := strconv.Atoi(added)
		if err != nil {
			t.Fatal(err)
		}
		marks -= n
	}
	if marks != 0 || corrections != 0 {
		t.Fatalf("of the marks kept the journal lacks %d, of the corrections %d", marks, corrections)
	}
}

// compare holds attendance, stays and anomalies against what a reference makes of marks.
func (x *tablets) compare(t *testing.T, d *db.DB, kept map[attendance.Key][]spoken, last map[attendance.Key]*spoken) {
	t.Helper()
	want := map[attendance.Key]stands{}
	for key, all := range kept {
		what, came, left, kinds := refer(all, last[key])
		if what == booking.Present && !x.enrolled[key.Child] {
			kinds = append(kinds, "unenrolled")
		}
		want[key] = stands{string(what), string(what), "", came, left, strings.Join(kinds, " ")}
	}
	got := x.stored(t, d)
	for key := range got {
		if _, is := want[key]; !is {
			t.Fatalf("%v: %+v without a mark", key, got[key])
		}
	}
	for key, w := range want {
		if got[key] != w {
			t.Fatalf("%v\nstands as %+v\nits marks say %+v:\n%v\n%v", key, got[key], w, kept[key], last[key])
		}
	}
}

// checkAll compares what stands in the end with all that was said, whatever is kept of it.
func (x *tablets) checkAll(t *testing.T, d *db.DB) {
	t.Helper()
	all := map[attendance.Key][]spoken{}
	for id, w := range x.said {
		if x.refused[id] != "" {
			continue
		}
		at := civil.InstantOf(time.UnixMilli(w.Said))
		all[w.key()] = append(all[w.key()], spoken{attendance.Mark{ID: id, Key: w.key(), Kind: w.Kind, Target: w.Target, At: at, SaidAt: at}, actor.Actor{Account: x.devices[x.by[id]]}})
		if !x.taken[id] {
			t.Fatalf("never acknowledged: %+v", w)
		}
	}
	got := x.stored(t, d)
	for key, marks := range all {
		if slices.Contains(x.Kids[:x.Mended], key.Child) {
			continue
		}
		what, came, left, kinds := refer(marks, nil)
		if what == booking.Present && !x.enrolled[key.Child] {
			kinds = append(kinds, "unenrolled")
		}
		if want := (stands{string(what), string(what), "", came, left, strings.Join(kinds, " ")}); got[key] != want {
			t.Fatalf("%v\nstands as %+v\nwhat was said comes to %+v", key, got[key], want)
		}
	}
}

func (x *tablets) marks(t *testing.T, d *db.DB) []spoken {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]spoken, error) {
		return db.List(r, func(s db.Scanner) (spoken, error) {
			var m spoken
			err := s.Scan(&m.ID, &m.by.Account, &m.Agent, &m.Child, &m.Unit, &m.Day, &m.Kind, &m.Target, &m.At, &m.SaidAt, &m.Received, &m.Reason)
			return m, err
		}, `select id, coalesce(device, ''), agent, child, unit, day, kind, target, at, said_at, received_at, reason from attendance_mark`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// stored is what attendance, stays and anomalies say of each child's day.
func (x *tablets) stored(t *testing.T, d *db.DB) map[attendance.Key]stands {
	t.Helper()
	all := map[attendance.Key]stands{}
	var key attendance.Key
	var s stands
	each := func(query string, note func(*stands), into ...any) {
		_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
			_, err := db.List(r, func(sc db.Scanner) (int, error) {
				if err := sc.Scan(append([]any{&key.Child, &key.Unit, &key.Day}, into...)...); err != nil {
					return 0, err
				}
				was := all[key]
				note(&was)
				all[key] = was
				return 0, nil
			}, query)
			return 0, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each(`select child, unit, day, state from attendance`, func(x *stands) { x.State = s.State }, &s.State)
	each(`select child, unit, day, wrote, before, coalesce(arrived_at, 0), coalesce(left_at, 0) from attendance_stay`, func(x *stands) {
		x.Wrote, x.Before, x.Came, x.Left = s.Wrote, s.Before, s.Came, s.Left
	}, &s.Wrote, &s.Before, &s.Came, &s.Left)
	each(`select child, unit, day, kind from attendance_anomaly where closed_at is null order by kind`, func(x *stands) {
		x.Open = strings.TrimSpace(x.Open + " " + s.Open)
	}, &s.Open)
	return all
}
