package family_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// TestTheFamilyIsToldOfWhatAnAgentAdds: at the counter somebody may ask in a family's name; those who head it learn
// it, but for whom a court keeps from the child.
func TestTheFamilyIsToldOfWhatAnAgentAdds(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		add := func(a actor.Actor, add func(tx *db.Tx, a actor.Actor, who person.ID) error) []string {
			t.Helper()
			told, err := db.Write(context.Background(), d, func(tx *db.Tx) ([]string, error) {
				if _, err := tx.Exec(`delete from mail_outbox`); err != nil {
					return nil, err
				}
				who, err := person.Insert(tx, now, actor.Job("test"), person.Person{LastName: "Roux", FirstNames: "Jeanne", BirthDay: civil.NewDate(2018, 3, 4)})
				if err == nil {
					err = add(tx, a, who)
				}
				if err != nil {
					return nil, err
				}
				return db.List(tx, db.Column[string], `select to_address from mail_outbox where template = $1 order by to_address`, family.MailByAgent)
			})
			if err != nil {
				t.Fatal(err)
			}
			return told
		}
		contact := func(tx *db.Tx, a actor.Actor, who person.ID) error {
			_, err := family.AddMember(tx, now, a, family.NewMember{Family: h.First, Person: who, Role: family.Contact, MayCollect: true})
			return err
		}
		child := func(tx *db.Tx, a actor.Actor, who person.ID) error {
			_, err := family.AddChild(tx, now, a, family.NewChild{Family: h.First, Person: who})
			return err
		}
		kept := func(tx *db.Tx, a actor.Actor, who person.ID) error {
			if err := child(tx, actor.Job("test"), who); err != nil {
				return err
			}
			if _, err := family.Restrict(tx, now, actor.Job("test"), family.Restriction{Person: h.Thomas, Child: family.ChildID(who), DecidedOn: civil.DateOf(now), Reference: "26/001"}); err != nil {
				return err
			}
			if _, err := tx.Exec(`delete from family_member where person = $1`, string(who)); err != nil {
				return err
			}
			return child(tx, a, who)
		}
		agent, both := familytest.Agent(family.FileWrite), []string{"camille.martin@exemple.fr", "thomas@exemple.fr"}
		for name, c := range map[string]struct {
			a    actor.Actor
			add  func(*db.Tx, actor.Actor, person.ID) error
			want []string
		}{
			"an agent adds a contact":                   {agent, contact, both},
			"an agent adds a child":                     {agent, child, both},
			"the import adds a contact":                 {actor.Job("import"), contact, nil},
			"a child that a court keeps from one of us": {agent, kept, both[:1]},
		} {
			if diff := cmp.Diff(c.want, add(c.a, c.add)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		add(agent, contact)
		if text := textOfMail(t, d, family.MailByAgent); !strings.Contains(text, "Un agent de la mairie a ajouté Jeanne Roux") || !strings.Contains(text, "chercher vos enfants") {
			t.Errorf("the mail says: %s", text)
		}
	})
}

// textOfMail renders the latest mail of a template as the worker would.
func textOfMail(t *testing.T, d *db.DB, template string) string {
	t.Helper()
	text, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
		id, err := db.One(r, "member", db.Column[string], `select id from family_member order by id desc limit 1`)
		if err != nil {
			return "", err
		}
		for _, m := range family.Mails(family.MailDeps{URL: func(p string) string { return "http://portail.test" + p }}) {
			if m.Name == template {
				body, err := m.Render(context.Background(), r, map[string]string{"member": id})
				if err != nil {
					return "", err
				}
				_, text, _, err := mail.Render(mail.Look{Town: "Mairie de Rivebelle"}, body)
				return text, err
			}
		}
		return "", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
