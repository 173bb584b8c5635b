package civil

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEaster(t *testing.T) {
	for year, want := range map[int]string{2025: "2025-04-20", 2026: "2026-04-05", 2027: "2027-03-28",
		2028: "2028-04-16", 2030: "2030-04-21", 2000: "2000-04-23", 1961: "1961-04-02", 2038: "2038-04-25", 2008: "2008-03-23"} {
		if got := Easter(year).String(); got != want {
			t.Errorf("Easter(%d) = %s, want %s", year, got, want)
		}
	}
}

func TestPublicHolidays(t *testing.T) {
	var got []string
	for _, h := range PublicHolidays(2027, Metropole) {
		got = append(got, h.Day.String()+" "+h.Name)
	}
	want := []string{"2027-01-01 Jour de l’an", "2027-03-29 Lundi de Pâques", "2027-05-01 Fête du Travail",
		"2027-05-06 Ascension", "2027-05-08 Victoire de 1945", "2027-05-17 Lundi de Pentecôte", "2027-07-14 Fête nationale",
		"2027-08-15 Assomption", "2027-11-01 Toussaint", "2027-11-11 Armistice de 1918", "2027-12-25 Noël"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("holidays of 2027 (-want +got):\n%s", d)
	}
	cases := []struct {
		name   string
		day    Date
		region Region
		want   string
	}{
		{"Good Friday is worked in Paris", Date{2026, 4, 3}, Metropole, ""},
		{"Good Friday in Strasbourg", Date{2026, 4, 3}, AlsaceMoselle, "Vendredi saint"},
		{"26 December in Metz", Date{2026, 12, 26}, AlsaceMoselle, "Saint-Étienne"},
		{"20 December in La Réunion", Date{2026, 12, 20}, Reunion, "Abolition de l’esclavage"},
		{"27 April in Mayotte", Date{2026, 4, 27}, Mayotte, "Abolition de l’esclavage"},
		{"22 May in Martinique", Date{2026, 5, 22}, Martinique, "Abolition de l’esclavage"},
		{"27 May in Guadeloupe", Date{2026, 5, 27}, Guadeloupe, "Abolition de l’esclavage"},
		{"10 June in Guyane", Date{2026, 6, 10}, Guyane, "Abolition de l’esclavage"},
		{"10 June in Paris", Date{2026, 6, 10}, Metropole, ""},
		{"Ascension 2026", Date{2026, 5, 14}, Metropole, "Ascension"},
		{"Whit Monday 2026", Date{2026, 5, 25}, Metropole, "Lundi de Pentecôte"},
	}
	for _, c := range cases {
		if got := PublicHoliday(c.day, c.region); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func week(t *testing.T) OpeningHours {
	t.Helper()
	o, err := ParseOpeningHours("lun 08:30-12:00 13:30-17:30; mar 08:30-12:00 13:30-17:30; mer 08:30-12:00 13:30-17:30; jeu 08:30-12:00 13:30-17:30; ven 08:30-12:00 13:30-17:30")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestDeadlineOf48WorkingHours(t *testing.T) {
	loc := paris(t)
	cases := []struct {
		name, from, want string
		closed           []Range
	}{
		{"Friday afternoon gives Tuesday", "2026-11-13 16:00", "2026-11-17 16:00", nil},
		{"11 November does not count", "2026-11-10 16:00", "2026-11-13 16:00", nil},
		{"Saturday starts on Monday morning", "2026-11-14 10:00", "2026-11-18 08:30", nil},
		{"Friday evening starts on Monday morning", "2026-11-13 17:30", "2026-11-18 08:30", nil},
		{"the last minute of Friday still counts", "2026-11-13 17:29", "2026-11-17 17:29", nil},
		{"lunch break starts at reopening", "2026-11-16 12:00", "2026-11-18 13:30", nil},
		{"before opening starts at opening", "2026-11-16 07:00", "2026-11-18 08:30", nil},
		{"a public holiday is out of hours", "2026-11-11 10:00", "2026-11-16 08:30", nil},
		{"a declared closing does not count", "2026-11-13 16:00", "2026-11-18 16:00", []Range{{Date{2026, 11, 16}, Date{2026, 11, 16}}}},
		{"the week of Christmas closed", "2026-12-23 16:00", "2027-01-05 16:00", []Range{{Date{2026, 12, 24}, Date{2027, 1, 3}}}},
		{"over the change to summer time", "2027-03-26 16:00", "2027-03-31 16:00", nil}, // Easter Monday is the 29th
		{"over the change to winter time", "2026-10-23 09:15", "2026-10-27 09:15", nil},
		{"over a leap day", "2028-02-28 16:00", "2028-03-01 16:00", nil},
	}
	for _, c := range cases {
		from, err := time.ParseInLocation("2006-01-02 15:04", c.from, loc)
		if err != nil {
			t.Fatal(err)
		}
		w := Working{Hours: week(t), Region: Metropole, Closings: c.closed}
		if got := w.Deadline(from, 2).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: from %s got %s, want %s", c.name, c.from, got, c.want)
		}
	}
}

func TestDeadlineEndsWhenNothingEverOpens(t *testing.T) {
	from := time.Date(2026, 11, 13, 16, 0, 0, 0, paris(t))
	if got := (Working{}).Start(from); !got.Equal(from) {
		t.Errorf("start = %v, want the moment itself", got)
	}
	(Working{}).Deadline(from, 2)
}

func TestAddOpenDaysOverEveryDayOfTheChangesOfHour(t *testing.T) {
	w := Working{Hours: week(t), Region: Metropole}
	for d := (Date{2024, 1, 1}); d.Year < 2033; d = d.AddDays(1) {
		got, slow, left := AddOpenDays(d, 2, w.Open), d, 2
		for left > 0 {
			if slow = slow.AddDays(1); w.Open(slow) {
				left--
			}
		}
		if got != slow {
			t.Fatalf("two open days after %s: got %s, want %s", d, got, slow)
		}
	}
}

func TestOpeningHoursRoundTrip(t *testing.T) {
	o := week(t)
	o[time.Thursday] = o[time.Thursday][1:]
	o[time.Saturday] = []Span{{540, 720}}
	again, err := ParseOpeningHours(o.String())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(o, again); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"lun 12:00-08:00", "xyz 08:00-09:00", "lun 08:00", "lun 13:00-14:00 08:00-09:00", "lun 08:00-25:00"} {
		if _, err := ParseOpeningHours(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSchoolYear(t *testing.T) {
	for day, want := range map[Date]string{{2026, 7, 31}: "2025-2026", {2026, 8, 1}: "2026-2027",
		{2026, 9, 1}: "2026-2027", {2027, 7, 3}: "2026-2027"} {
		if got := SchoolYearOf(day).String(); got != want {
			t.Errorf("%s is in %s, want %s", day, got, want)
		}
	}
	if y, err := ParseSchoolYear("2026-2027"); err != nil || y != 2026 {
		t.Errorf("got %d, %v", y, err)
	}
	for _, bad := range []string{"2026", "2026-2028", "2026-2027x", ""} {
		if _, err := ParseSchoolYear(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestParseFrench(t *testing.T) {
	for text, want := range map[string]Date{
		"04/03/2013": NewDate(2013, 3, 4), "4/3/2013": NewDate(2013, 3, 4), "04-03-2013": NewDate(2013, 3, 4),
		"4.3.2013": NewDate(2013, 3, 4), " 29/02/2024 ": NewDate(2024, 2, 29),
		"3 mars 2018": NewDate(2018, 3, 3), "1er mars 2018": NewDate(2018, 3, 1), "24 Février 1994": NewDate(1994, 2, 24),
		"15 aout 2020": NewDate(2020, 8, 15), "mercredi 3 mars 2021": NewDate(2021, 3, 3),
	} {
		if got, err := ParseFrench(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "31/02/2024", "29/02/2023", "31 février 2024", "3 brumaire 2018", "2018-03-04", "00/01/2020", "3 mars", "demain"} {
		if got, err := ParseFrench(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func TestOf(t *testing.T) {
	for name, want := range map[string]string{"Inès": "d’Inès", "Élise": "d’Élise", "Zoé": "de Zoé", "Hugo": "de Hugo", "": "de "} {
		if got := Of(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
