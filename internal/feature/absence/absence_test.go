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
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
)

const ill = "enfant-malade"

func TestBeforeTheDeadlineItCancelsAfterItIsAnAbsence(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j", "autre")
		now := at(11, 8, 0) // Monday: too late for today, in time until 9:00 for tomorrow
		out, err := w.declare(t, now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Jeremy, 11), w.cell(w.Jeremy, 12), w.cell(w.Ines, 11)}, Reason: ill, Note: "Fièvre"})
		if err != nil {
			t.Fatal(err)
		}
		did := map[absence.Did]int{}
		for _, l := range out.Lines {
			did[l.Did]++
			if l.Did == absence.Absent && (l.Proof != absence.Due || l.Due.Day != date("2027-01-18") || l.Without != 100 || l.With != 0 || l.Timing != absence.InTime) {
				t.Errorf("line: %+v", l)
			}
		}
		if did[absence.Cancelled] != 1 || did[absence.Absent] != 2 || !strings.HasPrefix(out.Reference, "R-") {
			t.Errorf("did %v, reference %s", did, out.Reference)
		}
		if s := w.text(t, `select state from booking where child = $1 and day = '2027-01-12'`, string(w.Jeremy)); s != "cancelled" {
			t.Errorf("tomorrow is %s", s)
		}
		if s := w.text(t, `select state || case when absence_at is null then '' else ' told' end from booking where child = $1 and day = '2027-01-11'`, string(w.Jeremy)); s != "booked told" {
			t.Errorf("today is %s", s)
		}
		if n := w.text(t, `select cast(count(*) as text) from booking_line where reference = $1`, out.Reference); n != "1" {
			t.Errorf("%s lines of proof under the same reference", n)
		}
		all := w.bodies(t, absence.MailTold, now)
		if len(all) != 2 {
			t.Fatalf("told %v", all)
		}
		for to, body := range all {
			whole := words(body.Subject + strings.Join(body.Paragraphs, " ") + body.Button.URL)
			if strings.Contains(strings.ToLower(whole), "malade") || strings.Contains(whole, "Fièvre") || !strings.Contains(whole, "non facturé si le justificatif arrive avant le lundi 18 janvier à 23 h 59") ||
				!strings.Contains(whole, "annulé à temps") {
				t.Errorf("mail to %s: %s", to, whole)
			}
		}
		if n := w.text(t, `select cast(count(*) as text) from mail_outbox where template = 'booking.confirmed' and args like $1`, "%"+out.Reference+"%"); n != "0" {
			t.Errorf("%s more mails of bookings", n)
		}
		if _, err := w.declare(t, now, citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Jeremy, 11)}, Reason: ill}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("told twice: %v", err)
		}
	})
}

func TestTooLateIsKeptAndBilled(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-48h")
		out, err := w.declare(t, at(11, 9, 1), citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Jeremy, 11)}, Reason: ill})
		if err != nil {
			t.Fatal(err)
		}
		if l := out.Lines[0]; l.Timing != absence.TooLate || l.Without != 100 || l.With != 100 || l.Proof != absence.NoProof {
			t.Errorf("%+v", l)
		}
		if s := w.text(t, `select case when absence_at is null then 'no' else 'told' end from booking where child = $1 and day = '2027-01-11'`, string(w.Jeremy)); s != "told" {
			t.Error("the team does not know")
		}
	})
}

func TestAnAbsenceThatGoesOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-deux-jours")
		one := func(now time.Time, days ...int) absence.Outcome {
			var cells []booking.Cell
			for _, d := range days {
				cells = append(cells, w.cell(w.Ines, d))
			}
			out, err := w.declare(t, now, citizen(w.Camille), absence.Report{Cells: cells, Reason: ill})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if l := one(at(11, 10, 0), 11).Lines[0]; l.Without != 0 || l.Proof != absence.NoProof {
			t.Errorf("the first day: %+v", l)
		}
		lines := one(at(15, 10, 0), 12, 14, 15).Lines // past days too: told too late but for today
		if l := lines[2]; l.Timing != absence.InTime || l.Without != 100 || l.With != 0 || l.Proof != absence.Due {
			t.Errorf("the fourth day of the same absence: %+v", l)
		}
		if l := lines[0]; l.Timing != absence.TooLate {
			t.Errorf("a day gone by: %+v", l)
		}
	})
}

func TestWhoMayTellAnAbsence(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "autre", "greve")
		mine := absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 12)}, Reason: "autre-raison"}
		forAgent := mine
		forAgent.Family = w.First
		otherHome := forAgent
		otherHome.Family = w.Second
		strike := mine
		strike.Reason, strike.Cells = "greve", []booking.Cell{w.cell(w.Jeremy, 11)}
		strikeByAgent := strike
		strikeByAgent.Family = w.First
		late := at(11, 12, 0)
		for _, c := range []struct {
			name string
			a    actor.Actor
			rep  absence.Report
			want fault.Kind
		}{
			{"the other home's child", citizen(w.Bruno), mine, fault.NotFound},
			{"a contact", citizen(w.Contact), mine, fault.NotFound},
			{"an agent without the right", familytest.Agent(booking.Read), forAgent, fault.Forbidden},
			{"an agent of another service", familytest.AgentOf(w.Youth, absence.Note), forAgent, fault.NotFound},
			{"an agent in the name of the wrong family", familytest.Agent(absence.Note), otherHome, fault.NotFound},
			{"a reason of the town by a family", citizen(w.Camille), strike, fault.Invalid},
			{"too long a note", citizen(w.Camille), absence.Report{Cells: mine.Cells, Note: strings.Repeat("é", 501)}, fault.Invalid},
			{"nothing", citizen(w.Camille), absence.Report{}, fault.Invalid},
		} {
			if _, err := w.declare(t, late, c.a, c.rep); fault.KindOf(err) != c.want || err == nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		out, err := w.declare(t, late, familytest.Agent(absence.Note), strikeByAgent)
		if err != nil || out.Lines[0].Without != 0 {
			t.Errorf("an agent, a strike: %v %+v", err, out.Lines)
		}
		if out, err = w.declare(t, late, citizen(w.Thomas), mine); err != nil || out.Lines[0].Did != absence.Absent {
			t.Errorf("the other head: %v %+v", err, out.Lines)
		}
		id := out.Lines[0].ID
		for _, a := range []actor.Actor{citizen(w.Bruno), familytest.AgentOf(w.Youth, absence.Note, absence.Decide)} {
			if err := db.Do(context.Background(), w.d, func(tx *db.Tx) error { return absence.Withdraw(tx, late, a, id) }); fault.KindOf(err) != fault.NotFound {
				t.Errorf("withdrawn by %v: %v", a.Kind, err)
			}
		}
		w.do(t, func(tx *db.Tx) error { return absence.Withdraw(tx, late, citizen(w.Camille), id) })
		if s := w.text(t, `select case when absence_at is null then 'no' else 'told' end from booking where child = $1 and day = '2027-01-12'`, string(w.Ines)); s != "no" {
			t.Error("the child is expected again, and its booking says not")
		}
	})
}

func TestAProofIsAnsweredOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j")
		out, err := w.declare(t, at(11, 10, 0), citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Jeremy, 11)}, Reason: ill})
		if err != nil {
			t.Fatal(err)
		}
		answer := func(a actor.Actor, to absence.Proof, why string) fault.Kind {
			err := db.Do(context.Background(), w.d, func(tx *db.Tx) error { return absence.AnswerProof(tx, at(12, 9, 0), a, out.Lines[0].ID, to, why) })
			if err == nil {
				return 0
			}
			return fault.KindOf(err)
		}
		agent := familytest.Agent(absence.Decide)
		for _, c := range []struct {
			name string
			a    actor.Actor
			to   absence.Proof
			why  string
			want fault.Kind
		}{
			{"no right", familytest.Agent(absence.Note), absence.Accepted, "", fault.Forbidden},
			{"another service", familytest.AgentOf(w.Youth, absence.Decide), absence.Accepted, "", fault.NotFound},
			{"a citizen", citizen(w.Camille), absence.Accepted, "", fault.Forbidden},
			{"refused without a word", agent, absence.Refused, "", fault.Invalid},
			{"received", agent, absence.Received, "", 0},
			{"received again", agent, absence.Received, "", fault.Conflict},
			{"accepted", agent, absence.Accepted, "", 0},
			{"refused after all", agent, absence.Refused, "Illisible", fault.Conflict},
		} {
			if got := answer(c.a, c.to, c.why); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
		if all := w.bodies(t, absence.MailAnswered, at(12, 9, 0)); len(all) != 2 || !strings.Contains(all["thomas@exemple.fr"].Paragraphs[0], "non facturé, justificatif accepté") {
			t.Errorf("told %+v", all)
		}
	})
}

func TestTheEveningTellsAndOnlyThenCharges(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10", "absent-prevenir")
		wednesday := 13 // nothing is booked
		w.mark(t, w.Ines, wednesday, "present")
		w.mark(t, w.Ines, 11, "absent")
		w.mark(t, w.Jeremy, 11, "present")
		if n := w.evening(t, at(13, 20, 0)); n != 2 {
			t.Fatalf("told %d", n)
		}
		if n := w.evening(t, at(13, 21, 0)); n != 0 {
			t.Errorf("told again: %d", n)
		}
		all := w.bodies(t, absence.MailEvening, at(13, 21, 0))
		if len(all) != 2 {
			t.Fatalf("told %d heads", len(all))
		}
		for _, body := range all {
			words := strings.Join(body.Paragraphs, " ")
			if !strings.Contains(words, "Pour cette fois, rien de plus n’est facturé") || !strings.Contains(words, "Inès") || strings.Contains(words, "Jérémy") {
				t.Errorf("mail: %s", words)
			}
		}
		w.exec(t, `update booking set state = 'cancelled' where child = $1 and day = '2027-01-14'`, string(w.Ines))
		w.mark(t, w.Ines, 14, "present")
		if n := w.evening(t, at(14, 20, 0)); n != 1 {
			t.Fatalf("the second: %d", n)
		}
		page := w.client(t, citizen(w.Camille)).Get("/espace/absences").Text("main")
		for _, want := range []string{"2 présences sans réservation depuis septembre", "à partir de la 2e : 10,00 €", "Pénalité", "Rien de plus n’est facturé avant"} {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(page, "\u00a0", " "), "\u202f", " "), want) {
				t.Errorf("the page lacks %q: %s", want, page)
			}
		}
		w.mark(t, w.Ines, 14, "absent") // the mark was wrong
		w.evening(t, at(15, 20, 0))
		if page := w.client(t, citizen(w.Camille)).Get("/espace/absences").Text("main"); strings.Contains(page, "Pénalité") || !strings.Contains(page, "Retiré") {
			t.Errorf("a corrected mark still counts: %s", page)
		}
		w.mark(t, w.Ines, 14, "present") // and right after all
		if n := w.evening(t, at(15, 21, 0)); n != 1 {
			t.Errorf("marked again: told %d", n)
		}
	})
}

func TestWithoutARuleOrAfterATellingNobodyIsWarned(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.mark(t, w.Ines, 13, "present")
		w.mark(t, w.Ines, 11, "absent")
		if n := w.evening(t, at(13, 20, 0)); n != 0 {
			t.Errorf("without rules: %d", n)
		}
		w.publish(t, "absent-prevenir", "malade-7j")
		if _, err := w.declare(t, at(11, 10, 0), citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: ill}); err != nil {
			t.Fatal(err)
		}
		if n := w.evening(t, at(13, 20, 0)); n != 0 {
			t.Errorf("an absence that was told: %d", n)
		}
	})
}

func TestAFamilyWithoutAddressIsChargedNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10")
		w.exec(t, `update person set email = ''`)
		w.mark(t, w.Ines, 13, "present")
		if n := w.evening(t, at(13, 20, 0)); n != 0 {
			t.Fatalf("told %d", n)
		}
		w.now = at(14, 9, 0)
		page := w.client(t, familytest.Agent(absence.Note, absence.Decide, family.FileRead)).Get("/agents/absences")
		next := page.Click(`main a[href^="/agents/incidents/"]`)
		next.Submit("#prevenu", nil).Follow()
		if s := w.text(t, `select told_day from incident`); s != "2027-01-14" {
			t.Errorf("told on %s", s)
		}
	})
}

func TestAFamilySaysThatItIsNotExact(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10")
		w.mark(t, w.Ines, 13, "present")
		w.evening(t, at(13, 20, 0))
		w.now = at(14, 9, 0)
		id := w.text(t, `select id from incident`)
		if got := w.client(t, citizen(w.Bruno)).Get("/espace/incidents/" + id); got.Status != 404 {
			t.Errorf("the other home reads it: %d", got.Status)
		}
		page := w.client(t, citizen(w.Thomas)).Get("/espace/incidents/" + id)
		if again := page.Submit("#contester", map[string]string{"mot": ""}); again.Status != 422 {
			t.Errorf("empty: %d", again.Status)
		}
		page.Submit("#contester", map[string]string{"mot": "Elle était chez sa grand-mère"}).Follow()
		agent := w.client(t, familytest.Agent(absence.Note, absence.Decide))
		if got := w.client(t, familytest.AgentOf(w.Youth, absence.Note, absence.Decide)).Get("/agents/incidents/" + id); got.Status != 404 {
			t.Errorf("another service reads it: %d", got.Status)
		}
		form := agent.Get("/agents/absences").Click(`main a[href^="/agents/incidents/"]`)
		if !strings.Contains(form.Text("main"), "grand-mère") {
			t.Errorf("the agent reads %s", form.Text("main"))
		}
		form.Submit("#reponse", map[string]string{"decision": "retirer"}).Follow()
		if s := w.text(t, `select case when withdrawn_at is null then 'stands' else 'gone' end from incident`); s != "gone" {
			t.Errorf("it %s", s)
		}
		if n := w.evening(t, at(14, 20, 0)); n != 0 {
			t.Errorf("what an agent withdrew came back: %d", n)
		}
		for _, body := range w.bodies(t, absence.MailAnswered, w.now) {
			if !strings.Contains(body.Paragraphs[0], "le service le retire") {
				t.Errorf("answer: %v", body.Paragraphs)
			}
		}
	})
}

func TestLatePickups(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		note := func(a actor.Actor, child family.ChildID, minute int) (bool, fault.Kind) {
			cat := w.cat(t)
			counts, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (bool, error) {
				return absence.NoteLatePickup(tx, at(11, 20, 0), a, cat, absence.Late{Child: child, Activity: w.ID, Day: date("2027-01-11"), Minute: minute})
			})
			if err == nil {
				return counts, 0
			}
			return counts, fault.KindOf(err)
		}
		agent := familytest.Agent(absence.Note)
		if _, kind := note(agent, w.Ines, 1125); kind != fault.Refused {
			t.Errorf("without a rule: %v", kind)
		}
		w.publish(t, "retard-15")
		if _, kind := note(familytest.AgentOf(w.Youth, absence.Note), w.Ines, 1125); kind != fault.Forbidden {
			t.Errorf("another service: %v", kind)
		}
		if counts, kind := note(agent, w.Ines, 18*60+40); counts || kind != 0 {
			t.Errorf("within the tolerance: %v %v", counts, kind)
		}
		if counts, kind := note(agent, w.Ines, 18*60+41); !counts || kind != 0 {
			t.Errorf("after it: %v %v", counts, kind)
		}
		if _, kind := note(agent, w.Ines, 18*60+50); kind != fault.Conflict {
			t.Errorf("twice: %v", kind)
		}
		if n := w.evening(t, at(11, 20, 30)); n != 1 {
			t.Errorf("told %d", n)
		}
	})
}

func TestAnUnpaidBalanceClosesBooking(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "impaye-100")
		owed := 10001
		barred := absence.Barred(func(_ db.Reader, families []family.ID, _ civil.Date) (map[family.ID]cents, error) {
			sums := map[family.ID]cents{}
			for _, of := range families {
				sums[of] = cents(owed)
			}
			return sums, nil
		})
		book := func(a actor.Actor, day int) booking.Decision {
			out, err := w.Apply(t, w.now, a, booking.Order{Family: w.First, Wishes: []booking.Wish{w.Wish(w.Ines, civil.NewDate(2027, 1, day), w.Only())}, Barred: barred})
			if err != nil {
				t.Fatal(err)
			}
			return out.Lines[0]
		}
		if d := book(citizen(w.Camille), 18); d.Did != booking.DidNone || !strings.Contains(d.Why, "100,01") {
			t.Errorf("above: %s %s", d.Did, d.Why)
		}
		out, err := w.Apply(t, w.now, citizen(w.Camille), booking.Order{Wishes: []booking.Wish{{Cell: w.cell(w.Ines, 11), Seen: booking.Token("booked." + string(w.Only()))}}, Barred: barred})
		if err != nil || out.Lines[0].Did != booking.DidCancel {
			t.Errorf("giving up: %v %+v", err, out.Lines)
		}
		if d := book(familytest.Agent(booking.Write), 18); d.Did != booking.DidBook {
			t.Errorf("an agent: %s %s", d.Did, d.Why)
		}
		agent := w.client(t, familytest.Agent(absence.Decide, absence.Note))
		path := "/agents/familles/" + string(w.First) + "/dispense"
		if got := agent.Get(path).Submit("#dispense", map[string]string{"motif": ""}); got.Status != 422 {
			t.Errorf("no reason: %d", got.Status)
		}
		agent.Get(path).Submit("#dispense", map[string]string{"motif": "Échéancier accordé"}).Follow()
		if d := book(citizen(w.Camille), 19); d.Did != booking.DidBook {
			t.Errorf("exempted: %s %s", d.Did, d.Why)
		}
		owed = 10000
		agent.Get(path).Submit("#fin", nil).Follow()
		if d := book(citizen(w.Camille), 21); d.Did != booking.DidBook {
			t.Errorf("at the limit: %s %s", d.Did, d.Why)
		}
	})
}

func TestVersionsAreNeverWrittenOver(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "sans-10")
		act, _ := w.cat(t).Activity(w.ID)
		try := func(a actor.Actor, from string, seen int) fault.Kind {
			err := db.Do(context.Background(), w.d, func(tx *db.Tx) error {
				_, err := absence.Publish(tx, w.now, a, act, absence.Rules{From: date(from)}, seen)
				return err
			})
			if err == nil {
				return 0
			}
			return fault.KindOf(err)
		}
		agent := familytest.Agent(activity.Write)
		for _, c := range []struct {
			a    actor.Actor
			from string
			seen int
			want fault.Kind
		}{{familytest.Agent(activity.Read), "2027-02-01", 1, fault.Forbidden}, {familytest.AgentOf(w.Youth, activity.Write), "2027-02-01", 1, fault.Forbidden},
			{agent, "2027-02-01", 0, fault.Conflict}, {agent, "2027-01-05", 1, fault.Invalid}, {agent, "2027-01-06", 1, 0}} {
			if got := try(c.a, c.from, c.seen); got != c.want {
				t.Errorf("from %s having read %d: %v, want %v", c.from, c.seen, got, c.want)
			}
		}
	})
}
