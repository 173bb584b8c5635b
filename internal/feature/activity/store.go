package activity

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), []db.Source{{Name: "activity", FS: own}})
}

func ensureActivity(tx *db.Tx, now time.Time, service town.ServiceID, name, folded string) (ID, bool, error) {
	var of any
	if service != "" {
		of = string(service)
	}
	n, err := tx.Exec(`insert into activity (id, service, name, folded, state, made_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (folded) do nothing`, db.NewID(), of, name, folded, string(Draft), civil.InstantOf(now))
	if err != nil {
		return "", false, err
	}
	id, err := db.One(tx, "activity", db.Column[ID], `select id from activity where folded = $1`, folded)
	return id, n == 1, err
}

func ensureUnit(tx *db.Tx, activity ID, name, folded string) (UnitID, error) {
	if _, err := tx.Exec(`insert into unit (id, activity, name, folded) values ($1, $2, $3, $4)
		on conflict (activity, folded) do nothing`, db.NewID(), string(activity), name, folded); err != nil {
		return "", err
	}
	return db.One(tx, "unit", db.Column[UnitID], `select id from unit where activity = $1 and folded = $2`, string(activity), folded)
}

func ensureSite(tx *db.Tx, activity ID, site town.SiteID) error {
	_, err := tx.Exec(`insert into activity_site (activity, site) values ($1, $2) on conflict do nothing`, string(activity), string(site))
	return err
}

// list reads all activities with their units and sites, in two queries.
func list(r db.Reader) ([]listed, error) {
	type row struct {
		listed
		unit string
		days Weekdays
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.ID, &x.Name, &x.Service, &x.State, &x.unit, &x.days)
		return x, err
	}, `select a.id, a.name, coalesce(s.name, ''), a.state, coalesce(u.name, ''), coalesce(u.weekdays, 0)
		from activity a
		left join service s on s.id = a.service
		left join unit u on u.activity = a.id
		order by a.folded, a.id, u.folded`)
	if err != nil {
		return nil, fmt.Errorf("list activities: %w", err)
	}
	type place struct {
		activity ID
		name     string
	}
	places, err := db.List(r, func(s db.Scanner) (place, error) {
		var x place
		err := s.Scan(&x.activity, &x.name)
		return x, err
	}, `select x.activity, s.name from activity_site x join site s on s.id = x.site order by s.name`)
	if err != nil {
		return nil, fmt.Errorf("list sites of activities: %w", err)
	}
	var all []listed
	for _, x := range rows {
		if n := len(all); n == 0 || all[n-1].ID != x.ID {
			all = append(all, x.listed)
		}
		last := &all[len(all)-1]
		last.Days |= x.days
		if x.unit != "" {
			last.Units = append(last.Units, x.unit)
		}
	}
	for i := range all {
		for _, x := range places {
			if x.activity == all[i].ID {
				all[i].Sites = append(all[i].Sites, x.name)
			}
		}
	}
	return all, nil
}
