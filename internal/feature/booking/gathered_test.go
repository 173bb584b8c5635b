package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
)

// post runs the mail worker at the world's hour and returns what it captured since, oldest first: "subject | text".
func (w *inLine) post() []string {
	w.t.Helper()
	now := func() time.Time { return w.now }
	worker := &mail.Worker{DB: w.d, Sender: mail.Capture{DB: w.d, Now: now}, Now: now, From: mail.Address{Address: "mairie@exemple.fr"}, Patience: time.Second,
		Templates: booking.Mails(booking.MailDeps{URL: func(path string) string { return "https://parvis.exemple" + path }, Now: now, Catalogue: &activity.Cache{DB: w.d}})}
	if _, err := worker.Once(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	all, err := db.Write(context.Background(), w.d, func(tx *db.Tx) ([]string, error) {
		got, err := db.List(tx, db.Column[string], `select to_address || ' | ' || subject || ' | ' || body_text from mail_captured order by id`)
		return got, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.set(`delete from mail_captured`)
	return all
}

func TestConfirmationsOfTheSameMinutesAreOneMail(t *testing.T) {
	eachLine(t, func(w *inLine) {
		only := w.only("Étude")
		w.want("Tuesday", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(2), only)), "booked")
		w.want("Thursday", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(4), only)), "booked")
		w.want("not Tuesday", w.ask(w.camille(), booking.Order{}, w.none(w.Jeremy, "Étude", w.day(2))), "cancelled")
		if n := w.count(`select count(*) from mail_outbox`); n != 2 {
			t.Errorf("%d mails wait, want one a head", n)
		}
		if early := w.post(); len(early) != 0 {
			t.Errorf("sent at once: %q", early)
		}
		w.now = w.now.Add(3 * time.Minute)
		all := w.post()
		if len(all) != 2 {
			t.Fatalf("%d mails: %q", len(all), all)
		}
		for _, m := range all {
			m = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(m)
			for _, want := range []string{"Jérémy : 1 jour réservé, 1 jour annulé (3 enregistrements)", "jeudi 14 janvier : réservé", "mardi 12 janvier : annulé", "3, depuis R-"} {
				if !strings.Contains(m, want) {
					t.Errorf("lacks %q: %s", want, m)
				}
			}
			if strings.Contains(m, "mardi 12 janvier : réservé") {
				t.Errorf("says what is no more: %s", m)
			}
		}
		w.want("alone", w.ask(w.camille(), booking.Order{}, w.wish(w.Ines, "Étude", w.day(5), only)), "booked")
		w.now = w.now.Add(3 * time.Minute)
		if one := w.post(); len(one) != 2 || !strings.Contains(one[0], "(R-") || strings.Contains(one[0], "enregistrements") {
			t.Errorf("a confirmation by itself: %q", one)
		}
	})
}

func TestAParentWhoConfirmsOverAndOverGetsFewMailsThatLoseNothing(t *testing.T) {
	eachLine(t, func(w *inLine) {
		only := w.only("Étude")
		var told []string
		for i := range 40 {
			x := w.wish(w.Jeremy, "Étude", w.day(2+i/2%4), only)
			if i%2 == 1 {
				x.Want = ""
			}
			w.ask(w.camille(), booking.Order{}, x)
			w.now = w.now.Add(30 * time.Second)
			told = append(told, w.post()...)
		}
		w.now = w.now.Add(40 * time.Minute)
		told = append(told, w.post()...)
		if len(told) > 10 || len(told)%2 != 0 {
			t.Errorf("%d mails to two heads", len(told))
		}
		references := map[string]bool{}
		parts, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
			return db.List(r, db.Column[string], `select parts from mail_outbox where state = 'sent'`)
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range parts {
			for _, r := range strings.Fields(p) {
				references[r] = true
				n++
			}
		}
		kept := w.count(`select count(distinct reference) from booking_line`)
		if len(references) != kept || n != 2*kept {
			t.Errorf("%d references told %d times, %d kept", len(references), n, kept)
		}
		// An answer of the service is a mail of its own, at once.
		w.now = w.day(2).At(13, 0, w.zone)
		agent := agentWith()
		x := w.wish(w.Ines, "Étude", w.day(4), only)
		if _, err := w.apply(w.now, agent, booking.Order{Family: w.First, Wishes: []booking.Wish{x}}); err != nil {
			t.Fatal(err)
		}
		if now := w.post(); len(now) != 2 || !strings.Contains(now[0], "Un agent de la mairie") {
			t.Errorf("an agent's act waits: %q", now)
		}
	})
}

// The fourth mail of an hour waits, unless it speaks of today or tomorrow.
func TestTomorrowIsToldSoonWhateverWasToldBefore(t *testing.T) {
	eachLine(t, func(w *inLine) {
		only := w.only("Étude")
		w.now = w.day(3).At(8, 0, w.now.Location())
		book := func(day int) int {
			w.want("a day", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Étude", w.day(day), only)), "booked")
			w.now = w.now.Add(3 * time.Minute)
			return len(w.post())
		}
		for _, day := range []int{8, 9, 10} {
			if n := book(day); n != 2 {
				t.Fatalf("day %d: %d mails, want one a head", day, n)
			}
		}
		if n := book(11); n != 0 {
			t.Errorf("the fourth of an hour, about next week: %d mails", n)
		}
		if n := book(4); n != 2 {
			t.Errorf("about tomorrow: %d mails", n)
		}
	})
}
