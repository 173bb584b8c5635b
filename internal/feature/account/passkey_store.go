package account

import (
	"encoding/base64"
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"

	"github.com/go-webauthn/webauthn/protocol"
)

// What a challenge is for.
const (
	challengeSignIn = "sign-in"
	challengeAdd    = "add"
)

// storedChallenge is a question that one browser may answer once.
type storedChallenge struct{ holder, kind, challenge, name, address string }

// insertChallenge stores a challenge in the place of its holder's last one; those that are over go away.
func insertChallenge(tx *db.Tx, now time.Time, c storedChallenge) error {
	at := civil.InstantOf(now)
	if err := purgeChallenges(tx, at); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into passkey_challenge (holder, kind, challenge, name, address, expires_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (holder) do update set kind = excluded.kind, challenge = excluded.challenge, name = excluded.name,
			address = excluded.address, expires_at = excluded.expires_at`, c.holder, c.kind, c.challenge, c.name, c.address, at.Add(challengeFor))
	if err != nil {
		return fmt.Errorf("insert challenge: %w", err)
	}
	return nil
}

// takeChallenge spends a challenge: of two answers, one gets it. One that is over, spent or somebody else's is Invalid.
func takeChallenge(tx *db.Tx, now time.Time, kind, holder string) (storedChallenge, error) {
	found, err := db.List(tx, func(s db.Scanner) (storedChallenge, error) {
		var c storedChallenge
		err := s.Scan(&c.holder, &c.kind, &c.challenge, &c.name)
		return c, err
	}, `delete from passkey_challenge where holder = $1 and kind = $2 and expires_at > $3 returning holder, kind, challenge, name`,
		holder, kind, civil.InstantOf(now))
	if err != nil {
		return storedChallenge{}, fmt.Errorf("take challenge: %w", err)
	}
	if len(found) == 0 {
		return storedChallenge{}, fault.New(fault.Invalid, latePasskey)
	}
	return found[0], nil
}

func dropChallenge(tx *db.Tx, holder string) error {
	_, err := tx.Exec(`delete from passkey_challenge where holder = $1`, holder)
	return err
}

func challengesFrom(r db.Reader, now time.Time, address string) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from passkey_challenge where address = $1 and expires_at > $2`,
		address, civil.InstantOf(now))
}

func purgeChallenges(tx *db.Tx, now civil.Instant) error {
	_, err := tx.Exec(`delete from passkey_challenge where expires_at <= $1`, now)
	return err
}

const passkeyColumns = `id, account, credential_id, public_key, flags, sign_count, name, created_at, used_at, stopped_at`

func scanPasskey(s db.Scanner) (Passkey, error) {
	var k Passkey
	var credential string
	var flags, count int64
	if err := s.Scan(&k.ID, &k.Account, &credential, &k.publicKey, &flags, &count, &k.Name, &k.CreatedAt, &k.UsedAt, &k.StoppedAt); err != nil {
		return k, err
	}
	k.flags, k.count = protocol.AuthenticatorFlags(flags), uint32(count)
	var err error
	k.credential, err = base64.RawURLEncoding.DecodeString(credential)
	return k, err
}

// Passkeys lists an account's passkeys, the oldest first.
func Passkeys(r db.Reader, id ID) ([]Passkey, error) {
	return db.List(r, scanPasskey, `select `+passkeyColumns+` from account_passkey where account = $1 order by created_at, id`, string(id))
}

func passkeyByID(r db.Reader, acc ID, id PasskeyID) (Passkey, error) {
	return db.One(r, "passkey", scanPasskey, `select `+passkeyColumns+` from account_passkey where id = $1 and account = $2`, string(id), string(acc))
}

func insertPasskey(tx *db.Tx, k Passkey) error {
	_, err := tx.Exec(`insert into account_passkey (id, account, credential_id, public_key, flags, sign_count, name, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, string(k.ID), string(k.Account), base64.RawURLEncoding.EncodeToString(k.credential), k.publicKey,
		int64(k.flags), int64(k.count), k.Name, k.CreatedAt)
	if db.IsUnique(err) {
		return fault.New(fault.Refused, "Cette clé d’accès est déjà enregistrée.")
	}
	if err != nil {
		return fmt.Errorf("insert passkey: %w", err)
	}
	return nil
}

func usePasskey(tx *db.Tx, now time.Time, id PasskeyID, flags protocol.AuthenticatorFlags, count uint32) error {
	return one(tx.Exec(`update account_passkey set flags = $2, sign_count = $3, used_at = $4 where id = $1`, string(id), int64(flags),
		int64(count), civil.InstantOf(now)))
}

func setPasskeyStopped(tx *db.Tx, now time.Time, id PasskeyID) error {
	return one(tx.Exec(`update account_passkey set stopped_at = $2 where id = $1`, string(id), civil.InstantOf(now)))
}

func deletePasskey(tx *db.Tx, acc ID, id PasskeyID) error {
	n, err := tx.Exec(`delete from account_passkey where id = $1 and account = $2`, string(id), string(acc))
	if err != nil {
		return fmt.Errorf("delete passkey: %w", err)
	}
	if n == 0 {
		return fault.Missing("passkey")
	}
	return nil
}

// dropPasskeys takes all of an account's passkeys away.
func dropPasskeys(tx *db.Tx, acc ID) error {
	if _, err := tx.Exec(`delete from account_passkey where account = $1`, string(acc)); err != nil {
		return fmt.Errorf("drop passkeys: %w", err)
	}
	return nil
}
