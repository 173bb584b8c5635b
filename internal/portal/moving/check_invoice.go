package moving

import "parvis/internal/base/money"

// Columns of factures.csv.
const (
	invNumber = iota
	invFamily
	invPeriod
	invIssued
	invDue
	invOwed
	invPaid
	invState
)

func (c *checker) invoices(s *sheet) error {
	return c.each(s, func(l *lineCheck) {
		v := invoice{line: l.r.line, number: l.text(invNumber), sum: l.sum()}
		first, taken := c.numbers[v.number]
		switch {
		case v.number == "":
			l.fault("NUMERO", "Le numéro de la facture manque.")
		case taken:
			l.fault("NUMERO", "La facture %s est déjà donnée à la ligne %d.", clip(v.number), first)
		default:
			c.numbers[v.number] = l.r.line
		}
		f := l.family(invFamily)
		var ok bool
		if v.period, ok = parsePeriod(l.get(invPeriod)); !ok {
			l.fault("PERIODE", "« %s » n’est pas un mois (AAAA-MM).", clip(l.get(invPeriod)))
		}
		v.issued, _ = l.day(invIssued, true)
		v.due, _ = l.day(invDue, false)
		switch {
		case v.due.IsZero() && l.get(invDue) == "":
			l.doubt("ECHEANCE", "L’échéance manque : la date d’émission en tient lieu.")
			v.due = v.issued
		case v.due.Before(v.issued):
			l.doubt("ECHEANCE", "L’échéance est avant l’émission.")
		}
		l.sums(&v)
		if l.refused == "" {
			f.invoices = append(f.invoices, v)
		}
	})
}

// sums reads what was owed and paid, and compares them with the state.
func (l *lineCheck) sums(v *invoice) {
	var owedOK, paidOK bool
	v.owed, owedOK = l.amount(invOwed)
	if l.get(invPaid) == "" {
		paidOK = true
	} else {
		v.paid, paidOK = l.amount(invPaid)
	}
	word, ok := parseSettled(l.get(invState))
	if !ok {
		l.fault("ETAT", "L’état « %s » est inconnu.", clip(l.get(invState)))
	}
	if !owedOK || !paidOK {
		return
	}
	if v.paid > v.owed {
		l.fault("REGLE", "La somme réglée (%s) dépasse la somme due (%s).", v.paid, v.owed)
		return
	}
	if ok && word != settlement(v.owed, v.paid) && !(word == fully && v.owed == v.paid) {
		l.doubt("ETAT", "L’état ne s’accorde pas avec les sommes : %s réglés sur %s.", v.paid, v.owed)
	}
}

func settlement(owed, paid money.Cents) settled {
	switch {
	case paid >= owed && owed > 0:
		return fully
	case paid > 0:
		return partly
	}
	return unsettled
}

func (l *lineCheck) amount(column int) (money.Cents, bool) {
	s := l.get(column)
	m, err := money.Parse(s)
	switch {
	case err != nil:
		l.fault(l.column(column), "« %s » n’est pas un montant.", clip(s))
	case m < 0:
		l.fault(l.column(column), "Un montant négatif (%s) ne peut pas être repris.", clip(s))
	}
	return m, err == nil && m >= 0
}
