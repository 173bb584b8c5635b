package booking

import (
	"fmt"

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
	State    State  // Cancelled for whatever does not take place
	Changed  civil.Instant
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
}

// Entries lists what some children hold and gave up over a range of days, in one query, in the order of days.
func Entries(r db.Reader, cat *activity.Catalogue, children []family.Child, days civil.Range) ([]Entry, error) {
	if len(children) == 0 {
		return nil, nil
	}
	in, args := childArgs(days, children)
	rows, err := db.List(r, func(s db.Scanner) (entryRow, error) {
		var x entryRow
		err := s.Scan(&x.child, &x.unit, &x.day, &x.state, &x.choice, &x.changed, &x.shut, &x.site)
		return x, err
	}, `select b.child, b.unit, b.day, b.state, coalesce(b.choice, b.unit), coalesce(b.changed_at, b.made_at), coalesce(l.state = 'closed', false), coalesce(s.name, '')
		from booking b left join slot l on l.id = b.slot left join site s on s.id = l.site
		where b.day between $1 and $2 and b.child in (`+in+`) order by b.day, b.child, b.unit`, args...)
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
	return all, nil
}

// add takes a unit in. Units given up count for the moment of the change alone, as long as others stand.
func (e *Entry) add(cat *activity.Catalogue, a *activity.Activity, x entryRow) {
	e.Changed = max(e.Changed, x.changed)
	u, _ := a.UnitByID(x.unit)
	why, quiet := cat.Why(a, u, x.day)
	live := (Holding{State: x.state}).Live() && !x.shut && (why == "" || quiet)
	stands := e.State != Cancelled
	if stands && !live {
		return
	}
	if live && !stands {
		e.From, e.To, e.Site = 0, 0, ""
	}
	if live {
		e.State = x.state
	}
	if choice, known := a.ChoiceByID(x.choice); known {
		e.Label = a.Label(choice.Name)
	}
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
