package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

var as = persontest.Named

// friday is a day of the open period.
var friday = civil.NewDate(2027, 1, 8)

// writeRaw writes what no verb would.
var writeRaw = bookingtest.Exec

// lists is a desk of waiting lists and late requests at a moment.
func lists(t *testing.T, d *db.DB, now time.Time) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, now)
	desk := pages(d)
	desk.Now = func() time.Time { return now }
	desk.Agent(p.Router)
	return p
}

func TestDaysThatStayBooked(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		bookingtest.Agenda{}.Book(t, d, booking.Row{Child: o.Ines, Unit: activity.UnitID(o.Only()), Day: friday, Family: o.First, State: booking.Booked})
		count := func(from, to civil.Date) int {
			n, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
				return booking.BookedBetween(r, o.Ines, o.ID, civil.Range{From: from, To: to})
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if count(friday, friday) != 1 || count(friday.AddDays(1), friday.AddDays(60)) != 0 || count(friday.AddDays(-9), friday.AddDays(-1)) != 0 {
			t.Error("the days of a range, both ends included")
		}
		writeRaw(t, d, `update booking set state = 'cancelled' where child = $1`, string(o.Ines))
		if count(friday, friday) != 0 {
			t.Error("what is cancelled counts")
		}
	})
}

func pages(d *db.DB) booking.Pages {
	return booking.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}, Catalogue: &activity.Cache{DB: d}}
}

func portal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, persontest.Now())
	pages(d).Citizen(p.Router)
	return p
}

// january books a week as mockup 04 shows it, by both homes.
func january(t *testing.T, d *db.DB) bookingtest.Agenda {
	t.Helper()
	g := bookingtest.New(t, d)
	present, excused := g.Row(g.Jeremy, 4, g.First), g.Row(g.Jeremy, 5, g.First)
	present.Attendance, excused.Attendance = booking.Present, booking.Excused
	wednesday := g.Row(g.Jeremy, 13, g.First)
	wednesday.Unit, wednesday.State = g.WholeDay, booking.Waiting
	g.Book(t, d, present, excused, wednesday, g.Row(g.Jeremy, 7, g.First), g.Row(g.Jeremy, 11, g.Second), g.Row(g.Ines, 7, g.First))
	return g
}

func TestMonthSaysEachDayInWords(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		page := portal(t, d).As(as(g.Camille, "Camille Martin")).Get("/espace/enfants/" + string(g.Jeremy) + "/agenda?mois=2027-01")
		if page.Status != 200 {
			t.Fatalf("status %d: %s", page.Status, page.Text("main"))
		}
		day := func(week string, n int) string {
			var words []string
			for _, part := range page.Doc.Find("#semaine-" + week + " .agenda-day").Eq(n).Find(".agenda-what, .tag, .agenda-reason").EachIter() {
				words = append(words, strings.Fields(part.Text())...)
			}
			return strings.Join(words, " ")
		}
		for _, c := range []struct {
			week string
			n    int
			want string
		}{
			{"2027-01-04", 0, "Restauration scolaire Présent"},
			{"2027-01-04", 1, "Restauration scolaire Absence justifiée"},
			{"2027-01-04", 2, "Mercredi Non réservé Réservations pas encore ouvertes"},
			{"2027-01-04", 3, "Restauration scolaire Réservé Pour annuler ce jour, appelez le service. Signaler une absence"},
			{"2027-01-04", 4, "Restauration scolaire Non réservé Réservations pas encore ouvertes"},
			{"2027-01-11", 0, "Restauration scolaire Réservé par l’autre foyer"},
			{"2027-01-11", 2, "Mercredi, journée Liste d’attente Pour quitter cette liste, appelez le service"},
			{"2026-12-28", 0, "Vos activités Fermé Vacances de Noël"},
			{"2026-12-28", 4, "Vos activités Fermé Jour férié : Jour de l’an"},
		} {
			if got := day(c.week, c.n); got != c.want {
				t.Errorf("week %s day %d = %q, want %q", c.week, c.n, got, c.want)
			}
		}
		if !page.Has("details#semaine-2027-01-04[open]") || page.Has("details#semaine-2027-01-11[open]") {
			t.Error("the current week is open, the others folded")
		}
		if text := page.Text("main"); !strings.Contains(text, "01 00 00 00 01") || !strings.Contains(text, "Être inscrit permet de réserver") {
			t.Errorf("the page does not say how to book today: %s", text)
		}
		week := page.Click(`main a[href*="semaine="]`)
		if n := week.Doc.Find(".agenda-day").Length(); n != 5 || strings.Contains(week.Text("main"), "Week-end") {
			t.Errorf("week view shows %d days: %s", n, week.Text("main"))
		}
	})
}

func TestTwoHomesReadTheSameDaysWithoutNames(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		p := portal(t, d)
		path := "/espace/enfants/" + string(g.Jeremy) + "/agenda?mois=2027-01"
		bruno := p.As(as(g.Bruno, "Bruno Petit")).Get(path)
		if text := bruno.Text("#semaine-2027-01-04"); !strings.Contains(text, "Réservé par l’autre foyer") || !strings.Contains(text, "Présent") {
			t.Errorf("the other home reads: %s", text)
		}
		for _, secret := range append(familytest.CamilleSecrets, "Camille", "Thomas", "Inès") {
			if strings.Contains(bruno.Body, secret) {
				t.Errorf("the other home's agenda shows %q", secret)
			}
		}
		camille := p.As(as(g.Camille, "Camille Martin")).Get(path)
		for _, secret := range append(familytest.BrunoSecrets, "Bruno") {
			if strings.Contains(camille.Body, secret) {
				t.Errorf("the first home's agenda shows %q", secret)
			}
		}
		if got := p.As(as(g.Bruno, "Bruno Petit")).Get("/espace/enfants/" + string(g.Ines) + "/agenda"); got.Status != 404 {
			t.Errorf("the sister's agenda answers %d to the other home, want 404", got.Status)
		}
		if got := p.As(as(g.Contact, "Marie")).Get(path); got.Status != 404 {
			t.Errorf("a contact reads the agenda: %d, want 404", got.Status)
		}
	})
}

func TestFamilyWeek(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		page := portal(t, d).As(as(g.Camille, "Camille Martin")).Get("/espace/agenda?semaine=2027-01-07&vue=tableau")
		if link := page.Doc.Find(`main a[href$="vue=impression"]`); link.Length() != 1 || strings.Contains(link.AttrOr("href", ""), "tableau") {
			t.Errorf("the page to print: %q", link.AttrOr("href", ""))
		}
		if n := page.Doc.Find("table.board-table").Length(); n != 2 {
			t.Fatalf("%d children's tables, want 2: %s", n, page.Text("main"))
		}
		ines := page.Doc.Find("table.board-table").Eq(1).Find("tbody tr").First()
		var cells []string
		for _, td := range ines.Find("td").EachIter() {
			cells = append(cells, strings.Join(strings.Fields(td.Find(".cell > span:not([aria-hidden])").Text()), " "))
		}
		if got := strings.Join(cells, "|"); got != "Non réservé|Non réservé|Pas ce jour|Réservé|Non réservé" {
			t.Errorf("Inès's week = %s", got)
		}
	})
}

func TestThisWeekAndNext(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		of := pages(d)
		if _, err := of.Catalogue.Get(context.Background(), persontest.Now()); err != nil { // as it is most of the time
			t.Fatal(err)
		}
		ctx, queries := db.CountQueries(db.Remember(context.Background()))
		a := as(g.Camille, "Camille Martin")
		type first struct {
			week     []web.WeekDay
			children []booking.Upcoming
		}
		got, err := db.Read(ctx, d, func(r db.Reader) (f first, err error) {
			if f.week, err = of.Week(r, persontest.Now(), a); err != nil {
				return f, err
			}
			f.children, err = of.Children(r, persontest.Now(), a)
			return f, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.week) != 5 || len(got.week[0].Lines) != 1 || got.week[0].Lines[0].Mark.Word != "Présent" || len(got.week[3].Lines) != 2 || got.week[2].Note != "Rien de réservé" {
			t.Errorf("week = %+v", got.week)
		}
		if got.children[0].Next != "Prochaine\u00a0: Restauration scolaire, jeudi 7 janvier" || !strings.HasSuffix(got.children[0].Href, "/agenda?mois=2027-01") {
			t.Errorf("children = %+v", got.children)
		}
		if *queries > 4 {
			t.Errorf("%d queries for the first page's week and children, want at most 4", *queries)
		}
	})
}

func TestQueriesDoNotGrowWithData(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	g := january(t, d)
	count := func(path string) int64 {
		c := portal(t, d).As(as(g.Camille, "Camille Martin"))
		c.Get(path) // fills the settings' cache
		return c.Statements(path)
	}
	month, board := "/espace/enfants/"+string(g.Jeremy)+"/agenda?mois=2027-01", "/espace/agenda"
	before, beforeBoard := count(month), count(board)
	var rows []booking.Row
	for day := civil.NewDate(2026, 9, 1); day.Before(civil.NewDate(2027, 7, 2)); day = day.AddDays(1) {
		for _, child := range []family.ChildID{g.Jeremy, g.Ines} {
			rows = append(rows, booking.Row{Child: child, Unit: g.Meal, Day: day, Family: g.First, State: booking.Booked, Attendance: booking.Present})
		}
	}
	g.Book(t, d, rows...)
	after, afterBoard := count(month), count(board)
	if before != after || beforeBoard != afterBoard || after > 7 || afterBoard > 7 {
		t.Errorf("queries: month %d then %d, board %d then %d; want the same, at most 7 without the session", before, after, beforeBoard, afterBoard)
	}
	c := portal(t, d).As(as(g.Camille, "Camille Martin"))
	c.Header.Set("Accept-Encoding", "gzip")
	if page := c.Get(month); len(page.Body) > 10<<10 || page.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the month weighs %d bytes compressed, want at most 10 KB", len(page.Body))
	} else {
		t.Logf("the month weighs %d bytes compressed, %d queries", len(page.Body), after)
	}
}

func TestInsertManyKeepsWhatIsThere(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := bookingtest.New(t, d)
		insert := func(a actor.Actor, rows ...booking.Row) (int, error) {
			return db.Write(context.Background(), d, func(tx *db.Tx) (int, error) { return booking.InsertMany(tx, persontest.Now(), a, rows) })
		}
		var many []booking.Row
		for i := range 250 { // more than two statements
			r := g.Row(g.Ines, 1, g.First)
			r.Day = civil.NewDate(2026, 9, 1).AddDays(i)
			many = append(many, r)
		}
		if n, err := insert(actor.Job("test"), many...); n != 250 || err != nil {
			t.Fatalf("first insert = %d, %v", n, err)
		}
		if n, err := insert(actor.Job("test"), many...); n != 0 || err != nil {
			t.Errorf("second insert = %d, %v; want nothing new", n, err)
		}
		other := many[0]
		other.Family = g.Second
		if n, err := insert(actor.Job("test"), other); n != 0 || err != nil {
			t.Errorf("the other home booked the same day: %d, %v", n, err)
		}
		if _, err := insert(persontest.Citizen(g.Camille), g.Row(g.Ines, 7, g.First)); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a parent inserts: %v, want forbidden", err)
		}
	})
}
