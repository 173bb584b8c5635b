package testkit

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"parvis/internal/base/db"
)

// ByIndex asks SQLite how it finds the rows of what run reads: a statement must be served by the index of that name. On
// PostgreSQL, whose plans depend on how much a table holds, it asks nothing.
func ByIndex(t testing.TB, d *db.DB, index string, run func(ctx context.Context) error) {
	t.Helper()
	if d.Engine() != db.SQLite {
		return
	}
	var asked []string
	if err := run(db.TraceQueries(context.Background(), func(query string, _ []any) { asked = append(asked, query) })); err != nil {
		t.Fatal(err)
	}
	for _, query := range asked {
		n := 0
		for strings.Contains(query, "$"+strconv.Itoa(n+1)) {
			n++
		}
		steps, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
			return db.List(r, func(s db.Scanner) (string, error) {
				var id, parent, unused int64
				var step string
				err := s.Scan(&id, &parent, &unused, &step)
				return step, err
			}, "explain query plan "+query, make([]any, n)...)
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
		for _, step := range steps {
			if strings.HasPrefix(step, "SEARCH ") && strings.Contains(step, " INDEX "+index+" ") {
				return
			}
		}
	}
	t.Errorf("none of %d statements is served by the index %s", len(asked), index)
}
