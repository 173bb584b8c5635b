package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// TestRequestsAndAnswersAreKept: what a family asked late is counted until the service answers, and then its answer is
// read on the same page, by that home alone.
func TestRequestsAndAnswersAreKept(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		camille, bruno := as(l.Camille, "Camille Martin"), as(l.Bruno, "Bruno Petit")
		read := func() (mine, theirs int, text string) {
			t.Helper()
			_, err := db.Read(context.Background(), d, func(r db.Reader) (_ bool, err error) {
				if mine, err = booking.CountAsked(r, l.now, camille); err != nil {
					return false, err
				}
				if theirs, err = booking.CountAsked(r, l.now, bruno); err != nil {
					return false, err
				}
				page, err := booking.AskedLate(r, l.now, camille)
				if err != nil {
					return false, err
				}
				var b strings.Builder
				err = page.Render(context.Background(), &b)
				text = b.String()
				if other, _ := booking.AskedLate(r, l.now, bruno); other != nil {
					t.Error("the other home reads these requests")
				}
				return true, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return mine, theirs, text
		}
		if mine, theirs, text := read(); mine != 4 || theirs != 0 || strings.Contains(text, "Réponses du service") {
			t.Errorf("%d asked, %d by the other home: %s", mine, theirs, text)
		}
		cat, err := l.Catalogue.Get(context.Background(), l.now)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := booking.AnswerLate(tx, l.now, l.agent(), cat, l.First, booking.Cell{Child: l.Ines, Activity: l.ID, Day: friday}, booking.Token("asked."+string(l.Only())),
				booking.Answer{Reason: "Pas assez d’animateurs ce soir."})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if mine, _, text := read(); mine != 3 || !strings.Contains(text, "Pas assez d’animateurs ce soir.") || !strings.Contains(text, "Refusé") {
			t.Errorf("%d asked after an answer: %s", mine, text)
		}
		p := testkit.NewPortal(t, d, l.now)
		booking.Pages{DB: d, Now: func() time.Time { return l.now }, Settings: &town.Cache{DB: d}, Catalogue: l.Catalogue}.Citizen(p.Router)
		if text := p.As(camille).Get("/espace/enfants/" + string(l.Ines) + "/agenda?semaine=" + friday.Monday().String()).Text("main"); strings.Contains(text, "..") || !strings.Contains(text, "Pas assez d’animateurs ce soir") {
			t.Errorf("the agenda: %s", text)
		}
	})
}
