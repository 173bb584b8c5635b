package tariff_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/tariff"
	"parvis/internal/testkit"
)

func homes(t *testing.T, d *db.DB) familytest.Homes {
	t.Helper()
	h := familytest.New(t, d)
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		for _, q := range []struct {
			f     family.ID
			value int
			from  civil.Date
		}{{h.First, 742, civil.NewDate(2026, 1, 1)}, {h.First, 801, civil.NewDate(2027, 1, 1)}, {h.First, 999, civil.NewDate(2027, 2, 1)}, {h.Second, 1313, civil.NewDate(2026, 1, 1)}} {
			if err := tariff.InsertQuotient(tx, persontest.Now(), actor.Job("test"), q.f, tariff.Quotient{Value: q.value, From: q.from}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAFamilyReadsItsOwnQuotientOnly(t *testing.T) {
	testkit.EachEngine(t, tariff.Sources(), func(t *testing.T, d *db.DB) {
		h := homes(t, d)
		own := func(who person.ID, f family.ID) ([]web.Row, error) {
			return db.Read(context.Background(), d, func(r db.Reader) ([]web.Row, error) {
				return tariff.Own(r, persontest.Now(), persontest.Citizen(who), f)
			})
		}
		for name, who := range map[string]person.ID{"holder": h.Camille, "co-holder": h.Thomas} {
			if rows, err := own(who, h.First); err != nil || len(rows) != 2 || rows[0].Value != "801" {
				t.Errorf("%s reads %+v, %v; want 801, in force since January", name, rows, err)
			}
		}
		for name, who := range map[string]person.ID{"the other home": h.Bruno, "a contact": h.Contact} {
			if rows, err := own(who, h.First); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s reads %+v, %v; want not found", name, rows, err)
			}
		}
	})
}

func TestAgentsOpenTheQuotientAndLeaveATrace(t *testing.T) {
	testkit.EachEngine(t, tariff.Sources(), func(t *testing.T, d *db.DB) {
		h := homes(t, d)
		p := testkit.NewPortal(t, d, persontest.Now())
		pages := tariff.Pages{DB: d, Now: persontest.Now}
		pages.Agent(p.Router)
		family.Pages{DB: d, Now: persontest.Now, Panels: pages.Panels()}.Agent(p.Router)
		path := "/agents/familles/" + string(h.First)
		if got := p.As(familytest.Agent(family.FileRead)).Get(path); got.Has("form#quotient") {
			t.Error("the panel shows without the right")
		}
		file := p.As(familytest.AgentOf(h.Service, family.FileRead, tariff.QuotientRead)).Get(path)
		if strings.Contains(file.Body, "742") {
			t.Error("the quotient shows before it is opened")
		}
		if open := file.Submit("form#quotient", nil); open.Status != 200 || !strings.Contains(open.Text("main"), "742") {
			t.Errorf("opened: %d %s", open.Status, open.Text("main"))
		}
		if got := p.As(familytest.AgentOf(h.Youth, tariff.QuotientRead)).Post(path+"/quotient", nil); got.Status != 404 {
			t.Errorf("an agent of another service opens it: %d, want 404", got.Status)
		}
		n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where action = 'tariff.quotient.read'`)
		})
		if err != nil || n != 1 {
			t.Errorf("%d readings logged (%v), want 1", n, err)
		}
	})
}
