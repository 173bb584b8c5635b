package geo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLists(t *testing.T) {
	c := Countries()
	if len(c) < 200 || c[0] != (Country{France, "France"}) || c[1].Name != "Afghanistan" || c[len(c)-1].Name != "Zimbabwe" {
		t.Errorf("countries: %d, first %v, last %v", len(c), c[:2], c[len(c)-1])
	}
	seen := map[string]bool{}
	for _, country := range c {
		if len(country.Code) != 2 || country.Name == "" || seen[country.Code] || seen[country.Name] {
			t.Errorf("country %v", country)
		}
		seen[country.Code], seen[country.Name] = true, true
	}
	d := Departments()
	if len(d) < 101 || d[0].Name != "Ain" {
		t.Errorf("départements: %d, first %v", len(d), d[0])
	}
	if n := len(communes()); n < 36000 {
		t.Errorf("%d communes", n)
	}
	for code, want := range map[string]string{"78": "Yvelines (78)", "2A": "Corse-du-Sud (2A)", "974": "La Réunion (974)", "Seine": "Seine"} {
		if got := DepartmentName(code); got != want {
			t.Errorf("DepartmentName(%q) = %q, want %q", code, got, want)
		}
	}
	if got := CountryName("MA") + CountryName("Zaïre"); got != "MarocZaïre" {
		t.Error(got)
	}
}

func TestFindCommunes(t *testing.T) {
	for _, c := range []struct {
		name, department, text string
		want                   []Commune
	}{
		{"beginning of a name", "78", "villennes", []Commune{{"Villennes-sur-Seine", "78"}}},
		{"St for Saint, no accent, no hyphen", "78", "st germain en l", []Commune{{"Saint-Germain-en-Laye", "78"}}},
		{"exact name first", "69", "Lyon", []Commune{{"Lyon", "69"}, {"Lyon 1er Arrondissement", "69"}, {"Lyon 2e Arrondissement", "69"}}},
		{"a word inside", "94", "roses", []Commune{{"L’Haÿ-les-Roses", "94"}, {"Mandres-les-Roses", "94"}}},
		{"one letter", "78", "v", nil},
		{"nothing such", "", "Xyzzy", nil},
		{"apostrophes of every kind", "", "L'Haÿ-les-R", []Commune{{"L’Haÿ-les-Roses", "94"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := FindCommunes(c.department, c.text, 3)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecognise(t *testing.T) {
	for _, c := range []struct {
		department, text string
		want             Commune
		known            bool
	}{
		{"78", "POISSY", Commune{"Poissy", "78"}, true},
		{"", "Villennes sur Seine", Commune{"Villennes-sur-Seine", "78"}, true},
		{"", "Saint-Denis", Commune{}, false}, // several
		{"974", "Saint Denis", Commune{"Saint-Denis", "974"}, true},
		{"78", "Casablanca", Commune{}, false},
		{"", "", Commune{}, false},
	} {
		got, known := Recognise(c.department, c.text)
		if got != c.want || known != c.known {
			t.Errorf("Recognise(%q, %q) = %v %v, want %v %v", c.department, c.text, got, known, c.want, c.known)
		}
	}
}
