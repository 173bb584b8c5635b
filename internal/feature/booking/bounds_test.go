package booking_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func alter(t *testing.T, d *db.DB, sql string, args ...any) {
	t.Helper()
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := tx.Exec(sql, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, sql string, args ...any) int {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) { return db.One(r, "count", db.Column[int], sql, args...) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAFullDayDoesNotHelpToGoBelowTheMinimum cancels Monday for a Friday that is full.
func TestAFullDayDoesNotHelpToGoBelowTheMinimum(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		alter(t, d, `update activity set min_days = 3`)
		o.Catalogue.Invalidate()
		now, camille := persontest.Now(), as(o.Camille, "Camille Martin")
		monday := civil.DateOf(now).Monday().AddDays(7)
		var week []booking.Wish
		for _, n := range []int{0, 1, 3} {
			week = append(week, o.Wish(o.Jeremy, monday.AddDays(n), o.Only()))
		}
		if out, err := o.Apply(t, now, camille, booking.Order{Wishes: week}); err != nil || out.Done() != 3 {
			t.Fatalf("%+v, %v", out, err)
		}
		friday := monday.AddDays(4)
		alter(t, d, `update slot set capacity = taken where day = $1`, friday)
		swap := []booking.Wish{{Cell: week[0].Cell, Seen: booking.Token("booked." + string(o.Only()))}, o.Wish(o.Jeremy, friday, o.Only())}
		if _, err := o.Apply(t, now, camille, booking.Order{Wishes: swap}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("Monday given up for a full Friday: %v, want conflict", err)
		}
		if n := count(t, d, `select count(*) from booking where state = 'booked'`); n != 3 {
			t.Errorf("%d days stand, want 3", n)
		}
		alter(t, d, `update slot set capacity = null where day = $1`, friday)
		if out, err := o.Apply(t, now, camille, booking.Order{Wishes: swap}); err != nil || out.Done() != 2 {
			t.Errorf("with a place on Friday: %+v, %v", out, err)
		}
	})
}

// TestWhatNoPageOffersLeavesNoLine sends days and activities that no form shows, and words without end.
func TestWhatNoPageOffersLeavesNoLine(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		other := activitytest.Make(t, d, o.Homes, activitytest.Plan{Name: "Étude"})
		o.Catalogue.Invalidate()
		now, camille := persontest.Now(), as(o.Camille, "Camille Martin")
		monday := civil.DateOf(now).Monday().AddDays(7)
		long := strings.Repeat("é", 501)
		for name, order := range map[string]booking.Order{
			"a day of 1900": {Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only()), o.Wish(o.Jeremy, civil.NewDate(1900, 1, 1), o.Only())}},
			"a long word":   {Note: long, Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only())}},
		} {
			if _, err := o.Apply(t, now, camille, order); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v, want invalid", name, err)
			}
		}
		stray := booking.Wish{Cell: booking.Cell{Child: o.Jeremy, Activity: other.ID, Day: monday}, Want: "any"}
		out, err := o.Apply(t, now, camille, booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only()), stray}})
		if err != nil || out.Done() != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		if n := count(t, d, `select count(*) from booking_line`); n != 1 {
			t.Errorf("%d lines of proof, want that of the day booked", n)
		}
	})
}

// TestAgentsSeeTheBookingsOfTheirServices reads a proof and the family file as agents of this service and another, and
// finds each reading in the journal.
func TestAgentsSeeTheBookingsOfTheirServices(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		now := persontest.Now()
		alter(t, d, `insert into family_service (family, service) values ($1, $2)`, string(o.First), string(o.Youth))
		out, err := o.Apply(t, now, as(o.Camille, "Camille Martin"), booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, civil.DateOf(now).Monday().AddDays(7), o.Only())}})
		if err != nil {
			t.Fatal(err)
		}
		p := testkit.NewPortal(t, d, now)
		pages(d).Counter(p.Router)
		of := func(service string) actor.Actor {
			a := familytest.Agent()
			a.Rights = map[actor.Right][]string{booking.Read: {service}, booking.Write: {service}}
			return a
		}
		if got := p.As(of(string(o.Youth))).Get("/agents/reservations/" + out.Reference); got.Status != 404 {
			t.Errorf("the proof for an agent of another service that knows the family: %d %s", got.Status, got.Text("main"))
		}
		readings := `select count(*) from audit_event where kind = 'read'`
		before := count(t, d, readings)
		own := p.As(of(string(o.Service)))
		if got := own.Get("/agents/reservations/" + out.Reference); got.Status != 200 {
			t.Errorf("the proof for an agent of the service: %d", got.Status)
		}
		if n := count(t, d, readings); n != before+1 {
			t.Errorf("%d readings written, want 1", n-before)
		}
		for _, panel := range pages(d).Panels() {
			words := map[bool]string{}
			for _, mine := range []bool{true, false} {
				service := o.Youth
				if mine {
					service = o.Service
				}
				var text strings.Builder
				_, err := db.Read(context.Background(), d, func(r db.Reader) (struct{}, error) {
					c, err := panel.Render(r, now, of(string(service)), string(o.First))
					if err == nil {
						err = c.Render(context.Background(), &text)
					}
					return struct{}{}, err
				})
				if err != nil {
					t.Fatal(err)
				}
				words[mine] = text.String()
			}
			if !strings.Contains(words[true], "Restauration") || strings.Contains(words[false], "Restauration") {
				t.Errorf("the panel for the service: %q, for another: %q", words[true], words[false])
			}
		}
	})
}

// TestAClosedDayDoesNotLookOpen closes a day on which one child is booked and the other is not, then reads the agenda;
// and a receipt after what it says was changed.
func TestAClosedDayDoesNotLookOpen(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		now, camille := persontest.Now(), as(o.Camille, "Camille Martin")
		day := civil.DateOf(now).Monday().AddDays(8)
		out, err := o.Apply(t, now, camille, booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, day, o.Only()), o.Wish(o.Jeremy, day.AddDays(-1), o.Only())}})
		if err != nil {
			t.Fatal(err)
		}
		alter(t, d, `update slot set state = 'closed', reason = 'Grève' where day = $1`, day)
		c := portal(t, d).As(camille)
		lines := map[string]string{}
		for name, child := range map[string]string{"booked": string(o.Jeremy), "free": string(o.Ines)} {
			page := c.Get("/espace/enfants/" + child + "/agenda?semaine=" + day.Monday().String())
			lines[name] = strings.Join(strings.Fields(page.Doc.Find(".agenda-day").Eq(1).Text()), " ")
		}
		if !strings.Contains(lines["free"], "Fermé") || !strings.Contains(lines["free"], "Grève") {
			t.Errorf("a closed day says %q", lines["free"])
		}
		if !strings.Contains(lines["booked"], "Ce jour est fermé : Grève") {
			t.Errorf("a booking of a closed day says %q", lines["booked"])
		}
		if _, err := o.Apply(t, now, camille, booking.Order{Wishes: []booking.Wish{{Cell: out.Lines[1].Cell, Seen: booking.Token("booked." + string(o.Only()))}}}); err != nil {
			t.Fatal(err)
		}
		receipt := c.Get("/espace/reservations/" + out.Reference).Text("main")
		if strings.Count(receipt, "Changé depuis") != 1 {
			t.Errorf("the receipt of two days, one given up since: %s", receipt)
		}
	})
}
