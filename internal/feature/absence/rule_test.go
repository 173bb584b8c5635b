package absence_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
)

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(s string) civil.Date {
	d, _ := civil.ParseDate(s)
	return d
}

func model(t testing.TB, key string) absence.Model {
	t.Helper()
	for _, m := range absence.Models() {
		if m.Key == key {
			return m
		}
	}
	t.Fatalf("no model %q", key)
	return absence.Model{}
}

// TestAgainstATableMadeApart judges each line of a table that another program wrote from the sentences of the models.
func TestAgainstATableMadeApart(t *testing.T) {
	f, err := os.Open("testdata/absences.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 1000 {
		t.Fatalf("only %d lines", len(rows))
	}
	z, wrong, seen := zone(t), 0, map[string]bool{}
	for _, row := range rows[1:] {
		now, err := time.ParseInLocation("2006-01-02 15:04:05", row[4], z)
		if err != nil {
			t.Fatal(err)
		}
		rank, _ := strconv.Atoi(row[3])
		seen[row[0]] = true
		v := model(t, row[0]).Part.Reasons[0].Judge(absence.Day{Day: date(row[2]), First: date(row[1]), Nth: rank, Start: 690}, now)
		due := ""
		if v.Proof && v.Due.Kind == activity.LimitAt {
			due = v.Due.Day.String() + " " + time.Date(2000, 1, 1, 0, v.Due.Minute, 0, 0, time.UTC).Format("15:04")
		}
		got := []string{string(v.Timing), due, strconv.Itoa(v.Without), strconv.Itoa(v.With)}
		if strings.Join(got, ",") != strings.Join(row[5:], ",") {
			if wrong++; wrong <= 10 {
				t.Errorf("%v: got %v", row, got)
			}
		}
	}
	for _, m := range absence.Models() {
		if len(m.Part.Reasons) > 0 && !seen[m.Key] {
			t.Errorf("no line about the model %s", m.Key)
		}
	}
	t.Logf("%d lines, %d wrong", len(rows)-1, wrong)
}

func TestEachModelStandsAndHasFiveExamples(t *testing.T) {
	z := zone(t)
	for _, m := range absence.Models() {
		r := absence.Rules{From: date("2027-01-04")}.With(m.Part)
		if wrong := r.Check(); len(wrong) > 0 {
			t.Errorf("%s: %v", m.Key, wrong)
		}
		all := r.Examples(date("2027-01-06"), 690, z, func(civil.Date) bool { return true })
		if len(all) != 5 {
			t.Errorf("%s: %d examples: %v", m.Key, len(all), all)
		}
		for _, e := range all {
			if !strings.Contains(e.Line, "€") && !strings.Contains(e.Caption, "€") {
				t.Errorf("%s: no euros in %q: %q", m.Key, e.Caption, e.Line)
			}
		}
		t.Logf("%s: %s | %s", m.Key, strings.Join(r.Sentences(), " "), all[0].Caption+": "+all[0].Line)
	}
	if n := len(absence.Models()); n != 26 {
		t.Errorf("%d models", n)
	}
}

func TestWhatAnIncidentCosts(t *testing.T) {
	sample := absence.Sample{Tariff: 400, Cost: 1200, Top: 700}
	year := func(d civil.Date) string { return civil.SchoolYearOf(d).String() }
	for _, c := range []struct {
		name, model string
		known       int // told of before
		units       int
		want        money.Cents
	}{
		{"the first is free whatever the rule", "sans-10", 0, 1, 400},
		{"10 € flat, the second", "sans-10", 1, 1, 1000},
		{"10 € flat for two units of a day", "sans-10", 1, 2, 1000},
		{"13 € a meal", "sans-13", 1, 1, 1300},
		{"13 € each of two meals", "sans-13", 1, 2, 2600},
		{"the cost price", "sans-revient", 1, 1, 1200},
		{"3 € more", "sans-3", 1, 1, 700},
		{"double from the 7th: the 6th", "sans-double-7", 5, 1, 400},
		{"double from the 7th: the 7th", "sans-double-7", 6, 1, 800},
		{"top tariff: the second is forgiven", "sans-haut", 1, 1, 400},
		{"top tariff: the third", "sans-haut", 2, 1, 700},
		{"top tariff twice from the 7th", "sans-haut", 6, 1, 1400},
		{"late: the first", "retard-15", 0, 1, 0},
		{"late again: 15 €", "retard-15", 1, 1, 1500},
		{"missing: told, nothing more", "absent-prevenir", 9, 1, 400},
		{"missing: 5 € more from the third of the month", "absent-5", 2, 1, 900},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := model(t, c.model).Part.Incidents[0]
			fact := absence.Fact{ID: "x", Day: date("2027-01-29"), Told: date("2027-01-29")}
			all := []absence.Fact{fact}
			for i := range c.known {
				d := date("2027-01-04").AddDays(i)
				all = append(all, absence.Fact{ID: strconv.Itoa(i), Day: d, Told: d})
			}
			if got := rule.Bill(rule.Stand(fact, all, year), c.units, sample); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestMissingQuotientAndUnpaidBalance(t *testing.T) {
	for _, c := range []struct {
		back       absence.Back
		day, proof string
		want       bool
	}{
		{absence.NoQuotientRule, "2027-01-11", "", false},
		{absence.FromProof, "2027-01-11", "", true},
		{absence.FromProof, "2027-01-11", "2027-01-12", true},
		{absence.FromProof, "2027-01-12", "2027-01-12", false},
		{absence.FromMonthAfter, "2027-01-31", "2027-01-12", true},
		{absence.FromMonthAfter, "2027-02-01", "2027-01-12", false},
		{absence.FromMonthAfter, "2028-02-29", "2028-02-29", true},
		{absence.FromMonthAfter, "2028-03-01", "2028-02-29", false},
		{absence.FromMonthAfter, "2027-01-01", "2026-12-31", false},
	} {
		if got := c.back.TopOn(date(c.day), date(c.proof)); got != c.want {
			t.Errorf("%q on %s, proof %q: %v", c.back, c.day, c.proof, got)
		}
	}
	d := absence.Debt{On: true, Over: 10000}
	for _, c := range []struct {
		d      absence.Debt
		owed   money.Cents
		exempt bool
		want   bool
	}{{d, 10001, false, true}, {d, 10000, false, false}, {d, 99999, true, false}, {absence.Debt{Over: 10000}, 99999, false, false}} {
		if got := c.d.Bars(c.owed, c.exempt); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestAChangeOfRulesTakesNothingBack(t *testing.T) {
	kind, harsh := model(t, "malade-deux-jours").Part, model(t, "malade-48h").Part
	all := []absence.Rules{
		{ID: "a", Number: 1, From: date("2026-09-01"), Reasons: kind.Reasons},
		{ID: "b", Number: 2, From: date("2027-01-04"), Reasons: harsh.Reasons},
	}
	ids := func(booked, told string) string {
		var s []string
		for _, r := range absence.Promised(all, date(booked), date(told)) {
			s = append(s, r.ID)
		}
		return strings.Join(s, " ")
	}
	for _, c := range []struct{ booked, told, want string }{
		{"2026-10-01", "2026-11-01", "a"}, {"2026-10-01", "2027-01-11", "a b"}, {"2027-01-05", "2027-01-11", "b"}, {"2026-08-01", "2027-01-11", "a b"}, {"2026-08-01", "2026-08-15", ""},
	} {
		if got := ids(c.booked, c.told); got != c.want {
			t.Errorf("booked %s, told %s: %q, want %q", c.booked, c.told, got, c.want)
		}
	}
	now := date("2027-01-11").At(12, 0, zone(t))
	d := absence.Day{Day: date("2027-01-11"), First: date("2027-01-11"), Nth: 1, Start: 690}
	a, b := kind.Reasons[0].Judge(d, now), harsh.Reasons[0].Judge(d, now)
	if a.Without != 0 || b.Without != 100 || absence.Kinder(a, b) != a || absence.Kinder(b, a) != a {
		t.Errorf("kinder of %+v and %+v", a, b)
	}
}
