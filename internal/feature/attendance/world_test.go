package attendance_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// place is the homes of familytest at noon of a canteen day: Inès and Jérémy are booked; Nour is of the school without
// a booking, Zoé of another school.
type place struct {
	bookingtest.Open
	d         *db.DB
	t         *testing.T
	now       time.Time
	nour, zoe family.ChildID
	other     town.SiteID
	unit      activity.UnitID
	day       civil.Date
	held      map[string]actor.Actor // what agents may do now, by account
	key       *crypt.Key
}

const pin = "4827"

func newPlace(t *testing.T, d *db.DB) *place {
	t.Helper()
	p := &place{Open: bookingtest.NewOpen(t, d, activitytest.Plan{}), d: d, t: t, day: civil.NewDate(2027, 1, 8), key: crypt.NewKey()}
	p.held = map[string]actor.Actor{"agent": familytest.AgentOf(p.Service, attendance.Write, family.HealthRead)}
	p.now = p.day.At(12, 5, persontest.Now().Location())
	p.unit = activity.UnitID(p.Only())
	p.write(func(tx *db.Tx) (err error) {
		job := actor.Job("test")
		if p.other, err = town.AddSite(tx, persontest.Now(), job, town.Site{Name: "École Pasteur", Kind: town.School}); err != nil {
			return err
		}
		for _, kid := range []struct {
			id     *family.ChildID
			name   string
			school town.SiteID
		}{{&p.nour, "Nour", p.School}, {&p.zoe, "Zoé", p.other}} {
			id, err := person.Insert(tx, persontest.Now(), job, person.Person{LastName: "Haddad", FirstNames: kid.name, BirthDay: civil.NewDate(2018, 4, 4)})
			if err != nil {
				return err
			}
			*kid.id = family.ChildID(id)
			if _, err := family.AddChild(tx, persontest.Now(), job, family.NewChild{Family: p.Second, Person: id, School: kid.school, Level: "CE2"}); err != nil {
				return err
			}
		}
		_, err = booking.InsertMany(tx, persontest.Now(), job, []booking.Row{{Child: p.Ines, Unit: p.unit, Day: p.day, Family: p.First, State: booking.Booked},
			{Child: p.Jeremy, Unit: p.unit, Day: p.day, Family: p.First, State: booking.Booked}})
		return err
	})
	return p
}

func (p *place) write(fn func(tx *db.Tx) error) {
	p.t.Helper()
	if err := db.Do(context.Background(), p.d, fn); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) leader() actor.Actor {
	return familytest.AgentOf(p.Service, attendance.Read, attendance.Write)
}

// tablet pairs a tablet of a place and returns it as who acts, with its token.
func (p *place) tablet(name string, site town.SiteID) (actor.Actor, string) {
	p.t.Helper()
	hash, err := crypt.HashPassword(context.Background(), pin)
	if err != nil {
		p.t.Fatal(err)
	}
	token, tokenHash := crypt.NewToken()
	var d attendance.Device
	p.write(func(tx *db.Tx) error {
		_, code, err := attendance.Prepare(tx, p.now, p.leader(), attendance.Wanted{Site: site, Name: name, PinHash: hash})
		if err != nil {
			return err
		}
		d, err = attendance.Pair(tx, p.now, code, tokenHash)
		return err
	})
	return d.Actor(), token
}

func (p *place) catalogue() *activity.Catalogue {
	p.t.Helper()
	cat, err := p.Catalogue.Get(context.Background(), p.now)
	if err != nil {
		p.t.Fatal(err)
	}
	return cat
}

func (p *place) record(now time.Time, a actor.Actor, marks ...attendance.Mark) (taken []string, refused []attendance.Refusal) {
	p.t.Helper()
	cat := p.catalogue()
	p.write(func(tx *db.Tx) (err error) {
		taken, refused, err = attendance.Record(tx, now, a, cat, marks)
		return err
	})
	return taken, refused
}

// said is a mark of a child n minutes after noon.
func (p *place) said(n int, child family.ChildID, kind attendance.Kind, target string) attendance.Mark {
	at := civil.InstantOf(p.day.At(12, 0, p.now.Location()).Add(time.Duration(n) * time.Minute))
	return attendance.Mark{ID: db.NewID(), Key: attendance.Key{Child: child, Unit: p.unit, Day: p.day}, Kind: kind, Target: target, At: at, SaidAt: at}
}

func (p *place) told(child family.ChildID) booking.Attendance {
	p.t.Helper()
	x, err := db.Read(context.Background(), p.d, func(r db.Reader) (booking.Attendance, error) { return booking.Told(r, child, p.unit, p.day) })
	if err != nil {
		p.t.Fatal(err)
	}
	return x
}

// open lists the anomalies that wait, as "kind child".
func (p *place) open() []string {
	p.t.Helper()
	all, err := db.Read(context.Background(), p.d, func(r db.Reader) ([]attendance.Anomaly, error) {
		return attendance.Anomalies(r, p.leader(), p.catalogue())
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var words []string
	for _, x := range all {
		words = append(words, fmt.Sprintf("%s %s", x.Kind, x.ChildName))
	}
	return words
}

// portal serves all pages at a moment.
func (p *place) portal(now time.Time) *testkit.Portal {
	p.t.Helper()
	portal := testkit.NewPortal(p.t, p.d, now, func(cfg *web.Config) { cfg.Identify = attendance.Identify(p.d, cfg.Identify) })
	clock := func() time.Time { return now }
	pages := attendance.Pages{DB: p.d, Now: clock, Catalogue: &activity.Cache{DB: p.d},
		Holder: func(_ db.Reader, id string) (actor.Actor, error) { return p.held[id], nil },
		Check:  captcha.Check{DB: p.d, Key: p.key, Now: clock}}
	pages.Tablet(portal.Router)
	pages.Agent(portal.Router)
	pages.Citizen(portal.Router)
	return portal
}

// screen is a tablet's browser.
func (p *place) screen(now time.Time, token string) *testkit.Client {
	p.t.Helper()
	c := p.portal(now).As(actor.Actor{})
	if token != "" {
		c.SetCookie("tablette", token)
	}
	return c
}
