package app_test

import (
	"path"
	"testing"

	"parvis/internal/testkit"
)

// loaded is one file as the browser received it.
type loaded struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"` // over the wire, headers included
}

// received lists what the page shown made the browser fetch; files kept from before count no byte.
const received = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
	.map(e => ({name: new URL(e.name).pathname, bytes: e.transferSize}))`

// TestWeightInBrowser weighs a parent's first load as a real browser receives it: the front page, then the dashboard
// after signing in.
func TestWeightInBrowser(t *testing.T) {
	const all, sheet, script, requests = 45 << 10, 14 << 10, 8 << 10, 5
	h := openHouse(t, "", nil)
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 390})
	for _, page := range []struct {
		path, role string
		cold       bool
	}{{"/", "", true}, {"/espace", "titulaire", false}} {
		h.as(b, page.role)
		b.Go(h.URL + page.path)
		total, sent := 0, 0
		for _, f := range testkit.Eval[[]loaded](b, received) {
			total += f.Bytes
			if f.Bytes > 0 {
				sent++
			}
			limit := map[string]int{".css": sheet, ".js": script}[path.Ext(f.Name)]
			if limit > 0 && f.Bytes > limit {
				t.Errorf("%s weighs %d bytes, want %d at most", f.Name, f.Bytes, limit)
			}
		}
		t.Logf("%s: %.1f KB in %d requests", page.path, float64(total)/1024, sent)
		if total > all || sent > requests {
			t.Errorf("%s: %d bytes in %d requests, want at most %d in %d", page.path, total, sent, all, requests)
		}
		if page.cold && total < 5<<10 {
			t.Errorf("%s: %d bytes are too few to be true", page.path, total)
		}
		if !page.cold && sent > 1 {
			t.Errorf("%s: %d requests with a warm cache, want 1", page.path, sent)
		}
	}
}
