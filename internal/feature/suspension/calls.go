package suspension

import (
	"fmt"
	"slices"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// call is some children of a family about whom no mail leaves, and whom to phone: the heads whom no restriction keeps
// from any of them.
type call struct {
	family   family.ID
	heads    []person.Person
	children []family.ChildID
}

// toCall lists, of some families and their children, those of whom no mail speaks.
func toCall(r db.Reader, about map[family.ID][]family.ChildID, told map[family.ID]booking.Mailed, today civil.Date) ([]call, error) {
	var all []call
	for id, children := range about {
		untold := slices.DeleteFunc(slices.Clone(children), func(c family.ChildID) bool { return told[id].Children[c] })
		if len(untold) > 0 {
			slices.Sort(untold)
			all = append(all, call{family: id, children: slices.Compact(untold)})
		}
	}
	slices.SortFunc(all, func(x, y call) int { return strings.Compare(string(x.family), string(y.family)) })
	heads, kept, err := headsOf(r, today, all)
	if err != nil {
		return nil, fmt.Errorf("list whom to call: %w", err)
	}
	var rows []call
	for _, x := range all {
		rows = append(rows, x.byHeads(heads[x.family], kept)...)
	}
	return rows, nil
}

// apart is an adult and a child whom a court keeps from each other.
type apart struct {
	adult person.ID
	child family.ChildID
}

// byHeads splits a call by whom to phone: children with the same heads go together.
func (x call) byHeads(heads []person.Person, kept map[apart]bool) []call {
	var rows []call
	at := map[string]int{}
	for _, child := range x.children {
		row := call{family: x.family}
		key := ""
		for _, h := range heads {
			if !kept[apart{h.ID, child}] {
				row.heads = append(row.heads, h)
				key += string(h.ID) + " "
			}
		}
		i, known := at[key]
		if !known {
			i = len(rows)
			at[key] = i
			rows = append(rows, row)
		}
		rows[i].children = append(rows[i].children, child)
	}
	return rows
}

// headsOf are those who act in some families, by family, and from which children a court keeps them.
func headsOf(r db.Reader, today civil.Date, of []call) (map[family.ID][]person.Person, map[apart]bool, error) {
	type pair struct {
		family family.ID
		person person.ID
	}
	heads, kept := map[family.ID][]person.Person{}, map[apart]bool{}
	for part := range slices.Chunk(of, batch) {
		args := []any{today}
		for _, x := range part {
			args = append(args, string(x.family))
		}
		all, err := db.List(r, func(s db.Scanner) (pair, error) {
			var x pair
			err := s.Scan(&x.family, &x.person)
			return x, err
		}, `select family, person from family_member where family in (`+db.Marks(2, len(part))+`) and role in ('holder', 'coholder') and state = 'approved' and from_day <= $1
			and (to_day is null or to_day >= $1) order by role desc, person`, args...)
		if err != nil {
			return nil, nil, err
		}
		if len(all) == 0 {
			continue
		}
		ids, adults := make([]person.ID, len(all)), []any{today}
		for i, x := range all {
			ids[i] = x.person
			adults = append(adults, string(x.person))
		}
		people, err := person.Several(r, ids...)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range all {
			heads[x.family] = append(heads[x.family], people[x.person])
		}
		away, err := db.List(r, func(s db.Scanner) (apart, error) {
			var x apart
			err := s.Scan(&x.adult, &x.child)
			return x, err
		}, `select k.person, k.child from restriction k where k.person in (`+db.Marks(2, len(all))+`) and `+family.KeptAway("k.person", "k.child", "$1"), adults...)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range away {
			kept[x] = true
		}
	}
	return heads, kept, nil
}
