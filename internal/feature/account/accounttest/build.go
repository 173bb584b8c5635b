// Package accounttest makes accounts and sessions for tests. Nothing here hashes a password unless a test asks for
// one: hashing costs 40 ms.
package accounttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
)

// Job is the actor that builders act as.
var Job = actor.Job("test")

// Citizen makes an adult named Camille Martin with an active account; change adjusts both before they are written.
// hash is the password's, "" when nobody signs in with one.
func Citizen(t testing.TB, d *db.DB, now time.Time, hash string, change ...func(*person.Person, *account.Account)) account.Account {
	t.Helper()
	p := person.Person{Civility: person.Madame, LastName: "Martin", FirstNames: "Camille", BirthDay: civil.NewDate(1985, 3, 3)}
	acc := account.Account{Audience: account.Citizen, State: account.Active}
	for _, f := range change {
		f(&p, &acc)
	}
	return build(t, d, now, p, acc, hash)
}

// Agent makes an agent named Nadia Rahmani with roles, without a second factor stored: SignIn needs none.
func Agent(t testing.TB, d *db.DB, now time.Time, hash string, held ...account.Held) account.Account {
	t.Helper()
	acc := build(t, d, now, person.Person{LastName: "Rahmani", FirstNames: "Nadia"},
		account.Account{Audience: account.Agent, State: account.Active}, hash)
	do(t, d, func(tx *db.Tx) error {
		if len(held) == 0 {
			return nil
		}
		return account.SetRolesAs(tx, Job, acc.ID, held...)
	})
	return acc
}

// WithSecond stores a second factor for an account and returns its secret in base32.
func WithSecond(t testing.TB, d *db.DB, now time.Time, key *crypt.Key, id account.ID) string {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		return account.SetSecondAs(tx, now, Job, key, id, []byte("12345678901234567890"))
	})
	return "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
}

// SignIn opens a session without password and returns the value of the cookie account.SessionCookie.
func SignIn(t testing.TB, d *db.DB, now time.Time, id account.ID) string {
	t.Helper()
	opened, err := db.Write(context.Background(), d, func(tx *db.Tx) (account.Opened, error) {
		return account.OpenSessionAs(tx, now, Job, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return opened.Token
}

// Reload reads an account again.
func Reload(t testing.TB, d *db.DB, id account.ID) account.Account {
	t.Helper()
	acc, err := db.Read(context.Background(), d, func(r db.Reader) (account.Account, error) { return account.ByID(r, id) })
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

// Count is the single number that a query gives.
func Count(t testing.TB, d *db.DB, query string, args ...any) int64 {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], query, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func build(t testing.TB, d *db.DB, now time.Time, p person.Person, acc account.Account, hash string) account.Account {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (account.ID, error) {
		who, err := person.Insert(tx, now, Job, p)
		if err != nil {
			return "", err
		}
		one := acc
		one.Person = who
		if one.Username == "" {
			n, err := db.One(tx, "count", db.Column[int64], `select count(*) from account`)
			if err != nil {
				return "", err
			}
			one.Username = fmt.Sprintf("compte%d", n+1)
		}
		return account.Insert(tx, now, Job, one, hash)
	})
	if err != nil {
		t.Fatal(err)
	}
	return Reload(t, d, id)
}

func do(t testing.TB, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), d, fn); err != nil {
		t.Fatal(err)
	}
}
