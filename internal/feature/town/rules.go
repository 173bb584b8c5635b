package town

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/civil"
)

// HoursInWords says opening hours as on a door: "du lundi au vendredi, 8 h 30 – 12 h et 13 h 30 – 17 h 30 ;
// samedi, 9 h – 12 h". Days in a row with the same hours are told together. "" when nothing is known.
func HoursInWords(o civil.OpeningHours) string {
	var parts []string
	for i := 1; i <= 7; {
		from := time.Weekday(i % 7)
		spans := SpansInWords(o[from])
		last := i
		for last < 7 && SpansInWords(o[(last+1)%7]) == spans {
			last++
		}
		if spans != "" {
			parts = append(parts, daysInWords(i, last)+", "+spans)
		}
		i = last + 1
	}
	return strings.Join(parts, "\u00a0; ")
}

func daysInWords(first, last int) string {
	a, b := civil.WeekdayName(time.Weekday(first%7)), civil.WeekdayName(time.Weekday(last%7))
	switch last - first {
	case 0:
		return "le " + a
	case 1:
		return "le " + a + " et le " + b
	}
	return "du " + a + " au " + b
}

// SpansInWords is "8 h 30 – 12 h et 13 h 30 – 17 h 30", "" for a closed day.
func SpansInWords(spans []civil.Span) string {
	var words []string
	for _, s := range spans {
		words = append(words, clock(s.From)+"\u00a0– "+clock(s.To))
	}
	return strings.Join(words, " et ")
}

func clock(minutes int) string {
	if minutes%60 == 0 {
		return fmt.Sprintf("%d\u202fh", minutes/60)
	}
	return fmt.Sprintf("%d\u202fh\u202f%02d", minutes/60, minutes%60)
}

// Paragraphs cuts a text written by an agent at its empty lines; inner line ends become spaces.
func Paragraphs(text string) []string {
	var all []string
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// ZoneC20262027 is the school year 2026-2027 of zone C.
func ZoneC20262027() (Year, []SchoolHoliday) {
	year, holidays, _ := Official(2026, "C")
	return year, holidays
}

// GuessYear makes a plausible school year when its calendar is not known, so that a demonstration or a first
// import has days to show: two weeks from the third Saturday of October, of December, the second of February
// and of April, as most years of zone C. It is not Checked.
func GuessYear(y civil.SchoolYear, zone string) (Year, []SchoolHoliday) {
	saturday := func(year int, m time.Month, from int) civil.Date {
		d := civil.NewDate(year, m, from)
		return d.AddDays((int(time.Saturday) - int(d.Weekday()) + 7) % 7)
	}
	start := civil.NewDate(int(y), time.September, 1)
	for start.Weekday() == time.Saturday || start.Weekday() == time.Sunday {
		start = start.AddDays(1)
	}
	summer := saturday(int(y)+1, time.July, 3)
	two := func(name string, from civil.Date) SchoolHoliday {
		return SchoolHoliday{Name: name, Zone: zone, Days: civil.Range{From: from, To: from.AddDays(15)}}
	}
	return Year{Year: y, Days: civil.Range{From: start, To: summer.AddDays(-1)}}, []SchoolHoliday{
		two("Vacances de la Toussaint", saturday(int(y), time.October, 15)),
		two("Vacances de Noël", saturday(int(y), time.December, 17)),
		two("Vacances d’hiver", saturday(int(y)+1, time.February, 6)),
		two("Vacances de printemps", saturday(int(y)+1, time.April, 3)),
		{Name: "Vacances d’été", Zone: zone, Days: civil.Range{From: summer, To: civil.NewDate(int(y)+1, time.August, 31)}},
	}
}
