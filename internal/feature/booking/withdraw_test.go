package booking_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// askedToCancel is Inès's Friday, booked in time, that her mother asked to give up once it was too late.
func askedToCancel(t *testing.T, d *db.DB) (late, *testkit.Portal) {
	t.Helper()
	l := askedLate(t, d)
	writeRaw(t, d, `update booking set state = 'booked', late = $1 where child = $2 and day = $3`, false, string(l.Ines), friday)
	ask := booking.Wish{Cell: booking.Cell{Child: l.Ines, Activity: l.ID, Day: friday}, Seen: booking.Token("booked." + string(l.Only()))}
	if out, err := l.Apply(t, l.now, as(l.Camille, "Camille Martin"), booking.Order{Note: "Malade", Wishes: []booking.Wish{ask}}); err != nil || out.Lines[0].Did != booking.DidAskCancel {
		t.Fatalf("asking to cancel: %+v, %v", out.Lines, err)
	}
	p := testkit.NewPortal(t, d, l.now)
	booking.Pages{DB: d, Now: func() time.Time { return l.now }, Settings: &town.Cache{DB: d}, Catalogue: &activity.Cache{DB: d}}.Citizen(p.Router)
	return l, p
}

func TestAFamilyTakesItsRequestToCancelBack(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		l, p := askedToCancel(t, d)
		c := p.As(as(l.Camille, "Camille Martin"))
		agent := l.desk.As(l.agent())
		queued := agent.Get(l.path(l.Ines, friday))
		if !queued.Has("#reponse") {
			t.Fatalf("the queue has no such request: %s", queued.Text("main"))
		}
		month := "/espace/agenda?mois=" + friday.String()[:7]
		page := c.Get(month).Click(`.agenda-line a[href*="` + string(l.Ines) + `/annuler?jour=` + friday.String() + `"]`)
		if page.Status != 200 || !strings.Contains(page.Text("main"), "Annulation demandée") {
			t.Fatalf("the page of the day: %d %s", page.Status, page.Text("main"))
		}
		done := page.Submit(`form[action$="/garder"]`, nil).Follow()
		text := done.Text("body")
		if done.Status != 200 || !strings.Contains(text, "Votre demande d’annulation est retirée. La réservation reste.") || !strings.Contains(text, "Réservé") {
			t.Fatalf("taken back: %d %s", done.Status, text)
		}
		if state, n := l.state(l.Ines, friday); state != "booked" || n != 0 {
			t.Errorf("the booking is %s, %d places moved", state, n)
		}
		if now := agent.Get(l.path(l.Ines, friday)); now.Has("#reponse") || strings.Contains(agent.Get("/agents/demandes-tardives").Text("main"), "Annuler") {
			t.Errorf("the queue still asks for an answer: %s", now.Text("main"))
		}
		if text := c.Get(month).Text(".agenda"); strings.Contains(text, "Annulation demandée") || strings.Contains(text, "Retirer ma demande") {
			t.Errorf("the agenda still says that it is asked: %s", text)
		}
		if text := c.Get("/espace/enfants/" + string(l.Ines) + "/historique").Text("tbody"); !strings.Contains(text, "retirée") {
			t.Errorf("the history: %s", text)
		}
		// Who still has a page open is told, and nothing moves.
		if again := page.Submit(`form[action$="/garder"]`, map[string]string{"cle": "0123456789012345678901"}); again.Status != 409 {
			t.Errorf("taken back twice: %d", again.Status)
		}
		if answer := queued.Submit("#reponse", map[string]string{"decision": "accepter"}); answer.Status != 409 {
			t.Errorf("an agent answers what was taken back: %d", answer.Status)
		}
		if state, _ := l.state(l.Ines, friday); state != "booked" {
			t.Errorf("after all these: %s", state)
		}
	})
}

func TestWhoMayTakeARequestBack(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		l, p := askedToCancel(t, d)
		form := func(day civil.Date, seen string) url.Values {
			return url.Values{"cle": {db.NewID()}, "jour": {day.String()}, "activite": {string(l.ID)}, "vu": {seen}}
		}
		asked := "booked." + string(l.Only()) + ".c"
		// Jérémy has a second home: its parent may not decide on what the first booked.
		writeRaw(t, d, `update booking set state = 'booked', cancel_asked_at = 1 where child = $1 and day = $2`, string(l.Jeremy), friday)
		for _, x := range []struct {
			name string
			who  *testkit.Client
			path string
			form url.Values
			want int
		}{
			{"a stranger's child", p.As(as(l.Bruno, "Bruno Petit")), "/espace/enfants/" + string(l.Ines) + "/garder", form(friday, asked), 404},
			{"the other home's booking", p.As(as(l.Bruno, "Bruno Petit")), "/espace/enfants/" + string(l.Jeremy) + "/garder", form(friday, asked), 409},
			{"what the page did not show", p.As(as(l.Camille, "")), "/espace/enfants/" + string(l.Ines) + "/garder", form(friday, "booked."+string(l.Only())), 409},
			{"a day that asks nothing", p.As(as(l.Camille, "")), "/espace/enfants/" + string(l.Ines) + "/garder", form(l.thursday, "asked."+string(l.Only())), 409},
			{"no day", p.As(as(l.Camille, "")), "/espace/enfants/" + string(l.Ines) + "/garder", url.Values{"cle": {db.NewID()}}, 409},
		} {
			if got := x.who.Post(x.path, x.form); got.Status != x.want {
				t.Errorf("%s: %d, want %d", x.name, got.Status, x.want)
			}
		}
		if page := l.desk.As(l.agent()).Get(l.path(l.Ines, friday)); !page.Has("#reponse") {
			t.Error("the request left the queue")
		}
	})
}

// TestPagesThatOnlyFormsOpen reloads them: the agenda opens instead.
func TestPagesThatOnlyFormsOpen(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		c := p.As(as(o.Camille, "Camille Martin"))
		for _, path := range []string{"/espace/agenda/verifier", "/espace/agenda/confirmer"} {
			if got := c.Get(path); got.Status != 303 || got.Follow().Path != "/espace/agenda" {
				t.Errorf("%s answers %d", path, got.Status)
			}
		}
	})
}
