package family

import (
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// custodyWords name the rows of two homes for who reads what an undo left.
func custodyWords(words map[string]string) map[string]string {
	words["custody"], words["custody_span"], words["custody_day"] = "un partage des jours", "une période d’un partage des jours", "un jour confié"
	return words
}

// mergeCustodyOfPeople gives Keep what Gone has of two homes: as a child, and as the adult who asked. Of two sharings that
// would stand together, that of the record kept stays.
func mergeCustodyOfPeople(l *revert.Log, u person.Union) ([]string, error) {
	var settled []string
	standing, err := custodyIDs(l.Tx(), `select g.id from custody g where g.child = $2 and g.state = 'standing'
		and exists (select 1 from custody k where k.child = $1 and k.state = 'standing') order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range standing {
		if err := l.Set("custody", revert.Row{"id": id}, revert.Row{"state": string(CustodyReplaced)}); err != nil {
			return nil, err
		}
	}
	if len(standing) > 0 {
		settled = append(settled, "Un partage des jours entre deux foyers est enregistré sur les deux fiches : celui de la fiche qui reste vaut.")
	}
	asked, err := custodyIDs(l.Tx(), `select g.id from custody g join custody k on k.child = $1 and k.state = 'asked' and k.asked_home = g.asked_home
		where g.child = $2 and g.state = 'asked' order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range asked {
		if err := l.Set("custody", revert.Row{"id": id}, revert.Row{"state": string(CustodyWithdrawn)}); err != nil {
			return nil, err
		}
	}
	twice, err := custodyIDs(l.Tx(), `select g.id from custody_day g join custody_day k on k.child = $1 and k.day = g.day and k.state = g.state
		where g.child = $2 and g.state in ('offered', 'accepted') order by g.id`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	for _, id := range twice {
		if err := l.Drop("custody_day", revert.Row{"id": id}); err != nil {
			return nil, err
		}
	}
	for _, x := range [][2]string{{"custody", "child"}, {"custody", "asked_by"}, {"custody_day", "child"}, {"custody_day", "offered_by"}, {"custody_day", "answered_by"}} {
		if _, err := l.Move(x[0], []string{"id"}, x[1], u.Gone, u.Keep); err != nil {
			return nil, err
		}
	}
	return settled, nil
}

// mergeCustodyOfHomes gives Keep what Gone has of two homes. What was shared between the two is shared no more.
func mergeCustodyOfHomes(l *revert.Log, u person.Union) ([]string, error) {
	between, err := custodyIDs(l.Tx(), `select id from custody where home in ($1, $2) and other in ($1, $2) order by id`, u.Keep, u.Gone)
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
	days, err := custodyIDs(l.Tx(), `select id from custody_day where giver in ($1, $2) and taker in ($1, $2) order by id`, u.Keep, u.Gone)
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

func custodyIDs(r db.Reader, query string, args ...any) ([]string, error) {
	all, err := db.List(r, db.Column[string], query, args...)
	return all, wrap("list custody of both", err)
}

// custodySince says what was shared of who stays after a merging.
func custodySince(r db.Reader, u person.Union, s person.Since) ([]string, error) {
	where := `child = $1`
	if u.Of == person.OneHome {
		where = `(home = $1 or other = $1)`
	}
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from custody where `+where+` and id > $2`, u.Keep, s.ID)
	return person.Counted(int(n), "partage des jours demandé depuis", "partages des jours demandés depuis"), wrap("look for custody", err)
}
