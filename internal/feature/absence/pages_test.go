package absence_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"

	"github.com/google/go-cmp/cmp"
)

type cents = money.Cents

const oneForm = "main form[novalidate]"

// TestEachModelIsEnteredOnScreen publishes every model through the builder and reads it back as it is, examples shown.
func TestEachModelIsEnteredOnScreen(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		agent := w.client(t, familytest.Agent(activity.Read, activity.Write))
		path := "/agents/activites/" + string(w.ID) + "/absences"
		for i, m := range absence.Models() {
			w.exec(t, `delete from absence_reason`)
			w.exec(t, `delete from absence_incident`)
			w.exec(t, `delete from absence_rules`)
			page := agent.Get(path).Submit(oneForm, map[string]string{"action": "modele", "modele": m.Key})
			if n := page.Doc.Find("aside li").Length(); page.Status != 200 || n != 5 {
				t.Fatalf("%s: %d, %d examples: %s", m.Key, page.Status, n, page.Text("aside"))
			}
			look := page.Submit(oneForm, map[string]string{"action": "verifier"})
			if !strings.Contains(look.Text("main h1"), "Vérifiez") {
				t.Fatalf("%s: %s", m.Key, look.Text("main"))
			}
			done := look.Submit(oneForm, map[string]string{"action": "publier"})
			if done.Status != 303 {
				t.Fatalf("%s: %d %s", m.Key, done.Status, done.Text("main"))
			}
			book, err := db.Read(context.Background(), w.d, absence.ReadRules)
			if err != nil {
				t.Fatal(err)
			}
			got := book[w.ID][0]
			want := absence.Rules{ID: got.ID, Number: 1, From: got.From, Made: got.Made}.With(m.Part)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d %s:\n%s", i, m.Key, diff)
			}
		}
	})
}

func TestTheBuilderByHand(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		agent := w.client(t, familytest.Agent(activity.Read, activity.Write))
		path := "/agents/activites/" + string(w.ID) + "/absences"
		page := agent.Get(path).Submit(oneForm, map[string]string{"action": "ajouter"})
		page = page.Submit(oneForm, map[string]string{"action": "ajouter", "motif1_libelle": "Rendez-vous"})
		page = page.Submit(oneForm, map[string]string{"action": "retirer:1"})
		wrong := page.Submit(oneForm, map[string]string{"action": "verifier", "motif1_libelle": "", "sans_prix": "flat", "sans_montant": "dix", "retard_prix": "flat", "retard_montant": "15"})
		for _, field := range []string{"sans_montant", "retard_heure"} {
			if field == "retard_heure" {
				continue // what is well formed is looked at next
			}
			if wrong.Status != 422 || !wrong.Has("#champ-"+field+"-erreur, [name='"+field+"'][aria-invalid]") {
				t.Errorf("%d: no problem at %s: %s", wrong.Status, field, wrong.Text("main [role=alert]"))
			}
		}
		wrong = page.Submit(oneForm, map[string]string{"action": "verifier", "motif1_libelle": "", "retard_prix": "flat", "retard_montant": "15"})
		for _, field := range []string{"motif1_libelle", "retard_heure"} {
			if wrong.Status != 422 || !wrong.Has("[name='"+field+"'][aria-invalid]") {
				t.Errorf("%d: no problem at %s: %s", wrong.Status, field, wrong.Text("main [role=alert]"))
			}
		}
		reader := w.client(t, familytest.Agent(activity.Read))
		if seen := reader.Get(path); seen.Status != 200 || seen.Has("button[value=verifier]") {
			t.Errorf("a reader: %d", seen.Status)
		}
		// Two agents at once: the second reads what the first published, and keeps what it typed.
		mine := agent.Get(path).Submit(oneForm, map[string]string{"action": "modele", "modele": "autre"})
		w.publish(t, "sans-10")
		late := mine.Submit(oneForm, map[string]string{"action": "verifier"})
		if late.Status != 409 || !strings.Contains(late.Text("main .notice"), "avant vous") || !late.Has("[name=motif1_libelle][value='Autre raison']") {
			t.Errorf("conflict: %d %s", late.Status, late.Text("main"))
		}
	})
}

// TestThreeDaysOfTwoChildren is task 3: Wednesday's parent tells the rest of the week for both, in four clicks, the first
// of which leads to the page, and types nothing.
func TestThreeDaysOfTwoChildren(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "malade-7j", "autre")
		w.now = at(12, 8, 0) // Tuesday: three days of canteen are left for both
		clicks := 1
		ask := w.client(t, citizen(w.Camille)).Get("/espace/absence")
		if n := ask.Doc.Find("input[name=enfant][checked]").Length(); n != 2 {
			t.Fatalf("%d children preselected", n)
		}
		clicks++ // « Cette semaine »
		clicks++ // « Continuer »
		check := ask.Submit("#quand", map[string]string{"quand": "semaine"})
		if n := check.Doc.Find("input[name=ligne][checked]").Length(); n != 6 {
			t.Fatalf("%d lines: %s", n, check.Text("main"))
		}
		if text := check.Text("main"); !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), "Non facturé si le justificatif arrive avant le mardi 19 janvier à 23 h 59") || strings.Contains(check.Path, "malade") {
			t.Errorf("the effect is not told before: %s", text)
		}
		clicks++ // « Signaler l’absence »
		done := check.Submit("#absence", nil).Follow()
		if text := done.Text("main"); clicks > 4 || !strings.Contains(text, "Référence") || !strings.Contains(text, " par vous.") || !strings.Contains(text, "justificatif est à remettre") || strings.Count(text, "annulé à temps") != 4 && !strings.Contains(text, "Annulé") {
			t.Errorf("%d clicks: %s", clicks, text)
		}
		if got := w.client(t, citizen(w.Bruno)).Get(strings.Split(done.Path, "?")[0]); got.Status != 404 {
			t.Errorf("the other home reads the report: %d", got.Status)
		}
		list := w.client(t, citizen(w.Thomas)).Get("/espace/absences")
		if !strings.Contains(list.Text("main"), "Justificatif à remettre") {
			t.Errorf("list: %s", list.Text("main"))
		}
		queue := w.client(t, familytest.Agent(absence.Note, absence.Decide)).Get("/agents/absences")
		if !strings.Contains(strings.ReplaceAll(queue.Text("main"), "\u00a0", " "), "à remettre avant le mardi 19 janvier à 23 h 59") {
			t.Errorf("queue: %s", queue.Text("main"))
		}
		if other := w.client(t, familytest.AgentOf(w.Youth, absence.Note, absence.Decide)).Get("/agents/absences"); !strings.Contains(other.Text("main"), "Rien n’attend") {
			t.Errorf("another service reads: %s", other.Text("main"))
		}
		proof := queue.Click(`main a[href^="/agents/absences/"]`)
		if bad := proof.Submit("#reponse", map[string]string{"decision": "refuse"}); bad.Status != 422 {
			t.Errorf("refused without a word: %d", bad.Status)
		}
		proof.Submit("#reponse", map[string]string{"decision": "accepte"}).Follow()
	})
}

func TestDatesThatCannotBe(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := w.client(t, citizen(w.Camille))
		for _, q := range []url.Values{
			{"quand": {"dates"}, "du": {"hier"}}, {"quand": {"dates"}, "du": {"12/01/2027"}, "au": {"11/01/2027"}}, {"quand": {"dates"}, "du": {"01/11/2026"}},
			{"quand": {"dates"}, "du": {"12/01/2027"}, "au": {"01/01/2029"}}, {"quand": {"toujours"}}, {"quand": {"demain"}, "enfant": nil},
		} {
			if q["enfant"] == nil && q.Get("quand") != "demain" {
				q.Set("enfant", string(w.Ines))
			}
			if got := c.Get("/espace/absence?" + q.Encode()); got.Status != 422 {
				t.Errorf("%s: %d", q.Encode(), got.Status)
			}
		}
		if got := c.Get("/espace/absence?quand=demain&enfant=" + string(w.Ines)); got.Status != 200 || !strings.Contains(got.Text("main"), "Rien n’est réservé") {
			t.Errorf("a free day: %d %s", got.Status, got.Text("main"))
		}
		if got := w.client(t, citizen(w.Bruno)).Get("/espace/absence?quand=demain&enfant=" + string(w.Ines)); got.Status != 404 {
			t.Errorf("somebody else's child: %d", got.Status)
		}
	})
}

func TestTheAgendaAndTheListSayIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.publish(t, "autre")
		if _, err := w.declare(t, at(11, 12, 0), citizen(w.Camille), absence.Report{Cells: []booking.Cell{w.cell(w.Ines, 11)}, Reason: "autre-raison"}); err != nil {
			t.Fatal(err)
		}
		said := booking.Word(booking.Situation{Booking: booking.Booked, Mine: true, Told: true, Day: date("2027-01-11"), Today: date("2027-01-11")})
		if said.Word != "Absence signalée" {
			t.Errorf("a cell says %q", said.Word)
		}
		if came := booking.Word(booking.Situation{Booking: booking.Booked, Mine: true, Told: true, Attendance: booking.Present}); came.Word != "Présent" {
			t.Errorf("who came says %q", came.Word)
		}
		all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]booking.Standing, error) {
			children, err := family.Children(r, citizen(w.Camille), date("2027-01-11"))
			if err != nil {
				return nil, err
			}
			return booking.StandingOf(r, at(11, 12, 0), w.cat(t), children, rangeOf("2027-01-11", "2027-01-11"))
		})
		if err != nil || len(all) != 2 {
			t.Fatalf("%v %+v", err, all)
		}
		for _, x := range all {
			if x.Told != (x.Cell.Child == w.Ines) || x.Gives {
				t.Errorf("%+v", x)
			}
		}
	})
}
