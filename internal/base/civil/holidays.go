package civil

import (
	"sort"
	"time"
)

// Region says which public holidays a town has beyond the eleven of mainland France.
type Region string

// The regions whose law differs.
const (
	Metropole     Region = "metropole"
	AlsaceMoselle Region = "alsace-moselle"
	Guadeloupe    Region = "guadeloupe"
	Guyane        Region = "guyane"
	Martinique    Region = "martinique"
	Mayotte       Region = "mayotte"
	Reunion       Region = "la-reunion"
)

// Regions lists them in the order of the settings page.
func Regions() []Region {
	return []Region{Metropole, AlsaceMoselle, Guadeloupe, Guyane, Martinique, Mayotte, Reunion}
}

// Label is the region's name on screen.
func (r Region) Label() string {
	switch r {
	case AlsaceMoselle:
		return "Alsace-Moselle"
	case Guadeloupe:
		return "Guadeloupe"
	case Guyane:
		return "Guyane"
	case Martinique:
		return "Martinique"
	case Mayotte:
		return "Mayotte"
	case Reunion:
		return "La Réunion"
	}
	return "France métropolitaine"
}

// Holiday is a public holiday with its French name.
type Holiday struct {
	Day  Date
	Name string
}

// Easter is Easter Sunday of a Gregorian year.
func Easter(year int) Date {
	// The Church's lunar reckoning: place in the 19-year cycle, corrections by century, then the next Sunday.
	golden, century := year%19, year/100
	leapsSkipped := century - century/4
	moonDrift := (century - (century+8)/25 + 1) / 3
	epact := (19*golden + leapsSkipped - moonDrift + 15) % 30
	toSunday := (32 + 2*(century%4) + 2*(year%100/4) - epact - year%100%4) % 7
	late := (golden + 11*epact + 22*toSunday) / 451
	return NewDate(year, time.March, 22+epact+toSunday-7*late)
}

// PublicHolidays lists the public holidays of a year in a region, in order.
func PublicHolidays(year int, region Region) []Holiday {
	days := publicHolidays(year, region)
	sort.SliceStable(days, func(i, j int) bool { return days[i].Day.Before(days[j].Day) })
	return days
}

func publicHolidays(year int, region Region) []Holiday {
	e := Easter(year)
	days := []Holiday{
		{Date{year, time.January, 1}, "Jour de l’an"},
		{e.AddDays(1), "Lundi de Pâques"},
		{Date{year, time.May, 1}, "Fête du Travail"},
		{Date{year, time.May, 8}, "Victoire de 1945"},
		{e.AddDays(39), "Ascension"},
		{e.AddDays(50), "Lundi de Pentecôte"},
		{Date{year, time.July, 14}, "Fête nationale"},
		{Date{year, time.August, 15}, "Assomption"},
		{Date{year, time.November, 1}, "Toussaint"},
		{Date{year, time.November, 11}, "Armistice de 1918"},
		{Date{year, time.December, 25}, "Noël"},
	}
	abolition := func(m time.Month, d int) {
		days = append(days, Holiday{Date{year, m, d}, "Abolition de l’esclavage"})
	}
	switch region {
	case AlsaceMoselle:
		days = append(days, Holiday{e.AddDays(-2), "Vendredi saint"}, Holiday{Date{year, time.December, 26}, "Saint-Étienne"})
	case Mayotte:
		abolition(time.April, 27)
	case Martinique:
		abolition(time.May, 22)
	case Guadeloupe:
		abolition(time.May, 27)
	case Guyane:
		abolition(time.June, 10)
	case Reunion:
		abolition(time.December, 20)
	}
	return days
}

// PublicHoliday gives the name of the public holiday that d is in a region, "" for an ordinary day.
func PublicHoliday(d Date, region Region) string {
	for _, h := range publicHolidays(d.Year, region) { // asked for each cell of an agenda: in no order
		if h.Day == d {
			return h.Name
		}
	}
	return ""
}
