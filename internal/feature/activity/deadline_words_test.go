package activity_test

import (
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
)

func TestLimitsInWords(t *testing.T) {
	g := ground(t)
	at := func(action activity.Action, on string, minute int) activity.Limit {
		r := activity.Rule{Action: action, Anchor: activity.AnchorDay, Measure: activity.Days, Minute: minute}
		l, _ := r.Moment(g, day(on))
		return l
	}
	cases := []struct {
		today, got, want string
	}{
		{"far", at(activity.Book, "2027-01-11", 1439).UntilWords(day("2027-01-06")), "jusqu’au lundi 11 janvier à 23 h 59"},
		{"tomorrow", at(activity.Book, "2027-01-07", 1439).UntilWords(day("2027-01-06")), "jusqu’à demain jeudi 7 à 23 h 59"},
		{"today", at(activity.Book, "2027-01-07", 540).UntilWords(day("2027-01-07")), "jusqu’à aujourd’hui à 9 h"},
		{"another year", at(activity.Book, "2026-12-31", 720).SinceWords(day("2027-01-06")), "depuis le jeudi 31 décembre 2026 à 12 h"},
		{"yesterday", at(activity.Book, "2027-01-05", 720).SinceWords(day("2027-01-06")), "depuis hier mardi 5 à 12 h"},
		{"since today", at(activity.Book, "2027-01-06", 720).SinceWords(day("2027-01-06")), "depuis aujourd’hui à 12 h"},
		{"opening", at(activity.OpenFrom, "2027-01-09", 540).FromWords(day("2027-01-06")), "à partir du samedi 9 janvier à 9 h"},
		{"opening tomorrow", at(activity.OpenFrom, "2027-01-09", 540).FromWords(day("2027-01-08")), "à partir de demain samedi 9 à 9 h"},
		{"opening today", at(activity.OpenFrom, "2027-01-09", 1200).FromWords(day("2027-01-09")), "à partir d’aujourd’hui à 20 h"},
		{"first of the month", at(activity.Book, "2027-02-01", 545).UntilWords(day("2027-01-06")), "jusqu’au lundi 1er février à 9 h 05"},
		{"tomorrow is the first", at(activity.Book, "2027-02-01", 545).UntilWords(day("2027-01-31")), "jusqu’à demain lundi 1er à 9 h 05"},
		{"never", activity.Limit{Kind: activity.LimitNever}.UntilWords(day("2027-01-06")), "jamais"},
		{"unset", activity.Limit{}.UntilWords(day("2027-01-06")), "date pas encore fixée"},
		{"always", activity.Limit{Kind: activity.LimitAlways}.FromWords(day("2027-01-06")), "à tout moment"},
		{"an hour that does not exist", at(activity.Book, "2027-03-28", 150).UntilWords(day("2027-03-01")), "jusqu’au dimanche 28 mars à 3 h 30"},
	}
	for _, c := range cases {
		if plain(c.got) != c.want {
			t.Errorf("%s: got %q, want %q", c.today, plain(c.got), c.want)
		}
	}
}

func TestVerdictsInWords(t *testing.T) {
	g := ground(t)
	cases := []struct {
		name, model, now, want string
		action                 activity.Action
		is                     activity.Standing
	}{
		{"before an opening", "residents-1", "2026-12-30 10:00", "Réservable à partir du samedi 2 janvier 2027 à 9 h.", activity.Book, activity.TooEarly},
		{"a second before an opening minute", "residents-1", "2027-01-02 08:59", "Réservable à partir d’aujourd’hui à 9 h.", activity.Book, activity.TooEarly},
		{"at the opening minute", "residents-1", "2027-01-02 09:00", "Réservable jusqu’au lundi 25 janvier à 23 h 59.", activity.Book, activity.Free},
		{"cancelling knows no opening", "residents-1", "2026-12-30 10:00", "Annulable jusqu’au lundi 25 janvier 2027 à 23 h 59.", activity.Cancel, activity.Free},
		{"changing does", "residents-1", "2026-12-30 10:00", "Modifiable à partir du samedi 2 janvier 2027 à 9 h.", activity.Change, activity.TooEarly},
		{"what nobody cancels", "semaines-ete", "2026-12-30 10:00", "Ce jour ne s’annule pas.", activity.Cancel, activity.TooLate},
	}
	for _, c := range cases {
		now := moment(t, c.now)
		v := activity.Decide(model(t, c.model).Window(g, day("2027-02-17"), nil), now, c.action)
		if got := plain(v.Sentence(civil.DateOf(now))); v.Is != c.is || got != c.want {
			t.Errorf("%s: got %s %q, want %s %q", c.name, v.Is, got, c.is, c.want)
		}
	}
}

// TestWhatNoRuleSays holds the defaults: of policies without rules, with rules for others only, with rules that do not
// name the day, and of a policy that never lets book freely.
func TestWhatNoRuleSays(t *testing.T) {
	g := ground(t)
	rule := func(action activity.Action, anchor activity.Anchor, q activity.Quality) activity.Rule {
		return activity.Rule{Action: action, Anchor: anchor, For: q}
	}
	policy := func(after activity.AfterKind, rules ...activity.Rule) activity.Policy {
		return activity.Policy{Rules: rules, After: activity.After{Kind: after}}
	}
	cases := []struct {
		name, now    string
		p            activity.Policy
		book, cancel activity.Standing
		sentence     string
	}{
		{"nothing: until the eve", "2027-01-10 23:59", policy(activity.AfterRefuse), activity.Free, activity.Free, "Réservable jusqu’à aujourd’hui à 23 h 59."},
		{"nothing: not the day itself", "2027-01-11 00:00", policy(activity.AfterRefuse), activity.TooLate, activity.TooLate, "Trop tard depuis hier dimanche 10 à 23 h 59."},
		{"nothing, late taken: the morning itself", "2027-01-11 11:30", policy(activity.AfterRequest), activity.Late, activity.TooLate,
			"Délai passé depuis hier dimanche 10 à 23 h 59 : demande possible jusqu’à aujourd’hui à 11 h 30, le service répond."},
		{"no limit: until the day ends", "2027-01-11 23:59", policy(activity.AfterRefuse, rule(activity.Book, activity.AnchorNone, "")), activity.Free, activity.Free,
			"Réservable jusqu’à aujourd’hui à 23 h 59."},
		{"no limit: never the past", "2027-01-12 00:00", policy(activity.AfterRequest, rule(activity.Book, activity.AnchorNone, "")), activity.TooLate, activity.TooLate,
			"Trop tard depuis hier lundi 11 à 23 h 59."},
		{"opened to others only", "2027-01-05 10:00", policy(activity.AfterRequest, rule(activity.OpenFrom, activity.AnchorNone, activity.Resident)), activity.TooEarly, activity.Free,
			"Les réservations ne sont pas ouvertes à votre famille."},
		{"opened to others only: not late either", "2027-01-11 08:00", policy(activity.AfterRequest, rule(activity.OpenFrom, activity.AnchorNone, activity.Resident)), activity.TooLate, activity.TooLate,
			"Trop tard depuis hier dimanche 10 à 23 h 59."},
		{"openings that do not name the day", "2027-01-05 10:00", policy(activity.AfterRefuse, rule(activity.OpenFrom, activity.AnchorDates, "")), activity.TooEarly, activity.Free,
			"La date des réservations n’est pas encore fixée."},
		{"dates that do not name the day", "2027-01-05 10:00", policy(activity.AfterRefuse, rule(activity.Book, activity.AnchorDates, "")), activity.TooEarly, activity.Free,
			"La date des réservations n’est pas encore fixée."},
		{"dates that do not name a day that is over", "2027-01-12 10:00", policy(activity.AfterRefuse, rule(activity.Book, activity.AnchorDates, "")), activity.TooLate, activity.TooLate,
			"Trop tard depuis hier lundi 11 à 23 h 59."},
		{"only on request", "2027-01-05 10:00", policy(activity.AfterRequest, rule(activity.Book, activity.AnchorNever, "")), activity.Late, activity.TooLate,
			"Pas de réservation libre : demande possible jusqu’au lundi 11 janvier à 11 h 30, le service répond."},
		{"not at all", "2027-01-05 10:00", policy(activity.AfterRefuse, rule(activity.Book, activity.AnchorNever, "")), activity.TooLate, activity.TooLate,
			"Ce jour ne se réserve pas en ligne."},
	}
	for _, c := range cases {
		now := moment(t, c.now)
		w := c.p.Window(g, day("2027-01-11"), nil)
		book, cancel := activity.Decide(w, now, activity.Book), activity.Decide(w, now, activity.Cancel)
		if got := plain(book.Sentence(civil.DateOf(now))); book.Is != c.book || cancel.Is != c.cancel || got != c.sentence {
			t.Errorf("%s: got %s, cancel %s, %q\nwant %s, cancel %s, %q", c.name, book.Is, cancel.Is, got, c.book, c.cancel, c.sentence)
		}
	}
	if v := activity.Decide(activity.Window{}, moment(t, "2027-01-05 10:00"), activity.Book); v.Is == activity.Free {
		t.Error("an empty window lets book")
	}
}

// TestShiftsOfHoursAndDates: hours keep their hour where their day moves, a date that an agent wrote does not move.
func TestShiftsOfHoursAndDates(t *testing.T) {
	g := ground(t)
	hours := activity.Rule{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 72, Measure: activity.Hours, Basis: activity.Weekday5, Holiday: activity.ShiftPrevious}
	if l, _ := hours.Moment(g, day("2027-02-22")); show(l) != "2027-02-05 11:30" {
		t.Errorf("72 hours before the return from holidays: %s", show(l))
	}
	dates := activity.Rule{Action: activity.Book, Anchor: activity.AnchorDates, Holiday: activity.ShiftSame, Closed: activity.ShiftSame,
		Dates: []activity.TableDates{{Days: civil.Range{From: day("2027-05-10"), To: day("2027-05-31")}, On: day("2027-05-06"), Minute: 720}}}
	if l, _ := dates.Moment(g, day("2027-05-31")); show(l) != "2027-05-06 12:00" {
		t.Errorf("a date on Ascension day: %s", show(l))
	}
	if _, ok := dates.Moment(g, day("2027-06-01")); ok {
		t.Error("a date for a day that it does not name")
	}
}

// TestACalendarThatIsNotThere: before a calendar is entered the limit is later, never earlier, and no rule walks for ever.
func TestACalendarThatIsNotThere(t *testing.T) {
	full := ground(t)
	no := func(civil.Date) bool { return false }
	yes := func(civil.Date) bool { return true }
	unknown := full
	unknown.School = func(d civil.Date) bool { return d.Year < 2027 && full.School(d) }
	unknown.Service = unknown.School
	unknown.Holiday = func(d civil.Date) bool { return d.Year >= 2027 }
	unknown.Known = func(d civil.Date) bool { return d.Before(day("2027-01-01")) }
	always := activity.Ground{Zone: full.Zone, Holiday: yes, Closed: yes, School: no, Service: no}
	cases := []struct {
		name string
		g    activity.Ground
		r    activity.Rule
		want string
	}{
		{"school days not entered are Monday to Friday", unknown,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 3, Measure: activity.WorkingDays, Basis: activity.SchoolDays, Minute: 540}, "2027-03-24 09:00"},
		{"so are days of the activity", unknown,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 3, Measure: activity.WorkingDays, Basis: activity.ServiceDays, Minute: 540}, "2027-03-24 09:00"},
		{"holidays not entered move nothing", unknown,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Basis: activity.SchoolDays, Holiday: activity.ShiftPrevious, Minute: 540}, "2027-03-29 09:00"},
		{"no calendar at all", activity.Ground{Zone: full.Zone},
			activity.Rule{Anchor: activity.AnchorDay, Offset: 3, Measure: activity.WorkingDays, Basis: activity.SchoolDays, Holiday: activity.ShiftSame, Minute: 540}, "2027-03-25 09:00"},
		{"always in holidays: the day stays", always,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Holiday: activity.ShiftSame, Minute: 540}, "2027-03-29 09:00"},
		{"always closed: the day stays", always,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Basis: activity.SchoolDays, Closed: activity.ShiftPrevious, Minute: 540}, "2027-03-29 09:00"},
		{"never open: Monday to Friday count", always,
			activity.Rule{Anchor: activity.AnchorDay, Offset: 6, Measure: activity.WorkingDays, Basis: activity.ServiceDays, Minute: 540}, "2027-03-22 09:00"},
	}
	for _, c := range cases {
		c.r.Action = activity.Book
		if l, ok := c.r.Moment(c.g, day("2027-03-30")); !ok || show(l) != c.want {
			t.Errorf("%s: got %s, want %s", c.name, show(l), c.want)
		}
	}
	if l, _ := (activity.Rule{Action: activity.Book, Anchor: activity.AnchorDay}).Moment(activity.Ground{}, day("2027-03-30")); l.Instant().In(time.UTC).Hour() != 0 {
		t.Errorf("without a zone: %s", l.Instant().In(time.UTC))
	}
}
