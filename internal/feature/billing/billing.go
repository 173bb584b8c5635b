// Package billing keeps what families owe: the invoices of the old portal, read only; runs and payments build on
// the same table.
//
// It owns the table invoice. It computes no price (tariff) and takes no payment yet: pages say how the town is paid
// today.
package billing

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/money"
	"parvis/internal/feature/family"
)

// ID names an invoice.
type ID string

// The rights of agents over invoices.
const (
	Read  actor.Right = "billing.read"
	Write actor.Right = "billing.write"
)

// State tells whether an invoice counts. What families read (à payer, en retard…) is computed: see Invoice.Word.
type State string

// The states of an invoice.
const (
	Issued    State = "issued"
	Cancelled State = "cancelled"
)

// Invoice is what one family owes for one month. Paid never exceeds Amount.
type Invoice struct {
	ID       ID
	Number   string
	Family   family.ID
	Period   string // "2026-10"
	IssuedOn civil.Date
	DueOn    civil.Date
	Amount   money.Cents
	Paid     money.Cents
	State    State
}

// InsertImported writes an invoice of the old portal. A known number is a conflict; more paid than owed is
// refused. State is Issued when empty.
func InsertImported(tx *db.Tx, now time.Time, a actor.Actor, i Invoice) (ID, error) {
	if !a.Can(Write) {
		return "", fault.New(fault.Forbidden, "")
	}
	if i.Paid > i.Amount || i.Paid < 0 {
		return "", fault.InvalidFields(fault.Field{Name: "regle", Sentence: "Le montant réglé dépasse le montant dû."})
	}
	if i.State == "" {
		i.State = Issued
	}
	i.ID = ID(db.NewID())
	added, err := insert(tx, now, i)
	if err != nil {
		return "", fmt.Errorf("insert invoice: %w", err)
	}
	if !added {
		return "", fault.New(fault.Conflict, "Une facture porte déjà ce numéro.")
	}
	return i.ID, audit.Write(tx, now, a, audit.Entry{Action: "billing.invoice.imported", Object: "invoice", ID: string(i.ID), Detail: i.Number})
}
