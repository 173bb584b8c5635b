// Package persontest makes people for tests.
package persontest

import (
	"context"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// Now is the moment of tests that need only one: a Wednesday morning in Paris.
func Now() time.Time {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		loc = time.UTC
	}
	return time.Date(2027, time.January, 6, 10, 0, 0, 0, loc)
}

// Camille is an adult with everything filled in.
func Camille() person.Person {
	return person.Person{Civility: person.Madame, LastName: "Martin", BirthName: "Durand", FirstNames: "Camille Marie",
		BirthDay: civil.NewDate(1988, time.March, 3), BirthPlace: "Poissy", Email: "camille.martin@exemple.fr",
		Phone: "+33139750000", Mobile: "+33612345678", Preferred: person.ByMobile,
		Address: person.Address{Number: "12 bis", Street: "rue des Écoles", PostCode: "78999", City: "Rivebelle-sur-Seine"}}
}

// Add writes somebody and returns the id.
func Add(t testing.TB, d *db.DB, p person.Person) person.ID {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (person.ID, error) {
		return person.Insert(tx, Now(), actor.Job("test"), p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Citizen is the actor of somebody with an active account.
func Citizen(id person.ID) actor.Actor {
	return actor.Actor{Kind: actor.Citizen, State: actor.Active, Person: string(id), Account: "account-" + string(id), Name: "Camille Martin"}
}

// Named is Citizen under another name.
func Named(id person.ID, name string) actor.Actor {
	a := Citizen(id)
	a.Name = name
	return a
}
