package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

// The sentences of a sign-in. They are the same for a name that does not exist.
const (
	wrongPassword = "L’identifiant ou le mot de passe ne correspond pas."
	suspendedText = "Ce compte est désactivé. Appelez la mairie pour le rouvrir."
	unconfirmText = "Votre adresse e-mail n’est pas encore confirmée. Ouvrez le lien que vous avez reçu par courriel."
	closedText    = "Ce compte est fermé. Appelez la mairie."
	expiredText   = "Ce mot de passe provisoire n’est plus valable. Demandez un lien par courriel, ou appelez la mairie."
)

// Gate is where people come in: it checks passwords outside the writer and opens sessions.
type Gate struct {
	DB  *db.DB
	Key *crypt.Key
	Now func() time.Time
	// RealNow is the machine's own clock, for the second factor's codes: never a shifted one.
	RealNow func() time.Time
	// Base is how browsers reach the portal: passkeys belong to its host. nil: no passkeys.
	Base *url.URL

	hashing *hashing // nil: crypt's
}

// hashing are the three costly calls; tests count them.
type hashing struct {
	hash   func(ctx context.Context, password string) (string, error)
	verify func(ctx context.Context, hash, password string) (ok, rehash bool, err error)
	dummy  func(ctx context.Context) error
}

func (g Gate) hasher() hashing {
	if g.hashing != nil {
		return *g.hashing
	}
	return hashing{crypt.HashPassword, crypt.VerifyPassword, crypt.DummyVerify}
}

// Attempt is what was typed on a sign-in page, and from where.
type Attempt struct {
	Audience Audience
	Name     string // identifier, or e-mail address
	Password string
	Address  string // network address
	Device   string // the browser's own words on itself
	Shared   bool   // « ordinateur partagé »
	Previous string // session that the browser had, ended by a new one
	Known    string // value of KnownCookie, "" without
}

// Opened is a session just opened.
type Opened struct {
	Token    string        // the cookie's value; it is stored nowhere
	For      time.Duration // how long a browser may keep it; 0 = until it is closed
	MustPass bool          // the password was a provisional one
	Half     bool          // the second factor is still owed
	Known    string        // KnownCookie's new value; "" leaves it as it is

	session SessionID
}

// SignIn checks a name and a password and opens a session. A wrong pair is an Invalid fault, too many tries a
// Throttled one that web.RetryAfter dates. Both cost and say the same whether the name exists or not. Tries from a
// device that the account knows are counted apart: others' wrong ones do not keep its owner waiting.
func (g Gate) SignIn(ctx context.Context, t Attempt) (Opened, error) {
	acc, device, err := g.sought(ctx, t)
	if err != nil {
		return Opened{}, err
	}
	k := tryKeys(g.Key, t.Audience, FoldUsername(t.Name), acc.ID, t.Address)
	if device != "" {
		k = knownKeys(g.Key, device)
	}
	v, err := db.Write(ctx, g.DB, func(tx *db.Tx) (verdict, error) { return reserve(tx, g.Now(), k) })
	if err != nil {
		return Opened{}, err
	}
	if v.wait > 0 {
		return Opened{}, tooMany(waitSentence(v.wait), v.wait)
	}
	right, fresh, err := g.verify(ctx, acc, t.Password, v.mute)
	if err != nil {
		return Opened{}, err
	}
	if !right {
		err = db.Do(ctx, g.DB, func(tx *db.Tx) error { return refuse(tx, g.Now(), v.id, acc, t.Audience) })
		return Opened{}, errors.Join(err, fault.New(fault.Invalid, wrongPassword))
	}
	return db.Write(ctx, g.DB, func(tx *db.Tx) (Opened, error) {
		if err := forgetTries(tx, v.id, k); err != nil {
			return Opened{}, err
		}
		return g.open(tx, acc, fresh, t)
	})
}

// sought is the account that a name means, and the device that the browser's cookie is known for there.
func (g Gate) sought(ctx context.Context, t Attempt) (acc Account, device string, err error) {
	acc, err = db.Read(ctx, g.DB, func(r db.Reader) (Account, error) {
		acc, err := find(r, t.Audience, t.Name)
		if err == nil {
			device, err = knownDevice(r, g.Now(), acc.ID, t.Known)
		}
		return acc, err
	})
	return acc, device, err
}

// tooManyError is a Throttled refusal that a form can show, with when to come back.
type tooManyError struct {
	error
	wait time.Duration
}

func (e tooManyError) Unwrap() error { return e.error }

func tooMany(sentence string, wait time.Duration) error {
	return tooManyError{web.RetryAfter(fault.New(fault.Throttled, sentence), wait), wait}
}

// verify spends one hash in every case. fresh is the password's hash at today's cost, when the stored one is
// older.
func (g Gate) verify(ctx context.Context, acc Account, password string, mute bool) (right bool, fresh string, err error) {
	h := g.hasher()
	if acc.hash == "" || mute {
		return false, "", h.dummy(ctx)
	}
	if acc.Provisional() {
		password = crypt.NormalProvisional(password)
	}
	right, rehash, err := h.verify(ctx, acc.hash, password)
	if err != nil {
		return false, "", fmt.Errorf("verify password: %w", err)
	}
	if right && rehash {
		fresh, err = h.hash(ctx, password)
	}
	return right, fresh, err
}

// refuse settles a wrong password; the line in the journal names the account only when there is one.
func refuse(tx *db.Tx, now time.Time, try string, acc Account, audience Audience) error {
	if err := failTry(tx, try); err != nil {
		return err
	}
	return audit.Write(tx, now, actor.Actor{}, audit.Entry{Action: "account.signin.failed", Object: "account",
		ID: string(acc.ID), Subject: string(acc.Person), Detail: string(audience)})
}

// open makes the session of somebody whose password was right.
func (g Gate) open(tx *db.Tx, acc Account, fresh string, t Attempt) (Opened, error) {
	now := g.Now()
	current, err := ByID(tx, acc.ID)
	if err != nil {
		return Opened{}, err
	}
	if current.hash != acc.hash { // changed while this one was being checked
		return Opened{}, fault.New(fault.Invalid, wrongPassword)
	}
	if s := whyNot(current, civil.InstantOf(now)); s != "" {
		return Opened{}, fault.New(fault.Invalid, s)
	}
	if fresh != "" {
		if err := setHash(tx, now, acc.ID, fresh); err != nil {
			return Opened{}, err
		}
	}
	half := current.Audience == Agent || current.HasTOTP()
	wish := sessionWish{half: half, shared: t.Shared, device: Device(t.Device), previous: t.Previous}
	opened, err := openKnown(tx, now, current, wish, t.Known)
	if err != nil || half {
		return opened, err
	}
	return opened, signedIn(tx, now, current)
}

// whyNot says why a right password opens nothing.
func whyNot(acc Account, now civil.Instant) string {
	switch {
	case acc.State == Suspended:
		return suspendedText
	case acc.State == Unconfirmed:
		return unconfirmText
	case !acc.State.signsIn():
		return closedText
	case acc.Provisional() && acc.ProvisionalUntil <= now:
		return expiredText
	}
	return ""
}

// signedIn notes a complete sign-in: the previous one is what the first page shows.
func signedIn(tx *db.Tx, now time.Time, acc Account) error {
	if err := setSignedIn(tx, now, acc.ID); err != nil {
		return err
	}
	a := actor.Actor{Kind: actor.Citizen, Account: string(acc.ID), Person: string(acc.Person)}
	if acc.Audience == Agent {
		a.Kind = actor.Agent
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.signin", Object: "account", ID: string(acc.ID),
		Subject: string(acc.Person)})
}

// find reads the account that a typed name means; the zero Account when none does. It is one query in every case.
func find(r db.Reader, audience Audience, typed string) (Account, error) {
	email, err := person.CheckEmail(typed)
	if err != nil {
		email = ""
	}
	folded := FoldUsername(typed)
	candidates, err := named(r, audience, folded, email)
	if err != nil {
		return Account{}, fmt.Errorf("find account: %w", err)
	}
	return meant(candidates, folded, email), nil
}

// meant picks the account of a name: the identifier first; an e-mail address only when it is confirmed and
// nobody else's.
func meant(candidates []Account, folded, email string) Account {
	var byEmail []Account
	for _, c := range candidates {
		if folded != "" && FoldUsername(c.Username) == folded {
			return c
		}
		if email != "" && c.Email == email && c.State != Unconfirmed {
			byEmail = append(byEmail, c)
		}
	}
	if len(byEmail) == 1 && byEmail[0].EmailConfirmedAt != 0 {
		return byEmail[0]
	}
	return Account{}
}
