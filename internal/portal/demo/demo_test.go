package demo_test

import (
	"os"
	"testing"
	"time"

	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/tariff"
	"parvis/internal/portal/demo"
	"parvis/internal/testkit"
)

func TestFill(t *testing.T) {
	sources := db.Join(admission.Sources(), enrolment.Sources(), booking.Sources(), absence.Sources(), tariff.Sources(), billing.Sources(), messaging.Sources())
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		start := time.Now()
		err := demo.Fill(t.Context(), demo.Deps{DB: d, Key: crypt.NewKey(), Now: time.Date(2026, 11, 23, 10, 0, 0, 0, zone)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("filled in %v", time.Since(start))
		roles := map[string]bool{}
		for _, s := range demo.SignIns() {
			roles[s.Role] = true
		}
		for _, want := range []string{"titulaire", "co-représentant", "second foyer", "en attente", "agent accueil", "agent instruction", "agent régie",
			"agent animation", "agent communication", "administrateur"} {
			if !roles[want] {
				t.Errorf("no sign-in for %s", want)
			}
		}
		count := func(query string) int64 {
			n, err := db.Read(t.Context(), d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query) })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(`select count(*) from family`); n != demo.Size {
			t.Errorf("%d families, want %d", n, demo.Size)
		}
		if n := count(`select count(*) from activation n join account a on a.id = n.account and a.state = 'unclaimed'
			join mail_outbox m on m.id = n.mail where m.template = 'admission.activation'`); n != 3 {
			t.Errorf("%d activation mails to walk a first sign-in, want 3", n)
		}
		if n := count(`select count(*) from booking where day > '2026-11-23'`); n == 0 {
			t.Error("nothing is booked for the weeks to come")
		}
		if n := count(`select count(*) from account where username = 'gael.gauthier' and state = 'active'`); n != 1 {
			t.Errorf("%d active accounts of the second home, want 1", n)
		}
		if n := count(`select count(*) from custody where state = 'standing'`); n != 1 {
			t.Errorf("%d sharings between two homes, want 1", n)
		}
		for _, queue := range []struct {
			query string
			want  int64
		}{
			{`select count(*) from family_member where state = 'pending'`, 3},
			{`select count(*) from contact_message where state = 'received'`, 3},
			{`select count(*) from invite where held = true`, 1},
			{`select count(*) from absence where did = 'absent'`, 1},
			{`select count(*) from incident where told_at is not null`, 1},
			{`select count(*) from invite where held = false and accepted_at is null`, 1},
		} {
			if n := count(queue.query); n != queue.want {
				t.Errorf("%d wait, want %d: %s", n, queue.want, queue.query)
			}
		}
		// The numbers that nobody has: 01 99 00 and 06 39 98.
		for _, real := range []string{
			`select count(*) from person where phone <> '' and phone not like '+3319900%' or mobile <> '' and mobile not like '+3363998%'`,
			`select count(*) from service where phone not like '01 99 00 %'`,
		} {
			if n := count(real); n != 0 {
				t.Errorf("%d numbers that somebody may have: %s", n, real)
			}
		}
		if n := count(`select count(*) from account where signed_in_at is null and username_folded in ('camille.martin', 'olivier.martin',
			'aminata.nouvelle', 'agent.accueil', 'administrateur')`); n != 0 {
			t.Errorf("%d of the demo's people say that they come for the first time", n)
		}
		if n := count(`select count(*) from person where first_names = 'Inès' and civility = 'monsieur'
			or first_names = 'Jérémy' and civility = 'madame'`); n != 0 {
			t.Errorf("%d civilities that do not go with the first name", n)
		}
	})
}

// TestFillAtAnyHour fills the town at the hours and days where « today » and « some hours ago » are not one day.
func TestFillAtAnyHour(t *testing.T) {
	sources := db.Join(admission.Sources(), enrolment.Sources(), booking.Sources(), absence.Sources(), tariff.Sources(), billing.Sources(), messaging.Sources())
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	moments := []time.Time{
		time.Date(2026, 11, 24, 0, 5, 0, 0, zone),   // yesterday is six hours ago
		time.Date(2026, 12, 15, 23, 59, 0, 0, zone), // a week 53 is near
		time.Date(2027, 8, 31, 12, 0, 0, 0, zone),   // the eve of a school year
	}
	if os.Getenv("PARVIS_DEEP") != "" {
		for i := range 730 {
			moments = append(moments, time.Date(2026, 9, 1+i, i%24, 30, 0, 0, zone))
		}
	}
	for _, now := range moments {
		t.Run(now.Format("2006-01-02T15:04"), func(t *testing.T) {
			testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
				if err := demo.Fill(t.Context(), demo.Deps{DB: d, Key: crypt.NewKey(), Now: now}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
