package booking

import (
	"strconv"
	"strings"

	"parvis/internal/feature/person"
)

// counted is "1 jour", "3 jours".
func counted(n int, one string) string {
	if n < 2 {
		return strconv.Itoa(n) + "\u00a0" + one
	}
	return strconv.Itoa(n) + "\u00a0" + one + "s"
}

// fullName is the first and last name.
func fullName(last, first string) string {
	return person.Person{LastName: last, FirstNames: first}.Full()
}

// listWords is "a", "a et b", "a, b et c".
func listWords(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " et " + words[n-1]
}
