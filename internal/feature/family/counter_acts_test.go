package family_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// counter is a counter with two homes and their agents.
type counter struct {
	t *testing.T
	d *db.DB
	h familytest.Homes
	p *testkit.Portal
}

func eachCounter(t *testing.T, fn func(t *testing.T, c counter)) {
	t.Helper()
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		fn(t, counter{t, d, familytest.New(t, d), portal(t, d)})
	})
}

func (c counter) do(fn func(tx *db.Tx) error) {
	c.t.Helper()
	if err := c.try(fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c counter) try(fn func(tx *db.Tx) error) error { return db.Do(context.Background(), c.d, fn) }

func (c counter) list(query string, args ...any) []string {
	c.t.Helper()
	all, err := db.Read(context.Background(), c.d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query, args...) })
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func (c counter) one(query string, args ...any) string {
	c.t.Helper()
	all := c.list(query, args...)
	if len(all) != 1 {
		c.t.Fatalf("%d rows of %s", len(all), query)
	}
	return all[0]
}

// place is somebody's standing membership of the first home.
func (c counter) place(who person.ID) family.MemberID {
	return family.MemberID(c.one(`select id from family_member where family = $1 and person = $2 and to_day is null`, string(c.h.First), string(who)))
}

// told empties the outbox and gives who was written to, each with the template.
func (c counter) told() []string {
	all := c.list(`select template || ' ' || to_address from mail_outbox order by template, to_address`)
	c.do(func(tx *db.Tx) error { _, err := tx.Exec(`delete from mail_outbox`); return err })
	return all
}

func (c counter) text(template string) string {
	c.t.Helper()
	act := c.one(`select id from counter_act order by id desc limit 1`)
	text, err := db.Read(context.Background(), c.d, func(r db.Reader) (string, error) {
		for _, m := range family.Mails(family.MailDeps{URL: func(p string) string { return "http://portail.test" + p }}) {
			if m.Name == template {
				body, err := m.Render(context.Background(), r, map[string]string{"act": act})
				if err != nil {
					return "", err
				}
				_, text, _, err := mail.Render(mail.Look{Town: "Mairie de Rivebelle"}, body)
				return text, err
			}
		}
		return "", fmt.Errorf("no mail %s", template)
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

func (c counter) restrict(who person.ID, child family.ChildID) {
	c.do(func(tx *db.Tx) error {
		_, err := family.Restrict(tx, persontest.Now(), actor.Job("test"), family.Restriction{Person: who, Child: child,
			DecidedOn: civil.DateOf(persontest.Now()), Reference: "26/001"})
		return err
	})
}

var all = []actor.Right{family.FileRead, family.FileWrite, person.ContactWrite, person.Read}

const camilleMail, thomasMail = "camille.martin@exemple.fr", "thomas@exemple.fr"

func TestAgentCorrectsContactDetailsAtTheCounter(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		agent := c.p.As(familytest.Agent(all...))
		file := agent.Get("/agents/familles/" + string(c.h.First))
		path := "/agents/membres/" + string(c.place(c.h.Camille)) + "/coordonnees"
		if !file.Has(`a[href="` + path + `"]`) {
			t.Fatalf("the file does not lead to %s", path)
		}
		page := agent.Get(path)
		if text := page.Text("main"); !strings.Contains(text, "La famille sera prévenue par courriel.") {
			t.Errorf("the page says: %s", text)
		}
		wrong := page.Submit("#guichet", map[string]string{"mobile": "12", "note": "vue au guichet"})
		if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body, `value="12"`) || !strings.Contains(wrong.Body, `value="vue au guichet"`) {
			t.Fatalf("a wrong number answers %d and keeps: %s", wrong.Status, wrong.Text("main"))
		}
		if told := c.told(); len(told) != 0 {
			t.Errorf("told of what was refused: %v", told)
		}
		done := wrong.Submit("#guichet", map[string]string{"mobile": "06 39 98 12 12"})
		again := wrong.Submit("#guichet", map[string]string{"mobile": "06 39 98 12 12"})
		if done.Status != http.StatusSeeOther || again.Status != http.StatusSeeOther {
			t.Fatalf("saving answers %d, twice %d", done.Status, again.Status)
		}
		shown := done.Follow().Text("main")
		if !strings.Contains(shown, "prévenue par courriel") || !strings.Contains(shown, "vue au guichet") {
			t.Errorf("the file then says: %s", shown)
		}
		want := []string{family.MailCounter + " " + thomasMail, person.MailByAgent + " " + camilleMail}
		if diff := cmp.Diff(want, c.told()); diff != "" {
			t.Error(diff)
		}
		if got := c.one(`select mobile from person where id = $1`, string(c.h.Camille)); got != "+33639981212" {
			t.Errorf("mobile %s", got)
		}
		if text := c.text(family.MailCounter); !strings.Contains(text, "les coordonnées de Camille Martin") || strings.Contains(text, "vue au guichet") {
			t.Errorf("the mail says: %s", text)
		}
		if n := len(c.list(`select id from audit_event where action = 'person.contact.changed' and account = 'agent'`)); n != 1 {
			t.Errorf("%d lines in the journal", n)
		}
	})
}

// TestContactDetailsMovedMeanwhile: the other version stands beside the one typed, and the second sending records it.
func TestContactDetailsMovedMeanwhile(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		page := c.p.As(familytest.Agent(all...)).Get("/agents/membres/" + string(c.place(c.h.Camille)) + "/coordonnees")
		c.do(func(tx *db.Tx) error {
			return person.SetContact(tx, persontest.Now(), persontest.Citizen(c.h.Camille), c.h.Camille, person.Contact{Mobile: "0639980001"}, 0, false)
		})
		late := page.Submit("#guichet", map[string]string{"mobile": "06 39 98 00 02"})
		text := late.Text("main")
		if late.Status != http.StatusConflict || !strings.Contains(text, "06 39 98 00 01") || !strings.Contains(late.Body, "06 39 98 00 02") {
			t.Fatalf("%d: %s", late.Status, text)
		}
		if got := late.Submit("#guichet", nil).Status; got != http.StatusSeeOther {
			t.Errorf("sending again answers %d", got)
		}
		if got := c.one(`select mobile from person where id = $1`, string(c.h.Camille)); got != "+33639980002" {
			t.Errorf("mobile %s", got)
		}
	})
}

// TestWhoIsKeptAwayIsNotToldOfANewAddress: somebody who moves away from the other adult.
func TestWhoIsKeptAwayIsNotToldOfANewAddress(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		c.restrict(c.h.Thomas, c.h.Ines)
		c.told()
		c.do(func(tx *db.Tx) error {
			return family.CounterContact(tx, persontest.Now(), familytest.Agent(all...), c.place(c.h.Camille),
				person.Contact{Address: person.Address{Street: "rue Neuve", PostCode: "78999", City: "Rivebelle"}}, camilleMail, 0, family.Counter{})
		})
		if diff := cmp.Diff([]string{person.MailByAgent + " " + camilleMail}, c.told()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTheAddressOfAnAccountIsItsOwners: at the counter only somebody without an account gets another address.
func TestTheAddressOfAnAccountIsItsOwners(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		c.do(func(tx *db.Tx) error {
			_, err := account.Insert(tx, persontest.Now(), actor.Job("test"), account.Account{Person: c.h.Thomas, Audience: account.Citizen,
				Username: "thomas", Email: thomasMail, State: account.Active}, "")
			return err
		})
		for who, want := range map[person.ID]string{c.h.Thomas: thomasMail, c.h.Contact: "neuve@exemple.fr"} {
			c.do(func(tx *db.Tx) error {
				return family.CounterContact(tx, persontest.Now(), familytest.Agent(all...), c.place(who), person.Contact{Mobile: "0639980003"}, "neuve@exemple.fr", 0, family.Counter{})
			})
			if got := c.one(`select email from person where id = $1`, string(who)); got != want {
				t.Errorf("address %s, want %s", got, want)
			}
		}
		if page := c.p.As(familytest.Agent(all...)).Get("/agents/membres/" + string(c.place(c.h.Thomas)) + "/coordonnees"); page.Has(`[name=courriel]`) {
			t.Error("the address of an account can be typed")
		} else if text := page.Text("main"); strings.Contains(text, `\u00a0`) || !strings.Contains(text, "espace personnel : ouvert") {
			t.Errorf("an escape is shown as it is written: %s", text)
		}
	})
}

func TestAgentChangesAPlace(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		agent := c.p.As(familytest.Agent(all...))
		contact := agent.Get("/agents/membres/" + string(c.place(c.h.Contact)) + "/place")
		c.told()
		if got := contact.Submit("#guichet", map[string]string{"lien": ""}); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("no relation answers %d", got.Status)
		}
		if got := contact.Submit("#guichet", map[string]string{"lien": "Tante", "chercher": ""}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		want := []string{family.MailCounter + " " + camilleMail, family.MailCounter + " " + thomasMail}
		if diff := cmp.Diff(want, c.told()); diff != "" {
			t.Error(diff)
		}
		if got := c.one(`select relation || ' ' || case when may_collect = true then 'oui' else 'non' end from family_member where id = $1`, string(c.h.ContactMember)); got != "Tante non" {
			t.Errorf("the place is %s", got)
		}
		if text := c.text(family.MailCounter); !strings.Contains(text, "contact, tante, ne peut pas venir chercher") {
			t.Errorf("the mail says: %s", text)
		}
		late := contact.Submit("#guichet", map[string]string{"lien": "Nourrice"})
		if text := late.Text("main"); late.Status != http.StatusConflict || !strings.Contains(text, "Tante") || !strings.Contains(late.Body, "Nourrice") {
			t.Errorf("a form of before answers %d: %s", late.Status, text)
		}
		if got := late.Submit("#guichet", nil); got.Status != http.StatusSeeOther {
			t.Errorf("compared and sent again: %d", got.Status)
		}
		// a co-holder who becomes a contact is told too, and heads no more
		c.told()
		coholder := agent.Get("/agents/membres/" + string(c.place(c.h.Thomas)) + "/place")
		if got := coholder.Submit("#guichet", map[string]string{"role": "contact", "lien": "père"}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		if diff := cmp.Diff(want, c.told()); diff != "" {
			t.Error(diff)
		}
		if err := c.acts(c.h.Thomas, c.h.Ines); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a contact acts: %v", err)
		}
	})
}

func (c counter) acts(who person.ID, child family.ChildID) error {
	_, err := db.Read(context.Background(), c.d, func(r db.Reader) (family.ID, error) {
		return family.MayAct(r, persontest.Citizen(who), child, civil.DateOf(persontest.Now()))
	})
	return err
}

// TestNoRightsBackUnderAnotherRole: whom a court keeps from a child of the family gains nothing unless the agent has
// read of it; nobody makes a second holder.
func TestNoRightsBackUnderAnotherRole(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		c.restrict(c.h.Contact, c.h.Ines)
		set := func(who person.ID, ch family.PlaceChange) error {
			return c.try(func(tx *db.Tx) error {
				return family.SetPlace(tx, persontest.Now(), familytest.Agent(all...), c.place(who), ch, family.Counter{})
			})
		}
		coholder := family.PlaceChange{Role: family.CoHolder, Relation: "père"}
		if err := set(c.h.Contact, coholder); fault.KindOf(err) != fault.Invalid {
			t.Errorf("co-holder in spite of a court: %v", err)
		}
		if err := set(c.h.Contact, family.PlaceChange{Role: family.Contact, Relation: "père"}); err != nil {
			t.Errorf("fewer rights: %v", err)
		}
		if err := set(c.h.Contact, family.PlaceChange{Role: family.Contact, Relation: "père", MayCollect: true}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("fetches children in spite of a court: %v", err)
		}
		coholder.Despite = true
		if err := set(c.h.Contact, coholder); err != nil {
			t.Errorf("the agent has read it: %v", err)
		}
		if err := set(c.h.Thomas, family.PlaceChange{Role: family.Holder}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a second holder: %v", err)
		}
		if err := set(c.h.Camille, family.PlaceChange{Role: family.Contact, Relation: "mère"}); err != nil {
			t.Errorf("the holder's relation: %v", err)
		}
		if got := c.one(`select role from family_member where id = $1`, string(c.place(c.h.Camille))); got != "holder" {
			t.Errorf("the holder is %s", got)
		}
	})
}

func TestAgentTakesSomebodyOutOfAFamily(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		agent := c.p.As(familytest.Agent(all...))
		id := string(c.place(c.h.Thomas))
		page := agent.Get("/agents/membres/" + id + "/retrait")
		if text := page.Text("main"); !strings.Contains(text, "ne voit plus rien de cette famille") {
			t.Errorf("the page says: %s", text)
		}
		c.told()
		if got := page.Submit("#guichet", map[string]string{"note": "jugement du 3 mai"}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		if diff := cmp.Diff([]string{family.MailCounter + " " + camilleMail, family.MailCounter + " " + thomasMail}, c.told()); diff != "" {
			t.Error(diff)
		}
		if err := c.acts(c.h.Thomas, c.h.Ines); fault.KindOf(err) != fault.NotFound {
			t.Errorf("who left still acts: %v", err)
		}
		if got := agent.Get("/agents/membres/" + id + "/retrait").Status; got != http.StatusNotFound {
			t.Errorf("who left can be taken out again: %d", got)
		}
		holder := agent.Get("/agents/membres/" + string(c.place(c.h.Camille)) + "/retrait")
		if holder.Status != http.StatusConflict {
			t.Errorf("the holder's page answers %d", holder.Status)
		}
		err := c.try(func(tx *db.Tx) error {
			return family.EndPlace(tx, persontest.Now(), familytest.Agent(all...), c.place(c.h.Camille), family.Counter{})
		})
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("a family without holder: %v", err)
		}
	})
}

// TestAChildsSchoolIsTheChilds: both homes are told, each without the other's note.
func TestAChildsSchoolIsTheChilds(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		page := c.p.As(familytest.Agent(all...)).Get("/agents/membres/" + string(c.place(c.h.Jeremy.PersonID())) + "/scolarite")
		c.told()
		if got := page.Submit("#guichet", map[string]string{"niveau": "CM2", "classe": "CM2-B", "note": "secret du premier foyer"}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		want := []string{family.MailCounter + " bruno.petit@exemple.fr", family.MailCounter + " " + camilleMail, family.MailCounter + " " + thomasMail}
		if diff := cmp.Diff(want, c.told()); diff != "" {
			t.Error(diff)
		}
		if got := c.one(`select level || ' ' || class from child where person = $1`, string(c.h.Jeremy)); got != "CM2 CM2-B" {
			t.Errorf("the child is in %s", got)
		}
		if text := c.p.As(familytest.Agent(all...)).Get("/agents/familles/" + string(c.h.Second)).Text("main"); strings.Contains(text, "secret du premier foyer") {
			t.Error("the other home's file shows the note")
		}
		if got := page.Submit("#guichet", map[string]string{"niveau": "6E"}); got.Status != http.StatusConflict || !strings.Contains(got.Text("main"), "CM2-B") {
			t.Errorf("a form of before answers %d", got.Status)
		}
	})
}

// TestAChildIsReachedByItsFamily: a child has no contact details of its own, an adult no school.
func TestAChildIsReachedByItsFamily(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		child, adult := string(c.place(c.h.Ines.PersonID())), string(c.place(c.h.Thomas))
		err := c.try(func(tx *db.Tx) error {
			return family.CounterContact(tx, persontest.Now(), familytest.Agent(all...), family.MemberID(child), person.Contact{Mobile: "0639980004"}, "", 0, family.Counter{})
		})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("a child's own phone: %v", err)
		}
		for _, path := range []string{child + "/coordonnees", child + "/place", adult + "/scolarite"} {
			if got := c.p.As(familytest.Agent(all...)).Get("/agents/membres/" + path).Status; got != http.StatusNotFound {
				t.Errorf("%s answers %d", path, got)
			}
		}
		if err := c.try(func(tx *db.Tx) error {
			return family.SetSchooling(tx, persontest.Now(), familytest.Agent(all...), family.MemberID(adult), family.Schooling{}, family.Counter{})
		}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an adult's school: %v", err)
		}
	})
}
