package absence

import (
	"fmt"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two children, or of two families, that are one: what was told and what happened
// of both. Of two absences told for one day the first stays, of two incidents of one day too.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"absence": "une absence signalée", "absence_report": "une déclaration d’absence", "incident": "un écart avec la réservation", "debt_exemption": "une dispense"},
		Move:  merge,
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from absence where `+columnOf(u)+` = $1 and id > $2`, u.Keep, s.ID)
			if err != nil {
				return nil, err
			}
			k, err := db.One(r, "count", db.Column[int64], `select count(*) from incident where `+columnOf(u)+` = $1 and id > $2`, u.Keep, s.ID)
			return append(person.Counted(int(n), "absence signalée depuis", "absences signalées depuis"), person.Counted(int(k), "écart noté depuis", "écarts notés depuis")...), err
		},
	}
}

func columnOf(u person.Union) string {
	if u.Of == person.OneHome {
		return "family"
	}
	return "child"
}

func merge(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	if u.Of == person.OneHome {
		for _, table := range []string{"absence_report", "debt_exemption"} {
			key := map[string]string{"absence_report": "reference", "debt_exemption": "id"}[table]
			if _, err := l.Move(table, []string{key}, "family", u.Gone, u.Keep); err != nil {
				return did, err
			}
		}
	} else if err := dropTwins(l, u); err != nil {
		return did, err
	}
	n, err := l.Move("absence", []string{"id"}, columnOf(u), u.Gone, u.Keep)
	if err != nil {
		return did, err
	}
	did.Counts = person.Counted(n, "absence signalée", "absences signalées")
	n, err = l.Move("incident", []string{"id"}, columnOf(u), u.Gone, u.Keep)
	did.Counts = append(did.Counts, person.Counted(n, "écart avec la réservation", "écarts avec la réservation")...)
	return did, err
}

// dropTwins drops, of the child that goes, what the one that stays has for the same day.
func dropTwins(l *revert.Log, u person.Union) error {
	for table, twins := range map[string]string{
		"absence": `select g.id from absence g join absence k on k.child = $1 and k.activity = g.activity and k.day = g.day and k.did = 'absent' and k.withdrawn_at is null
			where g.child = $2 and g.did = 'absent' and g.withdrawn_at is null order by g.id`,
		"incident": `select g.id from incident g join incident k on k.child = $1 and k.activity = g.activity and k.day = g.day and k.kind = g.kind where g.child = $2 order by g.id`,
	} {
		ids, err := db.List(l.Tx(), db.Column[string], twins, u.Keep, u.Gone)
		if err != nil {
			return fmt.Errorf("list what both have: %w", err)
		}
		for _, id := range ids {
			if err := l.Drop(table, revert.Row{"id": id}); err != nil {
				return err
			}
		}
	}
	return nil
}
