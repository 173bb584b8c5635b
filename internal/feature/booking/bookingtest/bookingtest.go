// Package bookingtest makes agendas for tests: enrolments and bookings of the homes of familytest.
package bookingtest

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
)

// Agenda is the homes of familytest with two activities. The canteen is held on Mondays, Tuesdays, Thursdays and
// Fridays, the Wednesdays in two units.
type Agenda struct {
	familytest.Homes
	Canteen, Wednesday       activity.ID
	Meal, WholeDay, HalfDay  activity.UnitID
	FirstDay, LastDay, Today civil.Date
}

// New writes the homes, the activities and the enrolments of Jérémy (both) and Inès (canteen), and no booking; but
// the weekdays of the activities are known.
func New(t testing.TB, d *db.DB) Agenda {
	t.Helper()
	g := Agenda{Homes: familytest.New(t, d), FirstDay: civil.NewDate(2026, 9, 1), LastDay: civil.NewDate(2027, 7, 2), Today: civil.DateOf(persontest.Now())}
	now, job := persontest.Now(), actor.Job("test")
	err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
		if g.Canteen, g.Meal, err = activity.EnsureDraft(tx, now, job, g.Service, "Restauration scolaire", "", g.School); err != nil {
			return err
		}
		if g.Wednesday, g.WholeDay, err = activity.EnsureDraft(tx, now, job, g.Service, "Mercredi", "Journée", g.School); err != nil {
			return err
		}
		if _, g.HalfDay, err = activity.EnsureDraft(tx, now, job, g.Service, "Mercredi", "Matin + repas", g.School); err != nil {
			return err
		}
		// Monday 4 to Friday 8 January 2027
		for unit, days := range map[activity.UnitID]activity.Weekdays{g.Meal: 1 | 2 | 8 | 16, g.WholeDay: 4, g.HalfDay: 4} {
			if err := activity.HeldOn(tx, unit, days); err != nil {
				return err
			}
		}
		for _, e := range []enrolment.Enrolment{{Child: g.Jeremy, Activity: g.Canteen}, {Child: g.Jeremy, Activity: g.Wednesday}, {Child: g.Ines, Activity: g.Canteen}} {
			e.Site, e.Days = g.School, civil.Range{From: g.FirstDay, To: g.LastDay}
			if _, err := enrolment.Insert(tx, now, job, e); err != nil {
				return err
			}
		}
		year, holidays := town.ZoneC20262027()
		if err := town.SetYear(tx, now, job, year); err != nil {
			return err
		}
		for _, h := range holidays {
			if _, err := town.AddSchoolHoliday(tx, now, job, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Book writes bookings as they are.
func (g Agenda) Book(t testing.TB, d *db.DB, rows ...booking.Row) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, err := booking.InsertMany(tx, persontest.Now(), actor.Job("test"), rows)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Row is a booked meal of a child on a day of January 2027 for a home.
func (g Agenda) Row(child family.ChildID, day int, home family.ID) booking.Row {
	return booking.Row{Child: child, Unit: g.Meal, Day: civil.NewDate(2027, 1, day), Family: home, State: booking.Booked}
}

// Exec writes what no verb would.
func Exec(t testing.TB, d *db.DB, sql string, args ...any) {
	t.Helper()
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := tx.Exec(sql, args...); return err }); err != nil {
		t.Fatal(err)
	}
}
