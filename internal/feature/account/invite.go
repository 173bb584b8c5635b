package account

import (
	"fmt"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// The verbs below are building blocks of admission's invitations, which check the link and write the audit line.

// OpenInvited opens the account of a person who answers an invitation from a proved address: the one that was imported
// and never claimed, or a new one, under the chosen identifier. An account already open is Refused.
func OpenInvited(tx *db.Tx, now time.Time, a actor.Actor, acc Account, hash string) (ID, error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	acc.Username, acc.Audience = person.Clean(acc.Username), Citizen
	acc.EmailConfirmedAt = civil.InstantOf(now)
	before, err := ForPerson(tx, acc.Person, Citizen)
	if fault.KindOf(err) == fault.NotFound {
		id, err := Insert(tx, now, a, acc, hash)
		if db.IsUnique(err) { // somebody else took the identifier at the same moment
			return "", fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
		}
		return id, err
	}
	if err != nil {
		return "", err
	}
	if before, err = lock(tx, before.ID); err != nil {
		return "", err
	}
	if before.State != Unclaimed {
		return "", fault.New(fault.Refused, "Un espace est déjà ouvert à votre nom : connectez-vous pour accepter l’invitation.")
	}
	return before.ID, claimInvited(tx, now, before, acc, hash)
}

func claimInvited(tx *db.Tx, now time.Time, before, wanted Account, hash string) error {
	before.Email = wanted.Email
	if err := rename(tx, now, before, wanted.Username); err != nil {
		if db.IsUnique(err) {
			return fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
		}
		return err
	}
	if err := setEmail(tx, now, before.ID, wanted.Email, wanted.EmailConfirmedAt); err != nil {
		return err
	}
	if err := settle(tx, now, before, hash, false); err != nil {
		return err
	}
	if err := killTokens(tx, before.ID, "password"); err != nil {
		return err
	}
	if _, err := endSessions(tx, before.ID, ""); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// BrowserOf tells where a request comes from.
func BrowserOf(r *http.Request, a actor.Actor) Browser { return browserOf(r, a) }

// EnterInvited signs in who has just opened an account by an invitation; SetSession gives the browser its cookie.
func EnterInvited(tx *db.Tx, now time.Time, a actor.Actor, id ID, from Browser) (Opened, error) {
	if a.Kind != actor.System {
		return Opened{}, fault.New(fault.Forbidden, "")
	}
	acc, err := ByID(tx, id)
	if err != nil {
		return Opened{}, err
	}
	opened, err := openKnown(tx, now, acc, sessionWish{half: acc.HasTOTP(), device: Device(from.Device), previous: from.Previous}, from.Known)
	if err != nil || opened.Half {
		return opened, err
	}
	return opened, signedIn(tx, now, acc)
}

// SetSession sets the cookies of a session just opened, after the commit.
func SetSession(w http.ResponseWriter, r *http.Request, o Opened) { setSession(w, r, o) }
