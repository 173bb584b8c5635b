package moving

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/web"
)

const perPage = 50

// class sorts the lines of a report, in the order of the screen.
type class string

// The classes: refused for themselves, to be looked at, refused because another line is.
const (
	ownFaults class = "refusees"
	doubtful  class = "a-verifier"
	following class = "suites"
)

var classes = []class{ownFaults, doubtful, following}

// classNamed is the class that a filter names, "" for all.
func classNamed(name string) class {
	if slices.Contains(classes, class(name)) {
		return class(name)
	}
	return ""
}

// classOf tells the class of a line of the report: file, line, column, gravity, sentence, what it follows.
func classOf(record []string) class {
	switch {
	case len(record) > 5 && record[5] != "":
		return following
	case len(record) > 3 && record[3] == string(Refused):
		return ownFaults
	}
	return doubtful
}

// list is a sealed CSV list as a page reads it. Rank, when not nil, gives the place of a row's group among groups; a
// negative one leaves the row out.
type list struct {
	id     string
	comma  rune
	header int
	groups int
	rank   func(record []string) int
	here   string
	query  url.Values
}

// each reads the rows of a list.
func (l list) each(content []byte, row func(record []string)) error {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	in.Comma, in.ReuseRecord, in.FieldsPerRecord, in.LazyQuotes = l.comma, true, -1, true
	for n := -l.header; ; n++ {
		record, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n >= 0 {
			row(record)
		}
	}
}

// pageOf reads one page of a sealed CSV list, its groups one after the other.
func (d Desk) pageOf(r *http.Request, l list) ([][]string, web.Pages, error) {
	content, err := d.report(r, l.id)
	if err != nil {
		return nil, web.Pages{}, err
	}
	if l.rank == nil {
		l.groups, l.rank = 1, func([]string) int { return 0 }
	}
	sizes := make([]int, l.groups)
	if err := l.each(content, func(record []string) {
		if g := l.rank(record); g >= 0 {
			sizes[g]++
		}
	}); err != nil {
		return nil, web.Pages{}, err
	}
	next, n := make([]int, l.groups), 0 // the place of the next row of each group
	for g, size := range sizes {
		next[g] = n
		n += size
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	last := max(1, (n+perPage-1)/perPage)
	page = min(max(page, 1), last)
	first := (page - 1) * perPage
	rows := make([][]string, max(0, min(perPage, n-first)))
	err = l.each(content, func(record []string) {
		g := l.rank(record)
		if g < 0 {
			return
		}
		if at := next[g] - first; at >= 0 && at < len(rows) {
			rows[at] = slices.Clone(record)
		}
		next[g]++
	})
	return rows, web.Pages{Page: page, Last: last, URL: func(n int) string {
		query := url.Values{"page": {strconv.Itoa(n)}}
		for name, values := range l.query {
			query[name] = values
		}
		return l.here + "?" + query.Encode()
	}}, err
}

// problems reads a page of an upload's report: what is refused, what is to be looked at, then what only follows; files
// have the names that were sent.
func (d Desk) problems(r *http.Request, u Upload, only class) ([][]string, web.Pages, error) {
	l := list{id: u.Report, comma: ';', header: 1, groups: len(classes), here: uploadPath(u.ID), rank: func(record []string) int {
		c := classOf(record)
		if only != "" && c != only {
			return -1
		}
		return slices.Index(classes, c)
	}}
	if only != "" {
		l.query = url.Values{"voir": {string(only)}}
	}
	rows, pages, err := d.pageOf(r, l)
	names := map[string]string{}
	for _, f := range u.Files {
		names[f.TakenAs] = f.Name
	}
	for i := range rows {
		for len(rows[i]) < 6 {
			rows[i] = append(rows[i], "")
		}
		row := rows[i]
		if name := names[row[0]]; name != "" {
			row[0] = name
		}
		if file, line, cut := strings.Cut(row[5], ":"); cut && names[file] != "" {
			row[5] = names[file] + ", ligne " + line
		}
	}
	return rows, pages, err
}

// filters are the choices over the report, each with how many lines it shows.
func filters(v uploadView) []web.Link {
	all := []web.Link{{Href: uploadPath(v.ID), Label: "Tout (" + strconv.FormatInt(v.Faults+v.Followers+v.Doubts, 10) + ")"}}
	for _, one := range []struct {
		class class
		label string
		n     int64
	}{{ownFaults, "Refusées", v.Faults}, {doubtful, "À vérifier", v.Doubts}, {following, "Refusées à la suite d’une autre", v.Followers}} {
		if one.n > 0 {
			all = append(all, web.Link{Href: uploadPath(v.ID) + "?voir=" + string(one.class), Label: one.label + " (" + strconv.FormatInt(one.n, 10) + ")"})
		}
	}
	return all
}

// filterHere is the address of the filter in force.
func filterHere(v uploadView) string {
	if v.Only == "" {
		return uploadPath(v.ID)
	}
	return uploadPath(v.ID) + "?voir=" + string(v.Only)
}
