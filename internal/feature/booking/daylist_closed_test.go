package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// closeFriday closes the homes' school for the Friday.
func closeFriday(t *testing.T, d *db.DB, o bookingtest.Open) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, _, err := activity.CloseSlots(tx, persontest.Now(), actor.Job("test"), o.ID, activity.Scope{Days: civil.Range{From: friday, To: friday}, Site: o.School}, "Sortie scolaire")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsClosedIsNotExpected(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d) // Inès holds a slot, Jérémy none
		c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
		closeFriday(t, d, o)
		page := c.Get(fridayList)
		if got, want := page.Text("main table caption"), "Fermé : Sortie scolaire. Aucun enfant attendu, 2 réservations ne comptent pas"; got != want {
			t.Errorf("the section says %q, want %q", got, want)
		}
		if got := page.Text("main .month-nav h2"); got != "Aucun enfant attendu" {
			t.Errorf("the total: %q", got)
		}
		for i := range 2 {
			if got := strings.TrimSpace(page.Doc.Find("main table tbody tr").Eq(i).Find(".tag").Text()); strings.ReplaceAll(got, "\u00a0", " ") != "Fermé : Sortie scolaire" {
				t.Errorf("line %d: %q", i, got)
			}
		}
		meals := c.Get("/agents/repas?jour=2027-01-08")
		var got []string
		for _, tr := range meals.Doc.Find("main table tbody tr").EachIter() {
			got = append(got, strings.TrimSpace(tr.Find("th").Text())+" "+strings.TrimSpace(tr.Find("td").Text()))
		}
		if want := "Total des repas 0 | Parmi eux, avec une allergie ou un PAI 0 | Fermé : réservés, ne comptent pas 2"; strings.ReplaceAll(strings.Join(got, " | "), "\u00a0", " ") != want {
			t.Errorf("meals %q, want %q", got, want)
		}
		for _, path := range []string{"/agents/repas?semaine=2027-01-04", "/agents/repas?jour=2027-01-08&vue=impression"} {
			if text := strings.ReplaceAll(c.Get(path).Text("main"), "\u00a0", " "); !strings.Contains(text, "Vendredi 8 fermé : Sortie scolaire. 2 réservations ne comptent pas.") {
				t.Errorf("%s does not say what is closed: %s", path, text)
			}
		}
		if file := c.Get("/agents/repas/export?jour=2027-01-08").Body; strings.Contains(file, "Total") || !strings.Contains(file, "Fermé, ne comptent pas;2") {
			t.Errorf("the file: %s", file)
		}
	})
}

func TestAPlaceClosedAsAWholeClosesItsGroups(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := expected(t, d)
	closeFriday(t, d, o)
	// A group made under an older rule: its slots of before have none.
	writeRaw(t, d, `insert into activity_group (id, activity, site, name, folded, levels) values ('g', $1, $2, 'Les grands', 'les grands', 'CM1')`, string(o.ID), string(o.School))
	page := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read)).Get(fridayList)
	if !strings.Contains(page.Text("main"), "Les grands") || page.Text("main .month-nav h2") != "Aucun enfant attendu" {
		t.Errorf("Jérémy, of a group and without a slot, is expected: %s", page.Text("main"))
	}
}

func TestTheFilterFoldsOnceUsed(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	expected(t, d)
	c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
	const form = `form[role="search"]`
	if page := c.Get("/agents/listes"); page.Has("details "+form) || !page.Has("main "+form) {
		t.Error("the first time the filter is open")
	}
	if page := c.Get(fridayList); !page.Has("details " + form) {
		t.Error("once used, the filter is folded")
	}
	if page := c.Get("/agents/listes?jour=demain"); page.Has("details " + form) {
		t.Error("what is wrong in the filter is folded away")
	}
}

func TestTotalsByPlaceComeFirst(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, wednesday())
	day := civil.NewDate(2027, 1, 13)
	bookingtest.Agenda{}.Book(t, d, booking.Row{Child: o.Jeremy, Unit: o.Units["Matin"], Day: day, Family: o.First, State: booking.Booked},
		booking.Row{Child: o.Ines, Unit: o.Units["Matin"], Day: day, Family: o.First, State: booking.Booked},
		booking.Row{Child: o.Ines, Unit: o.Units["Repas"], Day: day, Family: o.First, State: booking.Booked})
	c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
	const want = "Élémentaire Jean-Moulin"
	if got := c.Get("/agents/listes?jour=2027-01-13").Text("main dl"); !strings.Contains(got, want) || !strings.Contains(got, "2 enfants attendus") {
		t.Errorf("on screen: %q", got)
	}
	if got := c.Get("/agents/listes?jour=2027-01-13&vue=impression").Text(".paper-totals"); got != want+" : 2 enfants attendus" {
		t.Errorf("on paper: %q", got)
	}
}

func TestDaysThatStayBooked(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
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

func TestLateRequestsOfADayThatIsOver(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		read := func(now time.Time) (string, *testkit.Client) {
			c := lists(t, d, now).As(l.agent())
			return strings.Join(strings.Fields(c.Get("/agents/demandes-tardives").Doc.Find("main section").First().Text()), " "), c
		}
		zone := persontest.Now().Location()
		if text, _ := read(l.thursday.At(13, 19, zone)); strings.Contains(text, "jour passé") {
			t.Errorf("before the meal ends: %s", text)
		}
		if text, _ := read(l.thursday.At(13, 20, zone)); !strings.Contains(text, "Réserver : jour passé") {
			t.Errorf("after the meal: %s", text)
		}
		text, c := read(l.thursday.AddDays(3).At(9, 0, zone))
		if !strings.Contains(text, "Jeudi 7 janvier") || !strings.Contains(text, "jour passé") {
			t.Errorf("days after, nobody has answered: %s", text)
		}
		if c.Get("/agents/demandes-tardives/plusieurs").Has(`#choisir`) {
			t.Error("days that are over are accepted at once")
		}
		if answered := c.Get(l.path(l.Jeremy, l.thursday)).Submit("#reponse", map[string]string{"decision": "refuser", "motif": "Trop tard"}); answered.Status != 303 {
			t.Errorf("answering: %d %s", answered.Status, answered.Text("main"))
		}
		if old, _ := read(l.thursday.AddDays(40).At(9, 0, zone)); strings.Contains(old, "janvier") {
			t.Errorf("after a month: %s", old)
		}
	})
}

func TestLateRequestsOfAChildComeTogether(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	l := askedLate(t, d)
	writeRaw(t, d, `insert into activity (id, name, folded, service, state, made_at) select 'autre', 'Accueil', 'accueil', service, state, made_at from activity where id = $1`, string(l.ID))
	writeRaw(t, d, `insert into unit (id, activity, name, folded) values ('autre-u', 'autre', '', '')`)
	bookingtest.Agenda{}.Book(t, d, booking.Row{Child: l.Ines, Unit: "autre-u", Day: l.thursday, Family: l.First, State: booking.Asked},
		booking.Row{Child: l.Jeremy, Unit: "autre-u", Day: l.thursday, Family: l.First, State: booking.Asked})
	var names []string
	for _, a := range l.desk.As(l.agent()).Get("/agents/demandes-tardives").Doc.Find("main section").First().Find(".row a").EachIter() {
		names = append(names, strings.Fields(a.Text())[0])
	}
	if got := strings.Join(names, " "); got != "Inès Inès Jérémy Jérémy" {
		t.Errorf("in the order %q", got)
	}
}
