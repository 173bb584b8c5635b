package app_test

import (
	"fmt"
	"maps"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// addOffers finds the Wednesdays of the demonstration, and makes a group where nobody has booked.
func (l *looker) addOffers() {
	const of = `select %s from activity a join %s x on x.activity = a.id where a.folded = 'mercredi' order by x.id limit 1`
	l.objects["activity"] = l.text(`select id from activity where folded = 'mercredi'`)
	for object, table := range map[web.Object]string{"activity-unit": "unit", "activity-choice": "choice", "activity-period": "period"} {
		l.objects[object] = l.text(fmt.Sprintf(of, "x.id", table))
	}
	l.do(func(tx *db.Tx, a actor.Actor) error {
		id, err := activity.Add(tx, l.Now(), a, activity.Activity{Name: "Ludothèque"})
		if err != nil {
			return err
		}
		site := town.SiteID(l.objects["site"])
		if err := activity.SetPlaces(tx, l.Now(), a, id, []activity.Place{{Site: site}}, activity.Activity{}.PlacesStamp()); err != nil {
			return err
		}
		group, err := activity.AddGroup(tx, l.Now(), a, id, activity.Group{Site: site, Name: "Petits"})
		l.objects["activity-group"] = string(group)
		return err
	})
}

// offers makes what the pages of the set-up name; name tells the two homes' apart.
func (m *matrixTown) offers(tx *db.Tx, job actor.Actor, name string, site town.SiteID) error {
	id, err := activity.Add(tx, m.now, job, activity.Activity{Name: "Ludothèque " + name})
	if err != nil {
		return err
	}
	morning, err := activity.AddUnit(tx, m.now, job, id, activity.Unit{Name: "Matin", Weekdays: 4, Alone: true})
	if err != nil {
		return err
	}
	evening, err := activity.AddUnit(tx, m.now, job, id, activity.Unit{Name: "Soir", Weekdays: 4, Alone: true})
	if err != nil {
		return err
	}
	choice, err := activity.AddChoice(tx, m.now, job, id, activity.Choice{Name: "Journée", Units: []activity.UnitID{morning, evening}})
	if err != nil {
		return err
	}
	if err := activity.SetPlaces(tx, m.now, job, id, []activity.Place{{Site: site}}, activity.Activity{}.PlacesStamp()); err != nil {
		return err
	}
	group, err := activity.AddGroup(tx, m.now, job, id, activity.Group{Site: site, Name: "Petits"})
	if err != nil {
		return err
	}
	period, err := activity.AddPeriod(tx, m.now, job, id, activity.Period{Name: "Juin", Days: civil.Range{From: civil.NewDate(2027, 6, 1), To: civil.NewDate(2027, 6, 30)}})
	maps.Copy(m.targets[name], map[web.Object]string{"activity": string(id), "activity-unit": string(morning), "activity-choice": string(choice),
		"activity-group": string(group), "activity-period": string(period)})
	return err
}
