// Package revert changes rows and remembers what they were, so that an act on many rows can be taken back row by row,
// long after, without undoing what others did since. It owns no table: whoever changes rows keeps the changes. A
// feature hands it the names of its own tables only, as constants.
package revert

import (
	"database/sql/driver"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/db"
)

// Row is column → value: nil, bool, int64, string or []byte once it was read; anything that the database takes before.
type Row map[string]any

// Op is what was done to a row.
type Op string

// The ways to change a row.
const (
	Set  Op = "set"
	Drop Op = "drop"
	Put  Op = "put"
)

// Change is what was done to one row. Key finds the row as it is afterwards (Drop: as it was).
type Change struct {
	Table  string
	Op     Op
	Key    Row
	Before Row // Set: the columns that changed; Drop: the whole row
	After  Row // Set: the columns that changed; Put: the whole row
}

// Log changes rows in a transaction and lists what it changed.
type Log struct {
	tx      *db.Tx
	changes []Change
}

// New is an empty log.
func New(tx *db.Tx) *Log { return &Log{tx: tx} }

// Tx is the transaction, for what need not be taken back.
func (l *Log) Tx() *db.Tx { return l.tx }

// Changes is what was done so far, in order.
func (l *Log) Changes() []Change { return l.changes }

// Set gives columns of one row other values; nothing happens where they are so already, or without such a row.
func (l *Log) Set(table string, key, values Row) error {
	values, err := values.plain()
	if err != nil {
		return err
	}
	rows, err := find(l.tx, table, key)
	if err != nil || len(rows) == 0 {
		return err
	}
	before, after := Row{}, Row{}
	for column, v := range values {
		if was := rows[0][column]; !reflect.DeepEqual(was, v) {
			before[column], after[column] = was, v
		}
	}
	if len(after) == 0 {
		return nil
	}
	if err := update(l.tx, table, key, after); err != nil {
		return err
	}
	found, err := key.plain()
	if err != nil {
		return err
	}
	found = maps.Clone(found)
	for column := range found {
		if v, moved := after[column]; moved {
			found[column] = v
		}
	}
	l.changes = append(l.changes, Change{Table: table, Op: Set, Key: found, Before: before, After: after})
	return nil
}

// Move gives all rows whose column is from the value to, and returns how many there were. key are the columns that tell
// one row of the table from the others.
func (l *Log) Move(table string, key []string, column, from, to string) (int, error) {
	rows, err := find(l.tx, table, Row{column: from})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if err := update(l.tx, table, Row{column: from}, Row{column: to}); err != nil {
		return 0, err
	}
	for _, row := range rows {
		found := Row{}
		for _, k := range key {
			found[k] = row[k]
			if k == column {
				found[k] = to
			}
		}
		l.changes = append(l.changes, Change{Table: table, Op: Set, Key: found, Before: Row{column: from}, After: Row{column: to}})
	}
	return len(rows), nil
}

// Drop deletes the rows that key finds.
func (l *Log) Drop(table string, key Row) error {
	rows, err := find(l.tx, table, key)
	if err != nil || len(rows) == 0 {
		return err
	}
	where, args, err := key.where(1)
	if err != nil {
		return err
	}
	if _, err := l.tx.Exec(`delete from `+table+` where `+where, args...); err != nil {
		return fmt.Errorf("drop from %s: %w", table, err)
	}
	plain, err := key.plain()
	for _, row := range rows {
		l.changes = append(l.changes, Change{Table: table, Op: Drop, Key: plain, Before: row})
	}
	return err
}

// Put adds one row, that key finds afterwards.
func (l *Log) Put(table string, key, row Row) error {
	if _, err := insert(l.tx, table, row); err != nil {
		return err
	}
	rows, err := find(l.tx, table, key)
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("read what was put in %s: %d rows: %w", table, len(rows), err)
	}
	plain, err := key.plain()
	l.changes = append(l.changes, Change{Table: table, Op: Put, Key: plain, After: rows[0]})
	return err
}

// Why is why a change could not be taken back.
type Why string

// The reasons. What was changed since stays as it was changed.
const (
	Changed Why = "changed" // the column, or the row that was put, has another value since
	Gone    Why = "gone"    // the row exists no more
	Taken   Why = "taken"   // another row stands in the place of the one that was dropped
)

// Left is what Back left as it found it.
type Left struct {
	Table, Column string
	Key           Row
	Why           Why
}

// Back takes changes back, the last one first.
func Back(tx *db.Tx, changes []Change) ([]Left, error) {
	var left []Left
	for _, c := range slices.Backward(changes) {
		more, err := c.back(tx)
		if err != nil {
			return nil, fmt.Errorf("take back %s of %s: %w", c.Op, c.Table, err)
		}
		left = append(left, more...)
	}
	return left, nil
}

func (c Change) back(tx *db.Tx) ([]Left, error) {
	if c.Op == Drop {
		n, err := insert(tx, c.Table, c.Before)
		if err == nil && n == 0 {
			return []Left{{Table: c.Table, Key: c.Key, Why: Taken}}, nil
		}
		return nil, err
	}
	rows, err := find(tx, c.Table, c.Key)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return []Left{{Table: c.Table, Key: c.Key, Why: Gone}}, nil
	}
	if c.Op == Put {
		if !reflect.DeepEqual(rows[0], c.After) {
			return []Left{{Table: c.Table, Key: c.Key, Why: Changed}}, nil
		}
		where, args, err := c.Key.where(1)
		if err == nil {
			_, err = tx.Exec(`delete from `+c.Table+` where `+where, args...)
		}
		return nil, err
	}
	var left []Left
	restored := Row{}
	for _, column := range slices.Sorted(maps.Keys(c.Before)) {
		if reflect.DeepEqual(rows[0][column], c.After[column]) {
			restored[column] = c.Before[column]
		} else {
			left = append(left, Left{Table: c.Table, Column: column, Key: c.Key, Why: Changed})
		}
	}
	if len(restored) == 0 {
		return left, nil
	}
	return left, update(tx, c.Table, c.Key, restored)
}

// plain turns the values into what a reading gives.
func (row Row) plain() (Row, error) {
	out := make(Row, len(row))
	for column, v := range row {
		p, err := driver.DefaultParameterConverter.ConvertValue(v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		out[column] = p
	}
	return out, nil
}

// where is the condition that finds the row, its placeholders counted from first.
func (row Row) where(first int) (string, []any, error) {
	plain, err := row.plain()
	var parts []string
	var args []any
	for i, column := range slices.Sorted(maps.Keys(plain)) {
		parts = append(parts, column+` = $`+strconv.Itoa(first+i))
		args = append(args, plain[column])
	}
	return strings.Join(parts, " and "), args, err
}

func find(r db.Reader, table string, key Row) ([]Row, error) {
	where, args, err := key.where(1)
	if err != nil {
		return nil, err
	}
	rows, err := r.Query(`select * from `+table+` where `+where+` order by `+strings.Join(slices.Sorted(maps.Keys(key)), ", "), args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var all []Row
	for rows.Next() {
		cells, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
		row := make(Row, len(columns))
		for i, c := range columns {
			row[c.Name()] = cells[i]
			if n, ok := cells[i].(int64); ok && strings.HasPrefix(c.DatabaseTypeName(), "BOOL") { // SQLite has no other
				row[c.Name()] = n != 0
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func update(tx *db.Tx, table string, key, values Row) error {
	var sets []string
	var args []any
	for i, column := range slices.Sorted(maps.Keys(values)) {
		sets = append(sets, column+` = $`+strconv.Itoa(i+1))
		args = append(args, values[column])
	}
	where, more, err := key.where(len(args) + 1)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update `+table+` set `+strings.Join(sets, ", ")+` where `+where, append(args, more...)...); err != nil {
		return fmt.Errorf("update %s: %w", table, err)
	}
	return nil
}

// insert writes a row back; 0 when another stands in its place.
func insert(tx *db.Tx, table string, row Row) (int64, error) {
	columns := slices.Sorted(maps.Keys(row))
	args := make([]any, len(columns))
	for i, c := range columns {
		args[i] = row[c]
	}
	n, err := tx.Exec(`insert into `+table+` (`+strings.Join(columns, ", ")+`) values (`+db.Marks(1, len(columns))+`) on conflict do nothing`, args...)
	if err != nil {
		return 0, fmt.Errorf("insert into %s: %w", table, err)
	}
	return n, nil
}
