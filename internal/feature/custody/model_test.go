package custody_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"

	"pgregory.net/rapid"
)

// modelDays is how far the reference goes: from before the new year of a year of 53 weeks to after the summer hour.
const modelDays = 150

// model is what a child of two homes is, said day by day: letters are A, B, and '-' where nothing is said.
type model struct {
	t     *rapid.T
	tx    *db.Tx
	h     familytest.Homes
	start civil.Date
	today int
	of    [modelDays]int // the version that covers a day, 0 for none
	first map[int]int    // the first day of a version
	days  [modelDays]byte
	given [modelDays]byte
	open  map[int]offer // offers by day
	kept  map[person.ID]bool
	ids   map[int]custody.ID
	next  int
	steps map[string]int
}

type offer struct {
	id    custody.DayID
	giver byte
}

func (m *model) day(i int) civil.Date { return m.start.AddDays(i) }

func (m *model) now() time.Time { return m.day(m.today).At(10, 0, persontest.Now().Location()) }

func (m *model) home(letter byte) family.ID {
	if letter == 'A' {
		return m.h.First
	}
	return m.h.Second
}

// lives tells that somebody may act for the child in a home.
func (m *model) lives(letter byte) bool {
	if letter == 'B' {
		return !m.kept[m.h.Bruno]
	}
	return !m.kept[m.h.Camille] || !m.kept[m.h.Thomas]
}

// at is in which home a day is, by the reference.
func (m *model) at(i int) byte {
	switch {
	case m.of[i] == 0 || !m.lives('A') || !m.lives('B'):
		return '-'
	case m.given[i] != 0:
		return m.given[i]
	}
	return m.days[i]
}

// paint walks day by day, as somebody with a wall calendar would.
func (m *model) paint(x custody.Arrangement, from, to int) {
	m.next++
	m.first[m.next], m.ids[m.next] = from, x.ID
	letters := map[family.ID]byte{m.h.First: 'A', m.h.Second: 'B'}
	cur, cell := byte('-'), 0
	for i := from - 80; i < modelDays; i++ {
		d := m.day(i)
		switch x.Kind {
		case custody.EvenOddWeeks:
			if d.Weekday() == x.Change { // a new turn
				_, week := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).ISOWeek()
				if cur = letters[x.Other]; week%2 == 0 {
					cur = letters[x.Home]
				}
			}
		case custody.Cycle:
			if !d.Before(x.Anchor) {
				cur = letters[x.Home]
				if x.Cells[cell/x.Step] == 'B' {
					cur = letters[x.Other]
				}
				if cell++; cell == x.Step*len(x.Cells) {
					cell = 0
				}
			}
		}
		switch {
		case i < from || i < 0:
		case i <= to:
			m.of[i], m.days[i] = m.next, cur
		case m.of[i] != 0 && m.first[m.of[i]] <= to: // cut short, or replaced whole
			m.of[i] = 0
		}
	}
	for _, s := range x.Spans {
		for i := max(0, from); i <= min(to, modelDays-1); i++ {
			if d := m.day(i); !d.Before(s.From) && !d.After(s.To) {
				m.days[i] = letters[s.Home]
			}
		}
	}
}

func (m *model) arrangement() (custody.Sharing, int, int) {
	from := rapid.IntRange(m.today, modelDays-20).Draw(m.t, "from")
	to := modelDays + 50
	x := custody.Arrangement{Home: m.h.First, Other: m.h.Second, Days: civil.Range{From: m.day(from)}}
	if rapid.Bool().Draw(m.t, "other way round") {
		x.Home, x.Other = x.Other, x.Home
	}
	if rapid.IntRange(0, 2).Draw(m.t, "ends") == 0 {
		to = from + rapid.IntRange(0, 40).Draw(m.t, "long")
		x.Days.To = m.day(to)
	}
	switch rapid.IntRange(0, 2).Draw(m.t, "kind") {
	case 0:
		x.Kind, x.Change = custody.EvenOddWeeks, time.Weekday(rapid.IntRange(0, 6).Draw(m.t, "change"))
	case 1:
		x.Kind, x.Step, x.Anchor = custody.Cycle, rapid.SampledFrom([]int{1, 2, 7, 14}).Draw(m.t, "step"), x.Days.From
		x.Cells = rapid.SampledFrom([]string{"AB", "BA", "AAB", "ABBAB"}).Draw(m.t, "cells")
	default:
		x.Kind = custody.ByDates
	}
	if x.Kind == custody.ByDates || rapid.Bool().Draw(m.t, "holidays") {
		at := from + rapid.IntRange(0, min(20, to-from)).Draw(m.t, "span") // one that starts after the end is refused
		x.Spans = []custody.Span{{Range: civil.Range{From: m.day(at), To: m.day(at + rapid.IntRange(0, 15).Draw(m.t, "days"))}, Home: x.Other}}
	}
	return custody.Sharing{Arrangement: x}, from, to
}

// heads are who acts, with their home; the contact acts for nobody.
func (m *model) who() (person.ID, byte) {
	i := rapid.IntRange(0, 3).Draw(m.t, "who")
	return []person.ID{m.h.Camille, m.h.Thomas, m.h.Bruno, m.h.Contact}[i], []byte{'A', 'A', 'B', 0}[i]
}

func (m *model) may(who person.ID, letter byte) bool { return letter != 0 && !m.kept[who] }

// want compares what a verb did with what the reference says it must.
func (m *model) want(what string, err error, allowed, seen bool) {
	m.steps[what]++
	switch {
	case allowed && err != nil:
		m.t.Fatalf("%s: %v, must be done", what, err)
	case !allowed && err == nil:
		m.t.Fatalf("%s: done, must be refused", what)
	case !seen && fault.KindOf(err) != fault.NotFound:
		m.t.Fatalf("%s: %v, who may not see the child must be told that there is none", what, err)
	}
}

func (m *model) enter() {
	x, from, to := m.arrangement()
	id, err := custody.Enter(m.tx, m.now(), familytest.Agent(family.FileWrite), m.h.Jeremy, x)
	m.want("enter", err, true, true)
	x.ID = id
	m.paint(x.Arrangement, from, to)
}

func (m *model) propose() {
	who, letter := m.who()
	x, from, to := m.arrangement()
	id, err := custody.Propose(m.tx, m.now(), persontest.Citizen(who), m.h.Jeremy, x)
	m.want("propose", err, m.may(who, letter), m.may(who, letter))
	if err != nil {
		return
	}
	m.check() // asked for, it has no effect
	other, at := m.who()
	_, err = custody.Say(m.tx, m.now(), persontest.Citizen(other), id, custody.Agrees, "")
	m.want("say", err, m.may(other, at) && at != letter, m.may(other, at) && at != letter)
	m.check() // nor has what the other home thinks of it
	stranger, _ := m.who()
	err = custody.Decide(m.tx, m.now(), persontest.Citizen(stranger), id, family.Decision{Approve: true})
	m.want("a parent approves", err, false, false)
	approve := rapid.Bool().Draw(m.t, "approve")
	err = custody.Decide(m.tx, m.now(), familytest.Agent(family.MemberApprove), id, family.Decision{Approve: approve, Reason: "non"})
	m.want("decide", err, true, true)
	if approve {
		x.ID = id
		m.paint(x.Arrangement, from, to)
	}
}

func (m *model) end() {
	at := rapid.IntRange(m.today, modelDays-1).Draw(m.t, "end at")
	v := m.of[at]
	if v == 0 {
		return
	}
	_, err := custody.End(m.tx, m.now(), familytest.Agent(family.FileWrite), m.ids[v], m.day(at))
	m.want("end", err, true, true)
	for i := at + 1; i < modelDays; i++ {
		if m.of[i] == v {
			m.of[i] = 0
		}
	}
}

func (m *model) hand() {
	who, letter := m.who()
	at := rapid.IntRange(max(0, m.today-2), modelDays-1).Draw(m.t, "day")
	for i := range modelDays { // mostly a day that may be given
		if j := (at + i) % modelDays; i > 0 && j >= m.today && m.at(j) == letter && rapid.IntRange(0, 3).Draw(m.t, "this") > 0 {
			at = j
			break
		}
	}
	before, waits := m.open[at]
	again := waits && before.giver == letter // offered already by this home: answered as done
	id, err := custody.OfferDay(m.tx, m.now(), persontest.Citizen(who), m.h.Jeremy, m.day(at))
	m.want("offer", err, m.may(who, letter) && at >= m.today && m.at(at) == letter && (!waits || again), m.may(who, letter))
	if err == nil {
		m.open[at] = offer{id: id, giver: letter}
	}
}

func (m *model) answer() {
	for at := range modelDays {
		o, waits := m.open[at]
		if !waits || rapid.Bool().Draw(m.t, "leave") {
			continue
		}
		who, letter := m.who()
		if rapid.IntRange(0, 3).Draw(m.t, "take back") == 0 {
			_, err := custody.WithdrawDay(m.tx, m.now(), persontest.Citizen(who), o.id)
			m.want("withdraw", err, m.may(who, letter) && letter == o.giver, m.may(who, letter) && letter == o.giver)
			if err == nil {
				delete(m.open, at)
			}
			continue
		}
		accept := rapid.Bool().Draw(m.t, "accept")
		_, err := custody.AnswerDay(m.tx, m.now(), persontest.Citizen(who), o.id, accept)
		taker := m.may(who, letter) && letter != o.giver
		m.want("answer", err, taker && at >= m.today && (!accept || m.at(at) == o.giver), taker)
		if err == nil {
			if accept {
				m.given[at] = 'A' + 'B' - o.giver
			}
			delete(m.open, at)
		}
	}
}

func (m *model) court() {
	who, letter := m.who()
	if letter == 0 {
		return
	}
	m.steps["court"]++
	var err error
	if m.kept[who] {
		var id string
		if id, err = db.One(m.tx, "restriction", db.Column[string], `select id from restriction where person = $1 and lifted_day is null`, string(who)); err == nil {
			err = family.Lift(m.tx, m.now(), actor.Job("test"), id)
		}
	} else {
		_, err = family.Restrict(m.tx, m.now(), actor.Job("test"), family.Restriction{Person: who, Child: m.h.Jeremy, DecidedOn: m.day(m.today), Reference: "RG"})
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.kept[who] = !m.kept[who]
}

func (m *model) check() {
	line, err := custody.TimelineOf(m.tx, m.h.Jeremy, civil.Range{From: m.day(0), To: m.day(modelDays - 1)}, m.day(m.today))
	if err != nil {
		m.t.Fatal(err)
	}
	for i := range modelDays {
		home, known := line.HomeOn(m.day(i))
		want := m.at(i)
		if known != (want != '-') || known && home != m.home(want) {
			m.t.Fatalf("%s: in %s (%v), the reference says %c", m.day(i), home, known, want)
		}
	}
	narrow := rapid.IntRange(0, modelDays-1).Draw(m.t, "one day")
	one, err := custody.TimelineOf(m.tx, m.h.Jeremy, civil.Range{From: m.day(narrow), To: m.day(narrow)}, m.day(m.today))
	if err != nil {
		m.t.Fatal(err)
	}
	a, aKnown := one.HomeOn(m.day(narrow))
	if b, bKnown := line.HomeOn(m.day(narrow)); a != b || aKnown != bKnown {
		m.t.Fatalf("%s: read alone it is in %q, among others in %q", m.day(narrow), a, b)
	}
}

var errBack = errors.New("taken back")

// TestCustodyAgainstACalendar leads two homes, agents and a court through any order of acts, and compares each with a
// calendar filled in day by day: in which home each day is, and who may do what.
func TestCustodyAgainstACalendar(t *testing.T) {
	d, err := db.Open(context.Background(), filepath.Join(t.TempDir(), "p.db"), db.WithLog(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := db.Migrate(context.Background(), d, custody.Sources()...); err != nil {
		t.Fatal(err)
	}
	h := familytest.New(t, d)
	steps, runs := map[string]int{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			if _, err := tx.Exec(`update family_member set from_day = '2026-01-01'`); err != nil {
				return err
			}
			m := &model{t: rt, tx: tx, h: h, start: civil.NewDate(2026, 12, 7), first: map[int]int{}, open: map[int]offer{}, kept: map[person.ID]bool{},
				ids: map[int]custody.ID{}, steps: steps}
			for range rapid.IntRange(3, 25).Draw(rt, "acts") {
				switch rapid.IntRange(0, 11).Draw(rt, "act") {
				case 0, 1:
					m.enter()
				case 2:
					m.propose()
				case 3:
					m.end()
				case 4, 5, 6:
					m.hand()
				case 7, 10, 11:
					m.answer()
				case 8:
					m.court()
				default:
					m.today = min(m.today+rapid.IntRange(1, 9).Draw(rt, "later"), modelDays-30)
				}
				m.check()
			}
			return errBack
		})
		if !errors.Is(err, errBack) {
			rt.Fatal(err)
		}
	})
	t.Logf("%d sequences: %s", runs, fmt.Sprint(steps))
}
