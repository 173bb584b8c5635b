package reminder_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/reminder"
	"parvis/internal/testkit"
)

// house is two homes with a canteen booked until the Thursday before at 23:59, and an account for each of their adults.
// Even weeks of Jérémy are Camille's and Thomas's, odd ones Bruno's; Inès is Camille's and Thomas's alone.
type house struct {
	bookingtest.Open
	t        testing.TB
	d        *db.DB
	now      time.Time
	key      *crypt.Key
	desk     reminder.Desk
	accounts map[person.ID]actor.Actor
}

func each(t *testing.T, plan activitytest.Plan, fn func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachEngine(t, reminder.Sources(), func(t *testing.T, d *db.DB) { fn(t, newHouse(t, d, plan)) })
}

// thursday is the last moment of a canteen: the Thursday before at 23:59.
func thursday() activity.Policy {
	return activity.Policy{After: activity.After{Kind: activity.AfterRefuse},
		Rules: []activity.Rule{{Action: activity.Book, Anchor: activity.AnchorWeek, Offset: 1, Weekday: time.Thursday, Minute: 1439}}}
}

func canteen() activitytest.Plan {
	return activitytest.Plan{Days: civil.Range{From: civil.NewDate(2027, 1, 6), To: civil.NewDate(2027, 7, 2)}, Policy: thursday()}
}

func newHouse(t testing.TB, d *db.DB, plan activitytest.Plan) *house {
	t.Helper()
	h := &house{t: t, d: d, now: persontest.Now(), key: crypt.NewKey(), accounts: map[person.ID]actor.Actor{}, Open: bookingtest.NewOpen(t, d, plan)}
	h.desk = reminder.Desk{DB: d, Now: func() time.Time { return h.now }, Catalogue: h.Catalogue}
	h.do(func(tx *db.Tx) error {
		_, err := custody.Enter(tx, h.now, familytest.Agent(family.FileWrite), h.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
			Home: h.First, Other: h.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
		return err
	})
	for _, p := range []person.ID{h.Camille, h.Thomas, h.Bruno} {
		h.do(func(tx *db.Tx) error {
			id, err := account.Insert(tx, h.now, actor.Job("test"), account.Account{Person: p, Audience: account.Citizen, State: account.Active, Username: "de." + string(p),
				Email: "de." + string(p) + "@exemple.fr", EmailConfirmedAt: civil.InstantOf(h.now)}, "")
			a := persontest.Citizen(p)
			a.Account = string(id)
			h.accounts[p] = a
			return err
		})
	}
	return h
}

func (h *house) do(fn func(tx *db.Tx) error) {
	h.t.Helper()
	if err := db.Do(context.Background(), h.d, fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) exec(statement string, args ...any) {
	h.t.Helper()
	h.do(func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err })
}

func (h *house) count(query string, args ...any) int64 {
	h.t.Helper()
	n, err := db.Read(context.Background(), h.d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query, args...) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// at moves the clock: "2027-01-13 18:00".
func (h *house) at(stamp string) *house {
	h.t.Helper()
	var err error
	if h.now, err = time.ParseInLocation("2006-01-02 15:04", stamp, persontest.Now().Location()); err != nil {
		h.t.Fatal(err)
	}
	return h
}

// book writes a row of a child on a day, in a state, by a home.
func (h *house) book(child family.ChildID, home family.ID, state booking.State, days ...civil.Date) {
	h.t.Helper()
	h.do(func(tx *db.Tx) error {
		for _, d := range days {
			if _, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at) values ($1, $2, $3, $4, $5, $6, $7)`,
				db.NewID(), string(child), string(h.Only()), d, string(home), string(state), civil.InstantOf(h.now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// habit books the Mondays and Thursdays of the weeks before a Monday, for Inès.
func (h *house) habit(before civil.Date, weeks int) {
	for i := range weeks {
		m := before.AddDays(-7 * (i + 1))
		h.book(h.Ines, h.First, booking.Booked, m, m.AddDays(3))
	}
}

func (h *house) sweep() {
	h.t.Helper()
	if err := h.desk.Sweep(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// letter is a mail as it would leave now; Dropped one that would not.
type letter struct {
	mail.Body
	To      string
	ID      string
	Dropped bool
}

// letters renders what is in the outbox, the oldest first, all as if it left now.
func (h *house) letters() []letter {
	h.t.Helper()
	deps := reminder.MailDeps{Key: h.key, Now: func() time.Time { return h.now }, Catalogue: h.Catalogue, URL: func(path string) string { return "https://portail.test" + path }}
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]letter, error) {
		type row struct {
			id, template, to string
			args             db.Args
		}
		rows, err := db.List(r, func(s db.Scanner) (row, error) {
			var x row
			err := s.Scan(&x.id, &x.template, &x.to, &x.args)
			return x, err
		}, `select id, template, to_address, args from mail_outbox where template like 'reminder.%' order by id`)
		if err != nil {
			return nil, err
		}
		var all []letter
		for _, x := range rows {
			for _, m := range reminder.Mails(deps) {
				if m.Name != x.template {
					continue
				}
				body, err := m.Render(context.Background(), r, x.args)
				if err != nil && !errors.Is(err, mail.ErrDrop) {
					return nil, err
				}
				all = append(all, letter{Body: body, To: x.to, ID: x.id, Dropped: err != nil})
			}
		}
		return all, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// reset forgets what a case did.
func (h *house) reset() {
	h.t.Helper()
	h.now = persontest.Now()
	for _, statement := range []string{`delete from booking`, `delete from reminder`, `delete from reminder_setting`, `delete from opening_watch`, `delete from mail_outbox`,
		`delete from restriction`, `delete from period_answer`, `update family_member set to_day = null`, `update slot set state = 'open'`,
		`update account set state = 'active', email = 'de.' || person || '@exemple.fr', email_confirmed_at = 1`} {
		h.exec(statement)
	}
	h.exec(`update enrolment set to_day = $1`, h.Days.To)
	h.Catalogue.Invalidate()
}
