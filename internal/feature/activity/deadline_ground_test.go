package activity_test

import (
	"encoding/csv"
	"os"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
)

// lunch is when the units of these tests start.
const lunch = 11*60 + 30

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func day(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		return civil.Date{}
	}
	return d
}

func readCSV(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// ground is the calendar of testdata, which deadlines.py reads too: classes on Monday, Tuesday, Thursday and Friday,
// activities on Wednesday too.
func ground(t testing.TB) activity.Ground {
	t.Helper()
	member := map[string]map[civil.Date]string{"public": {}, "holiday": {}, "closing": {}}
	var periods []civil.Range
	for _, row := range readCSV(t, "testdata/deadlines_calendar.csv") {
		run := civil.Range{From: day(row[1]), To: day(row[2])}
		if row[0] == "period" {
			periods = append(periods, run)
			continue
		}
		for _, d := range run.Days() {
			member[row[0]][d] = row[3]
		}
	}
	in := func(kind string) func(civil.Date) bool {
		return func(d civil.Date) bool { return member[kind][d] != "" }
	}
	service := func(d civil.Date) bool {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		return !weekend && member["public"][d] == "" && member["closing"][d] == "" && member["holiday"][d] == ""
	}
	return activity.Ground{
		Zone:    paris(t),
		Public:  in("public"),
		Closed:  in("closing"),
		Holiday: in("holiday"),
		School:  func(d civil.Date) bool { return service(d) && d.Weekday() != time.Wednesday },
		Service: service,
		Period: func(d civil.Date) (civil.Range, bool) {
			for _, p := range periods {
				if p.Contains(d) {
					return p, true
				}
			}
			return civil.Range{}, false
		},
		Why: func(d civil.Date) string {
			if name := member["public"][d]; name != "" {
				return name
			}
			return member["closing"][d]
		},
		Start: lunch,
	}
}

// model finds a model by its key; its table of dates, if any, covers all the years of the calendar.
func model(t testing.TB, key string) activity.Policy {
	t.Helper()
	var found activity.Policy
	ok := false
	for year := civil.SchoolYear(2025); year <= 2028; year++ {
		for _, m := range activity.Models(year) {
			switch {
			case m.Key != key:
			case !ok:
				found, ok = m.Policy, true
			case m.Policy.Rules[0].Anchor == activity.AnchorDates:
				found.Rules[0].Dates = append(found.Rules[0].Dates, m.Policy.Rules[0].Dates...)
			}
		}
	}
	if !ok {
		t.Fatalf("no model %q", key)
	}
	return found
}
