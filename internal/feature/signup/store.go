package signup

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations that the package's tables need, its own last.
func Sources() []db.Source {
	files, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(account.Sources(), captcha.Sources(), []db.Source{{Name: "signup", FS: files}})
}

type draftRow struct {
	id, tokenHash, previousHash string
	browser, address            string
	hashes                      int64
	sealed                      []byte
	expires                     civil.Instant

	late bool // found by previousHash
}

func scanDraft(s db.Scanner) (draftRow, error) {
	var d draftRow
	err := s.Scan(&d.id, &d.tokenHash, &d.previousHash, &d.browser, &d.address, &d.hashes, &d.sealed, &d.expires)
	return d, err
}

func draftByToken(r db.Reader, hash string) (draftRow, error) {
	return db.One(r, "draft", scanDraft, `select id, token_hash, previous_hash, browser, address, hashes, sealed, expires_at
		from signup_draft where token_hash = $1 or (previous_hash = $1 and previous_hash <> '')`, hash)
}

// lockDraft holds the draft of a cookie: of several at once, each sees what the one before made of it.
func lockDraft(tx *db.Tx, hash string) error {
	_, err := tx.Exec(`update signup_draft set hashes = hashes where token_hash = $1 or (previous_hash = $1 and previous_hash <> '')`, hash)
	if err != nil {
		return fmt.Errorf("lock draft: %w", err)
	}
	return nil
}

func insertDraft(tx *db.Tx, now time.Time, d draftRow) error {
	_, err := tx.Exec(`insert into signup_draft (id, token_hash, browser, address, hashes, sealed, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, d.id, d.tokenHash, d.browser, d.address, d.hashes, d.sealed, civil.InstantOf(now), d.expires)
	if err != nil {
		return fmt.Errorf("insert draft: %w", err)
	}
	return nil
}

func updateDraft(tx *db.Tx, d draftRow) error {
	_, err := tx.Exec(`update signup_draft set token_hash = $2, previous_hash = $3, address = $4, hashes = $5, sealed = $6, expires_at = $7
		where id = $1`, d.id, d.tokenHash, d.previousHash, d.address, d.hashes, d.sealed, d.expires)
	if err != nil {
		return fmt.Errorf("update draft: %w", err)
	}
	return nil
}

func updateDraftPhoto(tx *db.Tx, id string, sealed []byte) error {
	if _, err := tx.Exec(`update signup_draft set photo = $2 where id = $1`, id, sealed); err != nil {
		return fmt.Errorf("update draft's photo: %w", err)
	}
	return nil
}

func draftPhoto(r db.Reader, id string) ([]byte, error) {
	return db.One(r, "draft", db.Column[[]byte], `select photo from signup_draft where id = $1`, id)
}

func deleteDraft(tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec(`delete from signup_draft where id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("delete draft: %w", err)
	}
	return n > 0, nil
}

// countHash counts a password about to be hashed for a draft of a network, and returns how many were in this hour.
func countHash(tx *db.Tx, network string, hour civil.Instant) (int64, error) {
	return db.One(tx, "count of hashes", db.Column[int64], `insert into signup_hash as h (network, hour, made) values ($1, $2, 1)
		on conflict (network, hour) do update set made = h.made + 1 returning made`, network, hour)
}

// countMail counts a mail about to be sent to an address, and returns how many were today.
func countMail(tx *db.Tx, emailKey string, day civil.Date) (int64, error) {
	return db.One(tx, "count of mails", db.Column[int64], `insert into signup_mail as m (email_key, day, sent) values ($1, $2, 1)
		on conflict (email_key, day) do update set sent = m.sent + 1 returning sent`, emailKey, day)
}

// purgeCounts forgets the counts of the days before.
func purgeCounts(tx *db.Tx, now time.Time) error {
	before := now.AddDate(0, 0, -2)
	if _, err := tx.Exec(`delete from signup_mail where day <= $1`, civil.DateOf(before)); err != nil {
		return fmt.Errorf("purge counts of mails: %w", err)
	}
	if _, err := tx.Exec(`delete from signup_hash where hour <= $1`, civil.InstantOf(before)); err != nil {
		return fmt.Errorf("purge counts of hashes: %w", err)
	}
	return nil
}

// purgeDrafts deletes at most a batch of drafts past their term.
func purgeDrafts(tx *db.Tx, at civil.Instant, batch int) (int64, error) {
	return tx.Exec(`delete from signup_draft where id in (select id from signup_draft where expires_at <= $1 limit $2)`, at, batch)
}

const demandColumns = `s.id, s.reference, s.account, s.wished, s.mails, s.mailed_at, s.created_at, s.expires_at, s.confirmed_at, s.email_key,
	s.browser, s.snapshot`

func scanDemand(s db.Scanner) (Demand, error) {
	var d Demand
	err := s.Scan(&d.ID, &d.Reference, &d.Account, &d.Wished, &d.Mails, &d.MailedAt, &d.CreatedAt, &d.ExpiresAt, &d.ConfirmedAt, &d.emailKey,
		&d.browser, &d.snapshot)
	return d, err
}

func insertDemand(tx *db.Tx, d Demand, linkHash, receivedHash string) error {
	_, err := tx.Exec(`insert into signup (id, reference, account, wished, email_key, token_hash, received_hash, browser, snapshot, mails, mailed_at,
			created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $12, $10, $10, $11)`, string(d.ID), d.Reference, string(d.Account), d.Wished, d.emailKey, linkHash,
		receivedHash, d.browser, d.snapshot, d.CreatedAt, d.ExpiresAt, d.Mails)
	if err != nil {
		return fmt.Errorf("insert demand: %w", err)
	}
	return nil
}

func insertConsents(tx *db.Tx, now time.Time, acc account.ID, terms, privacy string) error {
	_, err := tx.Exec(`insert into signup_consent (account, document, version, accepted_at) values ($1, 'terms', $2, $4), ($1, 'privacy', $3, $4)`,
		string(acc), terms, privacy, civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("insert consents: %w", err)
	}
	return nil
}

// Consent is what somebody accepted: "terms" or "privacy", which version, when.
type Consent struct {
	Document, Version string
	At                civil.Instant
}

// Consents lists what an account's owner accepted, first ones first.
func Consents(r db.Reader, acc account.ID) ([]Consent, error) {
	return db.List(r, func(s db.Scanner) (Consent, error) {
		var c Consent
		err := s.Scan(&c.Document, &c.Version, &c.At)
		return c, err
	}, `select document, version, accepted_at from signup_consent where account = $1 order by accepted_at, document`, string(acc))
}

// ForAccount is the demand that an account came from; an account that came otherwise has none.
func ForAccount(r db.Reader, acc account.ID) (Demand, error) {
	return db.One(r, "demand", scanDemand, `select `+demandColumns+` from signup s where s.account = $1`, string(acc))
}

func demandByID(r db.Reader, id ID) (Demand, error) {
	return db.One(r, "demand", scanDemand, `select `+demandColumns+` from signup s where s.id = $1`, string(id))
}

func demandByLink(r db.Reader, secret string) (Demand, error) {
	return db.One(r, "demand", scanDemand, `select `+demandColumns+` from signup s where s.token_hash = $1`, crypt.HashToken(secret))
}

// received reads the demand that a browser's cookie shows, for a day.
func received(r db.Reader, now time.Time, token, browser string) (Demand, error) {
	if len(token) < 20 || len(token) > 64 {
		return Demand{}, fault.Missing("demand")
	}
	d, err := db.One(r, "demand", scanDemand, `select `+demandColumns+` from signup s where s.received_hash = $1`, crypt.HashToken(token))
	if err == nil && (d.browser != browser || d.CreatedAt.Add(draftLife) <= civil.InstantOf(now)) {
		return Demand{}, fault.Missing("demand")
	}
	return d, err
}

func lockReceived(tx *db.Tx, now time.Time, token, browser string) (Demand, error) {
	if _, err := tx.Exec(`update signup set mails = mails where received_hash = $1`, crypt.HashToken(token)); err != nil {
		return Demand{}, fmt.Errorf("lock demand: %w", err)
	}
	return received(tx, now, token, browser)
}

func lockLink(tx *db.Tx, secret string) (Demand, error) {
	if _, err := tx.Exec(`update signup set mails = mails where token_hash = $1`, crypt.HashToken(secret)); err != nil {
		return Demand{}, fmt.Errorf("lock demand: %w", err)
	}
	return demandByLink(tx, secret)
}

func noteMail(tx *db.Tx, now time.Time, id ID) error {
	if _, err := tx.Exec(`update signup set mails = mails + 1, mailed_at = $2 where id = $1`, string(id), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("count mail: %w", err)
	}
	return nil
}

// countTry counts an identifier tried from the mail's page, and returns how many were.
func countTry(tx *db.Tx, secret string) (int64, error) {
	return db.One(tx, "demand", db.Column[int64], `update signup set tries = tries + 1 where token_hash = $1 returning tries`, crypt.HashToken(secret))
}

// setConfirmed ends a demand; what only the wizard needed goes.
func setConfirmed(tx *db.Tx, now time.Time, id ID) error {
	if _, err := tx.Exec(`update signup set confirmed_at = $2, wished = '', snapshot = null where id = $1`, string(id), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("confirm demand: %w", err)
	}
	return nil
}

func deleteDemand(tx *db.Tx, d Demand) error {
	if _, err := tx.Exec(`delete from signup_consent where account = $1`, string(d.Account)); err != nil {
		return fmt.Errorf("delete consents: %w", err)
	}
	if _, err := tx.Exec(`delete from signup where id = $1`, string(d.ID)); err != nil {
		return fmt.Errorf("delete demand: %w", err)
	}
	return nil
}

// unanswered lists at most a batch of demands whose link is past its term.
func unanswered(r db.Reader, at civil.Instant, batch int) ([]Demand, error) {
	return db.List(r, scanDemand, `select `+demandColumns+` from signup s where s.confirmed_at is null and s.expires_at <= $1
		order by s.expires_at, s.id limit $2`, at, batch)
}

// forgetSnapshots drops what was typed once « Demande reçue » can no longer be opened.
func forgetSnapshots(tx *db.Tx, before civil.Instant) error {
	_, err := tx.Exec(`update signup set snapshot = null where snapshot is not null and created_at <= $1`, before)
	return err
}
