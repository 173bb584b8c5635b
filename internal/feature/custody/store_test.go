package custody_test

import (
	"context"
	"os"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/testkit"
)

// TestATownFromWhenFamilyKeptThisIsNotMigratedTwice: a migration is known by its number, whichever package holds it.
func TestATownFromWhenFamilyKeptThisIsNotMigratedTwice(t *testing.T) {
	before := db.Join([]db.Source{{Name: "family before", FS: os.DirFS("migrations")}}, family.Sources())
	testkit.EachEngine(t, before, func(t *testing.T, d *db.DB) {
		if err := db.Migrate(context.Background(), d, custody.Sources()...); err != nil {
			t.Fatal(err)
		}
		n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from goose_db_version where version_id = 420`)
		})
		if err != nil || n != 1 {
			t.Errorf("applied %d times: %v", n, err)
		}
	})
}
