package admission

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Entry is how a newcomer joins a known family as its co-holder. The town's agent answers for it, with proof: the
// holder does not agree beforehand, and is told at once.
type Entry struct {
	Family   family.ID
	Relation string
	Proof    bool // the agent has seen who it is, and the tie with the children
	Despite  bool // the agent has read that a court's restriction stands in the family
}

// Join activates a newcomer as the co-holder of a family that the town knows. Who looks like an adult of the family, or
// like somebody whom a court keeps from its children, is refused: the first is to be linked, the second let in by nobody.
func Join(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, e Entry) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	if err := joinable(tx, a, e.Family); err != nil {
		return "", err
	}
	if err := family.Lock(tx, e.Family); err != nil {
		return "", err
	}
	d, acc, err := begin(tx, now, a, id, Entered, account.Activate)
	if err != nil {
		return "", err
	}
	x, err := entryOf(tx, civil.DateOf(now), acc.Person, e.Family)
	if err != nil {
		return "", err
	}
	if err := x.refused(); err != nil {
		return "", err
	}
	if err := e.check(x); err != nil {
		return "", err
	}
	place, err := family.AddMember(tx, now, a, family.NewMember{Family: e.Family, Person: acc.Person, Role: family.CoHolder, Relation: person.Clean(e.Relation)})
	if err != nil {
		return "", err
	}
	d.Family, d.Place = e.Family, place
	return d.ID, finish(tx, now, a, d, acc, MailActivated, "family="+string(d.Family))
}

// joinable tells whether the agent may add an adult to a family; another service's is a NotFound fault.
func joinable(r db.Reader, a actor.Actor, id family.ID) error {
	if err := family.Readable(r, a, id, DecideRight); err != nil {
		return err
	}
	return family.Readable(r, a, id, family.FileWrite)
}

// entry is what an agent must know before somebody enters a family.
type entry struct {
	holder   bool // the family has one
	heads    []person.Person
	same     person.Person // an adult of the family who looks like the newcomer
	resemble bool          // the newcomer looks like somebody kept from a child
	court    bool          // a restriction stands for a child of the family
}

// entryOf compares a newcomer with a family.
func entryOf(r db.Reader, day civil.Date, who person.ID, id family.ID) (entry, error) {
	var x entry
	typed, err := person.ByID(r, who)
	if err != nil {
		return x, err
	}
	adults, err := family.AdultsOf(r, id, day)
	if err != nil {
		return x, err
	}
	kept, err := family.Restricted(r, id, day)
	if err != nil {
		return x, err
	}
	ids := slices.Clone(kept)
	for _, m := range adults {
		ids = append(ids, m.Person)
	}
	people, err := person.Several(r, ids...)
	if err != nil {
		return x, err
	}
	for _, m := range adults {
		x.holder = x.holder || m.Role == family.Holder
		if m.Role.Acts() {
			x.heads = append(x.heads, people[m.Person])
		}
		if m.Person == who || looks(typed, people[m.Person]) {
			x.same = people[m.Person]
		}
	}
	x.court = len(kept) > 0
	for _, one := range kept {
		x.resemble = x.resemble || looks(typed, people[one])
	}
	return x, nil
}

// looks tells whether two records may be one human: the name close and nothing against it, or the same by what is seen.
func looks(a, b person.Person) bool {
	m := Compare(a, b)
	return m.Grade.Same() || m.Name >= Close && m.Birth != Different
}

// refused is why nobody enters the family by this door, nil when it opens.
func (x entry) refused() error {
	switch {
	case !x.holder:
		return fault.New(fault.Refused, "Cette famille n’a pas de titulaire : ouvrez-en une autre, ou rattachez la demande à une personne connue.")
	case x.resemble:
		return fault.New(fault.Refused, "Cette demande ressemble à une personne qu’une décision de justice écarte d’un enfant de cette famille. Elle n’y entre pas par cette file.")
	case x.same.ID != "":
		return fault.New(fault.Refused, x.same.Full()+" est déjà dans cette famille et ressemble à cette demande : comparez, et rattachez la demande à cette personne si c’est elle.")
	}
	return nil
}

func (e Entry) check(x entry) error {
	var fields []fault.Field
	switch n := len([]rune(person.Clean(e.Relation))); {
	case n == 0:
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Indiquez le lien avec les enfants, par exemple père ou belle-mère."})
	case n > 60:
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Écrivez le lien en 60 caractères au plus."})
	}
	if !e.Proof {
		fields = append(fields, fault.Field{Name: "preuve", Sentence: "Cochez cette case quand vous avez vu l’identité et le lien avec les enfants."})
	}
	if x.court && !e.Despite {
		fields = append(fields, fault.Field{Name: "malgre", Sentence: "Lisez la restriction dans le dossier de la famille, puis cochez cette case."})
	}
	return fault.InvalidFields(fields...)
}

// undoEntry takes a newcomer out of the family again.
func undoEntry(tx *db.Tx, now time.Time, a actor.Actor, d Decision) error {
	if err := family.Lock(tx, d.Family); err != nil {
		return err
	}
	if err := account.UndoActivation(tx, now, a, d.Account, d.Person, ""); err != nil {
		return err
	}
	return family.Leave(tx, now, a, d.Family, d.Person)
}
