package family

import (
	"fmt"

	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// EverMembers lists the ids of all who are or were in a family, asked for or refused ones too: what its history is
// about.
func EverMembers(r db.Reader, id ID) ([]person.ID, error) {
	all, err := db.List(r, db.Column[person.ID], `select distinct person from family_member where family = $1 order by person`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list everybody of a family: %w", err)
	}
	return all, nil
}
