package app_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

// TestHistoryOnFilesIsShownToThoseWithTheRightAndWrittenDown opens a family's file and an agent's account.
func TestHistoryOnFilesIsShownToThoseWithTheRightAndWrittenDown(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	count := func() int64 {
		n, err := db.Read(t.Context(), m.app.DB, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where action = 'journal.history.read'`)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	opens := func(role, path string, object web.Object) (int, string) {
		for _, who := range m.people {
			if who.name == role {
				answer := m.ask(web.Route{Method: http.MethodGet, Path: path, Object: object}, who, target{id: m.targets["first"][object]})
				return answer.Code, answer.Body.String()
			}
		}
		t.Fatalf("nobody is %q", role)
		return 0, ""
	}
	for i, page := range []struct {
		path   string
		object web.Object
		says   string
	}{{"/agents/familles/{id}", "family", "Famille créée"}, {"/agents/comptes/{id}", "agent", "Historique"}} {
		code, body := opens("agent administrateur", page.path, page.object)
		if code != http.StatusOK || !strings.Contains(body, "Historique") || !strings.Contains(body, page.says) {
			t.Errorf("%s: %d, history shown %v", page.path, code, strings.Contains(body, "Historique"))
		}
		if n := count(); n != int64(i+1) {
			t.Errorf("%s: %d showings written down, want %d", page.path, n, i+1)
		}
	}
	if code, body := opens("agent instruction", "/agents/familles/{id}", "family"); code != http.StatusOK || strings.Contains(body, "Historique") || count() != 2 {
		t.Errorf("without the right: %d, shown %v, %d showings", code, strings.Contains(body, "Historique"), count())
	}
}
