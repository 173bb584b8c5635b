// Package activitytest makes activities for tests, ready to be booked.
package activitytest

import (
	"context"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
)

// Ready is an open activity with its open period and all its slots.
type Ready struct {
	ID     activity.ID
	Units  map[string]activity.UnitID // by name
	Period activity.PeriodID
	Days   civil.Range
}

// Plan is what a test wants of an activity; what is left out is a canteen on Mondays, Tuesdays, Thursdays and Fridays
// of the month that follows, at the homes' school, without limit, booked until the eve at 9:00.
type Plan struct {
	Name     string
	Units    []activity.Unit
	Choices  []activity.Choice // of units by their place in Units: "0", "1"
	Sites    []town.SiteID
	Capacity *int
	Days     civil.Range
	Policy   activity.Policy
	Term     activity.Term
}

// SchoolWeek is Monday, Tuesday, Thursday and Friday.
var SchoolWeek = activity.On(time.Monday) | activity.On(time.Tuesday) | activity.On(time.Thursday) | activity.On(time.Friday)

// Model finds a starting point of the rule builder by its key.
func Model(t testing.TB, key string) activity.Policy {
	t.Helper()
	for _, m := range activity.Models(civil.SchoolYearOf(civil.DateOf(persontest.Now()))) {
		if m.Key == key {
			return m.Policy
		}
	}
	t.Fatalf("no model %q", key)
	return activity.Policy{}
}

func (p *Plan) fill(t testing.TB, h familytest.Homes) {
	today := civil.DateOf(persontest.Now())
	if p.Name == "" {
		p.Name = "Restauration scolaire"
	}
	if len(p.Units) == 0 {
		p.Units = []activity.Unit{{Weekdays: SchoolWeek, From: 690, To: 800, Meal: true, Alone: true}}
	}
	if len(p.Sites) == 0 {
		p.Sites = []town.SiteID{h.School}
	}
	if p.Days.From.IsZero() {
		p.Days = civil.Range{From: today, To: today.AddDays(34)}
	}
	if len(p.Policy.Rules) == 0 {
		p.Policy = Model(t, "veille-9h")
	}
	if p.Policy.From.IsZero() {
		p.Policy.From = p.Days.From
	}
	if p.Term == "" {
		p.Term = activity.AllYear
	}
}

// Make makes the activity and opens it.
func Make(t testing.TB, d *db.DB, h familytest.Homes, p Plan) Ready {
	t.Helper()
	p.fill(t, h)
	now, job := persontest.Now(), actor.Job("test")
	made, err := db.Write(context.Background(), d, func(tx *db.Tx) (Ready, error) { return p.make(tx, now, job, h.Service) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := activity.CoverOpen(context.Background(), d, now, made.ID, civil.Date{}, nil); err != nil {
		t.Fatal(err)
	}
	return made
}

func (p Plan) make(tx *db.Tx, now time.Time, a actor.Actor, service town.ServiceID) (Ready, error) {
	r := Ready{Units: map[string]activity.UnitID{}, Days: p.Days}
	x := activity.Activity{Name: p.Name, Service: service, Term: p.Term}
	var err error
	if r.ID, err = activity.Add(tx, now, a, x); err != nil {
		return r, err
	}
	only, err := activity.ByID(tx, r.ID)
	if err != nil {
		return r, err
	}
	for i, u := range p.Units {
		if i == 0 {
			u.ID = only.Units[0].ID
			err = activity.SetUnit(tx, now, a, r.ID, u, only.Units[0].Stamp())
		} else {
			u.ID, err = activity.AddUnit(tx, now, a, r.ID, u)
		}
		if err != nil {
			return r, err
		}
		r.Units[u.Name] = u.ID
	}
	for _, c := range p.Choices {
		units := make([]activity.UnitID, len(c.Units)) // a closure may run twice: the plan stays as it is
		for i, place := range c.Units {
			units[i] = r.Units[p.Units[int(place[0]-'0')].Name]
		}
		c.Units = units
		if _, err := activity.AddChoice(tx, now, a, r.ID, c); err != nil {
			return r, err
		}
	}
	var places []activity.Place
	for _, s := range p.Sites {
		places = append(places, activity.Place{Site: s, Capacity: p.Capacity})
	}
	if err := activity.SetPlaces(tx, now, a, r.ID, places, activity.Activity{}.PlacesStamp()); err != nil {
		return r, err
	}
	if _, err := activity.AddPolicy(tx, now, a, r.ID, p.Policy); err != nil {
		return r, err
	}
	if r.Period, err = activity.AddPeriod(tx, now, a, r.ID, activity.Period{Name: "Essai", Days: p.Days}); err != nil {
		return r, err
	}
	if err := activity.OpenPeriod(tx, now, a, r.ID, r.Period); err != nil {
		return r, err
	}
	return r, activity.OpenActivity(tx, now, a, r.ID, true)
}

// Wednesday is an activity with bundles: morning, meal, afternoon, the half day with the meal, the whole day.
func Wednesday() Plan {
	on := activity.On(civil.NewDate(2027, 1, 13).Weekday())
	return Plan{Name: "Mercredi", Units: []activity.Unit{
		{Name: "Matin", Weekdays: on, From: 480, To: 690, Alone: true},
		{Name: "Repas", Weekdays: on, From: 690, To: 810, Meal: true},
		{Name: "Après-midi", Weekdays: on, From: 810, To: 1080, Alone: true},
	}, Choices: []activity.Choice{
		{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}},
		{Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}},
	}}
}
