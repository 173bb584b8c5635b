package messaging

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

const contactColumns = `c.id, c.reference, coalesce(c.service, ''), coalesce(s.name, ''), c.account, c.person, c.name, c.email, c.phone,
	c.body, c.proof, c.state, c.handler, coalesce(p.first_names, ''), coalesce(p.last_name, ''), c.answer, c.reason, c.created_at, c.taken_at, c.done_at`

const contactFrom = ` from contact_message c
	left join service s on s.id = c.service
	left join account h on h.id = c.handler
	left join person p on p.id = h.person`

func scanContact(s db.Scanner) (ContactMessage, error) {
	var m ContactMessage
	var handler person.Person
	err := s.Scan(&m.ID, &m.Reference, &m.Service, &m.SentTo, &m.Account, &m.Person, &m.Name, &m.Email, &m.Phone,
		&m.Body, &m.Proof, &m.State, &m.Handler, &handler.FirstNames, &handler.LastName, &m.Answer, &m.Reason, &m.CreatedAt, &m.TakenAt, &m.DoneAt)
	m.HandledBy = handler.Full()
	if m.HandledBy == "" {
		m.HandledBy = "Un agent"
	}
	return m, err
}

func insertContact(tx *db.Tx, m ContactMessage) error {
	_, err := tx.Exec(`insert into contact_message (id, reference, service, account, person, name, folded, email, phone, body, proof, state, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'received', $12)`,
		string(m.ID), m.Reference, db.Null(string(m.Service)), string(m.Account), string(m.Person), m.Name, person.Fold(m.Name),
		m.Email, m.Phone, m.Body, string(m.Proof), m.CreatedAt)
	return err
}

// countContact counts one more message of a key today, and gives the day's count. The row is held until the
// transaction ends: two messages at once are counted as two. A refusal rolls its own count back.
func countContact(tx *db.Tx, key string, day civil.Date) (int64, error) {
	n, err := db.One(tx, "contact count", db.Column[int64], `insert into contact_count as k (key, day, sent) values ($1, $2, 1)
		on conflict (key) do update set sent = case when k.day = excluded.day then k.sent + 1 else 1 end, day = excluded.day
		returning sent`, key, day)
	if err != nil {
		return 0, fmt.Errorf("count contact message: %w", err)
	}
	return n, nil
}

func contactByID(r db.Reader, id ContactID) (ContactMessage, error) {
	return db.One(r, "contact message", scanContact, `select `+contactColumns+contactFrom+` where c.id = $1`, string(id))
}

// in is the condition that a message is written to one of some services ("" is the town hall); nil is all of them.
func in(services []string, args []any) (string, []any) {
	if services == nil {
		return "", args
	}
	marks := make([]string, len(services))
	for i, s := range services {
		args = append(args, s)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	return ` and coalesce(c.service, '') in (` + strings.Join(marks, ", ") + `)`, args
}

// openContacts lists what waits, oldest first; doneContacts what is closed, latest first.
func openContacts(r db.Reader, services []string, limit, skip int) ([]ContactMessage, error) {
	where, args := in(services, []any{limit, skip})
	all, err := db.List(r, scanContact, `select `+contactColumns+contactFrom+`
		where c.state in ('received', 'taken')`+where+` order by c.created_at, c.id limit $1 offset $2`, args...)
	return all, wrap("list contact messages", err)
}

func doneContacts(r db.Reader, services []string, limit, skip int) ([]ContactMessage, error) {
	where, args := in(services, []any{limit, skip})
	all, err := db.List(r, scanContact, `select `+contactColumns+contactFrom+`
		where c.state in ('answered', 'filed')`+where+` order by c.done_at desc, c.id desc limit $1 offset $2`, args...)
	return all, wrap("list contact messages", err)
}

// ownContacts lists what an account wrote, latest first.
func ownContacts(r db.Reader, id account.ID, limit int) ([]ContactMessage, error) {
	all, err := db.List(r, scanContact, `select `+contactColumns+contactFrom+`
		where c.account = $1 and c.account <> '' order by c.id desc limit $2`, string(id), limit)
	return all, wrap("list contact messages", err)
}

type contactCounts struct {
	open, done int
	oldest     civil.Instant
}

func countContacts(r db.Reader, services []string) (contactCounts, error) {
	where, args := in(services, nil)
	return db.One(r, "count of contact messages", func(s db.Scanner) (contactCounts, error) {
		var n contactCounts
		err := s.Scan(&n.open, &n.done, &n.oldest)
		return n, err
	}, `select count(*) filter (where c.state in ('received', 'taken')), count(*) filter (where c.state in ('answered', 'filed')),
		min(case when c.state in ('received', 'taken') then c.created_at end) from contact_message c where c.id <> ''`+where, args...)
}

// countOpenContacts counts what waits, with the oldest's moment.
func countOpenContacts(r db.Reader, services []string) (int, civil.Instant, error) {
	where, args := in(services, nil)
	n, err := db.One(r, "count of contact messages", func(s db.Scanner) (contactCounts, error) {
		var n contactCounts
		err := s.Scan(&n.open, &n.oldest)
		return n, err
	}, `select count(*), min(c.created_at) from contact_message c where c.state in ('received', 'taken')`+where, args...)
	return n.open, n.oldest, err
}

// findContacts looks for a reference, a name's words, an address or a phone; "" matches nothing.
func findContacts(r db.Reader, services []string, reference, folded, email, phone string) ([]ContactMessage, error) {
	where, args := in(services, []any{reference, likeWords(folded), email, phone})
	all, err := db.List(r, scanContact, `select `+contactColumns+contactFrom+`
		where (c.reference = $1 or $2 <> '' and ' ' || c.folded like $2 escape '\' or c.email <> '' and c.email = $3 or c.phone <> '' and c.phone = $4)`+where+`
		order by c.id desc limit 10`, args...)
	return all, wrap("find contact messages", err)
}

// likeWords finds words that begin so, in order.
func likeWords(folded string) string {
	var pattern strings.Builder
	for _, word := range strings.Fields(folded) {
		pattern.WriteString("% " + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word))
	}
	if pattern.Len() == 0 {
		return ""
	}
	return pattern.String() + "%"
}

func takeContact(tx *db.Tx, now time.Time, id ContactID, by account.ID) (bool, error) {
	n, err := tx.Exec(`update contact_message set state = 'taken', handler = $2, taken_at = $3 where id = $1 and state = 'received'`,
		string(id), string(by), civil.InstantOf(now))
	return n == 1, err
}

func closeContact(tx *db.Tx, now time.Time, id ContactID, to ContactState, by account.ID, answer, reason string) (bool, error) {
	n, err := tx.Exec(`update contact_message set state = $2, handler = $3, done_at = $4, answer = $5, reason = $6
		where id = $1 and state in ('received', 'taken')`,
		string(id), string(to), string(by), civil.InstantOf(now), answer, reason)
	return n == 1, err
}

func forwardContact(tx *db.Tx, id ContactID, to town.ServiceID) (bool, error) {
	n, err := tx.Exec(`update contact_message set service = $2, state = 'received', handler = '', taken_at = null
		where id = $1 and state in ('received', 'taken')`, string(id), string(to))
	return n == 1, err
}

func purgeContacts(tx *db.Tx, before civil.Instant, today civil.Date) (int64, error) {
	if _, err := tx.Exec(`delete from contact_count where day < $1`, today); err != nil {
		return 0, fmt.Errorf("purge contact counts: %w", err)
	}
	n, err := tx.Exec(`delete from contact_message where state in ('answered', 'filed') and done_at < $1`, before)
	return n, wrap("purge contact messages", err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
