package demo

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// absenceRules are the starting models that the demonstration's activities publish.
func absenceRules() map[string][]string {
	return map[string][]string{canteen: {"malade-7j", "autre", "greve"}, study: {"malade-7j", "autre", "sans-10"}, evening: {"malade-7j", "autre", "retard-15"}}
}

// absences publishes rules, lets the first family tell that a child will miss the next meal, and finds a child at the study
// without a booking, which the family is told of.
func (p place) absences(tx *db.Tx, now time.Time, a actor.Actor, home settled) error {
	for name, keys := range absenceRules() {
		x, err := activity.ByID(tx, p.activities[name])
		if err != nil {
			return err
		}
		rules := absence.Rules{From: p.calendar.year.From}
		for _, m := range absence.Models() {
			for _, key := range keys {
				if m.Key == key {
					rules = rules.With(m.Part)
				}
			}
		}
		if _, err := absence.Publish(tx, now, a, &x, rules, 0); err != nil {
			return fmt.Errorf("publish the demo's absence rules of %s: %w", name, err)
		}
	}
	settings, err := town.ReadSettings(tx)
	if err != nil {
		return err
	}
	cat, err := activity.ReadCatalogue(tx, settings, now.Location())
	if err != nil {
		return err
	}
	if err := p.tellAbsence(tx, now, cat, home); err != nil {
		return err
	}
	return p.unbooked(tx, now, a, cat, home)
}

// tellAbsence tells that the eldest will not come to the first meal that can no longer be cancelled.
func (p place) tellAbsence(tx *db.Tx, now time.Time, cat *activity.Catalogue, home settled) error {
	today := civil.DateOf(now)
	children, err := family.ChildrenOf(tx, home.family)
	if err != nil {
		return err
	}
	standing, err := booking.StandingOf(tx, now, cat, children, civil.Range{From: today.AddDays(1), To: today.AddDays(7)})
	if err != nil {
		return err
	}
	holder := actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(home.accounts[0]), Person: string(home.adults[0])}
	for _, x := range standing {
		if x.Activity != p.activities[canteen] || x.Gives || x.Attendance != "" {
			continue
		}
		_, err := absence.Declare(tx, now, holder, cat, absence.Report{Cells: []booking.Cell{x.Cell}, Reason: "enfant-malade"})
		if fault.KindOf(err) == fault.Conflict {
			return nil
		}
		return err
	}
	return nil
}

// unbooked marks a child of the family present at the study of the last day on which none was booked for it.
func (p place) unbooked(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, home settled) error {
	today := civil.DateOf(now)
	act, known := cat.Activity(p.activities[study])
	if !known || len(act.Units) == 0 || len(home.children) == 0 {
		return nil
	}
	for _, child := range home.children {
		for n := 1; n < 13; n++ {
			day := today.AddDays(-n)
			if why, _ := cat.Why(act, act.Units[0], day); why != "" || !p.calendar.held(day) {
				continue
			}
			has, err := db.One(tx, "count", db.Column[int64], `select count(*) from booking where child = $1 and unit = $2 and day = $3`, string(child), string(act.Units[0].ID), day)
			if err != nil {
				return err
			}
			if has > 0 {
				continue
			}
			if _, err := booking.InsertMany(tx, now, a, []booking.Row{{Child: child, Unit: act.Units[0].ID, Day: day, Family: home.family, State: booking.Cancelled, Attendance: booking.Present}}); err != nil {
				return err
			}
			_, err = absence.Desk{}.Evening(tx, now, cat)
			return err
		}
	}
	return nil
}
