package absence

import "parvis/internal/feature/person"

// Model is a part of rules that agents can start from, with the sentence that regulations write it in. Taken, its
// reasons are added, its incidents replace those of their kind, the rest is set.
type Model struct {
	Key      string
	Name     string
	Sentence string
	Part     Rules
}

const (
	eight     = 8 * 60
	halfEight = 8*60 + 30
	nine      = 9 * 60
	evening   = 18*60 + 30
)

// KeyOf is the key of a reason by its first label.
func KeyOf(label string) string {
	key := []byte(person.Fold(label))
	for i, c := range key {
		if c == ' ' {
			key[i] = '-'
		}
	}
	return string(key)
}

// Models are the starting points of the rule builder: each rule about absences, incidents, quotients and balances met in
// the regulations of French towns.
func Models() []Model {
	all := append(excusedModels(), townModels()...)
	all = append(all, incidentModels()...)
	return append(all, moneyModels()...)
}

func ill(tell, bring Moment, effect Effect) Rules {
	const label = "Enfant malade"
	return Rules{Reasons: []Reason{{Key: KeyOf(label), Label: label, By: ByFamily, Medical: true, Proof: true, Tell: tell, Bring: bring, Effect: effect}}}
}

func excusedModels() []Model {
	morning := Moment{Kind: ThatDay, Minute: nine}
	firstDay := Moment{Kind: ThatDay, Minute: lastMinute}
	free := Effect{Kind: Free}
	return []Model{
		{"malade-48h", "Enfant malade, certificat sous 48 heures", "Absence signalée le matin avant 9 h ; non facturée si le certificat médical arrive dans les 48 heures.",
			ill(morning, Moment{Kind: HoursAfter, Count: 48}, free)},
		{"malade-7j", "Enfant malade, certificat sous 7 jours", "Non facturée si le certificat médical arrive dans les 7 jours.",
			ill(firstDay, Moment{Kind: DaysAfter, Count: 7, Minute: lastMinute}, free)},
		{"malade-8j", "Enfant malade, certificat sous 8 jours", "Non facturée si le certificat médical arrive dans les 8 jours.",
			ill(firstDay, Moment{Kind: DaysAfter, Count: 8, Minute: lastMinute}, free)},
		{"malade-mois", "Enfant malade, certificat avant la fin du mois", "Signalée le premier jour, certificat avant la fin du mois.",
			ill(firstDay, Moment{Kind: MonthEnd}, free)},
		{"malade-deux-jours", "Enfant malade, deux jours pris en charge par la commune", "Les deux premiers jours ne sont pas facturés, sans justificatif ; au-delà, un certificat sous 8 jours.",
			ill(firstDay, Moment{Kind: DaysAfter, Count: 8, Minute: lastMinute}, Effect{Kind: FirstFree, Days: 2})},
		{"malade-carence", "Enfant malade, premier jour facturé", "Le premier jour reste facturé ; les suivants non, avec un certificat sous 8 jours.",
			ill(firstDay, Moment{Kind: DaysAfter, Count: 8, Minute: lastMinute}, Effect{Kind: FirstBilled, Days: 1})},
		{"malade-appel", "Enfant malade, à signaler de 8 h à 8 h 30", "Signalée le matin même entre 8 h et 8 h 30, sans justificatif.",
			func() Rules {
				r := ill(Moment{Kind: ThatDay, Opens: eight, Minute: halfEight}, Moment{Kind: Anytime}, free)
				r.Reasons[0].Proof = false
				return r
			}()},
		{"prevenu", "Absence prévue, moitié du prix", "Signalée deux jours avant : la moitié du prix, sans justificatif.",
			Rules{Reasons: []Reason{{Key: "absence-prevue", Label: "Absence prévue", By: ByFamily, Tell: Moment{Kind: DaysBefore, Count: 2, Minute: lastMinute},
				Bring: Moment{Kind: Anytime}, Effect: Effect{Kind: Share, Percent: 50}}}}},
		{"autre", "Autre raison, facturée", "Toute autre absence reste facturée ; la signaler rassure l’équipe.",
			Rules{Reasons: []Reason{{Key: "autre-raison", Label: "Autre raison", By: ByFamily, Tell: Moment{Kind: Anytime}, Bring: Moment{Kind: Anytime}, Effect: Effect{Kind: Billed}}}}},
	}
}

func townModels() []Model {
	model := func(key, name, label, sentence string, by Party, tell Moment, e Effect) Model {
		return Model{key, name, sentence, Rules{Reasons: []Reason{{Key: KeyOf(label), Label: label, By: by, Tell: tell, Bring: Moment{Kind: Anytime}, Effect: e}}}}
	}
	free, any := Effect{Kind: Free}, Moment{Kind: Anytime}
	return []Model{
		model("greve", "Grève", "Grève", "Une grève n’est pas facturée, sans justificatif.", ByTown, any, free),
		model("enseignant", "Enseignant absent non remplacé", "Enseignant non remplacé", "L’absence d’un enseignant non remplacé n’est pas facturée.", ByTown, any, free),
		model("renvoye", "Enfant renvoyé chez lui", "Enfant renvoyé chez lui", "Un enfant que l’école renvoie chez lui n’est pas facturé.", ByTown, any, free),
		model("sortie", "Sortie scolaire", "Sortie scolaire", "Une sortie scolaire n’est pas facturée.", ByTown, any, free),
		model("sortie-annuler", "Sortie scolaire, que les familles annulent", "Sortie scolaire", "Les familles doivent l’annuler elles-mêmes, 8 jours avant ; sinon le repas est facturé.",
			ByFamily, Moment{Kind: DaysBefore, Count: 8, Minute: lastMinute}, free),
	}
}

func incidentModels() []Model {
	model := func(key, name, sentence string, x Incident) Model {
		return Model{key, name, sentence, Rules{Incidents: []Incident{x}}}
	}
	return []Model{
		model("sans-10", "Présence sans réservation : 10 €", "Une présence sans réservation coûte 10 €.", Incident{Kind: Unbooked, Price: Flat, Amount: 1000, Forgiven: 1, Span: PerYear}),
		model("sans-13", "Présence sans réservation : 13 € le repas", "Chaque repas sans réservation coûte 13 €.", Incident{Kind: Unbooked, Price: PerUnit, Amount: 1300, Forgiven: 1, Span: PerYear}),
		model("sans-revient", "Présence sans réservation : prix de revient", "Le repas sans réservation est au prix de revient, sans tenir compte du quotient.",
			Incident{Kind: Unbooked, Price: CostPrice, Forgiven: 1, Span: PerYear}),
		model("sans-3", "Présence sans réservation : + 3 €", "3 € de plus que le tarif.", Incident{Kind: Unbooked, Price: Surcharge, Amount: 300, Forgiven: 1, Span: PerMonth}),
		model("sans-double-7", "Présence sans réservation : double à partir de la 7e", "À partir de la 7e de la période, le double du tarif.",
			Incident{Kind: Unbooked, Price: Percent, Percent: 100, Forgiven: 6, Span: PerPeriod}),
		model("sans-haut", "Présence sans réservation : tarif le plus élevé", "Le tarif le plus élevé ; il double à partir de la 7e fois de l’année.",
			Incident{Kind: Unbooked, Price: TopTariff, Forgiven: 2, Times: 2, TimesFrom: 7, Span: PerYear}),
		model("retard-15", "Retard répété : + 15 €", "Un retard après 18 h 30 coûte 15 € s’il se répète ; 10 minutes de tolérance.",
			Incident{Kind: LatePickup, Price: Flat, Amount: 1500, Forgiven: 1, Span: PerYear, After: evening, Tolerance: 10}),
		model("absent-prevenir", "Enfant attendu et absent : prévenir", "La famille est prévenue le soir même ; le jour réservé reste facturé, rien de plus.",
			Incident{Kind: Missing, Price: NoPrice, Span: PerYear}),
		model("absent-5", "Enfant attendu et absent : + 5 €", "À partir de la 3e fois du mois, 5 € en plus du jour réservé.",
			Incident{Kind: Missing, Price: Surcharge, Amount: 500, Forgiven: 2, Span: PerMonth}),
	}
}

func moneyModels() []Model {
	return []Model{
		{"quotient-preuve", "Sans quotient : tarif le plus élevé jusqu’au justificatif", "Sans quotient connu, le tarif le plus élevé ; le quotient compte dès le jour du justificatif.", Rules{Quotient: FromProof}},
		{"quotient-mois", "Sans quotient : tarif le plus élevé jusqu’au mois suivant", "Sans quotient connu, le tarif le plus élevé ; le quotient compte à partir du mois qui suit le justificatif.", Rules{Quotient: FromMonthAfter}},
		{"impaye-100", "Impayé : réservation fermée au-delà de 100 €", "Au-delà de 100 € en retard, la famille ne réserve plus ; le service peut en dispenser une famille.", Rules{Debt: Debt{On: true, Over: 10000}}},
	}
}

// With adds a part to rules.
func (r Rules) With(part Rules) Rules {
	reasons := append([]Reason(nil), r.Reasons...)
	for _, x := range part.Reasons {
		at := len(reasons)
		for i, have := range reasons {
			if have.Key == x.Key {
				at = i
			}
		}
		reasons = append(reasons[:at], append([]Reason{x}, reasons[min(at+1, len(reasons)):]...)...)
	}
	incidents := append([]Incident(nil), part.Incidents...)
	for _, x := range r.Incidents {
		if _, replaced := part.Incident(x.Kind); !replaced {
			incidents = append(incidents, x)
		}
	}
	r.Reasons, r.Incidents = reasons, sortedIncidents(incidents)
	if part.Debt.On {
		r.Debt = part.Debt
	}
	if part.Quotient != NoQuotientRule {
		r.Quotient = part.Quotient
	}
	return r
}

func sortedIncidents(all []Incident) []Incident {
	var out []Incident
	for _, k := range Kinds() {
		for _, x := range all {
			if x.Kind == k {
				out = append(out, x)
			}
		}
	}
	return out
}
