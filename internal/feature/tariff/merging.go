package tariff

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two families that are one. Of two quotients from the same day the one noted
// last stays; no sentence says a figure.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"quotient": "un quotient"},
		Move:  merge,
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			if u.Of != person.OneHome {
				return nil, nil
			}
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from quotient where family = $1 and id > $2`, u.Keep, s.ID)
			return person.Counted(int(n), "quotient noté depuis", "quotients notés depuis"), err
		},
	}
}

func merge(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	if u.Of != person.OneHome {
		return did, nil
	}
	type twin struct {
		keep, gone         string
		same               bool
		keepMade, goneMade civil.Instant
		from               civil.Date
	}
	twins, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.keep, &t.gone, &t.same, &t.keepMade, &t.goneMade, &t.from)
		return t, err
	}, `select k.id, g.id, (k.value = g.value), k.made_at, g.made_at, k.from_day from quotient k
		join quotient g on g.from_day = k.from_day and g.family = $2 where k.family = $1 order by k.from_day`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list quotients of both: %w", err)
	}
	for _, t := range twins {
		drop := t.gone
		if t.goneMade > t.keepMade {
			drop = t.keep
		}
		if err := l.Drop("quotient", revert.Row{"id": drop}); err != nil {
			return did, err
		}
		if !t.same {
			did.Settled = append(did.Settled, "Deux quotients différents depuis le "+t.from.French()+" : celui noté en dernier reste. La régie doit le vérifier.")
		}
	}
	n, err := l.Move("quotient", []string{"id"}, "family", u.Gone, u.Keep)
	did.Counts = person.Counted(n, "quotient", "quotients")
	return did, err
}
