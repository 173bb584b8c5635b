package booking_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// waitingPortal is a canteen with one place, taken by Inès on Monday; families and agents have their pages.
func waitingPortal(t *testing.T, d *db.DB) (bookingtest.Open, *testkit.Portal, civil.Date) {
	t.Helper()
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1)})
	p := testkit.NewPortal(t, d, persontest.Now())
	pages(d).Citizen(p.Router)
	pages(d).Counter(p.Router)
	pages(d).Agent(p.Router)
	monday := civil.DateOf(persontest.Now()).Monday().AddDays(7)
	if out, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, monday, o.Only())}}); err != nil || out.Done() != 1 {
		t.Fatalf("%+v %v", out, err)
	}
	return o, p, monday
}

func TestJoiningTheListOnScreen(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o, p, monday := waitingPortal(t, d)
		c := p.As(as(o.Bruno, "Bruno Petit"))
		week := "/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + monday.String()
		page := c.Get(week)
		box := page.Doc.Find("input[type=checkbox][name$='" + monday.String() + "']")
		if text := page.Text("main"); !strings.Contains(text, "Complet") || !strings.Contains(text, "Cochez pour rejoindre la liste d’attente") || box.Length() != 1 {
			t.Fatalf("%d boxes: %s", box.Length(), text)
		}
		check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
		if text := check.Text("main"); check.Status != 200 || !strings.Contains(text, "Liste d’attente") {
			t.Fatalf("%d: %s", check.Status, text)
		}
		done := check.Submit("form[action$=confirmer]", nil).Follow()
		if text := done.Text("main"); done.Status != 200 || !strings.Contains(text, "Liste d’attente, rang 1") || !strings.Contains(text, "Réservé dès qu’une place se libère") ||
			!done.Has(`main a[href="/espace/places"]`) {
			t.Fatalf("%d: %s", done.Status, text)
		}
		if text := c.Get(week).Text("main"); !strings.Contains(text, "Liste d’attente, rang 1") || !strings.Contains(text, "Réservé dès qu’une place se libère") {
			t.Errorf("the cell: %s", text)
		}
		list := c.Get("/espace/places")
		if text := list.Text("main"); !strings.Contains(text, "rang 1") || !strings.Contains(text, "dans l’ordre des demandes") {
			t.Errorf("the list: %s", text)
		}
		leave := c.Get("/espace/enfants/" + string(o.Jeremy) + "/annuler?jour=" + monday.String() + "&activite=" + string(o.ID))
		if !strings.Contains(leave.Text("main"), "Quitter la liste d’attente") {
			t.Errorf("leaving: %s", leave.Text("main"))
		}
		if left := leave.Submit("form[action$=confirmer]", nil).Follow(); !strings.Contains(left.Text("main"), "Annulé") && left.Status != 200 {
			t.Errorf("left: %d %s", left.Status, left.Text("main"))
		}
	})
}

func TestTheLastPlaceWentWhileThePageWasOpen(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o, p, monday := waitingPortal(t, d)
		c := p.As(as(o.Bruno, "Bruno Petit"))
		tuesday := monday.AddDays(1)
		page := c.Get("/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + monday.String())
		box := page.Doc.Find("input[type=checkbox][name$='" + tuesday.String() + "']")
		check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
		if out, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, tuesday, o.Only())}}); err != nil || out.Done() != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		refused := check.Submit("form[action$=confirmer]", nil)
		if refused.Status != 409 || !strings.Contains(refused.Text("main"), "Rejoindre la liste d’attente") {
			t.Fatalf("%d: %s", refused.Status, refused.Text("main"))
		}
		joined := refused.Submit("form[action$=confirmer]", nil).Follow()
		if joined.Status != 200 || !strings.Contains(joined.Text("main"), "Liste d’attente") {
			t.Fatalf("%d: %s", joined.Status, joined.Text("main"))
		}
		wednesday := monday.AddDays(3)
		two := booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, wednesday, o.Only()), o.Wish(o.Jeremy, monday, o.Only())}}
		out, err := o.Apply(t, persontest.Now(), as(o.Bruno, ""), two)
		if err != nil || out.Done() != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		proof := c.Get("/espace/reservations/" + out.Reference)
		later := proof.Submit("form[action$=confirmer]", nil).Follow()
		if later.Status != 200 || !strings.Contains(later.Text("main"), "Liste d’attente") {
			t.Errorf("joining from the confirmation: %d %s", later.Status, later.Text("main"))
		}
	})
}

func TestAnOfferIsAnsweredOnScreen(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o, p, monday := waitingPortal(t, d)
		run := func(statement string, args ...any) {
			t.Helper()
			if err := db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
				t.Fatal(err)
			}
			o.Catalogue.Invalidate()
		}
		run(`update activity set promotion = 'offer' where id = $1`, string(o.ID))
		wish := o.Wish(o.Jeremy, monday, o.Only())
		wish.Queue = true
		if out, err := o.Apply(t, persontest.Now(), as(o.Bruno, ""), booking.Order{Wishes: []booking.Wish{wish}}); err != nil || out.Done() != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		none := o.Wish(o.Ines, monday, "")
		none.Seen = booking.Token("booked." + string(o.Only()))
		if out, err := o.Apply(t, persontest.Now(), as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{none}}); err != nil || out.Done() != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		cat, err := o.Catalogue.Get(context.Background(), persontest.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error { return runHandOn(tx, persontest.Now(), cat) }); err != nil {
			t.Fatal(err)
		}
		c, stranger := p.As(as(o.Bruno, "Bruno Petit")), p.As(as(o.Camille, "Camille Martin"))
		todos, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
			all, err := pages(d).OfferTodos(r, persontest.Now(), as(o.Bruno, ""))
			if len(all) != 1 {
				return "", err
			}
			return all[0].Title + all[0].Href, err
		})
		if err != nil || !strings.Contains(todos, "Place proposée") || !strings.HasSuffix(todos, "/espace/places") {
			t.Errorf("to do: %q %v", todos, err)
		}
		page := c.Get("/espace/places")
		if text := page.Text("main"); !strings.Contains(text, "Place proposée") || !strings.Contains(text, "éponse attendue jusqu’au vendredi 8") {
			t.Fatalf("%s", text)
		}
		desk := p.As(familytest.Agent(booking.Read)).Get("/agents/attente?jour=" + monday.String())
		if text := desk.Text("main"); !strings.Contains(text, "Jérémy") || !strings.Contains(text, "Réponse attendue jusqu’au vendredi 8") {
			t.Errorf("the agents’ list says nothing of the offer: %s", text)
		}
		elsewhere := familytest.Agent()
		elsewhere.Rights = map[actor.Right][]string{booking.Read: {string(o.Youth)}}
		if text := p.As(elsewhere).Get("/agents/attente?jour=" + monday.String()).Text("main"); strings.Contains(text, "Jérémy") {
			t.Errorf("an agent of another service reads the offer: %s", text)
		}
		if text := stranger.Get("/espace/places").Text("main"); strings.Contains(text, "Place proposée") {
			t.Errorf("the other home sees the offer: %s", text)
		}
		done := page.Submit("form:has(input[value=oui])", nil).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "La place est réservée") {
			t.Fatalf("%d %s", done.Status, done.Text("main"))
		}
		if again := page.Submit("form:has(input[value=non])", nil); again.Status != 409 {
			t.Errorf("refused after it was taken: %d %s", again.Status, again.Text("main"))
		}
	})
}

func TestTheAgentsList(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o, p, monday := waitingPortal(t, d)
		wish := o.Wish(o.Jeremy, monday, o.Only())
		wish.Queue = true
		if out, err := o.Apply(t, persontest.Now(), as(o.Bruno, ""), booking.Order{Wishes: []booking.Wish{wish}}); err != nil || out.Done() != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		c := p.As(familytest.Agent(booking.Read, booking.Write))
		all := c.Get("/agents/attente")
		if text := all.Text("main"); !strings.Contains(text, "1 enfant") || !strings.Contains(text, "Demande non satisfaite") {
			t.Fatalf("%d %s", all.Status, text)
		}
		day := c.Get("/agents/attente?jour=" + monday.String())
		if text := day.Text("main"); !strings.Contains(text, "Rang 1") {
			t.Fatalf("%s", text)
		}
		id := "/agents/attente/" + string(o.Jeremy) + "." + string(o.ID) + "." + monday.String()
		one := c.Get(id)
		if got := one.Submit("form.stack", map[string]string{"decision": "ajouter"}); got.Status != 422 || !strings.Contains(got.Text("main"), "Écrivez le motif") {
			t.Errorf("without a reason: %d %s", got.Status, got.Text("main"))
		}
		done := one.Submit("form.stack", map[string]string{"decision": "ajouter", "motif": "Retour à l’emploi"}).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "Place donnée") || taken(t, d, monday) != 2 {
			t.Fatalf("%d, %d taken: %s", done.Status, taken(t, d, monday), done.Text("main"))
		}
		seen := p.As(as(o.Bruno, "Bruno Petit")).Get("/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + monday.String())
		if !strings.Contains(seen.Text("main"), "Retour à l’emploi") {
			t.Errorf("the family does not read the reason: %s", seen.Text("main"))
		}
		if got := p.As(familytest.Agent(activity.Read)).Get(id); got.Status != 403 {
			t.Errorf("an agent without the right: %d", got.Status)
		}
	})
}
