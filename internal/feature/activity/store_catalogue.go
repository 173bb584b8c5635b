package activity

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/feature/town"
)

// ReadCatalogue reads every activity whole, in a constant number of queries.
func ReadCatalogue(r db.Reader, s town.Settings, zone *time.Location) (*Catalogue, error) {
	days, err := town.ReadDays(r, s)
	if err != nil {
		return nil, err
	}
	c, err := readActivities(r)
	if err != nil {
		return nil, err
	}
	c.Days, c.Zone = days, zone
	return c, nil
}

// readActivities reads every activity, without the calendar.
func readActivities(r db.Reader) (*Catalogue, error) {
	c := &Catalogue{byID: map[ID]int{}, byUnit: map[UnitID]int{}}
	var err error
	if c.Activities, err = db.List(r, scanActivity, `select a.id, a.name, coalesce(a.service, ''), coalesce(s.name, ''), a.state,
			a.description, a.term, a.residents_only, a.whole_weeks, a.min_days, a.max_days, a.age_from, a.age_to, a.levels, a.pay_at_once,
			a.promotion = 'offer', a.offer_hours, a.late_free, a.late_hours
		from activity a left join service s on s.id = a.service
		order by a.folded, a.id`); err != nil {
		return nil, fmt.Errorf("read activities: %w", err)
	}
	for i, a := range c.Activities {
		c.byID[a.ID] = i
	}
	for _, part := range []func(db.Reader, *Catalogue) error{readUnits, readExclusions, readChoices, readPlaces, readGroups, readPapers, readPeriods, readPolicies, readPriorities} {
		if err := part(r, c); err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
	}
	return c, nil
}

func scanActivity(s db.Scanner) (Activity, error) {
	var a Activity
	var levels string
	err := s.Scan(&a.ID, &a.Name, &a.Service, &a.ServiceName, &a.State, &a.Description, &a.Term, &a.ResidentsOnly, &a.WholeWeeks,
		&a.MinDays, &a.MaxDays, &a.AgeFrom, &a.AgeTo, &levels, &a.PayAtOnce,
		&a.Waiting.Offers, &a.Waiting.OfferHours, &a.Waiting.LateFree, &a.Waiting.LateHours)
	a.Levels = strings.Fields(levels)
	return a, err
}

// of is a row that belongs to an activity.
type of[T any] struct {
	activity ID
	row      T
}

// each lists rows and hands each to its activity.
func each[T any](r db.Reader, c *Catalogue, scan func(db.Scanner) (of[T], error), give func(*Activity, T), sql string) error {
	all, err := db.List(r, scan, sql)
	if err != nil {
		return err
	}
	for _, x := range all {
		if i, known := c.byID[x.activity]; known {
			give(&c.Activities[i], x.row)
		}
	}
	return nil
}

func readUnits(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[Unit], error) {
		var x of[Unit]
		u := &x.row
		err := s.Scan(&x.activity, &u.ID, &u.Name, &u.Weekdays, &u.From, &u.To, &u.Meal, &u.Alone, &u.Position, &u.Needs)
		return x, err
	}, func(a *Activity, u Unit) {
		a.Units = append(a.Units, u)
		c.byUnit[u.ID] = c.byID[a.ID]
		if u.Alone {
			a.Choices = append(a.Choices, Choice{ID: ChoiceID(u.ID), Name: u.Name, Units: []UnitID{u.ID}})
		}
	}, `select activity, id, name, weekdays, from_minute, to_minute, meal, alone, position, coalesce(needs, '')
		from unit order by activity, position, folded, id`)
}

func readExclusions(r db.Reader, c *Catalogue) error {
	type pair struct{ one, other UnitID }
	all, err := db.List(r, func(s db.Scanner) (pair, error) {
		var p pair
		err := s.Scan(&p.one, &p.other)
		return p, err
	}, `select unit, other from unit_exclusion order by unit, other`)
	if err != nil {
		return err
	}
	exclude := func(unit, other UnitID) {
		a, known := c.OfUnit(unit)
		if !known {
			return
		}
		for i := range a.Units {
			if a.Units[i].ID == unit {
				a.Units[i].Excludes = append(a.Units[i].Excludes, other)
			}
		}
	}
	for _, p := range all {
		exclude(p.one, p.other)
		exclude(p.other, p.one)
	}
	return nil
}

func readChoices(r db.Reader, c *Catalogue) error {
	type row struct {
		Choice
		unit UnitID
	}
	return each(r, c, func(s db.Scanner) (of[row], error) {
		var x of[row]
		err := s.Scan(&x.activity, &x.row.ID, &x.row.Name, &x.row.unit)
		return x, err
	}, func(a *Activity, x row) {
		if n := len(a.Choices); n == 0 || a.Choices[n-1].ID != x.ID {
			a.Choices = append(a.Choices, x.Choice)
		}
		last := &a.Choices[len(a.Choices)-1]
		last.Units = append(last.Units, x.unit)
	}, `select c.activity, c.id, c.name, x.unit from choice c
		join choice_unit x on x.choice = c.id
		join unit u on u.id = x.unit
		order by c.activity, c.position, c.folded, c.id, u.position, u.folded, u.id`)
}

func readPlaces(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[Place], error) {
		var x of[Place]
		err := s.Scan(&x.activity, &x.row.Site, &x.row.Name, &x.row.Capacity)
		return x, err
	}, func(a *Activity, p Place) { a.Places = append(a.Places, p) },
		`select x.activity, s.id, s.name, x.capacity from activity_site x join site s on s.id = x.site order by x.activity, s.name, s.id`)
}

func readGroups(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[Group], error) {
		var x of[Group]
		var levels string
		err := s.Scan(&x.activity, &x.row.ID, &x.row.Site, &x.row.Name, &levels, &x.row.Capacity)
		x.row.Levels = strings.Fields(levels)
		return x, err
	}, func(a *Activity, g Group) { a.Groups = append(a.Groups, g) },
		`select activity, id, site, name, levels, capacity from activity_group order by activity, site, folded, id`)
}

func readPapers(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[string], error) {
		var x of[string]
		err := s.Scan(&x.activity, &x.row)
		return x, err
	}, func(a *Activity, name string) { a.Papers = append(a.Papers, name) },
		`select activity, name from activity_paper order by activity, position, name`)
}

func readPeriods(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[Period], error) {
		var x of[Period]
		var state string
		err := s.Scan(&x.activity, &x.row.ID, &x.row.Name, &x.row.Days.From, &x.row.Days.To, &state)
		x.row.Open = state == string(Open)
		return x, err
	}, func(a *Activity, p Period) { a.Periods = append(a.Periods, p) },
		`select activity, id, name, from_day, to_day, state from period order by activity, from_day, id`)
}

// policyRow is a rule with its policy; a policy without rules has none.
type policyRow struct {
	Policy
	position int
	rule     Rule
	line     int
	minute   int
	day      TableDay
	dates    TableDates
}

func readPolicies(r db.Reader, c *Catalogue) error {
	lastRule := -1
	return each(r, c, scanPolicy, func(a *Activity, x policyRow) {
		if n := len(a.Policies); n == 0 || a.Policies[n-1].Number != x.Number {
			a.Policies = append(a.Policies, x.Policy)
			lastRule = -1
		}
		p := &a.Policies[len(a.Policies)-1]
		if x.position < 0 {
			return
		}
		if x.position != lastRule {
			p.Rules = append(p.Rules, x.rule)
			lastRule = x.position
		}
		rule := &p.Rules[len(p.Rules)-1]
		switch {
		case x.line < 0:
		case rule.Anchor == AnchorTable:
			x.day.Minute = x.minute
			rule.Weekdays = append(rule.Weekdays, x.day)
		case rule.Anchor == AnchorDates:
			x.dates.Minute = x.minute
			rule.Dates = append(rule.Dates, x.dates)
		}
	}, `select p.activity, p.number, p.from_day, p.after_kind, p.after_percent, p.after_flat, p.after_full, p.after_first, p.after_forgiven,
			p.after_label, coalesce(d.position, -1), coalesce(d.action, ''), coalesce(d.quality, ''), coalesce(d.anchor, ''), coalesce(d.count, 0),
			coalesce(d.measure, ''), coalesce(d.basis, ''), coalesce(d.weekday, 0), coalesce(d.on_day, false), coalesce(d.minute, 0),
			coalesce(d.holiday, ''), coalesce(d.closed, ''), coalesce(w.position, -1), coalesce(w.weekday, 0), coalesce(w.on_weekday, 0),
			coalesce(w.back, 0), w.from_day, w.to_day, w.on_day, coalesce(w.minute, 0)
		from policy p
		left join deadline_rule d on d.policy = p.id
		left join deadline_row w on w.policy = p.id and w.rule = d.position
		order by p.activity, p.number, d.position, w.position`)
}

func scanPolicy(s db.Scanner) (of[policyRow], error) {
	var x of[policyRow]
	p := &x.row
	err := s.Scan(&x.activity, &p.Number, &p.From, &p.After.Kind, &p.After.Percent, &p.After.Flat, &p.After.FullPrice, &p.After.First, &p.After.Forgiven,
		&p.After.Label, &p.position, &p.rule.Action, &p.rule.For, &p.rule.Anchor, &p.rule.Offset,
		&p.rule.Measure, &p.rule.Basis, &p.rule.Weekday, &p.rule.OnDay, &p.rule.Minute,
		&p.rule.Holiday, &p.rule.Closed, &p.line, &p.day.For, &p.day.On,
		&p.day.Back, &p.dates.Days.From, &p.dates.Days.To, &p.dates.On, &p.minute)
	return x, err
}
