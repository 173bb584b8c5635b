package admission

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations that the package's tables need, its own last.
func Sources() []db.Source {
	files, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(account.Sources(), family.Sources(), []db.Source{{Name: "admission", FS: files}})
}

const columns = `v.id, v.account, v.by_post, v.mail, v.sent_to, v.created_at, v.expires_at, v.opened_at, v.replaced_at`

func scan(s db.Scanner) (Activation, error) {
	var v Activation
	err := s.Scan(&v.ID, &v.Account, &v.ByPost, &v.Mail, &v.SentTo, &v.CreatedAt, &v.ExpiresAt, &v.OpenedAt, &v.ReplacedAt)
	return v, err
}

func insert(tx *db.Tx, v Activation, hash string) error {
	_, err := tx.Exec(`insert into activation (id, account, by_post, token_hash, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`, string(v.ID), string(v.Account), v.ByPost, hash, v.CreatedAt, v.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert activation: %w", err)
	}
	return nil
}

// replace ends the account's living activation, if there is one.
func replace(tx *db.Tx, now time.Time, to account.ID) error {
	_, err := tx.Exec(`update activation set replaced_at = $2 where account = $1 and replaced_at is null`, string(to), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("replace activation: %w", err)
	}
	return nil
}

func setMail(tx *db.Tx, id ID, m mail.ID, to string) error {
	_, err := tx.Exec(`update activation set mail = $2, sent_to = $3 where id = $1`, string(id), string(m), to)
	if err != nil {
		return fmt.Errorf("note mail: %w", err)
	}
	return nil
}

func setOpened(tx *db.Tx, now time.Time, id ID) error {
	_, err := tx.Exec(`update activation set opened_at = $2 where id = $1 and opened_at is null`, string(id), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("note opening: %w", err)
	}
	return nil
}

// ByID reads an activation; an unknown id is a NotFound fault.
func ByID(r db.Reader, id ID) (Activation, error) {
	return db.One(r, "activation", scan, `select `+columns+` from activation v where v.id = $1`, string(id))
}

func bySecret(r db.Reader, secret string) (Activation, error) {
	return db.One(r, "activation", scan, `select `+columns+` from activation v where v.token_hash = $1`, crypt.HashToken(secret))
}

// current is the last activation of an account, alive or late.
func current(r db.Reader, to account.ID) (Activation, error) {
	return db.One(r, "activation", scan, `select `+columns+` from activation v where v.account = $1 and v.replaced_at is null`, string(to))
}

// ForAccount lists the activations of an account, the last one first.
func ForAccount(r db.Reader, to account.ID) ([]Activation, error) {
	return db.List(r, scan, `select `+columns+` from activation v where v.account = $1 order by v.created_at desc, v.id desc`, string(to))
}

func sentSince(r db.Reader, to account.ID, from civil.Instant) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from activation where account = $1 and created_at > $2`, string(to), from)
}

// eligible is the condition of a selection on account c; $1 is the family, "" for the others.
func (s Selection) eligible() string {
	const where = `c.audience = 'citizen' and c.state = 'unclaimed' and c.email <> ''`
	switch s.Choice {
	case Never:
		return where + ` and $1 = '' and not exists (select 1 from activation v where v.account = c.id)`
	case OneFamily:
		return where + ` and exists (select 1 from family_member m where m.person = c.person and m.family = $1
			and m.role in ('holder', 'coholder') and m.state = 'approved' and m.to_day is null)`
	}
	return where + ` and $1 = ''`
}

// Count is how many accounts a selection would write to.
func (s Selection) Count(r db.Reader) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from account c where `+s.eligible(), string(s.Family))
}

func insertCampaign(tx *db.Tx, now time.Time, id string, a actor.Actor, s Selection, rate int) (int64, error) {
	_, err := tx.Exec(`insert into campaign (id, choice, asked_by, per_minute, created_at) values ($1, $2, $3, $4, $5)`,
		id, string(s.Choice), a.Account, rate, civil.InstantOf(now))
	if err != nil {
		return 0, err
	}
	return tx.Exec(`insert into campaign_item (campaign, account) select $2, c.id from account c where `+s.eligible(), string(s.Family), id)
}

// waiting lists accounts of a campaign that were not written to yet.
func waiting(r db.Reader, campaign string, limit int) ([]account.ID, error) {
	return db.List(r, db.Column[account.ID], `select account from campaign_item where campaign = $1 and done_at is null
		order by account limit $2`, campaign, limit)
}

// shareOver tells whether a share of a campaign has asked for the next one already.
func shareOver(r db.Reader, campaign string, number int64) (bool, error) {
	shares, err := db.One(r, "campaign", db.Column[int64], `select shares from campaign where id = $1`, campaign)
	return shares > number, err
}

// endShare ends a share once; false when it was ended before.
func endShare(tx *db.Tx, campaign string, number int64) (bool, error) {
	n, err := tx.Exec(`update campaign set shares = shares + 1 where id = $1 and shares = $2`, campaign, number)
	if err != nil {
		return false, fmt.Errorf("end campaign share: %w", err)
	}
	return n == 1, nil
}

// settleItem takes an account of a campaign; false when it was taken before.
func settleItem(tx *db.Tx, now time.Time, campaign string, to account.ID) (bool, error) {
	n, err := tx.Exec(`update campaign_item set done_at = $3 where campaign = $1 and account = $2 and done_at is null`,
		campaign, string(to), civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("settle campaign item: %w", err)
	}
	return n == 1, nil
}

// Left counts the accounts that campaigns have still to write to.
func Left(r db.Reader) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from campaign_item where done_at is null`)
}

func forget(tx *db.Tx, who person.ID) error {
	_, err := tx.Exec(`delete from campaign_item where account in (select id from account where person = $1)`, string(who))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`delete from activation where account in (select id from account where person = $1)`, string(who))
	return err
}
