package booking

import (
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
)

// MailsTo counts, family by family, the mails that confirmations about some of its children send on a day: one to each head
// with an address whom no restriction keeps from all of them. A family that is not there reads of nothing. Two statements
// for each hundred families.
func MailsTo(r db.Reader, day civil.Date, about map[family.ID][]family.ChildID) (map[family.ID]int, error) {
	type pair struct {
		family family.ID
		person string
	}
	type kept struct{ person, child string }
	var families []family.ID
	for id := range about {
		families = append(families, id)
	}
	slices.Sort(families)
	told := map[family.ID]int{}
	for part := range slices.Chunk(families, batch) {
		args := []any{day}
		for _, id := range part {
			args = append(args, string(id))
		}
		heads := `from family_member m join person p on p.id = m.person
			where m.family in (` + db.Marks(2, len(part)) + `) and m.role in ('holder', 'coholder') and m.state = 'approved' and m.from_day <= $1
				and (m.to_day is null or m.to_day >= $1) and p.email <> ''`
		all, err := db.List(r, func(s db.Scanner) (pair, error) {
			var x pair
			err := s.Scan(&x.family, &x.person)
			return x, err
		}, `select m.family, p.id `+heads, args...)
		if err != nil {
			return nil, fmt.Errorf("count whom to tell: %w", err)
		}
		barred, err := db.List(r, func(s db.Scanner) (kept, error) {
			var x kept
			err := s.Scan(&x.person, &x.child)
			return x, err
		}, `select x.person, x.child from restriction x where x.from_day <= $1 and (x.lifted_day is null or x.lifted_day > $1)
			and x.person in (select p.id `+heads+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("count whom to tell: %w", err)
		}
		for _, h := range all {
			if slices.ContainsFunc(about[h.family], func(c family.ChildID) bool { return !slices.Contains(barred, kept{h.person, string(c)}) }) {
				told[h.family]++
			}
		}
	}
	return told, nil
}
