package family_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoEscapeIsShownAsItIsWritten looks for escapes outside the strings of Go: the text of a page shows them as they are.
func TestNoEscapeIsShownAsItIsWritten(t *testing.T) {
	strs := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	files, err := filepath.Glob("../../*/*/*.templ")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if rest := strs.ReplaceAllString(line, ""); strings.Contains(rest, `\u`) {
				t.Errorf("%s:%d shows %s", name, i+1, strings.TrimSpace(rest))
			}
		}
	}
}
