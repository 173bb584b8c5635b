package signup

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func TestOwnerCorrectsWhatTheAgentAsked(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		k := open(t, d)
		who := persontest.Add(t, d, persontest.Camille())
		a := actor.Actor{Kind: actor.Citizen, State: actor.Waiting, Account: "compte", Person: string(who), Name: "Camille Martin"}
		asked, sent := Standing{}, 0
		pages := k.pages()
		pages.Standing = func(db.Reader, time.Time, account.ID) (Standing, error) { return asked, nil }
		pages.Resubmit = func(_ *db.Tx, _ time.Time, by actor.Actor) error {
			if !asked.Correction || by.Account != "compte" {
				return fault.New(fault.Conflict, "Rien n’est attendu.")
			}
			sent++
			return nil
		}
		k.portal = testkit.NewPortal(t, d, k.now)
		pages.Citizen(k.portal.Router)
		c := k.portal.As(a)
		if page := c.Get(correctionPath); page.Location() != "/espace" {
			t.Errorf("nothing asked: %d %s", page.Status, page.Location())
		}
		asked = Standing{Correction: true, Message: "L’année semble fausse.", Asked: []Asked{{"naissance", "Date de naissance"}}}
		page := c.Get(correctionPath)
		if !strings.Contains(page.Text("main"), "L’année semble fausse.") || !page.Has("#champ-naissance") || page.Has("#champ-nom") || page.Has("#champ-voie") {
			t.Fatalf("page: %s", page.Text("main"))
		}
		form := "form[action='" + correctionPath + "']"
		wrong := page.Submit(form, map[string]string{"naissance": "31/02/1987"})
		if wrong.Status != 422 || value(wrong, "naissance") != "31/02/1987" || sent != 0 {
			t.Errorf("a day that does not exist: %d, sent %d", wrong.Status, sent)
		}
		if done := wrong.Submit(form, map[string]string{"naissance": "3/3/1987"}); done.Location() == "" || sent == 0 {
			t.Fatalf("sent: %d %s", done.Status, done.Text("main"))
		}
		p, err := db.Read(context.Background(), d, func(r db.Reader) (person.Person, error) { return person.ByID(r, who) })
		want := persontest.Camille()
		if err != nil || p.BirthDay.String() != "1987-03-03" || p.LastName != want.LastName || p.Mobile != want.Mobile || p.Address != want.Address || p.Email != want.Email {
			t.Errorf("person %+v, %v", p, err)
		}
		asked.Correction = false
		if late := wrong.Submit(form, map[string]string{"naissance": "4/4/1987"}); late.Status != 409 {
			t.Errorf("after the agent closed it: %d", late.Status)
		}
	})
}
