package merging

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations that the package's tables need, its own last.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), []db.Source{{Name: "merging", FS: own}})
}

const columns = `m.id, m.kind, m.keep, m.gone, m.keep_name, m.gone_name, m.told, coalesce(m.made_by, ''), m.made_at, m.undone_at, m.undo_reason,
	m.undo_told, m.forgotten_at, coalesce(mp.last_name, ''), coalesce(mp.first_names, ''), coalesce(up.last_name, ''), coalesce(up.first_names, '')`

const fromMerges = ` from merge m
	left join account mc on mc.id = m.made_by left join person mp on mp.id = mc.person
	left join account uc on uc.id = m.undone_by left join person up on up.id = uc.person`

func scan(s db.Scanner) (Merging, error) {
	var m Merging
	var told, undoTold string
	var maker, undoer person.Person
	err := s.Scan(&m.ID, &m.Kind, &m.Keep, &m.Gone, &m.KeepName, &m.GoneName, &told, &m.MadeBy, &m.MadeAt, &m.UndoneAt, &m.UndoReason,
		&undoTold, &m.ForgottenAt, &maker.LastName, &maker.FirstNames, &undoer.LastName, &undoer.FirstNames)
	m.Told, m.UndoTold, m.MakerName, m.UndoerName = lines(told), lines(undoTold), maker.Full(), undoer.Full()
	return m, err
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// ByID reads a merging; an unknown id is a NotFound fault.
func ByID(r db.Reader, id ID) (Merging, error) {
	return db.One(r, "merge", scan, `select `+columns+fromMerges+` where m.id = $1`, string(id))
}

// inFamily is a standing place of the one who stayed.
const inFamily = `from family_member f join family_service fs on fs.family = f.family
	where f.person = m.keep and f.to_day is null and f.state in ('pending', 'approved')`

// list reads the mergings that an agent's right reaches, latest first, those before one when it is not "".
func list(r db.Reader, a actor.Actor, before ID, limit int) ([]Merging, error) {
	where, args := "1 = 1", []any{}
	if before != "" {
		args = append(args, string(before))
		where = `m.id < $1`
	}
	if !a.CanFor(Right, actor.AllServices) {
		first := len(args) + 1
		services := a.Rights[Right]
		for _, s := range services {
			args = append(args, s)
		}
		mine := ` and fs.service in (` + db.Marks(first, len(services)) + `)`
		where += ` and (m.kind = 'family' and exists (select 1 from family_service fs where fs.family = m.keep` + mine + `)
			or m.kind = 'person' and (exists (select 1 ` + inFamily + mine + `) or not exists (select 1 ` + inFamily + `)))`
	}
	args = append(args, limit)
	all, err := db.List(r, scan, `select `+columns+fromMerges+` where `+where+` order by m.id desc limit $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list merges: %w", err)
	}
	return all, nil
}

// standingFor are the mergings that stand and touch either of two, latest first.
func standingFor(r db.Reader, kind person.Subject, a, b string) ([]Merging, error) {
	return db.List(r, scan, `select `+columns+fromMerges+` where m.kind = $1 and m.undone_at is null
		and (m.gone in ($2, $3) or m.keep in ($2, $3)) order by case when m.gone in ($2, $3) then 0 else 1 end, m.id desc limit 5`, string(kind), a, b)
}

// laterOn is a merging that stands, made after m, on the same people or rows.
func laterOn(r db.Reader, m Merging) ([]Merging, error) {
	return db.List(r, scan, `select `+columns+fromMerges+` where m.id > $1 and m.undone_at is null
		and (m.gone in ($2, $3) or m.keep in ($2, $3) or exists (select 1 from merge_row o
			join merge_row r on r.tbl = o.tbl and r.row_key = o.row_key and r.merge = m.id where o.merge = $1))
		order by m.id desc limit 1`, string(m.ID), m.Keep, m.Gone)
}

func insert(tx *db.Tx, m Merging) error {
	var by any
	if m.MadeBy != "" {
		by = string(m.MadeBy)
	}
	_, err := tx.Exec(`insert into merge (id, kind, keep, gone, keep_name, gone_name, told, made_by, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(m.ID), string(m.Kind), m.Keep, m.Gone, m.KeepName, m.GoneName, strings.Join(m.Told, "\n"), by, m.MadeAt)
	if err != nil {
		return fmt.Errorf("insert merge: %w", err)
	}
	return nil
}

const rowsAtOnce = 100

func insertRows(tx *db.Tx, id ID, changes []revert.Change) error {
	for from := 0; from < len(changes); from += rowsAtOnce {
		some := changes[from:min(from+rowsAtOnce, len(changes))]
		var args []any
		for i, c := range some {
			texts := [3]string{}
			for j, row := range []revert.Row{c.Key, c.Before, c.After} {
				var err error
				if texts[j], err = row.Text(); err != nil {
					return fmt.Errorf("keep row: %w", err)
				}
			}
			args = append(args, string(id), int64(from+i), c.Table, string(c.Op), texts[0], texts[1], texts[2])
		}
		if _, err := tx.Exec(`insert into merge_row (merge, seq, tbl, op, row_key, before, after) values `+db.Values(len(some), 7), args...); err != nil {
			return fmt.Errorf("insert merge rows: %w", err)
		}
	}
	return nil
}

func rowsOf(r db.Reader, id ID) ([]revert.Change, error) {
	all, err := db.List(r, func(s db.Scanner) (revert.Change, error) {
		var c revert.Change
		var texts [3]string
		if err := s.Scan(&c.Table, &c.Op, &texts[0], &texts[1], &texts[2]); err != nil {
			return c, err
		}
		for i, row := range []*revert.Row{&c.Key, &c.Before, &c.After} {
			var err error
			if *row, err = revert.ParseRow(texts[i]); err != nil {
				return c, err
			}
		}
		return c, nil
	}, `select tbl, op, row_key, before, after from merge_row where merge = $1 order by seq`, string(id))
	if err != nil {
		return nil, fmt.Errorf("read merge rows: %w", err)
	}
	return all, nil
}

// seatFamilies are the families of some places, those that had not ended at a moment.
func seatFamilies(r db.Reader, seats []string, at civil.Instant) ([]string, error) {
	day := civil.DateOf(at.In(time.UTC)).AddDays(-1) // whatever the town's zone
	var all []string
	for some := range slices.Chunk(seats, rowsAtOnce) {
		args := []any{day}
		for _, id := range some {
			args = append(args, id)
		}
		more, err := db.List(r, db.Column[string], `select distinct family from family_member
			where (to_day is null or to_day >= $1) and id in (`+db.Marks(2, len(some))+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("list families of places: %w", err)
		}
		all = append(all, more...)
	}
	return all, nil
}

// servicesOf are the services that know a family; none when there is no such family.
func servicesOf(r db.Reader, id family.ID) ([]string, error) {
	all, err := db.List(r, db.Column[string], `select service from family_service where family = $1`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list services of a family: %w", err)
	}
	return all, nil
}

// undone marks a merging; false when it was.
func undone(tx *db.Tx, now time.Time, id ID, by, reason string) (bool, error) {
	var who any
	if by != "" {
		who = by
	}
	n, err := tx.Exec(`update merge set undone_by = $2, undone_at = $3, undo_reason = $4 where id = $1 and undone_at is null`,
		string(id), who, civil.InstantOf(now), reason)
	if err != nil {
		return false, fmt.Errorf("mark merge undone: %w", err)
	}
	return n == 1, nil
}

func setUndoTold(tx *db.Tx, id ID, told []string) error {
	if _, err := tx.Exec(`update merge set undo_told = $2 where id = $1`, string(id), strings.Join(told, "\n")); err != nil {
		return fmt.Errorf("keep what the undo left: %w", err)
	}
	return nil
}

// keepFor is how long a merging can be taken back: what was is personal data of somebody who is written elsewhere since.
const keepFor = 365 * 24 * time.Hour

// Purge forgets the rows of the mergings that are undone, or too old to be. It returns how many.
func Purge(tx *db.Tx, now time.Time) (int64, error) {
	before := civil.InstantOf(now.Add(-keepFor))
	const old = `forgotten_at is null and (made_at < $1 or undone_at is not null and undone_at < $1)`
	if _, err := tx.Exec(`delete from merge_row where merge in (select id from merge where `+old+`)`, before); err != nil {
		return 0, fmt.Errorf("forget merge rows: %w", err)
	}
	n, err := tx.Exec(`update merge set forgotten_at = $2 where `+old, before, civil.InstantOf(now))
	if err != nil {
		return 0, fmt.Errorf("forget merges: %w", err)
	}
	return n, nil
}

// PhotosInUse are the ids of the stored photos of those who went: an undo gives them back.
func PhotosInUse(r db.Reader) (map[string]bool, error) {
	rows, err := db.List(r, db.Column[string], `select before from merge_row where tbl = 'person' and before like '%"photo":"%'`)
	used := map[string]bool{}
	for _, text := range rows {
		row, parseErr := revert.ParseRow(text)
		if parseErr != nil {
			return nil, parseErr
		}
		if id, ok := row["photo"].(string); ok {
			used[id] = true
		}
	}
	return used, err
}
