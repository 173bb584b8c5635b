package web

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Part is a few rows that a feature needs for a page made of many features. Read alone it is one statement; a page that
// knows its parts reads them all in one (ReadParts), so that a feature more costs no statement more.
type Part struct {
	Name string // the package's, then what it is
	// Select gives four columns of text named a, b, c and d, for the person $1, the day $2 and the instant $3.
	Select string
}

// PartRow is a row of a Part.
type PartRow struct{ A, B, C, D string }

// Rows are the part's rows, in no order: those that ReadParts read for the page, else read now.
func (p Part) Rows(r db.Reader, now time.Time, a actor.Actor) ([]PartRow, error) {
	return db.Once(r, p.key(a), func() ([]PartRow, error) {
		all, err := readParts(r, now, a, []Part{p})
		return all[p.Name], err
	})
}

func (p Part) key(a actor.Actor) string { return "web.part." + p.Name + "." + a.Person }

// ReadParts reads parts in one statement and keeps their rows for the page, under a context of db.Remember.
func ReadParts(r db.Reader, now time.Time, a actor.Actor, parts ...Part) error {
	if len(parts) == 0 {
		return nil
	}
	all, err := readParts(r, now, a, parts)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := db.Once(r, p.key(a), func() ([]PartRow, error) { return all[p.Name], nil }); err != nil {
			return err
		}
	}
	return nil
}

func readParts(r db.Reader, now time.Time, a actor.Actor, parts []Part) (map[string][]PartRow, error) {
	// The first branch has no row: it gives the placeholders their types, used or not.
	texts := []string{`select '' as part, '' as a, '' as b, '' as c, '' as d where cast($1 as text) is null and cast($2 as text) is null and cast($3 as bigint) is null`}
	for _, p := range parts {
		texts = append(texts, `select '`+p.Name+`', x.a, x.b, x.c, x.d from (`+p.Select+`) x`)
	}
	type row struct {
		part string
		PartRow
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.part, &x.A, &x.B, &x.C, &x.D)
		return x, err
	}, strings.Join(texts, "\nunion all\n"), a.Person, civil.DateOf(now), civil.InstantOf(now))
	if err != nil {
		return nil, fmt.Errorf("read the parts of a page: %w", err)
	}
	all := map[string][]PartRow{}
	for _, x := range rows {
		all[x.part] = append(all[x.part], x.PartRow)
	}
	return all, nil
}
