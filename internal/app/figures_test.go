package app_test

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/web"
)

// maxStatements is the budget of one page, the reading of the session included.
const maxStatements = 8

// deep tells whether the full counts are wanted.
func deep() bool { return os.Getenv("PARVIS_DEEP") != "" }

// families is the size of the town of the figures.
func families() int {
	if deep() {
		return 3000
	}
	return 40
}

// TestQueriesPerPage counts the statements of every page of a family's space: at most 8, and the same for one
// child alone in town as for four children among many families. A page with a query per row turns it red.
func TestQueriesPerPage(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		alone := l.add(1, func(int) int { return 1 })[0]
		before := l.counted(alone)
		l.news(12)
		many := l.add(families(), func(i int) int { return 4 - i%4 })
		crowd, same := l.counted(many[0]), l.counted(alone)
		for _, page := range slices.Sorted(maps.Keys(before)) {
			n, most := before[page], max(crowd[page], same[page])
			t.Logf("%-40s %d", page, n)
			if crowd[page] != n || same[page] != n {
				t.Errorf("%s: %d statements for 1 child alone, %d for it among %d families, %d for 4 children", page, n, same[page], l.made, crowd[page])
			}
			if most > maxStatements {
				t.Errorf("%s: %d statements, want %d at most", page, most, maxStatements)
			}
		}
		t.Logf("%d families, %d children, %d bookings", l.made, l.children, l.bookings)
	})
}

// counted is the number of statements of each page of the space, caches warm.
func (l *loadTown) counted(h loadHome) map[string]int64 {
	l.t.Helper()
	cookie := l.session(h)
	l.page("/espace", cookie) // the settings are cached now
	counts := map[string]int64{}
	for _, r := range l.Routes() {
		if r.Method != http.MethodGet || r.Access != web.Citizen && r.Access != web.Activated {
			continue
		}
		path := r.Path
		switch r.Object {
		case web.NoObject:
		case web.Object("child"):
			path = strings.Replace(path, "{id}", string(h.kids[0]), 1)
		default:
			continue // one object, that the town of figures has not: a letter, a photo
		}
		_, counts[r.Path] = l.page(path, cookie)
		if strings.HasSuffix(r.Path, "/agenda") {
			_, counts[r.Path+"?semaine"] = l.page(path+"?semaine=2026-11-23", cookie)
		}
	}
	return counts
}
