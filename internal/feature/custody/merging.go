package custody

import (
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two people, or two families, that are one.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"custody": "un partage des jours", "custody_span": "une période d’un partage des jours", "custody_day": "un jour confié"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			merge := mergePeople
			if u.Of == person.OneHome {
				merge = mergeHomes
			}
			settled, err := merge(l, u)
			return person.Moved{Settled: settled}, err
		},
		Since: since,
	}
}

// mergePeople gives Keep what Gone has of two homes: as a child, and as the adult who asked. Of two sharings that
// would stand together, that of the record kept stays.
func mergePeople(l *revert.Log, u person.Union) ([]string, error) {
	var settled []string
	standing, err := idsOf(l.Tx(), `select g.id from custody g where g.child = $2 and g.state = 'standing'
		and exists (select 1 from custody k where k.child = $1 and k.state = 'standing') order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range standing {
		if err := l.Set("custody", revert.Row{"id": id}, revert.Row{"state": string(Replaced)}); err != nil {
			return nil, err
		}
	}
	if len(standing) > 0 {
		settled = append(settled, "Un partage des jours entre deux foyers est enregistré sur les deux fiches : celui de la fiche qui reste vaut.")
	}
	asked, err := idsOf(l.Tx(), `select g.id from custody g join custody k on k.child = $1 and k.state = 'asked' and k.asked_home = g.asked_home
		where g.child = $2 and g.state = 'asked' order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range asked {
		if err := l.Set("custody", revert.Row{"id": id}, revert.Row{"state": string(Withdrawn)}); err != nil {
			return nil, err
		}
	}
	twice, err := idsOf(l.Tx(), `select g.id from custody_day g join custody_day k on k.child = $1 and k.day = g.day and k.state = g.state
		where g.child = $2 and g.state in ('offered', 'accepted') order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range twice {
		if err := l.Drop("custody_day", revert.Row{"id": id}); err != nil {
			return nil, err
		}
	}
	for _, x := range [][2]string{{"custody", "child"}, {"custody", "asked_by"}, {"custody", "opinion_by"}, {"custody_day", "child"}, {"custody_day", "offered_by"}, {"custody_day", "answered_by"}} {
		if _, err := l.Move(x[0], []string{"id"}, x[1], u.Gone, u.Keep); err != nil {
			return nil, err
		}
	}
	return settled, nil
}

// mergeHomes gives Keep what Gone has of two homes. What was shared between the two is shared no more.
func mergeHomes(l *revert.Log, u person.Union) ([]string, error) {
	between, err := idsOf(l.Tx(), `select id from custody where home in ($1, $2) and other in ($1, $2) order by id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range between {
		if err := l.Drop("custody_span", revert.Row{"custody": id}); err != nil {
			return nil, err
		}
		if err := l.Drop("custody", revert.Row{"id": id}); err != nil {
			return nil, err
		}
	}
	days, err := idsOf(l.Tx(), `select id from custody_day where giver in ($1, $2) and taker in ($1, $2) order by id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range days {
		if err := l.Drop("custody_day", revert.Row{"id": id}); err != nil {
			return nil, err
		}
	}
	for _, x := range []struct {
		table, column string
		key           []string
	}{{"custody", "home", []string{"id"}}, {"custody", "other", []string{"id"}}, {"custody", "asked_home", []string{"id"}},
		{"custody_span", "home", []string{"custody", "position"}}, {"custody_day", "giver", []string{"id"}}, {"custody_day", "taker", []string{"id"}}} {
		if _, err := l.Move(x.table, x.key, x.column, u.Gone, u.Keep); err != nil {
			return nil, err
		}
	}
	if len(between) == 0 {
		return nil, nil
	}
	return []string{"Les jours d’un enfant étaient partagés entre ces deux familles : ils ne le sont plus."}, nil
}

func idsOf(r db.Reader, query string, args ...any) ([]string, error) {
	all, err := db.List(r, db.Column[string], query, args...)
	return all, wrap("list custody of both", err)
}

// since says what was shared of who stays after a merging.
func since(r db.Reader, u person.Union, s person.Since) ([]string, error) {
	where := `child = $1`
	if u.Of == person.OneHome {
		where = `(home = $1 or other = $1)`
	}
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from custody where `+where+` and id > $2`, u.Keep, s.ID)
	return person.Counted(int(n), "partage des jours demandé depuis", "partages des jours demandés depuis"), wrap("look for custody", err)
}
