package mail

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

const insertInto = `insert into mail_outbox (id, template, args, to_address, account, bulk, state, next_at, created_at) values `

func insert(tx *db.Tx, id ID, now time.Time, m Message) error {
	_, err := tx.Exec(insertInto+db.Values(1, 9), valuesOf(id, now, m)...)
	if err != nil {
		return fmt.Errorf("insert mail: %w", err)
	}
	return nil
}

func insertAll(tx *db.Tx, now time.Time, all []Message) error {
	var args []any
	for _, m := range all {
		args = append(args, valuesOf(ID(db.NewID()), now, m)...)
	}
	if _, err := tx.Exec(insertInto+db.Values(len(all), 9), args...); err != nil {
		return fmt.Errorf("insert mails: %w", err)
	}
	return nil
}

func valuesOf(id ID, now time.Time, m Message) []any {
	at := civil.InstantOf(now)
	return []any{id, m.Template, db.Args(m.Args), m.To, m.Account, m.Bulk, string(Queued), at, at}
}

const statusColumns = `id, template, to_address, account, args, state,
	case when state = 'sent' then sent_at when state in ('queued', 'deferred') then next_at else created_at end,
	attempts, last_error, created_at`

func scanStatus(s db.Scanner) (st Status, err error) {
	var args db.Args
	err = s.Scan(&st.ID, &st.Template, &st.To, &st.Account, &args, &st.State, &st.At, &st.Attempts, &st.LastError,
		&st.CreatedAt)
	st.Args = args
	return st, err
}

// ByID reads where one mail has got to.
func ByID(r db.Reader, id ID) (Status, error) {
	return db.One(r, "mail", scanStatus, `select `+statusColumns+` from mail_outbox where id = $1`, id)
}

// ForAccount lists an account's mails, newest first.
func ForAccount(r db.Reader, account string) ([]Status, error) {
	return db.List(r, scanStatus, `select `+statusColumns+` from mail_outbox where account = $1 order by id desc`, account)
}

// InState lists the newest mails in a state, at most limit: what was bounced, what waits.
func InState(r db.Reader, s State, limit int) ([]Status, error) {
	return db.List(r, scanStatus, `select `+statusColumns+` from mail_outbox where state = $1
		order by id desc limit $2`, s, limit)
}

// Accepted tells whether the server took a mail of a template.
func Accepted(r db.Reader, template string) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox where template = $1 and state = 'sent'`, template)
	return n > 0, err
}

// Count tells how many mails are in each state.
func Count(r db.Reader) (map[State]int64, error) {
	type pair struct {
		state State
		n     int64
	}
	all, err := db.List(r, func(s db.Scanner) (p pair, err error) {
		return p, s.Scan(&p.state, &p.n)
	}, `select state, count(*) from mail_outbox group by state`)
	if err != nil {
		return nil, fmt.Errorf("count mails: %w", err)
	}
	counts := map[State]int64{}
	for _, p := range all {
		counts[p.state] = p.n
	}
	return counts, nil
}

func requeue(tx *db.Tx, id ID, now time.Time) (int64, error) {
	n, err := tx.Exec(`update mail_outbox set state = 'queued', next_at = $1, first_failed_at = null, lease_until = null, fold = ''
		where id = $2 and state in ('deferred', 'bounced')`, civil.InstantOf(now), id)
	if err != nil {
		return 0, fmt.Errorf("requeue mail: %w", err)
	}
	return n, nil
}

func deleteBefore(tx *db.Tx, before time.Time) (int64, error) {
	at := civil.InstantOf(before)
	n, err := tx.Exec(`delete from mail_outbox where created_at < $1 and state in ('sent', 'bounced', 'dropped')`, at)
	if err != nil {
		return 0, fmt.Errorf("purge mails: %w", err)
	}
	captured, err := tx.Exec(`delete from mail_captured where at < $1`, at)
	if err != nil {
		return 0, fmt.Errorf("purge captured mails: %w", err)
	}
	return n + captured, nil
}

// claimed is a mail that this worker holds until its lease ends; attempt tells it from a later holder.
type claimed struct {
	id            ID
	template      string
	args          db.Args
	to            string
	account       string
	attempt       int64
	messageID     string
	firstFailedAt civil.Instant
}

// candidate is a mail that may be claimed.
type candidate struct {
	id   ID
	bulk bool
}

// due lists mails that may be claimed, those of campaigns last, or not at all.
func due(r db.Reader, now civil.Instant, bulk bool, limit int) ([]candidate, error) {
	return db.List(r, func(s db.Scanner) (c candidate, err error) { return c, s.Scan(&c.id, &c.bulk) },
		`select id, bulk from mail_outbox
		where state in ('queued', 'deferred', 'sending') and next_at <= $1
		and (state <> 'sending' or lease_until < $2) and (bulk = false or bulk = $3)
		order by bulk, next_at, id limit $4`, now, now, bulk, limit)
}

// claim takes one due mail; none comes back when another worker was first.
func claim(tx *db.Tx, id ID, now, until civil.Instant, domain string) ([]claimed, error) {
	all, err := db.List(tx, func(s db.Scanner) (c claimed, err error) {
		var parts string
		err = s.Scan(&c.id, &c.template, &c.args, &c.to, &c.account, &c.attempt, &c.messageID, &c.firstFailedAt, &parts)
		if err == nil && parts != "" {
			c.args[Parts] = parts // Args are read as a map of their own, never nil
		}
		return c, err
	}, `update mail_outbox set state = 'sending', lease_until = $1, attempts = attempts + 1,
		message_id = case when message_id = '' then $2 else message_id end
		where id = $3 and (state in ('queued', 'deferred') and next_at <= $4 or state = 'sending' and lease_until < $5)
		returning id, template, args, to_address, account, attempts, message_id, first_failed_at, parts`,
		until, string(id)+"@"+domain, id, now, now)
	if err != nil {
		return nil, fmt.Errorf("claim mail: %w", err)
	}
	return all, nil
}

// settle writes the outcome of an attempt, unless the lease was lost meanwhile.
func settle(tx *db.Tx, c claimed, o outcome) (bool, error) {
	n, err := tx.Exec(`update mail_outbox set state = $1, next_at = $2, last_error = $3, sent_at = $4,
		first_failed_at = $5, lease_until = null where id = $6 and state = 'sending' and attempts = $7`,
		o.state, o.nextAt, o.lastError, o.sentAt, o.firstFailedAt, c.id, c.attempt)
	if err != nil {
		return false, fmt.Errorf("settle mail: %w", err)
	}
	return n == 1, nil
}

func insertCaptured(tx *db.Tx, m Captured) error {
	_, err := tx.Exec(`insert into mail_captured (id, at, message_id, to_address, subject, body_text, body_html)
		values ($1, $2, $3, $4, $5, $6, $7)`, m.ID, m.At, m.MessageID, m.To, m.Subject, m.Text, m.HTML)
	if err != nil {
		return fmt.Errorf("insert captured mail: %w", err)
	}
	return nil
}

const capturedColumns = `id, at, message_id, to_address, subject, body_text, body_html`

func scanCaptured(s db.Scanner) (m Captured, err error) {
	return m, s.Scan(&m.ID, &m.At, &m.MessageID, &m.To, &m.Subject, &m.Text, &m.HTML)
}

// CapturedMails lists the demo's letter box, newest first, at most limit.
func CapturedMails(r db.Reader, limit int) ([]Captured, error) {
	return db.List(r, scanCaptured, `select `+capturedColumns+` from mail_captured order by id desc limit $1`, limit)
}

// CapturedMail reads one mail of the demo's letter box.
func CapturedMail(r db.Reader, id string) (Captured, error) {
	return db.One(r, "captured mail", scanCaptured, `select `+capturedColumns+` from mail_captured where id = $1`, id)
}
