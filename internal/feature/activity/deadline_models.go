package activity

import (
	"time"

	"parvis/internal/base/civil"
)

// Model is a policy that agents can start from, with the sentence that regulations write it in.
type Model struct {
	Key      string
	Name     string
	Sentence string
	Policy   Policy
}

const (
	nine   = 9 * 60
	noon   = 12 * 60
	eight  = 20 * 60
	eleven = 23 * 60
)

// Models are the starting points that the rule builder offers: each kind of deadline met in the regulations of French
// towns. The year is for tables of dates, which name days.
func Models(year civil.SchoolYear) []Model {
	all := append(dayModels(), weekModels()...)
	all = append(all, countModels()...)
	all = append(all, periodModels()...)
	all = append(all, priorityModels()...)
	return append(all, afterModels(year)...)
}

func policy(rules ...Rule) Policy { return Policy{Rules: rules, After: After{Kind: AfterRefuse}} }

func (p Policy) then(a After) Policy {
	p.After = a
	return p
}

// eve is the day before at an hour, Friday for Monday, the last Friday before holidays for the first day after.
func eve(action Action, minute int) Rule {
	return Rule{Action: action, Anchor: AnchorDay, Offset: 1, Measure: WorkingDays, Basis: Weekday5, Minute: minute, Holiday: ShiftPrevious, Closed: ShiftPrevious}
}

func weekBefore(action Action, w time.Weekday, minute int) Rule {
	return Rule{Action: action, Anchor: AnchorWeek, Offset: 1, Weekday: w, Minute: minute, Basis: SchoolDays, Holiday: ShiftSame, Closed: ShiftPrevious}
}

func dayRule(action Action, n int, m Measure, minute int) Rule {
	return Rule{Action: action, Anchor: AnchorDay, Offset: n, Measure: m, Minute: minute}
}

func workingRule(action Action, n int, minute int) Rule {
	return Rule{Action: action, Anchor: AnchorDay, Offset: n, Measure: WorkingDays, Basis: Weekday5, Minute: minute}
}

func periodRule(action Action, weeks, minute int) Rule {
	return Rule{Action: action, Anchor: AnchorPeriod, Offset: weeks, Measure: Weeks, Minute: minute}
}

func periodDay(action Action, weeks int, w time.Weekday, minute int) Rule {
	r := periodRule(action, weeks, minute)
	r.Weekday, r.OnDay = w, true
	return r
}

func (r Rule) forOnly(q Quality) Rule {
	r.For = q
	return r
}

func dayModels() []Model {
	table := Rule{Action: Book, Anchor: AnchorTable, Basis: Weekday5, Holiday: ShiftPrevious, Closed: ShiftPrevious, Weekdays: []TableDay{
		{For: time.Monday, On: time.Wednesday, Minute: lastMinute},
		{For: time.Tuesday, On: time.Thursday, Minute: lastMinute},
		{For: time.Wednesday, On: time.Friday, Minute: lastMinute},
		{For: time.Thursday, On: time.Monday, Minute: lastMinute},
		{For: time.Friday, On: time.Tuesday, Minute: lastMinute},
	}}
	return []Model{
		{"veille-9h", "La veille à 9 h", "La veille avant 9 h, le vendredi 9 h pour le lundi\u202f; avant les vacances pour la rentrée.", policy(eve(Book, nine))},
		{"tableau", "Un jour limite par jour de la semaine", "Le lundi se réserve jusqu’au mercredi soir d’avant, le mardi jusqu’au jeudi soir… (trois jours ouvrés).", policy(table)},
	}
}

func weekModels() []Model {
	week := func(key, name string, w time.Weekday, minute int) Model {
		return Model{key, name, name + ", pour toute la semaine suivante.", policy(weekBefore(Book, w, minute))}
	}
	return []Model{
		week("semaine-mardi", "Le mardi soir", time.Tuesday, lastMinute),
		week("semaine-mercredi", "Le mercredi à minuit", time.Wednesday, lastMinute),
		week("semaine-jeudi-midi", "Le jeudi à 12 h", time.Thursday, noon),
		week("semaine-jeudi", "Le jeudi soir", time.Thursday, lastMinute),
		week("semaine-vendredi-midi", "Le vendredi à 12 h", time.Friday, noon),
	}
}

func countModels() []Model {
	return []Model{
		{"heures-72", "72 heures avant", "72 heures avant le début.", policy(dayRule(Book, 72, Hours, 0))},
		{"heures-48", "48 heures avant, sinon sans quotient", "48 heures avant le début\u202f; ensuite, sans tenir compte du quotient familial.",
			policy(dayRule(Book, 48, Hours, 0)).then(After{Kind: AfterSurcharge, FullPrice: true})},
		{"jours-8", "8 jours avant", "8 jours calendaires avant.", policy(dayRule(Book, 8, Days, lastMinute))},
		{"francs-15", "15 jours francs avant", "15 jours francs avant, pour les vacances.", policy(dayRule(Book, 15, ClearDays, lastMinute))},
		{"ouvres-15-16", "15 jours ouvrés, 16 pour annuler", "15 jours ouvrés avant pour réserver, 16 pour annuler.",
			policy(workingRule(Book, 15, lastMinute), workingRule(Cancel, 16, lastMinute))},
		{"ouvres-2-veille", "2 jours ouvrés, la veille pour annuler", "2 jours ouvrés avant pour réserver, la veille à 12 h pour annuler.",
			policy(workingRule(Book, 2, lastMinute), dayRule(Cancel, 1, Days, noon))},
	}
}

func periodModels() []Model {
	return []Model{
		{"mercredis", "Mercredis\u00a0: de 6 semaines avant à la veille", "Ouvert 6 semaines avant, jusqu’à la veille à 9 h\u202f; annulation jusqu’à 7 jours avant.",
			policy(dayRule(OpenFrom, 6, Weeks, 0), dayRule(Book, 1, Days, nine), dayRule(Cancel, 7, Days, lastMinute))},
		{"vacances-6-3", "Vacances\u00a0: de 6 à 3 semaines avant", "Ouvert 6 semaines avant les vacances, fermé 3 semaines avant.",
			policy(periodRule(OpenFrom, 6, 0), periodRule(Book, 3, lastMinute))},
		{"samedi-lundi", "Du samedi à 9 h au lundi à 23 h", "Ouvre le samedi à 9 h, 6 semaines avant la période, et ferme le lundi à 23 h, 3 semaines avant.",
			policy(periodDay(OpenFrom, 6, time.Saturday, nine), periodDay(Book, 3, time.Monday, eleven))},
		{"dimanche-20h", "Ouverture un dimanche à 20 h", "Ouvre un dimanche soir à 20 h, 5 semaines avant la période\u202f; 8 jours avant pour réserver.",
			policy(periodDay(OpenFrom, 5, time.Sunday, eight), dayRule(Book, 8, Days, lastMinute))},
		{"semaines-ete", "Semaines d’été, sans annulation", "Semaines entières, 3 semaines avant la période\u202f; rien ne s’annule.",
			policy(periodRule(Book, 3, lastMinute), Rule{Action: Cancel, Anchor: AnchorNever})},
	}
}

func priorityModels() []Model {
	open := func(weeks int) Rule { return periodDay(OpenFrom, weeks, time.Saturday, nine) }
	book := periodRule(Book, 2, lastMinute)
	return []Model{
		{"residents-1", "Familles de la commune une semaine avant", "Ouvert aux familles de la commune une semaine avant les autres.",
			policy(open(5), open(6).forOnly(Resident), book)},
		{"residents-2", "Familles de la commune deux semaines avant", "Ouvert aux familles de la commune deux semaines avant les autres.",
			policy(open(5), open(7).forOnly(Resident), book)},
		{"parents-actifs", "Parents qui travaillent d’abord", "Ouvert d’abord aux parents qui travaillent, aux parents seuls une semaine plus tôt encore.",
			policy(open(5), open(6).forOnly(WorkingParents), open(7).forOnly(SingleWorkingParent), book)},
		{"horaires-variables", "Horaires variables dispensés", "Le jeudi soir pour la semaine suivante\u202f; jusqu’à la veille à 12 h aux parents dont l’employeur atteste des horaires variables.",
			policy(weekBefore(Book, time.Thursday, lastMinute), eve(Book, noon).forOnly(VariableHours))},
	}
}

func afterModels(year civil.SchoolYear) []Model {
	base := policy(weekBefore(Book, time.Thursday, lastMinute))
	morning := Rule{Action: LateUntil, Anchor: AnchorDay, Measure: Days, Minute: nine}
	boxed := policy(weekBefore(Book, time.Thursday, lastMinute), morning)
	return []Model{
		{"dates-mois", "Avant le dernier mardi du mois", "Avant le dernier mardi du mois pour le mois suivant\u202f; ensuite les deux premiers repas coûtent plus cher.",
			policy(Rule{Action: Book, Anchor: AnchorDates, Dates: MonthlyDates(year, time.Tuesday, lastMinute)}).then(After{Kind: AfterSurcharge, Percent: 50, First: 2})},
		{"apres-refus", "Après le délai\u00a0: refusé", "Le jeudi soir pour la semaine suivante, rien ensuite.", base},
		{"apres-50", "Après le délai\u00a0: + 50\u202f%", "Le jeudi soir pour la semaine suivante, ensuite la moitié en plus.", base.then(After{Kind: AfterSurcharge, Percent: 50, Forgiven: 2})},
		{"apres-double", "Après le délai\u00a0: prix double", "Le jeudi soir pour la semaine suivante, ensuite le double.", base.then(After{Kind: AfterSurcharge, Percent: 100})},
		{"apres-deux", "Après le délai\u00a0: deux repas majorés", "Le jeudi soir pour la semaine suivante, ensuite un supplément sur les deux premiers.", base.then(After{Kind: AfterSurcharge, Flat: 200, First: 2})},
		{"apres-case", "Case «\u00a0repas hors délai\u00a0»", "Le jeudi soir pour la semaine suivante, ensuite une case «\u00a0repas hors délai\u00a0» jusqu’au matin à 9 h.", boxed.then(After{Kind: AfterSurcharge, Flat: 150, Label: "repas hors délai"})},
		{"apres-demande", "Après le délai\u00a0: demande à un agent", "Le jeudi soir pour la semaine suivante, ensuite une demande que le service tranche.", base.then(After{Kind: AfterRequest})},
	}
}

// MonthlyDates is a table of twelve dates, September to August: each month is due by the last such weekday of the month
// before.
func MonthlyDates(year civil.SchoolYear, w time.Weekday, minute int) []TableDates {
	all := make([]TableDates, 12)
	for i := range all {
		first := civil.NewDate(int(year), time.September+time.Month(i), 1)
		end := first.AddDays(-1)
		all[i] = TableDates{
			Days:   civil.Range{From: first, To: civil.NewDate(int(year), time.October+time.Month(i), 1).AddDays(-1)},
			On:     end.AddDays(-daysBack(end.Weekday(), w)),
			Minute: minute,
		}
	}
	return all
}
