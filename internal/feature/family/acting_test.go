package family_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func may(t *testing.T, d *db.DB, a actor.Actor, c family.ChildID, day civil.Date) bool {
	t.Helper()
	_, err := db.Read(context.Background(), d, func(r db.Reader) (family.ID, error) { return family.MayAct(r, a, c, day) })
	if err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

func do(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), d, fn); err != nil {
		t.Fatal(err)
	}
}

func TestWhoMayAct(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		today := civil.DateOf(persontest.Now())
		waiting := persontest.Citizen(h.Camille)
		waiting.State = actor.Waiting
		for _, c := range []struct {
			name  string
			who   actor.Actor
			child family.ChildID
			want  bool
		}{
			{"holder for her child", persontest.Citizen(h.Camille), h.Jeremy, true},
			{"co-holder for the same child", persontest.Citizen(h.Thomas), h.Ines, true},
			{"the other home for the shared child", persontest.Citizen(h.Bruno), h.Jeremy, true},
			{"the other home for the sister", persontest.Citizen(h.Bruno), h.Ines, false},
			{"a contact", persontest.Citizen(h.Contact), h.Jeremy, false},
			{"the child itself", persontest.Citizen(h.Jeremy.PersonID()), h.Jeremy, false},
			{"an account not activated", waiting, h.Jeremy, false},
			{"nobody", actor.Actor{}, h.Jeremy, false},
			{"an agent", familytest.Agent(family.FileRead), h.Jeremy, false},
			{"a child that does not exist", persontest.Citizen(h.Camille), "no such", false},
		} {
			if got := may(t, d, c.who, c.child, today); got != c.want {
				t.Errorf("%s: may act = %v, want %v", c.name, got, c.want)
			}
		}
		if may(t, d, persontest.Citizen(h.Camille), h.Jeremy, today.AddDays(-1)) {
			t.Error("may act the day before the membership")
		}
	})
}

func TestRestrictionTakesEffectAtOnceAndUntilLifted(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		today, agent := civil.DateOf(now), familytest.Agent(family.RestrictSet)
		id, err := db.Write(context.Background(), d, func(tx *db.Tx) (string, error) {
			return family.Restrict(tx, now, agent, family.Restriction{Person: h.Bruno, Child: h.Jeremy,
				DecidedOn: today.AddDays(-10), Reference: "RG 26/01234"})
		})
		if err != nil {
			t.Fatal(err)
		}
		bruno := persontest.Citizen(h.Bruno)
		if may(t, d, bruno, h.Jeremy, today) {
			t.Error("the restricted adult still acts")
		}
		if !may(t, d, persontest.Citizen(h.Camille), h.Jeremy, today) {
			t.Error("the other parent lost the right too")
		}
		children, err := db.Read(context.Background(), d, func(r db.Reader) ([]family.Child, error) { return family.Children(r, bruno, today) })
		if err != nil || len(children) != 0 {
			t.Errorf("the restricted adult still sees %v (%v)", children, err)
		}
		do(t, d, func(tx *db.Tx) error { return family.Lift(tx, now, agent, id) })
		if !may(t, d, bruno, h.Jeremy, today) {
			t.Error("lifted, the restriction still stands")
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error { return family.Lift(tx, now, agent, id) })
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("lifting twice: %v, want a conflict", err)
		}
	})
}

func TestRestrictionNeedsTheRight(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		today := civil.DateOf(persontest.Now())
		for name, who := range map[string]actor.Actor{"a parent": persontest.Citizen(h.Camille), "an agent without": familytest.Agent(family.FileRead)} {
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := family.Restrict(tx, persontest.Now(), who, family.Restriction{Person: h.Bruno, Child: h.Jeremy, DecidedOn: today, Reference: "x"})
				return err
			})
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
	})
}

func TestChildrenEldestFirst(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		got, err := db.Read(context.Background(), d, func(r db.Reader) ([]family.Child, error) {
			return family.Children(r, persontest.Citizen(h.Camille), civil.DateOf(persontest.Now()))
		})
		if err != nil || len(got) != 2 {
			t.Fatalf("children = %v, %v", got, err)
		}
		if got[0].First() != "Jérémy" || !got[0].TwoHomes || got[0].Where() != "CM1, Élémentaire Jean-Moulin" || got[0].Family != h.First {
			t.Errorf("first child = %+v", got[0])
		}
		if got[1].First() != "Inès" || got[1].TwoHomes || got[1].Rank != 1 {
			t.Errorf("second child = %+v", got[1])
		}
	})
}

func TestHealthIsReadWithTheRightAndLogged(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		count := func() int64 {
			n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
				return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where action = 'family.health.read'`)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		read := func(a actor.Actor) (family.Health, error) {
			return db.Write(context.Background(), d, func(tx *db.Tx) (family.Health, error) {
				return family.ReadHealth(tx, persontest.Now(), a, h.Jeremy)
			})
		}
		if _, err := read(familytest.Agent(family.FileRead)); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("without the right: %v, want forbidden", err)
		}
		got, err := read(familytest.Agent(family.HealthRead))
		if err != nil || got.Allergies != "arachide" || got.Diet != "sans porc" || !got.PAI {
			t.Errorf("health = %+v, %v", got, err)
		}
		if n := count(); n != 1 {
			t.Errorf("%d readings logged, want 1", n)
		}
	})
}

func TestFindByNameMailAndPhone(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		find := func(a actor.Actor, q string) int {
			hits, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
				hits, err := family.Find(r, a, q)
				return len(hits), err
			})
			if err != nil {
				t.Fatal(err)
			}
			return hits
		}
		all := familytest.Agent(family.FileRead)
		for q, want := range map[string]int{"camille": 1, "jeremy": 2, "bruno.petit@exemple.fr": 1, "06 12 34 56 78": 1, "duval": 1, "zzz": 0} {
			if got := find(all, q); got != want {
				t.Errorf("find %q = %d hits, want %d", q, got, want)
			}
		}
		if got := find(familytest.AgentOf(h.Youth, family.FileRead), "camille"); got != 0 {
			t.Errorf("an agent of another service found %d", got)
		}
		if got := find(familytest.Agent(), "camille"); got != 0 {
			t.Errorf("an agent without the right found %d", got)
		}
	})
}
