package enrolment

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two children that are one. Of two enrolments in one activity from the same day
// one stays, to the later of the two ends.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"enrolment": "une inscription"},
		Move:  merge,
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			if u.Of != person.OneHuman {
				return nil, nil
			}
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from enrolment where child = $1 and id > $2`, u.Keep, s.ID)
			return person.Counted(int(n), "inscription faite depuis", "inscriptions faites depuis"), err
		},
	}
}

func merge(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	if u.Of != person.OneHuman {
		return did, nil
	}
	type twin struct {
		keep, gone, activity string
		until, later         civil.Date
	}
	twins, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.keep, &t.gone, &t.activity, &t.until, &t.later)
		return t, err
	}, `select k.id, g.id, a.name, k.to_day, g.to_day from enrolment k
		join enrolment g on g.activity = k.activity and g.from_day = k.from_day and g.child = $2 and g.state = 'active'
		join activity a on a.id = k.activity
		where k.child = $1 and k.state = 'active' order by a.folded, k.id`, u.Keep, u.Gone)
	if err != nil {
		return did, err
	}
	for _, t := range twins {
		if t.later.After(t.until) {
			if err := l.Set("enrolment", revert.Row{"id": t.keep}, revert.Row{"to_day": t.later}); err != nil {
				return did, err
			}
			t.until = t.later
		}
		if err := l.Drop("enrolment", revert.Row{"id": t.gone}); err != nil {
			return did, err
		}
		did.Settled = append(did.Settled, "Deux inscriptions à "+t.activity+" depuis le même jour : il en reste une, jusqu’au "+t.until.French()+".")
	}
	n, err := l.Move("enrolment", []string{"id"}, "child", u.Gone, u.Keep)
	did.Counts = person.Counted(n, "inscription", "inscriptions")
	return did, err
}
