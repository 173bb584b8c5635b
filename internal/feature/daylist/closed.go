package daylist

import (
	"fmt"
	"slices"
	"strings"

	"parvis/internal/base/actor"
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
			words := []string{dayHead(day), french.Lower(m.Closed[i]) + "."}
			if m.Dropped[i] > 0 {
				words = append(words, french.Upper(droppedWords(m.Dropped[i]))+".")
			}
			all = append(all, strings.Join(words, " "))
		}
	}
	return all
}

// meals adds to counts the days that are closed where nobody is booked any more, such as a strike: a kitchen reads why
// nothing is counted. Counts of places where nothing else is are added in the order of the catalogue.
func (c closedPlaces) meals(cat *activity.Catalogue, days civil.Range, all []MealCounts) []MealCounts {
	at := map[sectionKey]int{}
	for i, m := range all {
		at[sectionKey{unit: m.Unit.ID, site: m.Site}] = i
	}
	n := days.To.Sub(days.From) + 1
	for _, x := range c.sections(cat) {
		key := sectionKey{unit: x.Unit.ID, site: x.Site}
		for j, day := range days.Days() {
			why := c[closedPlace{key, day}]
			if why == "" {
				continue
			}
			i, known := at[key]
			if !known {
				i = len(all)
				at[key] = i
				all = append(all, MealCounts{Activity: x.Activity, Unit: x.Unit, Site: x.Site, SiteName: x.SiteName, Total: make([]int, n), Alert: make([]int, n), Asked: make([]int, n),
					Closed: make([]string, n), Dropped: make([]int, n)})
			}
			if all[i].Total[j] == 0 {
				all[i].Closed[j] = why
			}
		}
	}
	return all
}

// sections are the units and places of which some day is closed whole, in the order of lists.
func (c closedPlaces) sections(cat *activity.Catalogue) []Section {
	seen := map[sectionKey]bool{}
	var all []Section
	for p := range c {
		act, known := cat.OfUnit(p.unit)
		if key := (sectionKey{unit: p.unit, site: p.site}); !known || p.group != "" || seen[key] {
			continue
		} else {
			seen[key] = true
		}
		u, _ := act.UnitByID(p.unit)
		s := Section{Activity: act, Unit: u, Site: p.site}
		for _, place := range act.Places {
			if place.Site == p.site {
				s.SiteName = place.Name
			}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, compareSections)
	return all
}

// closedLines say what a day list does not show since it is closed and nobody is expected: "Restauration scolaire – École
// Jean-Moulin, fermé : grève du personnel".
func closedLines(r db.Reader, a actor.Actor, cat *activity.Catalogue, f Filter, shown []Section) ([]string, error) {
	units, _ := listedUnits(a, cat, f, func(activity.Unit) bool { return true })
	shut, err := closedOn(r, civil.Range{From: f.Day, To: f.Day}, units)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, x := range shut.sections(cat) {
		there := slices.ContainsFunc(shown, func(s Section) bool { return s.Unit.ID == x.Unit.ID && s.Site == x.Site })
		if !there && (f.Site == "" || f.Site == x.Site) {
			all = append(all, x.Title()+", "+french.Lower(shut[closedPlace{sectionKey{unit: x.Unit.ID, site: x.Site}, f.Day}]))
		}
	}
	return all, nil
}
