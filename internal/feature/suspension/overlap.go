package suspension

import (
	"slices"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
)

// A day of an activity is suspended once. A second suspension of it, even of another part of the day, would take what the
// first left; whichever reopens first would then find neither its places nor what it has to put together again.

// meets tells that two scopes may take the same day from a child: parts of one day are one booking, sites and groups are
// apart.
func (s Scope) meets(x Scope) bool {
	return s.Activity == x.Activity && (s.Site == "" || x.Site == "" || s.Site == x.Site) && (s.Group == "" || x.Group == "" || s.Group == x.Group)
}

// clashes lists the other suspensions, not reopened to the end, of a day of those. Two statements. Who writes by it holds
// the locks of the activities.
func (x across) clashes(r db.Reader, except ID) ([]kept, error) {
	if len(x.scopes) == 0 {
		return nil, nil
	}
	args := []any{x.days.From, x.days.To, string(except)}
	for _, id := range (Suspension{Scopes: x.scopes}).activities() {
		args = append(args, string(id))
	}
	where := `where s.to_day >= $1 and s.from_day <= $2 and s.id <> $3 and s.state <> 'reopened'`
	of := `activity in (` + db.Marks(4, len(args)-3) + `)`
	all, err := db.List(r, scan, `select `+columns+` from suspension s `+where+` and exists (select 1 from suspension_scope c where c.suspension = s.id and c.`+of+`)
		order by s.from_day, s.id`, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	type row struct {
		of ID
		Scope
	}
	scopes, err := db.List(r, func(s db.Scanner) (row, error) {
		var c row
		err := s.Scan(&c.of, &c.Activity, &c.Site, &c.Unit, &c.Group)
		return c, err
	}, `select c.suspension, c.activity, coalesce(c.site, ''), coalesce(c.unit, ''), coalesce(c.grp, '') from suspension_scope c join suspension s on s.id = c.suspension `+
		where+` and c.`+of+` order by c.activity, c.site, c.unit, c.grp`, args...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for _, c := range scopes {
			if c.of == all[i].ID {
				all[i].Scopes = append(all[i].Scopes, c.Scope)
			}
		}
	}
	return slices.DeleteFunc(all, func(k kept) bool {
		return !slices.ContainsFunc(k.Scopes, func(c Scope) bool { return slices.ContainsFunc(x.scopes, c.meets) })
	}), nil
}

// refuseTwice refuses to suspend what is suspended already, naming the first that is.
func refuseTwice(cat *activity.Catalogue, all []kept) error {
	if len(all) == 0 {
		return nil
	}
	s := all[0]
	words := "Déjà suspendu, en tout ou en partie\u00a0: "
	if s.State == Reopening {
		words = "En train d’être rouvert, attendez que ce soit fini\u00a0: "
	}
	return fault.InvalidFields(fault.Field{Name: "debut", Sentence: words + s.where(cat) + ", " + daysWords(s.Days) + ", «\u00a0" + s.Reason + "\u00a0»."})
}
