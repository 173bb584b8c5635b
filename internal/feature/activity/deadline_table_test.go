package activity_test

import (
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
)

// corners are policies that no regulation has, for the corners of the clock and of the calendar.
func corners() map[string]activity.Policy {
	rules := func(all ...activity.Rule) activity.Policy { return activity.Policy{Rules: all} }
	back := func(action activity.Action, n int, m activity.Measure, b activity.Basis, minute int) activity.Rule {
		return activity.Rule{Action: action, Anchor: activity.AnchorDay, Offset: n, Measure: m, Basis: b, Minute: minute}
	}
	return map[string]activity.Policy{
		"essai-rien": {},
		"essai-sans-limite": rules(activity.Rule{Action: activity.Book, Anchor: activity.AnchorNone},
			activity.Rule{Action: activity.Cancel, Anchor: activity.AnchorNone}),
		"essai-nuit": rules(back(activity.OpenFrom, 7, activity.Days, "", 150), back(activity.Book, 1, activity.Days, "", 150),
			back(activity.Cancel, 0, activity.Days, "", 179)),
		"essai-heures-nuit": rules(back(activity.Book, 9, activity.Hours, "", 0), back(activity.Cancel, 33, activity.Hours, "", 0)),
		"essai-ouvrables":   rules(back(activity.Book, 2, activity.WorkingDays, activity.Weekday6, 20*60)),
		"essai-ecole": rules(back(activity.Book, 3, activity.WorkingDays, activity.SchoolDays, 12*60),
			back(activity.Change, 1, activity.WorkingDays, activity.SchoolDays, 9*60)),
		"essai-service":      rules(back(activity.Book, 2, activity.WorkingDays, activity.ServiceDays, 7*60+15)),
		"essai-meme-semaine": rules(activity.Rule{Action: activity.Book, Anchor: activity.AnchorWeek, Weekday: time.Friday, Minute: 12 * 60}),
		"essai-trois-lignes": rules(activity.Rule{Action: activity.Book, Anchor: activity.AnchorTable, Weekdays: []activity.TableDay{
			{For: time.Monday, On: time.Monday, Minute: 9 * 60},
			{For: time.Wednesday, On: time.Monday, Back: 1, Minute: 1439}, {For: time.Friday, On: time.Thursday, Minute: 12 * 60}}}),
		"essai-periode-ecole": rules(activity.Rule{Action: activity.Book, Anchor: activity.AnchorPeriod, Offset: 5,
			Measure: activity.WorkingDays, Basis: activity.SchoolDays, Minute: 18*60 + 30}),
	}
}

// cell names the limits of a day in the table.
type cell struct {
	model   string
	day     civil.Date
	quality activity.Quality
}

// edge is a limit as the table writes it.
type edge struct {
	civil string
	utc   time.Time
}

// readTable reads what deadlines.py computed, limit by limit.
func readTable(t *testing.T) (order []cell, edges map[cell]map[activity.Action]edge) {
	t.Helper()
	edges = map[cell]map[activity.Action]edge{}
	for _, row := range readCSV(t, "testdata/deadlines.csv") {
		c := cell{row[0], day(row[1]), activity.Quality(row[2])}
		if edges[c] == nil {
			edges[c] = map[activity.Action]edge{}
			order = append(order, c)
		}
		e := edge{civil: row[4]}
		if row[5] != "" {
			at, err := time.Parse("2006-01-02T15:04Z", row[5])
			if err != nil {
				t.Fatal(err)
			}
			e.utc = at
		}
		edges[c][activity.Action(row[3])] = e
	}
	return order, edges
}

// show writes a limit as the table does.
func show(l activity.Limit) string {
	switch l.Kind {
	case activity.LimitNever:
		return "never"
	case activity.LimitAlways:
		return "always"
	case activity.LimitUnset:
		return "unset"
	}
	return l.Day.String() + " " + time.Date(2000, 1, 1, 0, l.Minute, 0, 0, time.UTC).Format("15:04")
}

// TestModelsAgainstATable compares every model with a table that another program computed from the sentences of the
// rules, over 2026 to 2028, and what is decided a minute before each edge, during its minute, and a minute after.
func TestModelsAgainstATable(t *testing.T) {
	g := ground(t)
	order, edges := readTable(t)
	policies := corners()
	for _, c := range order {
		if _, ok := policies[c.model]; !ok {
			policies[c.model] = model(t, c.model)
		}
	}
	for _, m := range activity.Models(2026) {
		if _, ok := policies[m.Key]; !ok {
			t.Errorf("model %q is not in the table", m.Key)
		}
	}
	checked, turned := 0, 0
	for _, c := range order {
		w := policies[c.model].Window(g, c.day, []activity.Quality{c.quality})
		row := edges[c]
		if c.quality != "" {
			for action, e := range edges[cell{c.model, c.day, ""}] {
				if _, own := row[action]; !own {
					row[action] = e
				}
			}
		}
		for action, e := range row {
			got := w.Open
			if action != activity.OpenFrom {
				got = w.Last(action)
			}
			if show(got) != e.civil {
				t.Errorf("%s, %s, %q, %s: got %s, the table says %s", c.model, c.day, c.quality, action, show(got), e.civil)
			}
			if !e.utc.IsZero() {
				turned += turnsBetween(e.utc, c.day, g.Zone)
			}
			checked++
		}
		checkDecisions(t, c, w, row)
	}
	if checked < 10000 || turned < 100 {
		t.Errorf("%d limits, %d across a change of the clock: the table is too small", checked, turned)
	}
	t.Logf("%d limits of %d policies, %d across a change of the clock", checked, len(policies), turned)
}

func turnsBetween(limit time.Time, d civil.Date, zone *time.Location) int {
	_, a := limit.In(zone).Zone()
	if _, b := d.At(12, 0, zone).Zone(); a != b {
		return 1
	}
	return 0
}

// checkDecisions tries each action around each edge of the table.
func checkDecisions(t *testing.T, c cell, w activity.Window, row map[activity.Action]edge) {
	t.Helper()
	last := func(action activity.Action) edge {
		if e, ok := row[action]; ok {
			return e
		}
		return row[activity.Book]
	}
	for _, e := range row {
		if e.utc.IsZero() {
			continue
		}
		for _, now := range []time.Time{e.utc.Add(-time.Minute), e.utc.Add(-1), e.utc, e.utc.Add(time.Minute - 1), e.utc.Add(time.Minute)} {
			for _, action := range []activity.Action{activity.Book, activity.Change, activity.Cancel} {
				want := expected(action, last(action), row[activity.OpenFrom], now)
				got := activity.Decide(w, now, action).Is
				if got == activity.Late {
					got = activity.TooLate // which of the two is another table's matter
				}
				if want != "" && got != want {
					t.Errorf("%s, %s, %q: %s at %s is %s, the table says %s", c.model, c.day, c.quality, action, now, got, want)
				}
			}
		}
	}
}

// expected is what the table's edges make of a moment, "" where they do not tell.
func expected(action activity.Action, last, open edge, now time.Time) activity.Standing {
	switch {
	case last.civil == "never" || !last.utc.IsZero() && !now.Before(last.utc.Add(time.Minute)):
		return activity.TooLate
	case last.civil == "unset":
		return ""
	case action != activity.Cancel && (open.civil == "unset" || now.Before(open.utc)):
		return activity.TooEarly
	}
	return activity.Free
}
