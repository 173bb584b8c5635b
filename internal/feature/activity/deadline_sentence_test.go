package activity_test

import (
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
)

func TestRulesInWords(t *testing.T) {
	type R = activity.Rule
	cases := []struct {
		r    R
		want string
	}{
		{R{Anchor: activity.AnchorNone}, "sans limite"},
		{R{Anchor: activity.AnchorNever}, "jamais"},
		{R{Anchor: activity.AnchorDay, Measure: activity.Days, Minute: 540}, "jusqu’au jour même à 9 h"},
		{R{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Minute: 540}, "jusqu’à la veille à 9 h"},
		{R{Anchor: activity.AnchorDay, Offset: 2, Measure: activity.Days, Minute: 720}, "jusqu’à l’avant-veille à 12 h"},
		{R{Anchor: activity.AnchorDay, Offset: 8, Measure: activity.Days, Minute: 1439}, "jusqu’à 8 jours avant, à 23 h 59"},
		{R{Anchor: activity.AnchorDay, Offset: 48, Measure: activity.Hours}, "jusqu’à 48 heures avant le début"},
		{R{Anchor: activity.AnchorDay, Measure: activity.Hours}, "jusqu’à l’heure du début"},
		{R{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Weeks, Minute: 1439}, "jusqu’à 1 semaine avant, à 23 h 59"},
		{R{Anchor: activity.AnchorDay, Offset: 15, Measure: activity.ClearDays, Minute: 1439}, "jusqu’à 15 jours francs avant, à 23 h 59"},
		{R{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.WorkingDays, Basis: activity.SchoolDays, Minute: 540}, "jusqu’au jour d’école précédent à 9 h"},
		{R{Anchor: activity.AnchorDay, Offset: 2, Measure: activity.WorkingDays, Basis: activity.Weekday6, Minute: 540}, "jusqu’à 2 jours ouvrables avant, à 9 h"},
		{R{Anchor: activity.AnchorDay, Offset: 3, Measure: activity.WorkingDays, Basis: activity.ServiceDays, Minute: 540, Closed: activity.ShiftPrevious},
			"jusqu’à 3 jours d’activité avant, à 9 h ; si ce jour est férié ou fermé, le jour d’activité précédent"},
		{R{Anchor: activity.AnchorWeek, Offset: 1, Weekday: time.Thursday, Minute: 1439}, "jusqu’au jeudi de la semaine d’avant à 23 h 59"},
		{R{Anchor: activity.AnchorWeek, Weekday: time.Monday, Minute: 540}, "jusqu’au lundi de la même semaine à 9 h"},
		{R{Anchor: activity.AnchorWeek, Offset: 2, Weekday: time.Friday, Minute: 720}, "jusqu’au vendredi, 2 semaines avant, à 12 h"},
		{R{Anchor: activity.AnchorWeek, Offset: 1, Weekday: time.Thursday, Minute: 1439, Basis: activity.SchoolDays, Holiday: activity.ShiftSame, Closed: activity.ShiftPrevious},
			"jusqu’au jeudi de la semaine d’avant à 23 h 59 ; si ce jeudi tombe pendant les vacances, le dernier jeudi qui convient avant ; s’il est férié ou fermé, le jour d’école précédent"},
		{R{Action: activity.OpenFrom, Anchor: activity.AnchorPeriod, Offset: 6, Measure: activity.Weeks, Minute: 540}, "à partir de 6 semaines avant le début de la période, à 9 h"},
		{R{Action: activity.OpenFrom, Anchor: activity.AnchorPeriod, Offset: 6, Measure: activity.Weeks, Minute: 540, OnDay: true, Weekday: time.Saturday},
			"à partir du dernier samedi au moins 6 semaines avant le début de la période, à 9 h"},
		{R{Anchor: activity.AnchorPeriod, Measure: activity.Days, Minute: 540}, "jusqu’au premier jour de la période, à 9 h"},
		{R{Anchor: activity.AnchorTable, Weekdays: []activity.TableDay{{For: time.Monday, On: time.Wednesday, Minute: 1439}, {For: time.Tuesday, On: time.Monday, Back: 1, Minute: 540}}},
			"pour le lundi, jusqu’au mercredi d’avant à 23 h 59 ; pour le mardi, jusqu’au lundi d’avant, une semaine plus tôt, à 9 h"},
		{R{Anchor: activity.AnchorDates, Dates: activity.MonthlyDates(2026, time.Tuesday, 1439)}, "selon un calendrier de 12 dates, du mardi 25 août 2026 au mardi 27 juillet 2027"},
		{R{Action: activity.OpenFrom, Anchor: activity.AnchorDates, Dates: activity.MonthlyDates(2026, time.Tuesday, 540)[:1]}, "date d’ouverture fixée au mardi 25 août 2026 à 9 h"},
		{R{Anchor: activity.AnchorDates}, "selon un calendrier encore vide"},
	}
	for _, c := range cases {
		if c.r.Action == "" {
			c.r.Action = activity.Book
		}
		if got := plain(c.r.Sentence()); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// TestFiveExamples draws the examples of the canteen as an agent sees them on Wednesday 6 January 2027.
func TestFiveExamples(t *testing.T) {
	g := ground(t)
	today := day("2027-01-06")
	canteen := g
	canteen.Service = g.School
	cases := []struct {
		caption, day, line, note, strip string
	}{
		{"Un lundi d’école", "2027-01-11", "jusqu’au jeudi 7 janvier", "", "fffffff!l##*"},
		{"Un vendredi, même semaine", "2027-01-15", "jusqu’au jeudi 7 janvier", "", "fff!l##llll*"},
		{"Retour de vacances", "2027-02-22", "jusqu’au jeudi 4 février", "Le jeudi 18 février est en vacances.", "f!l################*"},
		{"Après l’Ascension", "2027-05-10", "jusqu’au mardi 4 mai", "Le jeudi 6 mai est férié, pas d’école le mercredi.", "fffff!l####*"},
		{"Lundi de Pâques", "2027-03-29", "fermé ce jour", "Jour férié : la case dit « Fermé ».", ""},
	}
	marks := map[activity.StripState]string{activity.StripFree: "f", activity.StripLast: "!", activity.StripLate: "l", activity.StripClosed: "#",
		activity.StripItself: "*", activity.StripEarly: "e", activity.StripGap: "."}
	got := activity.Examples(model(t, "semaine-jeudi"), canteen, today, 200)
	if len(got) != len(cases) {
		t.Fatalf("%d examples", len(got))
	}
	for i, c := range cases {
		e, strip := got[i], ""
		for _, s := range e.Strip {
			strip += marks[s.Is]
		}
		line := c.line
		if !e.Closed {
			line += " à 23 h 59"
		}
		if i < 2 {
			line = "jusqu’à demain jeudi 7 à 23 h 59"
		}
		if e.Caption != c.caption || e.Day != day(c.day) || plain(e.Line(today)) != line || plain(e.Note) != c.note || strip != c.strip {
			t.Errorf("got  %s, %s, %q, %q, %s\nwant %s, %s, %q, %q, %s", e.Caption, e.Day, plain(e.Line(today)), plain(e.Note), strip, c.caption, c.day, line, c.note, c.strip)
		}
	}
}

// TestTheOrdinaryMondayIsOrdinary: looked at before Easter, neither the Monday of return nor one before whose date passed.
func TestTheOrdinaryMondayIsOrdinary(t *testing.T) {
	all := activity.Examples(model(t, "semaine-jeudi"), ground(t), day("2027-03-22"), 200)
	if len(all) == 0 || all[0].Day != day("2027-04-26") {
		t.Errorf("got %+v", all)
	}
}

// TestExamplesOfEveryModel: five examples whatever the model and the day one looks, each with its words.
func TestExamplesOfEveryModel(t *testing.T) {
	g := ground(t)
	wednesdays := g
	wednesdays.Service = func(d civil.Date) bool { return g.Service(d) && d.Weekday() == time.Wednesday }
	holidays := g
	holidays.Service = func(d civil.Date) bool {
		_, ok := g.Period(d)
		return ok && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && !g.Public(d)
	}
	for _, m := range activity.Models(2026) {
		for name, ground := range map[string]activity.Ground{"canteen": g, "wednesdays": wednesdays, "holidays": holidays} {
			for _, from := range []string{"2026-09-01", "2027-01-06", "2027-07-14"} {
				all := activity.Examples(m.Policy, ground, day(from), 250)
				if len(all) != 5 {
					t.Errorf("%s, %s, %s: %d examples", m.Key, name, from, len(all))
				}
				seen := map[civil.Date]bool{}
				for _, e := range all {
					if seen[e.Day] || e.Caption == "" || e.Line(day(from)) == "" || e.Day.Before(day(from)) || len(e.Strip) > 28 || !e.Closed && len(e.Strip) < 12 {
						t.Errorf("%s, %s, %s: %+v", m.Key, name, from, e)
					}
					seen[e.Day] = true
				}
			}
		}
	}
	if all := activity.Examples(activity.Policy{}, activity.Ground{Service: func(civil.Date) bool { return false }}, day("2027-01-06"), 100); len(all) != 0 {
		t.Errorf("an activity that never takes place has %d examples", len(all))
	}
}
