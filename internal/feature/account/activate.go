package account

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// The verbs below are building blocks of admission, which knows the agents' rights and writes the audit line.

// decided is what somebody reads who decides on an account that has left the queue.
const decided = "Ce compte n’attend plus de décision."

// Activate opens a waiting account to all that the family rules allow: the agent's act.
func Activate(tx *db.Tx, now time.Time, a actor.Actor, id ID) (Account, error) {
	return judge(tx, now, a, id, Active, Waiting)
}

// AskCorrection gives a waiting account back to its owner.
func AskCorrection(tx *db.Tx, now time.Time, a actor.Actor, id ID) (Account, error) {
	return judge(tx, now, a, id, Correction, Waiting)
}

// Refuse turns a newcomer down, whose owner still reads why.
func Refuse(tx *db.Tx, now time.Time, a actor.Actor, id ID) (Account, error) {
	return judge(tx, now, a, id, Refused, Waiting, Correction)
}

// Requeue puts a refused account back in the queue, or one whose correction is no longer wanted.
func Requeue(tx *db.Tx, now time.Time, a actor.Actor, id ID) (Account, error) {
	return judge(tx, now, a, id, Waiting, Refused, Correction)
}

// Resubmit is the owner's answer to a demand of correction: the account waits again.
func Resubmit(tx *db.Tx, now time.Time, a actor.Actor) (Account, error) {
	if a.Kind != actor.Citizen || a.Account == "" {
		return Account{}, fault.New(fault.Forbidden, "")
	}
	return leave(tx, now, ID(a.Account), Waiting, Correction)
}

// judge is an agent's move of a citizen's account.
func judge(tx *db.Tx, now time.Time, a actor.Actor, id ID, to State, from ...State) (Account, error) {
	if a.Kind != actor.Agent || !a.Second {
		return Account{}, fault.New(fault.Forbidden, "")
	}
	return leave(tx, now, id, to, from...)
}

// leave moves an account on under a lock, so that of two decisions the second sees the first. A state that it does not leave is a
// Conflict.
func leave(tx *db.Tx, now time.Time, id ID, to State, from ...State) (Account, error) {
	acc, err := lock(tx, id)
	if err != nil {
		return Account{}, err
	}
	switch {
	case acc.Audience != Citizen:
		return Account{}, fault.Missing("account")
	case !slices.Contains(from, acc.State):
		return acc, fault.New(fault.Conflict, decided)
	case acc.EmailConfirmedAt == 0:
		return acc, fault.New(fault.Refused, "L’adresse e-mail de ce compte n’est pas confirmée.")
	}
	if err := setState(tx, now, id, to); err != nil {
		return acc, err
	}
	acc.State = to
	return acc, nil
}

// alreadyActive is why an account cannot take a person who signs in already.
const alreadyActive = "Cette personne a déjà un espace ouvert : deux espaces ne peuvent pas être la même personne."

// TakePerson makes an account that of another person, whom the town knows: the newcomer and the known person are one.
// The known person's account that nobody claimed is closed and returned, "" without; any other one refuses.
func TakePerson(tx *db.Tx, now time.Time, a actor.Actor, id ID, known person.ID) (closed ID, err error) {
	if a.Kind != actor.Agent || !a.Second {
		return "", fault.New(fault.Forbidden, "")
	}
	if _, err := lock(tx, id); err != nil {
		return "", err
	}
	if _, err := person.ByID(tx, known); err != nil {
		return "", err
	}
	theirs, err := ForPerson(tx, known, Citizen)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return "", err
	}
	if err == nil {
		if theirs, err = lock(tx, theirs.ID); err != nil {
			return "", err
		}
		if theirs.State != Unclaimed {
			return "", fault.New(fault.Refused, alreadyActive)
		}
		if err := setState(tx, now, theirs.ID, Closed); err != nil {
			return "", err
		}
		if _, err := endSessions(tx, theirs.ID, ""); err != nil {
			return "", err
		}
		closed = theirs.ID
	}
	return closed, setPerson(tx, now, id, known)
}

// UndoActivation takes an account back from the person that TakePerson gave it: it waits again as its own person,
// its devices are signed out, and the account closed then is again one that nobody claimed.
func UndoActivation(tx *db.Tx, now time.Time, a actor.Actor, id ID, own person.ID, closed ID) error {
	if a.Kind != actor.Agent || !a.Second {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, id)
	if err != nil {
		return err
	}
	if acc.State != Active && acc.State != Suspended {
		return fault.New(fault.Conflict, "Ce compte n’est plus celui qui avait été rattaché.")
	}
	if err := setPerson(tx, now, id, own); err != nil {
		return err
	}
	if acc.State == Active {
		if err := setState(tx, now, id, Waiting); err != nil {
			return err
		}
	}
	if _, err := endSessions(tx, id, ""); err != nil {
		return err
	}
	if closed == "" {
		return nil
	}
	before, err := lock(tx, closed)
	if err != nil {
		return err
	}
	if before.State != Closed {
		return nil
	}
	return setState(tx, now, closed, Unclaimed)
}

func setPerson(tx *db.Tx, now time.Time, id ID, who person.ID) error {
	n, err := tx.Exec(`update account set person = $2, updated_at = $3 where id = $1`, string(id), string(who), civil.InstantOf(now))
	if db.IsUnique(err) {
		return fault.New(fault.Refused, alreadyActive)
	}
	if err != nil {
		return fmt.Errorf("give account a person: %w", err)
	}
	return one(n, nil)
}
