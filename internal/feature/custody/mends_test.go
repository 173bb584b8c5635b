package custody_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestADateOutsideTheSharingIsRefused: dates apart that the rhythm does not hold would have no effect.
func TestADateOutsideTheSharingIsRefused(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		form := portal(t, d).As(persontest.Citizen(h.Camille)).Get("/espace/famille/partage/" + string(h.Jeremy) + "/proposer?rythme=paires")
		for _, c := range []struct{ name, end, from, to string }{
			{"before the first day", "", "19/01/2027", "26/01/2027"}, {"after the last", "28/02/2027", "01/03/2027", "07/03/2027"},
		} {
			page := form.Submit("main form", map[string]string{"debut": "01/02/2027", "fin": c.end, "du1": c.from, "au1": c.to})
			if page.Status != 422 || !strings.Contains(page.Text("#erreurs"), "Ces jours sont hors du partage") || !page.Has(`#erreurs a[href="#champ-du1"]`) {
				t.Errorf("%s: %d %s", c.name, page.Status, page.Text("#erreurs"))
			}
		}
		if page := form.Submit("main form", map[string]string{"debut": "01/02/2027", "du1": "30/01/2027", "au1": "03/02/2027"}); page.Status != 200 {
			t.Errorf("across the first day: %d %s", page.Status, page.Text("#erreurs"))
		}
	})
}

// TestADayOfferedTwiceIsOfferedOnce: the same form sent twice is answered as done, tells the other home once, by its name;
// a day taken may be handed back.
func TestADayOfferedTwiceIsOfferedOnce(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		day := civil.NewDate(2027, 1, 12)
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := custody.Enter(tx, now, familytest.Agent(family.FileWrite), h.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
				Home: h.First, Other: h.Second, Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p, path := portal(t, d), "/espace/famille/partage/"+string(h.Jeremy)
		camille, bruno := p.As(persontest.Citizen(h.Camille)), p.As(actorOf(h, "Bruno Petit"))
		for range 2 {
			page := camille.Post(path+"/confier", url.Values{"cle": {db.NewID()}, "jour": {day.String()}})
			if page.Status != 303 {
				t.Fatalf("offered: %d %s", page.Status, page.Text("main"))
			}
		}
		if got := sent(t, d); strings.Count(got, custody.MailDayOffered) != 1 {
			t.Errorf("told: %s", got)
		}
		args, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
			return db.One(r, "mail", db.Column[string], `select args from mail_outbox where template = $1`, custody.MailDayOffered)
		})
		if err != nil || !strings.Contains(args, string(h.Bruno)) {
			t.Errorf("the mail does not know who reads it: %s %v", args, err)
		}
		id, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
			return db.One(r, "day", db.Column[string], `select id from custody_day`)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range custody.Mails(custody.MailDeps{URL: func(p string) string { return p }, Now: persontest.Now}) {
			if x.Name != custody.MailDayOffered {
				continue
			}
			body, err := db.Read(context.Background(), d, func(r db.Reader) (mail.Body, error) {
				return x.Render(context.Background(), r, map[string]string{"day": id, "home": string(h.Second), "person": string(h.Bruno)})
			})
			if err != nil || body.Greeting != "Bonjour Bruno Petit," {
				t.Errorf("%q %v", body.Greeting, err)
			}
		}
		his := bruno.Get(path)
		his.Submit(`form[action$="/reponse"]`, map[string]string{"reponse": "accepter"})
		taken := bruno.Get(path)
		if !strings.Contains(taken.Text("main"), "déjà réservé par l’autre foyer") {
			t.Errorf("who pays is not said: %s", taken.Text("main"))
		}
		if back := taken.Click(`main a[href$="confier?jour=2027-01-12"]`); back.Status != 200 || !back.Has(`option[value="2027-01-12"][selected]`) {
			t.Errorf("handing back: %d %s", back.Status, back.Text("main"))
		}
	})
}
