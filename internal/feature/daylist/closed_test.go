package daylist_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
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
		if want := "Total des repas Fermé | Parmi eux, avec une allergie ou un PAI 0 | Fermé : réservés, ne comptent pas 2"; strings.ReplaceAll(strings.Join(got, " | "), "\u00a0", " ") != want {
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
	bookingtest.Exec(t, d, `insert into activity_group (id, activity, site, name, folded, levels) values ('g', $1, $2, 'Les grands', 'les grands', 'CM1')`, string(o.ID), string(o.School))
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
	o := bookingtest.NewOpen(t, d, activitytest.Wednesday())
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

func TestAKitchenReadsWhyNothingIsCounted(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		closeFriday(t, d, o)
		bookingtest.Exec(t, d, `update booking set state = 'cancelled'`)
		c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
		plain := func(path string) string { return strings.ReplaceAll(c.Get(path).Text("main"), "\u00a0", " ") }
		for _, path := range []string{"/agents/repas?jour=2027-01-08", "/agents/repas?semaine=2027-01-04", "/agents/repas?jour=2027-01-08&vue=impression"} {
			if got := plain(path); !strings.Contains(got, "Vendredi 8 fermé : Sortie scolaire.") || !strings.Contains(got, "Fermé") || strings.Contains(got, "Personne n’a réservé") {
				t.Errorf("%s: %s", path, got)
			}
		}
		if file := c.Get("/agents/repas/export?jour=2027-01-08").Body; !strings.Contains(file, "Sortie scolaire;0") {
			t.Errorf("the file: %s", file)
		}
		for _, path := range []string{fridayList, fridayList + "&vue=impression"} {
			if got := plain(path); !strings.Contains(got, "Restauration scolaire – Élémentaire Jean-Moulin, fermé : Sortie scolaire") || strings.Contains(got, "Personne n’a réservé") {
				t.Errorf("%s: %s", path, got)
			}
		}
		if got := plain("/agents/listes?jour=2027-01-07"); strings.Contains(got, "Sortie scolaire") {
			t.Errorf("another day: %s", got)
		}
		other := lists(t, d, persontest.Now()).As(familytest.AgentOf(o.Youth, booking.Read))
		if got := other.Get(fridayList).Text("main"); strings.Contains(got, "Sortie scolaire") {
			t.Errorf("another service: %s", got)
		}
	})
}
