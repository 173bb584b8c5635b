package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// secondHome makes a child of the home live in a second home too, with what the pages of two homes name: a proposal of
// the first home, and a day that each offers the other.
func (m *matrixTown) secondHome(tx *db.Tx, asker actor.Actor, name string, h home, services []town.Service) error {
	job := actor.Job("test")
	child := must(person.Insert(tx, m.now, job, person.Person{LastName: "Partage", FirstNames: "Charlie", BirthDay: civil.NewDate(2018, 5, 4)}))
	if _, err := family.AddChild(tx, m.now, job, family.NewChild{Family: h.id, Person: child}); err != nil {
		return err
	}
	second, err := family.Insert(tx, m.now, job, "", services[0].ID)
	if err != nil {
		return err
	}
	other := must(person.Insert(tx, m.now, job, person.Person{LastName: "Second", FirstNames: "Sacha"}))
	if _, err := family.AddMember(tx, m.now, job, family.NewMember{Family: second, Person: other, Role: family.Holder}); err != nil {
		return err
	}
	if _, err := family.AddChild(tx, m.now, job, family.NewChild{Family: second, Person: child}); err != nil {
		return err
	}
	today := civil.DateOf(m.now)
	sharing := family.Sharing{Arrangement: family.Arrangement{Home: h.id, Other: second, Kind: family.ByDates, Cells: "B", Days: civil.Range{From: today}}}
	if _, err := family.EnterCustody(tx, m.now, job, family.ChildID(child), withSpan(sharing, second)); err != nil {
		return err
	}
	sharing.Cells = "A"
	id, err := family.ProposeCustody(tx, m.now, asker, family.ChildID(child), withSpan(sharing, h.id))
	if err != nil {
		return err
	}
	theirs := actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "second-" + name, Person: string(other)}
	day, err := family.OfferDay(tx, m.now, theirs, family.ChildID(child), today.AddDays(3))
	m.targets[name]["custody"], m.targets[name]["custody-day"] = string(id), string(day)
	return err
}

func withSpan(s family.Sharing, home family.ID) family.Sharing {
	s.Spans = []family.Span{{Range: civil.Range{From: s.Days.From, To: s.Days.From.AddDays(1)}, Home: home}}
	return s
}
