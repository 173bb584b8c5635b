package attendance_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/testkit"

	"pgregory.net/rapid"
)

var errOver = errors.New("over: nothing of the sequence is kept")

// TestMarksInAnyOrderAndNumber lets two tablets say anything of three children, then sends it all twice to the verb: once
// as it was said, once shuffled, cut into sendings, with marks sent again. What stands, and what is left for agents, is
// the same, and is what a reference says that reads the marks one by one. An agent may have corrected some of the children
// before the marks came.
func TestMarksInAnyOrderAndNumber(t *testing.T) {
	for engine, checks := range map[string][2]int{"sqlite": {60, 20_000}, "postgres": {20, 1_500}} {
		t.Run(engine, func(t *testing.T) {
			n := checks[0]
			if os.Getenv("PARVIS_DEEP") != "" {
				n = checks[1]
			}
			p := newPlace(t, quickly(t, engine))
			one, _ := p.tablet("Tablette 1", p.School)
			two, _ := p.tablet("Tablette 2", p.School)
			set(t, "rapid.checks", strconv.Itoa(n))
			set(t, "rapid.nofailfile", "true")
			start := time.Now()
			rapid.Check(t, func(rt *rapid.T) {
				said, fixed := p.drawMarks(rt, []actor.Actor{one, two}), p.drawCorrections(rt)
				straight := p.comesTo(rt, said, fixed)
				if want := p.reference(said, fixed); straight != want {
					rt.Fatalf("the verb says\n%s, the reference\n%s", straight, want)
				}
				if again := p.comesTo(rt, shuffled(rt, said), fixed); again != straight {
					rt.Fatalf("in another order it comes to\n%s, at first to\n%s", again, straight)
				}
			})
			t.Logf("%d sequences in %s", n, time.Since(start).Round(time.Millisecond))
		})
	}
}

// spoken is a mark with who said it.
type spoken struct {
	attendance.Mark
	by actor.Actor
}

func (p *place) kids() []family.ChildID { return []family.ChildID{p.Ines, p.Jeremy, p.nour} }

func (p *place) drawMarks(rt *rapid.T, tablets []actor.Actor) []spoken {
	var all []spoken
	for i := range rapid.IntRange(1, 12).Draw(rt, "marks") {
		kind := rapid.SampledFrom([]attendance.Kind{attendance.Present, attendance.Absent, attendance.Left, attendance.Undo, attendance.Unexpected}).Draw(rt, "kind")
		child := rapid.SampledFrom(p.kids()).Draw(rt, "child")
		target := ""
		if kind == attendance.Undo {
			if target = fmt.Sprintf("00000000-0000-4000-8000-%012d", rapid.IntRange(0, 12).Draw(rt, "target")); target == fmt.Sprintf("00000000-0000-4000-8000-%012d", i) {
				kind, target = attendance.Present, ""
			}
		}
		m := p.said(rapid.IntRange(-3, 4).Draw(rt, "minute"), child, kind, target) // clocks of tablets differ: moments repeat and go back
		m.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		all = append(all, spoken{m, rapid.SampledFrom(tablets).Draw(rt, "tablet")})
	}
	return all
}

// drawCorrections are what an agent said of some children at one minute past noon, before any mark had come.
func (p *place) drawCorrections(rt *rapid.T) map[family.ChildID]attendance.Kind {
	fixed := map[family.ChildID]attendance.Kind{}
	for _, c := range []family.ChildID{p.Ines, p.Jeremy} { // Nour is tied to nothing yet
		if kind := rapid.SampledFrom([]attendance.Kind{"", "", attendance.Present, attendance.Absent}).Draw(rt, "correction"); kind != "" {
			fixed[c] = kind
		}
	}
	return fixed
}

// corrected is when the agent spoke: after some marks were said, before others were.
func (p *place) corrected() time.Time { return p.day.At(12, 1, p.now.Location()).Add(30 * time.Second) }

func shuffled(rt *rapid.T, all []spoken) []spoken {
	mixed := rapid.Permutation(all).Draw(rt, "order")
	for range rapid.IntRange(0, 6).Draw(rt, "again") {
		mixed = append(mixed, mixed[rapid.IntRange(0, len(mixed)-1).Draw(rt, "which")])
	}
	return mixed
}

// comesTo sends marks, each run of one tablet as one sending, and tells what stands in a transaction that is not kept.
func (p *place) comesTo(rt *rapid.T, all []spoken, fixed map[family.ChildID]attendance.Kind) string {
	cat, said := p.catalogue(), ""
	err := db.Do(context.Background(), p.d, func(tx *db.Tx) error {
		for c, kind := range fixed {
			if err := attendance.Correct(tx, p.corrected(), p.leader(), cat, attendance.Mend{Key: attendance.Key{Child: c, Unit: p.unit, Day: p.day}, Kind: kind, Reason: "Vu"}); err != nil {
				return err
			}
		}
		for i := 0; i < len(all); {
			by, part := all[i].by, []attendance.Mark{}
			for ; i < len(all) && all[i].by.Account == by.Account && len(part) < 4; i++ {
				part = append(part, all[i].Mark)
			}
			if _, refused, err := attendance.Record(tx, p.now, by, cat, part); err != nil || len(refused) > 0 {
				return cmp.Or(err, fmt.Errorf("refused: %v", refused))
			}
		}
		said = ""
		for _, c := range p.kids() {
			what, err := booking.Told(tx, c, p.unit, p.day)
			if err != nil {
				return err
			}
			var came, left civil.Instant
			if _, err = db.List(tx, func(s db.Scanner) (bool, error) { return true, s.Scan(&came, &left) },
				`select arrived_at, left_at from attendance_stay where child = $1 and day = $2 and unit = $3`, string(c), p.day, string(p.unit)); err != nil {
				return err
			}
			kinds, err := db.List(tx, db.Column[string], `select kind from attendance_anomaly where child = $1 and closed_at is null and kind = 'differ' order by kind`, string(c))
			if err != nil {
				return err
			}
			said += fmt.Sprintln(c, what, came, left, kinds)
		}
		return errOver
	})
	if !errors.Is(err, errOver) {
		rt.Fatalf("the sequence was not run: %v", err)
	}
	return said
}

// reference is what the marks of all children come to.
func (p *place) reference(all []spoken, fixed map[family.ChildID]attendance.Kind) string {
	said := ""
	for _, c := range p.kids() {
		mine := slices.DeleteFunc(slices.Clone(all), func(m spoken) bool { return m.Child != c })
		var last *spoken
		if kind, is := fixed[c]; is {
			at := civil.InstantOf(p.corrected())
			last = &spoken{Mark: attendance.Mark{Kind: kind, At: at, SaidAt: at, Received: -1}} // all marks came later
		}
		what, came, left, kinds := refer(mine, last)
		said += fmt.Sprintln(c, what, came, left, kinds)
	}
	return said
}

// refer is what the marks of tablets about one child, unit and day come to, said without the rules of the package: an
// undone mark never was, the others happen one after the other. The last that an agent said stays: marks said before it
// are settled, those said later count when they say the same; one that says otherwise, and was said or came later, is left
// for an agent.
func refer(all []spoken, agent *spoken) (what booking.Attendance, came, left civil.Instant, kinds []string) {
	undone := map[string]bool{}
	for _, m := range all {
		if m.Kind == attendance.Undo {
			undone[m.Target] = true
		}
	}
	live := slices.DeleteFunc(slices.Clone(all), func(m spoken) bool { return m.Kind == attendance.Undo || undone[m.ID] })
	slices.SortFunc(live, func(x, y spoken) int {
		return cmp.Or(int(x.SaidAt-y.SaidAt), cmp.Compare(x.ID, y.ID))
	})
	kinds = []string{}
	if agent != nil {
		what = "absent"
		if agent.Kind == attendance.Present {
			what, came = "present", agent.At
		}
		rest := live[:0:0]
		for _, m := range live {
			switch later := m.SaidAt > agent.SaidAt; {
			case (m.Kind == attendance.Absent) == (agent.Kind == attendance.Absent):
				if later {
					rest = append(rest, m)
				}
			case later || m.Received > agent.Received:
				kinds = []string{"differ"}
			}
		}
		live = rest
	}
	for _, m := range live {
		switch m.Kind {
		case attendance.Absent:
			what, came, left = "absent", 0, 0
		case attendance.Left:
			what, left = "present", m.At
		default:
			what, came, left = "present", m.At, 0
		}
		for _, other := range live {
			if m.Kind == attendance.Absent && other.Kind != attendance.Absent && m.by.Account != other.by.Account {
				kinds = []string{"differ"}
			}
		}
	}
	return what, came, left, kinds
}

// quickly opens a fresh database whose writes run once: a sequence is two transactions that are not kept.
func quickly(t *testing.T, engine string) *db.DB {
	t.Helper()
	where := filepath.Join(t.TempDir(), "p.db")
	if engine == "postgres" {
		where = testkit.PostgresURL(t, attendance.Sources())
	}
	d, err := db.Open(context.Background(), where, db.WithLog(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if engine != "postgres" {
		if err := db.Migrate(context.Background(), d, attendance.Sources()...); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func set(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	before := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(before) })
}
