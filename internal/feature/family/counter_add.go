package family

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// Newcomer is who an agent adds at the counter. Known is somebody whom the town has already, "" to be asked when one of
// that name is known; Other says that it is somebody else.
type Newcomer struct {
	Civility string
	Email    string
	Known    person.ID
	Other    bool
	Despite  bool // the agent has read that a restriction stands
	Addition
}

// NewPupil is a child whom an agent adds at the counter.
type NewPupil struct {
	Family     ID
	Civility   string
	LastName   string
	FirstNames string
	BirthDay   string // as typed
	Known      person.ID
	Other      bool
	Schooling
}

// Alike is somebody known who may be the one whom an agent adds.
type Alike struct {
	Person person.Person
	Homes  []Home
}

// alikes lists the known people of the same names, whose birth date does not deny it, in families that the agent
// reaches: of others nothing is told.
func alikes(r db.Reader, a actor.Actor, day civil.Date, p person.Person) ([]Alike, error) {
	ids, err := person.Alike(r, p, 40)
	if err != nil {
		return nil, err
	}
	people, err := person.Several(r, ids...)
	if err != nil {
		return nil, err
	}
	names := person.Fold(p.LastName + " " + p.FirstNames)
	ids = slices.DeleteFunc(ids, func(id person.ID) bool {
		x := people[id]
		return person.Fold(x.LastName+" "+x.FirstNames) != names ||
			!x.BirthDay.IsZero() && !p.BirthDay.IsZero() && x.BirthDay != p.BirthDay
	})
	homes, err := HomesOf(r, day, ids...)
	if err != nil {
		return nil, err
	}
	var all []Alike
	for _, id := range ids {
		if slices.ContainsFunc(homes[id], func(h Home) bool { return h.Reached(a, FileWrite) }) {
			all = append(all, Alike{people[id], homes[id]})
		}
	}
	return all, nil
}

// sameField asks the agent whether a known person is the one to add.
var sameField = fault.Field{Name: "connu", Sentence: "Une personne de ce nom est déjà connue. Dites si c’est elle."}

// chosen tells whom to add: a known person, or "" for somebody new. With people alike and no choice it is Invalid.
func chosen(all []Alike, picked person.ID, other bool) (person.ID, []fault.Field) {
	if picked != "" && slices.ContainsFunc(all, func(x Alike) bool { return x.Person.ID == picked }) {
		return picked, nil
	}
	if len(all) > 0 && !other || picked != "" {
		return "", []fault.Field{sameField}
	}
	return "", nil
}

// CounterAdd makes somebody a co-holder, a member or a contact of a family, in its name; those who head it are told.
func CounterAdd(tx *db.Tx, now time.Time, a actor.Actor, n Newcomer, c Counter) (MemberID, error) {
	if err := AtCounter(tx, a, n.Family, FileWrite); err != nil {
		return "", err
	}
	if err := Lock(tx, n.Family); err != nil {
		return "", err
	}
	day := civil.DateOf(now)
	p, err := n.person(day)
	fields := append(fault.FieldsOf(err), c.check()...)
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	all, err := alikes(tx, a, day, p)
	if err != nil {
		return "", err
	}
	who, fields := chosen(all, n.Known, n.Other)
	same, err := inFamily(tx, n.Family, who, p)
	if err != nil {
		return "", err
	}
	if same {
		fields = []fault.Field{{Name: "nom", Sentence: "Cette personne est déjà dans la famille, ou en cours de vérification."}}
	} else if kept, err := n.kept(tx, who, day); err != nil {
		return "", err
	} else if kept && !n.Despite {
		fields = append(fields, despiteField)
	}
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	if who == "" {
		if who, err = person.Insert(tx, now, a, p); err != nil {
			return "", err
		}
	}
	id, err := AddMember(tx, now, a, NewMember{Family: n.Family, Person: who, Role: n.Role, Relation: person.Clean(n.Relation),
		MayCollect: n.MayCollect && n.Role == Contact})
	if err != nil {
		return "", err
	}
	return id, record(tx, now, a, place{Family: n.Family, Person: person.Person{ID: who}}, didMember, c, nil)
}

// inFamily tells whether a known person, or somebody of the names of a new one, is in the family or waits to be.
func inFamily(r db.Reader, id ID, who person.ID, p person.Person) (bool, error) {
	if who == "" {
		return namesake(r, id, p)
	}
	at, err := PlaceOf(r, id, who)
	return at.Role != "", err
}

// kept tells whether a restriction bids to look twice: one of the person's own, or, of a co-holder whom the town does
// not know, any that stands in the family.
func (n Newcomer) kept(r db.Reader, who person.ID, day civil.Date) (bool, error) {
	if n.Role != CoHolder && !n.MayCollect {
		return false, nil
	}
	if who != "" {
		return Kept(r, n.Family, who, day)
	}
	all, err := Restricted(r, n.Family, day)
	return len(all) > 0, err
}

// person checks what was typed.
func (n Newcomer) person(today civil.Date) (person.Person, error) {
	d := n.Addition
	d.agent = true
	p, err := d.Check(today)
	fields := fault.FieldsOf(err)
	if err != nil && len(fields) == 0 {
		return p, err
	}
	if minor(p.BirthDay, today) && len(fields) == 0 {
		fields = append(fields, fault.Field{Name: "naissance", Sentence: "Cette personne a moins de 18 ans : ajoutez-la comme enfant."})
	}
	p.Civility, _ = person.ParseCivility(n.Civility)
	if p.Email, err = person.CheckEmail(n.Email); err != nil {
		fields = append(fields, fault.Field{Name: "courriel", Sentence: fault.SentenceOf(err)})
	}
	return p, fault.InvalidFields(fields...)
}

// CounterAddChild adds a child to a family in its name, a new one or one known in another home; those who head the
// family are told, and those of the other home.
func CounterAddChild(tx *db.Tx, now time.Time, a actor.Actor, n NewPupil, c Counter) (ChildID, error) {
	if err := AtCounter(tx, a, n.Family, FileWrite); err != nil {
		return "", err
	}
	if err := Lock(tx, n.Family); err != nil {
		return "", err
	}
	p, err := n.check(tx, civil.DateOf(now), c)
	if err != nil {
		return "", err
	}
	all, err := alikes(tx, a, civil.DateOf(now), p)
	if err != nil {
		return "", err
	}
	who, fields := chosen(all, n.Known, n.Other)
	same, err := inFamily(tx, n.Family, who, p)
	if err != nil {
		return "", err
	}
	if same {
		fields = []fault.Field{{Name: "nom", Sentence: "Cet enfant est déjà dans la famille, ou en cours de vérification."}}
	}
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	before, err := HomesOfChild(tx, who)
	if err != nil {
		return "", err
	}
	if who == "" {
		if who, err = person.Insert(tx, now, a, p); err != nil {
			return "", err
		}
	}
	child, err := AddChild(tx, now, a, NewChild{Family: n.Family, Person: who, School: n.School, Level: person.Clean(n.Level),
		Class: person.Clean(n.Class), SharedCustody: n.Shared || len(before) > 0})
	if err != nil {
		return "", err
	}
	for _, home := range before {
		if err := recordToHeads(tx, now, a, place{Family: home, Person: person.Person{ID: who}}, didHome, Counter{}); err != nil {
			return "", err
		}
	}
	return child, record(tx, now, a, place{Family: n.Family, Person: person.Person{ID: who}}, didChild, c, nil)
}

func (n NewPupil) check(r db.Reader, today civil.Date, c Counter) (person.Person, error) {
	fields, err := n.Schooling.check(r)
	if err != nil {
		return person.Person{}, err
	}
	add := func(name, sentence string) {
		if sentence != "" {
			fields = append(fields, fault.Field{Name: name, Sentence: sentence})
		}
	}
	add("nom", namedAtCounter(n.LastName, "Indiquez le nom."))
	add("prenoms", namedAtCounter(n.FirstNames, "Indiquez le prénom."))
	born, sentence := birthDay(n.BirthDay, today)
	if sentence == "" && !minor(born, today) {
		sentence = "Cette personne a 18 ans ou plus : ajoutez-la comme membre de la famille."
	}
	add("naissance", sentence)
	p := person.Person{LastName: n.LastName, FirstNames: n.FirstNames, BirthDay: born}
	p.Civility, _ = person.ParseCivility(n.Civility)
	return person.Tidy(p), fault.InvalidFields(append(fields, c.check()...)...)
}

func namedAtCounter(name, missing string) string {
	if person.Clean(name) == "" {
		return missing
	}
	return person.CheckName(name)
}
