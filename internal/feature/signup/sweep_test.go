package signup

import (
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"
)

func TestSweepComesEveryHourAsOneTask(t *testing.T) {
	testkit.EachEngine(t, db.Join(Sources(), jobs.Sources()), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		sweep := Sweep{DB: d, Now: k.clock, Drop: k.drop}
		if len(Schedule()) != 1 || len(sweep.Handlers()) != 1 {
			t.Fatalf("%d tasks and %d handlers, want one of each", len(Schedule()), len(sweep.Handlers()))
		}
		n := &jobs.Runner{DB: d, Now: k.clock, Handlers: sweep.Handlers(), Dailies: Schedule()}
		for hour := range 30 {
			k.visitor().Get(root+"/identite").Submit(form, who)
			if _, err := n.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := k.count("signup_draft"), int64(min(hour+1, 24)); got != want {
				t.Fatalf("after %d hours: %d drafts, want %d", hour, got, want)
			}
			k.now = k.now.Add(time.Hour)
		}
	})
}
