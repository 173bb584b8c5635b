package admission

import (
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// Proposed ranks the known people whom somebody may be, as the agent's page does.
func Proposed(r db.Reader, p person.Person) ([]Ranked, error) {
	_, ranked, _, err := candidates(r, p)
	return ranked, err
}
