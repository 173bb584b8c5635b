package town

import (
	"parvis/internal/base/civil"
)

// OfficialYears are the school years whose national calendar ships with Parvis, earliest first.
func OfficialYears() []civil.SchoolYear { return []civil.SchoolYear{2025, 2026} }

// OfficialSource says where the dates of Official come from, for the agent who checks them.
const OfficialSource = "Calendriers nationaux 2025-2026 et 2026-2027, relevés en novembre 2026 : à comparer avec celui que publie le ministère de l’Éducation nationale (education.gouv.fr, « calendrier scolaire »)."

// official are the days of departure and of return, as published: classes end on the eve of the first and start
// again on the second.
var official = map[civil.SchoolYear]struct {
	first, last string
	runs        []struct{ name, zone, leave, back string }
}{
	2025: {"2025-09-01", "2026-07-03", []struct{ name, zone, leave, back string }{
		{"Vacances de la Toussaint", "", "2025-10-18", "2025-11-03"},
		{"Vacances de Noël", "", "2025-12-20", "2026-01-05"},
		{"Vacances d’hiver", "A", "2026-02-07", "2026-02-23"},
		{"Vacances d’hiver", "B", "2026-02-14", "2026-03-02"},
		{"Vacances d’hiver", "C", "2026-02-21", "2026-03-09"},
		{"Vacances de printemps", "A", "2026-04-04", "2026-04-20"},
		{"Vacances de printemps", "B", "2026-04-11", "2026-04-27"},
		{"Vacances de printemps", "C", "2026-04-18", "2026-05-04"},
		{"Pont de l’Ascension", "", "2026-05-14", "2026-05-18"},
		{"Vacances d’été", "", "2026-07-04", "2026-09-01"},
	}},
	2026: {"2026-09-01", "2027-07-02", []struct{ name, zone, leave, back string }{
		{"Vacances de la Toussaint", "", "2026-10-17", "2026-11-02"},
		{"Vacances de Noël", "", "2026-12-19", "2027-01-04"},
		{"Vacances d’hiver", "A", "2027-02-13", "2027-03-01"},
		{"Vacances d’hiver", "B", "2027-02-20", "2027-03-08"},
		{"Vacances d’hiver", "C", "2027-02-06", "2027-02-22"},
		{"Vacances de printemps", "A", "2027-04-10", "2027-04-26"},
		{"Vacances de printemps", "B", "2027-04-17", "2027-05-03"},
		{"Vacances de printemps", "C", "2027-04-03", "2027-04-19"},
		{"Pont de l’Ascension", "", "2027-05-06", "2027-05-10"},
		{"Vacances d’été", "", "2027-07-03", "2027-09-01"},
	}},
}

// Official is the national calendar of a school year for one zone: first to last free day of each holiday. Not ok
// when that year's calendar does not ship. The year is not Checked: only a person's tick makes it so.
func Official(y civil.SchoolYear, zone string) (year Year, holidays []SchoolHoliday, ok bool) {
	o, ok := official[y]
	if !ok {
		return Year{}, nil, false
	}
	day := func(s string) civil.Date { d, _ := civil.ParseDate(s); return d } // constants, read by a test
	for _, run := range o.runs {
		if run.zone == "" || run.zone == zone {
			holidays = append(holidays, SchoolHoliday{Name: run.name, Zone: zone, Days: civil.Range{From: day(run.leave), To: day(run.back).AddDays(-1)}})
		}
	}
	return Year{Year: y, Days: civil.Range{From: day(o.first), To: day(o.last)}}, holidays, true
}

// Propose is the calendar that a town is offered for a year: the national one, or a guess to be checked.
func Propose(y civil.SchoolYear, zone string) (Year, []SchoolHoliday) {
	if year, holidays, ok := Official(y, zone); ok {
		return year, holidays
	}
	return GuessYear(y, zone)
}
