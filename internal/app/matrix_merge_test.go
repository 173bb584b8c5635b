package app_test

import (
	"context"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
)

// mergings makes, in each home, one contact of two.
func (m *matrixTown) mergings(job actor.Actor, homes [2]home) {
	agent := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{merging.Right: {actor.AllServices}}}
	desk := merging.Desk{Parts: app.MergeParts()}
	for i, name := range []string{"first", "second"} {
		u := person.Union{Of: person.OneHuman}
		m.do(func(tx *db.Tx) error {
			for _, id := range []*string{&u.Keep, &u.Gone} {
				who := must(person.Insert(tx, m.now, job, person.Person{LastName: "Double", FirstNames: "Dany"}))
				if _, err := family.AddMember(tx, m.now, job, family.NewMember{Family: homes[i].id, Person: who, Role: family.Contact}); err != nil {
					return err
				}
				*id = string(who)
			}
			return nil
		})
		out, err := desk.Look(context.Background(), m.app.DB, m.now, agent, u)
		if err != nil {
			m.t.Fatal(err)
		}
		m.do(func(tx *db.Tx) error {
			id, err := desk.Merge(tx, m.now, agent, u, merging.Confirmation{Seen: out.Seen(), Read: true})
			m.targets[name]["merge"] = string(id)
			return err
		})
	}
}
