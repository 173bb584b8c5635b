package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/revert"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestEachHomeAnswersForItsDays: of two homes that share the weeks, one's booking or « Pas besoin » is not the other's.
func TestEachHomeAnswersForItsDays(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o := winter(t, d, nil)
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := custody.Enter(tx, persontest.Now(), familytest.Agent(family.FileWrite), o.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
				Home: o.First, Other: o.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p, path := portal(t, d), "/espace/reserver/"+string(o.ID)
		camille, bruno := p.As(as(o.Camille, "Camille Martin")), p.As(as(o.Bruno, "Bruno Petit"))
		day := civil.NewDate(2027, 2, 8) // of week 6, Camille's
		if _, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, day, o.Only())}}); err != nil {
			t.Fatal(err)
		}
		if got := todos(t, d, as(o.Bruno, "Bruno Petit")); len(got) != 1 || !strings.Contains(got[0].Detail, "Jérémy") {
			t.Errorf("Bruno is not asked for his week: %+v", got)
		}
		his := bruno.Get(path)
		if text := his.Text("main"); !his.Has("form.pas-besoin") || strings.Contains(text, "Jérémy : des jours sont réservés") {
			t.Fatalf("Bruno cannot answer: %s", text)
		}
		if text := his.Submit("form.pas-besoin", nil).Follow().Text("main"); !strings.Contains(text, "Jérémy : pas besoin") {
			t.Errorf("Bruno's answer: %s", text)
		}
		if got := todos(t, d, as(o.Bruno, "Bruno Petit")); len(got) != 0 {
			t.Errorf("Bruno is asked again: %+v", got)
		}
		if text := camille.Get(path).Text("main"); !strings.Contains(text, "Jérémy : des jours sont réservés") || strings.Contains(text, "Jérémy : pas besoin") {
			t.Errorf("Camille reads Bruno's answer: %s", text)
		}
	})
}

// TestMergedHomeAnswers: a home that is another brings its answers; of two about one child and period, one stays; an undo
// gives them back.
func TestMergedHomeAnswers(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := winter(t, d, nil)
		for _, x := range []struct {
			home   family.ID
			period string
		}{{o.First, "p1"}, {o.Second, "p1"}, {o.Second, "p2"}} {
			alter(t, d, `insert into home_answer (child, period, family, activity, answered_at) values ($1, $2, $3, $4, 1)`, string(o.Jeremy), x.period, string(x.home), string(o.ID))
		}
		of := func(home family.ID) int {
			return count(t, d, `select count(*) from home_answer where family = $1`, string(home))
		}
		var kept []revert.Change
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			l := revert.New(tx)
			_, err := booking.MergePart().Move(l, persontest.Now(), person.Union{Of: person.OneHome, Keep: string(o.First), Gone: string(o.Second)})
			kept = l.Changes()
			return err
		})
		if err != nil || of(o.First) != 2 || of(o.Second) != 0 {
			t.Fatalf("merged: %v, %d and %d answers", err, of(o.First), of(o.Second))
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := revert.Back(tx, kept); return err })
		if err != nil || of(o.First) != 1 || of(o.Second) != 2 {
			t.Errorf("undone: %v, %d and %d answers", err, of(o.First), of(o.Second))
		}
	})
}

// TestWhoPaysIsSaidOnTheDay: each home reads on a day of the one, booked by the other, who pays it.
func TestWhoPaysIsSaidOnTheDay(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		day := civil.NewDate(2027, 1, 19) // of an odd week, Bruno's
		if got := w.did(t, w.wish(w.Jeremy, "Étude", day, w.only("Étude"))); got[0] != string(booking.DidBook) {
			t.Fatal(got)
		}
		w.share(t)
		p := portal(t, d)
		for who, want := range map[person.ID]string{w.Camille: "Jour de l’autre foyer, que vous avez réservé", w.Bruno: "Il le paie et peut seul l’annuler"} {
			page := p.As(as(who, "X")).Get("/espace/enfants/" + string(w.Jeremy) + "/agenda?semaine=2027-01-18")
			if text := page.Text("main"); !strings.Contains(text, want) {
				t.Errorf("no %q: %s", want, text)
			}
		}
	})
}
