package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// loadTown is a town made for figures: many families alike, each child booked over a whole school year.
type loadTown struct {
	*app.App
	t        testing.TB
	year     civil.Range
	service  town.ServiceID
	units    [2]activity.UnitID // the meals of school days, and Wednesdays
	acts     [2]activity.ID
	made     int
	children int
	bookings int
	like     map[bool]booked
	copies   []yearCopy // of the transaction that runs
}

// loadHome is one family of it.
type loadHome struct {
	id      family.ID
	account account.ID
	kids    []family.ChildID
}

// loadClock is a school day in the year's first third, fixed: settings stay cached, sessions are not touched.
func loadClock() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, app.Zone()) }

// openLoadTown opens a portal without families. database is a PostgreSQL address, "" for SQLite; change adjusts
// the settings.
func openLoadTown(t testing.TB, database string, change ...func(*app.Config)) *loadTown {
	t.Helper()
	return openLoadTownAt(t, database, loadClock, change...)
}

// openLoadTownAt is one whose clock moves; what it holds is made at loadClock.
func openLoadTownAt(t testing.TB, database string, clock func() time.Time, change ...func(*app.Config)) *loadTown {
	t.Helper()
	cfg := app.Config{Data: t.TempDir(), Database: database, Listen: "127.0.0.1:0", BaseURL: "http://portail.test",
		KeyFile: filepath.Join(t.TempDir(), "cle")}
	for _, f := range change {
		f(&cfg)
	}
	if _, err := crypt.CreateKey(cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(context.Background(), cfg, app.Options{Clock: clock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}) // a line a request is written, as in service
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &loadTown{App: a, t: t, year: civil.Range{From: civil.NewDate(2026, 9, 1), To: civil.NewDate(2027, 7, 2)}}
	l.do(func(tx *db.Tx, job actor.Actor) (err error) {
		if l.service, err = town.AddService(tx, loadClock(), job, town.Service{Name: "Enfance", Phone: "01 99 00 12 34", Active: true}); err != nil {
			return err
		}
		for i, name := range []string{"Restauration scolaire", "Mercredi"} {
			if l.acts[i], l.units[i], err = activity.EnsureDraft(tx, loadClock(), job, l.service, name, "", ""); err != nil {
				return err
			}
		}
		return nil
	})
	return l
}

func (l *loadTown) do(fn func(tx *db.Tx, job actor.Actor) error) {
	l.t.Helper()
	if err := db.Do(context.Background(), l.DB, func(tx *db.Tx) error { return fn(tx, actor.Job("test")) }); err != nil {
		l.t.Fatal(err)
	}
}

// add makes n families, each with as many children as kids says of its rank.
func (l *loadTown) add(n int, kids func(i int) int) []loadHome {
	l.t.Helper()
	const each = 50 // families a transaction
	homes := make([]loadHome, n)
	for from := 0; from < n; from += each {
		to := min(n, from+each)
		l.do(func(tx *db.Tx, job actor.Actor) (err error) {
			l.copies = nil
			for i := from; i < to; i++ {
				if homes[i], err = l.home(tx, job, l.made+i, kids(i)); err != nil {
					return fmt.Errorf("family %d: %w", i, err)
				}
			}
			return l.copyYears(tx)
		})
	}
	l.made += n
	for _, h := range homes {
		l.children += len(h.kids)
	}
	return homes
}

func (l *loadTown) home(tx *db.Tx, job actor.Actor, i, kids int) (h loadHome, err error) {
	now := loadClock()
	if h.id, err = family.Insert(tx, now, job, "", l.service); err != nil {
		return h, err
	}
	for n, role := range []family.Role{family.Holder, family.CoHolder} {
		if err = l.adult(tx, job, &h, i, n, role); err != nil {
			return h, err
		}
	}
	for n := range kids {
		if err = l.child(tx, job, &h, i, n); err != nil {
			return h, err
		}
	}
	if err = tariff.InsertQuotient(tx, now, job, h.id, tariff.Quotient{Value: 400 + i%1500, From: l.year.From}); err != nil {
		return h, err
	}
	for m := 9; m <= 10; m++ {
		amount, paid := money.Cents(4000+i%5000), money.Cents(0)
		if m == 9 {
			paid = amount
		}
		if _, err = billing.InsertImported(tx, now, job, billing.Invoice{Number: fmt.Sprintf("2026-%d-%d", m, i), Family: h.id,
			Period: fmt.Sprintf("2026-%02d", m), IssuedOn: civil.NewDate(2026, time.Month(m+1), 5),
			DueOn: civil.NewDate(2026, time.Month(m+1), 30), Amount: amount, Paid: paid}); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (l *loadTown) adult(tx *db.Tx, job actor.Actor, h *loadHome, i, n int, role family.Role) error {
	now := loadClock()
	name := fmt.Sprintf("adulte%d.%d", i, n)
	p, err := person.Insert(tx, now, job, person.Person{Civility: person.Madame, LastName: fmt.Sprintf("Martin %d", i), FirstNames: "Camille",
		BirthDay: civil.NewDate(1985, 3, 3), Email: name + "@exemple.fr", Mobile: "+33639981234",
		Address: person.Address{Number: "3", Street: "rue de la Cure", PostCode: "78999", City: "Rivebelle-sur-Seine"}})
	if err != nil {
		return err
	}
	if _, err = family.AddMember(tx, now, job, family.NewMember{Family: h.id, Person: p, Role: role, From: l.year.From}); err != nil {
		return err
	}
	acc, err := account.Insert(tx, now, job, account.Account{Person: p, Audience: account.Citizen, State: account.Active, Username: name}, "")
	if n == 0 {
		h.account = acc
	}
	return err
}

func (l *loadTown) child(tx *db.Tx, job actor.Actor, h *loadHome, i, n int) error {
	now := loadClock()
	p, err := person.Insert(tx, now, job, person.Person{LastName: fmt.Sprintf("Martin %d", i), FirstNames: []string{"Zoé", "Maël", "Anaïs", "Tom"}[n%4],
		BirthDay: civil.NewDate(2016+n, 5, 4)})
	if err != nil {
		return err
	}
	kid, err := family.AddChild(tx, now, job, family.NewChild{Family: h.id, Person: p, Level: "CE2", From: l.year.From})
	if err != nil {
		return err
	}
	h.kids = append(h.kids, kid)
	for _, act := range l.acts {
		if _, err := enrolment.Insert(tx, now, job, enrolment.Enrolment{Child: kid, Activity: act, Days: l.year}); err != nil {
			return err
		}
	}
	return l.book(tx, kid, h.id, i%3 == 0)
}

// booked is a child whose year is copied for others, and how many bookings it is.
type booked struct {
	child family.ChildID
	days  int
}

// yearCopy is a child whose year is still to be copied from another's.
type yearCopy struct {
	like booked
	kid  family.ChildID
	of   family.ID
}

// book gives a child its year: by the verb for the first one of each kind, as a copy of that one’s rows for the others.
func (l *loadTown) book(tx *db.Tx, kid family.ChildID, f family.ID, every bool) error {
	if like, known := l.like[every]; known {
		l.copies = append(l.copies, yearCopy{like, kid, f})
		return nil
	}
	rows := l.rows(kid, f, every)
	n, err := booking.InsertMany(tx, loadClock(), actor.Job("test"), rows)
	l.bookings += n
	if l.like == nil {
		l.like = map[bool]booked{}
	}
	l.like[every] = booked{kid, n}
	return err
}

// copyYears writes the years of all children of a transaction at once, in the order of the indexes by unit and day. Child by
// child, each year touches a page of those indexes for each of its days: in a town of 3,000 families, ten gigabytes of them.
func (l *loadTown) copyYears(tx *db.Tx) error {
	for _, every := range []bool{false, true} {
		like := l.like[every]
		var args []any
		n := 0
		for _, c := range l.copies {
			if c.like.child == like.child {
				args = append(args, string(c.kid), string(c.of), db.NewID()[:26])
				n++
			}
		}
		if n == 0 {
			continue
		}
		l.bookings += n * like.days
		with, args := `with k (kid, home, prefix) as (values `+db.Values(n, 3)+`) `, append(args, string(like.child))
		from := ` cross join k where x.child = $` + strconv.Itoa(len(args)) + ` order by x.unit, x.day, k.kid`
		if _, err := tx.Exec(with+`insert into booking (id, child, unit, day, family, state, made_at)
			select k.prefix || x.day, k.kid, x.unit, x.day, k.home, x.state, x.made_at from booking x`+from, args...); err != nil {
			return fmt.Errorf("copy bookings: %w", err)
		}
		if _, err := tx.Exec(with+`insert into attendance (child, unit, day, state, noted_at)
			select k.kid, x.unit, x.day, x.state, x.noted_at from attendance x`+from, args...); err != nil {
			return fmt.Errorf("copy attendances: %w", err)
		}
	}
	return nil
}

// rows is a child's year: a meal each school day, or two a week, and Wednesdays; attended until today.
func (l *loadTown) rows(kid family.ChildID, f family.ID, every bool) []booking.Row {
	var rows []booking.Row
	today := civil.DateOf(loadClock())
	for d := l.year.From; !d.After(l.year.To); d = d.AddDays(1) {
		unit := l.units[0]
		switch d.Weekday() {
		case time.Saturday, time.Sunday:
			continue
		case time.Wednesday:
			unit = l.units[1]
		case time.Monday, time.Thursday:
			if !every {
				continue
			}
		}
		row := booking.Row{Child: kid, Unit: unit, Day: d, Family: f, State: booking.Booked}
		if d.Before(today) {
			row.Attendance = booking.Present
		}
		rows = append(rows, row)
	}
	return rows
}

// news publishes n pieces of news.
func (l *loadTown) news(n int) {
	l.t.Helper()
	l.do(func(tx *db.Tx, job actor.Actor) error {
		for i := range n {
			if _, err := messaging.Write(tx, loadClock(), job, messaging.NewsItem{Title: fmt.Sprintf("Nouvelle %d", i), Body: "Le marché change de place."}); err != nil {
				return err
			}
		}
		return nil
	})
}

// session gives the cookie of a new session of a family's holder.
func (l *loadTown) session(h loadHome) *http.Cookie { return l.sessionAt(h, l.Now()) }

// sessionAt is a session for a process that has another clock.
func (l *loadTown) sessionAt(h loadHome, now time.Time) *http.Cookie {
	l.t.Helper()
	return &http.Cookie{Name: account.SessionCookie, Value: accounttest.SignIn(l.t, l.DB, now, h.account)}
}

// size is how much the town holds.
func (l *loadTown) size() string {
	return fmt.Sprintf("%d families, %d children, %d bookings", l.made, l.children, l.bookings)
}

// page asks for a page in process and returns it with the number of statements it took.
func (l *loadTown) page(path string, cookie *http.Cookie) (*httptest.ResponseRecorder, int64) {
	l.t.Helper()
	ctx, statements := db.CountQueries(context.Background())
	w := l.pageIn(ctx, path, cookie)
	return w, *statements
}

func (l *loadTown) pageIn(ctx context.Context, path string, cookie *http.Cookie) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://portail.test"+path, nil)
	r.AddCookie(cookie)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	l.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
		l.t.Fatalf("GET %s: %d %s", path, w.Code, strings.TrimSpace(w.Body.String()))
	}
	return w
}

// eachLoadTown runs fn on an empty portal of each engine.
func eachLoadTown(t *testing.T, fn func(t *testing.T, l *loadTown)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, openLoadTown(t, "")) })
	t.Run("postgres", func(t *testing.T) { fn(t, openLoadTown(t, testkit.PostgresURL(t, app.Sources()))) })
}
