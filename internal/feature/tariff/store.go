package tariff

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), []db.Source{{Name: "tariff", FS: own}})
}

func upsertQuotient(tx *db.Tx, now time.Time, f family.ID, q Quotient) error {
	_, err := tx.Exec(`insert into quotient (id, family, value, from_day, made_at) values ($1, $2, $3, $4, $5)
		on conflict (family, from_day) do update set value = excluded.value, made_at = excluded.made_at`,
		db.NewID(), string(f), q.Value, q.From, civil.InstantOf(now))
	return err
}

// onDay is the quotient in force, false without one.
func onDay(r db.Reader, f family.ID, day civil.Date) (Quotient, bool, error) {
	all, err := db.List(r, scan, `select value, from_day from quotient where family = $1 and from_day <= $2 order by from_day desc limit 1`, string(f), day)
	if err != nil {
		return Quotient{}, false, fmt.Errorf("read quotient: %w", err)
	}
	if len(all) == 0 {
		return Quotient{}, false, nil
	}
	return all[0], true, nil
}

func ofFamily(r db.Reader, f family.ID) ([]Quotient, error) {
	all, err := db.List(r, scan, `select value, from_day from quotient where family = $1 order by from_day desc`, string(f))
	if err != nil {
		return nil, fmt.Errorf("list quotients: %w", err)
	}
	return all, nil
}

func scan(s db.Scanner) (Quotient, error) {
	var q Quotient
	err := s.Scan(&q.Value, &q.From)
	return q, err
}
