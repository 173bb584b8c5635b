package billing

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/family"
)

// Overdue is what a family still owes, on a day, of the invoices whose last day to pay is past.
func Overdue(r db.Reader, of family.ID, day civil.Date) (money.Cents, error) {
	sum, err := db.One(r, "sum", db.Column[int64], `select cast(coalesce(sum(amount - paid), 0) as bigint) from invoice
		where family = $1 and state = 'issued' and due_on < $2`, string(of), day)
	if err != nil {
		return 0, fmt.Errorf("sum overdue invoices: %w", err)
	}
	return money.Cents(sum), nil
}
