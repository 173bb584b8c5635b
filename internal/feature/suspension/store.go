package suspension

import (
	"embed"
	"io/fs"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(booking.Sources(), []db.Source{{Name: "suspension", FS: own}})
}

const batch = 100 // rows a statement

func insert(tx *db.Tx, now time.Time, a actor.Actor, s Suspension) error {
	if _, err := tx.Exec(`insert into suspension (id, service, from_day, to_day, reason, message, state, by_account, by_person, made_at)
		values ($1, $2, $3, $4, $5, $6, 'closing', $7, $8, $9)`,
		string(s.ID), string(s.Service), s.Days.From, s.Days.To, s.Reason, s.Message, a.Account, a.Person, civil.InstantOf(now)); err != nil {
		return err
	}
	for part := range slices.Chunk(s.Scopes, batch) {
		args := make([]any, 0, 5*len(part))
		for _, x := range part {
			args = append(args, string(s.ID), string(x.Activity), db.Null(string(x.Site)), db.Null(string(x.Unit)), db.Null(string(x.Group)))
		}
		if _, err := tx.Exec(`insert into suspension_scope (suspension, activity, site, unit, grp) values `+db.Values(len(part), 5), args...); err != nil {
			return err
		}
	}
	return nil
}

func insertSlots(tx *db.Tx, id ID, act activity.ID, slots []activity.Slot) error {
	for part := range slices.Chunk(slots, batch) {
		args := make([]any, 0, 3*len(part))
		for _, x := range part {
			args = append(args, string(id), string(act), string(x.ID))
		}
		if _, err := tx.Exec(`insert into suspension_slot (suspension, activity, slot) values `+db.Values(len(part), 3), args...); err != nil {
			return err
		}
	}
	return nil
}

// slotsOf lists the slots that a suspension closed, from a day on, by activity.
func slotsOf(r db.Reader, id ID, from civil.Date) (map[activity.ID][]activity.SlotID, error) {
	type row struct {
		act  activity.ID
		slot activity.SlotID
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.act, &x.slot)
		return x, err
	}, `select x.activity, x.slot from suspension_slot x join slot s on s.id = x.slot where x.suspension = $1 and s.day >= $2 order by x.slot`, string(id), from)
	by := map[activity.ID][]activity.SlotID{}
	for _, x := range all {
		by[x.act] = append(by[x.act], x.slot)
	}
	return by, err
}

const columns = `s.id, s.service, s.from_day, s.to_day, s.reason, s.message, s.state, s.made_at, s.by_account, s.by_person, s.left_days`

// kept is a suspension with who made it.
type kept struct {
	Suspension
	account, person string
}

func scan(s db.Scanner) (kept, error) {
	var x kept
	err := s.Scan(&x.ID, &x.Service, &x.Days.From, &x.Days.To, &x.Reason, &x.Message, &x.State, &x.MadeAt, &x.account, &x.person, &x.Left)
	return x, err
}

// byID reads a suspension whole, in two queries.
func byID(r db.Reader, id ID) (kept, error) {
	x, err := db.One(r, "suspension", scan, `select `+columns+` from suspension s where s.id = $1`, string(id))
	if err != nil {
		return x, err
	}
	x.Scopes, err = db.List(r, func(s db.Scanner) (Scope, error) {
		var c Scope
		err := s.Scan(&c.Activity, &c.Site, &c.Unit, &c.Group)
		return c, err
	}, `select activity, coalesce(site, ''), coalesce(unit, ''), coalesce(grp, '') from suspension_scope where suspension = $1 order by activity, site, unit, grp`, string(id))
	return x, err
}

// taken is a day that a suspension took from a child, whatever became of it since.
type taken struct {
	booking.Cell
	family    family.ID
	givenBack bool
}

// takenBy lists what a suspension took so far, in the order of families.
func takenBy(r db.Reader, id ID) ([]taken, error) {
	return db.List(r, func(s db.Scanner) (taken, error) {
		var x taken
		err := s.Scan(&x.family, &x.Child, &x.Activity, &x.Day, &x.givenBack)
		return x, err
	}, `select l.family, l.child, l.activity, l.day, coalesce(o.given_back, 0) = 1 from suspension_order o join booking_line l on l.reference = o.reference
		where o.suspension = $1 and l.did in ('cancelled', 'changed') order by l.family, l.day, l.activity, l.child`, string(id))
}

// backSteps counts the confirmations of a suspension, and those that its reopening went through.
func backSteps(r db.Reader, id ID) (all, done int, err error) {
	type pair struct{ all, done int }
	n, err := db.One(r, "confirmations", func(s db.Scanner) (pair, error) {
		var x pair
		err := s.Scan(&x.all, &x.done)
		return x, err
	}, `select count(*), count(given_back) from suspension_order where suspension = $1`, string(id))
	return n.all, n.done, err
}

// lock reads a suspension that nobody else changes until the transaction ends.
func lock(tx *db.Tx, id ID) (kept, error) {
	if _, err := tx.Exec(`update suspension set state = state where id = $1`, string(id)); err != nil {
		return kept{}, err
	}
	return byID(tx, id)
}

// recent lists the suspensions that end on a day or later, the next first; at most a hundred.
func recent(r db.Reader, from civil.Date) ([]kept, error) {
	return db.List(r, scan, `select `+columns+` from suspension s where s.to_day >= $1 order by s.from_day, s.id limit 100`, from)
}

func setReopening(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	_, err := tx.Exec(`update suspension set state = 'reopening', reopened_at = $2, reopened_by = $3 where id = $1`, string(id), civil.InstantOf(now), a.Account)
	return err
}

// setDone ends the going through of the families; left is how many days it could not do anything about.
func setDone(tx *db.Tx, id ID, from, to State, left int) error {
	_, err := tx.Exec(`update suspension set state = $3, left_days = $4 where id = $1 and state = $2`, string(id), string(from), string(to), left)
	return err
}

// held is what a child has on a day that a suspension is about, as booking reads it.
type held struct {
	booking.Cell
	booking.Holding
	family family.ID
	left   activity.ChoiceID // what stays of it, when only a part is closed
}

// happened tells that presence is noted already.
func (h held) happened() bool { return h.Attendance != "" }

// wish asks to give it up, or to keep what stays of it.
func (h held) wish() booking.Wish {
	return booking.Wish{Cell: h.Cell, Want: h.left, Seen: h.Token()}
}

// across is what suspensions and their preview look for.
type across struct {
	scopes []Scope
	days   civil.Range
}

func (s Suspension) across() across { return across{s.Scopes, s.Days} }

func insertOrder(tx *db.Tx, id ID, reference string, days int) error {
	_, err := tx.Exec(`insert into suspension_order (reference, suspension, days) values ($1, $2, $3)`, reference, string(id), days)
	return err
}

// notGivenBack lists the confirmations whose days were not given back yet.
func notGivenBack(r db.Reader, id ID) ([]string, error) {
	return db.List(r, db.Column[string], `select reference from suspension_order where suspension = $1 and given_back is null order by reference`, string(id))
}

// claimBack takes a confirmation to give its days back; false when somebody did.
func claimBack(tx *db.Tx, reference string) (bool, error) {
	n, err := tx.Exec(`update suspension_order set given_back = 0 where reference = $1 and given_back is null`, reference)
	return n > 0, err
}

// setGivenBack notes that something of a confirmation was given back.
func setGivenBack(tx *db.Tx, reference string) error {
	_, err := tx.Exec(`update suspension_order set given_back = 1 where reference = $1`, reference)
	return err
}

// lost is what a confirmation took from a family, on days from one on.
type lost struct {
	family family.ID
	booking.Cell
	was    booking.Token
	became activity.ChoiceID // what was left of it, "" when all of it was cancelled
}

const lostColumns = `l.family, l.child, l.activity, l.day, l.was, l.became`

func scanLost(s db.Scanner) (lost, error) {
	var x lost
	err := s.Scan(&x.family, &x.Child, &x.Activity, &x.Day, &x.was, &x.became)
	return x, err
}

func lostIn(r db.Reader, reference string, from civil.Date) ([]lost, error) {
	return db.List(r, scanLost, `select `+lostColumns+` from booking_line l where l.reference = $1 and l.did in ('cancelled', 'changed') and l.day >= $2 order by l.position`, reference, from)
}

// lostTo lists what a suspension took from days from one on, by family.
func lostTo(r db.Reader, id ID, from civil.Date) ([]lost, error) {
	return db.List(r, scanLost, `select `+lostColumns+` from suspension_order o join booking_line l on l.reference = o.reference
		where o.suspension = $1 and l.did in ('cancelled', 'changed') and l.day >= $2 order by l.family, l.day, l.child, l.activity`, string(id), from)
}
