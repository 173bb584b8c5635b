package db

import (
	"strconv"
	"strings"
)

// Marks is "$3, $4, $5" for first 3 and n 3: the placeholders of a list of values. Values themselves never enter
// the text of a query.
func Marks(first, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(marks, ", ")
}

// Values makes "($1, $2), ($3, $4)" for n rows of width columns: the values of an insert of many rows.
func Values(n, width int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		b.WriteString(Marks(i*width+1, width))
		b.WriteByte(')')
	}
	return b.String()
}

// Null is the text as an argument, null when it is empty: a reference that may be missing.
func Null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
