package audit

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

const eventColumns = `id, at, kind, actor, account, person, via, action, object, object_id, subject, detail, sealed_at`

func insertEvent(tx *db.Tx, e Event) error {
	_, err := tx.Exec(`insert into audit_event (id, at, kind, actor, account, person, via, action, object, object_id,
		subject, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.ID, e.At, e.Kind, e.Actor, e.Account, e.Person, e.Via, e.Entry.Action, e.Entry.Object, e.Entry.ID,
		e.Entry.Subject, e.Entry.Detail)
	if err != nil {
		return fmt.Errorf("insert audit event: %w", err)
	}
	return nil
}

// lookKey is what was looked at, and how.
type lookKey struct{ action, object, id string }

// readSince tells which looks of an account are already written since a moment, in one statement.
func readSince(r db.Reader, account string, since civil.Instant, entries []Entry) (map[lookKey]bool, error) {
	found := map[lookKey]bool{}
	if len(entries) == 0 {
		return found, nil
	}
	marks, args := make([]string, len(entries)), []any{account, since}
	for i, e := range entries {
		args = append(args, e.Object, e.ID)
		marks[i] = fmt.Sprintf("(object = $%d and object_id = $%d)", len(args)-1, len(args))
	}
	all, err := db.List(r, func(s db.Scanner) (k lookKey, err error) {
		err = s.Scan(&k.action, &k.object, &k.id)
		return k, err
	}, `select action, object, object_id from audit_event where kind = 'read' and account = $1 and at > $2 and (`+strings.Join(marks, " or ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("list looks: %w", err)
	}
	for _, k := range all {
		found[k] = true
	}
	return found, nil
}

func scanEvent(s db.Scanner) (e Event, err error) {
	err = s.Scan(&e.ID, &e.At, &e.Kind, &e.Actor, &e.Account, &e.Person, &e.Via, &e.Entry.Action, &e.Entry.Object,
		&e.Entry.ID, &e.Entry.Subject, &e.Entry.Detail, &e.SealedAt)
	return e, err
}

// ForObject lists the newest lines about one object, at most limit.
func ForObject(r db.Reader, object, id string, limit int) ([]Event, error) {
	return db.List(r, scanEvent, `select `+eventColumns+` from audit_event where object = $1 and object_id = $2
		order by id desc limit $3`, object, id, limit)
}

// ForSubject lists the newest lines about one person's data, at most limit.
func ForSubject(r db.Reader, person string, limit int) ([]Event, error) {
	return db.List(r, scanEvent, `select `+eventColumns+` from audit_event where subject = $1
		order by id desc limit $2`, person, limit)
}

// ForActor lists the newest lines of what one account did, at most limit.
func ForActor(r db.Reader, account string, limit int) ([]Event, error) {
	return db.List(r, scanEvent, `select `+eventColumns+` from audit_event where account = $1
		order by id desc limit $2`, account, limit)
}

func unsealed(r db.Reader, limit int) ([]Event, error) {
	return db.List(r, scanEvent, `select `+eventColumns+` from audit_event where sealed_at is null
		order by id limit $1`, limit)
}

// lockHead makes the head's row when absent and holds it until the transaction ends: one sealer at a time.
func lockHead(tx *db.Tx) (link, error) {
	if _, err := tx.Exec(`insert into audit_head (id, seq, hash) values (1, 0, $1) on conflict (id) do nothing`,
		[]byte{}); err != nil {
		return link{}, fmt.Errorf("insert audit head: %w", err)
	}
	return db.One(tx, "audit head", scanHead, `update audit_head set seq = seq where id = 1 returning seq, hash`)
}

func scanHead(s db.Scanner) (l link, err error) {
	err = s.Scan(&l.seq, &l.hash)
	return l, err
}

func insertLink(tx *db.Tx, l link) (added bool, err error) {
	n, err := tx.Exec(`insert into audit_chain (seq, event, at, content, hash) values ($1, $2, $3, $4, $5)
		on conflict (event) do nothing`, l.seq, l.event, l.at, l.content, l.hash)
	if err != nil {
		return false, fmt.Errorf("insert audit link: %w", err)
	}
	return n == 1, nil
}

func markSealed(tx *db.Tx, id ID, now time.Time) error {
	_, err := tx.Exec(`update audit_event set sealed_at = $1 where id = $2`, civil.InstantOf(now), id)
	if err != nil {
		return fmt.Errorf("mark audit event: %w", err)
	}
	return nil
}

func setHead(tx *db.Tx, l link) error {
	_, err := tx.Exec(`update audit_head set seq = $1, hash = $2 where id = 1`, l.seq, l.hash)
	if err != nil {
		return fmt.Errorf("update audit head: %w", err)
	}
	return nil
}

func headRow(r db.Reader) (link, error) {
	all, err := db.List(r, scanHead, `select seq, hash from audit_head where id = 1`)
	if err != nil || len(all) == 0 {
		return link{}, err
	}
	return all[0], nil
}

// chainAfter lists links with the line each was made of; a line that is gone has an empty id.
func chainAfter(r db.Reader, seq int64, limit int) ([]linked, error) {
	return db.List(r, scanLinked, `select c.seq, c.event, c.at, c.content, c.hash,
		coalesce(e.id, ''), coalesce(e.at, 0), coalesce(e.kind, ''), coalesce(e.actor, ''), coalesce(e.account, ''),
		coalesce(e.person, ''), coalesce(e.via, ''), coalesce(e.action, ''), coalesce(e.object, ''),
		coalesce(e.object_id, ''), coalesce(e.subject, ''), coalesce(e.detail, ''), e.sealed_at
		from audit_chain c left join audit_event e on e.id = c.event
		where c.seq > $1 order by c.seq limit $2`, seq, limit)
}

func scanLinked(s db.Scanner) (l linked, err error) {
	e := &l.event
	err = s.Scan(&l.link.seq, &l.link.event, &l.link.at, &l.link.content, &l.link.hash, &e.ID, &e.At, &e.Kind, &e.Actor,
		&e.Account, &e.Person, &e.Via, &e.Entry.Action, &e.Entry.Object, &e.Entry.ID, &e.Entry.Subject, &e.Entry.Detail,
		&e.SealedAt)
	return l, err
}

// unlinked lists lines that claim to be sealed and are in no link.
func unlinked(r db.Reader) ([]ID, error) {
	return db.List(r, db.Column[ID], `select e.id from audit_event e left join audit_chain c on c.event = e.id
		where e.sealed_at is not null and c.seq is null order by e.id limit 1000`)
}

func countUnsealed(r db.Reader) (int64, error) {
	return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where sealed_at is null`)
}

func deleteBefore(tx *db.Tx, before civil.Instant) (int64, error) {
	return tx.Exec(`delete from audit_event where at < $1 and sealed_at is not null and action <> $2`,
		before, purged)
}

func keyMarks(r db.Reader) ([][]byte, error) {
	return db.List(r, db.Column[[]byte], `select mark from audit_key where id = 1`)
}

func insertKeyMark(tx *db.Tx, mark []byte, now civil.Instant) error {
	_, err := tx.Exec(`insert into audit_key (id, mark, marked_at) values (1, $1, $2) on conflict (id) do nothing`, mark, now)
	if err != nil {
		return fmt.Errorf("insert the key's mark: %w", err)
	}
	return nil
}
