package absence_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/testkit"
)

// post moves the hour, runs the mail worker and returns what it sent: "to | subject | text".
func (w *world) post(t *testing.T, later time.Duration) []string {
	t.Helper()
	w.now = w.now.Add(later)
	now := func() time.Time { return w.now }
	all := absence.Mails(absence.MailDeps{URL: func(p string) string { return "https://portail.test" + p }, Now: now, Catalogue: w.Catalogue})
	worker := &mail.Worker{DB: w.d, Sender: mail.Capture{DB: w.d, Now: now}, Now: now, From: mail.Address{Address: "mairie@exemple.fr"}, Patience: time.Second, Templates: all}
	if _, err := worker.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	sent, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select to_address || ' | ' || subject || ' | ' || body_text from mail_captured order by id`)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.exec(t, `delete from mail_captured`)
	for i, s := range sent {
		sent[i] = words(s)
	}
	return sent
}

// TestAbsencesToldAndWithdrawnInARowAreOneMail: of what stands when it leaves, or none.
func TestAbsencesToldAndWithdrawnInARowAreOneMail(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		tell := func(c booking.Cell) {
			t.Helper()
			if _, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{c}, Reason: ill}); err != nil {
				t.Fatal(err)
			}
		}
		withdraw := func() {
			t.Helper()
			id := absence.ID(w.text(t, `select id from absence where withdrawn_at is null and did = 'absent'`))
			w.do(t, func(tx *db.Tx) error { return absence.Withdraw(tx, w.now, citizen(w.Camille), id) })
		}
		for range 15 {
			tell(w.cell(w.Jeremy, 11))
			withdraw()
		}
		if n := w.text(t, `select cast(count(*) as text) from mail_outbox where template = 'absence.told'`); n != "2" {
			t.Errorf("%s mails wait, want one a head", n)
		}
		if got := w.post(t, 3*time.Minute); len(got) != 0 {
			t.Errorf("all withdrawn, and told: %q", got)
		}
		tell(w.cell(w.Jeremy, 11))
		withdraw()
		tell(w.cell(w.Jeremy, 11))
		tell(w.cell(w.Ines, 11))
		got := w.post(t, 3*time.Minute)
		if len(got) != 2 {
			t.Fatalf("%d mails: %q", len(got), got)
		}
		for _, m := range got {
			if !strings.Contains(m, "Inès et Jérémy : absence signalée, 2 jours (3 signalements)") || strings.Count(m, "Jérémy, ") != 1 || strings.Contains(m, "/espace/absences/R-") {
				t.Errorf("gathered: %s", m)
			}
		}
		his := w.text(t, `select id from absence where withdrawn_at is null and did = 'absent' and child = $1`, string(w.Jeremy))
		w.do(t, func(tx *db.Tx) error { return absence.Withdraw(tx, w.now, citizen(w.Camille), absence.ID(his)) })
		tell(w.cell(w.Jeremy, 11))
		if one := w.post(t, 3*time.Minute); len(one) != 2 || !strings.Contains(one[0], "(R-") || strings.Contains(one[0], "signalements") {
			t.Errorf("a report by itself: %q", one)
		}
	})
}

// TestSomebodyReportsSoOftenInADay: the other head of the family still can.
func TestSomebodyReportsSoOftenInADay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		w.now = at(11, 8, 0)
		for i := range 60 {
			w.exec(t, `insert into absence_report (reference, family, by_person, at) values ($1, $2, $3, $4)`, fmt.Sprint("R-", i), string(w.First), string(w.Camille), int64(civil.InstantOf(w.now.Add(-time.Hour))))
		}
		rep := absence.Report{Cells: []booking.Cell{w.cell(w.Jeremy, 11)}, Reason: ill}
		if _, err := w.declare(t, w.now, citizen(w.Camille), rep); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "ligne" {
			t.Errorf("the sixty-first: %v", err)
		}
		theirs := absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill}
		if _, err := w.declare(t, w.now, citizen(w.Thomas), theirs); err != nil {
			t.Errorf("the other head: %v", err)
		}
		testkit.ByIndex(t, w.d, "absence_report_person", func(ctx context.Context) error {
			cat := w.cat(t)
			_, err := db.Write(ctx, w.d, func(tx *db.Tx) (absence.Outcome, error) {
				return absence.Declare(tx, w.now, citizen(w.Thomas), cat, absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 12)}, Reason: ill})
			})
			return err
		})
		if _, err := w.declare(t, w.now.Add(24*time.Hour), citizen(w.Camille), rep); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

// TestAReportNamesSoManyChildrenAndEachDayOnce sends what no page makes.
func TestAReportNamesSoManyChildrenAndEachDayOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.now = at(11, 8, 0)
		twice := []booking.Cell{w.cell(w.Jeremy, 11), w.cell(w.Jeremy, 11)}
		if _, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: twice, Reason: ill}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a day twice: %v", err)
		}
		var many []booking.Cell
		for i := range 2000 {
			c := w.cell(w.Jeremy, 11)
			c.Child = family.ChildID(fmt.Sprint("child", i))
			many = append(many, c)
		}
		if _, err := w.declare(t, w.now, citizen(w.Camille), absence.Report{Cells: many, Reason: ill}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("two thousand children: %v", err)
		}
	})
}
