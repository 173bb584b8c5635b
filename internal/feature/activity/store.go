package activity

import (
	"embed"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(family.Sources(), jobs.Sources(), []db.Source{{Name: "activity", FS: own}})
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
