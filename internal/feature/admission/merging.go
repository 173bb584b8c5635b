package admission

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two people or families that are one: decisions and invitations. Who was set
// aside by a link is already one with somebody; an invitation that still runs would open more than its inviter meant.
func MergePart() person.Part {
	return person.Part{
		Words:  map[string]string{"decision": "une décision sur un compte", "invite": "une invitation"},
		Refuse: refuseMerge,
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			moves := [][2]string{{"decision", "person"}, {"decision", "known"}, {"invite", "person"}, {"invite", "by_person"}}
			if u.Of == person.OneHome {
				moves = [][2]string{{"decision", "family"}, {"invite", "family"}}
			}
			for _, m := range moves {
				if _, err := l.Move(m[0], []string{"id"}, m[1], u.Gone, u.Keep); err != nil {
					return person.Moved{}, err
				}
			}
			return person.Moved{}, nil
		},
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			if u.Of != person.OneHome {
				return nil, nil
			}
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from invite where family = $1 and id > $2`, u.Keep, s.ID)
			return person.Counted(int(n), "invitation envoyée depuis", "invitations envoyées depuis"), err
		},
	}
}

func refuseMerge(r db.Reader, now time.Time, u person.Union) ([]string, error) {
	var why []string
	column := "family"
	if u.Of == person.OneHuman {
		column = "person"
		aside, err := db.One(r, "count", db.Column[int64], `select count(*) from decision where person in ($1, $2) and kind = 'link' and undone_at is null
			and known is not null and known <> person`, u.Keep, u.Gone)
		if err != nil {
			return nil, fmt.Errorf("look for links: %w", err)
		}
		if aside > 0 {
			why = append(why, "L’une de ces fiches a été mise de côté par un rattachement : elle est déjà réunie à une autre.")
		}
	}
	open, err := db.One(r, "count", db.Column[int64], `select count(*) from invite where `+column+` in ($1, $2)
		and accepted_at is null and revoked_at is null and expires_at > $3`, u.Keep, u.Gone, civil.InstantOf(now))
	if err != nil {
		return nil, fmt.Errorf("look for invitations: %w", err)
	}
	if open > 0 {
		why = append(why, "Une invitation de co-représentant attend une réponse : retirez-la d’abord, elle ouvrirait l’accès aux deux dossiers.")
	}
	return why, nil
}
