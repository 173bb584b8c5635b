package mail

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Gathered is a mail that tells together with the others of its Key what somebody does several times in a row: it leaves
// two minutes after the first of them, and once three have left within an hour, half an hour after. Who does a thing a
// hundred times thus makes five mails an hour, which tell all of it. Part is what this one tells, an id or a reference; what
// is Soon waits two minutes as long as a dozen have not left within the hour, and takes with it what waited longer.
type Gathered struct {
	Message
	Key  string
	Part string
	Soon bool
}

// Parts is the argument under which a template finds the parts that one mail tells, in order, parted by spaces; absent in
// a mail that was not gathered.
const Parts = "parts"

const (
	gatherFor   = 2 * time.Minute
	gatherLong  = 30 * time.Minute
	gatherAfter = 3  // mails of one key in an hour, from which on they are gathered for long
	gatherSoon  = 12 // … when they are about what comes soon
)

// Gather adds mails to the verb's transaction, each to the one of its key that still waits, in one statement. A mail that
// a worker takes at the same moment is not joined: the part then has a mail of its own, so that none is lost.
func Gather(tx *db.Tx, now time.Time, all []Gathered) error {
	if len(all) == 0 {
		return nil
	}
	const per = 10
	args := []any{civil.InstantOf(now), civil.InstantOf(now.Add(gatherFor)), civil.InstantOf(now.Add(gatherLong)), civil.InstantOf(now.Add(-time.Hour))}
	var rows []string
	for _, g := range all {
		if g.Template == "" || g.Key == "" || g.Part == "" || strings.Contains(g.Part, " ") {
			return fmt.Errorf("gather mail %q: it needs a template, a key and a part in one word", g.Template)
		}
		n := len(args)
		at := func(i int) string { return fmt.Sprintf("$%d", n+i) }
		args = append(args, string(ID(db.NewID())), g.Template, db.Args(g.Args), g.To, g.Account, g.Bulk, string(Queued), g.Key, g.Part, gatherAfter)
		most := gatherAfter
		if g.Soon {
			most = gatherSoon
		}
		args[len(args)-1] = most
		rows = append(rows, `(`+strings.Join([]string{at(1), at(2), at(3), at(4), at(5), at(6), at(7),
			`case when (select count(*) from mail_outbox o where o.fold = ` + at(8) + ` and o.created_at > $4) >= ` + at(per) + ` then cast($3 as bigint) else cast($2 as bigint) end`,
			`cast($1 as bigint)`, at(8), at(9)}, ", ")+`)`)
	}
	if _, err := tx.Exec(`insert into mail_outbox (id, template, args, to_address, account, bulk, state, next_at, created_at, fold, parts) values `+strings.Join(rows, ", ")+`
		on conflict (fold) where fold <> '' and state = 'queued' and attempts = 0 do update set parts = mail_outbox.parts || ' ' || excluded.parts,
			next_at = case when excluded.next_at < mail_outbox.next_at then excluded.next_at else mail_outbox.next_at end`, args...); err != nil {
		return fmt.Errorf("gather mails: %w", err)
	}
	return nil
}

// Waits tells that a part is told by a mail of a key that did not leave yet: it will be told as it is by then.
func Waits(r db.Reader, key, part string) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox
		where fold = $1 and state in ('queued', 'deferred') and ' ' || parts || ' ' like '% ' || $2 || ' %'`, key, part)
	if err != nil {
		return false, fmt.Errorf("look whether a mail waits: %w", err)
	}
	return n > 0, nil
}

// LeftAt is when the mail of a key that told a part left, zero when it has not: it waits, or nothing of it was to be told.
func LeftAt(r db.Reader, key, part string) (civil.Instant, error) {
	at, err := db.One(r, "mail", db.Column[civil.Instant], `select coalesce(max(sent_at), 0) from mail_outbox
		where fold = $1 and state = 'sent' and ' ' || parts || ' ' like '% ' || $2 || ' %'`, key, part)
	if err != nil {
		return 0, fmt.Errorf("look when a mail left: %w", err)
	}
	return at, nil
}
