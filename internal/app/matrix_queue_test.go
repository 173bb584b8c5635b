package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// newcomers makes one who waits, and a link of another to an adult of the home.
func (m *matrixTown) newcomers(tx *db.Tx, job actor.Actor, name string, h home) (waiting, decision string, err error) {
	known := person.Person{LastName: "Retrouvé", FirstNames: "Renaud", BirthDay: civil.NewDate(1983, 4, 5)}
	signUp := func(p person.Person, username string) (account.ID, error) {
		return account.Insert(tx, m.now, job, account.Account{Person: must(person.Insert(tx, m.now, job, p)), Audience: account.Citizen, Username: username + name,
			Email: username + name + "@exemple.fr", EmailConfirmedAt: civil.InstantOf(m.now), State: account.Waiting}, "")
	}
	first, err := signUp(person.Person{LastName: "Nouveau", FirstNames: "Nils"}, "nouveau.")
	if err != nil {
		return "", "", err
	}
	second, err := signUp(known, "retrouve.")
	if err != nil {
		return "", "", err
	}
	who := must(person.Insert(tx, m.now, job, known))
	if _, err := family.AddMember(tx, m.now, job, family.NewMember{Family: h.id, Person: who, Role: family.Contact}); err != nil {
		return "", "", err
	}
	var decider account.ID
	for _, p := range m.people {
		if p.name == "agent instruction" {
			decider = p.account
		}
	}
	agent := actor.Actor{Kind: actor.Agent, Second: true, Account: string(decider), Rights: map[actor.Right][]string{admission.DecideRight: {actor.AllServices}}}
	link, err := admission.Link(tx, m.now, agent, second, who, nil)
	return string(first), string(link), err
}
