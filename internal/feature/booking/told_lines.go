package booking

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// What a Quiet order needs of who asked for it: whom it tells, and what each may read of it.

// Head is somebody who heads a family and has an address.
type Head struct{ Person, Email string }

// HeadsTold lists who may read of a confirmation about a family: its heads with an address.
func HeadsTold(r db.Reader, of family.ID, day civil.Date, reference string) ([]Head, error) {
	all, err := toldOf(r, of, day, reference)
	heads := make([]Head, len(all))
	for i, h := range all {
		heads[i] = Head{h.person, h.email}
	}
	return heads, err
}

// ReadTold reads what was done by a confirmation for one head of a family: nothing about a child that a court's restriction
// keeps from them on a day. Nothing left is a NotFound fault.
func ReadTold(r db.Reader, cat *activity.Catalogue, reference string, of family.ID, adult string, day civil.Date) (Confirmation, error) {
	kept, err := family.KeptFrom(r, person.ID(adult), day)
	if err != nil {
		return Confirmation{}, err
	}
	return readConfirmation(r, cat, reference, func(p Proof) bool { return !kept[p.Child] && p.Family == of && p.Did != DidNone })
}

// Choices are what a line found booked and what it left, "" for nothing.
func (p Proof) Choices() (was, became activity.ChoiceID) {
	return activity.ChoiceID(p.wasChoice()), p.Became
}

// toldWords says to an agent who learns of what it did: the family by mail, or nobody.
func toldWords(r db.Reader, of family.ID, day civil.Date, reference string) (string, error) {
	heads, err := toldOf(r, of, day, reference)
	if err != nil || len(heads) > 0 {
		return "La famille est prévenue par courriel.", err
	}
	return "Aucun responsable n’a d’adresse électronique\u00a0: prévenez la famille.", nil
}
