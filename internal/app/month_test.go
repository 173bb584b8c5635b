package app_test

import (
	"fmt"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// The month of the figures: every school day of it can still be changed.
const (
	monthPath   = "/espace/agenda?mois=2026-12"
	maxMonth    = 10 << 10 // bytes, compressed
	monthFamily = 2        // children
)

// monthTown is a town with six open activities, in which all children are enrolled.
type monthTown struct {
	*loadTown
	open []activitytest.Ready
}

func openMonthTown(t testing.TB, database string) *monthTown {
	t.Helper()
	m := &monthTown{loadTown: openLoadTown(t, database)}
	var school town.SiteID
	m.do(func(tx *db.Tx, job actor.Actor) (err error) {
		school, err = town.AddSite(tx, loadClock(), job, town.Site{Name: "Élémentaire Jean-Moulin", Kind: town.School})
		return err
	})
	places := 3 * families() * monthFamily
	wednesday := activity.On(time.Wednesday)
	for _, p := range []activitytest.Plan{
		{Name: "Restaurant scolaire"},
		{Name: "Accueil du mercredi", Units: []activity.Unit{{Name: "Matin", Weekdays: wednesday, From: 480, To: 690, Alone: true},
			{Name: "Repas", Weekdays: wednesday, From: 690, To: 810}, {Name: "Après-midi", Weekdays: wednesday, From: 810, To: 1080, Alone: true}},
			Choices: []activity.Choice{{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}}, {Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}}}},
		{Name: "Accueil du matin", Units: []activity.Unit{{Weekdays: activitytest.SchoolWeek, From: 450, To: 510, Alone: true}}},
		{Name: "Accueil du soir", Units: []activity.Unit{{Weekdays: activitytest.SchoolWeek, From: 990, To: 1110, Alone: true}}},
		{Name: "Étude", Capacity: &places, Units: []activity.Unit{{Weekdays: activitytest.SchoolWeek, From: 990, To: 1050, Alone: true}}},
		{Name: "Multisports", Capacity: &places, Units: []activity.Unit{{Weekdays: wednesday | activity.On(time.Friday), From: 1020, To: 1110, Alone: true}}},
	} {
		p.Days = m.year
		m.open = append(m.open, activitytest.Make(t, m.DB, familytest.Homes{Service: m.service, School: school}, p))
	}
	m.acts, m.units = [2]activity.ID{m.open[0].ID, m.open[1].ID}, [2]activity.UnitID{m.open[0].Units[""], m.open[1].Units["Matin"]}
	m.add(2, func(int) int { return 1 }) // whose years the others copy
	return m
}

// grow adds n families of two children, with a meal and the evening care of each school day or of two, and Wednesdays.
func (m *monthTown) grow(n int) []loadHome {
	m.t.Helper()
	homes := m.add(n, func(int) int { return monthFamily })
	for _, h := range homes {
		care := 0
		m.do(func(tx *db.Tx, job actor.Actor) error {
			for _, kid := range h.kids {
				for _, a := range m.open[2:] {
					if _, err := enrolment.Insert(tx, loadClock(), job, enrolment.Enrolment{Child: kid, Activity: a.ID, Days: m.year}); err != nil {
						return err
					}
				}
				n, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at)
					select $1 || day, child, $2, day, family, state, made_at from booking where child = $3 and unit = $4`,
					db.NewID()[:26], string(m.open[3].Units[""]), string(kid), string(m.units[0]))
				if err != nil {
					return fmt.Errorf("copy to the evening care: %w", err)
				}
				care = int(n)
			}
			return nil
		})
		m.bookings += monthFamily * care
	}
	return homes
}

// TestMonthOfAFamilyDoesNotGrow: the month of two children in six activities costs as many statements and weighs as much
// in a town of ten times as many families.
func TestMonthOfAFamilyDoesNotGrow(t *testing.T) {
	measure := func(t *testing.T, m *monthTown) {
		home := m.grow(4)[0]
		cookie := m.session(home)
		m.page(monthPath, cookie) // the catalogue is cached now
		first, statements := m.page(monthPath, cookie)
		t.Logf("%s: %d statements, %.1f KB", m.size(), statements, float64(first.Body.Len())/1024)
		if statements > maxStatements {
			t.Errorf("%d statements, want %d at most", statements, maxStatements)
		}
		if first.Body.Len() > maxMonth {
			t.Errorf("%d bytes, want %d at most", first.Body.Len(), maxMonth)
		}
		m.grow(36)
		again, later := m.page(monthPath, cookie)
		t.Logf("%s: %d statements, %.1f KB", m.size(), later, float64(again.Body.Len())/1024)
		if more := again.Body.Len() - first.Body.Len(); later != statements || more < -64 || more > 64 { // keys of forms differ
			t.Errorf("with ten times the families: %d statements after %d, %d bytes after %d", later, statements, again.Body.Len(), first.Body.Len())
		}
	}
	t.Run("sqlite", func(t *testing.T) { measure(t, openMonthTown(t, "")) })
	t.Run("postgres", func(t *testing.T) { measure(t, openMonthTown(t, testkit.PostgresURL(t, app.Sources()))) })
}

// BenchmarkMonth prints, of the month of two children in six activities, what BenchmarkPages prints of its pages, in a
// town and in one of ten times as many families.
func BenchmarkMonth(b *testing.B) {
	m := openMonthTown(b, "")
	n := families() / 3
	for _, size := range []int{n, 10 * n} {
		homes := m.grow(size - m.made)
		b.Run(fmt.Sprint(size, "-families"), func(b *testing.B) {
			b.Log(m.size())
			var visitors []visitor
			for i := range 32 {
				visitors = append(visitors, visitor{cookie: m.session(homes[i*len(homes)/32])})
			}
			m.race(b, monthPath, visitors)
		})
	}
}
