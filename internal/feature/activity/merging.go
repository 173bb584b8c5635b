package activity

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two families that are one: the qualities of both, each once from the same day.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"family_quality": "un droit particulier"},
		Move:  mergeQualities,
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			if u.Of != person.OneHome {
				return nil, nil
			}
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from family_quality where family = $1 and set_at > $2`, u.Keep, s.At)
			return person.Counted(int(n), "droit particulier noté depuis", "droits particuliers notés depuis"), err
		},
	}
}

func mergeQualities(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	if u.Of != person.OneHome {
		return did, nil
	}
	type both struct {
		quality Quality
		from    civil.Date
	}
	twins, err := db.List(l.Tx(), func(s db.Scanner) (both, error) {
		var b both
		err := s.Scan(&b.quality, &b.from)
		return b, err
	}, `select k.quality, k.from_day from family_quality k
		join family_quality g on g.quality = k.quality and g.from_day = k.from_day and g.family = $2 where k.family = $1
		order by k.quality, k.from_day`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list qualities of both: %w", err)
	}
	for _, t := range twins {
		if err := l.Drop("family_quality", revert.Row{"family": u.Gone, "quality": string(t.quality), "from_day": t.from.String()}); err != nil {
			return did, err
		}
	}
	n, err := l.Move("family_quality", []string{"family", "quality", "from_day"}, "family", u.Gone, u.Keep)
	did.Counts = person.Counted(n, "droit particulier", "droits particuliers")
	return did, err
}
