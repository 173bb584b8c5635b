package activity_test

import (
	"context"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// setting is a town with an activity ready, and an agent who may set it up.
type setting struct {
	familytest.Homes
	activitytest.Ready
	d *db.DB
}

var designer = familytest.Agent(activity.Read, activity.Write)

func eachSetting(t *testing.T, plan activitytest.Plan, test func(t *testing.T, s *setting)) {
	testkit.EachEngine(t, activity.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		test(t, &setting{Homes: h, Ready: activitytest.Make(t, d, h, plan), d: d})
	})
}

func (s *setting) whole(t *testing.T) activity.Activity {
	t.Helper()
	x, err := db.Read(context.Background(), s.d, func(r db.Reader) (activity.Activity, error) { return activity.ByID(r, s.ID) })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (s *setting) slots(t *testing.T, days civil.Range) []activity.Slot {
	t.Helper()
	var units []activity.UnitID
	for _, u := range s.whole(t).Units {
		units = append(units, u.ID)
	}
	all, err := db.Read(context.Background(), s.d, func(r db.Reader) ([]activity.Slot, error) { return activity.SlotsOn(r, units, days) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// do runs a verb in a transaction.
func (s *setting) do(verb func(tx *db.Tx, now time.Time) error) error {
	return db.Do(context.Background(), s.d, func(tx *db.Tx) error { return verb(tx, persontest.Now()) })
}

func number(n int) *int { return &n }

func TestAnOpenPeriodHasItsSlotsOnce(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(30)}, func(t *testing.T, s *setting) {
		all := s.slots(t, s.Days)
		want := 0
		for _, day := range s.Days.Days() {
			if activitytest.SchoolWeek.Has(day.Weekday()) && civil.PublicHoliday(day, civil.Metropole) == "" {
				want++
			}
		}
		if len(all) != want || want < 10 || *all[0].Capacity != 30 || all[0].Site != s.School {
			t.Fatalf("%d slots, want %d: %+v", len(all), want, all)
		}
		for range 2 {
			made, err := activity.CoverOpen(context.Background(), s.d, persontest.Now(), s.ID, civil.Date{}, nil)
			if err != nil || made != 0 {
				t.Errorf("again: %d made, %v", made, err)
			}
		}
	})
}
