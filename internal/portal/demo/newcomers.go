package demo

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/person"
)

// newcomer is somebody of the activation queue: what is typed, and how long ago the address was confirmed.
type newcomer struct {
	username  string
	ago       time.Duration
	unchecked bool
	person    person.Person
}

// newcomers fills the queue with what agents meet: somebody known with a slip in the name, a homonym, somebody known
// who moved, somebody known by the birth name, and one who waits for longer than promised.
func newcomers(tx *db.Tx, d Deps, a actor.Actor, homes []settled, hash string) error {
	var known []person.Person
	for _, h := range homes[5:9] {
		p, err := person.ByID(tx, h.adults[0])
		if err != nil {
			return err
		}
		known = append(known, p)
	}
	for i, n := range arrivals(known) {
		if err := n.signUp(tx, d.Now, a, hash); err != nil {
			return fmt.Errorf("newcomer %d: %w", i, err)
		}
	}
	return nil
}

// arrivals are made from four known people.
func arrivals(known []person.Person) []newcomer {
	typo, homonym, moved, married := known[0], known[1], known[2], known[3]
	return []newcomer{
		{"arrivee.faute", 3 * time.Hour, false, person.Person{Civility: typo.Civility, LastName: slip(typo.LastName), FirstNames: typo.FirstNames,
			BirthDay: typo.BirthDay, Mobile: typo.Mobile, Address: typo.Address}},
		{"arrivee.homonyme", 20 * time.Hour, false, person.Person{Civility: homonym.Civility, LastName: homonym.LastName, FirstNames: homonym.FirstNames,
			BirthDay: homonym.BirthDay.AddDays(3900), Mobile: "+33639980411", Address: newHome("18", "quai de la Seine")}},
		{"arrivee.adresse", 2 * time.Hour, true, person.Person{Civility: moved.Civility, LastName: moved.LastName, FirstNames: moved.FirstNames,
			BirthDay: moved.BirthDay, Mobile: moved.Mobile, Address: newHome("5 bis", "allée des Noyers")}},
		{"arrivee.mariage", time.Hour, false, person.Person{Civility: married.Civility, LastName: "Delacroix", BirthName: married.LastName,
			FirstNames: married.FirstNames, BirthDay: married.BirthDay, Mobile: "+33639980413", Address: married.Address}},
		{"arrivee.retard", 9 * 24 * time.Hour, false, person.Person{Civility: person.Monsieur, LastName: "Yıldız", FirstNames: "İpek Can",
			BirthDay: civil.NewDate(1984, time.January, 30), Mobile: "+33639980414", Address: newHome("2", "rue du Lavoir")}},
	}
}

func newHome(number, street string) person.Address {
	return person.Address{Number: number, Street: street, PostCode: "78999", City: "Rivebelle-sur-Seine"}
}

// slip doubles the third letter of a name.
func slip(name string) string {
	r := []rune(name)
	if len(r) < 4 {
		return name + "e"
	}
	return string(r[:3]) + string(r[2:])
}

func (n newcomer) signUp(tx *db.Tx, now time.Time, a actor.Actor, hash string) error {
	n.person.Email = n.username + "@exemple.fr"
	at := now.Add(-n.ago)
	who, err := person.Insert(tx, at, a, n.person)
	if err != nil {
		return err
	}
	id, err := account.Insert(tx, at, a, account.Account{Person: who, Audience: account.Citizen, Username: n.username,
		Email: n.person.Email, EmailConfirmedAt: civil.InstantOf(at), State: account.Waiting}, hash)
	if err != nil || !n.unchecked {
		return err
	}
	return admission.NoteUnchecked(tx, id)
}
