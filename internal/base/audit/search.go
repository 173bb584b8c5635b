package audit

import (
	"fmt"
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Filter chooses lines of the journal; what is zero chooses all.
type Filter struct {
	Subjects []string // ids of people whose data it is
	Object   string   // kind of thing
	ObjectID string
	Account  string // who did it
	Action   string
	From, To civil.Instant // from From on, before To
	Before   Cursor        // older than that line
}

// Cursor is where a page of lines ends.
type Cursor struct {
	At civil.Instant
	ID ID
}

// CursorOf is the place of a line.
func CursorOf(e Event) Cursor { return Cursor{e.At, e.ID} }

// Search lists the lines that a filter chooses, latest first, at most limit.
func Search(r db.Reader, f Filter, limit int) ([]Event, error) {
	var where strings.Builder
	args := []any{limit}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where.WriteString(" and " + condition)
	}
	if len(f.Subjects) > 0 {
		values := make([]any, len(f.Subjects))
		for i, s := range f.Subjects {
			values[i] = s
		}
		add("subject in (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	}
	if f.Object != "" {
		add("object = ?", f.Object)
	}
	if f.ObjectID != "" {
		add("object_id = ?", f.ObjectID)
	}
	if f.Account != "" {
		add("account = ?", f.Account)
	}
	if f.Action != "" {
		add("action = ?", f.Action)
	}
	if f.From != 0 {
		add("at >= ?", f.From)
	}
	if f.To != 0 {
		add("at < ?", f.To)
	}
	if f.Before.ID != "" {
		add("(at, id) < (?, ?)", f.Before.At, f.Before.ID)
	}
	all, err := db.List(r, scanEvent, `select `+eventColumns+` from audit_event where id <> ''`+where.String()+`
		order by at desc, id desc limit $1`, args...)
	if err != nil {
		return nil, fmt.Errorf("search audit events: %w", err)
	}
	return all, nil
}

// About lists the latest lines about one object or about some people's data, at most limit; lines of the actions but
// are left out.
func About(r db.Reader, object, id string, subjects []string, limit int, but ...string) ([]Event, error) {
	args := []any{object, id, limit}
	left := ""
	for _, action := range but {
		args = append(args, action)
		left += " and action <> $" + strconv.Itoa(len(args))
	}
	people := ""
	if len(subjects) > 0 {
		marks := make([]string, len(subjects))
		for i, s := range subjects {
			args = append(args, s)
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		people = ` union select ` + eventColumns + ` from audit_event where subject in (` + strings.Join(marks, ", ") + `)` + left
	}
	all, err := db.List(r, scanEvent, `select `+eventColumns+` from audit_event where object = $1 and object_id = $2`+left+
		people+` order by at desc, id desc limit $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("list audit events: %w", err)
	}
	return all, nil
}
