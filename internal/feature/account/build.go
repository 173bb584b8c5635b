package account

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// Insert makes an account as it is given, with the hash of its password ("" for none). It is a building block of
// what makes accounts otherwise than by import (wizard, demo, tests): it checks the identifier and no more.
func Insert(tx *db.Tx, now time.Time, a actor.Actor, acc Account, hash string) (ID, error) {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return "", fault.New(fault.Forbidden, "")
	}
	if s := CheckUsername(acc.Username, acc.Email); s != "" {
		return "", fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: s})
	}
	taken, err := usernameTaken(tx, FoldUsername(acc.Username))
	if err != nil {
		return "", err
	}
	if taken {
		return "", fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
	}
	if acc.ID == "" {
		acc.ID = ID(db.NewID())
	}
	acc.hash = hash
	if hash != "" && acc.PasswordAt == 0 {
		acc.PasswordAt = civil.InstantOf(now)
	}
	if err := insert(tx, now, acc); err != nil {
		return "", fmt.Errorf("insert account: %w", err)
	}
	return acc.ID, nil
}

// SetRolesAs gives roles on behalf of the system: the demo's agents, and tests.
func SetRolesAs(tx *db.Tx, a actor.Actor, id ID, held ...Held) error {
	if a.Kind != actor.System {
		return fault.New(fault.Forbidden, "")
	}
	if s := checkRoles(held); s != "" {
		return fault.New(fault.Refused, s)
	}
	return replaceRoles(tx, id, held)
}

// SetSecondAs stores a known second factor on behalf of the system: the demo prints its agents' secrets. secret is
// what an application takes, 20 bytes before base32.
func SetSecondAs(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, id ID, secret []byte) error {
	if a.Kind != actor.System {
		return fault.New(fault.Forbidden, "")
	}
	return addTOTP(tx, now, key, id, Enrolment{Secret: plain32.EncodeToString(secret), raw: secret}, 0)
}

// OpenSessionAs opens a complete session on behalf of the system, without password: tests other than those of
// signing in start there.
func OpenSessionAs(tx *db.Tx, now time.Time, a actor.Actor, id ID) (Opened, error) {
	if a.Kind != actor.System {
		return Opened{}, fault.New(fault.Forbidden, "")
	}
	acc, err := ByID(tx, id)
	if err != nil {
		return Opened{}, err
	}
	return openSession(tx, now, acc, sessionWish{second: acc.Audience == Agent, device: "Appareil de test"})
}

// SetPasskeyAs stores a passkey that opens nothing on behalf of the system: tests of the pages that list them.
func SetPasskeyAs(tx *db.Tx, now time.Time, a actor.Actor, id ID, name string) (PasskeyID, error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	key := Passkey{ID: PasskeyID(db.NewID()), Account: id, Name: name, CreatedAt: civil.InstantOf(now)}
	key.credential, key.publicKey = []byte(key.ID), []byte{0}
	return key.ID, insertPasskey(tx, key)
}
