// Package feed lets a citizen's own calendar (a phone, a mail program) read what its children have booked, at a private
// address that is made, renewed and revoked on a page. It owns the table feed: who reads, never what is read. What a
// calendar receives is computed at each reading, from the children that the citizen may act for on that day, and from what
// its own home booked for them: first names or initials, activities, hours and the names of places; no last name, no
// street, nothing of health, nothing of what a child's other home books.
//
// It changes no booking, and takes nothing in: calendars read, and cannot write.
package feed

import (
	"encoding/base64"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
)

// ID identifies a feed.
type ID string

// Names is how children are named in a calendar that others may see.
type Names string

// The ways to name a child.
const (
	First    Names = "first"    // "Zoë"
	Initials Names = "initials" // "Z."
)

// Feed is one private address.
type Feed struct {
	ID       ID
	Account  account.ID
	Person   person.ID
	Names    Names
	Made     civil.Instant
	LastRead civil.Instant // 0: never
}

// shownFor is how long after it was made an address can be read on the page.
const shownFor = 10 * time.Minute

// readEvery is how often the reading of an address is written down.
const readEvery = time.Hour

// token is the secret of a feed's address: the same each time it is asked for, so that nothing clear is stored.
func token(key *crypt.Key, id ID) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC("calendar-feed", string(id))[:24])
}

func mayHave(a actor.Actor) error {
	if a.Kind != actor.Citizen || a.State != actor.Active {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// Make makes an address for the signed-in citizen. The one it had, if any, answers no more.
func Make(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, names Names) (ID, error) {
	if err := mayHave(a); err != nil {
		return "", err
	}
	if err := names.check(); err != nil {
		return "", err
	}
	if err := lockAccount(tx, a.Account); err != nil {
		return "", err
	}
	if err := mayMake(tx, now, a.Account); err != nil {
		return "", err
	}
	before, err := revoke(tx, now, a.Account)
	if err != nil {
		return "", err
	}
	id := ID(db.NewID())
	if err := insert(tx, now, id, a.Account, crypt.HashToken(token(key, id)), names); err != nil {
		return "", err
	}
	action := "feed.made"
	if before > 0 {
		action = "feed.renewed"
	}
	return id, write(tx, now, a, action, id)
}

// mostMade is how many addresses an account makes in 24 hours.
const mostMade = 10

func mayMake(tx *db.Tx, now time.Time, account string) error {
	n, err := madeSince(tx, account, civil.InstantOf(now.Add(-24*time.Hour)))
	if err == nil && n >= mostMade {
		err = fault.InvalidFields(fault.Field{Name: "noms", Sentence: "Vous avez déjà fait 10 adresses aujourd’hui. Réessayez demain."})
	}
	return err
}

// SetNames changes how children are named, at the next reading.
func SetNames(tx *db.Tx, now time.Time, a actor.Actor, names Names) error {
	if err := mayHave(a); err != nil {
		return err
	}
	if err := names.check(); err != nil {
		return err
	}
	f, err := own(tx, a.Account)
	if err != nil {
		return err
	}
	if err := setNames(tx, f.ID, names); err != nil {
		return err
	}
	return write(tx, now, a, "feed.names.changed", f.ID)
}

// Revoke ends the signed-in citizen's address.
func Revoke(tx *db.Tx, now time.Time, a actor.Actor) error {
	if err := mayHave(a); err != nil {
		return err
	}
	f, err := own(tx, a.Account)
	if err != nil {
		return err
	}
	if _, err := revoke(tx, now, a.Account); err != nil {
		return err
	}
	return write(tx, now, a, "feed.revoked", f.ID)
}

func (n Names) check() error {
	if n != First && n != Initials {
		return fault.InvalidFields(fault.Field{Name: "noms", Sentence: "Choisissez comment nommer vos enfants."})
	}
	return nil
}

func write(tx *db.Tx, now time.Time, a actor.Actor, action string, id ID) error {
	return audit.Write(tx, now, a, audit.Entry{Action: action, Object: "feed", ID: string(id), Subject: a.Person})
}

// reader is the citizen whose feed it is, as if signed in: what it may see is decided at each reading.
func (f Feed) reader() actor.Actor {
	return actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(f.Account), Person: string(f.Person)}
}
