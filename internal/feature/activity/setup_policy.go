package activity

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/town"
)

// AddPolicy publishes a version of an activity's deadlines, for the days from policy.From on. Versions are never
// edited: what was promised under one can be told for ever. The first may begin in the past; the others begin today or
// later, since what they bound before is over. It returns the version's number.
func AddPolicy(tx *db.Tx, now time.Time, a actor.Actor, id ID, p Policy) (int, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return 0, err
	}
	today := civil.DateOf(now)
	switch {
	case p.From.IsZero():
		return 0, wrong("depuis", "Indiquez à partir de quel jour ces délais valent.")
	case len(x.Policies) > 0 && p.From.Before(today):
		return 0, wrong("depuis", "Ce jour est passé. Les nouveaux délais valent à partir d’aujourd’hui ou d’un jour à venir.")
	}
	c, err := catalogueOf(tx, now)
	if err != nil {
		return 0, err
	}
	if fields := x.checkPolicy(c, p, today); len(fields) > 0 {
		return 0, fault.InvalidFields(fields...)
	}
	p.Number = 1
	for _, other := range x.Policies {
		p.Number = max(p.Number, other.Number+1)
	}
	if err := insertPolicy(tx, now, a, id, p); err != nil {
		return 0, fmt.Errorf("add policy: %w", err)
	}
	return p.Number, changed(tx, now, a, "activity.policy.published", id, fmt.Sprintf("%d %s", p.Number, p.From))
}

func catalogueOf(r db.Reader, now time.Time) (*Catalogue, error) {
	s, err := town.ReadSettings(r)
	if err != nil {
		return nil, err
	}
	return ReadCatalogue(r, s, now.Location())
}

// weekdays are the days of the week on which any unit takes place.
func (a Activity) weekdays() Weekdays {
	var all Weekdays
	for _, u := range a.Units {
		all |= u.Weekdays
	}
	return all
}

// checkPolicy is what is wrong with a policy for this activity, on the days of its calendar.
func (a *Activity) checkPolicy(c *Catalogue, p Policy, today civil.Date) []fault.Field {
	from := p.From
	if from.Before(today) {
		from = today
	}
	fields := p.Check(c.Ground(a, a.whole()), a.weekdays(), from)
	for _, r := range p.Rules {
		if strings.TrimSpace(string(r.For)) != string(r.For) {
			fields = append(fields, fault.Field{Name: r.Field() + "_regle", Sentence: "Choisissez des familles de la liste."})
		}
	}
	return fields
}

// whole is a unit that takes place whenever one of the activity does, at the earliest hour: what worked examples are
// made for.
func (a *Activity) whole() Unit {
	u := Unit{Weekdays: a.weekdays()}
	for _, one := range a.Units {
		if one.From > 0 && (u.From == 0 || one.From < u.From) {
			u.From = one.From
		}
	}
	return u
}
