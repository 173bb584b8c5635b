package app_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/testkit"
)

// TestClicks counts, in a real browser, what the most frequent tasks of families cost from the signed-in home: a click is
// a click, a tap, Enter or the space bar on a control, a field is one that is typed in. Each task fails above its bound.
// PARVIS_DEEP counts all of them with JavaScript too.
func TestClicks(t *testing.T) {
	for _, mode := range []struct {
		name     string
		noScript bool
		bound    int // of the canteen of a year
	}{{"no script", true, 7}, {"script", false, 5}} {
		t.Run(mode.name, func(t *testing.T) {
			y := openYear(t, testkit.BrowserOptions{NoScript: mode.noScript})
			y.canteen(mode.bound)
			if mode.noScript || deep() { // no script helps here
				y.mealGivenUp()
				y.absence()
				y.weeksOfHolidays()
			}
			y.typicalWeek()
			for _, p := range y.Problems() {
				t.Errorf("the console complains: %s", p)
			}
		})
	}
}

// year is the town of the figures with few families, served to a browser, and a clock that the story sets.
type year struct {
	town *loadTown
	story
	now             *setClock
	acts            []activity.ID
	one, two, three loadHome // by how many children they have
}

func openYear(t *testing.T, options testkit.BrowserOptions) *year {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clock := &setClock{}
	clock.set(loadClock())
	l := openLoadTownAt(t, "", clock.Now, func(c *app.Config) {
		c.Listen, c.BaseURL = listener.Addr().String(), ""
	})
	homes := l.add(3, func(i int) int { return i + 1 })
	y := &year{town: l, now: clock, acts: l.offer(), one: homes[0], two: homes[1], three: homes[2]}
	l.do(func(tx *db.Tx, _ actor.Actor) error { // what the town of the figures books beside
		for _, table := range []string{"attendance", "booking"} {
			if _, err := tx.Exec("delete from " + table); err != nil {
				return err
			}
		}
		return nil
	})
	server := httptest.NewUnstartedServer(l.Handler())
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	h := &house{App: l.App, t: t, URL: server.URL, log: &syncBuffer{}}
	y.story = story{house: h, Browser: testkit.NewBrowser(t, options), t: t}
	return y
}

// home opens a family's first page at a moment.
func (y *year) home(h loadHome, at time.Time) *counted {
	y.t.Helper()
	y.now.set(at)
	y.SetCookie(y.house.URL, account.SessionCookie, y.town.sessionAt(h, at).Value)
	y.open("/espace")
	y.sees("Cette semaine")
	return &counted{Browser: y.Browser}
}

// booked is how many days to come of an activity a family holds.
func (y *year) booked(h loadHome, of activity.ID) int {
	y.t.Helper()
	return y.town.countOf(`select count(*) from booking b join unit u on u.id = b.unit where b.family = $1 and u.activity = $2 and b.state = 'booked' and b.slot is not null and b.absence_at is null`, string(h.id), string(of))
}

func (y *year) reserve(of activity.ID) string {
	return `main a[href="/espace/reserver/` + string(of) + `"]`
}

// canteen books the canteen of two children, four days a week for the whole year: day by day where there is no script to
// help, then by the button that ticks all days.
func (y *year) canteen(bound int) {
	t := y.t
	t.Helper()
	canteen := y.acts[1]
	book := func(c *counted, choose func()) {
		t.Helper()
		c.click(y.reserve(canteen))
		choose()
		c.clickText("Vérifier ma réservation")
		y.sees("Vérifiez avant de confirmer")
		c.clickText("Confirmer")
		y.sees("Référence")
		if n := y.booked(y.two, canteen); n < 190 {
			t.Errorf("the canteen of two children: %d days", n)
		}
	}
	by := y.home(y.two, loadClock())
	book(by, func() {
		for _, day := range []string{"1", "2", "4", "5"} {
			by.click(fmt.Sprintf(`#reserver input[name=jour][value="%s"]`, day))
		}
	})
	y.upTo(by, 7, 0, "canteen, four days a week, two children, day by day")
	y.town.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`delete from booking where family = $1 and unit in (select id from unit where activity = $2)`, string(y.two.id), string(canteen))
		return err
	})
	quick := y.home(y.two, loadClock())
	book(quick, func() { quick.clickText("Cocher tous les jours") })
	y.upTo(quick, bound, 0, "canteen, all four days, two children")
}

// mealGivenUp cancels tomorrow's canteen for one child.
func (y *year) mealGivenUp() {
	t := y.t
	t.Helper()
	before := y.booked(y.two, y.acts[1])
	monday := time.Date(2026, time.November, 30, 8, 0, 0, 0, app.Zone())
	tomorrow := civil.DateOf(monday).AddDays(1)
	c := y.home(y.two, monday)
	c.click(fmt.Sprintf(`main a[href^="/espace/enfants/%s/annuler?jour=%s"], main a[href^="/espace/enfants/%s/annuler?"][href*="jour=%s"]`, y.two.kids[0], tomorrow, y.two.kids[0], tomorrow))
	y.sees("Modifiable jusqu’")
	c.clickText("Annuler cette réservation")
	y.sees("Annulé", "Référence")
	y.upTo(c, 3, 0, "tomorrow's canteen given up")
	if n := y.booked(y.two, y.acts[1]); n != before-1 {
		t.Errorf("%d days before, %d after", before, n)
	}
}

// absence tells that two children do not come for three days: the rest of the week, then by dates.
func (y *year) absence() {
	t := y.t
	t.Helper()
	tell := func(c *counted, when string, dates ...string) {
		t.Helper()
		before := y.booked(y.two, y.acts[1])
		c.clickText("Signaler une absence")
		c.click("[name=quand][value=" + when + "]")
		for i, name := range []string{"du", "au"}[:len(dates)] {
			c.fill("[name="+name+"]", dates[i])
		}
		c.clickText("Continuer")
		y.sees("Vérifiez avant de signaler")
		c.clickText("Signaler l’absence")
		y.sees("Absence signalée : 6 jours", "Référence")
		if n := y.booked(y.two, y.acts[1]); n != before-6 {
			t.Errorf("%d days before, %d after", before, n)
		}
	}
	tuesday := time.Date(2026, time.December, 8, 10, 0, 0, 0, app.Zone())
	week := y.home(y.two, tuesday)
	tell(week, "semaine")
	y.upTo(week, 4, 0, "an absence of three days, two children")
	dates := y.home(y.two, tuesday)
	tell(dates, "dates", "15/12/2026", "18/12/2026")
	y.upTo(dates, 4, 2, "an absence of three days, two children, by dates")
}

// weeksOfHolidays books the two weeks of the holidays for one child.
func (y *year) weeksOfHolidays() {
	y.t.Helper()
	c := y.home(y.one, loadClock())
	c.click(y.reserve(y.acts[5]))
	weeks := testkit.Eval[int](y.Browser, `document.querySelectorAll('#reserver input[name^="s.k0."]').length`)
	for i := range weeks {
		c.click(fmt.Sprintf(`#reserver .sheet:nth-of-type(n) [name="%s"]`, testkit.Eval[string](y.Browser, fmt.Sprintf(`document.querySelectorAll('#reserver input[name^="s.k0."]')[%d].name`, i))))
	}
	c.clickText("Vérifier ma réservation")
	c.clickText("Confirmer")
	y.sees("10 changements", "Référence")
	if weeks != 2 {
		y.t.Errorf("%d weeks", weeks)
	}
	y.upTo(c, 4+weeks, 0, fmt.Sprintf("holidays, %d weeks, one child", weeks))
}

// typicalWeek finds last autumn's week of three children and four activities ticked, and saves the rest of the year in one
// confirmation.
func (y *year) typicalWeek() {
	t := y.t
	t.Helper()
	days := civil.Range{From: civil.NewDate(2026, time.November, 24), To: civil.NewDate(2026, time.December, 18)}
	y.town.do(func(tx *db.Tx, a actor.Actor) error {
		var rows []booking.Row
		for _, of := range y.acts[:4] {
			unit, err := db.One(tx, "unit", db.Column[activity.UnitID], `select id from unit where activity = $1`, string(of))
			if err != nil {
				return err
			}
			for _, d := range days.Days() {
				if w := d.Weekday(); w == time.Saturday || w == time.Sunday || w == time.Wednesday {
					continue
				}
				for _, kid := range y.three.kids {
					rows = append(rows, booking.Row{Child: kid, Unit: unit, Day: d, Family: y.three.id, State: booking.Booked})
				}
			}
		}
		_, err := booking.InsertMany(tx, loadClock(), a, rows)
		return err
	})
	c := y.home(y.three, loadClock())
	c.click(`main a[href="/espace/reserver"]`)
	if n := testkit.Eval[int](y.Browser, `document.querySelectorAll('#semaine-type input:checked').length`); n != 48 {
		t.Errorf("%d boxes are ticked beforehand, want 48", n)
	}
	c.clickText("Vérifier ma réservation")
	y.sees("Vérifiez avant de confirmer")
	start := time.Now()
	c.clickText("Confirmer")
	y.sees("Référence")
	took := time.Since(start)
	y.upTo(c, 12, 0, "four activities and three children, the typical week")
	lines, references := y.town.countOf(`select count(*) from booking_line where family = $1`, string(y.three.id)), y.town.countOf(`select count(distinct reference) from booking_line where family = $1`, string(y.three.id))
	t.Logf("%d changes in %d confirmation, %v", lines, references, took.Round(time.Millisecond))
	if lines < 500 || references != 1 {
		t.Errorf("%d changes in %d confirmations, want 500 in one", lines, references)
	}
}
