package family

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// KeptAway is, in the queries of lists, that a court's restriction stands between an adult and a child on a day: three
// columns or placeholders of the query, never values. It is the only text of that rule.
func KeptAway(adult, child, day string) string {
	return `exists (select 1 from restriction x where x.person = ` + adult + ` and x.child = ` + child + `
		and x.from_day <= ` + day + ` and (x.lifted_day is null or x.lifted_day > ` + day + `))`
}

// KeptFrom lists the children from whom a court's restriction keeps an adult on a day.
func KeptFrom(r db.Reader, adult person.ID, day civil.Date) (map[ChildID]bool, error) {
	all, err := db.List(r, db.Column[ChildID], `select k.person from child k where k.person in (select child from restriction where person = $1)
		and `+KeptAway("$1", "k.person", "$2"), string(adult), day)
	kept := map[ChildID]bool{}
	for _, id := range all {
		kept[id] = true
	}
	return kept, err
}

// HealthOnSheet is what is noted of a child's health, for the screens of a place. The caller has decided who may read
// it, and writes down that it was read.
func HealthOnSheet(r db.Reader, child ChildID) (Health, error) { return healthOf(r, child) }
