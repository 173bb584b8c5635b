package app_test

import (
	"context"
	"net/http"
	"testing"

	"parvis/internal/base/db"
)

// silent are the pages of a family that show nothing of it: none.
var silent = map[string]bool{}

// TestReadingAFamilyIsWritten opens every page that an agent can ask about a family or a proof, and finds the reading in the journal.
func TestReadingAFamilyIsWritten(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	readings := func() int64 {
		n, err := db.Read(context.Background(), m.app.DB, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where kind = 'read'`)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	looked := 0
	for _, route := range m.app.Routes() {
		if route.Method != http.MethodGet || route.Object != "family" && route.Object != "confirmation" || route.Access.Right() == "" || silent[route.Path] {
			continue
		}
		for _, who := range m.people {
			if who.kind != agent || who.narrow || !holds(who.role, route.Access.Right()) {
				continue
			}
			m.do(func(tx *db.Tx) error {
				_, err := tx.Exec(`update audit_event set at = 1 where kind = 'read'`)
				return err
			})
			before := readings()
			answer := m.ask(route, who, target{id: m.targets["first"][route.Object], home: "first"})
			if answer.Code != http.StatusOK {
				continue
			}
			looked++
			if readings() == before {
				t.Errorf("%s as %s: shows a family and writes no reading", route.Path, who.name)
			}
		}
	}
	if looked < 10 {
		t.Errorf("only %d pages looked at", looked)
	}
}
