package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// secondHome makes the child of a home live in a second one too, with what the pages of two homes name: a proposal of the
// first home and one of the second, and a day that the second offers it. The rows are written as they are: the history of the file stays short.
func (m *matrixTown) secondHome(tx *db.Tx, name string, h home, services []town.Service) error {
	job, today := actor.Job("test"), civil.DateOf(m.now)
	second, err := family.Insert(tx, m.now, job, "", services[0].ID)
	if err != nil {
		return err
	}
	other := must(person.Insert(tx, m.now, job, person.Person{LastName: "Second", FirstNames: "Sacha"}))
	for who, role := range map[person.ID]family.Role{other: family.Holder, h.child.PersonID(): family.Member} {
		if _, err := tx.Exec(`insert into family_member (id, family, person, role, state, from_day) values ($1, $2, $3, $4, 'approved', '2026-09-01')`,
			db.NewID(), string(second), string(who), string(role)); err != nil {
			return err
		}
	}
	id, theirs, day := db.NewID(), db.NewID(), db.NewID()
	for _, x := range []struct {
		id, state, cells string
		by               family.ID
	}{{db.NewID(), "standing", "B", h.id}, {id, "asked", "A", h.id}, {theirs, "asked", "B", second}} {
		if _, err := tx.Exec(`insert into custody (id, child, home, other, kind, from_day, anchor, step, cells, state, asked_home, asked_by, asked_at)
			values ($1, $2, $3, $4, 'dates', $5, $5, 0, $6, $7, $9, $8, 1)`, x.id, string(h.child), string(h.id), string(second), today, x.cells, x.state, string(h.holder), string(x.by)); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`insert into custody_day (id, child, day, giver, taker, state, offered_by, offered_at) values ($1, $2, $3, $4, $5, 'offered', $6, 1)`,
		day, string(h.child), today.AddDays(3), string(second), string(h.id), string(other))
	m.targets[name]["custody"], m.targets[name]["custody-proposed"], m.targets[name]["custody-day"] = id, theirs, day
	return err
}
