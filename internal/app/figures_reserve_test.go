package app_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// offer opens six activities to booking, one of them of the holidays, with every child of the town enrolled.
func (l *loadTown) offer() []activity.ID {
	l.t.Helper()
	var school town.SiteID
	l.do(func(tx *db.Tx, job actor.Actor) (err error) {
		if school, err = town.AddSite(tx, loadClock(), job, town.Site{Name: "Élémentaire Jean-Moulin", Active: true}); err != nil {
			return err
		}
		year, holidays := town.ZoneC20262027()
		if err := town.SetYear(tx, loadClock(), job, year); err != nil {
			return err
		}
		for _, h := range holidays {
			if _, err := town.AddSchoolHoliday(tx, loadClock(), job, h); err != nil {
				return err
			}
		}
		return nil
	})
	year := civil.Range{From: civil.DateOf(loadClock()), To: l.year.To}
	week, wednesday := activitytest.SchoolWeek, activity.On(time.Wednesday)
	most := 10000
	plans := []activitytest.Plan{
		{Name: "Accueil du matin", Units: []activity.Unit{{Weekdays: week, From: 450, To: 510, Alone: true}}},
		{Name: "Cantine", Units: []activity.Unit{{Weekdays: week, From: 690, To: 800, Meal: true, Alone: true}}},
		{Name: "Étude", Units: []activity.Unit{{Weekdays: week, From: 990, To: 1080, Alone: true}}},
		{Name: "Accueil du soir", Units: []activity.Unit{{Weekdays: week, From: 1080, To: 1140, Alone: true}}},
		{Name: "Centre du mercredi", Units: []activity.Unit{{Name: "Matin", Weekdays: wednesday, From: 480, To: 690, Alone: true}, {Name: "Après-midi", Weekdays: wednesday, From: 810, To: 1080, Alone: true}},
			Choices: []activity.Choice{{Name: "Journée", Units: []activity.UnitID{"0", "1"}}}},
		{Name: "Centre des vacances", Term: activity.InHolidays, Units: []activity.Unit{{Weekdays: week | wednesday, From: 540, To: 1020, Alone: true}},
			Days: civil.Range{From: civil.NewDate(2027, 2, 8), To: civil.NewDate(2027, 2, 19)}},
	}
	var ids []activity.ID
	for _, p := range plans {
		if p.Days.From.IsZero() {
			p.Days = year
		}
		if p.Term == "" {
			p.Term = activity.InTerm
		}
		p.Sites, p.Capacity = []town.SiteID{school}, &most
		ready := activitytest.Make(l.t, l.DB, familytest.Homes{Service: l.service, School: school}, p)
		ids = append(ids, ready.ID)
	}
	l.enrol(ids)
	return ids
}

// enrol enrols every child of the town that is not yet in some activities.
func (l *loadTown) enrol(acts []activity.ID) {
	l.t.Helper()
	for _, id := range acts {
		l.do(func(tx *db.Tx, _ actor.Actor) error {
			_, err := tx.Exec(`insert into enrolment (id, child, activity, site, from_day, to_day, state, made_at)
				select substr($1, 15) || c.person, c.person, $1, (select s.site from activity_site s where s.activity = $1), $2, $3, 'active', 0
				from child c where not exists (select 1 from enrolment e where e.child = c.person and e.activity = $1)`, string(id), civil.DateOf(loadClock()), l.year.To)
			return err
		})
	}
	l.Activities.Invalidate()
}

// TestTheFamilyBoardStaysLight weighs the pages on which a family of three children with six activities reads and books
// its year, counts their statements, alone in town and among many families, measures the agenda against a bare handler, and
// counts the clicks of the year.
func TestTheFamilyBoardStaysLight(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		home := l.add(1, func(int) int { return 3 })[0]
		acts := l.offer()
		cookie := l.session(home)
		week, month, table := "/espace/agenda?semaine=2026-11-30", "/espace/agenda?mois=2026-12", "/espace/agenda?semaine=2026-11-30&vue=tableau"
		paths := []string{"/espace", "/espace/agenda", week, month, table, "/espace/reserver", "/espace/reserver/" + string(acts[1]),
			"/espace/reserver/" + string(acts[4]), "/espace/reserver/" + string(acts[5])}
		l.page("/espace", cookie)
		alone := map[string]int64{}
		for _, path := range paths {
			l.page(path, cookie) // the catalogue is cached now
			_, alone[path] = l.page(path, cookie)
		}
		start := time.Now()
		l.add(families(), func(i int) int { return 3 - i%3 })
		l.enrol(acts)
		t.Logf("%s, made in %v", l.size(), time.Since(start).Round(time.Second))
		l.page(week, cookie)
		for _, path := range paths {
			start := time.Now()
			page, statements := l.page(path, cookie)
			t.Logf("%-60s %5.1f KB, %d statements, %v", path, float64(page.Body.Len())/1024, statements, time.Since(start).Round(time.Millisecond))
			if page.Code != 200 || page.Body.Len() > maxBoard || statements > maxStatements || statements != alone[path] {
				t.Errorf("%s: %d, %d bytes compressed, %d statements after %d; want at most %d bytes and %d statements, always the same",
					path, page.Code, page.Body.Len(), statements, alone[path], maxBoard, maxStatements)
			}
		}
		for _, path := range []string{week, month, table} {
			rate, size := l.rates(t, path, []visitor{{cookie: cookie}}, laps*clients, func() {})
			t.Logf("%-60s %d bytes, %.0f pages/s, %.3f of a bare handler, %.3f of one with its bytes ready", path, size, rate[0], rate[0]/rate[1], rate[0]/rate[2])
		}
		year := l.bookYear(home, acts)
		t.Log(year)
	})
}

// maxBoard is the most that an agenda of three children with six activities weighs, compressed, a week or a month.
const maxBoard = 15 << 10

// gestures counts what somebody does without JavaScript: links followed, boxes ticked, buttons pressed.
type gestures struct {
	n    int
	page *testkit.Page
}

func (g *gestures) follow(link string) { g.n++; g.page = g.page.Click(link) }

// press ticks boxes, one gesture each, and presses a button.
func (g *gestures) press(form string, values url.Values, button string) {
	for name, v := range values {
		if name != "action" {
			g.n += len(v)
		}
	}
	if button != "" {
		if values == nil {
			values = url.Values{}
		}
		values.Set("action", button)
	}
	g.n++
	g.page = g.page.SubmitAll(form, values)
	if g.page.Status == 303 {
		g.page = g.page.Follow()
	}
}

// bookYear books the canteen of two children for a year by hand, then four activities of three children prefilled.
func (l *loadTown) bookYear(h loadHome, acts []activity.ID) string {
	t := l.t
	c := testkit.NewClient(t, l.Handler())
	c.SetCookie(account.SessionCookie, l.session(h).Value)
	booked := func() int {
		n, err := db.Read(context.Background(), l.DB, func(r db.Reader) (int, error) {
			return db.One(r, "count", db.Column[int], `select count(*) from booking where family = $1 and state = 'booked' and day > '2026-11-23' and slot is not null`, string(h.id))
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	canteen := &gestures{page: c.Get("/espace")}
	canteen.follow(`main a[href="/espace/reserver/` + string(acts[1]) + `"]`)
	canteen.press("#reserver", url.Values{"jour": {"1", "2", "4", "5"}}, "")
	canteen.press("#confirmer", nil, "")
	if n := booked(); n < 280 || canteen.n > 7 {
		t.Errorf("the canteen of a year: %d gestures, %d days: %s", canteen.n, n, canteen.page.Text("main"))
	}
	quick := &gestures{page: c.Get("/espace")}
	quick.follow(`main a[href="/espace/reserver/` + string(acts[0]) + `"]`)
	quick.press("#reserver", nil, "tous")
	quick.press("#reserver", nil, "")
	quick.press("#confirmer", nil, "")
	if quick.n > 5 || !strings.Contains(quick.page.Text("main"), "Référence") {
		t.Errorf("all days at once: %d gestures: %s", quick.n, quick.page.Text("main"))
	}
	for _, id := range acts[2:4] { // two more, for the typical week to be found
		g := &gestures{page: c.Get("/espace/reserver/" + string(id))}
		g.press("#reserver", nil, "tous")
		g.press("#reserver", nil, "")
		g.press("#confirmer", nil, "")
	}
	l.do(func(tx *db.Tx, _ actor.Actor) error { // the new year finds the habits of the old one
		_, err := tx.Exec(`update booking set state = 'cancelled', slot = null where family = $1 and day > '2026-12-18' and slot is not null`, string(h.id))
		return err
	})
	holidays := &gestures{page: c.Get("/espace")}
	holidays.follow(`main a[href="/espace/reserver/` + string(acts[5]) + `"]`)
	weeks := url.Values{}
	for _, box := range holidays.page.Doc.Find(`#reserver input[name^="s.k0."]`).EachIter() {
		weeks.Set(box.AttrOr("name", ""), "1")
	}
	holidays.press("#reserver", weeks, "")
	holidays.press("#confirmer", nil, "")
	if len(weeks) != 2 || holidays.n > 4+len(weeks) || !strings.Contains(holidays.page.Text("main"), "10 changements") {
		t.Errorf("holidays: %d gestures for %d weeks: %s", holidays.n, len(weeks), holidays.page.Text("main"))
	}
	before := booked()
	typical := &gestures{page: c.Get("/espace")}
	typical.follow(`main a[href="/espace/reserver"]`)
	if n := typical.page.Doc.Find("#semaine-type input[checked]").Length(); n != 48 {
		t.Errorf("%d boxes are ticked beforehand, want 48: %s", n, typical.page.Text("main"))
	}
	start := time.Now()
	typical.press("#reserver", nil, "")
	checked := time.Now()
	typical.press("#confirmer", nil, "")
	t.Logf("a year of four activities and three children: checked in %v, confirmed in %v", checked.Sub(start).Round(time.Millisecond), time.Since(checked).Round(time.Millisecond))
	if refs, mails := l.countOf(`select count(distinct reference) from booking_line where family = $1 and at = (select max(at) from booking_line)`, string(h.id)),
		l.countOf(`select count(*) from mail_outbox where parts || ' ' like '%' || $1 || ' %'`, strings.TrimPrefix(strings.SplitN(typical.page.Path, "?", 2)[0], "/espace/reservations/")); mails != 2 {
		t.Errorf("the typical week: %d references, %d mails, want one mail a head", refs, mails)
	}
	if n := booked() - before; n < 500 || typical.n > 12 {
		t.Errorf("four activities of three children: %d gestures, %d days: %s", typical.n, n, typical.page.Text("main"))
	}
	lines := 0
	for _, p := range []string{"/espace/agenda?semaine=2027-01-11", "/espace/agenda?mois=2027-01", strings.SplitN(typical.page.Path, "?", 2)[0]} {
		page, statements := l.page(p, l.session(h))
		lines += page.Body.Len()
		t.Logf("%-50s %5.1f KB booked, %d statements", p, float64(page.Body.Len())/1024, statements)
		if page.Code != 200 || statements > maxStatements || page.Body.Len() > maxBoard {
			t.Errorf("%s: %d, %d statements, %d bytes", p, page.Code, statements, page.Body.Len())
		}
	}
	return fmt.Sprintf("canteen %d gestures (%d with « Cocher tous les jours »), holidays %d for %d weeks, typical week %d gestures, %d days at once",
		canteen.n, quick.n, holidays.n, len(weeks), typical.n, booked()-before)
}

func (l *loadTown) countOf(query string, args ...any) int {
	l.t.Helper()
	n, err := db.Read(context.Background(), l.DB, func(r db.Reader) (int, error) { return db.One(r, "count", db.Column[int], query, args...) })
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}
