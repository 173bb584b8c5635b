// Package tariff keeps what a family pays: today only the quotient familial that the old portal held, later bands
// and prices.
//
// It owns the table quotient. It does not make invoices (billing). A quotient is an income figure: agents read it
// with a right and the reading is logged, a family reads its own only.
package tariff

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
)

// The rights of agents over quotients.
const (
	QuotientRead  actor.Right = "tariff.quotient.read"
	QuotientWrite actor.Right = "tariff.quotient.write"
)

// Quotient is a family's income figure in euros, good from a day until the next one.
type Quotient struct {
	Value int
	From  civil.Date
}

// InsertQuotient notes a family's quotient from a day; one already noted for that day is replaced. The audit line
// does not say the figure.
func InsertQuotient(tx *db.Tx, now time.Time, a actor.Actor, f family.ID, q Quotient) error {
	if !a.Can(QuotientWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if q.Value < 0 || q.From.IsZero() {
		return fault.InvalidFields(fault.Field{Name: "quotient", Sentence: "Indiquez un quotient positif et sa date."})
	}
	if err := upsertQuotient(tx, now, f, q); err != nil {
		return fmt.Errorf("insert quotient: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "tariff.quotient.set", Object: "family", ID: string(f)})
}
