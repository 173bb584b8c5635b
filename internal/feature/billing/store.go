package billing

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), enrolment.Sources(), []db.Source{{Name: "billing", FS: own}})
}

func insert(tx *db.Tx, now time.Time, i Invoice) (bool, error) {
	n, err := tx.Exec(`insert into invoice (id, number, family, period, issued_on, due_on, amount, paid, state, made_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (number) do nothing`,
		string(i.ID), i.Number, string(i.Family), i.Period, i.IssuedOn, i.DueOn, int64(i.Amount), int64(i.Paid), string(i.State), civil.InstantOf(now))
	return n == 1, err
}

const columns = `i.id, i.number, i.family, i.period, i.issued_on, i.due_on, i.amount, i.paid, i.state`

func scan(s db.Scanner) (Invoice, error) {
	var i Invoice
	err := s.Scan(&i.ID, &i.Number, &i.Family, &i.Period, &i.IssuedOn, &i.DueOn, &i.Amount, &i.Paid, &i.State)
	return i, err
}

// ofFamilies lists the invoices of some families, latest first.
func ofFamilies(r db.Reader, families []family.ID) ([]Invoice, error) {
	if len(families) == 0 {
		return nil, nil
	}
	args := make([]any, len(families))
	for i, f := range families {
		args[i] = string(f)
	}
	all, err := db.List(r, scan, `select `+columns+` from invoice i where i.family in (`+db.Marks(1, len(families))+`)
		order by i.issued_on desc, i.number desc`, args...)
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return all, nil
}

func byID(r db.Reader, id ID) (Invoice, error) {
	return db.One(r, "invoice", scan, `select `+columns+` from invoice i where i.id = $1`, string(id))
}
