package account

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations that the package's tables need, its own last.
func Sources() []db.Source {
	files, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(person.Sources(), audit.Sources(), mail.Sources(), jobs.Sources(), web.Sources(),
		[]db.Source{{Name: "account", FS: files}})
}

const columns = `c.id, c.person, c.audience, c.username, c.email, c.email_confirmed_at, c.state, c.password_at,
	c.provisional_until, c.provisional_by_post, c.totp_confirmed_at, c.signed_in_at, c.previous_sign_in_at, c.created_at,
	c.password_hash, c.totp_secret, c.totp_step`

func scan(s db.Scanner) (Account, error) {
	var c Account
	err := s.Scan(&c.ID, &c.Person, &c.Audience, &c.Username, &c.Email, &c.EmailConfirmedAt, &c.State, &c.PasswordAt,
		&c.ProvisionalUntil, &c.ProvisionalByPost, &c.TOTPAt, &c.SignedInAt, &c.PreviousSignInAt, &c.CreatedAt,
		&c.hash, &c.totp, &c.totpStep)
	return c, err
}

func insert(tx *db.Tx, now time.Time, c Account) error {
	_, err := tx.Exec(`insert into account (id, person, audience, username, username_folded, email, email_confirmed_at,
			password_hash, password_at, state, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
		string(c.ID), string(c.Person), string(c.Audience), c.Username, FoldUsername(c.Username), c.Email,
		c.EmailConfirmedAt, c.hash, c.PasswordAt, string(c.State), civil.InstantOf(now))
	return err
}

// usernamesLike is the set of folded identifiers that start with a text. The range uses the unique index, as a
// pattern would not.
func usernamesLike(r db.Reader, folded string) (map[string]bool, error) {
	names, err := db.List(r, db.Column[string], `select username_folded from account
		where username_folded >= $1 and username_folded < $2`, folded, folded+"\U0010FFFF")
	taken := make(map[string]bool, len(names))
	for _, n := range names {
		taken[n] = true
	}
	return taken, err
}

func usernameTaken(r db.Reader, folded string) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from account where username_folded = $1`, folded)
	return n > 0, err
}

// ByID reads an account; an unknown id is a NotFound fault.
func ByID(r db.Reader, id ID) (Account, error) {
	return db.One(r, "account", scan, `select `+columns+` from account c where c.id = $1`, string(id))
}

// ForPerson reads a person's account of one audience that is not closed; without one it is a NotFound fault.
func ForPerson(r db.Reader, who person.ID, audience Audience) (Account, error) {
	return db.One(r, "account", scan, `select `+columns+` from account c
		where c.person = $1 and c.audience = $2 and c.state <> 'closed'`, string(who), string(audience))
}

// named lists the accounts that a typed name may mean: by identifier, or by e-mail address when it is one.
func named(r db.Reader, audience Audience, folded, email string) ([]Account, error) {
	return db.List(r, scan, `select `+columns+` from account c
		where c.audience = $1 and c.state <> 'closed' and (c.username_folded = $2 or (c.email = $3 and c.email <> ''))
		order by c.created_at, c.id limit 20`, string(audience), folded, email)
}

// WithEmail lists the citizens' accounts, open or waiting to be, that use an address.
func WithEmail(r db.Reader, email string) ([]Account, error) {
	return db.List(r, scan, `select `+columns+` from account c
		where c.audience = 'citizen' and c.email = $1 and c.email <> '' and c.state not in ('closed', 'unconfirmed', 'suspended')
		order by c.created_at, c.id`, email)
}

// setHash replaces a password's hash by the same password's at today's cost.
func setHash(tx *db.Tx, now time.Time, id ID, hash string) error {
	return one(tx.Exec(`update account set password_hash = $2, updated_at = $3 where id = $1`, string(id), hash, civil.InstantOf(now)))
}

// setPassword stores a personal password: the provisional one dies.
func setPassword(tx *db.Tx, now time.Time, id ID, hash string) error {
	return one(tx.Exec(`update account set password_hash = $2, password_at = $3, provisional_until = null,
			provisional_by_post = $4, updated_at = $3
		where id = $1`, string(id), hash, civil.InstantOf(now), false))
}

func setProvisional(tx *db.Tx, now time.Time, id ID, p Provisional) error {
	return one(tx.Exec(`update account set password_hash = $2, password_at = null, provisional_until = $3,
			provisional_by_post = $4, updated_at = $5
		where id = $1`, string(id), p.Hash, p.Until, p.ByPost, civil.InstantOf(now)))
}

func setState(tx *db.Tx, now time.Time, id ID, s State) error {
	return one(tx.Exec(`update account set state = $2, updated_at = $3 where id = $1`, string(id), string(s), civil.InstantOf(now)))
}

func setEmail(tx *db.Tx, now time.Time, id ID, email string, confirmed civil.Instant) error {
	return one(tx.Exec(`update account set email = $2, email_confirmed_at = $3, updated_at = $4 where id = $1`, string(id), email,
		confirmed, civil.InstantOf(now)))
}

func setUsername(tx *db.Tx, now time.Time, id ID, username string) error {
	return one(tx.Exec(`update account set username = $2, username_folded = $3, updated_at = $4 where id = $1`, string(id),
		username, FoldUsername(username), civil.InstantOf(now)))
}

func setSignedIn(tx *db.Tx, now time.Time, id ID) error {
	return one(tx.Exec(`update account set previous_sign_in_at = signed_in_at, signed_in_at = $2 where id = $1`, string(id),
		civil.InstantOf(now)))
}

// lock takes the account's row for the rest of the transaction and reads it: what is decided from it then holds.
func lock(tx *db.Tx, id ID) (Account, error) {
	if _, err := tx.Exec(`update account set updated_at = updated_at where id = $1`, string(id)); err != nil {
		return Account{}, fmt.Errorf("lock account: %w", err)
	}
	return ByID(tx, id)
}

// one turns an update that met no row into a NotFound fault.
func one(n int64, err error) error {
	if err != nil {
		return fmt.Errorf("update account: %w", err)
	}
	if n == 0 {
		return fault.Missing("account")
	}
	return nil
}
