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
	return addPolicy(tx, now, a, id, p, anyVersion)
}

// anyVersion is for who adds to whatever is published.
const anyVersion = -1

// addPolicy is AddPolicy for somebody who has read the versions up to a number: a newer one is a conflict.
func addPolicy(tx *db.Tx, now time.Time, a actor.Actor, id ID, p Policy, seen int) (int, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return 0, err
	}
	if seen != anyVersion && seen != x.latest() {
		return 0, conflict()
	}
	today := civil.DateOf(now)
	if err := fault.InvalidFields(x.checkFrom(p.From, today)...); err != nil {
		return 0, err
	}
	c, err := catalogueOf(tx, now)
	if err != nil {
		return 0, err
	}
	if fields := x.checkPolicy(c, p, today); len(fields) > 0 {
		return 0, fault.InvalidFields(fields...)
	}
	p.Number = x.latest() + 1
	if err := insertPolicy(tx, now, a, id, p); err != nil {
		return 0, fmt.Errorf("add policy: %w", err)
	}
	return p.Number, changed(tx, now, a, "activity.policy.published", id, fmt.Sprintf("%d %s", p.Number, p.From))
}

// mostYears is how many years ahead deadlines may begin: more is a slip of the keyboard.
const mostYears = 5

// checkFrom is what is wrong with the first day of a version.
func (a Activity) checkFrom(from, today civil.Date) []fault.Field {
	sentence := ""
	switch {
	case from.IsZero():
		sentence = "Indiquez à partir de quel jour ces délais valent."
	case len(a.Policies) == 0 && from.Before(earliest(EarliestRules(today), a.Periods)):
		sentence = TooOld(earliest(EarliestRules(today), a.Periods))
	case len(a.Policies) > 0 && from.Before(today):
		sentence = "Ce jour est passé. Les nouveaux délais valent à partir d’aujourd’hui ou d’un jour à venir."
	case from.After(civil.NewDate(today.Year+mostYears, today.Month, today.Day)):
		sentence = "Ce jour est dans plus de cinq ans : vérifiez l’année."
	default:
		return nil
	}
	return []fault.Field{{Name: "depuis", Sentence: sentence}}
}

// EarliestRules is the first day on which the first rules of an activity may begin: that of the school year before, since
// a town that comes to the portal had rules already.
func EarliestRules(today civil.Date) civil.Date {
	return civil.NewDate(int(civil.SchoolYearOf(today))-1, time.August, 1)
}

// earliest is that day, or that of a period which began before.
func earliest(day civil.Date, periods []Period) civil.Date {
	for _, p := range periods {
		if p.Days.From.Before(day) {
			day = p.Days.From
		}
	}
	return day
}

// TooOld is said of first rules that would begin before what they may govern.
func TooOld(first civil.Date) string {
	return "Ce jour est passé. Les règles valent à partir du " + first.Long() + " au plus tôt."
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
