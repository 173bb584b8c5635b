package absence_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
)

// share gives the even weeks of Jérémy to Camille’s home and the odd ones to Bruno’s, from 4 January 2027 on: the week of
// the 11th is Camille’s, that of the 18th Bruno’s. Two days are handed over: the 12th to Bruno, the 20th to Camille.
func (w *world) share(t *testing.T) {
	t.Helper()
	w.do(t, func(tx *db.Tx) error {
		_, err := custody.Enter(tx, w.now, familytest.Agent(family.FileWrite), w.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
			Home: w.First, Other: w.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
		return err
	})
	for day, who := range map[int][2]actor.Actor{12: {citizen(w.Camille), citizen(w.Bruno)}, 20: {citizen(w.Bruno), citizen(w.Camille)}} {
		w.do(t, func(tx *db.Tx) error {
			id, err := custody.OfferDay(tx, w.now, who[0], w.Jeremy, civil.NewDate(2027, 1, day))
			if err == nil {
				_, err = custody.AnswerDay(tx, w.now, who[1], id, true)
			}
			return err
		})
	}
	w.exec(t, `delete from mail_outbox`)
}

// TestWhatHappensIsOfTheHomeThatHadTheDay: presences without booking and late pick-ups, with their counters and what they
// cost; the other home reads nothing of it, on any page, in any mail, by any address.
func TestWhatHappensIsOfTheHomeThatHadTheDay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10", "retard-15")
		w.share(t)
		for _, day := range []int{13, 18} { // Camille’s, then Bruno’s: nothing is booked
			w.mark(t, w.Jeremy, day, "present")
		}
		w.mark(t, w.Jeremy, 12, "present") // booked by Camille, handed over to Bruno
		w.now = at(14, 9, 0)
		w.do(t, func(tx *db.Tx) error {
			late, err := absence.NoteLatePickup(tx, w.now, familytest.Agent(absence.Note), w.cat(t), absence.Late{Child: w.Jeremy, Activity: w.ID, Day: civil.NewDate(2027, 1, 12), Minute: 23 * 60})
			if err == nil && !late {
				t.Error("not late at 23:00")
			}
			return err
		})
		w.evening(t, at(18, 20, 0))
		w.mark(t, w.Jeremy, 19, "present") // Bruno’s second
		w.mark(t, w.Jeremy, 20, "present") // Camille’s, once it was handed over
		w.evening(t, at(20, 20, 0))
		w.now = at(21, 9, 0)
		homes := map[family.ID]string{w.First: "", w.Second: ""}
		for of := range homes {
			homes[of] = w.text(t, `select cast(count(*) as text) from incident where family = $1`, string(of))
		}
		if homes[w.First] != "2" || homes[w.Second] != "3" {
			t.Fatalf("incidents: %v, want 2 of Camille’s home and 3 of Bruno’s", homes)
		}
		read := func(a actor.Actor) string { return words(w.client(t, a).Get("/espace/absences").Text("main")) }
		camille, bruno := read(citizen(w.Camille)), read(citizen(w.Bruno))
		for _, want := range []string{"2 présences sans réservation depuis septembre", "13 janvier", "20 janvier"} {
			if !strings.Contains(camille, want) {
				t.Errorf("Camille’s page lacks %q: %s", want, camille)
			}
		}
		for _, want := range []string{"2 présences sans réservation depuis septembre", "18 janvier", "19 janvier", "12 janvier"} {
			if !strings.Contains(bruno, want) {
				t.Errorf("Bruno’s page lacks %q: %s", want, bruno)
			}
		}
		leak := func(whose, text string, secrets ...string) {
			t.Helper()
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s reads %q of the other home: %s", whose, s, text)
				}
			}
		}
		leak("Camille", camille, "18 janvier", "19 janvier", "12 janvier", "etard", "3 présences", "4 présences")
		leak("Bruno", bruno, "13 janvier", "20 janvier", "3 présences", "4 présences")
		mails := w.bodies(t, absence.MailEvening, w.now)
		for to, body := range mails {
			text := body.Subject + " " + strings.Join(body.Paragraphs, " ")
			if to == "bruno.petit@exemple.fr" {
				leak(to, text, append(familytest.CamilleSecrets, "13 janvier", "20 janvier")...)
			} else {
				leak(to, text, append(familytest.BrunoSecrets, "18 janvier", "19 janvier", "12 janvier")...)
			}
		}
		if len(mails) != 3 {
			t.Errorf("mailed %d people, want the three heads", len(mails))
		}
		for of, other := range map[family.ID]actor.Actor{w.First: citizen(w.Bruno), w.Second: citizen(w.Camille)} {
			id := w.text(t, `select min(id) from incident where family = $1`, string(of))
			if got := w.client(t, other).Get("/espace/incidents/" + id); got.Status != 404 {
				t.Errorf("an incident of the other home: %d", got.Status)
			}
			err := db.Do(context.Background(), w.d, func(tx *db.Tx) error { return absence.Contest(tx, w.now, other, absence.IncidentID(id), "non") })
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("contesting what is of the other home: %v", err)
			}
		}
	})
}

// TestAnUnpaidBalanceIsOfOneHomeAlone: what one home owes closes nothing to the other, and is not said to it.
func TestAnUnpaidBalanceIsOfOneHomeAlone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "impaye-100")
		w.share(t)
		barred := absence.Barred(func(db.Reader, []family.ID, civil.Date) (map[family.ID]cents, error) {
			return map[family.ID]cents{w.Second: 50000}, nil
		})
		book := func(a actor.Actor, day int) booking.Decision {
			t.Helper()
			out, err := w.Apply(t, w.now, a, booking.Order{Wishes: []booking.Wish{w.Wish(w.Jeremy, civil.NewDate(2027, 1, day), w.Only())}, Barred: barred})
			if err != nil {
				t.Fatal(err)
			}
			return out.Lines[0]
		}
		if d := book(citizen(w.Bruno), 18); d.Did != booking.DidNone || !strings.Contains(d.Why, "500,00") {
			t.Errorf("the home that owes: %s %s", d.Did, d.Why)
		}
		if d := book(citizen(w.Camille), 25); d.Did != booking.DidBook || strings.Contains(d.Why, "500") {
			t.Errorf("the other home: %s %s", d.Did, d.Why)
		}
	})
}
