// Package familytest makes families for tests: a child who lives in two homes, a sister in one of them, a contact.
package familytest

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
)

// Homes are two homes of one child. Camille and Thomas head the first with Jérémy and Inès; Bruno heads the second
// with Jérémy alone. Marie-Christine is a contact of the first. All is known by the service Enfance.
type Homes struct {
	Service, Youth         town.ServiceID
	School                 town.SiteID
	First, Second          family.ID
	Camille, Thomas, Bruno person.ID
	Jeremy, Ines           family.ChildID
	Contact                person.ID
	ContactMember          family.MemberID
}

// What belongs to Bruno's home alone: none of it may reach Camille, and the reverse for hers.
var (
	BrunoSecrets   = []string{"rue du Secret", "bruno.petit@exemple.fr", "699887766", "6\u00a099\u00a088\u00a077\u00a066", "06 99 88 77 66"}
	CamilleSecrets = []string{"rue des Écoles", "camille.martin@exemple.fr", "612345678", "06\u00a012\u00a034\u00a056\u00a078", "06 12 34 56 78", "Duval"}
)

// New writes both homes.
func New(t testing.TB, d *db.DB) Homes {
	t.Helper()
	now, job := persontest.Now(), actor.Job("test")
	h, err := db.Write(context.Background(), d, func(tx *db.Tx) (h Homes, err error) {
		steps := []func() error{
			func() (err error) {
				h.Service, err = town.AddService(tx, now, job, town.Service{Name: "Enfance", Phone: "01 00 00 00 01", Hours: "du lundi au vendredi, 8 h 30 – 12 h", Counter: "2, place de la Mairie"})
				return err
			},
			func() (err error) {
				h.Youth, err = town.AddService(tx, now, job, town.Service{Name: "Jeunesse", Order: 1})
				return err
			},
			func() (err error) {
				h.School, err = town.AddSite(tx, now, job, town.Site{Name: "Élémentaire Jean-Moulin", Kind: town.School})
				return err
			},
			func() (err error) { h.First, err = family.Insert(tx, now, job, "", h.Service); return err },
			func() (err error) { h.Second, err = family.Insert(tx, now, job, "Séparé(e)", h.Service); return err },
			func() (err error) {
				h.Camille, err = adult(tx, h.First, family.Holder, persontest.Camille())
				return err
			},
			func() (err error) {
				h.Thomas, err = adult(tx, h.First, family.CoHolder, person.Person{Civility: person.Monsieur, LastName: "Nguyễn", FirstNames: "Thomas", Email: "thomas@exemple.fr"})
				return err
			},
			func() (err error) {
				h.Bruno, err = adult(tx, h.Second, family.Holder, person.Person{Civility: person.Monsieur, LastName: "Petit", FirstNames: "Bruno", Email: "bruno.petit@exemple.fr",
					Mobile: "+33699887766", Address: person.Address{Number: "7", Street: "rue du Secret", PostCode: "78999", City: "Rivebelle-sur-Seine"}})
				return err
			},
			func() (err error) { return h.addChildren(tx) },
			func() (err error) { return h.addContact(tx) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return h, err
			}
		}
		return h, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func adult(tx *db.Tx, f family.ID, role family.Role, p person.Person) (person.ID, error) {
	id, err := person.Insert(tx, persontest.Now(), actor.Job("test"), p)
	if err != nil {
		return "", err
	}
	_, err = family.AddMember(tx, persontest.Now(), actor.Job("test"), family.NewMember{Family: f, Person: id, Role: role})
	return id, err
}

func (h *Homes) addChildren(tx *db.Tx) error {
	now, job := persontest.Now(), actor.Job("test")
	jeremy, err := person.Insert(tx, now, job, person.Person{Civility: person.Monsieur, LastName: "Martin-Nguyễn", FirstNames: "Jérémy", BirthDay: civil.NewDate(2017, 3, 3)})
	if err != nil {
		return err
	}
	ines, err := person.Insert(tx, now, job, person.Person{Civility: person.Madame, LastName: "Martin-Nguyễn", FirstNames: "Inès", BirthDay: civil.NewDate(2019, 10, 19)})
	if err != nil {
		return err
	}
	for _, c := range []family.NewChild{
		{Family: h.First, Person: jeremy, School: h.School, Level: "CM1", Class: "CM1-A"},
		{Family: h.Second, Person: jeremy, SharedCustody: true},
		{Family: h.First, Person: ines, School: h.School, Level: "CE1", Class: "CE1-B"},
	} {
		if _, err := family.AddChild(tx, now, job, c); err != nil {
			return err
		}
	}
	h.Jeremy, h.Ines = family.ChildID(jeremy), family.ChildID(ines)
	return family.SetHealth(tx, now, job, h.Jeremy, family.Health{Diet: "sans porc", Allergies: "arachide", PAI: true})
}

func (h *Homes) addContact(tx *db.Tx) (err error) {
	now, job := persontest.Now(), actor.Job("test")
	h.Contact, err = person.Insert(tx, now, job, person.Person{LastName: "Duval", FirstNames: "Marie-Christine", Mobile: "+33600000001"})
	if err != nil {
		return err
	}
	h.ContactMember, err = family.AddMember(tx, now, job, family.NewMember{Family: h.First, Person: h.Contact, Role: family.Contact,
		Relation: "Grand-mère", MayCollect: true})
	return err
}

// Agent is an agent of all services with rights.
func Agent(rights ...actor.Right) actor.Actor {
	a := actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Name: "Dominique Agent", Rights: map[actor.Right][]string{}}
	for _, r := range rights {
		a.Rights[r] = []string{actor.AllServices}
	}
	return a
}

// AgentOf is an agent of one service with rights.
func AgentOf(service town.ServiceID, rights ...actor.Right) actor.Actor {
	a := Agent(rights...)
	for _, r := range rights {
		a.Rights[r] = []string{string(service)}
	}
	return a
}
