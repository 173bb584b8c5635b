package civil

import (
	"fmt"
	"strings"
	"time"
)

// furthest bounds every search for an open day, so that a calendar closed for ever ends the search.
const furthest = 3 * 366

// AddOpenDays is the n-th open day after d; for n = 0, d itself or else the next open day. A calendar that
// does not open within three years gives the last day looked at.
func AddOpenDays(d Date, n int, open func(Date) bool) Date {
	for range furthest {
		if n == 0 && open(d) {
			return d
		}
		if d = d.AddDays(1); n > 0 && open(d) {
			n--
		}
	}
	return d
}

// Span is a part of a day in minutes after midnight, civil time: 8:30 to 12:00 is {510, 720}.
type Span struct{ From, To int }

// OpeningHours are the spans of each weekday, time.Sunday first; spans of a day are in order and apart.
type OpeningHours [7][]Span

// IsZero tells that no opening is known.
func (o OpeningHours) IsZero() bool {
	for _, spans := range o {
		if len(spans) > 0 {
			return false
		}
	}
	return true
}

// String is the form that ParseOpeningHours reads: "lun 08:30-12:00 13:30-17:30; mar …", Monday first.
func (o OpeningHours) String() string {
	var days []string
	for i := 1; i <= 7; i++ {
		day := time.Weekday(i % 7)
		if len(o[day]) == 0 {
			continue
		}
		words := []string{weekdays[day][:3]}
		for _, s := range o[day] {
			words = append(words, fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60))
		}
		days = append(days, strings.Join(words, " "))
	}
	return strings.Join(days, "; ")
}

// ParseOpeningHours reads what String writes.
func ParseOpeningHours(text string) (OpeningHours, error) {
	var o OpeningHours
	for _, part := range strings.Split(text, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		day := weekdayOf(words[0])
		if day < 0 {
			return OpeningHours{}, fmt.Errorf("opening hours %q: no such day", words[0])
		}
		last := 0
		for _, w := range words[1:] {
			var fh, fm, th, tm int
			if _, err := fmt.Sscanf(w, "%d:%d-%d:%d", &fh, &fm, &th, &tm); err != nil {
				return OpeningHours{}, fmt.Errorf("opening hours %q: want 08:30-12:00", w)
			}
			s := Span{fh*60 + fm, th*60 + tm}
			if s.From < last || s.To <= s.From || s.To > 24*60 || fm > 59 || tm > 59 || fm < 0 || tm < 0 {
				return OpeningHours{}, fmt.Errorf("opening hours %q: not in order", w)
			}
			last = s.To
			o[day] = append(o[day], s)
		}
	}
	return o, nil
}

func weekdayOf(word string) int {
	for i, name := range weekdays {
		if len(word) >= 3 && strings.HasPrefix(name, strings.ToLower(word)) {
			return i
		}
	}
	return -1
}

// Working is when a service works: its week, less public holidays and closings.
type Working struct {
	Hours    OpeningHours
	Region   Region
	Closings []Range
}

// Open tells whether the service works on d.
func (w Working) Open(d Date) bool { return w.Why(d) == "" && len(w.Hours[d.Weekday()]) > 0 }

// Why names what closes a day besides the week itself: a public holiday's name, "Fermeture", or "".
func (w Working) Why(d Date) string {
	if name := PublicHoliday(d, w.Region); name != "" {
		return name
	}
	for _, c := range w.Closings {
		if c.Contains(d) {
			return "Fermeture"
		}
	}
	return ""
}

// Start is from itself when the service is open at that moment, else its next opening, in from's location.
func (w Working) Start(from time.Time) time.Time {
	minutes, d := from.Hour()*60+from.Minute(), DateOf(from)
	for range furthest {
		if w.Open(d) {
			for _, s := range w.Hours[d.Weekday()] {
				if minutes < s.From {
					return d.At(s.From/60, s.From%60, from.Location())
				}
				if minutes < s.To {
					return from
				}
			}
		}
		d, minutes = d.AddDays(1), -1
	}
	return from
}

// Deadline is the same civil time, days open days after Start(from): what is promised as "48 heures ouvrées"
// is Deadline(from, 2). What arrives while closed counts from the next opening.
func (w Working) Deadline(from time.Time, days int) time.Time {
	start := w.Start(from)
	d := AddOpenDays(DateOf(start), days, w.Open)
	return time.Date(d.Year, d.Month, d.Day, start.Hour(), start.Minute(), start.Second(), start.Nanosecond(), start.Location())
}

// SchoolYear is named by the year it starts in: 2026 for 2026-2027.
type SchoolYear int

// SchoolYearOf is the school year that d belongs to; it turns on 1 August, between two summers of enrolment.
func SchoolYearOf(d Date) SchoolYear {
	if d.Month >= time.August {
		return SchoolYear(d.Year)
	}
	return SchoolYear(d.Year - 1)
}

// String is "2026-2027".
func (y SchoolYear) String() string { return fmt.Sprintf("%d-%d", int(y), int(y)+1) }

// ParseSchoolYear reads "2026-2027".
func ParseSchoolYear(s string) (SchoolYear, error) {
	var from, to int
	if _, err := fmt.Sscanf(s, "%d-%d", &from, &to); err != nil || to != from+1 || s != SchoolYear(from).String() {
		return 0, fmt.Errorf("school year %q: want 2026-2027", s)
	}
	return SchoolYear(from), nil
}
