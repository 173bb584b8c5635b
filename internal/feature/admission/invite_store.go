package admission

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// inviteFrom reads invitations with the names of a known co-holder and of the holder who invites.
const inviteFrom = `select i.id, i.family, coalesce(i.service, ''), coalesce(s.name, ''), coalesce(i.person, ''),
		coalesce(k.civility, i.civility), coalesce(k.last_name, i.last_name), coalesce(k.first_names, i.first_names), i.relation, i.email,
		i.typed, coalesce(i.by_person, ''), coalesce(b.first_names, ''), coalesce(b.last_name, ''), coalesce(i.by_agent, ''), i.held,
		i.number, i.sends, i.tries, i.created_at, i.sent_at, i.expires_at, i.opened_at, i.accepted_at, coalesce(i.accepted_by, ''),
		i.revoked_at, i.outcome, i.vouched
	from invite i
	left join person k on k.id = i.person
	left join person b on b.id = i.by_person
	left join service s on s.id = i.service`

func scanInvite(s db.Scanner) (Invite, error) {
	var v Invite
	var by person.Person
	err := s.Scan(&v.ID, &v.Family, &v.Service, &v.ServiceIn, &v.Person, &v.Civility, &v.LastName, &v.FirstNames, &v.Relation, &v.Email,
		&v.Typed, &v.By, &by.FirstNames, &by.LastName, &v.ByAgent, &v.Held, &v.Number, &v.Sends, &v.Tries, &v.CreatedAt, &v.SentAt,
		&v.ExpiresAt, &v.OpenedAt, &v.AcceptedAt, &v.AcceptedBy, &v.RevokedAt, &v.Outcome, &v.AgentVouches)
	v.ByName = by.Full()
	return v, err
}

func inviteByID(r db.Reader, id InviteID) (Invite, error) {
	return db.One(r, "invitation", scanInvite, inviteFrom+` where i.id = $1`, string(id))
}

func inviteBySecret(r db.Reader, secret string) (Invite, error) {
	return db.One(r, "invitation", scanInvite, inviteFrom+` where i.token_hash = $1`, crypt.HashToken(secret))
}

// lockInvite takes an invitation's row for the rest of the transaction and reads it.
func lockInvite(tx *db.Tx, id InviteID) (Invite, error) {
	if _, err := tx.Exec(`update invite set number = number where id = $1`, string(id)); err != nil {
		return Invite{}, fmt.Errorf("lock invitation: %w", err)
	}
	return inviteByID(tx, id)
}

// InvitesOf lists the invitations of a family, the last one first.
func InvitesOf(r db.Reader, id family.ID) ([]Invite, error) {
	all, err := db.List(r, scanInvite, inviteFrom+` where i.family = $1 order by i.created_at desc, i.id desc limit 20`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// heldInvites lists those that wait for an agent, oldest first.
func heldInvites(r db.Reader) ([]Invite, error) {
	all, err := db.List(r, scanInvite, inviteFrom+` where i.held = true and i.revoked_at is null order by i.created_at, i.id limit 200`)
	if err != nil {
		return nil, fmt.Errorf("list held invitations: %w", err)
	}
	return all, nil
}

func invitesSince(r db.Reader, id family.ID, from civil.Instant) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from invite where family = $1 and created_at > $2`, string(id), from)
}

// livingInvite tells whether the same person, or the same address, has an invitation of the family already.
func livingInvite(r db.Reader, v Invite, now civil.Instant) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from invite
		where family = $1 and accepted_at is null and revoked_at is null and (held = true or expires_at > $4)
			and ((email = $2 and typed = true) or (person = $3 and $3 <> ''))`, string(v.Family), v.Email, string(v.Person), now)
	return n > 0, err
}

func insertInvite(tx *db.Tx, v Invite, hash string) error {
	_, err := tx.Exec(`insert into invite (id, family, service, person, civility, last_name, first_names, relation, email, typed, by_person,
			by_agent, held, number, token_hash, created_at, expires_at, vouched)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		string(v.ID), string(v.Family), absent(v.Service), absent(v.Person), string(v.Civility), v.LastName, v.FirstNames, v.Relation,
		v.Email, v.Typed, absent(v.By), absent(v.ByAgent), v.Held, v.Number, hash, v.CreatedAt, v.ExpiresAt, v.AgentVouches)
	if err != nil {
		return fmt.Errorf("insert invitation: %w", err)
	}
	return nil
}

// absent is null for an empty id.
func absent[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

func noteSent(tx *db.Tx, now time.Time, id InviteID) error {
	_, err := tx.Exec(`update invite set sends = sends + 1, sent_at = $2 where id = $1`, string(id), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("note invitation sent: %w", err)
	}
	return nil
}

// renewInvite gives an invitation another link: the one before no longer finds it.
func renewInvite(tx *db.Tx, v Invite, until civil.Instant, hash string) error {
	_, err := tx.Exec(`update invite set number = $2, token_hash = $3, expires_at = $4, opened_at = null, held = $5 where id = $1`,
		string(v.ID), v.Number, hash, until, false)
	if err != nil {
		return fmt.Errorf("renew invitation: %w", err)
	}
	return nil
}

func revokeInvite(tx *db.Tx, now time.Time, id InviteID) (bool, error) {
	n, err := tx.Exec(`update invite set revoked_at = $2 where id = $1 and revoked_at is null and accepted_at is null`, string(id), civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("revoke invitation: %w", err)
	}
	return n == 1, nil
}

// noteOpened notes the first look at a link.
func noteOpened(tx *db.Tx, now time.Time, id InviteID) error {
	_, err := tx.Exec(`update invite set opened_at = $2 where id = $1 and opened_at is null and accepted_at is null`, string(id), civil.InstantOf(now))
	return err
}

// countTry counts an answer on a link's page before it is judged, unless it is the last one again, and tells whether
// it may be: many at once are counted one by one.
func countTry(tx *db.Tx, id InviteID, answer string) (bool, error) {
	n, err := tx.Exec(`update invite set tries = case when tried = $2 then tries else tries + 1 end, tried = $2
		where id = $1 and (tries < $3 or tried = $2)`, string(id), answer, inviteTries)
	if err != nil {
		return false, fmt.Errorf("count answer: %w", err)
	}
	return n == 1, nil
}

// takeInvite uses a living link up; of two at once the second is too late.
func takeInvite(tx *db.Tx, now time.Time, secret string) (Invite, error) {
	n, err := tx.Exec(`update invite set accepted_at = $2 where token_hash = $1 and accepted_at is null and revoked_at is null
		and held = $3 and expires_at > $2 and tries <= $4`, crypt.HashToken(secret), civil.InstantOf(now), false, inviteTries)
	if err != nil {
		return Invite{}, fmt.Errorf("take invitation: %w", err)
	}
	v, err := inviteBySecret(tx, secret)
	if err == nil && n == 0 {
		err = usedUp()
	}
	return v, err
}

func usedUp() error {
	return fault.New(fault.Conflict, "Cette invitation a déjà servi, ou ne vaut plus. Ouvrez le dernier e-mail reçu, ou connectez-vous.")
}

// settleInvite notes who took an invitation, what it led to, and the texts accepted.
func settleInvite(tx *db.Tx, id InviteID, by account.ID, outcome Outcome, terms, privacy string) error {
	_, err := tx.Exec(`update invite set accepted_by = $2, outcome = $3, terms = $4, privacy = $5 where id = $1`,
		string(id), string(by), string(outcome), terms, privacy)
	if err != nil {
		return fmt.Errorf("settle invitation: %w", err)
	}
	return nil
}

func purgeInvites(tx *db.Tx, before civil.Instant) (int64, error) {
	return tx.Exec(`delete from invite where accepted_at is null and (revoked_at < $1 or expires_at < $1)`, before)
}
