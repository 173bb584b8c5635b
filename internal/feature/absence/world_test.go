package absence_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// world is a canteen that Jérémy and Inès are booked in for the week of Monday 11 January 2027, cancelled until the eve
// at 9:00, seen from Wednesday 6 January at 10:00.
type world struct {
	bookingtest.Open
	d   *db.DB
	now time.Time
}

func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	testkit.EachEngine(t, absence.Sources(), func(t *testing.T, d *db.DB) { fn(t, newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{Open: bookingtest.NewOpen(t, d, activitytest.Plan{}), d: d, now: persontest.Now()}
	var wishes []booking.Wish
	for _, c := range []family.ChildID{w.Jeremy, w.Ines} {
		for _, day := range []int{11, 12, 14, 15} {
			wishes = append(wishes, w.Wish(c, civil.NewDate(2027, 1, day), w.Only()))
		}
	}
	out, err := w.Apply(t, w.now, persontest.Citizen(w.Camille), booking.Order{Wishes: wishes})
	if err != nil || out.Done() != len(wishes) {
		t.Fatalf("book: %v, %d", err, out.Done())
	}
	return w
}

func (w *world) do(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), w.d, fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	w.do(t, func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err })
}

func (w *world) text(t *testing.T, query string, args ...any) string {
	t.Helper()
	s, err := db.Read(context.Background(), w.d, func(r db.Reader) (string, error) { return db.One(r, "text", db.Column[string], query, args...) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func (w *world) cat(t *testing.T) *activity.Catalogue {
	t.Helper()
	c, err := w.Catalogue.Get(context.Background(), w.now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// publish publishes models for what is booked from 1 September on.
func (w *world) publish(t *testing.T, keys ...string) {
	t.Helper()
	r := absence.Rules{From: date("2026-09-01")}
	for _, key := range keys {
		r = r.With(model(t, key).Part)
	}
	act, _ := w.cat(t).Activity(w.ID)
	w.do(t, func(tx *db.Tx) error {
		_, err := absence.Publish(tx, w.now, familytest.Agent(activity.Write), act, r, 0)
		return err
	})
}

func (w *world) cell(c family.ChildID, day int) booking.Cell {
	return booking.Cell{Child: c, Activity: w.ID, Day: civil.NewDate(2027, 1, day)}
}

func (w *world) declare(t *testing.T, now time.Time, a actor.Actor, rep absence.Report) (absence.Outcome, error) {
	t.Helper()
	cat := w.cat(t)
	return db.Write(context.Background(), w.d, func(tx *db.Tx) (absence.Outcome, error) { return absence.Declare(tx, now, a, cat, rep) })
}

func (w *world) evening(t *testing.T, now time.Time) int {
	t.Helper()
	cat := w.cat(t)
	n, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (int, error) { return absence.Desk{}.Evening(tx, now, cat) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// mark notes an attendance.
func (w *world) mark(t *testing.T, c family.ChildID, day int, state string) {
	t.Helper()
	w.exec(t, `insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, $4, 1) on conflict (child, day, unit) do update set state = excluded.state`,
		string(c), string(w.Only()), civil.NewDate(2027, 1, day), state)
}

// bodies renders every mail of a template that waits, by address.
func (w *world) bodies(t *testing.T, template string, now time.Time) map[string]mail.Body {
	t.Helper()
	type row struct {
		to   string
		args db.Args
	}
	out := map[string]mail.Body{}
	all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]row, error) {
		return db.List(r, func(s db.Scanner) (row, error) {
			var x row
			err := s.Scan(&x.to, &x.args)
			return x, err
		}, `select to_address, args from mail_outbox where template = $1 order by id`, template)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range absence.Mails(absence.MailDeps{URL: func(p string) string { return "https://portail.test" + p }, Now: func() time.Time { return now }, Catalogue: w.Catalogue}) {
		if one.Name != template {
			continue
		}
		for _, x := range all {
			body, err := db.Read(context.Background(), w.d, func(r db.Reader) (mail.Body, error) { return one.Render(context.Background(), r, x.args) })
			if err != nil {
				t.Fatal(err)
			}
			out[x.to] = body
		}
	}
	return out
}

func (w *world) pages() absence.Pages {
	return absence.Pages{DB: w.d, Now: func() time.Time { return w.now }, Catalogue: w.Catalogue}
}

func (w *world) client(t *testing.T, a actor.Actor) *testkit.Client {
	t.Helper()
	p := testkit.NewPortal(t, w.d, w.now)
	w.pages().Citizen(p.Router)
	w.pages().Agent(p.Router)
	return p.As(a)
}

// words takes the spaces that never break for plain ones.
func words(s string) string { return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) }

func citizen(id person.ID) actor.Actor { return persontest.Citizen(id) }

func at(day, hour, minute int) time.Time {
	return civil.NewDate(2027, 1, day).At(hour, minute, persontest.Now().Location())
}

func rangeOf(from, to string) civil.Range { return civil.Range{From: date(from), To: date(to)} }
