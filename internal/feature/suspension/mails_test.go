package suspension_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"
)

// letters are the mails of a template that wait, rendered, in the order of their readers' names.
func (s strike) letters(template string) []mail.Body {
	s.t.Helper()
	deps := suspension.MailDeps{URL: func(p string) string { return "https://parvis.exemple" + p }, Now: persontest.Now, Catalogue: s.Catalogue}
	var all []mail.Body
	for _, args := range s.sent(template) {
		for _, x := range suspension.Mails(deps) {
			if x.Name != template {
				continue
			}
			body, err := db.Read(context.Background(), s.d, func(r db.Reader) (mail.Body, error) { return x.Render(context.Background(), r, args) })
			if err != nil {
				s.t.Fatal(err)
			}
			all = append(all, body)
		}
	}
	return all
}

// sent are the arguments of the mails of a template, by the name of who reads them.
func (s strike) sent(template string) []map[string]string {
	s.t.Helper()
	all, err := db.Read(context.Background(), s.d, func(r db.Reader) ([]db.Args, error) {
		return db.List(r, db.Column[db.Args], `select args from mail_outbox where template = $1 order by to_address, id`, template)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]map[string]string, len(all))
	for i, x := range all {
		out[i] = x
	}
	return out
}

// find is the mail of somebody.
func find(all []mail.Body, who string) mail.Body {
	for _, b := range all {
		if strings.Contains(b.Greeting, who) {
			return b
		}
	}
	return mail.Body{}
}

// text is a mail as a reader sees it.
func text(b mail.Body) string {
	all := append([]string{b.Subject, b.Greeting}, b.Paragraphs...)
	for _, f := range b.Facts {
		all = append(all, f.Label+" : "+f.Value)
	}
	return strings.Join(append(append(all, "["+b.Button.Label+"]"), b.Closing...), "\n")
}

func TestAStrikeIsToldFromTheFamilysSide(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		all := s.letters(suspension.MailClosed)
		if len(all) != 3 {
			t.Fatalf("%d mails", len(all))
		}
		closed := text(find(all, "Camille"))
		show(t, closed)
		for _, want := range []string{"Grève du personnel\u00a0: 3\u00a0jours annulés pour Jérémy et Inès", "Prévoyez un pique-nique.", "Jérémy\u00a0: Restauration scolaire, jeudi 14 janvier.",
			"Inès\u00a0: Restauration scolaire, jeudi 14 et vendredi 15 janvier.", "Rien n’est facturé pour ces jours"} {
			if !strings.Contains(closed, want) {
				t.Errorf("the mail lacks %q:\n%s", want, closed)
			}
		}
		for word, most := range map[string]int{"Grève du personnel": 2, "Prévoyez un pique-nique": 1, "à l’origine": 0, "agent de la mairie": 0, "hors délai": 0} {
			if n := strings.Count(closed, word); n > most {
				t.Errorf("%q is said %d times:\n%s", word, n, closed)
			}
		}
		s.exec(`update booking set absence_at = 7 where child = $1 and day = $2`, string(s.Ines), thursday)
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		back := s.letters(suspension.MailReopened)
		if len(back) != 3 {
			t.Fatalf("%d mails", len(back))
		}
		again := text(find(back, "Camille"))
		show(t, again)
		for _, want := range []string{"Accueil rétabli\u00a0: 3\u00a0jours de nouveau réservés pour Jérémy et Inès", "Inès\u00a0: Restauration scolaire, jeudi 14 et vendredi 15 janvier.", "Une absence déjà signalée le reste."} {
			if !strings.Contains(again, want) {
				t.Errorf("the mail lacks %q:\n%s", want, again)
			}
		}
		if strings.Contains(again, "hors délai") || strings.Contains(again, "à l’origine") {
			t.Errorf("frightening:\n%s", again)
		}
	})
}

func TestTheMailSaysWhatStaysOfADay(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newOneByOne(t, d)
		s.asked.Units = []activity.UnitID{s.Units["Après-midi"]}
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		got := text(find(s.letters(suspension.MailClosed), "Camille"))
		show(t, got)
		for _, want := range []string{"Jérémy\u00a0: Mercredi, journée (il reste\u00a0: matin et repas), mercredi 13 janvier.", "Mercredi, matin et après-midi (il reste\u00a0: matin), mercredi 20 janvier", "seul ce qui reste l’est"} {
			if !strings.Contains(got, want) {
				t.Errorf("the mail lacks %q:\n%s", want, got)
			}
		}
	})
}

// A parent whom a court keeps from a child reads nothing of it.
func TestARestrictedParentReadsNothingOfTheChild(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ('r1', $1, $2, '2026-09-01', '2026-09-01', 'JAF 1', 1)`, string(s.Thomas), string(s.Jeremy))
		id, err := s.suspend(s.agent(), s.asked)
		if err != nil {
			t.Fatal(err)
		}
		s.run(id)
		named := 0
		for _, b := range s.letters(suspension.MailClosed) {
			if strings.Contains(text(b), "Jérémy") {
				named++
				if strings.Contains(b.Greeting, "Thomas") {
					t.Errorf("Thomas reads of Jérémy:\n%s", text(b))
				}
			}
		}
		if named != 2 { // Camille, and Bruno for his own day
			t.Errorf("%d mails name Jérémy", named)
		}
	})
}

// show prints a mail for who wants to read it.
func show(t *testing.T, s string) {
	t.Helper()
	if os.Getenv("PARVIS_SHOW") != "" {
		t.Log("\n" + s)
	}
}
