package family_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"

	"github.com/google/go-cmp/cmp"
)

func TestAgentAddsAChild(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		agent := c.p.As(familytest.Agent(all...))
		page := agent.Get("/agents/familles/" + string(c.h.First) + "/enfants/nouveau")
		c.told()
		wrong := page.Submit("#guichet", map[string]string{"nom": "Martin", "prenoms": "Zoé", "naissance": "03/03/1990"})
		if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body, `value="Zoé"`) {
			t.Fatalf("an adult as a child answers %d", wrong.Status)
		}
		done := wrong.Submit("#guichet", map[string]string{"naissance": "03/03/2021", "niveau": "PS", "ecole": string(c.h.School), "note": "livret de famille vu"})
		if done.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", done.Status, done.Text("main"))
		}
		if text := done.Follow().Text("main"); !strings.Contains(text, "Zoé Martin") || !strings.Contains(text, "livret de famille vu") {
			t.Errorf("the file: %s", text)
		}
		if diff := cmp.Diff([]string{family.MailByAgent + " " + camilleMail, family.MailByAgent + " " + thomasMail}, c.told()); diff != "" {
			t.Error(diff)
		}
		if text := c.p.As(persontest.Citizen(c.h.Thomas)).Get("/espace/famille").Text("main"); !strings.Contains(text, "Zoé") {
			t.Errorf("the family reads: %s", text)
		}
		if again := agent.Get("/agents/familles/"+string(c.h.First)+"/enfants/nouveau").Submit("#guichet", map[string]string{"nom": "MARTIN", "prenoms": "zoe", "naissance": "03/03/2021"}); again.Status != http.StatusUnprocessableEntity {
			t.Errorf("the same child twice answers %d", again.Status)
		}
	})
}

// TestAKnownChildComesToASecondHome: no second record of one child, and the first home learns it.
func TestAKnownChildComesToASecondHome(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		ines := map[string]string{"nom": "Martin-Nguyen", "prenoms": "Inès", "naissance": "19/10/2019"}
		agent := c.p.As(familytest.Agent(all...))
		asked := agent.Get("/agents/familles/"+string(c.h.Second)+"/enfants/nouveau").Submit("#guichet", ines)
		if text := asked.Text("main"); asked.Status != http.StatusUnprocessableEntity || !strings.Contains(text, "déjà connue") || !strings.Contains(text, "avec Camille Martin") {
			t.Fatalf("%d: %s", asked.Status, text)
		}
		c.told()
		if done := asked.Submit("#guichet", map[string]string{"connu": string(c.h.Ines)}); done.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", done.Status, done.Text("main"))
		}
		want := []string{family.MailCounter + " " + camilleMail, family.MailCounter + " " + thomasMail, family.MailByAgent + " bruno.petit@exemple.fr"}
		if diff := cmp.Diff(want, c.told()); diff != "" {
			t.Error(diff)
		}
		if n := len(c.list(`select id from person where first_names = 'Inès'`)); n != 1 {
			t.Errorf("%d children named Inès", n)
		}
		if got := c.one(`select level from child where person = $1`, string(c.h.Ines)); got != "CE1" {
			t.Errorf("the level is lost: %q", got)
		}
		if err := c.acts(c.h.Bruno, c.h.Ines); err != nil {
			t.Errorf("the second home does not act: %v", err)
		}
	})
}

// TestAHomonymIsAnotherChild, when the agent says so; and one of another service's families is not told of.
func TestAHomonymIsAnotherChild(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		add := func(a actor.Actor, id family.ID, change func(*family.NewPupil)) error {
			n := family.NewPupil{Family: id, LastName: "Martin-Nguyễn", FirstNames: "Inès", BirthDay: "19/10/2019"}
			change(&n)
			return c.try(func(tx *db.Tx) error {
				_, err := family.CounterAddChild(tx, persontest.Now(), a, n, family.Counter{})
				return err
			})
		}
		var third family.ID
		c.do(func(tx *db.Tx) (err error) {
			third, err = family.Insert(tx, persontest.Now(), actor.Job("test"), "", c.h.Youth)
			return err
		})
		agent, youth := familytest.Agent(all...), familytest.AgentOf(c.h.Youth, all...)
		if err := add(agent, c.h.Second, func(n *family.NewPupil) { n.Known = c.h.Jeremy.PersonID() }); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a child of another name is taken: %v", err)
		}
		if err := add(youth, third, func(n *family.NewPupil) { n.Known = c.h.Ines.PersonID() }); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a child of another service's family is taken: %v", err)
		}
		if err := add(youth, third, func(*family.NewPupil) {}); err != nil {
			t.Errorf("an agent of another service is told of the child: %v", err)
		}
		if err := add(agent, c.h.Second, func(n *family.NewPupil) { n.Other = true }); err != nil {
			t.Errorf("a homonym: %v", err)
		}
	})
}

func TestAgentAddsAnAdult(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		page := c.p.As(familytest.Agent(all...)).Get("/agents/familles/" + string(c.h.Second) + "/membres/nouveau")
		c.told()
		wrong := page.Submit("#guichet", map[string]string{"role": "contact", "nom": "Petit", "prenoms": "Odile", "lien": "tante"})
		if wrong.Status != http.StatusUnprocessableEntity {
			t.Fatalf("a contact without phone answers %d", wrong.Status)
		}
		if young := wrong.Submit("#guichet", map[string]string{"role": "member", "naissance": "04/05/2015"}); young.Status != http.StatusUnprocessableEntity {
			t.Errorf("a child among the adults answers %d", young.Status)
		}
		done := wrong.Submit("#guichet", map[string]string{"role": "coholder", "courriel": "odile@exemple.fr"})
		if done.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", done.Status, done.Text("main"))
		}
		if diff := cmp.Diff([]string{family.MailByAgent + " bruno.petit@exemple.fr"}, c.told()); diff != "" {
			t.Error(diff)
		}
		odile := person.ID(c.one(`select id from person where first_names = 'Odile' and email = 'odile@exemple.fr'`))
		if err := c.acts(odile, c.h.Jeremy); err != nil {
			t.Errorf("the co-holder does not act: %v", err)
		}
	})
}

// TestARestrictionBidsToLookTwice before somebody becomes a co-holder.
func TestARestrictionBidsToLookTwice(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		add := func(change func(*family.Newcomer)) error {
			n := family.Newcomer{Addition: family.Addition{Family: c.h.Second, Role: family.CoHolder, LastName: "Petit", FirstNames: "Odile", Relation: "tante"}}
			change(&n)
			return c.try(func(tx *db.Tx) error {
				_, err := family.CounterAdd(tx, persontest.Now(), familytest.Agent(all...), n, family.Counter{})
				return err
			})
		}
		c.restrict(c.h.Camille, c.h.Jeremy)
		asContact := func(n *family.Newcomer) { n.Role, n.Phone = family.Contact, "0639980009" }
		known := func(n *family.Newcomer) { n.LastName, n.FirstNames, n.Known = "Martin", "Camille", c.h.Camille }
		for name, x := range map[string]struct {
			change func(*family.Newcomer)
			want   fault.Kind
		}{
			"somebody new as co-holder":   {func(*family.Newcomer) {}, fault.Invalid},
			"the kept adult as co-holder": {known, fault.Invalid},
			"the kept adult, to collect": {func(n *family.Newcomer) {
				known(n)
				asContact(n)
				n.MayCollect = true
			}, fault.Invalid},
			"somebody new as a contact": {asContact, fault.Unknown},
			"read and confirmed":        {func(n *family.Newcomer) { n.Despite, n.FirstNames = true, "Odette" }, fault.Unknown},
		} {
			if err := add(x.change); fault.KindOf(err) != x.want || x.want == fault.Unknown && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestAnAgentActsInsideTheServiceOnly, and nobody but an agent acts at a counter.
func TestAnAgentActsInsideTheServiceOnly(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		now := persontest.Now()
		verbs := map[string]func(tx *db.Tx, a actor.Actor) error{
			"contact": func(tx *db.Tx, a actor.Actor) error {
				return family.CounterContact(tx, now, a, c.place(c.h.Camille), person.Contact{}, "", 0, family.Counter{})
			},
			"place": func(tx *db.Tx, a actor.Actor) error {
				return family.SetPlace(tx, now, a, c.place(c.h.Thomas), family.PlaceChange{Role: family.CoHolder, Relation: "père"}, family.Counter{})
			},
			"school": func(tx *db.Tx, a actor.Actor) error {
				return family.SetSchooling(tx, now, a, c.place(c.h.Ines.PersonID()), family.Schooling{Level: "CE1"}, family.Counter{})
			},
			"child": func(tx *db.Tx, a actor.Actor) error {
				_, err := family.CounterAddChild(tx, now, a, family.NewPupil{Family: c.h.First, LastName: "Roux", FirstNames: "Jeanne", BirthDay: "01/02/2020"}, family.Counter{})
				return err
			},
			"adult": func(tx *db.Tx, a actor.Actor) error {
				_, err := family.CounterAdd(tx, now, a, family.Newcomer{Addition: family.Addition{Family: c.h.First, Role: family.CoHolder, LastName: "Roux",
					FirstNames: "Paul", Relation: "oncle"}}, family.Counter{})
				return err
			},
			"end": func(tx *db.Tx, a actor.Actor) error {
				return family.EndPlace(tx, now, a, c.place(c.h.Contact), family.Counter{})
			},
		}
		for name, verb := range verbs {
			for who, x := range map[string]struct {
				a  actor.Actor
				ok bool
			}{
				"an agent of another service": {familytest.AgentOf(c.h.Youth, all...), false},
				"an agent who only reads":     {familytest.Agent(family.FileRead), false},
				"the holder":                  {persontest.Citizen(c.h.Camille), false},
				"an import":                   {actor.Job("import"), false},
				"an agent of the service":     {familytest.AgentOf(c.h.Service, all...), true},
			} {
				err := c.try(func(tx *db.Tx) error {
					if err := verb(tx, x.a); err != nil || !x.ok {
						return err
					}
					return fault.New(fault.Throttled, "") // it may: leave all as it is
				})
				if x.ok && fault.KindOf(err) != fault.Throttled {
					t.Errorf("%s by %s: %v", name, who, err)
				}
				if k := fault.KindOf(err); !x.ok && k != fault.NotFound && k != fault.Forbidden {
					t.Errorf("%s by %s: %v", name, who, err)
				}
			}
		}
		page := c.p.As(familytest.AgentOf(c.h.Youth, all...)).Get("/agents/membres/" + string(c.place(c.h.Camille)) + "/coordonnees")
		if page.Status != http.StatusNotFound {
			t.Errorf("the page answers %d", page.Status)
		}
		if n := len(c.list(`select id from family_member where state = 'pending'`)); n != 0 {
			t.Errorf("%d pending", n)
		}
	})
}

// TestAFamilyWithoutMail: the page says it, and offers what to hand over.
func TestAFamilyWithoutMail(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		c.do(func(tx *db.Tx) error { _, err := tx.Exec(`update person set email = ''`); return err })
		agent := c.p.As(familytest.Agent(all...))
		page := agent.Get("/agents/membres/" + string(c.place(c.h.Ines.PersonID())) + "/scolarite")
		if text := page.Text("main"); !strings.Contains(text, "Cette famille n’a pas d’adresse e-mail") || strings.Contains(text, "sera prévenue") {
			t.Errorf("the page says: %s", text)
		}
		printed := page.Click(`a[href$="/a-imprimer"]`)
		for _, want := range []string{"État du dossier", "Inès Martin-Nguyễn", "rue des Écoles", "Marie-Christine Duval"} {
			if !strings.Contains(printed.Text("main"), want) {
				t.Errorf("the printed page lacks %s", want)
			}
		}
		if strings.Contains(printed.Body, "arachide") || strings.Contains(printed.Body, "rue du Secret") {
			t.Error("the printed page tells health, or of another home")
		}
		done := page.Submit("#guichet", map[string]string{"niveau": "CE2"}).Follow().Text("main")
		if !strings.Contains(done, "imprimez l’état du dossier") {
			t.Errorf("then: %s", done)
		}
	})
}

// TestTheNewCoholderIsTold, whichever the answer: who accepted an invitation waits for it.
func TestTheNewCoholderIsTold(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		for _, approve := range []bool{true, false} {
			var id family.MemberID
			c.do(func(tx *db.Tx) error {
				who, err := person.Insert(tx, persontest.Now(), actor.Job("test"), person.Person{LastName: "Durand", FirstNames: "Paul", Email: "paul@exemple.fr",
					BirthDay: civil.NewDate(1985, 1, 2)})
				if err != nil {
					return err
				}
				id, err = family.Join(tx, persontest.Now(), actor.Job("test"), family.NewMember{Family: c.h.First, Person: who, Relation: "beau-père",
					Service: c.h.Service, State: family.Pending, AskedBy: c.h.Camille})
				return err
			})
			c.told()
			c.do(func(tx *db.Tx) error {
				return family.Decide(tx, persontest.Now(), familytest.AgentOf(town.ServiceID(c.h.Service), family.MemberApprove), id,
					family.Decision{Approve: approve, Reason: "motif pour le titulaire"})
			})
			want := []string{family.MailTurned + " paul@exemple.fr", family.MailRefused + " " + camilleMail}
			if approve {
				want = []string{family.MailJoined + " paul@exemple.fr", family.MailApproved + " " + camilleMail}
			}
			if diff := cmp.Diff(want, c.told()); diff != "" {
				t.Errorf("approved %v: %s", approve, diff)
			}
			c.do(func(tx *db.Tx) error {
				_, err := tx.Exec(`update family_member set to_day = '2026-01-01' where id = $1`, string(id))
				return err
			})
		}
	})
}
