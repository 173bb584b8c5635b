package family

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// awaited is a place asked for by the reader, which a service has yet to give.
type awaited struct {
	Service string // "" for the town hall
	Promise string // "vendredi 27 novembre"
	askedAt civil.Instant
}

// awaiting lists the families that the actor asked to head and that an agent has yet to open: nothing of them is told.
func awaiting(r db.Reader, now time.Time, a actor.Actor) ([]awaited, error) {
	if a.Kind != actor.Citizen || a.Person == "" {
		return nil, nil
	}
	all, err := db.List(r, func(s db.Scanner) (awaited, error) {
		var x awaited
		err := s.Scan(&x.Service, &x.askedAt)
		return x, err
	}, `select coalesce(s.name, ''), m.asked_at from family_member m
		left join service s on s.id = m.service
		where m.person = $1 and m.role in ('holder', 'coholder') and m.state = 'pending' and m.to_day is null
		order by m.asked_at, m.id`, a.Person)
	if err != nil || len(all) == 0 {
		return nil, wrap("list places asked for", err)
	}
	working, err := town.Working(r)
	if err != nil {
		return nil, err
	}
	for i, x := range all {
		if !x.askedAt.IsZero() {
			all[i].Promise = civil.DateOf(working.Deadline(x.askedAt.In(now.Location()), town.PromiseDays)).DayMonth()
		}
	}
	return all, nil
}

// Awaiting is the notice of who accepted an invitation and waits for an agent; nil for anybody else.
func Awaiting(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error) {
	all, err := awaiting(r, now, a)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return awaitingNotice(all), nil
}

func (x awaited) sentence() string {
	s := "La mairie vérifie votre place dans la famille."
	if x.Service != "" {
		s = "Le service " + x.Service + " vérifie votre place dans la famille."
	}
	if x.Promise != "" {
		s += " Réponse au plus tard " + x.Promise + "."
	}
	return s
}
