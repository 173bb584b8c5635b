package demo

import (
	"context"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/town"
)

// offer is what an activity of the demonstration offers: a template's units, hours and deadlines, with its own places.
type offer struct {
	name, template, model string
	about                 string
	capacity              map[string]int // by site; a site that is not named has no limit
	hours                 [2]int         // instead of the template's
	days                  activity.Weekdays
	from, to              int // ages
}

// schoolWeek is Monday, Tuesday, Thursday, Friday.
const schoolWeek = activity.Weekdays(1 | 2 | 8 | 16)

// offers are the activities as the town has set them up. The last places of the late study go quickly.
func offers() []offer {
	return []offer{
		{name: morning, template: "matin", capacity: map[string]int{nursery: 30, primary: 40, primary2: 40}},
		{name: canteen, template: "cantine", model: "apres-50", capacity: map[string]int{nursery: 90, primary: 140, primary2: 120}},
		{name: study, template: "etude", capacity: map[string]int{primary: 60, primary2: 60}},
		{name: lateStudy, template: "etude", hours: [2]int{1065, 1110}, capacity: map[string]int{primary: 20, primary2: 20}},
		{name: evening, template: "soir", model: "apres-demande", capacity: map[string]int{nursery: 40, primary: 50, primary2: 18}},
		{name: wednesday, template: "mercredi", capacity: map[string]int{tilleuls: 80}},
		{name: holidays, template: "vacances", capacity: map[string]int{tilleuls: 60}},
		{name: youth, template: "soir", model: "heures-48", about: "Ateliers et sorties des 11-17 ans, au 5 quai de la Seine.",
			hours: [2]int{840, 1080}, days: activity.On(time.Wednesday), from: 11, to: 17},
	}
}

const tilleuls = "Accueil de loisirs des Tilleuls"

// setUp completes the drafts as agents would, and opens the periods of the school year.
func (p place) setUp(tx *db.Tx, now time.Time, a actor.Actor) error {
	for _, o := range offers() {
		if err := p.offer(tx, now, a, o); err != nil {
			return fmt.Errorf("set up the demo's %s: %w", o.name, err)
		}
	}
	return nil
}

func (p place) offer(tx *db.Tx, now time.Time, a actor.Actor, o offer) error {
	id := p.activities[o.name]
	x, err := activity.ByID(tx, id)
	if err != nil {
		return err
	}
	if o.days != 0 || o.hours != [2]int{} { // before the template, which keeps what is known
		u := x.Units[0]
		stamp := u.Stamp()
		u.Weekdays, u.From, u.To = o.days, o.hours[0], o.hours[1]
		if u.Weekdays == 0 {
			u.Weekdays = schoolWeek
		}
		if err := activity.SetUnit(tx, now, a, id, u, stamp); err != nil {
			return err
		}
	}
	stamp := x.PlacesStamp()
	for i := range x.Places {
		if n, limited := o.capacity[p.siteName(x.Places[i].Site)]; limited {
			x.Places[i].Capacity = &n
		}
	}
	if err := activity.SetPlaces(tx, now, a, id, x.Places, stamp); err != nil {
		return err
	}
	if err := activity.Complete(tx, now, a, id, activity.Start{Template: o.template, Model: o.model, Year: civil.SchoolYearOf(p.calendar.year.From)}); err != nil {
		return err
	}
	if x, err = activity.ByID(tx, id); err != nil {
		return err
	}
	if o.about != "" {
		stamp := x.Stamp()
		x.Description, x.AgeFrom, x.AgeTo = o.about, o.from, o.to
		if err := activity.SetDetails(tx, now, a, x, stamp); err != nil {
			return err
		}
	}
	if err := activity.OpenActivity(tx, now, a, id, true); err != nil {
		return err
	}
	for _, period := range x.Periods {
		if period.Days.To.Before(civil.DateOf(now)) {
			continue // over: nobody books there
		}
		if err := activity.OpenPeriod(tx, now, a, id, period.ID); err != nil {
			return err
		}
	}
	return nil
}

func (p place) siteName(id town.SiteID) string {
	for name, site := range p.sites {
		if site == id {
			return name
		}
	}
	return ""
}

// openDays makes the places of the days to come; what is booked takes its own.
func openDays(ctx context.Context, d Deps) error {
	if _, err := activity.CoverOpen(ctx, d.DB, d.Now, "", civil.DateOf(d.Now), booking.Attach); err != nil {
		return fmt.Errorf("open the demo's days: %w", err)
	}
	return nil
}
