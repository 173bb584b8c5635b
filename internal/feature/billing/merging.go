package billing

import (
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two families that are one: their invoices, each with its own number.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"invoice": "une facture"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			if u.Of != person.OneHome {
				return person.Moved{}, nil
			}
			n, err := l.Move("invoice", []string{"id"}, "family", u.Gone, u.Keep)
			return person.Moved{Counts: person.Counted(n, "facture", "factures")}, err
		},
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			if u.Of != person.OneHome {
				return nil, nil
			}
			n, err := db.One(r, "count", db.Column[int64], `select count(*) from invoice where family = $1 and id > $2`, u.Keep, s.ID)
			return person.Counted(int(n), "facture émise depuis", "factures émises depuis"), err
		},
	}
}
