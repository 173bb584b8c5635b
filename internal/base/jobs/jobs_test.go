package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2027, 1, 12, 2, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(start.UnixMicro())
	return c
}
func (c *clock) now() time.Time       { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.at.Add(d.Microseconds()) }

func enqueue(t *testing.T, d *db.DB, c *clock, all ...jobs.Job) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		for _, j := range all {
			if err := jobs.Enqueue(tx, c.now(), j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func once(t *testing.T, n *jobs.Runner) int {
	t.Helper()
	ran, err := n.Once(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

func ofKind(t *testing.T, d *db.DB, kind string) []jobs.Status {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]jobs.Status, error) {
		return jobs.OfKind(r, kind, 100)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAJobRunsWhenItsTimeComes(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var got []map[string]string
		n := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{{Kind: "a", Run: func(_ context.Context, args map[string]string) error {
			got = append(got, args)
			return nil
		}}}}
		args := map[string]string{"id": "1", "text": "a=b\\n\nsecond line\r"}
		enqueue(t, d, c, jobs.Job{Kind: "a", Args: args}, jobs.Job{Kind: "a", RunAt: c.now().Add(time.Hour)},
			jobs.Job{Kind: "of-another-version"})
		if ran := once(t, n); ran != 1 {
			t.Errorf("ran %d, want 1", ran)
		}
		if diff := cmp.Diff([]map[string]string{args}, got); diff != "" {
			t.Errorf("args (-want +got)\n%s", diff)
		}
		c.move(time.Hour)
		if ran := once(t, n); ran != 1 {
			t.Errorf("an hour later ran %d, want 1", ran)
		}
		if ran := once(t, n); ran != 0 {
			t.Errorf("ran %d again", ran)
		}
		if s := ofKind(t, d, "of-another-version"); s[0].State != jobs.Queued || s[0].Attempts != 0 {
			t.Errorf("a job without handler here was touched: %+v", s[0])
		}
	})
}

func TestFailuresAreTriedAgainThenKept(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		ctx, c := context.Background(), newClock()
		broken, runs := true, map[string]int{}
		n := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{
			{Kind: "error", Run: func(context.Context, map[string]string) error {
				runs["error"]++
				if broken {
					return errors.New("no network")
				}
				return nil
			}},
			{Kind: "panic", Run: func(context.Context, map[string]string) error {
				runs["panic"]++
				panic(errors.New("boum"))
			}},
			{Kind: "useless", Run: func(context.Context, map[string]string) error {
				runs["useless"]++
				return fmt.Errorf("no such file: %w", jobs.ErrForEver)
			}},
		}}
		enqueue(t, d, c, jobs.Job{Kind: "error"}, jobs.Job{Kind: "panic"}, jobs.Job{Kind: "useless"})
		once(t, n)
		if ran := once(t, n); ran != 0 {
			t.Errorf("ran %d at once after a failure", ran)
		}
		for range 20 {
			c.move(12 * time.Hour)
			once(t, n)
		}
		if diff := cmp.Diff(map[string]int{"error": 8, "panic": 8, "useless": 1}, runs); diff != "" {
			t.Errorf("runs (-want +got)\n%s", diff)
		}
		failed, err := db.Read(ctx, d, jobs.Failed)
		if err != nil || len(failed) != 3 {
			t.Fatalf("failed for ever: %+v, %v", failed, err)
		}
		broken = false
		err = db.Do(ctx, d, func(tx *db.Tx) error { return jobs.Retry(tx, c.now(), ofKindID(failed, "error")) })
		if err != nil {
			t.Fatal(err)
		}
		once(t, n)
		if s := ofKind(t, d, "error")[0]; s.State != jobs.Done {
			t.Errorf("after the retry: %+v", s)
		}
		err = db.Do(ctx, d, func(tx *db.Tx) error {
			_, err := jobs.Purge(tx, c.now().Add(time.Second))
			return err
		})
		if err != nil || len(ofKind(t, d, "error")) != 0 || len(ofKind(t, d, "panic")) != 1 {
			t.Errorf("purge takes what is done and leaves what failed (%v)", err)
		}
	})
}

func ofKindID(all []jobs.Status, kind string) jobs.ID {
	for _, s := range all {
		if s.Kind == kind {
			return s.ID
		}
	}
	return ""
}

func TestSeveralRunnersShareTheWork(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var mu sync.Mutex
		runs, days := map[string]int{}, 0
		handlers := []jobs.Handler{
			{Kind: "a", Run: func(_ context.Context, args map[string]string) error {
				mu.Lock()
				defer mu.Unlock()
				runs[args["id"]]++
				return nil
			}},
			{Kind: "daily", Run: func(_ context.Context, args map[string]string) error {
				mu.Lock()
				defer mu.Unlock()
				days++
				return nil
			}},
		}
		var all []jobs.Job
		for i := range 60 {
			all = append(all, jobs.Job{Kind: "a", Args: map[string]string{"id": fmt.Sprint(i)}})
		}
		enqueue(t, d, c, all...)
		var work sync.WaitGroup
		for range 4 {
			n := &jobs.Runner{DB: d, Now: c.now, Handlers: handlers, Dailies: []jobs.Daily{{Kind: "daily", Hour: 2}}}
			work.Go(func() {
				if _, err := n.Once(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		// A runner that lost every race stops early; what is left is for the next second.
		once(t, &jobs.Runner{DB: d, Now: c.now, Handlers: handlers})
		if len(runs) != 60 || days != 1 {
			t.Errorf("%d jobs of 60, %d daily of 1", len(runs), days)
		}
		for id, times := range runs {
			if times != 1 {
				t.Errorf("job %s ran %d times", id, times)
			}
		}
	})
}

func TestDailyTasks(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var got []string
		runner := func() *jobs.Runner {
			return &jobs.Runner{DB: d, Now: c.now, Dailies: []jobs.Daily{{Kind: "sweep", Hour: 3}},
				Handlers: []jobs.Handler{{Kind: "sweep", Run: func(_ context.Context, args map[string]string) error {
					got = append(got, args["day"])
					return nil
				}}}}
		}
		n := runner()
		once(t, n) // 2:00, too early
		c.move(90 * time.Minute)
		once(t, n)        // 3:30
		once(t, runner()) // restarted
		c.move(5 * time.Hour)
		once(t, n)
		c.move(48 * time.Hour) // a day without any instance
		once(t, n)
		if diff := cmp.Diff([]string{"2027-01-12", "2027-01-14"}, got); diff != "" {
			t.Errorf("days (-want +got)\n%s", diff)
		}
		if s := ofKind(t, d, "sweep"); len(s) != 2 || s[0].Day != civil.NewDate(2027, 1, 14) {
			t.Errorf("rows %+v", s)
		}
	})
}

func TestAJobCutShortRunsAgain(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		enqueue(t, d, c, jobs.Job{Kind: "a"})
		// The first instance dies: its context ends and what it would have noted is never written.
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update job set state = 'running', attempts = 1, lease_until = $1`, civil.InstantOf(c.now().Add(time.Minute)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		runs := 0
		n := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{{Kind: "a", Run: func(context.Context, map[string]string) error {
			runs++
			return nil
		}}}}
		once(t, n)
		if runs != 0 {
			t.Error("a job under lease was run twice at once")
		}
		c.move(2 * time.Minute)
		once(t, n)
		if s := ofKind(t, d, "a")[0]; runs != 1 || s.State != jobs.Done || s.Attempts != 2 {
			t.Errorf("after the lease: %d runs, %+v", runs, s)
		}
	})
}

// A runner held longer than its lease wakes up after another has done the job: its own outcome counts for nothing.
func TestARunnerThatComesBackLate(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		enqueue(t, d, c, jobs.Job{Kind: "a"})
		quick := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{{Kind: "a",
			Run: func(context.Context, map[string]string) error { return nil }}}}
		slow := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{{Kind: "a",
			Run: func(context.Context, map[string]string) error {
				c.move(2 * time.Minute)
				if once(t, quick) != 1 {
					t.Error("the lease did not end")
				}
				return errors.New("too late")
			}}}}
		once(t, slow)
		if s := ofKind(t, d, "a")[0]; s.State != jobs.Done || s.LastError != "" {
			t.Errorf("got %+v", s)
		}
	})
}

func TestStoppingLetsAJobFinish(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		started, release := make(chan bool), make(chan bool)
		n := &jobs.Runner{DB: d, Now: c.now, Grace: 100 * time.Millisecond, Handlers: []jobs.Handler{
			{Kind: "short", Run: func(ctx context.Context, _ map[string]string) error {
				started <- true
				<-release
				return ctx.Err()
			}},
			{Kind: "long", Run: func(ctx context.Context, _ map[string]string) error {
				started <- true
				<-ctx.Done()
				return ctx.Err()
			}},
		}}
		enqueue(t, d, c, jobs.Job{Kind: "short"}, jobs.Job{Kind: "long"})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan bool)
		go func() { n.Run(ctx); close(done) }()
		<-started
		<-started
		cancel()
		release <- true
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("Run did not stop")
		}
		if s := ofKind(t, d, "short")[0]; s.State != jobs.Done {
			t.Errorf("the job under way was lost: %+v", s)
		}
		if s := ofKind(t, d, "long")[0]; s.State != jobs.Queued || s.Attempts != 1 {
			t.Errorf("the job cut short is not queued again: %+v", s)
		}
	})
}

func TestFailuresGoToTheGivenLog(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		var log bytes.Buffer
		c := newClock()
		n := &jobs.Runner{DB: d, Now: c.now, Log: slog.New(slog.NewTextHandler(&log, nil)), Handlers: []jobs.Handler{{Kind: "a",
			Run: func(context.Context, map[string]string) error { return errors.New("no network") }}}}
		enqueue(t, d, c, jobs.Job{Kind: "a"})
		once(t, n)
		if !strings.Contains(log.String(), "no network") {
			t.Errorf("log: %q", log.String())
		}
	})
}
