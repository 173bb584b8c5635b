package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

func setTOTP(tx *db.Tx, now time.Time, id ID, sealed []byte, at civil.Instant, step int64) error {
	return one(tx.Exec(`update account set totp_secret = $2, totp_confirmed_at = $3, totp_step = $4, updated_at = $5 where id = $1`,
		string(id), sealed, at, step, civil.InstantOf(now)))
}

// useStep spends a code; false when it, or a later one, was used before.
func useStep(tx *db.Tx, id ID, step int64) (bool, error) {
	n, err := tx.Exec(`update account set totp_step = $2 where id = $1 and totp_step < $2 and totp_confirmed_at is not null`,
		string(id), step)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	return n == 1, nil
}

func deleteRecovery(tx *db.Tx, id ID) error {
	_, err := tx.Exec(`delete from account_recovery where account = $1`, string(id))
	return err
}

func insertRecovery(tx *db.Tx, id ID, hash string) error {
	_, err := tx.Exec(`insert into account_recovery (account, code_hash) values ($1, $2)`, string(id), hash)
	return err
}

// useRecovery spends a recovery code; false when it is not one, or was used before.
func useRecovery(tx *db.Tx, now time.Time, id ID, hash string) (bool, error) {
	n, err := tx.Exec(`update account_recovery set used_at = $3 where account = $1 and code_hash = $2 and used_at is null`,
		string(id), hash, civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("use recovery code: %w", err)
	}
	return n == 1, nil
}

func recoveryLeft(r db.Reader, id ID) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from account_recovery where account = $1 and used_at is null`,
		string(id))
}

func replaceRoles(tx *db.Tx, id ID, held []Held) error {
	if _, err := tx.Exec(`delete from account_role where account = $1`, string(id)); err != nil {
		return fmt.Errorf("drop roles: %w", err)
	}
	for _, h := range held {
		_, err := tx.Exec(`insert into account_role (account, role, service) values ($1, $2, $3) on conflict do nothing`,
			string(id), string(h.Role), string(h.Service))
		if err != nil {
			return fmt.Errorf("insert role: %w", err)
		}
	}
	return nil
}

// otherAdministrators counts the administrators but one who could sign in today, and keeps all of them as they are
// until the end of the transaction.
func otherAdministrators(tx *db.Tx, but ID) (int64, error) {
	if _, err := tx.Exec(`update account set updated_at = updated_at
		where id in (select account from account_role where role = 'administrateur')`); err != nil {
		return 0, fmt.Errorf("lock administrators: %w", err)
	}
	return db.One(tx, "count", db.Column[int64], `select count(*) from account c
		where c.id <> $1 and c.state = 'active' and c.totp_confirmed_at is not null
			and exists (select 1 from account_role g where g.account = c.id and g.role = 'administrateur')`, string(but))
}

func isAdministrator(r db.Reader, id ID) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from account_role where account = $1 and role = 'administrateur'`,
		string(id))
	return n > 0, err
}

// AgentRow is one agent in the list of accounts.
type AgentRow struct {
	Account
	LastName, FirstNames string
	Roles                []Held
}

// Name is "Nadia Rahmani".
func (a AgentRow) Name() string { return a.FirstNames + " " + a.LastName }

// Agents lists the agents' accounts by name with their roles; id "" for all.
func Agents(r db.Reader, id ID) ([]AgentRow, error) {
	rows, err := db.List(r, func(s db.Scanner) (AgentRow, error) {
		var a AgentRow
		var h Held
		err := s.Scan(&a.ID, &a.Person, &a.Audience, &a.Username, &a.Email, &a.EmailConfirmedAt, &a.State, &a.PasswordAt,
			&a.TOTPAt, &a.SignedInAt, &a.LastName, &a.FirstNames, &h.Role, &h.Service)
		if h.Role != NoRole {
			a.Roles = []Held{h}
		}
		return a, err
	}, `select c.id, c.person, c.audience, c.username, c.email, c.email_confirmed_at, c.state, c.password_at, c.totp_confirmed_at,
			c.signed_in_at, p.last_name, p.first_names, coalesce(g.role, ''), coalesce(g.service, '')
		from account c
		join person p on p.id = c.person
		left join account_role g on g.account = c.id
		where c.audience = 'agent' and c.state <> 'closed' and ($1 = '' or c.id = $1)
		order by p.folded, c.id, g.role, g.service`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	var agents []AgentRow
	for _, row := range rows {
		if n := len(agents); n > 0 && agents[n-1].ID == row.ID {
			agents[n-1].Roles = append(agents[n-1].Roles, row.Roles...)
			continue
		}
		agents = append(agents, row)
	}
	return agents, nil
}
