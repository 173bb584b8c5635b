package person_test

import (
	"context"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var now = persontest.Now()

func byID(t *testing.T, d *db.DB, id person.ID) person.Person {
	t.Helper()
	p, err := db.Read(context.Background(), d, func(r db.Reader) (person.Person, error) { return person.ByID(r, id) })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func do(d *db.DB, verb func(tx *db.Tx) error) error { return db.Do(context.Background(), d, verb) }

func TestInsertAndRead(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		want := persontest.Camille()
		id := persontest.Add(t, d, want)
		got := byID(t, d, id)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(person.Person{}, "ID", "UpdatedAt")); diff != "" {
			t.Errorf("person read back (-want +got):\n%s", diff)
		}
		if err := do(d, func(tx *db.Tx) error {
			_, err := person.Insert(tx, now, actor.Actor{}, want)
			return err
		}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a visitor inserted a person: %v", err)
		}
		if err := do(d, func(tx *db.Tx) error {
			_, err := person.Insert(tx, now, actor.Job("test"), person.Person{Email: "a@b.fr"})
			return err
		}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a person without a name: %v", err)
		}
	})
}

func TestFind(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		ids := map[person.ID]string{persontest.Add(t, d, persontest.Camille()): "Camille"}
		for _, p := range []person.Person{
			{LastName: "d’Estaing", FirstNames: "Zoë"}, {LastName: "Nguyễn", FirstNames: "Linh", Mobile: "07 00 00 00 01"},
			{LastName: "Martinez", FirstNames: "Paul", Email: "paul_m@exemple.fr"}, {LastName: "Martineau", FirstNames: "Ana", Email: "paulxm@exemple.fr"},
		} {
			ids[persontest.Add(t, d, p)] = p.FirstNames
		}
		for query, want := range map[string][]string{
			"mart": {"Camille", "Ana", "Paul"}, "camille mar": {"Camille"}, "durand": {"Camille"}, "estaing zoe": {"Zoë"},
			"NGUYEN": {"Linh"}, "tin": nil, "06 12 34": {"Camille"}, "+33 6 12 34 56 78": {"Camille"}, "0700000001": {"Linh"},
			"paul_m@": {"Paul"}, "Camille.Martin@exemple.fr": {"Camille"}, "%": nil, "": nil, "' or 1=1": nil,
		} {
			people, err := db.Read(context.Background(), d, func(r db.Reader) ([]person.Person, error) { return person.Find(r, query, 10) })
			if err != nil {
				t.Fatalf("%q: %v", query, err)
			}
			var got []string
			for _, p := range people {
				got = append(got, ids[p.ID])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("search %q (-want +got):\n%s", query, diff)
			}
		}
		many := make([]person.ID, 0, 1200)
		for id := range ids {
			many = append(many, id)
		}
		for len(many) < 1200 {
			many = append(many, "absent")
		}
		names, err := db.Read(context.Background(), d, func(r db.Reader) (map[person.ID]string, error) { return person.Names(r, many...) })
		if err != nil || len(names) != 5 {
			t.Errorf("names of 1,200 ids: %d, %v", len(names), err)
		}
	})
}

func TestSetContact(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		id := persontest.Add(t, d, persontest.Camille())
		me := persontest.Citizen(id)
		moved := person.Contact{Mobile: "07 11 22 33 44", Preferred: person.ByMobile, Address: person.Address{Street: "quai de Seine", PostCode: "78 999", City: "Rivebelle"}}
		set := func(a actor.Actor, c person.Contact, keep bool) error {
			return do(d, func(tx *db.Tx) error { return person.SetContact(tx, now, a, id, c, 0, keep) })
		}
		for name, a := range map[string]actor.Actor{"a visitor": {}, "another family's adult": persontest.Citizen("other"),
			"an agent without the right": {Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{person.Read: {actor.AllServices}}}} {
			if err := set(a, moved, false); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s changed the contact details: %v", name, err)
			}
		}
		if err := set(me, moved, true); err != nil {
			t.Fatal(err)
		}
		if got := byID(t, d, id); got.Mobile != "+33711223344" || got.Address.Street != "rue des Écoles" {
			t.Errorf("with proof demanded, got mobile %s, street %s", got.Mobile, got.Address.Street)
		}
		if err := set(me, moved, false); err != nil {
			t.Fatal(err)
		}
		got := byID(t, d, id)
		if got.Address.Line() != "quai de Seine, 78999 Rivebelle" || got.Email != "camille.martin@exemple.fr" {
			t.Errorf("got address %q, e-mail %q", got.Address.Line(), got.Email)
		}
		err := do(d, func(tx *db.Tx) error { return person.SetContact(tx, now, me, id, moved, got.UpdatedAt-1, false) })
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("an outdated form was taken: %v", err)
		}
	})
}

// emailCase is somebody who asked for a new address, with the link of the mail.
func ask(t *testing.T, d *db.DB, key *crypt.Key, id person.ID, email string, at time.Time) string {
	t.Helper()
	if err := do(d, func(tx *db.Tx) error { return person.AskEmail(tx, at, persontest.Citizen(id), key, id, email) }); err != nil {
		t.Fatal(err)
	}
	return lastLink(t, d, key, id, at)
}

func lastLink(t *testing.T, d *db.DB, key *crypt.Key, id person.ID, at time.Time) string {
	t.Helper()
	link := ""
	_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		sent, err := mail.ForAccount(r, persontest.Citizen(id).Account)
		if err != nil {
			return 0, err
		}
		for _, tpl := range person.Mails(person.MailDeps{Key: key, Now: func() time.Time { return at }, URL: func(p string) string { return p }}) {
			for _, s := range sent {
				if link == "" && tpl.Name == person.MailConfirm && s.Template == tpl.Name {
					body, err := tpl.Render(r.Context(), r, s.Args)
					if err != nil {
						return 0, err
					}
					link = body.Button.URL
				}
			}
		}
		return 0, nil
	})
	if err != nil || link == "" {
		t.Fatalf("no link in the mails: %v", err)
	}
	return link
}

const prefix = "/confirmer-adresse/"

func TestNewEmailCountsOnceConfirmed(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		id := persontest.Add(t, d, persontest.Camille())
		first := ask(t, d, key, id, "Nouvelle@Exemple.fr", now)
		if got := byID(t, d, id).Email; got != "camille.martin@exemple.fr" {
			t.Fatalf("the address changed before it was confirmed: %s", got)
		}
		second := ask(t, d, key, id, "encore@exemple.fr", now.Add(time.Minute))
		told := ""
		confirm := func(link string, at time.Time) error {
			return do(d, func(tx *db.Tx) error {
				told = ""
				_, err := person.ConfirmEmail(tx, at, link[len(prefix):], func(_ *db.Tx, _ time.Time, _ actor.Actor, who person.ID, email string) error {
					told = string(who) + " " + email
					return nil
				})
				return err
			})
		}
		if err := confirm(first, now); fault.KindOf(err) != fault.Refused {
			t.Errorf("a replaced link: %v", err)
		}
		if err := confirm(second, now.Add(49*time.Hour)); fault.KindOf(err) != fault.Refused {
			t.Errorf("a link of 49 hours: %v", err)
		}
		if err := confirm(prefix+"inconnu", now); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown link: %v", err)
		}
		if err := confirm(second, now.Add(47*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := byID(t, d, id).Email; got != "encore@exemple.fr" || told != string(id)+" encore@exemple.fr" {
			t.Errorf("address %s, told %q", got, told)
		}
		if err := confirm(second, now.Add(47*time.Hour)); fault.KindOf(err) != fault.Refused {
			t.Errorf("a link used twice: %v", err)
		}
		sent := mails(t, d)
		want := map[string]int{person.MailConfirm + " nouvelle@exemple.fr": 1, person.MailConfirm + " encore@exemple.fr": 1,
			person.MailAsked + " camille.martin@exemple.fr": 2, person.MailChanged + " camille.martin@exemple.fr": 1}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
	})
}

func mails(t *testing.T, d *db.DB) map[string]int {
	t.Helper()
	got := map[string]int{}
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]mail.Status, error) { return mail.InState(r, mail.Queued, 100) })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		got[s.Template+" "+s.To]++
	}
	return got
}

func TestAskEmailIsBounded(t *testing.T) {
	testkit.EachEngine(t, person.Sources(), func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		id := persontest.Add(t, d, persontest.Camille())
		try := func(a actor.Actor, email string) fault.Kind {
			return fault.KindOf(do(d, func(tx *db.Tx) error { return person.AskEmail(tx, now, a, key, id, email) }))
		}
		me := persontest.Citizen(id)
		if k := try(persontest.Citizen("other"), "a@b.fr"); k != fault.NotFound {
			t.Errorf("somebody else's address: %v", k)
		}
		for _, email := range []string{"", "camille", "Camille.Martin@exemple.fr"} {
			if k := try(me, email); k != fault.Invalid {
				t.Errorf("%q: %v", email, k)
			}
		}
		for _, email := range []string{"a@b.fr", "c@d.fr", "e@f.fr", "g@h.fr", "i@j.fr"} {
			ask(t, d, key, id, email, now)
		}
		if k := try(me, "k@l.fr"); k != fault.Throttled {
			t.Errorf("a sixth address in a day: %v", k)
		}
	})
}
