package family_test

import (
	"context"
	"testing"

	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/testkit"
)

// Educators have the right for the lists of the day: it opens no file, and nothing is said to have been read.
func TestTheRightOverHealthAloneOpensNoFile(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		if page := p.As(familytest.AgentOf(h.Service, family.HealthRead)).Get("/agents/familles/" + string(h.First)); page.Status != 403 {
			t.Errorf("the file: %d, want 403", page.Status)
		}
		if page := p.As(familytest.AgentOf(h.Service, family.HealthRead)).Post("/agents/familles/"+string(h.First)+"/sante", nil); page.Status != 404 {
			t.Errorf("the health block: %d, want 404", page.Status)
		}
		lines, err := db.Read(context.Background(), d, func(r db.Reader) ([]audit.Event, error) {
			return audit.Search(r, audit.Filter{Action: "family.health.read"}, 10)
		})
		if err != nil || len(lines) != 0 {
			t.Errorf("%d readings written down, %v", len(lines), err)
		}
	})
}
