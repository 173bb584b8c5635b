package enrolment

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(activity.Sources(), []db.Source{{Name: "enrolment", FS: own}})
}

func insert(tx *db.Tx, now time.Time, e Enrolment) (bool, error) {
	var site any
	if e.Site != "" {
		site = string(e.Site)
	}
	n, err := tx.Exec(`insert into enrolment (id, child, activity, site, from_day, to_day, state, made_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (child, activity, from_day) where state = 'active' do nothing`,
		string(e.ID), string(e.Child), string(e.Activity), site, e.Days.From, e.Days.To, string(e.State), civil.InstantOf(now))
	return n == 1, err
}

// siteName is where an enrolment e takes place, in words: its site s, else the child's school where the activity is held
// there, else the only place there is.
const siteName = `coalesce(s.name,
		(select sc.name from child k join activity_site x on x.site = k.school join site sc on sc.id = k.school where k.person = e.child and x.activity = e.activity),
		(select case when count(*) = 1 then min(sc.name) end from activity_site x join site sc on sc.id = x.site where x.activity = e.activity), '')`

func overlapping(r db.Reader, children []family.Child, days civil.Range) (map[family.ChildID][]Named, error) {
	byChild := map[family.ChildID][]Named{}
	if len(children) == 0 {
		return byChild, nil
	}
	args := []any{days.From, days.To}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	all, err := db.List(r, func(s db.Scanner) (Named, error) {
		var n Named
		err := s.Scan(&n.Child, &n.Activity, &n.Site, &n.Days.From, &n.Days.To)
		return n, err
	}, `select e.child, a.name, `+siteName+`, e.from_day, e.to_day
		from enrolment e
		join activity a on a.id = e.activity
		left join site s on s.id = e.site
		where e.state = 'active' and e.to_day >= $1 and e.from_day <= $2 and e.child in (`+db.Marks(3, len(children))+`)
		order by a.folded, e.from_day, e.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list enrolments: %w", err)
	}
	for _, n := range all {
		byChild[n.Child] = append(byChild[n.Child], n)
	}
	return byChild, nil
}
