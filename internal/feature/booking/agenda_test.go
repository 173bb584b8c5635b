package booking_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// boxOf is the name and value of the box of a child on a day; "" without one. Children are k0, k1 in the page's order.
func boxOf(page *testkit.Page, child string, day civil.Date) (name, value string) {
	box := page.Doc.Find("input[type=checkbox][name^='c." + child + ".'][name$='." + day.String() + "']")
	return box.AttrOr("name", ""), box.AttrOr("value", "")
}

// TestTheFamilyBooksInPlace: on the family's page two children are booked and a day of one is given up at once, in each of
// its forms, with one check, one confirmation, one reference and one mail a parent.
func TestTheFamilyBooksInPlace(t *testing.T) {
	monday := civil.NewDate(2027, 1, 11)
	for _, path := range []string{"/espace/agenda?semaine=2027-01-11", "/espace/agenda?mois=2027-01", "/espace/agenda?semaine=2027-01-11&vue=tableau"} {
		t.Run(strings.TrimPrefix(path, "/espace/agenda?"), func(t *testing.T) {
			testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
				o, p := open(t, d, activitytest.Plan{})
				if _, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, monday, o.Only())}}); err != nil {
					t.Fatal(err)
				}
				c := p.As(as(o.Camille, "Camille Martin"))
				page := c.Get(path)
				values := map[string]string{}
				for i, day := range []civil.Date{monday, monday.AddDays(1)} {
					for _, child := range []string{"k0", "k1"} {
						if name, value := boxOf(page, child, day); name == "" {
							t.Fatalf("no box of %s on %s: %s", child, day, page.Text("main"))
						} else if child == "k1" && i == 0 {
							values[name] = "" // booked already: given up
						} else {
							values[name] = value
						}
					}
				}
				check := page.Submit("form[action$=verifier]", values)
				if text := check.Text("main"); check.Status != 200 || !strings.Contains(text, "4 changements à enregistrer") || !strings.Contains(text, "À annuler") {
					t.Fatalf("%d: %s", check.Status, text)
				}
				again := check.Submit("form[action$=verifier]", nil)
				for name, value := range values {
					if again.Has("input[name='"+name+"'][checked]") != (value != "") {
						t.Errorf("« Modifier » forgot %s", name)
					}
				}
				if again.Has("table.board-table") != strings.Contains(path, "tableau") || again.Text(".month-nav h2") != page.Text(".month-nav h2") || !strings.Contains(again.Text(".bar"), "4 changements") {
					t.Errorf("« Modifier » shows another page: %s", again.Text("main"))
				}
				done := check.Submit("form[action$=confirmer]", nil).Follow()
				if text := done.Text("main"); done.Status != 200 || !strings.Contains(text, "Enregistré : 4 changements") || !strings.HasPrefix(done.Path, "/espace/reservations/R-") {
					t.Errorf("%d: %s", done.Status, text)
				}
				after := c.Get(path)
				for name, value := range values {
					if after.Has("input[name='"+name+"'][checked]") != (value != "") {
						t.Errorf("%s is not as confirmed", name)
					}
				}
				sent, err := db.Read(t.Context(), d, func(r db.Reader) (int, error) {
					return db.One(r, "mails", db.Column[int], `select count(*) from mail_outbox where args like '%' || $1 || '%' or parts like '%' || $1 || '%'`, strings.TrimPrefix(strings.Split(done.Path, "?")[0], "/espace/reservations/"))
				})
				if err != nil || sent != 2 { // a mail for each parent
					t.Errorf("%d mails, %v", sent, err)
				}
			})
		})
	}
}

// TestTheChildrenOfTheFamilysPageAreChosen: all by default; what is chosen stays while weeks go by; never somebody else's.
func TestTheChildrenOfTheFamilysPageAreChosen(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		c := p.As(as(o.Camille, "Camille Martin"))
		page := c.Get("/espace/agenda?semaine=2027-01-11")
		if n := page.Doc.Find("form.filters input[name=enfant][checked]").Length(); n != 2 || page.Doc.Find(".agenda-week").Length() != 1 {
			t.Fatalf("%d boxes ticked: %s", n, page.Text("main"))
		}
		for _, path := range []string{"/espace/agenda?semaine=2027-01-11&enfant=" + string(o.Ines), "/espace/agenda?mois=2027-01&enfant=" + string(o.Ines),
			"/espace/agenda?semaine=2027-01-11&vue=tableau&enfant=" + string(o.Ines)} {
			one := c.Get(path)
			if text := one.Text("main form[method=post]"); strings.Contains(text, "Jérémy") || one.Doc.Find("form.filters input[name=enfant][checked]").Length() != 1 {
				t.Errorf("%s: %s", path, text)
			}
			for _, link := range []string{`.month-nav a[rel="next"]`, `.month-nav a[rel="prev"]`, `.tabs li:nth-child(1) a`, `.tabs li:nth-child(2) a`, `.tabs li:nth-child(3) a`} {
				if next := one.Click(link); !strings.Contains(next.Path, "enfant="+string(o.Ines)) || next.Has(".board-table") != strings.Contains(next.Path, "tableau") {
					t.Errorf("%s, %s forgets who is shown: %s", path, link, next.Path)
				}
			}
			name, value := boxOf(one, "k0", civil.NewDate(2027, 1, 12))
			again := one.Submit("form[action$=verifier]", map[string]string{name: value}).Submit("form[action$=verifier]", nil)
			if again.Doc.Find("form.filters input[name=enfant][checked]").Length() != 1 || !again.Has("input[name='"+name+"'][checked]") {
				t.Errorf("%s: « Modifier » forgot who is shown", path)
			}
		}
		both := c.Get("/espace/agenda?semaine=2027-01-11&enfant=" + string(o.Ines) + "&enfant=" + string(o.Jeremy))
		if strings.Contains(both.Doc.Find(`.month-nav a[rel="next"]`).AttrOr("href", ""), "enfant") {
			t.Error("all children are a filter")
		}
		bruno := p.As(as(o.Bruno, "Bruno Petit"))
		if got := bruno.Get("/espace/agenda?enfant=" + string(o.Ines)); got.Status != 404 {
			t.Errorf("somebody else's child is shown: %d", got.Status)
		}
		if page := bruno.Get("/espace/agenda"); page.Has("form.filters") || !page.Has(".agenda-week[open]") {
			t.Error("one child has nothing to choose")
		}
	})
}

// TestOldAddressesLeadToTheAgenda: the month had a page of its own.
func TestOldAddressesLeadToTheAgenda(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		c := portal(t, d).As(as(g.Camille, "Camille Martin"))
		for path, title := range map[string]string{"/espace/agenda/mois": "Janvier 2027", "/espace/agenda/mois?mois=2027-03": "Mars 2027",
			"/espace/agenda/mois?semaine=2027-02-03": "Semaine du 1er février 2027", "/espace/agenda/mois?mois=2027-03&vue=impression": "Mars 2027",
			"/espace/agenda": "Semaine du 4 janvier 2027", "/espace/agenda?mois=rien": "Janvier 2027"} {
			page := c.Get(path)
			if strings.Contains(path, "/mois") {
				if page.Status != 303 || !strings.HasPrefix(page.Location(), "/espace/agenda?") {
					t.Errorf("%s: %d %s", path, page.Status, page.Location())
					continue
				}
				page = page.Follow()
			}
			if page.Status != 200 || page.Text(".month-nav h2") != title || strings.Contains(path, "impression") == page.Has(".tabs") {
				t.Errorf("%s: %d %q", path, page.Status, page.Text(".month-nav h2"))
			}
		}
	})
}

// TestTheWeekAsATable: heads for rows and columns, every box named by its row, its column and its state.
func TestTheWeekAsATable(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Wednesday())
		page := p.As(as(o.Camille, "Camille Martin")).Get("/espace/agenda?semaine=2027-01-11&vue=tableau")
		if n := page.Doc.Find("table.board-table > caption").Length(); n != 2 || page.Doc.Find("table.board-table thead th[scope=col]").Length() != 12 || page.Doc.Find("tbody th[scope=row]").Length() != 2 {
			t.Fatalf("%d captions: %s", n, page.Text("main"))
		}
		picks := page.Doc.Find("table select.agenda-pick")
		if picks.Length() != 2 {
			t.Fatalf("%d choices: %s", picks.Length(), page.Text("main"))
		}
		for _, label := range strings.Fields(picks.First().AttrOr("aria-labelledby", "")) {
			if page.Doc.Find("[id='"+label+"']").Length() != 1 {
				t.Errorf("nothing is called %q", label)
			}
		}
		if text := page.Text("tbody th"); !strings.Contains(text, "jusqu’") && !strings.Contains(page.Text("tbody"), "Réservable jusqu’") {
			t.Errorf("no deadline: %s", page.Text("tbody"))
		}
		if !strings.Contains(page.Text(".tabs [aria-current]"), "Tableau") {
			t.Error("the page is not the current one of its tabs")
		}
	})
}

// TestDaysThatCannotBeBookedSayWhy: the service closed a place, a family owes money, all places are taken; each in place.
func TestDaysThatCannotBeBookedSayWhy(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1)})
		monday := civil.NewDate(2027, 1, 11)
		if out, err := o.Apply(t, persontest.Now(), as(o.Bruno, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only())}}); err != nil || out.Done() != 1 {
			t.Fatalf("%v %+v", err, out)
		}
		writeRaw(t, d, `update slot set state = 'closed', reason = 'Grève du personnel' where day = $1`, monday.AddDays(1).String())
		show := func(barred booking.Barred) *testkit.Page {
			of := pages(d)
			of.Barred = barred
			p := testkit.NewPortal(t, d, persontest.Now())
			of.Citizen(p.Router)
			return p.As(as(o.Camille, "Camille Martin")).Get("/espace/agenda?semaine=2027-01-11")
		}
		page := show(nil)
		day := func(i int) string { return page.Doc.Find(".agenda-day").Eq(i).Text() }
		if name, value := boxOf(page, "k1", monday); !strings.HasSuffix(value, "q") || !strings.Contains(day(0), "Cochez pour rejoindre la liste d’attente") {
			t.Errorf("a full day: %q %q: %s", name, value, day(0))
		} else if check := page.Submit("form[action$=verifier]", map[string]string{name: value}); !strings.Contains(check.Text("main"), "Complet : la demande attend une place") {
			t.Errorf("joining: %s", check.Text("main"))
		}
		if name, _ := boxOf(page, "k1", monday.AddDays(1)); name != "" || !strings.Contains(day(1), "Fermé") || !strings.Contains(day(1), "Grève du personnel") {
			t.Errorf("a closed day: %s", day(1))
		}
		asked := 0
		page = show(func(_ db.Reader, _ time.Time, families []family.ID, activities []activity.ID) (map[family.ID]map[activity.ID]string, error) {
			asked++
			return map[family.ID]map[activity.ID]string{o.First: {o.ID: "Réservation fermée\u00a0: 120,00 € de factures en retard"}}, nil
		})
		if text := page.Text("main .notice"); asked != 1 || strings.Count(page.Text("main"), "factures en retard") != 1 || !strings.Contains(text, "Restauration scolaire. Réservation fermée") {
			t.Errorf("asked %d times, told: %s", asked, page.Text("main"))
		}
		if name, _ := boxOf(page, "k1", monday.AddDays(3)); name != "" || !strings.Contains(day(3), "voyez pourquoi en haut de la page") {
			t.Errorf("a barred day is offered: %s", day(3))
		}
	})
}

// TestPastDaysSayWhatHappened, and nothing of them can be changed.
func TestPastDaysSayWhatHappened(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := january(t, d)
		absent := g.Row(g.Ines, 5, g.First)
		absent.Attendance = booking.Absent
		g.Book(t, d, absent, g.Row(g.Ines, 4, g.First)) // whose presence nobody noted
		page := portal(t, d).As(as(g.Camille, "Camille Martin")).Get("/espace/agenda")
		day := func(i int) string {
			return strings.Join(strings.Fields(page.Doc.Find(".agenda-day").Eq(i).Text()), " ")
		}
		if !strings.Contains(day(0), "Jérémy, Restauration scolaire Présent") || !strings.Contains(day(1), "Jérémy, Restauration scolaire Absence justifiée") || !strings.Contains(day(1), "Inès, Restauration scolaire Absent") {
			t.Errorf("monday: %s; tuesday: %s", day(0), day(1))
		}
		if page.Doc.Find(".agenda-day").Slice(0, 2).Find("input, select").Length() != 0 {
			t.Error("a past day may be changed")
		}
		if n := page.Doc.Find(".agenda-day a[href^='/espace/absence?']").Length(); n != 2 {
			t.Errorf("%d days of Thursday lead to telling an absence, want 2: %s", n, page.Text("main"))
		}
	})
}

// TestADayHandedOverIsSaid to both homes, without a name.
func TestADayHandedOverIsSaid(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.share(t)
		w.hand(t, w.Camille, w.Bruno, civil.NewDate(2027, 1, 13))
		for _, who := range []struct {
			id         person.ID
			here, said string
		}{{w.Camille, "/espace/agenda", "Jérémy : jour confié à l’autre foyer"}, {w.Bruno, "/espace/enfants/" + string(w.Jeremy) + "/agenda", "Jour confié par l’autre foyer"}} {
			page := portal(t, d).As(as(who.id, "")).Get(who.here + "?semaine=2027-01-11")
			if n := strings.Count(page.Text(".agenda"), "confié p") + strings.Count(page.Text(".agenda"), "confié à"); n != 1 || !strings.Contains(page.Doc.Find(".agenda-day").Eq(2).Text(), strings.ReplaceAll(who.said, " :", "\u00a0:")) {
				t.Errorf("said %d times: %s", n, page.Text(".agenda"))
			}
		}
	})
}

// TestNobodyToShow: an account without children, a child without enrolment.
func TestNobodyToShow(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		g := bookingtest.New(t, d)
		p := portal(t, d)
		page := p.As(as(g.Contact, "Marie")).Get("/espace/agenda")
		if page.Status != 200 || !strings.Contains(page.Text("main"), "Aucun enfant n’est relié à votre compte") || page.Has("main form") || page.Has(".legend") {
			t.Errorf("%d: %s", page.Status, page.Text("main"))
		}
		writeRaw(t, d, `delete from enrolment where child = $1`, string(g.Ines))
		page = p.As(as(g.Camille, "Camille Martin")).Get("/espace/agenda?mois=2027-03")
		if text := page.Text("main .notice"); !strings.Contains(text, "Aucune inscription pour Inès sur cette période") || !page.Has("main .notice a[href='/espace/reserver']") {
			t.Errorf("a sister without enrolment: %s", text)
		}
		if !strings.Contains(page.Text("main"), "01 00 00 00 01") {
			t.Error("nobody to call")
		}
	})
}
