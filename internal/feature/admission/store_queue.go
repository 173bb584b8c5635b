package admission

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
)

const newcomerColumns = `c.id, c.person, c.username, c.email, p.last_name, p.first_names, c.state, c.email_confirmed_at,
	coalesce(n.since, c.email_confirmed_at), coalesce(n.unchecked, false), coalesce(n.taken_by, ''), coalesce(tp.last_name, ''),
	coalesce(tp.first_names, ''), n.taken_at, coalesce(d.id, ''),
	case when d.place <> '' then 'join' else coalesce(d.kind, '') end, d.made_at, coalesce(dp.last_name, ''),
	coalesce(dp.first_names, ''), coalesce(d.message, '')`

// newcomerNames are the joins that name who has a request and who decided on it.
const newcomerNames = ` join person p on p.id = c.person
	left join account tc on tc.id = n.taken_by left join person tp on tp.id = tc.person
	left join decision d on d.id = n.decision
	left join account dc on dc.id = d.made_by left join person dp on dp.id = dc.person`

const (
	fromAccounts  = ` from account c left join newcomer n on n.account = c.id` + newcomerNames
	fromNewcomers = ` from newcomer n join account c on c.id = n.account` + newcomerNames
	// inQueue are the accounts that agents decide on.
	inQueue = ` c.audience = 'citizen' and c.email_confirmed_at is not null and `
)

func scanNewcomer(s db.Scanner) (Newcomer, error) {
	var n Newcomer
	var taker, decider person.Person
	err := s.Scan(&n.Account, &n.Person, &n.Username, &n.Email, &n.LastName, &n.FirstNames, &n.State, &n.ConfirmedAt, &n.Since,
		&n.Unchecked, &n.TakenBy, &taker.LastName, &taker.FirstNames, &n.TakenAt, &n.Decision, &n.Kind, &n.DecidedAt,
		&decider.LastName, &decider.FirstNames, &n.Reason)
	n.TakenName, n.DecidedBy = taker.Full(), decider.Full()
	return n, err
}

// listNewcomers lists a page of a pile, counted from 1: those who wait in the order of what was promised to them, the
// others latest first.
func listNewcomers(r db.Reader, pile Pile, agent account.ID, page, size int) ([]Newcomer, error) {
	const byPromise = ` order by coalesce(n.since, c.email_confirmed_at), c.id`
	const latest = ` order by d.made_at desc, c.id`
	query, taker := fromAccounts+` where`+inQueue+`c.state = 'waiting'`, ""
	order := byPromise
	switch pile {
	case Mine:
		query, taker = fromNewcomers+` where`+inQueue+`c.state = 'waiting'`, string(agent)
	case Correcting:
		query, order = fromAccounts+` where`+inQueue+`c.state = 'correction'`, latest
	case TurnedDown:
		query, order = fromAccounts+` where`+inQueue+`c.state = 'refused'`, latest
	case Activated:
		query, order = fromNewcomers+` where`+inQueue+`n.activated_at is not null`, ` order by n.activated_at desc, c.id`
	}
	all, err := db.List(r, scanNewcomer, `select `+newcomerColumns+query+` and ($1 = '' or n.taken_by = $1)`+order+` limit $2 offset $3`,
		taker, size, (page-1)*size)
	if err != nil {
		return nil, fmt.Errorf("list newcomers: %w", err)
	}
	return all, nil
}

// countPiles counts each pile in one statement.
func countPiles(r db.Reader, agent account.ID) (map[Pile]int, error) {
	type row struct {
		pile Pile
		n    int
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.pile, &x.n)
		return x, err
	}, `select 'a_traiter', count(*) from account c where`+inQueue+`c.state = 'waiting'
		union all select 'a_moi', count(*) from newcomer n join account c on c.id = n.account where`+inQueue+`c.state = 'waiting' and n.taken_by = $1
		union all select 'en_correction', count(*) from account c where`+inQueue+`c.state = 'correction'
		union all select 'refuses', count(*) from account c where`+inQueue+`c.state = 'refused'
		union all select 'actives', count(*) from newcomer n where n.activated_at is not null`, string(agent))
	counts := map[Pile]int{}
	for _, x := range rows {
		counts[x.pile] = x.n
	}
	return counts, err
}

func waitingSince(r db.Reader) (int, civil.Instant, error) {
	type count struct {
		n      int
		oldest civil.Instant
	}
	c, err := db.One(r, "count", func(s db.Scanner) (count, error) {
		var x count
		err := s.Scan(&x.n, &x.oldest)
		return x, err
	}, `select count(*), min(coalesce(n.since, c.email_confirmed_at)) from account c left join newcomer n on n.account = c.id
		where`+inQueue+`c.state = 'waiting'`)
	return c.n, c.oldest, err
}

// newcomerByAccount reads somebody who signed up, whatever became of the request; another account is NotFound.
func newcomerByAccount(r db.Reader, id account.ID) (Newcomer, error) {
	return db.One(r, "newcomer", scanNewcomer, `select `+newcomerColumns+fromAccounts+` where`+inQueue+`c.id = $1
		and (c.state in ('waiting', 'correction', 'refused') or n.decision is not null)`, string(id))
}

// lockNewcomer reads a newcomer whom nobody else changes until the end of the transaction.
func lockNewcomer(tx *db.Tx, id account.ID) (Newcomer, error) {
	if _, err := tx.Exec(`update account set updated_at = updated_at where id = $1`, string(id)); err != nil {
		return Newcomer{}, fmt.Errorf("lock newcomer: %w", err)
	}
	return newcomerByAccount(tx, id)
}

func newcomersAmong(r db.Reader, people []person.ID) ([]Newcomer, error) {
	marks, args := marksOf(people, 0)
	return db.List(r, scanNewcomer, `select `+newcomerColumns+fromAccounts+` where`+inQueue+`c.person in (`+marks+`)
		and c.state in ('waiting', 'correction', 'refused') order by p.folded, c.id`, args...)
}

// Cases are the pages of the accounts that came by the queue, in one statement.
func Cases(r db.Reader, ids ...account.ID) (map[account.ID]string, error) {
	found := map[account.ID]string{}
	if len(ids) == 0 {
		return found, nil
	}
	marks, args := marksOf(ids, 0)
	all, err := db.List(r, db.Column[account.ID], `select c.id from account c left join newcomer n on n.account = c.id
		where`+inQueue+`c.id in (`+marks+`) and (c.state in ('waiting', 'correction', 'refused') or n.decision is not null)`, args...)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	for _, id := range all {
		found[id] = casePath(id)
	}
	return found, nil
}

func marksOf[T ~string](ids []T, before int) (string, []any) {
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, id := range ids {
		marks[i], args[i] = "$"+strconv.Itoa(before+i+1), string(id)
	}
	return strings.Join(marks, ", "), args
}

func setTaken(tx *db.Tx, id account.ID, by account.ID, at civil.Instant) error {
	_, err := tx.Exec(`insert into newcomer (account, taken_by, taken_at) values ($1, $2, $3)
		on conflict (account) do update set taken_by = excluded.taken_by, taken_at = excluded.taken_at`, string(id), orNull(by), at)
	if err != nil {
		return fmt.Errorf("take newcomer: %w", err)
	}
	return nil
}

func orNull[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// NoteUnchecked marks an account whose sign-up came without the security check.
func NoteUnchecked(tx *db.Tx, id account.ID) error {
	_, err := tx.Exec(`insert into newcomer (account, unchecked) values ($1, true)
		on conflict (account) do update set unchecked = true`, string(id))
	if err != nil {
		return fmt.Errorf("note unchecked newcomer: %w", err)
	}
	return nil
}

// ForgetNewcomer removes what the queue holds of an account that never confirmed its address.
func ForgetNewcomer(tx *db.Tx, id account.ID) error {
	if _, err := tx.Exec(`delete from newcomer where account = $1 and decision is null`, string(id)); err != nil {
		return fmt.Errorf("forget newcomer: %w", err)
	}
	return nil
}

// stored is the kind as the table knows it.
func (d Decision) stored() string {
	if d.Kind == Entered {
		return string(Opened)
	}
	return string(d.Kind)
}

func insertDecision(tx *db.Tx, d Decision) error {
	_, err := tx.Exec(`insert into decision (id, account, kind, made_by, made_at, started_at, due_at, person, known, family, closed,
			known_email, filled, fields, message, place)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, string(d.ID), string(d.Account), d.stored(),
		orNull(d.MadeBy), d.MadeAt, d.StartedAt, d.DueAt, string(d.Person), orNull(d.Known), orNull(d.Family), orNull(d.Closed),
		d.KnownEmail, d.Filled, strings.Join(d.Fields, " "), d.Message, string(d.Place))
	if err != nil {
		return fmt.Errorf("insert decision: %w", err)
	}
	return nil
}

// settleNewcomer notes the last decision: nobody has the request any more. since, when set, is from when the promise
// runs again; activated is set while the account stands activated.
func settleNewcomer(tx *db.Tx, id account.ID, last DecisionID, since, activated civil.Instant) error {
	_, err := tx.Exec(`insert into newcomer (account, decision, since, activated_at) values ($1, $2, $3, $4)
		on conflict (account) do update set decision = excluded.decision, since = coalesce(excluded.since, newcomer.since),
			activated_at = excluded.activated_at, taken_by = null, taken_at = null`, string(id), string(last), since, activated)
	if err != nil {
		return fmt.Errorf("settle newcomer: %w", err)
	}
	return nil
}

const decisionColumns = `d.id, d.account, case when d.place <> '' then 'join' else d.kind end, coalesce(d.made_by, ''), d.made_at, d.started_at, d.due_at, d.person, coalesce(d.known, ''),
	coalesce(d.family, ''), coalesce(d.closed, ''), d.known_email, d.filled, d.fields, d.message, d.undone_at, d.undo_reason,
	coalesce(mp.last_name, ''), coalesce(mp.first_names, ''), coalesce(kp.last_name, ''), coalesce(kp.first_names, ''),
	coalesce(up.last_name, ''), coalesce(up.first_names, ''), d.place`

const fromDecisions = ` from decision d
	left join account mc on mc.id = d.made_by left join person mp on mp.id = mc.person
	left join person kp on kp.id = d.known
	left join account uc on uc.id = d.undone_by left join person up on up.id = uc.person`

func scanDecision(s db.Scanner) (Decision, error) {
	var d Decision
	var fields string
	var maker, known, undoer person.Person
	err := s.Scan(&d.ID, &d.Account, &d.Kind, &d.MadeBy, &d.MadeAt, &d.StartedAt, &d.DueAt, &d.Person, &d.Known, &d.Family, &d.Closed,
		&d.KnownEmail, &d.Filled, &fields, &d.Message, &d.UndoneAt, &d.UndoReason, &maker.LastName, &maker.FirstNames,
		&known.LastName, &known.FirstNames, &undoer.LastName, &undoer.FirstNames, &d.Place)
	d.Fields = strings.Fields(fields)
	d.MakerName, d.KnownName, d.UndoerName = maker.Full(), known.Full(), undoer.Full()
	return d, err
}

func decisionByID(r db.Reader, id DecisionID) (Decision, error) {
	return db.One(r, "decision", scanDecision, `select `+decisionColumns+fromDecisions+` where d.id = $1`, string(id))
}

// decisionsOf is the history of an account's request, latest first.
func decisionsOf(r db.Reader, id account.ID) ([]Decision, error) {
	return db.List(r, scanDecision, `select `+decisionColumns+fromDecisions+` where d.account = $1 order by d.made_at desc, d.id desc`, string(id))
}

func decisionsSince(r db.Reader, from civil.Instant) ([]Decision, error) {
	return db.List(r, func(s db.Scanner) (Decision, error) {
		var d Decision
		err := s.Scan(&d.Kind, &d.MadeAt, &d.StartedAt, &d.DueAt)
		return d, err
	}, `select kind, made_at, started_at, due_at from decision where made_at >= $1 and undone_at is null order by made_at`, from)
}

// undoDecision marks a link undone; false when it was.
func undoDecision(tx *db.Tx, now time.Time, id DecisionID, by, reason string) (bool, error) {
	n, err := tx.Exec(`update decision set undone_by = $2, undone_at = $3, undo_reason = $4 where id = $1 and undone_at is null`,
		string(id), by, civil.InstantOf(now), reason)
	if err != nil {
		return false, fmt.Errorf("undo decision: %w", err)
	}
	return n == 1, nil
}

// standing is what the town already holds on a known person, apart from who it is.
type standing struct {
	person  person.ID
	child   bool          // a child: no account can be theirs
	aside   bool          // the trace of a newcomer who was linked to somebody else
	agent   bool          // has an agent's account and nothing else
	account account.State // of the citizen's account, "" without
}

// standings reads them in one statement.
func standings(r db.Reader, ids []person.ID) (map[person.ID]standing, error) {
	found := map[person.ID]standing{}
	if len(ids) == 0 {
		return found, nil
	}
	marks, args := marksOf(ids, 0)
	all, err := db.List(r, func(s db.Scanner) (standing, error) {
		var x standing
		err := s.Scan(&x.person, &x.child, &x.aside, &x.agent, &x.account)
		return x, err
	}, `select p.id, exists (select 1 from child k where k.person = p.id),
			exists (select 1 from decision d where d.person = p.id and d.kind = 'link' and d.undone_at is null),
			exists (select 1 from account g where g.person = p.id and g.audience = 'agent'),
			coalesce((select c.state from account c where c.person = p.id and c.audience = 'citizen' and c.state <> 'closed'), '')
		from person p where p.id in (`+marks+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	for _, x := range all {
		found[x.person] = x
	}
	return found, nil
}
