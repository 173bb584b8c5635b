package person

import (
	"context"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// Square is SquarePhoto, one picture at a time for all who share the Decoder.
func (d Decoder) Square(ctx context.Context, file []byte) ([]byte, error) { return d.square(ctx, file) }

// InsertNewcomer adds somebody whom nobody has vouched for yet, with a stored photo ("" for none). It is a building
// block of the wizard, which writes the audit line.
func InsertNewcomer(tx *db.Tx, now time.Time, a actor.Actor, p Person, photo string) (ID, error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	id, err := Insert(tx, now, a, p)
	if err != nil || photo == "" {
		return id, err
	}
	if err := updatePhoto(tx, now, id, photo); err != nil {
		return "", fmt.Errorf("photo of a newcomer: %w", err)
	}
	return id, nil
}

// RemoveNewcomer takes away somebody whose account was never confirmed, and returns the stored photo, to be
// dropped. Foreign keys refuse it for whom anything depends on.
func RemoveNewcomer(tx *db.Tx, a actor.Actor, id ID) (photo string, err error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	p, err := ByID(tx, id)
	if err != nil {
		return "", err
	}
	return p.Photo, RemoveImported(tx, a, id)
}

// Correct replaces the names, birth and contact details that somebody gave when asking for an account, the e-mail
// address and the photo apart. Only the owner may; whether it is the time for it is the calling verb's business.
func Correct(tx *db.Tx, now time.Time, a actor.Actor, p Person) error {
	if !own(a, p.ID) {
		return fault.Missing("person")
	}
	before, err := lock(tx, p.ID)
	if err != nil {
		return err
	}
	p = Tidy(p)
	if p.LastName == "" && p.FirstNames == "" {
		return fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Indiquez le nom."})
	}
	_, err = tx.Exec(`update person set civility = $2, last_name = $3, birth_name = $4, first_names = $5, folded = $6, birth_day = $7,
			birth_country = $8, birth_department = $9, birth_place = $10,
			updated_at = case when updated_at >= $11 then updated_at + 1 else $11 end
		where id = $1`, string(p.ID), string(p.Civility), p.LastName, p.BirthName, p.FirstNames, folded(p), p.BirthDay, p.BirthCountry,
		p.BirthDepartment, p.BirthPlace, civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("update identity: %w", err)
	}
	contact := Contact{Phone: p.Phone, Mobile: p.Mobile, Fax: p.Fax, Preferred: p.Preferred, Address: p.Address}
	if err := updateContact(tx, now, p.ID, contact); err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	detail := changedFields(before, contact)
	if before.LastName != p.LastName || before.BirthName != p.BirthName || before.FirstNames != p.FirstNames || before.Civility != p.Civility {
		detail = joined(" ", detail, "names")
	}
	if before.BirthDay != p.BirthDay || before.BirthPlace != p.BirthPlace {
		detail = joined(" ", detail, "birth")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "person.corrected", Object: "person", ID: string(p.ID), Subject: string(p.ID), Detail: detail})
}
