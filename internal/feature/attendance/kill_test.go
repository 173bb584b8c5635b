package attendance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/family"
	"parvis/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func([]byte) error{"marks": killedMarks})
}

// wire is a mark as a tablet sends it.
type wire struct {
	ID     string          `json:"id"`
	Child  family.ChildID  `json:"c"`
	Unit   activity.UnitID `json:"u"`
	Day    string          `json:"d"`
	Kind   attendance.Kind `json:"k"`
	Target string          `json:"t,omitempty"`
	At     int64           `json:"at"`
	Said   int64           `json:"s"`
}

func (w wire) key() attendance.Key {
	day, _ := civil.ParseDate(w.Day) // written by draw
	return attendance.Key{Child: w.Child, Unit: w.Unit, Day: day}
}

// answered is what the portal says of a sending.
type answered struct {
	Taken   []string          `json:"taken"`
	Refused map[string]string `json:"refused"`
}

// marksPlan tells the killed process what its tablets are.
type marksPlan struct {
	Path   string
	Now    time.Time
	Tokens []string // of the tablets
	Agent  actor.Actor
	Kids   []family.ChildID
	Mended int // an agent speaks of so many of them, the first
	Unit   activity.UnitID
	Days   []civil.Date
	Again  [][]wire // what each tablet sends first: what had no answer, and some that had
	Rest   bool     // that is all
	Round  int      // names the agent's words
}

// killedMarks takes what tablets say for ever, as POST /tablette/pointages does, with an agent who corrects now and then.
// Before a sending it says "try 1 […]", after the answer "ok 1 {…}"; of a correction "try agent …", "ok agent …".
func killedMarks(raw []byte) error {
	var p marksPlan
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	d, err := testkit.OpenPath(p.Path)
	if err != nil {
		return err
	}
	o := &office{marksPlan: p, d: d, said: map[attendance.Key][]string{}}
	cache := &activity.Cache{DB: d}
	if o.cat, err = cache.Get(context.Background(), o.now()); err != nil {
		return err
	}
	if o.h, err = o.portal(cache); err != nil {
		return err
	}
	failed := make(chan error)
	var again sync.WaitGroup
	for tablet := range p.Tokens {
		again.Add(1)
		go func() {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(tablet)))
			for part := range slices.Chunk(p.Again[tablet], 4) {
				if err := o.send(tablet, part); err != nil {
					failed <- err
				}
			}
			again.Done()
			for !p.Rest {
				if err := o.send(tablet, o.draw(random)); err != nil {
					failed <- err
				}
				if random.IntN(6) == 0 {
					if err := o.correct(random); err != nil {
						failed <- err
					}
				}
			}
		}()
	}
	if p.Rest {
		go func() { again.Wait(); close(failed) }()
	}
	return <-failed
}

// office is the portal of the killed process, and its tablets.
type office struct {
	marksPlan
	d     *db.DB
	cat   *activity.Catalogue
	h     http.Handler
	ticks atomic.Int64
	words atomic.Int64
	mu    sync.Mutex
	said  map[attendance.Key][]string // ids that an undo may name
}

func (o *office) now() time.Time {
	return o.Now.In(o.zone()).Add(time.Duration(o.ticks.Add(1)) * time.Millisecond)
}

func (o *office) zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC
	}
	return zone
}

func (o *office) portal(cache *activity.Cache) (http.Handler, error) {
	nobody := func(http.ResponseWriter, *http.Request) (actor.Actor, error) { return actor.Actor{}, nil }
	rt, err := web.New(web.Config{DB: o.d, Now: o.now, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		BaseURL: &url.URL{Scheme: "http", Host: "portail.test"}, Identify: attendance.Identify(o.d, nobody), Site: testkit.Town})
	if err != nil {
		return nil, err
	}
	attendance.Pages{DB: o.d, Now: o.now, Catalogue: cache}.Tablet(rt)
	return rt.Handler(), rt.Err()
}

// send posts marks as a tablet does.
func (o *office) send(tablet int, marks []wire) error {
	body, err := json.Marshal(marks)
	if err != nil {
		return err
	}
	testkit.Say("try", tablet, string(body))
	r := httptest.NewRequest(http.MethodPost, "http://portail.test"+attendance.Path+"/pointages", strings.NewReader(url.Values{"pointages": {string(body)}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://portail.test")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "tablette", Value: o.Tokens[tablet]})
	w := httptest.NewRecorder()
	o.h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("a sending: %d %s", w.Code, w.Body)
	}
	testkit.Say("ok", tablet, strings.TrimSpace(w.Body.String()))
	return nil
}

// draw is what a tablet says next: one to four marks about whomever.
func (o *office) draw(random *rand.Rand) []wire {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []wire
	for range 1 + random.IntN(4) {
		kinds := []attendance.Kind{attendance.Present, attendance.Absent, attendance.Left, attendance.Undo, attendance.Unexpected}
		day := o.Days[random.IntN(len(o.Days))]
		m := wire{ID: db.NewID(), Child: o.Kids[random.IntN(len(o.Kids))], Unit: o.Unit, Day: day.String(), Kind: kinds[random.IntN(len(kinds))]}
		m.Said = day.At(12, 0, o.zone()).Add(time.Duration(random.IntN(100)) * time.Minute).UnixMilli()
		m.At = m.Said
		if of := o.said[m.key()]; m.Kind == attendance.Undo && len(of) > 0 {
			m.Target = of[random.IntN(len(of))]
		} else if m.Kind == attendance.Undo {
			m.Kind = attendance.Present
		}
		o.said[m.key()] = append(o.said[m.key()], m.ID)
		all = append(all, m)
	}
	return all
}

func (o *office) correct(random *rand.Rand) error {
	kind := []attendance.Kind{attendance.Present, attendance.Absent}[random.IntN(2)]
	m := attendance.Mend{Key: attendance.Key{Child: o.Kids[random.IntN(o.Mended)], Unit: o.Unit, Day: o.Days[random.IntN(len(o.Days))]}, Kind: kind,
		Reason: fmt.Sprintf("%d.%d", o.Round, o.words.Add(1))}
	testkit.Say("try agent", m.Reason)
	if err := db.Do(context.Background(), o.d, func(tx *db.Tx) error { return attendance.Correct(tx, o.now(), o.Agent, o.cat, m) }); err != nil {
		return err
	}
	testkit.Say("ok agent", m.Reason)
	return nil
}

// TestKill9WhileMarksAreTakenLosesNone kills the portal at random moments while three tablets send what leaders mark and
// an agent corrects. After each kill the marks that are kept agree with attendance, stays and anomalies, and none that
// was acknowledged is lost; the tablets then send again what had no answer, and some that had. In the end what stands is
// what a reference makes of all that was said.
func TestKill9WhileMarksAreTakenLosesNone(t *testing.T) {
	testkit.EachKillable(t, attendance.Sources(), func(t *testing.T, k testkit.Killable) {
		lives, cycles := 1, 6
		if os.Getenv("PARVIS_DEEP") != "" {
			lives, cycles = 12, 15
		}
		random := testkit.Random(t)
		marks, corrections, open := 0, 0, 0
		for range lives {
			tablets := newTablets(t, k.Fresh(t))
			for tablets.Round = range cycles {
				said, ended := testkit.Killing{Child: "marks", Plan: tablets.marksPlan, Answers: 1 + random.IntN(50),
					More: time.Duration(random.Int64N(int64(8*time.Millisecond)) - int64(4*time.Millisecond))}.Run(t)
				if ended {
					t.Fatal("the process came to an end")
				}
				k.Settled(t)
				tablets.listen(t, said)
				testkit.Reopened(t, tablets.Path, func(d *db.DB) { tablets.check(t, d) })
				open += tablets.sendAgain(random, 10)
			}
			tablets.Rest = true
			tablets.sendAgain(random, 1_000_000)
			said, ended := testkit.Killing{Child: "marks", Plan: tablets.marksPlan}.Run(t)
			if !ended {
				t.Fatal("the last sendings failed")
			}
			tablets.listen(t, said)
			testkit.Reopened(t, tablets.Path, func(d *db.DB) { tablets.check(t, d); tablets.checkAll(t, d) })
			marks += len(tablets.taken)
			corrections += len(tablets.agentTold)
		}
		if marks < lives*cycles || corrections == 0 {
			t.Errorf("%d marks, %d corrections: nothing was tested", marks, corrections)
		}
		t.Logf("%d kills, %d marks and %d corrections acknowledged, %d marks without an answer sent again: 0 lost, 0 twice", lives*cycles, marks, corrections, open)
	})
}

// tablets is what the tablets of a place remember.
type tablets struct {
	marksPlan
	devices    []string
	enrolled   map[family.ChildID]bool
	said       map[string]wire
	by         map[string]int    // who said each
	taken      map[string]bool   // those acknowledged
	refused    map[string]string // and refused
	agentSaid  map[string]bool
	agentTold  map[string]bool
	unanswered [][]wire
}

func newTablets(t *testing.T, path string) *tablets {
	t.Helper()
	d, err := testkit.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t, d)
	x := &tablets{enrolled: map[family.ChildID]bool{p.Ines: true, p.Jeremy: true}, said: map[string]wire{}, by: map[string]int{}, taken: map[string]bool{},
		refused: map[string]string{}, agentSaid: map[string]bool{}, agentTold: map[string]bool{}}
	x.marksPlan = marksPlan{Path: path, Agent: p.leader(), Kids: []family.ChildID{p.Ines, p.Jeremy}, Mended: 4, Unit: p.unit}
	for _, c := range p.Many(t, d, p.day, 9, 1) {
		x.Kids, x.enrolled[c] = append(x.Kids, c), true
	}
	x.Kids = append(x.Kids, p.nour)
	for i := range 3 {
		a, token := p.tablet(fmt.Sprint("Tablette ", i), p.School)
		x.devices, x.Tokens = append(x.devices, a.Account), append(x.Tokens, token)
	}
	for day := p.day; len(x.Days) < 5; day = day.AddDays(1) {
		if on := activityDays; on[day.Weekday()] {
			x.Days = append(x.Days, day)
		}
	}
	x.Now = x.Days[4].At(18, 0, p.now.Location())
	x.Again, x.unanswered = make([][]wire, 3), make([][]wire, 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return x
}

var activityDays = map[time.Weekday]bool{time.Monday: true, time.Tuesday: true, time.Thursday: true, time.Friday: true}

// listen notes what was sent and what was answered.
func (x *tablets) listen(t *testing.T, lines []string) {
	t.Helper()
	x.Now = x.Now.Add(time.Minute)
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		who, body, _ := strings.Cut(rest, " ")
		if who == "agent" {
			x.agentSaid[body] = true
			if word == "ok" {
				x.agentTold[body] = true
			}
			continue
		}
		tablet, err := strconv.Atoi(who)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if word == "try" {
			var all []wire
			if err := json.Unmarshal([]byte(body), &all); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			for _, m := range all {
				x.said[m.ID], x.by[m.ID] = m, tablet
			}
			x.unanswered[tablet] = all
			continue
		}
		var a answered
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, id := range a.Taken {
			x.taken[id] = true
		}
		for id, why := range a.Refused {
			if x.refused[id] = why; !strings.Contains(why, "trop de pointages") || x.taken[id] {
				t.Fatalf("%+v, taken before: %v: %s", x.said[id], x.taken[id], why)
			}
		}
		if len(a.Taken)+len(a.Refused) != len(x.unanswered[tablet]) {
			t.Fatalf("%d marks, answered %s", len(x.unanswered[tablet]), body)
		}
		x.unanswered[tablet] = nil
	}
}

// sendAgain makes each tablet send first what had no answer, and some that had, in any order; it counts the former. What
// the process that died had not come to yet is sent again too.
func (x *tablets) sendAgain(random *rand.Rand, some int) int {
	open := 0
	x.Again = make([][]wire, len(x.devices))
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range x.said {
			if x.refused[id] == "" && !yield(id) {
				return
			}
		}
	}) {
		switch tablet := x.by[id]; {
		case !x.taken[id]:
			open++
			x.Again[tablet] = append(x.Again[tablet], x.said[id])
		case random.IntN(len(x.said)) < some:
			x.Again[tablet] = append(x.Again[tablet], x.said[id])
		}
	}
	for _, all := range x.Again {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return open
}
