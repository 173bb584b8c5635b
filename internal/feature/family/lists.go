package family

import "parvis/internal/base/db"

// KeptAway is, in the queries of lists, that a court's restriction stands between an adult and a child on a day: three
// columns or placeholders of the query, never values. It is the only text of that rule.
func KeptAway(adult, child, day string) string {
	return `exists (select 1 from restriction x where x.person = ` + adult + ` and x.child = ` + child + `
		and x.from_day <= ` + day + ` and (x.lifted_day is null or x.lifted_day > ` + day + `))`
}

// HealthOnSheet is what is noted of a child's health, for the screens of a place. The caller has decided who may read
// it, and writes down that it was read.
func HealthOnSheet(r db.Reader, child ChildID) (Health, error) { return healthOf(r, child) }
