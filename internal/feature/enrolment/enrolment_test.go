package enrolment_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestInsertRefusesWhatCannotBe(t *testing.T) {
	testkit.EachEngine(t, enrolment.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now, job := persontest.Now(), actor.Job("test")
		from, to := civil.NewDate(2026, 9, 1), civil.NewDate(2027, 7, 2)
		canteen, err := db.Write(context.Background(), d, func(tx *db.Tx) (activity.ID, error) {
			id, _, err := activity.EnsureDraft(tx, now, job, h.Service, "Restauration scolaire", "", "")
			return id, err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			who  actor.Actor
			days civil.Range
			want fault.Kind
		}{
			{"a year", job, civil.Range{From: from, To: to}, -1},
			{"the same again", job, civil.Range{From: from, To: to}, fault.Conflict},
			{"the end before the start", job, civil.Range{From: to, To: from}, fault.Invalid},
			{"without an end", job, civil.Range{From: from.AddDays(1)}, fault.Invalid},
			{"by a parent", persontest.Citizen(h.Camille), civil.Range{From: from.AddDays(1), To: to}, fault.Forbidden},
		} {
			_, err := db.Write(context.Background(), d, func(tx *db.Tx) (enrolment.ID, error) {
				return enrolment.Insert(tx, now, c.who, enrolment.Enrolment{Child: h.Jeremy, Activity: canteen, Site: h.School, Days: c.days})
			})
			if (c.want < 0) != (err == nil) || err != nil && fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want kind %v", c.name, err, c.want)
			}
		}
		for year, want := range map[civil.SchoolYear]int{2025: 0, 2026: 1, 2027: 0} {
			got, err := db.Read(context.Background(), d, func(r db.Reader) (map[family.ChildID][]enrolment.Named, error) {
				return enrolment.OfYear(r, []family.Child{{ID: h.Jeremy}, {ID: h.Ines}}, year)
			})
			if err != nil || len(got[h.Jeremy]) != want || len(got[h.Ines]) != 0 {
				t.Errorf("%v: %+v, %v", year, got, err)
			}
		}
	})
}
