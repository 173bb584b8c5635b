package jobs_test

import (
	"context"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"
)

// TestHeldJobsWaitForADecision holds a job that waits: it does not run until it is released; a later one does.
func TestHeldJobsWaitForADecision(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		ran := map[string]int{}
		n := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{{Kind: "write", Run: func(_ context.Context, args map[string]string) error {
			ran[args["to"]]++
			return nil
		}}}}
		change := func(fn func(*db.Tx) (int64, error)) int64 {
			t.Helper()
			n, err := db.Write(t.Context(), d, fn)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		enqueue(t, d, c, jobs.Job{Kind: "write", Args: map[string]string{"to": "held"}})
		if held := change(jobs.Hold); held != 1 {
			t.Errorf("%d held, want 1", held)
		}
		c.move(400 * 24 * time.Hour)
		enqueue(t, d, c, jobs.Job{Kind: "write", Args: map[string]string{"to": "later"}})
		once(t, n)
		if ran["held"] != 0 || ran["later"] != 1 {
			t.Errorf("ran %v while one is held", ran)
		}
		if held, err := db.Read(t.Context(), d, jobs.Held); held != 1 || err != nil {
			t.Errorf("%d held, %v", held, err)
		}
		change(jobs.Release)
		once(t, n)
		if ran["held"] != 1 {
			t.Errorf("ran %v after the release", ran)
		}
		enqueue(t, d, c, jobs.Job{Kind: "write", Args: map[string]string{"to": "dropped"}})
		change(jobs.Hold)
		if dropped := change(jobs.DropHeld); dropped != 1 || change(jobs.Release) != 0 {
			t.Errorf("%d dropped, want 1", dropped)
		}
	})
}
