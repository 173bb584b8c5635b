package billing

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/family"
)

// Overdue is what families still owe, on a day, of the invoices whose last day to pay is past; nothing for those that owe
// nothing.
func Overdue(r db.Reader, families []family.ID, day civil.Date) (map[family.ID]money.Cents, error) {
	type debt struct {
		of  family.ID
		sum money.Cents
	}
	args := []any{day}
	for _, of := range families {
		args = append(args, string(of))
	}
	all, err := db.List(r, func(s db.Scanner) (d debt, err error) {
		err = s.Scan(&d.of, &d.sum)
		return d, err
	}, `select family, cast(sum(amount - paid) as bigint) from invoice
		where state = 'issued' and due_on < $1 and family in (`+db.Marks(2, len(families))+`) group by family`, args...)
	if err != nil {
		return nil, fmt.Errorf("sum overdue invoices: %w", err)
	}
	sums := map[family.ID]money.Cents{}
	for _, d := range all {
		sums[d.of] = d.sum
	}
	return sums, nil
}
