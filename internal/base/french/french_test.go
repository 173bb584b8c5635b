package french_test

import (
	"testing"

	"parvis/internal/base/french"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0\u00a0jour", 1: "1\u00a0jour", 2: "2\u00a0jours", 40: "40\u00a0jours"} {
		if got := french.Count(n, "jour"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestFirstLetter(t *testing.T) {
	for given, want := range map[string][2]string{"": {"", ""}, "été": {"Été", "été"}, "Œuvre": {"Œuvre", "œuvre"}, "mercredi 3": {"Mercredi 3", "mercredi 3"}} {
		if up, low := french.Upper(given), french.Lower(given); up != want[0] || low != want[1] {
			t.Errorf("%q: %q and %q, want %q", given, up, low, want)
		}
	}
}

func TestAnd(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{{nil, ""}, {[]string{"Inès"}, "Inès"}, {[]string{"Inès", "Jérémy"}, "Inès et Jérémy"}, {[]string{"Inès", "Jérémy", "Zoé"}, "Inès, Jérémy et Zoé"}} {
		if got := french.And(c.words); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
