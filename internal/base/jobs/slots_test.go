package jobs_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// slotRunner runs a task of several hours and notes the slots that it is given.
func slotRunner(d *db.DB, now func() time.Time, got *[]string, task jobs.Daily) *jobs.Runner {
	return &jobs.Runner{DB: d, Now: now, Dailies: []jobs.Daily{task}, Handlers: []jobs.Handler{{Kind: task.Kind,
		Run: func(_ context.Context, args map[string]string) error {
			*got = append(*got, args["day"]+"T"+args["hour"])
			return nil
		}}}}
}

func TestATaskOfSeveralHours(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var got []string
		task := jobs.Daily{Kind: "sweep", Hours: []int{14, 3, 8}}
		n := slotRunner(d, c.now, &got, task)
		want := func(when string, slots ...string) {
			t.Helper()
			once(t, n)
			if diff := cmp.Diff(slots, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", when, diff)
			}
			got = nil
		}
		want("2:00, too early")
		c.move(time.Hour)
		want("3:00", "2027-01-12T03")
		c.move(30 * time.Minute)
		want("3:30")
		n = slotRunner(d, c.now, &got, task)
		want("3:30, another instance")
		c.move(11 * time.Hour)
		want("14:30, the clock jumped", "2027-01-12T08", "2027-01-12T14")
		c.move(-10 * time.Hour)
		want("4:30, the clock jumped back")
		c.move(10 * time.Hour)
		want("14:30 again")
		c.move(66 * time.Hour)
		want("three days later, 8:30", "2027-01-15T03", "2027-01-15T08")
		c.move(-72 * time.Hour)
		want("back to a day already done, 8:30")
		c.move(-24 * time.Hour)
		want("back to a day never seen, 8:30", "2027-01-11T03", "2027-01-11T08")
	})
}

func TestSeveralInstancesRunAnHourOnce(t *testing.T) {
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock() // 2:00: three slots of an hourly task
		var mu sync.Mutex
		var got []string
		handler := jobs.Handler{Kind: "sweep", Run: func(_ context.Context, args map[string]string) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, args["hour"])
			return nil
		}}
		var work sync.WaitGroup
		start := make(chan struct{})
		for range 6 {
			n := &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{handler}, Dailies: []jobs.Daily{jobs.Hourly("sweep")}}
			work.Go(func() {
				<-start
				if _, err := n.Once(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		work.Wait()
		once(t, &jobs.Runner{DB: d, Now: c.now, Handlers: []jobs.Handler{handler}})
		slices.Sort(got)
		if diff := cmp.Diff([]string{"00", "01", "02"}, got); diff != "" {
			t.Errorf("hours (-want +got)\n%s", diff)
		}
	})
}

// TestEveryHourOfDaysOf23And25 goes through the days when the clock changes, ten minutes at a time.
func TestEveryHourOfDaysOf23And25(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, jobs.Sources(), func(t *testing.T, d *db.DB) {
		for _, day := range []struct {
			name  string
			from  time.Time
			hours int
		}{
			{"2027-03-27", time.Date(2027, 3, 27, 0, 0, 0, 0, paris), 24},
			{"2027-03-28", time.Date(2027, 3, 28, 0, 0, 0, 0, paris), 23},
			{"2027-10-31", time.Date(2027, 10, 31, 0, 0, 0, 0, paris), 25},
		} {
			now := day.from
			var got []string
			n := slotRunner(d, func() time.Time { return now }, &got, jobs.Hourly("sweep"))
			ticks := 0
			for ; now.Before(day.from.AddDate(0, 0, 1)); now = now.Add(10 * time.Minute) {
				ticks++
				once(t, n)
			}
			if ticks != 6*day.hours {
				t.Fatalf("%s has %d ticks, want %d", day.name, ticks, 6*day.hours)
			}
			var want []string
			for hour := range 24 {
				want = append(want, day.name+"T"+time.Date(2000, 1, 1, hour, 0, 0, 0, time.UTC).Format("15"))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", day.name, diff)
			}
		}
	})
}
