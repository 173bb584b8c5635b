package activity_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestEnsureDraftMakesOnceWhateverTheSpelling(t *testing.T) {
	testkit.EachEngine(t, activity.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		type ids struct {
			activity activity.ID
			unit     activity.UnitID
		}
		ensure := func(a actor.Actor, name, unit string) (ids, error) {
			return db.Write(context.Background(), d, func(tx *db.Tx) (ids, error) {
				id, u, err := activity.EnsureDraft(tx, persontest.Now(), a, h.Service, name, unit, h.School)
				return ids{id, u}, err
			})
		}
		job := actor.Job("test")
		first, err := ensure(job, "Étude", "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := ensure(job, "ETUDE ", "")
		if err != nil || again != first {
			t.Errorf("the same activity again = %v, %v; want %v", again, err, first)
		}
		half, err := ensure(job, "Étude", "Matin + repas")
		if err != nil || half.activity != first.activity || half.unit == first.unit {
			t.Errorf("another unit = %v, %v", half, err)
		}
		if _, err := ensure(persontest.Citizen(h.Camille), "Poterie", ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a parent makes one: %v, want forbidden", err)
		}
		if _, err := ensure(job, " ", ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a name: %v, want invalid", err)
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error {
			if err := activity.HeldOn(tx, first.unit, activity.On(time.Monday)); err != nil {
				return err
			}
			return activity.HeldOn(tx, half.unit, activity.On(time.Sunday)|activity.On(time.Tuesday))
		})
		if err != nil {
			t.Fatal(err)
		}
		p := testkit.NewPortal(t, d, persontest.Now())
		activity.Pages{DB: d, Now: persontest.Now}.Agent(p.Router)
		text := p.As(familytest.Agent(activity.Read)).Get("/agents/activites").Text("tbody")
		for _, want := range []string{"Étude", "Enfance", "Matin + repas", "Élémentaire Jean-Moulin", "lundi, mardi, dimanche", "Brouillon, à compléter"} {
			if !strings.Contains(text, want) {
				t.Errorf("the list lacks %q: %s", want, text)
			}
		}
		if got := p.As(familytest.Agent()).Get("/agents/activites"); got.Status != 403 {
			t.Errorf("without the right: %d, want 403", got.Status)
		}
	})
}

func TestWeekdays(t *testing.T) {
	w := activity.On(time.Monday) | activity.On(time.Sunday)
	if !w.Has(time.Monday) || !w.Has(time.Sunday) || w.Has(time.Wednesday) || int(activity.On(time.Monday)) != 1 || int(activity.On(time.Sunday)) != 64 {
		t.Errorf("weekdays = %b", int(w))
	}
}
