package custody

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), []db.Source{{Name: "custody", FS: own}})
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Row is a row of Rows: an arrangement, a span of one, or a day handed over.
type Row struct {
	What     string
	ID       string
	Child    family.ChildID
	Home     family.ID
	Other    family.ID
	From, To civil.Date
	Anchor   civil.Date
	Cells    string
	Step     string
}

// actedIn is that some home can still act for a child on a day, three columns or placeholders: the child is there, and an
// adult heads it whom no court keeps away. A home where nobody may act has no days.
func actedIn(home, child, day string) string {
	return `exists (select 1 from family_member k join family_member g on g.family = k.family and g.role in ('holder', 'coholder')
			and g.state = 'approved' and g.from_day <= ` + day + ` and (g.to_day is null or g.to_day >= ` + day + `)
		where k.family = ` + home + ` and k.person = ` + child + ` and k.role = 'member' and k.state = 'approved'
			and k.from_day <= ` + day + ` and (k.to_day is null or k.to_day >= ` + day + `)
			and not ` + family.KeptAway("g.person", child, day) + `)`
}

// Rows is, in a query of another package, all that decides in which home the days from $1 to $2 of some children
// are, as text columns: what, id, child, home, other, from_day, to_day, anchor, cells, step. children are placeholders,
// today is the one of the day of today: custody holds while both homes can act for the child.
func Rows(children, today string) string {
	standing := `c.state = 'standing' and c.from_day <= $2 and (c.to_day is null or c.to_day >= $1) and c.child in (` + children + `)
			and ` + actedIn("c.home", "c.child", today) + ` and ` + actedIn("c.other", "c.child", today)
	return `select c.kind as what, c.id as id, c.child as child, c.home as home, c.other as other, c.from_day as from_day,
				coalesce(c.to_day, '') as to_day, c.anchor as anchor, c.cells as cells, cast(c.step as text) as step
			from custody c where ` + standing + `
		union all
		select 'span', s.custody, c.child, s.home, '', s.from_day, s.to_day, s.from_day, '', ''
			from custody c join custody_span s on s.custody = c.id and s.from_day <= $2 and s.to_day >= $1
			where ` + standing + `
		union all
		select 'day', d.id, d.child, d.taker, d.giver, d.day, d.day, d.day, '', ''
			from custody_day d where d.state = 'accepted' and d.day between $1 and $2 and d.child in (` + children + `)`
}

// Timelines makes the rows of Rows into the timeline of each child; a child without custody has none.
func Timelines(rows []Row) map[family.ChildID]Timeline {
	all := map[family.ChildID][]Arrangement{}
	spans := map[string][]Span{}
	handed := map[family.ChildID]map[civil.Date]family.ID{}
	for _, x := range rows {
		switch x.What {
		case "span":
			spans[x.ID] = append(spans[x.ID], Span{civil.Range{From: x.From, To: x.To}, x.Home})
		case "day":
			if handed[x.Child] == nil {
				handed[x.Child] = map[civil.Date]family.ID{}
			}
			handed[x.Child][x.From] = x.Home
		default:
			all[x.Child] = append(all[x.Child], x.arrangement())
		}
	}
	timelines := map[family.ChildID]Timeline{}
	for child, list := range all {
		for i := range list {
			list[i].Spans = spans[string(list[i].ID)]
		}
		timelines[child] = newTimeline(list, handed[child])
	}
	return timelines
}

func (x Row) arrangement() Arrangement {
	step, _ := strconv.Atoi(x.Step) // an integer column
	a := Arrangement{ID: ID(x.ID), Child: x.Child, Home: x.Home, Other: x.Other, Kind: Kind(x.What),
		Days: civil.Range{From: x.From, To: x.To}, Anchor: x.Anchor, Cells: x.Cells, Step: step}
	if a.Kind == EvenOddWeeks {
		a.Change = time.Weekday(step)
	}
	return a
}

// timelineOf reads the timeline of one child over some days.
func timelineOf(r db.Reader, child family.ChildID, days civil.Range, today civil.Date) (Timeline, error) {
	rows, err := db.List(r, func(s db.Scanner) (Row, error) {
		var x Row
		err := s.Scan(&x.What, &x.ID, &x.Child, &x.Home, &x.Other, &x.From, &x.To, &x.Anchor, &x.Cells, &x.Step)
		return x, err
	}, Rows("$3", "$4"), days.From, days.To, string(child), today)
	if err != nil {
		return Timeline{}, fmt.Errorf("read custody: %w", err)
	}
	return Timelines(rows)[child], nil
}

// HomeOn tells in which home a child is on one day, by what holds today; false when nothing says it.
func HomeOn(r db.Reader, child family.ChildID, day, today civil.Date) (family.ID, bool, error) {
	line, err := timelineOf(r, child, civil.Range{From: day, To: day}, today)
	home, known := line.HomeOn(day)
	return home, known, err
}

// State is where an arrangement stands. Allowed moves: asked → standing | refused | withdrawn; standing → replaced.
type State string

// The states of an arrangement.
const (
	Asked     State = "asked"
	Standing  State = "standing"
	Replaced  State = "replaced"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// custody is an arrangement with who asked for it and what became of it.
type entry struct {
	Arrangement
	State     State
	AskedHome family.ID
	AskedAt   civil.Instant
	Reason    string
	DecidedOn civil.Date // by a court
	Reference string
	Name      person.Person // of the child
	Said      opinion       // of the other home
}

func (c entry) first() string { return c.Name.FirstName() }

const entryFrom = `select c.id, c.child, c.home, c.other, c.kind, c.from_day, coalesce(c.to_day, ''), c.anchor, c.step, c.cells, c.state,
		coalesce(c.asked_home, ''), c.asked_at, c.reason, coalesce(c.decision_day, ''), c.reference, p.first_names, p.last_name,
		c.opinion, c.opinion_note, coalesce(c.opinion_at, 0), coalesce(q.first_names, ''), coalesce(q.last_name, '')
	from custody c join person p on p.id = c.child left join person q on q.id = c.opinion_by`

func scanEntry(s db.Scanner) (entry, error) {
	var c entry
	err := s.Scan(&c.ID, &c.Child, &c.Home, &c.Other, &c.Kind, &c.Days.From, &c.Days.To, &c.Anchor, &c.Step, &c.Cells, &c.State,
		&c.AskedHome, &c.AskedAt, &c.Reason, &c.DecidedOn, &c.Reference, &c.Name.FirstNames, &c.Name.LastName,
		&c.Said.Opinion, &c.Said.Note, &c.Said.At, &c.Said.By.FirstNames, &c.Said.By.LastName)
	if c.Kind == EvenOddWeeks {
		c.Change = time.Weekday(c.Step)
	}
	return c, err
}

func byID(r db.Reader, id ID) (entry, error) {
	c, err := db.One(r, "custody", scanEntry, entryFrom+` where c.id = $1`, string(id))
	if err != nil {
		return c, err
	}
	all := []entry{c}
	err = readSpans(r, all)
	return all[0], err
}

// entriesOf lists what was asked or stands for a child, the latest first, with their spans: two statements.
func entriesOf(r db.Reader, child family.ChildID) ([]entry, error) {
	all, err := db.List(r, scanEntry, entryFrom+` where c.child = $1 and c.state in ('asked', 'standing')
		order by c.from_day desc, c.id desc`, string(child))
	if err != nil {
		return nil, fmt.Errorf("list custody of a child: %w", err)
	}
	return all, readSpans(r, all)
}

// entriesAsked lists what waits for agents, oldest first, at most limit, without spans.
func entriesAsked(r db.Reader, limit int) ([]entry, error) {
	all, err := db.List(r, scanEntry, entryFrom+` where c.state = 'asked' order by c.asked_at, c.id limit $1`, limit)
	return all, wrap("list custody asked for", err)
}

// readSpans completes arrangements of one child with their spans, in one statement whatever their number.
func readSpans(r db.Reader, all []entry) error {
	ids := []any{""}
	for _, c := range all {
		ids = append(ids, string(c.ID))
	}
	type row struct {
		of ID
		Span
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.of, &x.Home, &x.From, &x.To)
		return x, err
	}, `select custody, home, from_day, to_day from custody_span where custody in (`+db.Marks(1, len(ids))+`) order by custody, position`, ids...)
	if err != nil {
		return fmt.Errorf("list spans of custody: %w", err)
	}
	for i := range all {
		for _, x := range rows {
			if x.of == all[i].ID {
				all[i].Spans = append(all[i].Spans, x.Span)
			}
		}
	}
	return nil
}

func insertEntry(tx *db.Tx, now time.Time, c entry, by person.ID) error {
	step := c.Step
	if c.Kind == EvenOddWeeks {
		step = int(c.Change)
	}
	decided := civil.Instant(0)
	if c.State == Standing {
		decided = civil.InstantOf(now)
	}
	if _, err := tx.Exec(`insert into custody (id, child, home, other, kind, from_day, to_day, anchor, step, cells, state, asked_home, asked_by,
			asked_at, decided_at, decision_day, reference)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, string(c.ID), string(c.Child), string(c.Home),
		string(c.Other), string(c.Kind), c.Days.From, c.Days.To, c.Anchor, step, c.Cells, string(c.State), db.Null(string(c.AskedHome)), db.Null(string(by)),
		civil.InstantOf(now), decided, c.DecidedOn, c.Reference); err != nil {
		return fmt.Errorf("insert custody: %w", err)
	}
	for i, s := range c.Spans {
		if _, err := tx.Exec(`insert into custody_span (custody, position, home, from_day, to_day) values ($1, $2, $3, $4, $5)`,
			string(c.ID), i, string(s.Home), s.From, s.To); err != nil {
			return fmt.Errorf("insert span of custody: %w", err)
		}
	}
	return nil
}

// setState moves an arrangement that is asked for; false when it was answered meanwhile.
func setState(tx *db.Tx, now time.Time, id ID, to State, reason string) (bool, error) {
	n, err := tx.Exec(`update custody set state = $2, decided_at = $3, reason = $4 where id = $1 and state = 'asked'`,
		string(id), string(to), civil.InstantOf(now), reason)
	return n == 1, wrap("answer custody", err)
}

// makeRoom ends what stands where an arrangement starts, and replaces what would start under it: Timeline.asIf in tables.
func makeRoom(tx *db.Tx, a Arrangement) error {
	last := a.Days.To
	if last.IsZero() {
		last = civil.NewDate(9999, 12, 31)
	}
	if _, err := tx.Exec(`update custody set state = 'replaced' where child = $1 and id <> $2 and state = 'standing'
		and from_day >= $3 and from_day <= $4`, string(a.Child), string(a.ID), a.Days.From, last); err != nil {
		return fmt.Errorf("replace custody: %w", err)
	}
	_, err := tx.Exec(`update custody set to_day = $4 where child = $1 and id <> $2 and state = 'standing' and from_day < $3
		and (to_day is null or to_day >= $3)`, string(a.Child), string(a.ID), a.Days.From, a.Days.From.AddDays(-1))
	return wrap("end custody", err)
}

// end sets the last day of what stands; one that would end before it starts is no more.
func endOn(tx *db.Tx, a Arrangement, last civil.Date) error {
	if last.Before(a.Days.From) {
		_, err := tx.Exec(`update custody set state = 'replaced' where id = $1 and state = 'standing'`, string(a.ID))
		return wrap("end custody", err)
	}
	_, err := tx.Exec(`update custody set to_day = $2 where id = $1 and state = 'standing'`, string(a.ID), last)
	return wrap("end custody", err)
}

// lockChild makes what is written of a child's custody wait for what another writes of it.
func lockChild(tx *db.Tx, child family.ChildID) error {
	_, err := tx.Exec(`update child set level = level where person = $1`, string(child))
	return wrap("lock child", err)
}
