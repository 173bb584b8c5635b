package web

import (
	"hash/fnv"
	"strconv"

	"github.com/a-h/templ"
)

func editLabel(r Row) string {
	if r.EditLabel != "" {
		return r.EditLabel
	}
	return "Modifier"
}

func sortIcon(sorted string) string {
	switch sorted {
	case "ascending":
		return "arrow-up"
	case "descending":
		return "arrow-down"
	}
	return "arrow-up-down"
}

func columnLabel(columns []Column, i int) string {
	if i < len(columns) {
		return columns[i].Label
	}
	return ""
}

func numeric(columns []Column, i int) bool { return i < len(columns) && columns[i].Numeric }

// rowID names the tag of a row, from what tells the row from the others of its page.
func rowID(href, title string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(href + "\n" + title))
	return "etat-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// describedByTag ties a row's link to its tag, when it has one.
func describedByTag(word, href, title string) templ.Attributes {
	if word == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": rowID(href, title)}
}
