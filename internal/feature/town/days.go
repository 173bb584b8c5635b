package town

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Days is the town's calendar, to be asked about single days: public holidays, school holidays of its zone, closings
// of all services or of one, days with class.
type Days struct {
	Region   civil.Region
	years    []Year
	holidays []SchoolHoliday
	closings []Closing
}

// ReadDays reads the whole calendar: a few rows a year.
func ReadDays(r db.Reader, s Settings) (Days, error) {
	d := Days{Region: s.Region}
	var err error
	if d.years, err = Years(r); err != nil {
		return d, fmt.Errorf("read school years: %w", err)
	}
	always := civil.Range{From: civil.NewDate(1, time.January, 1), To: civil.NewDate(9999, time.December, 31)}
	if d.holidays, err = SchoolHolidays(r, s.Zone, always); err != nil {
		return d, fmt.Errorf("read school holidays: %w", err)
	}
	if d.closings, err = AllClosings(r, always.From); err != nil {
		return d, fmt.Errorf("read closings: %w", err)
	}
	return d, nil
}

// Public is the name of the public holiday that a day is, "" for another.
func (d Days) Public(day civil.Date) string { return civil.PublicHoliday(day, d.Region) }

// Holiday is the name of the school holidays that hold a day, "" for none.
func (d Days) Holiday(day civil.Date) string {
	for _, h := range d.holidays {
		if h.Days.Contains(day) {
			return h.Name
		}
	}
	return ""
}

// Closed says why the services, or that one, do not work on a day, "" when they do. A closing without a reason is
// « Service fermé ».
func (d Days) Closed(day civil.Date, service ServiceID) string {
	for _, c := range d.closings {
		if (c.Service == "" || c.Service == service) && c.Days.Contains(day) {
			if c.Reason == "" {
				return "Service fermé"
			}
			return c.Reason
		}
	}
	return ""
}

// Class tells whether the schools of the town have class: Monday, Tuesday, Thursday and Friday (code de l'éducation,
// D. 521-12, the week of four days) of a school year, but for holidays, public or school's. A year not entered counts
// as one.
func (d Days) Class(day civil.Date) bool {
	switch day.Weekday() {
	case time.Saturday, time.Sunday, time.Wednesday:
		return false
	}
	if d.Public(day) != "" || d.Holiday(day) != "" {
		return false
	}
	for _, y := range d.years {
		if civil.SchoolYearOf(day) == y.Year {
			return y.Days.Contains(day)
		}
	}
	return true
}
