package billing

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

func paidColumns() []web.Column {
	return []web.Column{{Label: "Facture"}, {Label: "Numéro"}, {Label: "Montant", Numeric: true}, {Label: "Réglé", Numeric: true}}
}

func (y paidYear) rows() [][]templ.Component {
	var rows [][]templ.Component
	for _, i := range y.Invoices {
		rows = append(rows, []templ.Component{web.Text(i.Title()), web.Text(i.Number), web.Text(i.Amount.String()), web.Text(i.Paid.String())})
	}
	return rows
}

func (y paidYear) total() []templ.Component {
	return []templ.Component{web.Text("Total réglé"), web.Text(""), web.Text(""), web.Text(y.Paid.String())}
}

func panelColumns() []web.Column {
	return []web.Column{{Label: "Facture"}, {Label: "Numéro"}, {Label: "Échéance"}, {Label: "État"}, {Label: "Montant", Numeric: true}, {Label: "Réglé", Numeric: true}}
}

func panelRows(s account, today civil.Date) [][]templ.Component {
	var rows [][]templ.Component
	for _, i := range s.Invoices {
		rows = append(rows, []templ.Component{web.Text(i.Title()), web.Text(i.Number), web.Text(i.DueOn.French()),
			tagOf(i.Word(today)), web.Text(i.Amount.String()), web.Text(i.Paid.String())})
	}
	return rows
}

func (v invoiceView) rows() []web.Row {
	return []web.Row{{Label: "Période", Value: ofPeriod(v.Period)}, {Label: "Émise le", Value: v.IssuedOn.Long()},
		{Label: "À payer avant le", Value: v.DueOn.Long()}, {Label: "Montant", Value: v.Amount.String()},
		{Label: "Déjà réglé", Value: v.Paid.String()}, {Label: "Reste à payer", Value: v.Left().String()}}
}

func ofPeriod(period string) string {
	d, err := civil.ParseDate(period + "-01")
	if err != nil {
		return period
	}
	return d.MonthYear()
}

// rest is the invoices with nothing left to pay, latest first; those to pay stand above them.
func (v listView) rest() []Invoice {
	var all []Invoice
	for _, i := range v.Invoices {
		if i.Left() <= 0 {
			all = append(all, i)
		}
	}
	return all
}

func (v listView) restTitle() string {
	if len(v.Due) > 0 {
		return "Autres factures"
	}
	return "Toutes les factures"
}
