package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
)

// The jobs of forgotten passwords and identifiers. The look-up happens there, so that the request does the same
// whether the name exists or not.
const (
	jobForgotten   = "account.forgotten"
	jobIdentifiers = "account.identifiers"
)

// AskLink asks for a forgotten-password link for an identifier or an address. It says nothing of what it finds.
func (g Gate) AskLink(ctx context.Context, typed, address string) error {
	return g.ask(ctx, jobForgotten, typed, address)
}

// AskIdentifiers asks that the identifiers of an address be mailed to it. It says nothing of what it finds.
func (g Gate) AskIdentifiers(ctx context.Context, typed, address string) error {
	return g.ask(ctx, jobIdentifiers, typed, address)
}

func (g Gate) ask(ctx context.Context, kind, typed, address string) error {
	if len(typed) > 254 {
		typed = typed[:254]
	}
	padded := fmt.Sprintf("%-254s", typed) // the stored row does not tell either
	sealed, err := g.Key.Seal(kind, []byte(padded))
	if err != nil {
		return err
	}
	k := tryKeys(g.Key, Citizen, kind+" from "+address, "", address)
	wait, err := db.Write(ctx, g.DB, func(tx *db.Tx) (time.Duration, error) {
		now := g.Now()
		at := civil.InstantOf(now)
		if err := lockKeys(tx, at, k); err != nil {
			return 0, err
		}
		tries, err := triesSince(tx, at.Add(-window), keys{"", "", k.account})
		if err != nil {
			return 0, err
		}
		if n := len(tries[k.account]); n >= asksPerHour {
			return remaining(tries[k.account][n-asksPerHour].at.Add(window), at), nil
		}
		if err := insertTry(tx, db.NewID(), k.account, at); err != nil {
			return 0, err
		}
		return 0, jobs.Enqueue(tx, now, jobs.Job{Kind: kind, Args: map[string]string{"typed": base64.StdEncoding.EncodeToString(sealed)}})
	})
	if err == nil && wait > 0 {
		return tooMany("Trop de liens ont été demandés depuis cette connexion. Réessayez plus tard, ou appelez la mairie.", wait)
	}
	return err
}

// Handlers are the jobs of this package.
func (g Gate) Handlers() []jobs.Handler {
	return []jobs.Handler{
		{Kind: jobForgotten, Run: g.answer(jobForgotten, sendLinks)},
		{Kind: jobIdentifiers, Run: g.answer(jobIdentifiers, sendIdentifiers)},
		{Kind: jobPurge, Run: g.purge},
	}
}

const jobPurge = "account.purge"

// Schedule is the daily task of this package.
func Schedule() []jobs.Daily { return []jobs.Daily{{Kind: jobPurge, Hour: 3}} }

func (g Gate) purge(ctx context.Context, _ map[string]string) error {
	return db.Do(ctx, g.DB, func(tx *db.Tx) error { return Purge(tx, g.Now()) })
}

// Purge drops sessions, known devices, links and tries that no longer count.
func Purge(tx *db.Tx, now time.Time) error {
	at := civil.InstantOf(now)
	if err := purgeSessions(tx, at); err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	if err := purgeAttempts(tx, at); err != nil {
		return err
	}
	if err := purgeKnown(tx, at); err != nil {
		return fmt.Errorf("purge known devices: %w", err)
	}
	if err := purgeChallenges(tx, at); err != nil {
		return fmt.Errorf("purge challenges: %w", err)
	}
	if err := purgeTokens(tx, at.Add(-30*24*time.Hour)); err != nil {
		return fmt.Errorf("purge links: %w", err)
	}
	if err := purgeTries(tx, at.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("purge tries: %w", err)
	}
	return nil
}

func (g Gate) answer(kind string, send func(*db.Tx, time.Time, *crypt.Key, string) error) func(context.Context, map[string]string) error {
	return func(ctx context.Context, args map[string]string) error {
		sealed, err := base64.StdEncoding.DecodeString(args["typed"])
		if err != nil {
			return fmt.Errorf("%w: %w", jobs.ErrForEver, err)
		}
		typed, err := g.Key.Open(kind, sealed)
		if err != nil {
			return fmt.Errorf("%w: %w", jobs.ErrForEver, err)
		}
		return db.Do(ctx, g.DB, func(tx *db.Tx) error { return send(tx, g.Now(), g.Key, person.Clean(string(typed))) })
	}
}

// sendLinks mails a link to each account that a typed identifier or address means; an address that several share
// gets one mail an account.
func sendLinks(tx *db.Tx, now time.Time, key *crypt.Key, typed string) error {
	email, err := person.CheckEmail(typed)
	if err != nil {
		email = ""
	}
	accounts, err := named(tx, Citizen, FoldUsername(typed), email)
	if err != nil {
		return err
	}
	for _, acc := range accounts {
		if acc.Email == "" || !acc.State.signsIn() {
			continue
		}
		if err := sendLink(tx, now, key, acc); err != nil {
			return err
		}
	}
	return nil
}

func sendLink(tx *db.Tx, now time.Time, key *crypt.Key, acc Account) error {
	at := civil.InstantOf(now)
	n, err := tokensSince(tx, acc.ID, "password", at.Add(-time.Hour))
	if err != nil || n >= linksPerHour {
		return err
	}
	id, err := newToken(tx, now, key, acc.ID, "password", resetFor)
	if err != nil {
		return err
	}
	_, err = mail.Enqueue(tx, now, mail.Message{Template: MailForgotten, To: acc.Email, Account: string(acc.ID),
		Args: map[string]string{"account": string(acc.ID), "token": id}})
	if err != nil {
		return err
	}
	return audit.Write(tx, now, actor.Job("forgotten"), audit.Entry{Action: "account.link.sent", Object: "account",
		ID: string(acc.ID), Subject: string(acc.Person)})
}

// sendIdentifiers mails to an address the identifiers that use it.
func sendIdentifiers(tx *db.Tx, now time.Time, _ *crypt.Key, typed string) error {
	email, err := person.CheckEmail(typed)
	if err != nil || email == "" {
		return nil
	}
	accounts, err := WithEmail(tx, email)
	if err != nil || len(accounts) == 0 {
		return err
	}
	recent, err := mailsSince(tx, MailIdentifiers, accounts[0].ID, civil.InstantOf(now).Add(-time.Hour))
	if err != nil || recent >= linksPerHour {
		return err
	}
	_, err = mail.Enqueue(tx, now, mail.Message{Template: MailIdentifiers, To: email, Account: string(accounts[0].ID),
		Args: map[string]string{"account": string(accounts[0].ID)}})
	return err
}

// tokenSecret is a link's secret. It is derived from the row's id, so that a mail can be rendered again and
// nothing clear is stored.
func tokenSecret(key *crypt.Key, id string) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC("account-token", id)[:24])
}

// newToken makes a link of an account; those of the same kind before it die.
func newToken(tx *db.Tx, now time.Time, key *crypt.Key, acc ID, kind string, life time.Duration) (string, error) {
	if err := killTokens(tx, acc, kind); err != nil {
		return "", err
	}
	id := db.NewID()
	return id, insertToken(tx, storedToken{id: id, account: acc, kind: kind, hash: crypt.HashToken(tokenSecret(key, id)),
		created: civil.InstantOf(now), expires: civil.InstantOf(now).Add(life)})
}

// usedLink is what is said of a link that did its work.
const usedLink = "Ce lien a déjà servi à choisir un mot de passe."

// byLink reads the account of a link without using it up. An unknown one is missing; a used, replaced or late one is
// Refused with a sentence.
func byLink(r db.Reader, now time.Time, kind, secret string) (Account, storedToken, error) {
	t, err := tokenByHash(r, kind, crypt.HashToken(secret))
	if err != nil {
		return Account{}, storedToken{}, err
	}
	switch {
	case t.used != 0 && t.used == t.created: // see killTokens
		return Account{}, t, fault.New(fault.Refused, "Un autre lien, plus récent, a remplacé celui-ci. Ouvrez l’e-mail le plus récent.")
	case t.used != 0:
		return Account{}, t, fault.New(fault.Refused, usedLink)
	}
	if t.expires <= civil.InstantOf(now) {
		return Account{}, t, fault.New(fault.Refused, "Ce lien n’est plus valable : le délai pour l’ouvrir est passé.")
	}
	acc, err := ByID(r, t.account)
	return acc, t, err
}

// Reset sets the password of a link's owner, who is signed in by it: whoever is trying passwords on the account cannot
// keep its owner out. All sessions end, a mail tells.
func Reset(tx *db.Tx, now time.Time, key *crypt.Key, secret, hash string, from Browser) (Opened, error) {
	acc, t, err := byLink(tx, now, "password", secret)
	if err != nil {
		return Opened{}, err
	}
	if acc, err = lock(tx, acc.ID); err != nil {
		return Opened{}, err
	}
	if err := useToken(tx, now, t.id); err != nil {
		return Opened{}, err
	}
	if s := whyNot(acc, 0); s != "" {
		return Opened{}, fault.New(fault.Refused, s)
	}
	if err := settle(tx, now, acc, hash, true); err != nil {
		return Opened{}, err
	}
	if _, err := endSessions(tx, acc.ID, ""); err != nil {
		return Opened{}, err
	}
	if acc, err = ByID(tx, acc.ID); err != nil {
		return Opened{}, err
	}
	if err := notify(tx, now, acc, MailPasswordChanged); err != nil {
		return Opened{}, err
	}
	a := actor.Actor{Kind: actor.Citizen, Account: string(acc.ID), Person: string(acc.Person)}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "account.password.reset", Object: "account", ID: string(acc.ID),
		Subject: string(acc.Person)}); err != nil {
		return Opened{}, err
	}
	opened, err := openKnown(tx, now, acc, sessionWish{half: acc.HasTOTP(), device: Device(from.Device), previous: from.Previous}, from.Known)
	if err != nil || opened.Half {
		return opened, err
	}
	return opened, signedIn(tx, now, acc)
}
