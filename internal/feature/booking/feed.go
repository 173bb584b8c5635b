package booking

import (
	"fmt"
	"slices"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Entry is a cell as a calendar shows it: what it holds, or that it holds nothing any more.
type Entry struct {
	Cell
	Label    string // "Restauration scolaire", "Mercredi, journée"
	Site     string // its name, "" when none is known
	From, To int    // minutes of the day; both 0: no hours are known
	State    State  // Cancelled for whatever does not take place, a day of absence included
	Changed  civil.Instant
	units    []activity.UnitID // those that the entry speaks of
}

// CalendarDays are the days that calendars are told of: thirty before today, to the end of the last year that agendas show.
func CalendarDays(today civil.Date) civil.Range {
	return civil.Range{From: today.AddDays(-30), To: horizon(today).To}
}

// entryRow is a unit of a cell.
type entryRow struct {
	child   family.ChildID
	unit    activity.UnitID
	day     civil.Date
	state   State
	choice  activity.ChoiceID
	changed civil.Instant
	shut    bool
	site    string
	told    bool // somebody told that the child will not come
}

// Entries lists what some children's own homes hold and gave up for them over a range of days, in one query, in the order of
// days. What the other home of a child books is not of this calendar: it would say when, and where, that home needs whom.
func Entries(r db.Reader, cat *activity.Catalogue, children []family.Child, days civil.Range) ([]Entry, error) {
	if len(children) == 0 {
		return nil, nil
	}
	args := []any{days.From, days.To}
	var own []string
	for _, c := range children {
		args = append(args, string(c.ID), string(c.Family))
		own = append(own, fmt.Sprintf("b.child = $%d and b.family = $%d", len(args)-1, len(args)))
	}
	rows, err := db.List(r, func(s db.Scanner) (entryRow, error) {
		var x entryRow
		err := s.Scan(&x.child, &x.unit, &x.day, &x.state, &x.choice, &x.changed, &x.shut, &x.site, &x.told)
		return x, err
	}, `select b.child, b.unit, b.day, b.state, coalesce(b.choice, b.unit),
			case when coalesce(b.absence_at, 0) > coalesce(b.changed_at, b.made_at) then b.absence_at else coalesce(b.changed_at, b.made_at) end, coalesce(l.state = 'closed', false), coalesce(s.name, ''), b.absence_at is not null
		from booking b left join slot l on l.id = b.slot left join site s on s.id = l.site
		where b.day between $1 and $2 and (`+strings.Join(own, " or ")+`) order by b.day, b.child, b.unit`, args...)
	if err != nil {
		return nil, fmt.Errorf("list bookings for a calendar: %w", err)
	}
	var all []Entry
	at := map[Cell]int{}
	for _, x := range rows {
		a, known := cat.OfUnit(x.unit)
		if !known {
			continue
		}
		c := Cell{Child: x.child, Activity: a.ID, Day: x.day}
		i, met := at[c]
		if !met {
			i, at[c] = len(all), len(all)
			all = append(all, Entry{Cell: c, Label: a.Name, State: Cancelled})
		}
		all[i].add(cat, a, x)
	}
	for i := range all {
		all[i].join(cat)
	}
	return all, nil
}

// join names the one choice that several units make together, as when they were booked one by one: "Mercredi, journée".
func (e *Entry) join(cat *activity.Catalogue) {
	a, known := cat.Activity(e.Activity)
	if !known || len(e.units) < 2 {
		return
	}
	for _, choice := range a.Choices {
		if len(choice.Units) == len(e.units) && !slices.ContainsFunc(e.units, func(u activity.UnitID) bool { return !slices.Contains(choice.Units, u) }) {
			e.Label = a.Label(choice.Name)
			return
		}
	}
	e.Label = a.Name
}

// add takes a unit in. Units given up count for the moment of the change alone, as long as others stand.
func (e *Entry) add(cat *activity.Catalogue, a *activity.Activity, x entryRow) {
	e.Changed = max(e.Changed, x.changed)
	u, _ := a.UnitByID(x.unit)
	why, quiet := cat.Why(a, u, x.day)
	live := (Holding{State: x.state}).Live() && !x.shut && !x.told && (why == "" || quiet)
	stands := e.State != Cancelled
	if stands && !live {
		return
	}
	if live && !stands {
		e.From, e.To, e.Site, e.units = 0, 0, "", nil
	}
	if live {
		e.State = x.state
	}
	if choice, known := a.ChoiceByID(x.choice); known {
		e.Label = a.Label(choice.Name)
	}
	e.units = append(e.units, x.unit)
	if x.site != "" {
		e.Site = x.site
	}
	if u.To > u.From {
		if e.To == 0 || u.From < e.From {
			e.From = u.From
		}
		e.To = max(e.To, u.To)
	}
}
