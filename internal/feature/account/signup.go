package account

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// InsertUnconfirmed makes the account that somebody asks for without being known: nobody can sign in to it before
// its address is confirmed. Its identifier is one that nobody can choose; the wished one comes with Confirm, so
// that asking does not tell which identifiers exist. It is a building block of the wizard, which writes the audit
// line.
func InsertUnconfirmed(tx *db.Tx, now time.Time, a actor.Actor, who person.ID, email, hash string) (ID, error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	id := ID(db.NewID())
	acc := Account{ID: id, Person: who, Audience: Citizen, Username: string(id) + "@demande", Email: email,
		State: Unconfirmed, PasswordAt: civil.InstantOf(now), hash: hash}
	if err := insert(tx, now, acc); err != nil {
		return "", fmt.Errorf("insert account: %w", err)
	}
	return id, nil
}

// UsernameTaken tells whether somebody has an identifier. Ask it only for who has proved an address.
func UsernameTaken(r db.Reader, username string) (bool, error) {
	return usernameTaken(r, FoldUsername(username))
}

// Confirm is the owner's answer from the address of an unconfirmed account, which then waits for an agent, under
// the identifier wished. A taken identifier is an Invalid fault on "identifiant".
func Confirm(tx *db.Tx, now time.Time, a actor.Actor, id ID, username string) error {
	if a.Kind != actor.System {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, id)
	if err != nil {
		return err
	}
	if acc.State != Unconfirmed {
		return fault.New(fault.Refused, "Cette adresse est déjà confirmée.")
	}
	if err := rename(tx, now, acc, person.Clean(username)); err != nil {
		if db.IsUnique(err) { // somebody else took it at the same moment
			return fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
		}
		return err
	}
	if err := setEmail(tx, now, id, acc.Email, civil.InstantOf(now)); err != nil {
		return err
	}
	if err := setState(tx, now, id, Waiting); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.confirmed", Object: "account", ID: string(id), Subject: string(acc.Person)})
}

// RemoveUnconfirmed takes away an account whose address nobody confirmed. Any other is a conflict. The verb that
// calls it writes the audit line.
func RemoveUnconfirmed(tx *db.Tx, a actor.Actor, id ID) error {
	if a.Kind != actor.System {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, id)
	if err != nil {
		return err
	}
	if acc.State != Unconfirmed {
		return fault.New(fault.Conflict, "Cette adresse est confirmée.")
	}
	for _, s := range []string{`delete from account_token where account = $1`, `delete from account where id = $1`} {
		if _, err := tx.Exec(s, string(id)); err != nil {
			return fmt.Errorf("remove account: %w", err)
		}
	}
	return nil
}

// CheckNewPassword tells what is wrong with a citizen's new password and its repetition, as fields "mot_de_passe"
// and "confirmation". own are names that the password may not tell.
func CheckNewPassword(rule PasswordRule, password, again string, own ...string) []fault.Field {
	return checkNew(rule, password, again, own)
}
