package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family/familytest"
)

// lateAndWaiting is an evening care of one place on Tuesday: Léo has it, Inès waits for it since before the limit, and
// Jérémy asks for it past the limit.
func lateAndWaiting(w *inLine) booking.Cell {
	day, only := w.day(2), w.only("Garderie")
	w.want("Léo", w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only)), "booked")
	w.want("Inès", w.ask(w.camille(), booking.Order{}, w.wish(w.Ines, "Garderie", day, only)), "joined")
	w.now = day.At(10, 0, w.zone) // the care starts at 16:30; the limit was the day before
	w.want("Jérémy", w.ask(w.camille(), booking.Order{Note: "Réunion"}, w.wish(w.Jeremy, "Garderie", day, only)), "asked")
	return booking.Cell{Child: w.Jeremy, Activity: w.byName["Garderie"].ID, Day: day}
}

func (w *inLine) answerLate(c booking.Cell, ans booking.Answer) error {
	return db.Do(context.Background(), w.d, func(tx *db.Tx) error {
		_, err := booking.AnswerLate(tx, w.now, agentWith(), w.cat, w.First, c, booking.Token("asked."+string(w.only("Garderie"))), ans)
		return err
	})
}

func (w *inLine) count(statement string, args ...any) int {
	w.t.Helper()
	n, err := db.Read(context.Background(), w.d, func(r db.Reader) (int, error) { return db.One(r, "count", db.Column[int], statement, args...) })
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestALateRequestTakesNoPlaceBeforeThoseWhoWait(t *testing.T) {
	eachLine(t, func(w *inLine) {
		c := lateAndWaiting(w)
		for name, ans := range map[string]booking.Answer{
			"with a place added":              {Accept: true, AddPlace: true},
			"with a word that is no decision": {Accept: true, AddPlace: true, Reason: "Avec plaisir"},
		} {
			if err := w.answerLate(c, ans); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.SentenceOf(err), "1\u00a0enfant attend déjà cette place") {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.answerLate(c, booking.Answer{Accept: true, AddPlace: true, Pass: true}); fault.KindOf(err) != fault.Invalid {
			w.t.Errorf("overruled without a reason: %v", err)
		}
		w.held = true // the place is free, the job that gives it on has not run yet
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", c.Day)), "cancelled")
		if err := w.answerLate(c, booking.Answer{Accept: true}); fault.KindOf(err) != fault.Conflict {
			w.t.Errorf("a free place that is owed to another: %v", err)
		}
		if several := lists(t, w.d, w.now).As(familytest.Agent(booking.Read, booking.Write)).Get("/agents/demandes-tardives/plusieurs"); strings.Contains(several.Body, "Jérémy") {
			w.t.Errorf("accepted with others at once: %s", several.Text("main"))
		}
		w.want("still asked", w.states(w.Jeremy, "Garderie", c.Day), "asked")
		w.do(func(tx *db.Tx) error { return runHandOn(tx, w.now, w.cat) })
		w.want("who waited has it", w.states(w.Ines, "Garderie", c.Day), "booked")
		w.want("nobody waits: full, an added place passes nobody", errWord(w.answerLate(c, booking.Answer{Accept: true, AddPlace: true})), "")
		if n := w.count(`select count(*) from audit_event where action = 'booking.list.passed'`); n != 0 {
			w.t.Errorf("%d overrules told, none was", n)
		}
	})
}

func errWord(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestAnAgentOverrulesTheListForALateRequestWithAReason(t *testing.T) {
	eachLine(t, func(w *inLine) {
		c := lateAndWaiting(w)
		page := lists(t, w.d, w.now).As(familytest.Agent(booking.Read, booking.Write)).Get("/agents/demandes-tardives/" + string(c.Child) + "." + string(c.Activity) + "." + c.Day.String())
		if text := page.Text("main"); !strings.Contains(text, "Attendent dans l’ordre1 enfant") || page.Has(`#reponse input[value="ajouter"]`) || page.Has(`#reponse input[value="accepter"]`) {
			w.t.Fatalf("who waits is shown before: %s", text)
		}
		if bare := page.Submit("#reponse", map[string]string{"decision": "ajouter-avant"}); bare.Status != 422 || !strings.Contains(bare.Text("#erreurs"), "1 enfant attend déjà cette place") {
			w.t.Fatalf("without a reason: %d %s", bare.Status, bare.Text("main"))
		}
		done := page.Submit("#reponse", map[string]string{"decision": "ajouter-avant", "motif": "Hospitalisation d’un parent"})
		if done.Status != 303 {
			w.t.Fatalf("overruling: %d %s", done.Status, done.Text("main"))
		}
		w.want("Jérémy", w.states(w.Jeremy, "Garderie", c.Day), "booked")
		w.want("Inès still waits", w.states(w.Ines, "Garderie", c.Day), "waiting")
		if n := w.count(`select count(*) from booking_line where did = 'accepted' and why = 'Hospitalisation d’un parent' and by_agent = true`); n != 1 {
			w.t.Errorf("%d lines keep the reason", n)
		}
		if n := w.count(`select count(*) from audit_event where action = 'booking.list.passed'`); n != 1 {
			w.t.Errorf("%d entries tell the overrule", n)
		}
	})
}

func TestALateRequestIsPutAtTheEndOfTheList(t *testing.T) {
	eachLine(t, func(w *inLine) {
		c := lateAndWaiting(w)
		page := lists(t, w.d, w.now).As(familytest.Agent(booking.Read, booking.Write)).Get("/agents/demandes-tardives/" + string(c.Child) + "." + string(c.Activity) + "." + c.Day.String())
		if done := page.Submit("#reponse", map[string]string{"decision": "attendre"}); done.Status != 303 {
			w.t.Fatalf("to the list: %d %s", done.Status, done.Text("main"))
		}
		w.want("Jérémy", w.states(w.Jeremy, "Garderie", c.Day), "waiting")
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", c.Day)), "cancelled")
		w.want("the first has it", w.states(w.Ines, "Garderie", c.Day), "booked")
		w.want("the second waits", w.states(w.Jeremy, "Garderie", c.Day), "waiting")
		w.want("the first gives it up", w.ask(w.camille(), booking.Order{}, w.none(w.Ines, "Garderie", c.Day)), "cancelled")
		w.want("the second has it", w.states(w.Jeremy, "Garderie", c.Day), "booked")
	})
}

func TestALateCancellingAcceptedIsGivenOnAtOnce(t *testing.T) {
	eachLine(t, func(w *inLine) {
		c := lateAndWaiting(w)
		w.set(`update activity set late_free = false where id = $1`, string(c.Activity))
		w.want("Léo asks to cancel", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", c.Day)), "cancel_asked")
		w.set(`update activity set late_free = true where id = $1`, string(c.Activity))
		leo := booking.Cell{Child: w.leo, Activity: c.Activity, Day: c.Day}
		w.do(func(tx *db.Tx) error {
			_, err := booking.AnswerLate(tx, w.now, agentWith(), w.cat, w.Second, leo, booking.Token("booked."+string(w.only("Garderie"))+".c"), booking.Answer{Accept: true})
			return err
		})
		w.do(func(tx *db.Tx) error { return runHandOn(tx, w.now, w.cat) })
		w.want("Inès has it", w.states(w.Ines, "Garderie", c.Day), "booked")
		told := ""
		for _, m := range w.post() {
			if m = strings.ReplaceAll(m, "\u00a0", " "); strings.Contains(m, "Réponse à votre demande hors délai") {
				told = m
			}
		}
		if !strings.Contains(told, "demande d’annulation acceptée") {
			w.t.Errorf("the family is not told that its request is accepted: %q", told)
		}
	})
}

func TestAPlaceThatAnAgentGaveDoesNotPretendToBeAsked(t *testing.T) {
	eachLine(t, func(w *inLine) {
		c := lateAndWaiting(w)
		w.now = w.now.Add(-48 * time.Hour)
		ines := booking.Cell{Child: w.Ines, Activity: c.Activity, Day: c.Day}
		w.do(func(tx *db.Tx) error {
			_, err := booking.GivePlace(tx, w.now, agentWith(), w.cat, w.First, ines, booking.Token("waiting."+string(w.only("Garderie"))), booking.Give{AddPlace: true, Reason: "Fratrie."})
			return err
		})
		w.now = w.now.Add(72 * time.Hour)
		told := ""
		for _, m := range w.post() {
			if m = strings.ReplaceAll(m, "\u00a0", " "); strings.Contains(m, "Le service vous donne une place") {
				told = m
			}
		}
		if !strings.Contains(told, "Motif du service : Fratrie.") || strings.Contains(told, "Fratrie..") || strings.Contains(told, "Comme vous l’avez demandé") {
			w.t.Errorf("told %q", told)
		}
	})
}
