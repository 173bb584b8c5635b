package family

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// headsToTell lists the addresses of those who head a family on a day, but for the person added and for whom a court
// keeps from her.
func headsToTell(r db.Reader, day civil.Date, id ID, added person.ID) ([]string, error) {
	all, err := db.List(r, db.Column[string], `select distinct p.email from family_member m join person p on p.id = m.person
		where m.family = $2 and m.role in ('holder', 'coholder') and m`+fmt.Sprintf(standing, "m")+` and p.email <> '' and m.person <> $3
			and not exists (select 1 from restriction x where x.person = m.person and x.child = $3
				and x.from_day <= $1 and (x.lifted_day is null or x.lifted_day > $1))
		order by p.email`, day, string(id), string(added))
	return all, wrap("list addresses of a family", err)
}

// EverMembers lists the ids of all who are or were in a family, asked for or refused ones too: what its history is
// about.
func EverMembers(r db.Reader, id ID) ([]person.ID, error) {
	all, err := db.List(r, db.Column[person.ID], `select distinct person from family_member where family = $1 order by person`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list everybody of a family: %w", err)
	}
	return all, nil
}
