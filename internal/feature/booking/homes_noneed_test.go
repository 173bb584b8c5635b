package booking_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestOneHomeHasNoNeedForItselfAlone sends « Pas besoin » from the second home of a child by hand: what the first home has to do, its
// page and its reminders stay, whether or not somebody wrote down whose days these are.
func TestOneHomeHasNoNeedForItselfAlone(t *testing.T) {
	for name, shared := range map[string]bool{"days shared by weeks": true, "nobody says whose days": false} {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
				o := winter(t, d, nil)
				if shared {
					if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
						_, err := custody.Enter(tx, persontest.Now(), familytest.Agent(family.FileWrite), o.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
							Home: o.First, Other: o.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
						return err
					}); err != nil {
						t.Fatal(err)
					}
				}
				p, path := portal(t, d), "/espace/reserver/"+string(o.ID)
				hers, his := as(o.Camille, "Camille Martin"), as(o.Bruno, "Bruno Petit")
				camille, bruno := p.As(hers), p.As(his)
				// reminded is what the reminders of the evening say of a citizen's holidays.
				reminded := func() string {
					t.Helper()
					cat, err := (&activity.Cache{DB: d}).Get(context.Background(), persontest.Now())
					if err != nil {
						t.Fatal(err)
					}
					all, err := db.Read(context.Background(), d, func(r db.Reader) ([]booking.Unanswered, error) {
						return booking.UnansweredOf(r, persontest.Now(), hers, cat, nil)
					})
					if err != nil {
						t.Fatal(err)
					}
					var keys []string
					for _, u := range all {
						keys = append(keys, u.Key())
					}
					return strings.Join(keys, " ")
				}
				todo, page, told := todos(t, d, hers), camille.Get(path).Text("main"), reminded()
				if len(todo) != 1 || !strings.Contains(todo[0].Detail, "Jérémy et Inès") || told == "" {
					t.Fatalf("before: %+v, reminded of %q", todo, told)
				}
				sent := bruno.Post("/espace/reserver/pas-besoin", url.Values{"cle": {db.NewID()}, "activite": {string(o.ID)}, "periode": {string(o.Period)}, "enfant": {string(o.Jeremy)}})
				if sent.Status != 303 || !strings.Contains(bruno.Get(path).Text("main"), "Jérémy : pas besoin") {
					t.Fatalf("his answer: %d %s", sent.Status, sent.Text("main"))
				}
				if again := todos(t, d, hers); len(again) != 1 || again[0].Detail != todo[0].Detail {
					t.Errorf("her to-do is now %+v, was %+v", again, todo)
				}
				if again := camille.Get(path).Text("main"); again != page {
					t.Errorf("her page is now %s, was %s", again, page)
				}
				if again := reminded(); again != told {
					t.Errorf("she would be reminded of %q, was of %q", again, told)
				}
				if got := bruno.Post("/espace/reserver/pas-besoin", url.Values{"cle": {db.NewID()}, "activite": {string(o.ID)}, "periode": {string(o.Period)}, "enfant": {string(o.Ines)}}); got.Status != 404 {
					t.Errorf("for a child of the other home alone: %d", got.Status)
				}
			})
		})
	}
}
