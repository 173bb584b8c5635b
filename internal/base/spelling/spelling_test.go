package spelling

import "testing"

func TestFoldNamesOfEverySort(t *testing.T) {
	for in, want := range map[string]string{
		"Zoë": "zoe", "d’Estaing": "d estaing", "N’Guessan": "n guessan", "O'Brien": "o brien", "Ly": "ly",
		"de La Tour du Pin": "de la tour du pin", "Marie-Christine Anne": "marie christine anne", "İpek": "ipek",
		"Nguyễn": "nguyen", "Jean  Paul": "jean paul", "Œuvrard": "oeuvrard", "Strauß": "strauss", "Łukasz": "lukasz",
		"E\u0301lise": "elise", "  ": "", "Søren": "soren",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"  Jean\u00a0 Paul\t": "Jean Paul", "E\u0301lise": "Élise", "Martin\u202e": "Martin", "a\x00b": "a b", "Le\u200bRoy": "LeRoy",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
