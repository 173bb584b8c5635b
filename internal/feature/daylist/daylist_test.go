package daylist_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// friday is the day of the lists of these tests.
var friday = civil.NewDate(2027, 1, 8)

// healthWords are what is noted of Jérémy's health in familytest, and the heads of the columns.
var healthWords = []string{"arachide", "Arachide", "sans porc", "Sans porc", "PAI", "Allergies", "Régime", "Rien de noté"}

// lists is a desk of lists at a moment.
func lists(t *testing.T, d *db.DB, now time.Time) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, now)
	daylist.Pages{DB: d, Now: func() time.Time { return now }, Catalogue: &activity.Cache{DB: d}}.Agent(p.Router)
	return p
}

// expected books a Friday: Inès by her family on screen, Jérémy by his other home as the old portal had it, without a
// slot.
func expected(t *testing.T, d *db.DB) bookingtest.Open {
	t.Helper()
	o := bookingtest.NewOpen(t, d, activitytest.Plan{})
	out, err := o.Apply(t, persontest.Now(), persontest.Named(o.Camille, "Camille Martin"), booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, friday, o.Only())}})
	if err != nil || out.Done() != 1 {
		t.Fatalf("booking: %+v, %v", out, err)
	}
	bookingtest.Agenda{}.Book(t, d, booking.Row{Child: o.Jeremy, Unit: activity.UnitID(o.Only()), Day: friday, Family: o.Second, State: booking.Booked})
	return o
}

const fridayList = "/agents/listes?jour=2027-01-08"

func TestTheListSaysWhoIsExpectedAndWhomToCall(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		c := lists(t, d, persontest.Now()).As(familytest.AgentOf(o.Service, booking.Read))
		page := c.Get(fridayList)
		if page.Status != 200 {
			t.Fatalf("status %d: %s", page.Status, page.Text("main"))
		}
		rows := page.Doc.Find("main table tbody tr")
		if rows.Length() != 2 || !strings.Contains(page.Text("main"), "2 enfants attendus") || !strings.Contains(page.Text("h2"), "Élémentaire Jean-Moulin") {
			t.Fatalf("%d rows: %s", rows.Length(), page.Text("main"))
		}
		ines, jeremy := strings.Join(strings.Fields(rows.Eq(0).Text()), " "), strings.Join(strings.Fields(rows.Eq(1).Text()), " ")
		for _, want := range []string{"Martin-Nguyễn Inès", "CE1, CE1-B", "Camille Martin 06 12 34 56 78", "Thomas Nguyễn", "Marie-Christine Duval (grand-mère) 06 00 00 00 01", "Réservé"} {
			if !strings.Contains(strings.ReplaceAll(ines, "\u00a0", " "), want) {
				t.Errorf("Inès's line lacks %q: %s", want, ines)
			}
		}
		reach := rows.Eq(1).Find("td").Eq(1).Text()
		if !strings.Contains(reach, "Bruno Petit") || strings.Contains(reach, "Camille") {
			t.Errorf("to call for what the other home booked: %s", reach)
		}
		if !strings.Contains(jeremy, "Camille Martin") || !strings.Contains(jeremy, "Marie-Christine Duval") {
			t.Errorf("both homes may collect: %s", jeremy)
		}
		bookingtest.Exec(t, d, `insert into enrolment (id, child, activity, site, from_day, to_day, state, made_at)
			select 'again', child, activity, site, '2027-01-02', to_day, state, made_at from enrolment where child = $1`, string(o.Ines))
		if n := c.Get(fridayList).Doc.Find("main table tbody tr").Length(); n != 2 {
			t.Errorf("enrolled twice over the day, a child is on %d lines of two", n)
		}
		if empty := c.Get("/agents/listes?jour=2027-01-11"); !strings.Contains(empty.Text("main"), "Aucun enfant attendu") {
			t.Errorf("a day without anybody: %s", empty.Text("main"))
		}
		if bad := c.Get("/agents/listes?jour=demain"); bad.Status != 422 || strings.Contains(bad.Body, "Inès") {
			t.Errorf("a day that is none: %d", bad.Status)
		}
		if typed := c.Get("/agents/listes?jour=08/01/2027"); typed.Doc.Find("main table tbody tr").Length() != 2 {
			t.Error("a day typed as agents type it finds nobody")
		}
	})
}

// everyList are all ways to the same children.
var everyList = []string{fridayList, fridayList + "&vue=impression", "/agents/listes/export?jour=2027-01-08"}

func TestHealthNeedsItsRightForThatService(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		p := lists(t, d, persontest.Now())
		elsewhere := familytest.AgentOf(o.Service, booking.Read)
		elsewhere.Rights[family.HealthRead] = []string{string(o.Youth)}
		for name, a := range map[string]actor.Actor{"no right": familytest.AgentOf(o.Service, booking.Read), "right elsewhere": elsewhere} {
			for _, path := range everyList {
				page := p.As(a).Get(path)
				if page.Status != 200 || !strings.Contains(page.Body, "Inès") {
					t.Fatalf("%s, %s: %d", name, path, page.Status)
				}
				for _, word := range healthWords {
					if strings.Contains(page.Body, word) {
						t.Errorf("%s, %s: shows %q", name, path, word)
					}
				}
			}
		}
		if n := readings(t, d, "booking.list.health.read"); n != 0 {
			t.Errorf("%d readings of health written down, nobody read any", n)
		}
		with := p.As(familytest.AgentOf(o.Service, booking.Read, family.HealthRead))
		for _, path := range everyList {
			page := with.Get(path)
			if low := strings.ToLower(page.Body); !strings.Contains(low, "arachide") || !strings.Contains(page.Body, "PAI") || !strings.Contains(low, "sans porc") {
				t.Errorf("%s with the right: %s", path, page.Body)
			}
		}
		if n := readings(t, d, "booking.list.health.read"); n != 1 {
			t.Errorf("%d lines for three looks within the hour, want 1", n)
		}
		again := lists(t, d, persontest.Now().Add(time.Hour+time.Minute)).As(familytest.AgentOf(o.Service, booking.Read, family.HealthRead))
		again.Get(fridayList)
		again.Get(fridayList + "&lieu=" + string(o.School))
		if n := readings(t, d, "booking.list.health.read"); n != 3 {
			t.Errorf("%d lines after an hour and with another filter, want 3", n)
		}
	})
}

func readings(t *testing.T, d *db.DB, action string) int {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]audit.Event, error) { return audit.Search(r, audit.Filter{Action: action}, 100) })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Kind != audit.Look || strings.Contains(e.Entry.Detail, "arachide") {
			t.Errorf("line %+v", e)
		}
	}
	return len(all)
}

func TestAnAgentSeesItsServicesOnly(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		c := lists(t, d, persontest.Now()).As(familytest.AgentOf(o.Youth, booking.Read, booking.Write, family.HealthRead))
		for _, path := range append(slices.Clone(everyList), fridayList+"&activite="+string(o.ID), "/agents/repas?semaine=2027-01-04", "/agents/repas/export?semaine=2027-01-04") {
			page := c.Get(path)
			for _, word := range append([]string{"Inès", "Jérémy", "Camille", "Restauration scolaire", "arachide"}, familytest.CamilleSecrets...) {
				if page.Status != 200 || strings.Contains(page.Body, word) {
					t.Errorf("%s: %d, shows %q", path, page.Status, word)
				}
			}
		}
		if page := lists(t, d, persontest.Now()).As(familytest.Agent(family.FileRead)).Get(fridayList); page.Status != 403 {
			t.Errorf("without the right: %d, want 403", page.Status)
		}
		if page := lists(t, d, persontest.Now()).As(persontest.Named(o.Camille, "Camille")).Get(fridayList); page.Status != 403 {
			t.Errorf("a parent: %d, want 403", page.Status)
		}
	})
}

func TestWhoIsKeptAwayIsOnNoList(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read, family.HealthRead))
		shows := func(word string) (n int) {
			for _, path := range everyList {
				if strings.Contains(c.Get(path).Body, word) {
					n++
				}
			}
			return n
		}
		for _, word := range []string{"Bruno", "Marie-Christine", "Thomas"} {
			if shows(word) != 3 {
				t.Fatalf("%s is not on the lists to begin with", word)
			}
		}
		restrict := func(who person.ID, child family.ChildID, from civil.Date) string {
			id, err := db.Write(context.Background(), d, func(tx *db.Tx) (string, error) {
				return family.Restrict(tx, persontest.Now(), actor.Job("test"), family.Restriction{Person: who, Child: child, From: from, DecidedOn: civil.NewDate(2026, 12, 1), Reference: "JAF 12/345"})
			})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		id := restrict(o.Bruno, o.Jeremy, friday)
		if n := shows("Bruno"); n != 0 {
			t.Errorf("an adult whom a court keeps away is on %d lists", n)
		}
		if n := shows("699887766") + shows("99 88 77 66") + shows("99\u00a088\u00a077\u00a066"); n != 0 {
			t.Errorf("its phone is on %d lists", n)
		}
		bookingtest.Exec(t, d, `update restriction set lifted_day = $2 where id = $1`, id, friday)
		if shows("Bruno") != 3 {
			t.Error("lifted, the adult is back")
		}
		bookingtest.Exec(t, d, `update restriction set lifted_day = null, from_day = $2 where id = $1`, id, friday.AddDays(1))
		if shows("Bruno") != 3 {
			t.Error("a restriction from the day after keeps nobody away yet")
		}
		bookingtest.Exec(t, d, `update family_member set may_collect = false where id = $1`, string(o.ContactMember))
		if shows("Marie-Christine") != 0 {
			t.Error("a contact who may not collect is listed")
		}
		bookingtest.Exec(t, d, `update family_member set may_collect = true, to_day = $2 where id = $1`, string(o.ContactMember), friday.AddDays(-1))
		if shows("Marie-Christine") != 0 {
			t.Error("a contact of before is listed")
		}
		bookingtest.Exec(t, d, `update family_member set to_day = null, state = 'pending' where id = $1`, string(o.ContactMember))
		if shows("Marie-Christine") != 0 {
			t.Error("a contact whom the service has not approved is listed")
		}
		bookingtest.Exec(t, d, `update family_member set state = 'approved' where id = $1`, string(o.ContactMember))
		bookingtest.Exec(t, d, `update person set birth_day = '2012-01-01' where id = $1`, string(o.Contact))
		if shows("Marie-Christine") != 0 {
			t.Error("a minor collects a child")
		}
	})
}

func TestMarksOfALine(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
		for _, x := range []struct {
			name, sql, mark, total string
		}{
			{"asked late", `update booking set state = 'asked' where child = $1`, "Demandé hors délai, sans réponse", "1 enfant attendu, 1 demande sans réponse"},
			{"accepted late", `update booking set state = 'booked', late = true where child = $1`, "Réservé hors délai", "2 enfants attendus"},
			{"asked to cancel", `update booking set cancel_asked_at = 1 where child = $1`, "Annulation demandée", "2 enfants attendus"},
			{"told absent", `insert into attendance (child, unit, day, state, noted_at) select child, unit, day, 'excused', 1 from booking where child = $1`, "Absence justifiée", "1 enfant attendu"},
			{"came", `update attendance set state = 'present' where child = $1`, "Présent", "2 enfants attendus"},
			{"came without", `update booking set state = 'cancelled' where child = $1`, "Présent sans réservation", "1 enfant attendu"},
		} {
			bookingtest.Exec(t, d, x.sql, string(o.Jeremy))
			page := c.Get(fridayList)
			if got := page.Doc.Find("main table tbody tr").Eq(1).Find(".tag").Text(); strings.TrimSpace(got) != x.mark {
				t.Errorf("%s: %q, want %q", x.name, got, x.mark)
			}
			if got := page.Text("main table caption"); got != x.total {
				t.Errorf("%s: total %q, want %q", x.name, got, x.total)
			}
		}
		bookingtest.Exec(t, d, `update attendance set state = 'absent' where child = $1`, string(o.Jeremy))
		if n := c.Get(fridayList).Doc.Find("main table tbody tr").Length(); n != 1 {
			t.Errorf("cancelled and absent: %d rows, want Inès alone", n)
		}
	})
}

func TestFilters(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Wednesday())
		day := civil.NewDate(2027, 1, 13)
		var group activity.GroupID
		err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
			group, err = activity.AddGroup(tx, persontest.Now(), actor.Job("test"), o.ID, activity.Group{Site: o.School, Name: "Les grands", Levels: []string{"CM1"}})
			if err == nil {
				_, err = activity.AddGroup(tx, persontest.Now(), actor.Job("test"), o.ID, activity.Group{Site: o.School, Name: "Les petits", Levels: []string{"CE1"}})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows []booking.Row
		for _, child := range []family.ChildID{o.Jeremy, o.Ines} {
			rows = append(rows, booking.Row{Child: child, Unit: o.Units["Matin"], Day: day, Family: o.First, State: booking.Booked})
		}
		rows = append(rows, booking.Row{Child: o.Ines, Unit: o.Units["Repas"], Day: day, Family: o.First, State: booking.Booked})
		bookingtest.Agenda{}.Book(t, d, rows...)
		c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read))
		got := func(query string) string {
			var all []string
			page := c.Get("/agents/listes?jour=2027-01-13" + query)
			for _, s := range page.Doc.Find("main section.section").EachIter() {
				all = append(all, s.Find("h2").Text()+" "+fmt.Sprint(s.Find("tbody tr").Length()))
			}
			return strings.Join(all, " | ")
		}
		site := "Élémentaire Jean-Moulin"
		whole := "Mercredi, matin – " + site + ", Les grands 1 | Mercredi, matin – " + site + ", Les petits 1 | Mercredi, repas – " + site + ", Les petits 1"
		for query, want := range map[string]string{
			"":                                   whole,
			"&activite=" + string(o.ID):          whole,
			"&lieu=" + string(o.School):          whole,
			"&lieu=ailleurs":                     "",
			"&activite=autre":                    "",
			"&unite=" + string(o.Units["Repas"]): "Mercredi, repas – " + site + ", Les petits 1",
			"&groupe=" + string(group):           "Mercredi, matin – " + site + ", Les grands 1",
			"&activite=" + string(o.ID) + "&unite=autre&groupe=autre": whole, // of another activity than the one chosen
		} {
			if s := got(query); s != want {
				t.Errorf("%q: %s\nwant %s", query, s, want)
			}
		}
		form := c.Get("/agents/listes").Submit(`main form[role="search"]`, map[string]string{"jour": "13/01/2027", "groupe": string(group)})
		if form.Doc.Find("main table tbody tr").Length() != 1 || !form.Has(`select[name="groupe"] option[value="`+string(group)+`"][selected]`) {
			t.Errorf("the form: %s", form.Text("main"))
		}
	})
}

func TestPrintedListHasItsHeadOnEachSheet(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	expected(t, d)
	page := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read)).Get(fridayList + "&vue=impression")
	head := page.Text("main .paper-list table thead tr:first-child")
	for _, want := range []string{"Restauration scolaire", "Élémentaire Jean-Moulin", "vendredi 8 janvier 2027", "2 enfants attendus", "Dominique Agent, 06/01/2027 à 10:00"} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %q: %s", want, head)
		}
	}
	if page.Has(`main form[role="search"]`) {
		t.Error("the printed list has the filter")
	}
}

func TestTheFileOfAListIsSafe(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := expected(t, d)
	bookingtest.Exec(t, d, `update person set last_name = '=HYPERLINK("x")' where id = $1`, string(o.Ines))
	page := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read)).Get("/agents/listes/export?jour=2027-01-08")
	if got := page.Header.Get("Content-Disposition"); got != `attachment; filename="liste-2027-01-08.csv"` {
		t.Errorf("named %q", got)
	}
	lines := strings.Split(strings.TrimSuffix(page.Body, "\r\n"), "\r\n")
	if len(lines) != 3 || lines[0] != "\ufeffDate;Lieu;Activité;Unité;Groupe;Nom;Prénom;Niveau;Classe;Téléphones;Peuvent venir chercher;État" {
		t.Fatalf("file %q", lines)
	}
	if !strings.Contains(page.Body, `;"'=HYPERLINK(""x"")";Inès;`) {
		t.Errorf("a name that is a formula: %s", page.Body)
	}
}

func TestQueriesOfListsDoNotGrow(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := expected(t, d)
	c := lists(t, d, persontest.Now()).As(familytest.Agent(booking.Read, booking.Write, family.HealthRead))
	paths := []string{fridayList, fridayList + "&vue=impression", "/agents/listes/export?jour=2027-01-08", "/agents/repas?semaine=2027-01-04", "/agents/repas/export?semaine=2027-01-04"}
	count := func(path string) int64 {
		c.Get(path) // fills the caches
		bookingtest.Exec(t, d, `delete from audit_event`)
		return c.Statements(path)
	}
	o.Many(t, d, friday, 2, 0)
	before := map[string]int64{}
	for _, path := range paths {
		before[path] = count(path)
	}
	o.Many(t, d, friday, 40, 2)
	for _, path := range paths {
		after := count(path)
		if after != before[path] || after > 8 {
			t.Errorf("%s: %d statements, then %d with ten times the children; want the same, at most 8", path, before[path], after)
		}
		t.Logf("%s: %d statements", path, after)
	}
}

func TestMealsAreCountedByDietWithoutNames(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		kids := o.Many(t, d, friday, 8, 0) // 2 without diet, 4 « sans porc » however written, 2 vegetarians with a care plan
		bookingtest.Exec(t, d, `insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'excused', 1)`, string(kids[0]), string(o.Only()), friday)
		bookingtest.Exec(t, d, `update booking set state = 'asked' where child = $1`, string(kids[1]))
		bookingtest.Exec(t, d, `update booking set state = 'cancelled' where child = $1`, string(kids[2]))
		c := lists(t, d, persontest.Now()).As(familytest.AgentOf(o.Service, booking.Read))
		page := c.Get("/agents/repas?semaine=2027-01-04")
		var got []string
		for _, tr := range page.Doc.Find("main table").First().Find("tbody tr").EachIter() {
			got = append(got, strings.TrimSpace(tr.Find("th").Text())+" "+strings.TrimSpace(tr.Find("td").Eq(4).Text()))
		}
		want := []string{"Total des repas 7", "Sans régime particulier 2", "Sans porc 3", "Végétarien 2", "Parmi eux, avec une allergie ou un PAI 3", "En plus, demandes sans réponse 1"}
		if !slices.Equal(got, want) {
			t.Errorf("Friday's meals\n%q, want\n%q", got, want)
		}
		if n := page.Doc.Find("main table").First().Find("thead th").Length(); n != 6 {
			t.Errorf("%d columns, want five days", n)
		}
		for _, word := range []string{"Inès", "Jérémy", "Enfant", "Parent", "Camille", "arachide"} {
			for _, path := range []string{"/agents/repas?semaine=2027-01-04", "/agents/repas?jour=2027-01-08", "/agents/repas?jour=2027-01-08&vue=impression", "/agents/repas/export?jour=2027-01-08"} {
				if strings.Contains(c.Get(path).Body, word) {
					t.Errorf("%s names %q", path, word)
				}
			}
		}
		file := c.Get("/agents/repas/export?semaine=2027-01-04")
		lines := strings.Split(file.Body, "\r\n")
		if len(lines) != 8 || lines[1] != "08/01/2027;Élémentaire Jean-Moulin;Restauration scolaire;;Total;7" || lines[3] != "08/01/2027;Élémentaire Jean-Moulin;Restauration scolaire;;Régime\u00a0: Sans porc;3" ||
			file.Header.Get("Content-Disposition") != `attachment; filename="repas-2027-01-04.csv"` {
			t.Errorf("file %q", lines)
		}
		if day := c.Get("/agents/repas?jour=2027-01-08"); day.Doc.Find("main table thead th").Length() != 2 {
			t.Error("one day has one column")
		}
		if none := c.Get("/agents/repas?semaine=2027-03-01"); !strings.Contains(none.Text("main"), "Aucun repas") {
			t.Errorf("a week without meals: %s", none.Text("main"))
		}
	})
}

// TestWordsOfAFileStayOutOfTheKitchen writes diets in a family's own words: who may not read the health reads a count.
func TestWordsOfAFileStayOutOfTheKitchen(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		kids := o.Many(t, d, friday, 4, 0)
		bookingtest.Exec(t, d, `update health set diet = 'Diabète de type 1, goûter à 10 h' where child = $1`, string(kids[1]))
		bookingtest.Exec(t, d, `update health set diet = 'VÉGÉTARIENNE' where child = $1`, string(kids[2]))
		for _, x := range []struct {
			rights []actor.Right
			reads  bool
		}{{[]actor.Right{booking.Read}, false}, {[]actor.Right{booking.Read, family.HealthRead}, true}} {
			c := lists(t, d, persontest.Now()).As(familytest.AgentOf(o.Service, x.rights...))
			for _, path := range []string{"/agents/repas?semaine=2027-01-04", "/agents/repas?jour=2027-01-08", "/agents/repas?jour=2027-01-08&vue=impression", "/agents/repas/export?jour=2027-01-08"} {
				body := c.Get(path).Body
				if got := strings.Contains(body, "Diabète"); got != x.reads {
					t.Errorf("%s with %v tells of the illness: %v", path, x.rights, got)
				}
				if got := strings.Contains(body, "Autre régime"); got == x.reads {
					t.Errorf("%s with %v counts another diet: %v", path, x.rights, got)
				}
				if strings.Contains(body, "VÉGÉTARIENNE") || !strings.Contains(body, "Végétarien") {
					t.Errorf("%s: a diet that kitchens know is not under its name", path)
				}
			}
		}
	})
}

// TestTheFirstPageCountsTheMealsOfTheNextDay counts Friday's on a Thursday, and on a Friday the Monday's; an agent of
// another service reads none.
func TestTheFirstPageCountsTheMealsOfTheNextDay(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := expected(t, d)
		o.Many(t, d, friday, 4, 0)
		p := daylist.Pages{DB: d, Catalogue: &activity.Cache{DB: d}}
		read := func(now time.Time, a actor.Actor) (string, string, []web.Row) {
			t.Helper()
			type found struct {
				title, href string
				rows        []web.Row
			}
			x, err := db.Read(context.Background(), d, func(r db.Reader) (x found, err error) {
				x.title, x.href, x.rows, err = p.ComingMeals(r, now, a)
				return x, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return x.title, x.href, x.rows
		}
		zone := persontest.Now().Location()
		agent := familytest.AgentOf(o.Service, booking.Read)
		title, href, rows := read(friday.AddDays(-1).At(10, 0, zone), agent)
		if title != "Repas de demain" || href != "/agents/repas?jour="+friday.String() || len(rows) != 1 || rows[0].Value != "6\u00a0repas" {
			t.Errorf("on Thursday: %q %q %+v", title, href, rows)
		}
		monday := friday.AddDays(3)
		bookingtest.Exec(t, d, `update booking set day = $1 where child = $2`, monday, string(o.Ines))
		if title, href, rows := read(friday.At(10, 0, zone), agent); title != "Repas de "+monday.DayMonth() || !strings.HasSuffix(href, monday.String()) || len(rows) != 1 || rows[0].Value != "1\u00a0repas" {
			t.Errorf("on Friday: %q %q %+v", title, href, rows)
		}
		if title, _, rows := read(friday.AddDays(-1).At(10, 0, zone), familytest.AgentOf("another", booking.Read)); title != "" || len(rows) != 0 {
			t.Errorf("another service reads %q %+v", title, rows)
		}
	})
}

func TestALongListIsFoldedByPlace(t *testing.T) {
	for want, sizes := range map[bool][]int{true: {30, 25}, false: {30, 20}} {
		if got := daylist.LongList(sizes...); got != want {
			t.Errorf("%v folded: %v", sizes, got)
		}
	}
	if daylist.LongList(80) {
		t.Error("one place alone, which was asked for, is folded")
	}
}
