package attendance_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// planned is how many the day list of agents expects, and the « Prévus » of their pointage.
func (p *place) planned() (list int, desk string) {
	p.t.Helper()
	cat := p.catalogue()
	agent := familytest.AgentOf(p.Service, booking.Read)
	sections, err := db.Read(context.Background(), p.d, func(r db.Reader) ([]daylist.Section, error) {
		return daylist.Of(r, agent, cat, daylist.Filter{Day: p.day})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, s := range sections {
		list += s.Expected()
	}
	page := p.portal(p.now).As(p.leader()).Get("/agents/pointage?jour=" + p.day.String())
	return list, strings.Join(strings.Fields(page.Text("tbody tr:first-child td:nth-child(2)")), " ")
}

func TestAnAbsenceThatAFamilyToldWaitsForNobodysMark(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		p.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update booking set absence_at = 5 where child = $1`, string(p.Ines))
			return err
		})
		_, token := p.tablet("Tablette 1", p.School)
		c := p.screen(p.now, token)
		if text := c.Get("/tablette").Text("main"); !strings.Contains(text, "1 à pointer, 0 présent, 1 absent") {
			t.Errorf("the lists: %s", text)
		}
		if text := c.Get(p.list()).Text("main"); strings.Contains(text, "Inès") || !strings.Contains(text, "Tous présents (1 restant)") {
			t.Errorf("those to mark: %s", text)
		}
		if text := c.Get(p.list() + "?vue=absents").Text("main"); !strings.Contains(text, "Inès") || !strings.Contains(text, "Absence signalée") {
			t.Errorf("the absent: %s", text)
		}
		if body := c.Get("/tablette/jour").Body; !strings.Contains(body, `"n":"Absence signalée","b":"absent"`) {
			t.Errorf("what a tablet keeps: %s", body)
		}
		if list, desk := p.planned(); list != 1 || desk != "1" {
			t.Errorf("the day list says %d, the pointage %q", list, desk)
		}
		tap(c, p.list(), p.list(), map[string]string{"acte": "tous"})
		if p.told(p.Jeremy) != booking.Present || p.told(p.Ines) != "" {
			t.Errorf("all present: Jérémy %q, Inès %q", p.told(p.Jeremy), p.told(p.Ines))
		}
		desk := p.portal(p.now).As(p.leader()).Get("/agents/pointage?jour=" + p.day.String() + "&unite=" + string(p.unit) + "&lieu=" + string(p.School))
		if !strings.Contains(desk.Text("main"), "Absence signalée") {
			t.Errorf("the pointage: %s", desk.Text("main"))
		}
		tap(c, p.list()+"?vue=absents", p.list(), map[string]string{"acte": "present", "enfant": string(p.Ines)}) // it came after all
		if list, desk := p.planned(); list != 2 || desk != "2" {
			t.Errorf("once it came the day list says %d, the pointage %q", list, desk)
		}
	})
}

func TestASearchThatFindsNobodyToAddSaysWhy(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		_, token := p.tablet("Tablette 1", p.School)
		c := p.screen(p.now, token)
		if text := c.Get(p.list() + "/imprevu?q=ines+martin").Text("main"); !strings.Contains(text, "Inès Martin-Nguyễn est déjà sur la liste") || strings.Contains(text, "Aucun enfant") {
			t.Errorf("a child of the list: %s", text)
		}
		for _, name := range []string{"zoe", "zzzz"} { // of another place, and of none
			if text := c.Get(p.list() + "/imprevu?q=" + name).Text("main"); !strings.Contains(text, "Aucun enfant de ce lieu ne porte ce nom") || !strings.Contains(text, "appelez le service") {
				t.Errorf("%s: %s", name, text)
			}
		}
	})
}

func TestAnAgentsOwnCorrectionContradictsNobody(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		one, _ := p.tablet("Tablette 1", p.School)
		two, _ := p.tablet("Tablette 2", p.School)
		p.record(p.now, one, p.said(1, p.Ines, attendance.Present, ""))
		p.record(p.now, two, p.said(2, p.Ines, attendance.Absent, ""))
		if len(p.open()) != 1 {
			t.Fatalf("two tablets that differ: %v", p.open())
		}
		cat := p.catalogue()
		key := attendance.Key{Child: p.Ines, Unit: p.unit, Day: p.day}
		p.write(func(tx *db.Tx) error {
			return attendance.Correct(tx, p.now, p.leader(), cat, attendance.Mend{Key: key, Kind: attendance.Present, Reason: "Vue à table"})
		})
		if text := p.portal(p.now).As(p.leader()).Get("/agents/pointage/anomalies").Text("main"); !strings.Contains(text, "Les enfants imprévus se lisent au pointage du jour") {
			t.Errorf("no anomaly: %s", text)
		}
		if len(p.open()) != 0 || p.told(p.Ines) != booking.Present {
			t.Errorf("the agent was asked twice: %v, %q", p.open(), p.told(p.Ines))
		}
		later := p.said(9, p.Ines, attendance.Absent, "")
		p.record(p.now.Add(10*time.Minute), one, later)
		if len(p.open()) != 1 {
			t.Errorf("a tablet that says otherwise after the agent: %v", p.open())
		}
	})
}

// TestTheWorkerOfARetiredTabletForgetsByItself: told to drop the worker, a browser would wait for it.
func TestTheWorkerOfARetiredTabletForgetsByItself(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		c := p.screen(p.now, "")
		if page := c.Get(p.list()); page.Status != 401 || page.Header.Get("Clear-Site-Data") != `"storage"` {
			t.Errorf("a browser: %d %q", page.Status, page.Header.Get("Clear-Site-Data"))
		}
		c.Header.Set("X-Tablette", "worker")
		if page := c.Get(p.list()); page.Status != 401 || page.Header.Get("Clear-Site-Data") != "" || !strings.Contains(page.Body, "Tablette non reliée") {
			t.Errorf("the worker: %d %q", page.Status, page.Header.Get("Clear-Site-Data"))
		}
	})
}

func TestWhatIsSpokenOfElsewhereIsNotAskedAgain(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Jeremy, attendance.Present, ""))
		portal := testkit.NewPortal(t, d, p.now)
		about := attendance.Spoken{Activity: p.ID, Day: p.day, Present: true, Words: "Le service a retiré cet écart.", Href: "/espace/incidents/1"}
		attendance.Pages{DB: d, Now: func() time.Time { return p.now }, Catalogue: p.Catalogue,
			Elsewhere: func(_ db.Reader, child family.ChildID, home family.ID, _ civil.Date) ([]attendance.Spoken, error) {
				if child != p.Jeremy || home != p.First {
					return nil, nil
				}
				return []attendance.Spoken{about}, nil
			}}.Citizen(portal.Router)
		c := portal.As(persontest.Citizen(p.Camille))
		if text := c.Get(attendance.Href(p.Jeremy)).Text("main"); strings.Contains(text, "Ce n’est pas exact") || !strings.Contains(text, "Le service a retiré cet écart.") {
			t.Errorf("asked twice: %s", text)
		}
		p.record(p.now, a, p.said(2, p.Jeremy, attendance.Absent, ""))
		if text := c.Get(attendance.Href(p.Jeremy)).Text("main"); !strings.Contains(text, "Ce n’est pas exact") {
			t.Errorf("what changed since: %s", text)
		}
	})
}
