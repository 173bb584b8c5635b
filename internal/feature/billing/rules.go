package billing

import (
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/base/web"
)

// The marks of an invoice.
var (
	markDue       = web.Mark{Tone: web.Warning, Icon: "receipt", Word: "À payer"}
	markLate      = web.Mark{Tone: web.Error, Icon: "alert", Word: "En retard"}
	markPartial   = web.Mark{Tone: web.Warning, Icon: "receipt", Word: "Partiellement payée"}
	markPaid      = web.Mark{Tone: web.OK, Icon: "check", Word: "Payée"}
	markCancelled = web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Annulée"}
)

// Left is what remains to pay, nothing for a cancelled invoice.
func (i Invoice) Left() money.Cents {
	if i.State == Cancelled {
		return 0
	}
	return i.Amount - i.Paid
}

// Late tells whether something remains to pay after the last day.
func (i Invoice) Late(today civil.Date) bool { return i.Left() > 0 && i.DueOn.Before(today) }

// Word computes the invoice's state in words on a day.
func (i Invoice) Word(today civil.Date) web.Mark {
	switch {
	case i.State == Cancelled:
		return markCancelled
	case i.Left() <= 0:
		return markPaid
	case i.Late(today):
		return markLate
	case i.Paid > 0:
		return markPartial
	}
	return markDue
}

// Title is "Facture d’octobre 2026".
func (i Invoice) Title() string { return "Facture " + ofMonth(i.Period) }

func ofMonth(period string) string {
	d, err := civil.ParseDate(period + "-01")
	if err != nil {
		return "de " + period
	}
	name := d.MonthYear()
	if strings.ContainsAny(name[:1], "ao") { // avril, août, octobre
		return "d’" + name
	}
	return "de " + name
}

// line is "N° 2026-000002, émise le 05/11/2026".
func (i Invoice) line() string { return "N°\u00a0" + i.Number + ", émise le " + i.IssuedOn.French() }

// account is where a family stands.
type account struct {
	Invoices []Invoice
	Due      []Invoice // something left, the first to pay first
	Left     money.Cents
	Late     bool
}

func sumUp(all []Invoice, today civil.Date) account {
	s := account{Invoices: all}
	for i := len(all) - 1; i >= 0; i-- { // oldest first
		if left := all[i].Left(); left > 0 {
			s.Due = append(s.Due, all[i])
			s.Left += left
			s.Late = s.Late || all[i].Late(today)
		}
	}
	return s
}

// before is the first day by which something is to be paid.
func (s account) before() civil.Date {
	var first civil.Date
	for _, i := range s.Due {
		if first.IsZero() || i.DueOn.Before(first) {
			first = i.DueOn
		}
	}
	return first
}

// fact is the tile's line: "2 à payer", "1 en retard".
func (s account) fact(today civil.Date) string {
	late := 0
	for _, i := range s.Due {
		if i.Late(today) {
			late++
		}
	}
	switch {
	case len(s.Invoices) == 0:
		return "Aucune facture"
	case late > 0:
		return strconv.Itoa(late) + " en retard"
	case len(s.Due) > 0:
		return strconv.Itoa(len(s.Due)) + " à payer"
	}
	return "Tout est payé"
}

// paidYear is what was paid of the invoices issued in a year.
type paidYear struct {
	Year     int
	Invoices []Invoice
	Paid     money.Cents
}

// paidByYear groups what was paid, in full or in part, latest year first.
func paidByYear(all []Invoice) []paidYear {
	var years []paidYear
	for _, i := range all {
		if i.Paid == 0 || i.State == Cancelled {
			continue
		}
		if n := len(years); n == 0 || years[n-1].Year != i.IssuedOn.Year {
			years = append(years, paidYear{Year: i.IssuedOn.Year})
		}
		y := &years[len(years)-1]
		y.Invoices = append(y.Invoices, i)
		y.Paid += i.Paid
	}
	return years
}
