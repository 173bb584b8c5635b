package ladder

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGlossary wants each feature and each table in docs/glossary.md: one word for one thing, and no word unsaid.
func TestGlossary(t *testing.T) {
	raw, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, line := range strings.Split(string(raw), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, word := range regexp.MustCompile(`[\w-]+`).FindAllString(strings.ToLower(cells[1]), -1) {
				said[word] = true
			}
		}
	}
	features, err := filepath.Glob("../feature/*/*.go")
	if err != nil || len(features) == 0 {
		t.Fatalf("no features found: %v", err)
	}
	for _, file := range features {
		if name := filepath.Base(filepath.Dir(file)); !said[name] {
			t.Errorf("docs/glossary.md does not say what %q is", name)
			said[name] = true
		}
	}
	files, err := filepath.Glob("../*/*/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range creates.FindAllStringSubmatch(string(text), -1) {
			if !said[m[1]] {
				t.Errorf("docs/glossary.md does not say what the table %q holds", m[1])
			}
		}
	}
}
