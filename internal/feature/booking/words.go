package booking

import (
	"strconv"

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
