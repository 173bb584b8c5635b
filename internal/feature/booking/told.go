package booking

import (
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
)

// Mailed is what mails tell a family: how many leave, and of which children one speaks at least.
type Mailed struct {
	Mails    int
	Children map[family.ChildID]bool
}

// MailsTo tells, family by family, the mails that confirmations about some of its children send on a day: one to each head
// with an address whom no restriction keeps from all of them, about those it is not kept from. Two statements for each
// hundred families.
func MailsTo(r db.Reader, day civil.Date, about map[family.ID][]family.ChildID) (map[family.ID]Mailed, error) {
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
	told := map[family.ID]Mailed{}
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
		}, `select k.person, k.child from restriction k where `+family.KeptAway("k.person", "k.child", "$1")+`
			and k.person in (select p.id `+heads+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("count whom to tell: %w", err)
		}
		for _, h := range all {
			x, some := told[h.family], false
			if x.Children == nil {
				x.Children = map[family.ChildID]bool{}
			}
			for _, c := range about[h.family] {
				if !slices.Contains(barred, kept{h.person, string(c)}) {
					x.Children[c], some = true, true
				}
			}
			if some {
				x.Mails++
			}
			told[h.family] = x
		}
	}
	return told, nil
}
