package booking

import "parvis/internal/feature/person"

// fullName is the first and last name.
func fullName(last, first string) string {
	return person.Person{LastName: last, FirstNames: first}.Full()
}
