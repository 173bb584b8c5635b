package person_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// TestThePersonIsToldOfWhatAnAgentChanges: contact details changed at the counter are told at the address in use
// until then, so that nobody takes somebody's file over unseen.
func TestThePersonIsToldOfWhatAnAgentChanges(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		now := persontest.Now()
		agent := actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Rights: map[actor.Right][]string{person.ContactWrite: {actor.AllServices}}}
		for name, c := range map[string]struct {
			a      actor.Actor
			change func(tx *db.Tx, a actor.Actor, id person.ID) error
			want   []string
		}{
			"an agent changes the phone":   {agent, setPhone, []string{person.MailByAgent + " ancienne@exemple.fr"}},
			"the import changes the phone": {actor.Job("import"), setPhone, nil},
			"an agent changes the e-mail":  {agent, setEmail("neuve@exemple.fr"), []string{person.MailEmailByAgent + " ancienne@exemple.fr"}},
			"an agent types the same one":  {agent, setEmail("ancienne@exemple.fr"), nil},
			"an import corrects an e-mail": {actor.Job("import"), setEmail("neuve@exemple.fr"), nil},
		} {
			told, err := db.Write(context.Background(), d, func(tx *db.Tx) ([]string, error) {
				if _, err := tx.Exec(`delete from mail_outbox`); err != nil {
					return nil, err
				}
				id, err := person.Insert(tx, now, actor.Job("test"), person.Person{LastName: "Martin", FirstNames: "Camille", Email: "ancienne@exemple.fr"})
				if err == nil {
					err = c.change(tx, c.a, id)
				}
				if err != nil {
					return nil, err
				}
				return db.List(tx, db.Column[string], `select template || ' ' || to_address from mail_outbox`)
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(c.want, told); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		own := func(tx *db.Tx, id person.ID) actor.Actor {
			return actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "c", Person: string(id)}
		}
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			id, err := person.Insert(tx, now, actor.Job("test"), person.Person{LastName: "Nguyen", FirstNames: "Thomas", Email: "thomas@exemple.fr"})
			if err != nil {
				return err
			}
			return setPhone(tx, own(tx, id), id)
		})
		if err != nil {
			t.Fatal(err)
		}
		n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox where to_address = 'thomas@exemple.fr'`)
		})
		if err != nil || n != 0 {
			t.Errorf("one's own change: %d mails, %v", n, err)
		}
	})
}

func setPhone(tx *db.Tx, a actor.Actor, id person.ID) error {
	return person.SetContact(tx, persontest.Now(), a, id, person.Contact{Mobile: "06 12 34 56 78"}, 0, false)
}

func setEmail(email string) func(*db.Tx, actor.Actor, person.ID) error {
	return func(tx *db.Tx, a actor.Actor, id person.ID) error {
		return person.SetEmail(tx, persontest.Now(), a, id, email)
	}
}
