package custody_test

import (
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// portal is the pages of families and of two homes together, as the town has them.
func portal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, persontest.Now())
	homes := custody.Pages{DB: d, Now: persontest.Now}
	homes.Citizen(p.Router)
	homes.Agent(p.Router)
	families := family.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}, TwoHomes: custody.Path, CounterTwoHomes: custody.CounterPath}
	families.Citizen(p.Router)
	families.Agent(p.Router)
	return p
}
