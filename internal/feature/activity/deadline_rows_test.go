package activity_test

import (
	"testing"

	"parvis/internal/feature/activity"
)

// TestRowsOfTheRegulations goes through the kinds of deadline met in the regulations of towns, one case an example, each
// from the model that agents start from.
func TestRowsOfTheRegulations(t *testing.T) {
	const resident, working, single, variable = activity.Resident, activity.WorkingParents, activity.SingleWorkingParent, activity.VariableHours
	cases := []struct {
		name, model string
		quality     activity.Quality
		day         string
		want        map[activity.Action]string
	}{
		{"the eve at 9: Tuesday from Monday", "veille-9h", "", "2027-01-12", book("2027-01-11 09:00")},
		{"the eve at 9: Monday from Friday", "veille-9h", "", "2027-01-11", book("2027-01-08 09:00")},
		{"the eve at 9: Monday after a closed Friday", "veille-9h", "", "2027-01-25", book("2027-01-20 09:00")},
		{"the eve at 9: Tuesday after Easter Monday", "veille-9h", "", "2027-03-30", book("2027-03-26 09:00")},
		{"the eve at 9: first day after the holidays", "veille-9h", "", "2027-02-22", book("2027-02-05 09:00")},
		{"the eve at 9: first day after Christmas", "veille-9h", "", "2027-01-04", book("2026-12-18 09:00")},

		{"table: Monday by Wednesday evening", "tableau", "", "2027-01-11", book("2027-01-06 23:59")},
		{"table: Tuesday by Thursday evening", "tableau", "", "2027-01-12", book("2027-01-07 23:59")},
		{"table: Wednesday by Friday evening", "tableau", "", "2027-01-13", book("2027-01-08 23:59")},
		{"table: Thursday by Monday evening", "tableau", "", "2027-01-14", book("2027-01-11 23:59")},
		{"table: Friday by Tuesday evening", "tableau", "", "2027-01-15", book("2027-01-12 23:59")},
		{"table: Saturday is in no line", "tableau", "", "2027-01-16", book("unset")},

		{"whole next week: Tuesday 23:59", "semaine-mardi", "", "2027-01-15", book("2027-01-05 23:59")},
		{"whole next week: Wednesday midnight", "semaine-mercredi", "", "2027-01-11", book("2027-01-06 23:59")},
		{"whole next week: Thursday 12:00", "semaine-jeudi-midi", "", "2027-01-11", book("2027-01-07 12:00")},
		{"whole next week: Thursday 23:59", "semaine-jeudi", "", "2027-01-11", book("2027-01-07 23:59")},
		{"whole next week: Thursday 23:59, its Friday", "semaine-jeudi", "", "2027-01-15", book("2027-01-07 23:59")},
		{"whole next week: the Thursday is in holidays", "semaine-jeudi", "", "2027-02-22", book("2027-02-04 23:59")},
		{"whole next week: the Thursday is a public holiday", "semaine-jeudi", "", "2027-05-10", book("2027-05-04 23:59")},
		{"whole next week: the Thursday is closed", "semaine-jeudi", "", "2027-01-25", book("2027-01-19 23:59")},
		{"whole next week: Friday 12:00", "semaine-vendredi-midi", "", "2027-01-11", book("2027-01-08 12:00")},
		{"whole next week: New Year's Day in the holidays", "semaine-vendredi-midi", "", "2027-01-04", book("2026-12-18 12:00")},

		{"72 hours before", "heures-72", "", "2027-01-14", book("2027-01-11 11:30")},
		{"72 hours before, summer time between", "heures-72", "", "2027-03-30", book("2027-03-27 11:30")},
		{"48 hours before", "heures-48", "", "2027-01-14", book("2027-01-12 11:30")},
		{"48 hours before, winter time between", "heures-48", "", "2026-10-26", book("2026-10-24 11:30")},

		{"8 days", "jours-8", "", "2028-03-08", book("2028-02-29 23:59")},
		{"15 clear days", "francs-15", "", "2028-03-16", book("2028-02-29 23:59")},

		{"15 working days to book, 16 to cancel", "ouvres-15-16", "", "2027-01-29", both("2027-01-08 23:59", "2027-01-07 23:59")},
		{"15 and 16 working days over public holidays", "ouvres-15-16", "", "2027-05-21", both("2027-04-28 23:59", "2027-04-27 23:59")},
		{"2 working days to book, the eve at noon to cancel", "ouvres-2-veille", "", "2027-01-12", both("2027-01-08 23:59", "2027-01-11 12:00")},
		{"2 working days before a Monday", "ouvres-2-veille", "", "2027-01-11", both("2027-01-07 23:59", "2027-01-10 12:00")},

		{"last Tuesday of the month before", "dates-mois", "", "2027-03-01", book("2027-02-23 23:59")},
		{"last Tuesday is 29 February", "dates-mois", "", "2028-03-31", book("2028-02-29 23:59")},

		{"Wednesdays from 6 weeks to the eve, cancel until J-7", "mercredis", "", "2027-01-13",
			map[activity.Action]string{activity.OpenFrom: "2026-12-02 00:00", activity.Book: "2027-01-12 09:00", activity.Cancel: "2027-01-06 23:59"}},
		{"holidays: 6 weeks to 3 weeks before", "vacances-6-3", "", "2027-02-17", window("2026-12-28 00:00", "2027-01-18 23:59")},
		{"holidays: a day of no period has no date yet", "vacances-6-3", "", "2027-03-10", window("unset", "unset")},
		{"opens Saturday 9:00, closes Monday 23:00", "samedi-lundi", "", "2027-02-17", window("2026-12-26 09:00", "2027-01-18 23:00")},
		{"opens on a Sunday at 20:00", "dimanche-20h", "", "2027-02-17", window("2027-01-03 20:00", "2027-02-09 23:59")},
		{"summer weeks that nobody cancels", "semaines-ete", "", "2027-07-14", both("2027-06-14 23:59", "never")},

		{"one week first: those of the town", "residents-1", resident, "2027-02-17", window("2026-12-26 09:00", "2027-01-25 23:59")},
		{"one week first: the others", "residents-1", "", "2027-02-17", window("2027-01-02 09:00", "2027-01-25 23:59")},
		{"two weeks first: those of the town", "residents-2", resident, "2027-02-17", window("2026-12-19 09:00", "2027-01-25 23:59")},
		{"two weeks first: the others", "residents-2", "", "2027-02-17", window("2027-01-02 09:00", "2027-01-25 23:59")},
		{"working parents first", "parents-actifs", working, "2027-02-17", window("2026-12-26 09:00", "2027-01-25 23:59")},
		{"single working parent first of all", "parents-actifs", single, "2027-02-17", window("2026-12-19 09:00", "2027-01-25 23:59")},
		{"neither: after them", "parents-actifs", resident, "2027-02-17", window("2027-01-02 09:00", "2027-01-25 23:59")},
		{"variable hours: exempted until the eve at noon", "horaires-variables", variable, "2027-01-15", book("2027-01-14 12:00")},
		{"variable hours: an exemption never takes away", "horaires-variables", variable, "2026-05-11", book("2026-05-07 23:59")},
		{"variable hours: the others keep to Thursday", "horaires-variables", "", "2027-01-15", book("2027-01-07 23:59")},
	}
	g := ground(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := model(t, c.model).Window(g, day(c.day), []activity.Quality{c.quality})
			for action, want := range c.want {
				got := w.Open
				if action != activity.OpenFrom {
					got = w.Last(action)
				}
				if show(got) != want {
					t.Errorf("%s: got %s, want %s", action, show(got), want)
				}
			}
		})
	}
}

// book is the limit of everything where only booking has a rule.
func book(until string) map[activity.Action]string {
	if until == "unset" {
		return map[activity.Action]string{activity.Book: until, activity.Change: until}
	}
	return map[activity.Action]string{activity.OpenFrom: "always", activity.Book: until, activity.Change: until, activity.Cancel: until}
}

func both(book, cancel string) map[activity.Action]string {
	return map[activity.Action]string{activity.Book: book, activity.Change: book, activity.Cancel: cancel}
}

func window(open, book string) map[activity.Action]string {
	return map[activity.Action]string{activity.OpenFrom: open, activity.Book: book}
}

// TestAfterTheDeadline goes through what towns do with a booking that comes late: the word that a family reads, and until
// when. The deadline is Thursday 7 January at 23:59 for Monday 11, but where said.
func TestAfterTheDeadline(t *testing.T) {
	cases := []struct {
		name, model, day, now string
		want                  activity.Standing
		sentence              string
	}{
		{"refused", "apres-refus", "2027-01-11", "2027-01-08 08:00", activity.TooLate, "Trop tard depuis hier jeudi 7 à 23 h 59."},
		{"half more, twice forgiven", "apres-50", "2027-01-11", "2027-01-08 00:00", activity.Late,
			"Délai passé depuis hier jeudi 7 à 23 h 59 : possible jusqu’au lundi 11 janvier à 11 h 30, avec une majoration de 50 %, sans majoration les 2 premières fois de l’année."},
		{"half more, during the last minute", "apres-50", "2027-01-11", "2027-01-07 23:59", activity.Free, "Réservable jusqu’à aujourd’hui à 23 h 59."},
		{"twice the price", "apres-double", "2027-01-11", "2027-01-09 08:00", activity.Late,
			"Délai passé depuis le jeudi 7 janvier à 23 h 59 : possible jusqu’au lundi 11 janvier à 11 h 30, au double du prix."},
		{"surcharge on the first two", "apres-deux", "2027-01-11", "2027-01-10 08:00", activity.Late,
			"Délai passé depuis le jeudi 7 janvier à 23 h 59 : possible jusqu’à demain lundi 11 à 11 h 30, avec un supplément de 2,00 € par jour, pour les 2 premiers jours du mois."},
		{"the first two meals of the month dearer", "dates-mois", "2027-02-15", "2027-01-27 08:00", activity.Late,
			"Délai passé depuis hier mardi 26 à 23 h 59 : possible jusqu’au lundi 15 février à 11 h 30, avec une majoration de 50 %, pour les 2 premiers jours du mois."},
		{"no quotient after 48 hours", "heures-48", "2027-01-11", "2027-01-09 11:31", activity.Late,
			"Délai passé depuis aujourd’hui à 11 h 30 : possible jusqu’au lundi 11 janvier à 11 h 30, sans tenir compte du quotient familial."},
		{"the box until 9 that morning", "apres-case", "2027-01-11", "2027-01-11 09:00", activity.Late,
			"Délai passé depuis le jeudi 7 janvier à 23 h 59 : possible jusqu’à aujourd’hui à 9 h, comme « repas hors délai », avec un supplément de 1,50 € par jour."},
		{"the box, after 9", "apres-case", "2027-01-11", "2027-01-11 09:01", activity.TooLate, "Trop tard depuis le jeudi 7 janvier à 23 h 59."},
		{"a request to an agent", "apres-demande", "2027-01-11", "2027-01-11 11:30", activity.Late,
			"Délai passé depuis le jeudi 7 janvier à 23 h 59 : demande possible jusqu’à aujourd’hui à 11 h 30, le service répond."},
		{"a request once it started", "apres-demande", "2027-01-11", "2027-01-11 11:31", activity.TooLate, "Trop tard depuis le jeudi 7 janvier à 23 h 59."},
		{"nothing late for the past", "apres-50", "2027-01-11", "2027-01-12 00:00", activity.TooLate, "Trop tard depuis le jeudi 7 janvier à 23 h 59."},
	}
	g := ground(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			now := moment(t, c.now)
			w := model(t, c.model).Window(g, day(c.day), nil)
			v := activity.Decide(w, now, activity.Book)
			if got := plain(v.Sentence(day(c.now[:10]))); v.Is != c.want || got != c.sentence {
				t.Errorf("%s\n got %s\nwant %s (%s)", v.Is, got, c.sentence, c.want)
			}
			if cancel := activity.Decide(w, now, activity.Cancel).Is; cancel == activity.Late {
				t.Errorf("cancelling is %s", cancel)
			}
		})
	}
}
