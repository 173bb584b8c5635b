package family_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestSomebodyProposesSoManyPeopleInADay: those taken back count too, nobody is written for one too many, and the other
// head of the family still can.
func TestSomebodyProposesSoManyPeopleInADay(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		camille := persontest.Citizen(h.Camille)
		by := func(ctx context.Context, a actor.Actor, now time.Time, n int) (family.MemberID, error) {
			return db.Write(ctx, d, func(tx *db.Tx) (family.MemberID, error) {
				return family.Ask(tx, now, a, family.Addition{Family: h.First, Service: h.Service, Role: family.Contact, LastName: "Diallo",
					FirstNames: "Amadou " + strings.Repeat("i", n+1), Relation: "voisin", Phone: fmt.Sprintf("06000000%02d", n)})
			})
		}
		ask := func(now time.Time, n int) (family.MemberID, error) { return by(context.Background(), camille, now, n) }
		now := persontest.Now()
		for n := range 15 {
			id, err := ask(now, n)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Do(context.Background(), d, func(tx *db.Tx) error { return family.Withdraw(tx, now, camille, id) }); err != nil {
				t.Fatal(err)
			}
		}
		people := func() int64 {
			n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
				return db.One(r, "count", db.Column[int64], `select count(*) from person`)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := people()
		if _, err := ask(now, 15); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "nom" || people() != before {
			t.Errorf("the sixteenth: %v, %d people, had %d", err, people(), before)
		}
		thomas := persontest.Citizen(h.Thomas)
		if _, err := by(context.Background(), thomas, now, 16); err != nil {
			t.Errorf("the other head: %v", err)
		}
		testkit.ByIndex(t, d, "family_member_asked_by", func(ctx context.Context) error { _, err := by(ctx, thomas, now, 17); return err })
		if _, err := ask(now.Add(25*time.Hour), 15); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}
