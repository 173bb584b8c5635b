package town_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func sources() []db.Source { return db.Join(web.Sources(), town.Sources()) }

func at(s string) time.Time {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		loc = time.UTC
	}
	t, _ := time.ParseInLocation("2006-01-02 15:04", s, loc)
	return t
}

var (
	now = at("2026-11-13 16:00")
	job = actor.Job("test")
)

func do(t *testing.T, d *db.DB, verb func(tx *db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), d, verb); err != nil {
		t.Fatal(err)
	}
}

func read[T any](t *testing.T, d *db.DB, f func(db.Reader) (T, error)) T {
	t.Helper()
	v, err := db.Read(context.Background(), d, f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// filled has every field of the settings set to something that is not its default.
func filled(t *testing.T) town.Settings {
	t.Helper()
	s := town.Default()
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString("texte de " + v.Type().Field(i).Name)
		}
	}
	hours, err := civil.ParseOpeningHours("lun 09:00-12:00; sam 09:30-12:30")
	if err != nil {
		t.Fatal(err)
	}
	s.Colour, s.Zone, s.Region, s.Hours, s.AddressProof = "#e2001a", "B", civil.AlsaceMoselle, hours, true
	s.Conformity, s.AuditDay = town.PartlyConform, civil.NewDate(2026, time.June, 1)
	s.Website, s.PlanURL = "https://exemple.fr", "https://exemple.fr/plan"
	s.LogoSVG, s.LogoPNG = `<svg xmlns="http://www.w3.org/2000/svg"></svg>`, ""
	s.PostCode, s.Phone, s.HelpPhone, s.Email, s.HelpEmail = "78670", "01 00 00 00 00", "+33 1 00 00 00 01", "mairie@exemple.fr", "aide@exemple.fr"
	s.WizardFields = map[string]town.FieldRule{"civilite": town.Hidden}
	return s
}

func TestEverySettingIsKept(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		if diff := cmp.Diff(town.Default(), read(t, d, town.ReadSettings)); diff != "" {
			t.Errorf("settings of a new town:\n%s", diff)
		}
		want := filled(t)
		do(t, d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, job, want) })
		if diff := cmp.Diff(want, read(t, d, town.ReadSettings)); diff != "" {
			t.Errorf("settings read back (-want +got):\n%s", diff)
		}
	})
}

func TestSettingsAreCheckedAndGuarded(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		save := func(a actor.Actor, change func(*town.Settings)) error {
			s := town.Default()
			change(&s)
			return db.Do(context.Background(), d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, a, s) })
		}
		agent := actor.Actor{Kind: actor.Agent, Second: true}
		if err := save(agent, func(*town.Settings) {}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an agent without the right: %v", err)
		}
		for field, change := range map[string]func(*town.Settings){
			"name":      func(s *town.Settings) { s.Name = " " },
			"colour":    func(s *town.Settings) { s.Colour = "rouge" },
			"zone":      func(s *town.Settings) { s.Zone = "D" },
			"website":   func(s *town.Settings) { s.Website = "javascript:alert(1)" },
			"logo_svg":  func(s *town.Settings) { s.LogoSVG = "<svg><SCRIPT>1</SCRIPT></svg>" },
			"phone":     func(s *town.Settings) { s.Phone = "le standard" },
			"email":     func(s *town.Settings) { s.HelpEmail, s.Email = "", "mairie" },
			"post_code": func(s *town.Settings) { s.PostCode = "7867" },
			"plan_url":  func(s *town.Settings) { s.PlanURL = "demain" },
			"help_text": func(s *town.Settings) { s.HelpText = strings.Repeat("a", 20_001) },
			"slogan":    func(s *town.Settings) { s.Slogan = strings.Repeat("a", 301) },
			"audit_day": func(s *town.Settings) { s.Conformity = town.FullyConform },
		} {
			fields := fault.FieldsOf(save(job, change))
			if len(fields) != 1 || fields[0].Name != field {
				t.Errorf("%s: got %v", field, fields)
			}
		}
	})
}

func TestCacheReadsAgainWhenToldOrOld(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		c := &town.Cache{DB: d}
		name := func(at time.Time) string { return c.Get(context.Background(), at).Name }
		rename := func(name string) {
			s := town.Default()
			s.Name = name
			do(t, d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, job, s) })
		}
		if got := name(now); got != town.Default().Name {
			t.Errorf("first reading: %s", got)
		}
		rename("Un")
		if got := name(now.Add(town.CacheAge - time.Second)); got != town.Default().Name {
			t.Errorf("read again too soon: %s", got)
		}
		if got := name(now.Add(town.CacheAge)); got != "Un" {
			t.Errorf("another instance's change does not show: %s", got)
		}
		rename("Deux")
		c.Invalidate()
		if got := name(now.Add(town.CacheAge)); got != "Deux" {
			t.Errorf("after Invalidate: %s", got)
		}
	})
}

func TestWorkingDeadline(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		deadline := func(from string) string {
			w := read(t, d, town.Working)
			return w.Deadline(at(from), town.PromiseDays).Format("2006-01-02 15:04")
		}
		if got := deadline("2026-11-13 16:00"); got != "2026-11-17 16:00" {
			t.Errorf("Friday: %s", got)
		}
		if got := deadline("2026-11-10 16:00"); got != "2026-11-13 16:00" {
			t.Errorf("over 11 November: %s", got)
		}
		do(t, d, func(tx *db.Tx) error {
			service, err := town.AddService(tx, now, job, town.Service{Name: "Jeunesse"})
			if err != nil {
				return err
			}
			for _, c := range []town.Closing{
				{Days: civil.Range{From: civil.NewDate(2026, 11, 16), To: civil.NewDate(2026, 11, 16)}, Reason: "Pont"},
				{Days: civil.Range{From: civil.NewDate(2026, 11, 17), To: civil.NewDate(2026, 11, 20)}, Reason: "Un service seul", Service: service},
			} {
				if _, err := town.AddClosing(tx, now, job, c); err != nil {
					return err
				}
			}
			return nil
		})
		if got := deadline("2026-11-13 16:00"); got != "2026-11-18 16:00" {
			t.Errorf("over a closing of the town, not of one service: %s", got)
		}
	})
}

func TestServicesSitesAndCalendar(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			for i, name := range []string{"Jeunesse", "Enfance"} {
				if _, err := town.AddService(tx, now, job, town.Service{Name: name, Order: 2 - i}); err != nil {
					return err
				}
			}
			if _, err := town.AddSite(tx, now, job, town.Site{Name: "École Jean-Moulin", Kind: town.School}); err != nil {
				return err
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
		services := read(t, d, town.Services)
		if len(services) != 2 || services[0].Name != "Enfance" || services[0].Code != "enfance" {
			t.Errorf("services: %+v", services)
		}
		site := read(t, d, func(r db.Reader) (town.Site, error) { return town.SiteByCode(r, "ecole-jean-moulin") })
		if site.Name != "École Jean-Moulin" || site.Kind != town.School {
			t.Errorf("site: %+v", site)
		}
		year := read(t, d, func(r db.Reader) (town.Year, error) { return town.YearOf(r, 2026) })
		if year.Checked || year.Days.From.String() != "2026-09-01" {
			t.Errorf("year: %+v", year)
		}
		january := civil.Range{From: civil.NewDate(2027, 1, 1), To: civil.NewDate(2027, 1, 31)}
		for zone, want := range map[string]int{"C": 1, "A": 0} {
			got := read(t, d, func(r db.Reader) ([]town.SchoolHoliday, error) { return town.SchoolHolidays(r, zone, january) })
			if len(got) != want {
				t.Errorf("zone %s in January: %+v", zone, got)
			}
		}
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := town.AddClosing(tx, now, job, town.Closing{Days: civil.Range{From: civil.NewDate(2027, 1, 2), To: civil.NewDate(2027, 1, 1)}})
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a closing that ends before it starts: %v", err)
		}
	})
}

func TestGuessedYearIsNotChecked(t *testing.T) {
	year, holidays := town.GuessYear(2031, "C")
	if year.Checked || year.Days.From.Weekday() == time.Sunday || len(holidays) != 5 {
		t.Errorf("got %+v, %d holidays", year, len(holidays))
	}
	for i, h := range holidays {
		if h.Days.From.Weekday() != time.Saturday || (i > 0 && !h.Days.From.After(holidays[i-1].Days.To)) {
			t.Errorf("%s starts on %s", h.Name, h.Days.From.Long())
		}
	}
}

func TestHoursInWords(t *testing.T) {
	o := town.Default().Hours
	o[time.Thursday] = o[time.Thursday][1:]
	o[time.Saturday] = []civil.Span{{From: 540, To: 720}}
	got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(town.HoursInWords(o))
	want := "du lundi au mercredi, 8 h 30 – 12 h et 13 h 30 – 17 h 30 ; le jeudi, 13 h 30 – 17 h 30 ; " +
		"le vendredi, 8 h 30 – 12 h et 13 h 30 – 17 h 30 ; le samedi, 9 h – 12 h"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if town.HoursInWords(civil.OpeningHours{}) != "" {
		t.Error("no hours must say nothing")
	}
}

func TestPublicPages(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		cache := &town.Cache{DB: d}
		clock := func() time.Time { return now }
		p := testkit.NewPortal(t, d, now, func(c *web.Config) { c.Site = cache.Site(clock) })
		town.Pages{DB: d, Now: clock, Settings: cache}.Citizen(p.Router)
		c := p.As(actor.Actor{})
		for path, word := range map[string]string{
			"/mentions-legales": "Éditeur", "/conditions-generales": "gratuit", "/accessibilite": "Défenseur des droits",
			"/donnees-personnelles": "CNIL", "/aide": "courriers indésirables", "/contacts": "Mairie", "/plan-du-site": "Tableau de bord",
		} {
			page := c.Get(path)
			if page.Status != 200 || !strings.Contains(page.Text("main"), word) || page.Doc.Find("h1").Length() != 1 {
				t.Errorf("%s: %d, %d h1, %.80s", path, page.Status, page.Doc.Find("h1").Length(), page.Text("main"))
			}
		}
		if got := c.Get("/accessibilite").Text("main"); !strings.Contains(got, "non conforme") || !strings.Contains(got, "Aucun audit") {
			t.Errorf("statement without an audit: %s", got)
		}
		s := filled(t)
		do(t, d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, job, s) })
		cache.Invalidate()
		if got := c.Get("/mentions-legales").Text("main .prose"); got != "texte de LegalText" {
			t.Errorf("the town's own text: %s", got)
		}
		if got := c.Get("/accessibilite"); !strings.Contains(got.Text("main"), "1er juin 2026") || !strings.Contains(got.Text("footer"), "partiellement conforme") {
			t.Errorf("statement after an audit: %s", got.Text("footer"))
		}
		if got := c.Get("/logo.svg"); got.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("logo: %d %s", got.Status, got.Header.Get("Content-Type"))
		}
	})
}
