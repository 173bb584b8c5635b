package booking_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestADayBookedPartByPartIsReadAsTheChoiceItMakes(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Wednesday())
		day := civil.NewDate(2027, 1, 13)
		row := func(child family.ChildID, unit string) booking.Row {
			return booking.Row{Child: child, Unit: o.Units[unit], Day: day, Family: o.First, State: booking.Booked}
		}
		bookingtest.Agenda{}.Book(t, d, row(o.Jeremy, "Matin"), row(o.Jeremy, "Repas"), row(o.Jeremy, "Après-midi"), row(o.Ines, "Matin"), row(o.Ines, "Après-midi"))
		cat, err := o.Catalogue.Get(context.Background(), persontest.Now())
		if err != nil {
			t.Fatal(err)
		}
		held := func() map[booking.Cell]booking.Holding {
			all, err := db.Read(context.Background(), d, func(r db.Reader) (map[booking.Cell]booking.Holding, error) {
				return booking.Holdings(r, cat, []family.ChildID{o.Jeremy, o.Ines}, civil.Range{From: day, To: day})
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		act, _ := cat.Activity(o.ID)
		jeremy, ines := booking.Cell{Child: o.Jeremy, Activity: o.ID, Day: day}, booking.Cell{Child: o.Ines, Activity: o.ID, Day: day}
		if got := booking.ChoiceName(act, held()[jeremy].Choice); got != "Journée" {
			t.Errorf("Jérémy: %q", got)
		}
		if got := booking.ChoiceName(act, held()[ines].Choice); got != "Matin et après-midi" {
			t.Errorf("Inès: %q", got)
		}
		order := booking.Order{Family: o.First, Overrule: true, Reason: "Grève", Wishes: []booking.Wish{{Cell: jeremy, Seen: held()[jeremy].Token()}, {Cell: ines, Seen: held()[ines].Token()}}}
		agent := familytest.AgentOf(o.Service, booking.Write)
		out, err := o.Apply(t, persontest.Now(), agent, order)
		if err != nil || out.Done() != 2 {
			t.Fatalf("cancelling both: %+v, %v", out.Lines, err)
		}
		// A choice of one's own is not on offer: not even to who knows its name.
		loose := out.Lines[1].Held.Choice
		out, err = o.Apply(t, persontest.Now(), persontest.Citizen(o.Camille), booking.Order{Wishes: []booking.Wish{{Cell: ines, Want: loose}}})
		if err != nil || out.Done() != 0 {
			t.Errorf("a family books parts that no choice makes: %+v, %v", out, err)
		}
	})
}

// What the service wrote on a day goes with what it did: who gives the day up itself later reads nothing of it.
func TestTheServicesWordIsThatOfTheLastAct(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Plan{})
		agent := familytest.AgentOf(o.Service, booking.Write)
		cell := booking.Cell{Child: o.Ines, Activity: o.ID, Day: friday}
		seen := booking.Holding{State: booking.Booked, Choice: o.Only()}.Token()
		apply := func(by string, order booking.Order) {
			t.Helper()
			who := agent
			if by == "family" {
				who = persontest.Citizen(o.Camille)
			}
			if out, err := o.Apply(t, persontest.Now(), who, order); err != nil || out.Done() != 1 {
				t.Fatalf("%s: %+v, %v", by, out, err)
			}
		}
		agenda := func() string {
			return p.As(as(o.Camille, "Camille Martin")).Get("/espace/enfants/" + string(o.Ines) + "/agenda?semaine=2027-01-04").Text("main")
		}
		apply("family", booking.Order{Wishes: []booking.Wish{{Cell: cell, Want: o.Only()}}})
		apply("agent", booking.Order{Family: o.First, Overrule: true, Reason: "Grève du personnel", Wishes: []booking.Wish{{Cell: cell, Seen: seen}}})
		if got := agenda(); !strings.Contains(got, "Grève du personnel") {
			t.Errorf("what the service took back: %s", got)
		}
		week, err := db.Read(context.Background(), d, func(r db.Reader) ([]web.WeekDay, error) {
			return pages(d).Week(r, persontest.Now(), as(o.Camille, "Camille Martin"))
		})
		if err != nil || !strings.Contains(fmt.Sprint(week), "Annulé\u00a0: grève du personnel") {
			t.Errorf("the first page: %+v, %v", week, err)
		}
		apply("agent", booking.Order{Family: o.First, Overrule: true, Restore: true, Reason: "Accueil rétabli", Wishes: []booking.Wish{{Cell: cell, Want: o.Only()}}})
		if got := agenda(); !strings.Contains(got, "Accueil rétabli") {
			t.Errorf("what the service gave back: %s", got)
		}
		apply("family", booking.Order{Wishes: []booking.Wish{{Cell: cell, Seen: seen}}})
		if got := agenda(); strings.Contains(got, "Accueil rétabli") || strings.Contains(got, "Grève") {
			t.Errorf("a day that the family gave up itself: %s", got)
		}
	})
}

func TestALateRequestMadePartByPartIsOneOfTheChoice(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Wednesday())
		var rows []booking.Row
		for _, unit := range []string{"Matin", "Repas", "Après-midi"} {
			rows = append(rows, booking.Row{Child: o.Jeremy, Unit: o.Units[unit], Day: civil.NewDate(2027, 1, 13), Family: o.First, State: booking.Asked})
		}
		bookingtest.Agenda{}.Book(t, d, rows...)
		cat, err := o.Catalogue.Get(context.Background(), persontest.Now())
		if err != nil {
			t.Fatal(err)
		}
		all, err := db.Read(context.Background(), d, func(r db.Reader) ([]booking.LateRequest, error) {
			return booking.LateRequests(r, cat, civil.DateOf(persontest.Now()))
		})
		if err != nil {
			t.Fatal(err)
		}
		act, _ := cat.Activity(o.ID)
		if len(all) != 1 || booking.ChoiceName(act, all[0].Choice) != "Journée" {
			t.Fatalf("%d requests, %+v", len(all), all)
		}
		seen := booking.Holding{State: booking.Asked, Choice: all[0].Choice}.Token()
		_, err = db.Write(context.Background(), d, func(tx *db.Tx) (string, error) {
			return booking.AnswerLate(tx, persontest.Now(), familytest.AgentOf(o.Service, booking.Write), cat, o.First, all[0].Cell, seen, booking.Answer{Accept: true})
		})
		if err != nil {
			t.Errorf("accepting it: %v", err)
		}
	})
}

func TestPartsThatNoChoiceMakesAreShownAndGivenUp(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o, p := open(t, d, activitytest.Wednesday())
		day := civil.NewDate(2027, 1, 13)
		for _, unit := range []string{"Matin", "Après-midi"} {
			bookingtest.Agenda{}.Book(t, d, booking.Row{Child: o.Ines, Unit: o.Units[unit], Day: day, Family: o.First, State: booking.Booked})
		}
		c := p.As(as(o.Camille, "Camille Martin"))
		path := "/espace/enfants/" + string(o.Ines) + "/agenda?semaine=2027-01-11"
		page := c.Get(path)
		pick := page.Doc.Find("main .agenda-day select")
		if chosen := strings.TrimSpace(pick.Find("option[selected]").Text()); pick.Length() != 1 || chosen != "Matin et après-midi" {
			t.Fatalf("%d lists, %q chosen: %s", pick.Length(), chosen, page.Text("main"))
		}
		const form = `form[action$="/verifier"]`
		if same := page.Submit(form, nil); !strings.Contains(same.Text("main"), "n’avez rien changé") && !strings.Contains(same.Text("main"), "Aucun changement") {
			t.Errorf("nothing changed: %d %s", same.Status, same.Text("main"))
		}
		name := pick.AttrOr("name", "")
		journey := ""
		for _, x := range pick.Find("option").EachIter() {
			if strings.Contains(x.Text(), "Journée") {
				journey = x.AttrOr("value", "")
			}
		}
		if more := c.Get(path).Submit(form, map[string]string{name: journey}); !strings.Contains(more.Text("main"), "À changer") || !strings.Contains(more.Text("main"), "atin et après-midi") {
			t.Errorf("the whole day instead: %d %s", more.Status, more.Text("main"))
		}
		check := c.Get(path).Submit(form, map[string]string{name: ""})
		if text := check.Text("main"); !strings.Contains(text, "À annuler") || !strings.Contains(text, "Matin et après-midi") && !strings.Contains(text, "matin et après-midi") {
			t.Fatalf("giving it up: %d %s", check.Status, text)
		}
		if done := check.Submit(`form[action$="/confirmer"]`, nil); done.Status != 303 {
			t.Errorf("confirmed: %d %s", done.Status, done.Text("main"))
		}
		left, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "bookings", db.Column[int64], `select count(*) from booking where state = 'booked'`)
		})
		if err != nil || left != 0 {
			t.Errorf("%d parts stay booked, %v", left, err)
		}
	})
}
