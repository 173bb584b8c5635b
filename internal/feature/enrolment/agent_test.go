package enrolment_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// desk is the pages, with that many days booked whatever is asked.
func desk(d *db.DB, booked int) enrolment.Pages {
	return enrolment.Pages{DB: d, Now: persontest.Now, Catalogue: &activity.Cache{DB: d},
		Booked: func(db.Reader, family.ChildID, activity.ID, civil.Range) (int, error) { return booked, nil }}
}

func TestAnAgentEnrolsEndsAndCarriesOver(t *testing.T) {
	testkit.EachEngine(t, enrolment.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now, job := persontest.Now(), actor.Job("test")
		canteen, err := db.Write(context.Background(), d, func(tx *db.Tx) (activity.ID, error) {
			id, _, err := activity.EnsureDraft(tx, now, job, h.Service, "Restauration scolaire", "", h.School)
			return id, err
		})
		if err != nil {
			t.Fatal(err)
		}
		p := testkit.NewPortal(t, d, now)
		desk(d, 0).Agent(p.Router)
		c := p.As(familytest.Agent(enrolment.Write))
		path := "/agents/familles/" + string(h.First) + "/inscriptions"
		fill := map[string]string{"enfant": string(h.Jeremy), "activite": string(canteen), "lieu": string(h.School), "debut": "01/09/2026", "fin": "30/06/2027"}
		page := c.Get(path)
		if got := page.Submit("#inscrire", map[string]string{"enfant": string(h.Jeremy), "activite": string(canteen), "debut": "demain", "fin": "30/06/2027"}); got.Status != 422 || !got.Has("input[name=debut][value=demain]") {
			t.Errorf("a date that is none: %d %s", got.Status, got.Text("main"))
		}
		done := page.Submit("#inscrire", fill).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "du 01/09/2026 au 30/06/2027") {
			t.Fatalf("%d %s", done.Status, done.Text("main"))
		}
		if got := c.Get(path).Submit("#inscrire", fill); got.Status != 422 || !strings.Contains(got.Text("#champ-debut-erreur"), "déjà inscrit") || !got.Has("input[name=fin][value='30/06/2027']") {
			t.Errorf("twice: %d %s", got.Status, got.Text("main"))
		}
		carry := c.Get("/agents/inscriptions/reconduire")
		if carry.Status != 200 || carry.Has("#reconduire") { // in January the year is the one that runs
			t.Errorf("nothing to carry in January: %s", carry.Text("main"))
		}
		n := func(f func(tx *db.Tx) (int, error)) int {
			t.Helper()
			got, err := db.Write(context.Background(), d, f)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		again := func(tx *db.Tx) (int, error) { return enrolment.Carry(tx, now, job, canteen, 2026, 2027) }
		if got := n(again); got != 1 {
			t.Errorf("carried %d, want 1", got)
		}
		if got := n(again); got != 0 {
			t.Errorf("carried again %d, want 0", got)
		}
		ended := c.Get(path).Click("main .row a").Submit("#terminer", nil).Follow()
		if text := ended.Text("main"); !strings.Contains(text, "au "+civil.DateOf(now).French()) || ended.Doc.Find("main .row a").Length() != 1 {
			t.Errorf("ended today, that of next year to come: %s", text)
		}
		elsewhere := familytest.Agent()
		elsewhere.Rights = map[actor.Right][]string{enrolment.Write: {string(h.Youth)}}
		if got := p.As(elsewhere).Get(path); got.Status != 404 {
			t.Errorf("an agent of another service: %d", got.Status)
		}
		n(func(tx *db.Tx) (int, error) {
			_, err := tx.Exec(`insert into family_service (family, service) values ($1, $2)`, string(h.First), string(h.Youth))
			return 0, err
		})
		if got := p.As(elsewhere).Get(path); got.Status != 200 || got.Has("main .row a") {
			t.Errorf("an agent of another service that knows the family: %d, may end: %s", got.Status, got.Text("main"))
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error {
			children, err := family.ChildrenOf(tx, h.First)
			if err != nil {
				return err
			}
			id, err := db.One(tx, "enrolment", db.Column[enrolment.ID], `select id from enrolment where to_day > $1`, civil.DateOf(now).AddDays(1))
			if err != nil {
				return err
			}
			_, err = enrolment.End(tx, now, elsewhere, children, id, civil.DateOf(now))
			return err
		})
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an agent of another service ends an enrolment: %v, want forbidden", err)
		}
		stranger := map[string]string{"enfant": "somebody", "activite": string(canteen), "debut": "01/09/2026", "fin": "30/06/2027", "cle": "0123456789012345678901"}
		values := map[string][]string{}
		for k, v := range stranger {
			values[k] = []string{v}
		}
		if got := c.Post(path, values); got.Status != 404 {
			t.Errorf("a child of another family: %d", got.Status)
		}
	})
}
