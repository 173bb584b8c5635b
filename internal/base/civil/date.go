// Package civil holds the calendar as a town hall uses it: days without hours, instants, school years,
// working days and French public holidays. It is pure: no clock is read here.
package civil

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Date is a day of the Gregorian calendar, without hour or zone. The zero Date means "no date"; in SQL it is
// null, any other is the text AAAA-MM-JJ.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate normalises like time.Date: NewDate(2027, 2, 30) is 2 March 2027.
func NewDate(y int, m time.Month, d int) Date {
	return DateOf(time.Date(y, m, d, 12, 0, 0, 0, time.UTC))
}

// DateOf is the day of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads AAAA-MM-JJ and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want AAAA-MM-JJ", s)
	}
	return DateOf(t), nil
}

// ParseFrench reads 04/03/2013 (also 4/3/2013, with - or . between) and "4 mars 2013", and refuses days that do not
// exist.
func ParseFrench(s string) (Date, error) {
	if d, ok := parseWords(s); ok {
		return d, nil
	}
	clean := strings.NewReplacer("-", "/", ".", "/", " ", "").Replace(strings.TrimSpace(s))
	t, err := time.Parse("2/1/2006", clean)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want JJ/MM/AAAA", s)
	}
	return DateOf(t), nil
}

// IsZero tells the absence of a date.
func (d Date) IsZero() bool { return d == Date{} }

// String is AAAA-MM-JJ, "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

func (d Date) noon() time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

// AddDays moves by n days, back when negative.
func (d Date) AddDays(n int) Date { return DateOf(d.noon().AddDate(0, 0, n)) }

// Sub is the number of days from o to d.
func (d Date) Sub(o Date) int { return int(d.noon().Sub(o.noon()) / (24 * time.Hour)) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.noon().Weekday() }

// Monday is the Monday of d's week.
func (d Date) Monday() Date { return d.AddDays(-((int(d.Weekday()) + 6) % 7)) }

// ISOWeek is the number of the week, 1 to 53.
func (d Date) ISOWeek() int { _, w := d.noon().ISOWeek(); return w }

// Compare orders dates; -1 when d is before o.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// Before tells whether d is strictly before o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After tells whether d is strictly after o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// At is the instant of a civil time of that day in a zone; a time that the change to summer skips is moved
// forward as time.Date does.
func (d Date) At(hour, minute int, loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, loc)
}

// Value stores the date as text, null when zero.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads the text form, or null.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.parse(v)
	case []byte:
		return d.parse(string(v))
	}
	return fmt.Errorf("date from %T", src)
}

func (d *Date) parse(s string) (err error) {
	if s == "" {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(s)
	return err
}

// Range is a run of days, both ends included; a zero end is open.
type Range struct{ From, To Date }

// Contains tells whether d is in the range.
func (r Range) Contains(d Date) bool {
	return (r.From.IsZero() || !d.Before(r.From)) && (r.To.IsZero() || !d.After(r.To))
}

// Days lists the days of a closed range in order; an open or reversed one has none.
func (r Range) Days() []Date {
	if r.From.IsZero() || r.To.IsZero() || r.To.Before(r.From) {
		return nil
	}
	days := make([]Date, 0, r.To.Sub(r.From)+1)
	for d := r.From; !d.After(r.To); d = d.AddDays(1) {
		days = append(days, d)
	}
	return days
}
