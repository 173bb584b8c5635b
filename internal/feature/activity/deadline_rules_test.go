package activity_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"

	"pgregory.net/rapid"
)

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, paris(t))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// plain writes no-break spaces as spaces, for reading.
func plain(s string) string { return strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(s) }

var allActions = []activity.Action{activity.OpenFrom, activity.Book, activity.Change, activity.Cancel, activity.LateUntil}

// anyRule draws a rule without shifts.
func anyRule(t *rapid.T, action activity.Action) activity.Rule {
	r := activity.Rule{
		Action:  action,
		Anchor:  rapid.SampledFrom([]activity.Anchor{activity.AnchorDay, activity.AnchorWeek, activity.AnchorPeriod}).Draw(t, "anchor"),
		Offset:  rapid.IntRange(0, 60).Draw(t, "offset"),
		Measure: rapid.SampledFrom([]activity.Measure{activity.Hours, activity.Days, activity.Weeks, activity.ClearDays, activity.WorkingDays}).Draw(t, "measure"),
		Basis:   rapid.SampledFrom([]activity.Basis{activity.Weekday5, activity.Weekday6, activity.SchoolDays, activity.ServiceDays}).Draw(t, "basis"),
		Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
		OnDay:   rapid.Bool().Draw(t, "on day"),
		Minute:  rapid.IntRange(0, 1439).Draw(t, "minute"),
	}
	if r.Measure == activity.Hours {
		r.Anchor = activity.AnchorDay // Check refuses hours before a period
	}
	return r
}

func anyDay(t *rapid.T) civil.Date {
	return day("2026-03-01").AddDays(rapid.IntRange(0, 1000).Draw(t, "day"))
}

func TestMoreOffsetIsNeverLater(t *testing.T) {
	g := ground(t)
	rapid.Check(t, func(t *rapid.T) {
		r, d := anyRule(t, activity.Book), anyDay(t)
		near, ok := r.Moment(g, d)
		r.Offset += rapid.IntRange(1, 40).Draw(t, "more")
		if far, _ := r.Moment(g, d); ok && far.Instant() > near.Instant() {
			t.Fatalf("%s for %s: %s, with less %s", r.Sentence(), d, show(far), show(near))
		}
	})
}

func TestAShiftIsNeverLater(t *testing.T) {
	g := ground(t)
	shifts := rapid.SampledFrom([]activity.Shift{activity.ShiftNone, activity.ShiftSame, activity.ShiftPrevious})
	rapid.Check(t, func(t *rapid.T) {
		r, d := anyRule(t, rapid.SampledFrom(allActions).Draw(t, "action")), anyDay(t)
		straight, ok := r.Moment(g, d)
		r.Holiday, r.Closed = shifts.Draw(t, "holiday"), shifts.Draw(t, "closed")
		moved, _ := r.Moment(g, d)
		switch {
		case moved.Instant() > straight.Instant():
			t.Fatalf("%s for %s: %s, straight %s", r.Sentence(), d, show(moved), show(straight))
		case ok && r.Holiday != activity.ShiftNone && g.Holiday(moved.Day) && (r.Closed == activity.ShiftNone || !g.Public(moved.Day)):
			t.Fatalf("%s for %s: %s is in holidays", r.Sentence(), d, show(moved))
		case ok && r.Closed != activity.ShiftNone && (g.Public(moved.Day) || g.Closed(moved.Day)):
			t.Fatalf("%s for %s: %s is closed", r.Sentence(), d, show(moved))
		}
	})
}

// TestTheMostGenerousRuleWins: another rule that a family may use never makes a window smaller, one that it may not use
// changes nothing, and no window reaches past its day.
func TestTheMostGenerousRuleWins(t *testing.T) {
	g := ground(t)
	rapid.Check(t, func(t *rapid.T) {
		d, action := anyDay(t), rapid.SampledFrom(allActions).Draw(t, "action")
		one, two := anyRule(t, action), anyRule(t, action)
		two.For = activity.VariableHours
		p := activity.Policy{Rules: []activity.Rule{one}}
		both := activity.Policy{Rules: []activity.Rule{one, two}}
		if rapid.Bool().Draw(t, "order") {
			both.Rules[0], both.Rules[1] = two, one
		}
		without, others, with := p.Window(g, d, nil), both.Window(g, d, []activity.Quality{activity.Resident}), both.Window(g, d, []activity.Quality{activity.VariableHours})
		if without.Open != others.Open || without.Book != others.Book || without.Change != others.Change || without.Cancel != others.Cancel || without.Late != others.Late {
			t.Fatal("a rule for others changes the window")
		}
		m, ok := two.Moment(g, d)
		for _, a := range allActions[1:] {
			alone, exempt := without.Last(a), with.Last(a)
			follows := a == activity.Cancel && without.Book.Kind == activity.LimitUnset // the eve, for want of a date to follow
			if !follows && activity.Later(alone, exempt) != exempt {
				t.Fatalf("%s: %s, without the exemption %s", a, show(exempt), show(alone))
			}
			if exempt.Kind == activity.LimitAt && exempt.Day.After(d) {
				t.Fatalf("%s of %s until %s", a, d, show(exempt))
			}
			if ok && a == action && m.Day.Before(d) && m.Instant() > exempt.Instant() {
				t.Fatalf("%s: %s, its own rule says %s", a, show(exempt), show(m))
			}
		}
		if o := with.Open; o.Kind == activity.LimitAt && (without.Open.Kind == activity.LimitAt && o.Instant() > without.Open.Instant()) {
			t.Fatalf("opens %s, without the priority %s", show(o), show(without.Open))
		}
		over := d.AddDays(1).At(0, 0, g.Zone)
		for _, a := range allActions[1:] {
			if v := activity.Decide(with, over, a); v.Is != activity.TooLate {
				t.Fatalf("%s of %s the day after is %s", a, d, v.Is)
			}
		}
	})
}

func TestWordsAreNeverEmpty(t *testing.T) {
	g := ground(t)
	rapid.Check(t, func(t *rapid.T) {
		r, d := anyRule(t, rapid.SampledFrom(allActions).Draw(t, "action")), anyDay(t)
		r.Offset = rapid.IntRange(0, 3).Draw(t, "few")
		p := activity.Policy{Rules: []activity.Rule{r}, After: activity.After{Kind: rapid.SampledFrom([]activity.AfterKind{"",
			activity.AfterRefuse, activity.AfterRequest, activity.AfterSurcharge}).Draw(t, "after")}}
		w := p.Window(g, d, nil)
		now := d.AddDays(rapid.IntRange(-60, 3).Draw(t, "now")).At(rapid.IntRange(0, 23).Draw(t, "hour"), 0, g.Zone)
		today := civil.DateOf(now)
		words := []string{r.Sentence(), p.After.Words()}
		for _, l := range []activity.Limit{w.Open, w.Book, w.Cancel, w.Late} {
			words = append(words, l.Words(today), l.UntilWords(today), l.SinceWords(today), l.FromWords(today))
		}
		for _, a := range allActions[1:] {
			words = append(words, activity.Decide(w, now, a).Sentence(today))
		}
		for _, s := range words {
			if s == "" || strings.Contains(s, "  ") || strings.Contains(s, "%!") || strings.Contains(s, "le aujourd") || strings.Contains(s, "le demain") {
				t.Fatalf("%q in %q", s, words)
			}
		}
	})
}

// TestThePromiseIsKept: what was promised with a booking is read back as it was written, and a harder rule does not take
// it away, nor a softer one wait.
func TestThePromiseIsKept(t *testing.T) {
	g := ground(t)
	hard, soft := model(t, "francs-15"), model(t, "veille-9h")
	for _, d := range []string{"2027-01-12", "2026-10-26", "2026-03-30", "2027-11-02"} {
		promised := soft.Window(g, day(d), nil).Cancel
		stored := activity.StoredLimit(promised.Instant(), g.Zone)
		if stored != promised {
			t.Errorf("%s: stored %s, promised %s", d, show(stored), show(promised))
		}
		if got := hard.Window(g, day(d), nil).Keep(activity.Cancel, stored).Cancel; got != promised {
			t.Errorf("%s: a harder rule took %s, promised %s", d, show(got), show(promised))
		}
		if got := soft.Window(g, day(d), nil).Keep(activity.Cancel, hard.Window(g, day(d), nil).Cancel).Cancel; got != promised {
			t.Errorf("%s: a softer rule gives %s, want %s", d, show(got), show(promised))
		}
	}
	never := activity.StoredLimit(0, g.Zone)
	if w := soft.Window(g, day("2027-01-12"), nil); w.Keep(activity.Cancel, never).Cancel != w.Cancel {
		t.Error("a promise of nothing takes something away")
	}
}

func TestWhichVersionHolds(t *testing.T) {
	all := []activity.Policy{{Number: 3, From: day("2027-02-22")}, {Number: 1}, {Number: 2, From: day("2027-03-01")}}
	for d, want := range map[string]int{"2027-02-21": 1, "2027-02-22": 3, "2027-03-01": 3, "2030-01-01": 3} {
		if p, ok := activity.PolicyFor(all, day(d)); !ok || p.Number != want {
			t.Errorf("%s: version %d, want %d", d, p.Number, want)
		}
	}
	if _, ok := activity.PolicyFor(all[:1], day("2027-02-21")); ok {
		t.Error("a version holds before it begins")
	}
}
