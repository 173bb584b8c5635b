package db

import (
	"cmp"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

func sortColumns(columns []column) {
	slices.SortFunc(columns, func(a, b column) int { return cmp.Compare(a.Name, b.Name) })
}

// eachRow gives each row of t as one line of JSON, the same on both engines: an array of null, text, number,
// true or false, and bytes in base64.
func eachRow(r Reader, t table, fn func(line []byte) error) error {
	rows, err := r.Query("select " + columnList(t.Columns) + " from " + quote(t.Name))
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.Name, err)
	}
	defer rows.Close()
	cells := make([]cell, len(t.Columns))
	targets := make([]any, len(cells))
	for i, c := range t.Columns {
		cells[i].kind = c.Kind
		targets[i] = cells[i].target()
	}
	var line []byte
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("read table %s: %w", t.Name, err)
		}
		line = append(line[:0], '[')
		for i := range cells {
			if i > 0 {
				line = append(line, ',')
			}
			line = cells[i].append(line)
		}
		if err := fn(append(line, ']')); err != nil {
			return err
		}
	}
	return rows.Err()
}

// cell holds one value of a row being read.
type cell struct {
	kind    kind
	text    sql.NullString
	integer sql.NullInt64
	boolean sql.NullBool
	bytes   []byte
}

func (c *cell) target() any {
	switch c.kind {
	case integerKind:
		return &c.integer
	case booleanKind:
		return &c.boolean
	case bytesKind:
		return &c.bytes
	}
	return &c.text
}

func (c *cell) append(line []byte) []byte {
	switch {
	case c.kind == integerKind && c.integer.Valid:
		return strconv.AppendInt(line, c.integer.Int64, 10)
	case c.kind == booleanKind && c.boolean.Valid:
		return strconv.AppendBool(line, c.boolean.Bool)
	case c.kind == bytesKind && c.bytes != nil:
		line = append(line, '"')
		line = base64.StdEncoding.AppendEncode(line, c.bytes)
		return append(line, '"')
	case c.kind == textKind && c.text.Valid:
		quoted, _ := json.Marshal(c.text.String) // a string always marshals
		return append(line, quoted...)
	}
	return append(line, "null"...)
}

// parseCell is the way back.
func parseCell(k kind, raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch k {
	case integerKind:
		return strconv.ParseInt(string(raw), 10, 64)
	case booleanKind:
		return strconv.ParseBool(string(raw))
	case bytesKind:
		var b []byte
		err := json.Unmarshal(raw, &b)
		return b, err
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
