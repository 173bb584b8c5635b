package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// places are an adult's standing in a home, made for the counter, and its child's.
func (m *matrixTown) places(tx *db.Tx, job actor.Actor, h home) (adult, child string, err error) {
	who := must(person.Insert(tx, m.now, job, person.Person{LastName: "Guichet", FirstNames: "Gaby"}))
	place, err := family.AddMember(tx, m.now, job, family.NewMember{Family: h.id, Person: who, Role: family.Member, Relation: "tante"})
	if err != nil {
		return "", "", err
	}
	child, err = db.One(tx, "place", db.Column[string], `select id from family_member where family = $1 and person = $2`, string(h.id), string(h.child))
	return string(place), child, err
}
