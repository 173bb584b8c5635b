package attendance_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// youths makes an activity of the other service at the school, with one child of that service alone enrolled, and
// returns that child and a tablet that the other service's agent prepared there.
func (p *place) youths() (own family.ChildID, a actor.Actor, token string) {
	p.t.Helper()
	made := activitytest.Make(p.t, p.d, p.Homes, activitytest.Plan{Name: "Atelier des grands"})
	p.write(func(tx *db.Tx) error {
		if _, err := tx.Exec(`update activity set service = $1 where id = $2`, string(p.Youth), string(made.ID)); err != nil {
			return err
		}
		now, job := persontest.Now(), actor.Job("test")
		home, err := family.Insert(tx, now, job, "", p.Youth)
		if err != nil {
			return err
		}
		id, err := person.Insert(tx, now, job, person.Person{LastName: "Keita", FirstNames: "Awa"})
		if err != nil {
			return err
		}
		own, err = family.AddChild(tx, now, job, family.NewChild{Family: home, Person: id, School: p.other, Level: "CM2"})
		return err
	})
	p.Enrol(p.t, made.ID, own)
	tokenHash := ""
	token, tokenHash = crypt.NewToken()
	leader := familytest.AgentOf(p.Youth, attendance.Write)
	leader.Account = "youth"
	p.held["youth"] = familytest.AgentOf(p.Youth, attendance.Write, family.HealthRead)
	hash, err := crypt.HashPassword(context.Background(), pin)
	if err != nil {
		p.t.Fatal(err)
	}
	var d attendance.Device
	p.write(func(tx *db.Tx) error {
		_, code, err := attendance.Prepare(tx, p.now, leader, attendance.Wanted{Site: p.School, Name: "Grands", PinHash: hash})
		if err != nil {
			return err
		}
		d, err = attendance.Pair(tx, p.now, code, tokenHash)
		return err
	})
	return own, d.Actor(), token
}

// pool are the first names that a tablet may add.
func pool(t *testing.T, c *testkit.Client) []string {
	t.Helper()
	page := c.Get("/tablette/jour")
	var kept keptDay
	if err := json.Unmarshal([]byte(page.Body), &kept); err != nil {
		t.Fatalf("%d: %v", page.Status, err)
	}
	names := []string{}
	for _, x := range kept.Pool {
		names = append(names, x.F)
	}
	slices.Sort(names)
	return names
}

func TestATabletKnowsOnlyTheChildrenOfWhatItShows(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		_, plain := p.tablet("Tablette 1", p.School)
		awa, youth, token := p.youths()
		c := p.screen(p.now, token)
		if got := pool(t, c); !slices.Equal(got, []string{"Awa"}) {
			t.Errorf("a tablet of the other service names %v", got)
		}
		for _, child := range []family.ChildID{p.Jeremy, p.Ines, p.nour, p.zoe} {
			if page := c.Get("/tablette/enfants/" + string(child)); page.Status != 404 {
				t.Errorf("it has a sheet of a child of another service: %d %s", page.Status, page.Text("main"))
			}
		}
		c.Get("/tablette/enfants/"+string(awa)).Submit(`form[action="/tablette/deverrouiller"]`, map[string]string{"code_equipe": pin})
		if page := c.Get("/tablette/enfants/" + string(p.Jeremy)); page.Status != 404 || strings.Contains(page.Body, "rachide") {
			t.Errorf("opened, it has a sheet of a child of another service: %d", page.Status)
		}
		if page := c.Get("/tablette/enfants/" + string(awa)); page.Status != 200 || !strings.Contains(page.Text("main"), "Allergies") {
			t.Errorf("its own child: %d %s", page.Status, page.Text("main"))
		}
		if _, refused := p.record(p.now, youth, p.said(1, p.Jeremy, attendance.Present, "")); len(refused) != 1 {
			t.Error("it marks a child of another service")
		}
		if got := pool(t, p.screen(p.now, plain)); !slices.Equal(got, []string{"Inès", "Jérémy", "Nour"}) {
			t.Errorf("the school's tablet names %v", got)
		}
	})
}

// TestAChildIsOfAPlaceBy: its school with a service that knows its family, its enrolment there, a booking there these weeks.
func TestAChildIsOfAPlaceBy(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		_, token := p.tablet("Tablette 1", p.School)
		c := p.screen(p.now, token)
		can := func() bool { return slices.Contains(pool(t, c), "Zoé") }
		exec := func(query string, args ...any) {
			p.write(func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err })
		}
		if can() {
			t.Error("a child of another school, neither enrolled nor booked")
		}
		p.Enrol(t, p.ID, p.zoe)
		if !can() {
			t.Error("enrolled in an activity of this place: not known")
		}
		exec(`update enrolment set state = 'ended' where child = $1`, string(p.zoe))
		if can() {
			t.Error("an enrolment that ended still makes it known")
		}
		for off, want := range map[int]bool{-7: true, 7: true, -8: false, 8: false} {
			exec(`delete from booking where child = $1`, string(p.zoe))
			p.write(func(tx *db.Tx) error {
				_, err := booking.InsertMany(tx, persontest.Now(), actor.Job("test"), []booking.Row{{Child: p.zoe, Unit: p.unit, Day: p.day.AddDays(off), Family: p.Second, State: booking.Cancelled}})
				return err
			})
			if can() != want {
				t.Errorf("a booking %d days off: %v", off, !want)
			}
		}
		exec(`delete from booking where child = $1`, string(p.zoe))
		exec(`delete from family_service where family = $1`, string(p.Second))
		if got := pool(t, c); slices.Contains(got, "Nour") {
			t.Errorf("of the school, but of a family that the service does not know: %v", got)
		}
		exec(`insert into family_service (family, service) values ($1, $2)`, string(p.Second), string(p.Service))
		if got := pool(t, c); !slices.Contains(got, "Nour") {
			t.Errorf("of the school and known to the service: %v", got)
		}
	})
}

func TestATabletWithoutAnActivityNamesNobody(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		_, token := p.tablet("Tablette 1", p.School)
		p.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update activity set service = $1`, string(p.Youth)) // the service gives its activity up
			return err
		})
		p.Catalogue.Invalidate()
		c := p.screen(p.now, token)
		if got := pool(t, c); len(got) != 0 {
			t.Errorf("without an activity it names %v", got)
		}
		if page := c.Get("/tablette/enfants/" + string(p.Jeremy)); page.Status != 404 {
			t.Errorf("without an activity it has a sheet: %d", page.Status)
		}
	})
}

func TestATabletIsPreparedWhereTheServiceHoldsAnActivity(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		prepare := func(who actor.Actor, site town.SiteID) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, _, err := attendance.Prepare(tx, p.now, who, attendance.Wanted{Site: site, Name: "T", PinHash: "x"})
				return err
			})
		}
		all, other := familytest.Agent(attendance.Write), familytest.AgentOf(p.Youth, attendance.Write)
		for name, c := range map[string]struct {
			who  actor.Actor
			site town.SiteID
			ok   bool
		}{"its own": {p.leader(), p.School, true}, "all services": {all, p.School, true}, "another service": {other, p.School, false},
			"nothing held there": {p.leader(), p.other, false}, "all services, nothing held there": {all, p.other, false}, "no place": {all, "", false}, "unknown": {all, "x", false}} {
			err := prepare(c.who, c.site)
			if c.ok != (err == nil) || !c.ok && (fault.KindOf(err) != fault.Invalid || fault.FieldsOf(err)[0].Name != "lieu") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if page := p.portal(p.now).As(other).Get("/agents/tablettes"); strings.Contains(page.Text("select[name=lieu]"), "Jean-Moulin") {
			t.Error("a place where the service holds nothing is offered")
		}
		if page := p.portal(p.now).As(p.leader()).Get("/agents/tablettes"); !strings.Contains(page.Text("select[name=lieu]"), "Jean-Moulin") || strings.Contains(page.Text("select[name=lieu]"), "Pasteur") {
			t.Errorf("the places offered: %s", page.Text("select[name=lieu]"))
		}
	})
}

// TestASheetOpensWhileWhoPreparedTheTabletMayReadHealth, read again at each request.
func TestASheetOpensWhileWhoPreparedTheTabletMayReadHealth(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Jeremy, attendance.Present, ""))
		sheet := "/tablette/enfants/" + string(p.Jeremy)
		p.screen(p.now, token).Get(sheet).Submit(`form[action="/tablette/deverrouiller"]`, map[string]string{"code_equipe": pin})
		leave := url.Values{"avec": {string(p.Camille)}, "groupe": {string(p.unit)}}
		before := readings(t, d, "attendance.sheet.read")
		for name, who := range map[string]actor.Actor{"nobody any more": {}, "without health": familytest.AgentOf(p.Service, attendance.Write),
			"health of another service": familytest.AgentOf(p.Youth, attendance.Write, family.HealthRead)} {
			p.held["agent"] = who
			page := p.screen(p.now, token).Get(sheet)
			for _, secret := range []string{"rachide", "sans porc", "Duval", "Camille", "06"} {
				if strings.Contains(page.Text("main"), secret) {
					t.Errorf("%s: the sheet tells %q", name, secret)
				}
			}
			if page.Status != http.StatusOK || !strings.Contains(page.Text("main"), "n’a plus le droit") {
				t.Errorf("%s: %d %s", name, page.Status, page.Text("main"))
			}
			leave.Set("cle", db.NewID())
			if page := p.screen(p.now, token).Post(sheet+"/depart", leave); page.Status != http.StatusForbidden {
				t.Errorf("%s: gone with somebody: %d", name, page.Status)
			}
		}
		if n := readings(t, d, "attendance.sheet.read"); n != before {
			t.Errorf("%d sheets that stayed shut are written as read", n-before)
		}
		p.held["agent"] = familytest.AgentOf(p.Service, family.HealthRead)
		if page := p.screen(p.now, token).Get(sheet); !strings.Contains(page.Body, "arachide") {
			t.Errorf("with the right again: %s", page.Text("main"))
		}
	})
}

func TestCodesTriedFromOneAddressAreCounted(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		try := func(code string) *testkit.Page {
			return p.screen(p.now, "").Get("/tablette").Submit(`form[action="/tablette/relier"]`, map[string]string{"code": code})
		}
		prepare := func() (code string) {
			p.write(func(tx *db.Tx) (err error) {
				_, code, err = attendance.Prepare(tx, p.now, p.leader(), attendance.Wanted{Site: p.School, Name: "T", PinHash: "x"})
				return err
			})
			return code
		}
		for range 3 {
			if page := try(prepare()); page.Status != 303 {
				t.Fatalf("a right code: %d", page.Status)
			}
		}
		for i := range 5 {
			if page := try("AAAABBBB"); page.Status != 422 {
				t.Fatalf("wrong code %d: %d", i+1, page.Status)
			}
		}
		if n := count(t, d, `select max(wrong) + max(passed) from captcha_count`); n < 5 {
			t.Errorf("five wrong codes count %d", n)
		}
		p.write(func(tx *db.Tx) error { // 495 more
			_, err := tx.Exec(`update captcha_count set wrong = 500 where wrong >= 5`)
			return err
		})
		good := prepare()
		if page := try(good); page.Status != 429 || page.Header.Get("Retry-After") == "" || !strings.Contains(page.Text("main"), "Trop de codes faux") {
			t.Errorf("after five hundred wrong codes: %d %s", page.Status, page.Text("main"))
		}
		if n := count(t, d, `select count(*) from device where paired_at is not null`); n != 3 {
			t.Errorf("%d tablets paired", n)
		}
	})
}
