package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

// TestHelpSaysWhatTheAgendaDoes goes through the help on booking: every word between quotation marks stands on a page of
// the agenda, and every link of the page leads to a page of the portal.
func TestHelpSaysWhatTheAgendaDoes(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	c := testkit.NewClient(t, m.app.Handler())
	page := c.Get("/aide")
	if page.Status != 200 {
		t.Fatalf("%d", page.Status)
	}
	page.Doc.Find("main a").Each(func(_ int, link *goquery.Selection) {
		path, _, _ := strings.Cut(link.AttrOr("href", ""), "#")
		if strings.HasPrefix(path, "/") && !slices.ContainsFunc(m.app.Routes(), func(r web.Route) bool { return r.Method == "GET" && r.Path == path }) {
			t.Errorf("« %s » leads to %s, which is no page", link.Text(), path)
		}
	})
	var source strings.Builder
	for _, pattern := range []string{"../feature/booking/*.go", "../feature/booking/*.templ", "../portal/home/*.go", "../portal/home/*.templ", "../feature/family/pages.templ"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				source.Write(text)
			}
		}
	}
	told := 0
	for _, id := range []string{"reserver", "semaine-type", "vacances", "annuler", "limites", "hors-delai", "complet", "absence", "deux-foyers", "calendrier", "preuve"} {
		head := page.Doc.Find("main h2#" + id)
		if head.Length() != 1 {
			t.Errorf("no section %q", id)
		}
		words := head.Text() + head.NextUntil("h2").Text()
		for _, quoted := range regexp.MustCompile(`«[\s\x{a0}\x{202f}]*([^»]*?)[\s\x{a0}\x{202f}]*»`).FindAllStringSubmatch(words, -1) {
			told++
			if !strings.Contains(strings.ToLower(source.String()), strings.ToLower(quoted[1])) {
				t.Errorf("the help names « %s », which no page of the agenda says", quoted[1])
			}
		}
	}
	if told < 10 {
		t.Errorf("only %d words of the screens are named", told)
	}
}
