package booking_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"testing"
	"context"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

func TestZZAgent(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	d := testkit.SQLite(t, booking.Sources())
	g := january(t, d)
	who := familytest.Agent(family.FileRead, family.HealthRead, family.RestrictSet, family.MemberApprove, booking.Read, enrolment.Read, activity.Read)
	var id family.MemberID
	err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
		id, err = family.Ask(tx, persontest.Now(), as(g.Camille, "Camille Martin"), family.Addition{Family: g.First, Service: g.Service, Role: family.Contact, LastName: "Diallo", FirstNames: "Amadou", Relation: "voisin", Phone: "0600000002"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Start()
	defer srv.Close()
	base, _ := url.Parse(srv.URL)
	p := testkit.NewPortal(t, d, persontest.Now(), func(c *web.Config) {
		c.BaseURL = base
		c.Identify = func(http.ResponseWriter, *http.Request) (actor.Actor, error) { return who, nil }
	})
	family.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}, Panels: slices.Concat(enrolment.Panels(), pages(d).Panels())}.Agent(p.Router)
	activity.Pages{DB: d}.Agent(p.Router)
	srv.Config.Handler = p.Router.Handler()
	for _, width := range []int{360, 1280} {
		for name, path := range map[string]string{"file": "/agents/familles/" + string(g.First), "queue": "/agents/membres", "member": "/agents/membres/" + string(id), "activities": "/agents/activites"} {
			b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: width})
			b.Go(srv.URL + path)
			for _, v := range b.Axe() {
				t.Errorf("%s %d: axe %s %s %v", name, width, v.ID, v.Help, v.Nodes)
			}
			if n := b.SidewaysScroll(); n > 0 {
				t.Errorf("%s %d: scrolls %d sideways", name, width, n)
			}
			b.Screenshot(dir + "/agent-" + name + map[int]string{360: "-360", 1280: "-1280"}[width] + ".png")
		}
	}
}
