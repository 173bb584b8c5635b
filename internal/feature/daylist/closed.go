package daylist

import (
	"fmt"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
)

// closedPlace is a unit's place on a day.
type closedPlace struct {
	sectionKey
	day civil.Date
}

// closedPlaces says why places are closed; one without group is closed as a whole. What holds no slot is looked up here:
// what holds one knows it by itself.
type closedPlaces map[closedPlace]string

// closedOn lists in one query the places of some units that are closed in a range.
func closedOn(r db.Reader, days civil.Range, units []activity.UnitID) (closedPlaces, error) {
	if len(units) == 0 {
		return nil, nil
	}
	type row struct {
		closedPlace
		reason string
		whole  bool
	}
	in, args := unitArgs([]any{days.From, days.To}, units)
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.day, &x.unit, &x.site, &x.group, &x.reason, &x.whole)
		return x, err
	}, `select s.day, s.unit, s.site, coalesce(s.grp, ''), s.reason,
			not exists (select 1 from slot o where o.unit = s.unit and o.day = s.day and o.site = s.site and o.state = 'open')
		from slot s where s.day between $1 and $2 and s.unit in (`+in+`) and s.state = 'closed'
		order by s.day, s.unit, s.site, s.grp`, args...)
	if err != nil {
		return nil, fmt.Errorf("list closed places: %w", err)
	}
	shut := closedPlaces{}
	for _, x := range all {
		words := booking.ClosedWords(activity.Slot{Reason: x.reason})
		shut[x.closedPlace] = words
		if x.whole {
			x.group = ""
			shut[x.closedPlace] = words
		}
	}
	return shut, nil
}

// why says why the place of a booking is closed on a day, "" when it is not.
func (c closedPlaces) why(p placed, day civil.Date, at sectionKey) string {
	if p.slot != "" {
		if p.shut {
			return booking.ClosedWords(activity.Slot{Reason: p.reason})
		}
		return ""
	}
	if words := c[closedPlace{at, day}]; words != "" {
		return words
	}
	at.group = ""
	return c[closedPlace{at, day}]
}

// droppedWords is what stays booked where it is closed: "2 réservations ne comptent pas".
func droppedWords(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1\u00a0réservation ne compte pas"
	}
	return french.Count(n, "réservation") + " ne comptent pas"
}

// notes are the days of a section's meals that are closed: "Vendredi 8 : fermé, sortie. 2 réservations ne comptent pas."
func (m MealCounts) notes(days civil.Range) []string {
	var all []string
	for i, day := range days.Days() {
		if m.Closed[i] != "" {
			all = append(all, strings.Join([]string{dayHead(day), french.Lower(m.Closed[i]) + ".", french.Upper(droppedWords(m.Dropped[i])) + "."}, " "))
		}
	}
	return all
}
