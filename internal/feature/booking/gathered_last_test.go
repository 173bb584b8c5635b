package booking_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// again writes n confirmations more of one head, all of a cell that is booked and given up in turn, as a program would
// that never rests, and adds them to the mails that wait.
func (w *inLine) again(x booking.Wish, n int) {
	w.t.Helper()
	w.set(`insert into booking_line (reference, position, family, child, activity, day, did, by_person, at)
		with recursive turn (i) as (select 1 union all select i + 1 from turn where i < `+fmt.Sprint(n)+`)
		select 'R-AGAIN-' || i, 0, l.family, l.child, l.activity, l.day, case when i % 2 = 0 then 'booked' else 'cancelled' end, l.by_person, l.at
		from turn, booking_line l where l.child = $1 and l.day = $2 and l.did = 'booked'`, string(x.Child), x.Day)
	var parts strings.Builder
	for i := range n {
		fmt.Fprintf(&parts, " R-AGAIN-%d", i+1)
	}
	w.set(`update mail_outbox set parts = parts || $1`, parts.String())
}

// TestAGatheredMailSaysTheLastWordOfEachDayHoweverManyItTells: the last of 202, and of 2,502, gives up what the first booked.
func TestAGatheredMailSaysTheLastWordOfEachDayHoweverManyItTells(t *testing.T) {
	for _, n := range []int{200, 2500} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			eachLine(t, func(w *inLine) {
				first := w.wish(w.Jeremy, "Étude", w.day(1), w.only("Étude"))
				w.want("Monday", w.ask(w.camille(), booking.Order{}, first), "booked")
				w.want("Tuesday", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(2), w.only("Étude"))), "booked")
				other := w.wish(w.Ines, "Étude", w.day(4), w.only("Étude"))
				w.want("Inès", w.ask(w.camille(), booking.Order{}, other), "booked")
				w.again(other, n)
				w.want("not Monday", w.ask(w.camille(), booking.Order{}, w.none(w.Jeremy, "Étude", w.day(1))), "cancelled")
				w.now = w.now.Add(3 * time.Minute)
				all := w.post()
				if len(all) != 2 {
					t.Fatalf("%d mails", len(all))
				}
				for _, m := range all {
					m = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(m)
					for _, want := range []string{"Inès et Jérémy : 2 jours réservés, 1 jour annulé", "lundi 11 janvier : annulé", "mardi 12 janvier : réservé", "jeudi 14 janvier : réservé"} {
						if !strings.Contains(strings.Replace(m, "Jérémy et Inès", "Inès et Jérémy", 1), want) {
							t.Errorf("lacks %q: %s", want, m)
						}
					}
					for _, not := range []string{"lundi 11 janvier : réservé", "jeudi 14 janvier : annulé", "tel qu’il est resté"} {
						if strings.Contains(m, not) {
							t.Errorf("says %q: %s", not, m)
						}
					}
				}
			})
		})
	}
}

// TestAGatheredMailSaysWhatItLeavesOutAndWhere: no page has the lines of several confirmations but the history of a child.
func TestAGatheredMailSaysWhatItLeavesOutAndWhere(t *testing.T) {
	eachLine(t, func(w *inLine) {
		for _, child := range []family.ChildID{w.Jeremy, w.Ines} {
			for _, d := range []int{1, 2, 4, 5, 8, 9, 11, 12} {
				w.ask(w.camille(), booking.Order{}, w.wish(child, "Étude", w.day(d), w.only("Étude")))
			}
		}
		w.now = w.now.Add(3 * time.Minute)
		for _, m := range w.post() {
			m = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(m)
			for _, want := range []string{"Étude : 8 jours", "Jour par jour : à lire dans l’historique des réservations de chaque enfant, depuis son agenda."} {
				if !strings.Contains(m, want) {
					t.Errorf("lacks %q: %s", want, m)
				}
			}
			if strings.Contains(m, "sur la page") {
				t.Errorf("names a page that does not have them: %s", m)
			}
		}
	})
}
