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
