package booking_test

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// listStory is what one database was asked and answered.
type listStory struct {
	p     listPlan
	told  map[int64]string // what was answered, by its moment: "3 0 1 taken"
	tried map[int64]bool
	did   map[string]int // lines of the story, by kind
	last  time.Time
}

func (h *listStory) listen(t *testing.T, said []string) {
	t.Helper()
	for _, line := range said {
		var what, did string
		var kid, act, day int
		var at int64
		if _, err := fmt.Sscan(line, &what, &kid, &act, &day, &did, &at); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		h.tried[at] = true
		h.seen(at)
		if what == "ok" && did != "none" {
			h.told[at] = fmt.Sprint(kid, act, day, " ", did)
		}
	}
}

func (h *listStory) seen(at int64) {
	if when := civil.Instant(at).In(h.p.From.Location()); when.After(h.last) {
		h.last = when
	}
}

// listLine is a line of the story.
type listLine struct {
	at        int64
	kid       int
	did, was  string
	reference string
}

// check tells the story again and compares it with what is stored.
func (h *listStory) check(t *testing.T, d *db.DB, quiet bool) {
	t.Helper()
	h.did = map[string]int{}
	kept := map[int64]string{}
	references := map[string]int{}
	for act := range h.p.Acts {
		for day := range h.p.Days {
			s := listSlot{act, day}
			lines := h.lines(t, d, s)
			for _, l := range lines {
				h.did[l.did]++
				h.seen(l.at)
				references[l.reference]++
				byList := slices.Contains([]string{"promoted", "offered", "expired"}, l.did)
				if byList == h.tried[l.at] {
					t.Fatalf("%+v: asked for by somebody: %v", l, h.tried[l.at])
				}
				if byList {
					continue
				}
				if kept[l.at] != "" {
					t.Fatalf("%+v is there twice", l)
				}
				kept[l.at] = fmt.Sprint(l.kid, act, day, " ", l.did)
			}
			h.tell(t, d, s, lines, quiet)
		}
	}
	for at, what := range h.told {
		if kept[at] != what {
			t.Fatalf("answered %q at %d, kept %q", what, at, kept[at])
		}
	}
	h.proven(t, d, references)
}

// lines reads what is kept of a day of an activity, in order.
func (h *listStory) lines(t *testing.T, d *db.DB, s listSlot) []listLine {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]listLine, error) {
		return db.List(r, func(sc db.Scanner) (listLine, error) {
			var l listLine
			var child family.ChildID
			err := sc.Scan(&l.at, &child, &l.did, &l.was, &l.reference)
			l.kid = slices.IndexFunc(h.p.Kids, func(k listKid) bool { return k.Child == child })
			return l, err
		}, `select at, child, case when list <> '' then list else did end, was, reference from booking_line where activity = $1 and day = $2`,
			string(h.p.Acts[s.act].ID), h.p.Days[s.day])
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(x, y listLine) int { return cmp.Compare(x.at, y.at) })
	return all
}

// tell replays the lines of a day: who stands where after each.
func (h *listStory) tell(t *testing.T, d *db.DB, s listSlot, lines []listLine, quiet bool) {
	t.Helper()
	places := h.p.Acts[s.act].Places
	state, since := make([]string, len(h.p.Kids)), make([]int64, len(h.p.Kids))
	count := func(of ...string) (n int) {
		for _, x := range state {
			if slices.Contains(of, x) {
				n++
			}
		}
		return n
	}
	before := func(x, y int) bool { // in line
		if h.p.Kids[x].Resident != h.p.Kids[y].Resident {
			return h.p.Kids[x].Resident
		}
		return since[x] < since[y]
	}
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].at == lines[0].at {
			n++
		}
		waited := count("waiting")
		var served []int
		for _, l := range lines[:n] {
			was, _, _ := strings.Cut(l.was, ".")
			if was != state[l.kid] {
				t.Fatalf("%v: %+v, but it was %q", s, l, state[l.kid])
			}
			switch l.did {
			case "booked":
				if state[l.kid] = "booked"; waited > 0 {
					t.Fatalf("%v: %+v passes %d who wait", s, l, waited)
				}
			case "joined":
				state[l.kid], since[l.kid] = "waiting", l.at
			case "promoted", "taken":
				state[l.kid] = "booked"
			case "offered":
				state[l.kid] = "offered"
			case "cancelled", "declined", "expired":
				state[l.kid] = ""
			default:
				t.Fatalf("%v: %+v", s, l)
			}
			if l.did == "promoted" || l.did == "offered" {
				served = append(served, l.kid)
			}
		}
		for _, kid := range served {
			for other, x := range state {
				if x == "waiting" && before(other, kid) {
					t.Fatalf("%v at %d: %d was served before %d", s, lines[0].at, kid, other)
				}
			}
		}
		if n := count("booked", "offered"); n > places {
			t.Fatalf("%v at %d: %d have one of %d places", s, lines[0].at, n, places)
		}
		lines = lines[n:]
	}
	h.stands(t, d, s, state, places-count("booked", "offered"), count("waiting"), quiet)
}

// stands compares what a story ends in with the bookings, the places and the jobs.
func (h *listStory) stands(t *testing.T, d *db.DB, s listSlot, state []string, free, waiting int, quiet bool) {
	t.Helper()
	type row struct {
		child       family.ChildID
		state       string
		slot, wants string
		until       int64
	}
	type place struct {
		id    string
		taken int
	}
	act, day := h.p.Acts[s.act], h.p.Days[s.day]
	_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		slot, err := db.One(r, "slot", func(sc db.Scanner) (p place, err error) { return p, sc.Scan(&p.id, &p.taken) },
			`select id, taken from slot where unit = $1 and day = $2`, string(act.Only), day)
		if err != nil {
			return 0, err
		}
		all, err := db.List(r, func(sc db.Scanner) (x row, err error) {
			return x, sc.Scan(&x.child, &x.state, &x.slot, &x.wants, &x.until)
		}, `select child, state, coalesce(slot, ''), coalesce(wants, ''), coalesce(offer_until_at, 0) from booking where unit = $1 and day = $2
			and state not in ('cancelled', 'refused')`, string(act.Only), day)
		if err != nil {
			return 0, err
		}
		asked, err := db.List(r, db.Column[string], `select args from job where kind = $1 and state in ('queued', 'running')`, booking.JobHandOn)
		if err != nil {
			return 0, err
		}
		ends, err := db.List(r, db.Column[int64], `select run_at from job where kind = $1 and state in ('queued', 'running')`, booking.JobExpire)
		if err != nil {
			return 0, err
		}
		stored := make([]string, len(state))
		for _, x := range all {
			kid := slices.IndexFunc(h.p.Kids, func(k listKid) bool { return k.Child == x.child })
			stored[kid] = x.state
			holds := x.state != "waiting"
			if (x.slot == slot.id) != holds || (x.wants == slot.id) == holds || (x.until != 0) != (x.state == "offered") {
				t.Fatalf("%v: %+v of slot %s", s, x, slot.id)
			}
			if x.state == "offered" && !slices.ContainsFunc(ends, func(at int64) bool { return at <= x.until }) {
				t.Fatalf("%v: the offer until %d has no job that ends it: %v", s, x.until, ends)
			}
		}
		if !slices.Equal(stored, state) {
			t.Fatalf("%v: what is kept ends in %q, stored is %q", s, state, stored)
		}
		if slot.taken != act.Places-free {
			t.Fatalf("%v: %d of %d places are taken, %d are free", s, slot.taken, act.Places, free)
		}
		coming := slices.ContainsFunc(asked, func(args string) bool { return strings.Contains(args, slot.id) })
		if free > 0 && waiting > 0 && (quiet || !coming) {
			t.Fatalf("%v: %d places are free, %d wait, and nothing will hand them on (%v)", s, free, waiting, asked)
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var someReference = regexp.MustCompile(`R-\w{4}-\w{4}`)

// proven checks that each confirmation is mailed once, each home having one head, and is in the journal once; and that
// neither tells of one that is not there.
func (h *listStory) proven(t *testing.T, d *db.DB, references map[string]int) {
	t.Helper()
	for what, query := range map[string]string{
		"mailed":         `select args || ' ' || coalesce(parts, '') from mail_outbox`,
		"in the journal": `select detail from audit_event where action like 'booking.%'`,
	} {
		rows, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query) })
		if err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, row := range rows {
			found := someReference.FindAllString(row, -1)
			slices.Sort(found)
			for _, reference := range slices.Compact(found) {
				times[reference]++
			}
		}
		for reference := range references {
			if times[reference] != 1 {
				t.Fatalf("%s is %d times %s", reference, times[reference], what)
			}
		}
		if len(times) != len(references) {
			t.Fatalf("%d confirmations, %d %s", len(references), len(times), what)
		}
	}
}
