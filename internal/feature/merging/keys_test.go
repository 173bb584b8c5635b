package merging_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// TestTakenDetailsAreFoundAgain: who stays is found by the details that were the other's, and by them no more after the undo.
func TestTakenDetailsAreFoundAgain(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		maiden := person.Person{LastName: "Zwolle", FirstNames: "Camille", BirthDay: civil.NewDate(1985, 3, 3), Email: "camille@exemple.fr"}
		again, _ := h.adult(maiden, "", "", "")
		u := people(h.homes.Camille, again)
		u.Taken = map[string]bool{"nom": true}
		found := func() []person.ID {
			ids, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]person.ID, error) {
				return person.Alike(r, person.Person{LastName: "Zwolle", FirstNames: "Camille"}, 10)
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		id := h.merge(u)
		if got := found(); !slices.Equal(got, []person.ID{h.homes.Camille}) {
			t.Errorf("merged: %q", got)
		}
		if got := h.column(`select folded from person where id = $1`, string(h.homes.Camille)); !strings.HasPrefix(got[0], "zwolle ") {
			t.Errorf("searched by %q", got)
		}
		h.undo(id)
		if got := found(); !slices.Equal(got, []person.ID{again}) {
			t.Errorf("undone: %q", got)
		}
	})
}
