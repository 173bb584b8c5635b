package reminder_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"

	"pgregory.net/rapid"
)

// TestASchoolYearOfReminders runs half years of what two homes do and do not book, with a job that runs at any hour, late,
// twice or not at all, beside a model in maps: each week's last moment at most one mail an account, none before its
// evening nor past the moment, none about a day of the other home or to who wants none; and one for who was silent of what
// it had four weeks running, as soon as the job ran in time.
func TestASchoolYearOfReminders(t *testing.T) {
	each(t, canteen(), func(t *testing.T, h *house) {
		n := 30
		if strings.HasSuffix(t.Name(), "postgres") {
			n = 6
		}
		if os.Getenv("PARVIS_DEEP") != "" {
			n *= 20
		}
		for name, value := range map[string]string{"rapid.checks": fmt.Sprint(n), "rapid.nofailfile": "true"} {
			f := flag.Lookup(name)
			before := f.Value.String()
			if err := f.Value.Set(value); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Value.Set(before) })
		}
		mails, runs := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			h.t = t
			h.reset()
			y := &year{T: rt, h: h, said: map[place][]event{}, sent: map[string]time.Time{}}
			y.all()
			mails, runs = mails+len(y.sent), runs+y.runs
		})
		t.Logf("%d half years, %d runs of the job, %d mails", n, runs, mails)
	})
}

// place is a week of a child in a home.
type place struct {
	child  family.ChildID
	home   family.ID
	monday civil.Date
}

// event is something said of a week.
type event struct {
	at     time.Time
	booked bool // else given up
}

type year struct {
	*rapid.T
	h     *house
	said  map[place][]event
	sent  map[string]time.Time // account and Monday
	seen  int                  // mails of the outbox already looked at
	runs  int
	ahead map[person.ID]reminder.Ahead
}

func (y *year) homes() []place {
	return []place{{child: y.h.Jeremy, home: y.h.First}, {child: y.h.Jeremy, home: y.h.Second}, {child: y.h.Ines, home: y.h.First}}
}

// has tells whether a week is a home's: even ones of Jérémy are the first's.
func (y *year) has(p place) bool {
	return p.child != y.h.Jeremy || (p.monday.ISOWeek()%2 == 0) == (p.home == y.h.First)
}

func (y *year) all() {
	y.ahead = map[person.ID]reminder.Ahead{}
	for _, who := range []person.ID{y.h.Camille, y.h.Thomas, y.h.Bruno} {
		y.ahead[who] = rapid.SampledFrom([]reminder.Ahead{reminder.Eve, reminder.Eve, reminder.Two, reminder.None}).Draw(y.T, "ahead")
		y.h.do(func(tx *db.Tx) error { return reminder.SetAhead(tx, y.h.now, y.h.accounts[who], y.ahead[who]) })
	}
	usual := map[place]int{}
	for _, p := range y.homes() {
		usual[p] = rapid.SampledFrom([]int{10, 9, 7, 2, 0}).Draw(y.T, "how often, of ten")
	}
	for m := civil.NewDate(2027, 1, 11); m.Before(civil.NewDate(2027, 6, 21)); m = m.AddDays(7) {
		y.week(m, usual)
	}
}

// week runs the job and what the homes do in the days before the last moment of a week.
func (y *year) week(monday civil.Date, usual map[place]int) {
	type do struct {
		at time.Time
		fn func()
	}
	var todo []do
	zone := y.h.now.Location()
	limit := monday.AddDays(-3).At(0, 0, zone) // Friday at 0:00
	for _, p := range y.homes() {
		p.monday = monday
		if !y.has(p) || rapid.IntRange(0, 9).Draw(y.T, "does") >= usual[place{child: p.child, home: p.home}] {
			continue
		}
		at := limit.Add(-time.Duration(rapid.IntRange(1, 96*60).Draw(y.T, "minutes before")) * time.Minute)
		todo = append(todo, do{at, func() {
			y.h.book(p.child, p.home, booking.Booked, monday, monday.AddDays(3))
			y.said[p] = append(y.said[p], event{at, true})
		}})
		if rapid.IntRange(0, 9).Draw(y.T, "gives up") == 0 {
			gone := at.Add(time.Minute)
			todo = append(todo, do{gone, func() {
				y.h.exec(`update booking set state = 'cancelled' where child = $1 and day >= $2 and day <= $3`, string(p.child), monday, monday.AddDays(6))
				y.said[p] = append(y.said[p], event{gone, false})
			}})
		}
	}
	var ran []time.Time
	for range rapid.IntRange(0, 3).Draw(y.T, "runs") {
		at := limit.Add(-time.Duration(rapid.IntRange(-12, 60).Draw(y.T, "hours before")) * time.Hour)
		ran = append(ran, at)
		twice := rapid.Bool().Draw(y.T, "twice")
		todo = append(todo, do{at, func() {
			y.run()
			if twice {
				y.run()
			}
		}})
	}
	sort.SliceStable(todo, func(i, j int) bool { return todo[i].at.Before(todo[j].at) })
	for _, x := range todo {
		y.h.now = x.at
		x.fn()
	}
	y.missed(monday, limit, ran)
}

func (y *year) silent(p place) bool { return len(y.said[p]) == 0 }

// run runs the job and looks at each mail it wrote.
func (y *year) run() {
	y.h.t.Helper()
	y.runs++
	if err := y.h.desk.Sweep(context.Background()); err != nil {
		y.Fatal(err)
	}
	if y.seen == int(y.h.count(`select count(*) from mail_outbox`)) {
		return
	}
	all := y.h.letters()
	for _, l := range all[y.seen:] {
		y.look(l)
	}
	y.seen = len(all)
}

func (y *year) look(l letter) {
	who := person.ID(strings.TrimSuffix(strings.TrimPrefix(l.To, "de."), "@exemple.fr"))
	home := y.h.First
	if who == y.h.Bruno {
		home = y.h.Second
	}
	text := strings.Join(l.Paragraphs[1:], " ")
	monday := y.mondayIn(text)
	key := string(who) + monday.String()
	if before, twice := y.sent[key]; twice {
		y.Fatalf("%s: a second mail about the week of %s, after that of %s", who, monday, before)
	}
	y.sent[key] = y.h.now
	zone := y.h.now.Location()
	evening := monday.AddDays(-5).At(18, 0, zone) // Wednesday
	if y.ahead[who] == reminder.Two {
		evening = evening.AddDate(0, 0, -1)
	}
	if l.Dropped || y.ahead[who] == reminder.None || y.h.now.Before(evening) || !y.h.now.Before(monday.AddDays(-3).At(0, 0, zone)) {
		y.Fatalf("%s, who wants %s, is told at %s of the week of %s: %+v", who, y.ahead[who], y.h.now, monday, l)
	}
	for name, child := range map[string]family.ChildID{"Jérémy": y.h.Jeremy, "Inès": y.h.Ines} {
		p := place{child, home, monday}
		if !strings.Contains(text, name) {
			continue
		}
		if child == y.h.Ines && home == y.h.Second || !y.has(p) || !y.silent(p) {
			y.Fatalf("at %s, %s is told of %s, of the week of %s: %v", y.h.now, who, name, monday, y.said[p])
		}
	}
}

// mondayIn finds the one week that a text is about.
func (y *year) mondayIn(text string) civil.Date {
	var found []civil.Date
	for m := civil.NewDate(2027, 1, 4); m.Before(civil.NewDate(2027, 7, 5)); m = m.AddDays(7) {
		if strings.Contains(text, (booking.Unanswered{Monday: m}).What()+"\u00a0:") {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		y.Fatalf("weeks %v in %q", found, text)
	}
	return found[0]
}

// missed finds who had a week four times running, was silent when the job ran in time, and was not told.
func (y *year) missed(monday civil.Date, limit time.Time, ran []time.Time) {
	for who, ahead := range y.ahead {
		evening := monday.AddDays(-5).At(18, 0, limit.Location())
		if ahead == reminder.Two {
			evening = evening.AddDate(0, 0, -1)
		}
		intime := slices.ContainsFunc(ran, func(at time.Time) bool { return !at.Before(evening) && at.Before(limit) })
		if ahead == reminder.None || !intime {
			continue
		}
		for _, p := range y.homes() {
			if p.monday = monday; (p.home == y.h.Second) != (who == y.h.Bruno) || !y.has(p) || len(y.said[p]) > 0 {
				continue
			}
			habit := 0
			for m := monday.AddDays(-7); habit < 4 && m.After(civil.NewDate(2027, 1, 10)); m = m.AddDays(-7) {
				q := place{p.child, p.home, m}
				if !y.has(q) {
					continue
				}
				if e := y.said[q]; len(e) == 0 || !e[len(e)-1].booked {
					break
				}
				habit++
			}
			if _, told := y.sent[string(who)+monday.String()]; habit == 4 && !told {
				y.Fatalf("%s was not told of the week of %s, of which nothing is said for %s", who, monday, p.child)
			}
		}
	}
}
