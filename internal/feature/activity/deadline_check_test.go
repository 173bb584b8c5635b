package activity_test

import (
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"

	"github.com/google/go-cmp/cmp"
)

func TestCheckAcceptsEveryModel(t *testing.T) {
	g := ground(t)
	g.Service = func(d civil.Date) bool { _, in := g.Period(d); return in || g.School(d) }
	takes := activity.On(time.Monday) | activity.On(time.Tuesday) | activity.On(time.Wednesday) | activity.On(time.Thursday) | activity.On(time.Friday)
	for _, m := range activity.Models(2026) {
		if got := m.Policy.Check(g, takes, day("2026-09-01")); len(got) > 0 {
			t.Errorf("%s: %v", m.Key, got)
		}
		if m.Key == "" || m.Name == "" || m.Sentence == "" || len(m.Policy.Rules) == 0 {
			t.Errorf("%+v lacks words or rules", m)
		}
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	type R = activity.Rule
	refuse := activity.After{Kind: activity.AfterRefuse}
	on := func(minute int) R {
		return R{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Minute: minute}
	}
	dates := activity.MonthlyDates(2026, time.Tuesday, 1439)
	overlap := append(dates[:2:2], activity.TableDates{Days: dates[1].Days, On: day("2026-09-01"), Minute: 1439})
	cases := []struct {
		name  string
		after activity.After
		rules []R
		want  []fault.Field
	}{
		{"a minute that no clock shows", refuse, []R{on(1440)}, []fault.Field{{Name: "reserver_heure", Sentence: "Indiquez une heure de 0 h à 23 h 59."}}},
		{"midnight", refuse, []R{on(0)}, []fault.Field{{Name: "reserver_heure", Sentence: "Minuit peut se lire de deux façons : choisissez 23 h 59, la veille ou le jour même."}}},
		{"an offset below zero", refuse, []R{{Action: activity.Cancel, Anchor: activity.AnchorDay, Offset: -1, Measure: activity.Days, Minute: 540}},
			[]fault.Field{{Name: "annuler_nombre", Sentence: "Indiquez un nombre de jours de 0 à 400."}}},
		{"an offset of years", refuse, []R{{Action: activity.Cancel, Anchor: activity.AnchorDay, Offset: 401, Measure: activity.Hours}},
			[]fault.Field{{Name: "annuler_nombre", Sentence: "Indiquez un nombre d’heures de 0 à 400."}}},
		{"an offset without measure", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorDay, Minute: 540}},
			[]fault.Field{{Name: "reserver_mesure", Sentence: "Choisissez des heures, des jours ou des semaines."}}},
		{"hours before a period", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorPeriod, Offset: 48, Measure: activity.Hours}},
			[]fault.Field{{Name: "reserver_mesure", Sentence: "Avant une période, comptez en jours ou en semaines."}}},
		{"working days of no basis", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 2, Measure: activity.WorkingDays, Minute: 540}},
			[]fault.Field{{Name: "reserver_base", Sentence: "Choisissez les jours qui comptent : ouvrés, ouvrables, d’école ou d’activité."}}},
		{"no rule chosen", refuse, []R{{Action: activity.Book, For: activity.Resident}}, []fault.Field{{Name: "reserver_resident_regle", Sentence: "Choisissez une règle."}}},
		{"a weekday without its line", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorTable, Weekdays: []activity.TableDay{{For: time.Monday, On: time.Friday, Minute: 540}}}},
			[]fault.Field{{Name: "reserver_tableau", Sentence: "L’activité a lieu le mardi : indiquez son jour limite."}}},
		{"a weekday twice", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorTable, Weekdays: []activity.TableDay{
			{For: time.Monday, On: time.Friday, Minute: 540}, {For: time.Tuesday, On: time.Friday, Minute: 540}, {For: time.Monday, On: time.Thursday, Minute: 540}}}},
			[]fault.Field{{Name: "reserver_tableau", Sentence: "Le lundi est deux fois dans le tableau."}}},
		{"dates that overlap", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorDates, Dates: overlap}},
			[]fault.Field{{Name: "reserver_dates", Sentence: "Ligne 3 : des jours à partir du jeudi 1er octobre 2026 ont déjà une date."}}},
		{"a date after its days began", refuse, []R{{Action: activity.Book, Anchor: activity.AnchorDates, Dates: []activity.TableDates{{Days: dates[0].Days, On: day("2026-09-02"), Minute: 540}}}},
			[]fault.Field{{Name: "reserver_dates", Sentence: "Ligne 1 : le mercredi 2 septembre 2026 vient après le premier jour concerné, le mardi 1er septembre 2026."}}},
		{"the same rule twice", refuse, []R{on(540), on(720)}, []fault.Field{{Name: "reserver_regle", Sentence: "Deux règles disent la même chose pour les mêmes familles : gardez-en une."}}},
		{"cancelling after the day", refuse, []R{{Action: activity.Cancel, Anchor: activity.AnchorWeek, Weekday: time.Wednesday, Minute: 540}},
			[]fault.Field{{Name: "annuler_regle", Sentence: "Pour le lundi 11 janvier 2027, la date serait le mercredi 13 janvier 2027 à 9 h : après le jour lui-même."}}},
		{"opening after closing", refuse, []R{{Action: activity.OpenFrom, Anchor: activity.AnchorDay, Offset: 2, Measure: activity.Days, Minute: 540},
			{Action: activity.Book, Anchor: activity.AnchorWeek, Offset: 1, Weekday: time.Thursday, Minute: 1439}},
			[]fault.Field{{Name: "ouvrir_regle", Sentence: "Pour le lundi 11 janvier 2027, les réservations ouvriraient le samedi 9 janvier 2027 à 9 h, après la date limite : le jeudi 7 janvier 2027 à 23 h 59."}}},
		{"late before the deadline", activity.After{Kind: activity.AfterRequest}, []R{on(540), {Action: activity.LateUntil, Anchor: activity.AnchorDay, Offset: 3, Measure: activity.Days, Minute: 540}},
			[]fault.Field{{Name: "retard_regle", Sentence: "Pour le lundi 11 janvier 2027, les retards s’arrêteraient le vendredi 8 janvier 2027 à 9 h, avant le délai normal : le dimanche 10 janvier 2027 à 9 h."}}},
		{"a surcharge of nothing", activity.After{Kind: activity.AfterSurcharge}, nil, []fault.Field{{Name: "apres_majoration", Sentence: "Indiquez la majoration : un pourcentage, un montant, ou le prix sans quotient."}}},
		{"nothing chosen after", activity.After{}, nil, []fault.Field{{Name: "apres_genre", Sentence: "Choisissez ce qui se passe après le délai."}}},
	}
	g := ground(t)
	takes := activity.On(time.Monday) | activity.On(time.Tuesday)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := activity.Policy{Rules: c.rules, After: c.after}.Check(g, takes, day("2027-01-06"))
			for i := range got {
				got[i].Sentence = plain(got[i].Sentence)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// BenchmarkWindows is the deadlines of a child's month: six activities, 31 days.
func BenchmarkWindows(b *testing.B) {
	g := ground(b)
	var policies []activity.Policy
	for _, key := range []string{"veille-9h", "semaine-jeudi", "ouvres-15-16", "mercredis", "parents-actifs", "dates-mois"} {
		policies = append(policies, model(b, key))
	}
	qualities := []activity.Quality{activity.Resident, activity.WorkingParents}
	first, now := day("2027-02-01"), moment(b, "2027-01-20 10:00")
	free := 0
	for b.Loop() {
		for i := range 31 {
			d := first.AddDays(i)
			for _, p := range policies {
				if activity.Decide(p.Window(g, d, qualities), now, activity.Book).Is == activity.Free {
					free++
				}
			}
		}
	}
	if free == 0 {
		b.Error("nothing is free")
	}
}
