// Package geo knows the countries, and the départements and communes of France, so that a birth place can be
// chosen without a network. It is a help for typing, never a check: a place that it does not know is a place.
//
// Countries are listed by hand (ISO 3166 codes, French short names; overseas départements and collectivities are
// France). Départements and communes, former and delegated ones included because people are born there, come
// from INSEE's official geographic code as @etalab/decoupage-administratif 6.0.0 (MIT) publishes it; see
// generate.
package geo

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"

	"parvis/internal/base/spelling"
)

// France is the code of the country that stands first and has départements.
const France = "FR"

// Country is a country of the world.
type Country struct{ Code, Name string }

// Department is a French département or collectivity: {"78", "Yvelines"}, {"2A", "Corse-du-Sud"}, {"974", "La
// Réunion"}.
type Department struct{ Code, Name string }

// Commune is a place of France; Department is the code of its département.
type Commune struct{ Name, Department string }

//go:embed countries.tsv
var countriesFile string

//go:embed departments.tsv
var departmentsFile string

//go:embed communes.tsv.gz
var communesFile []byte

var countries = sync.OnceValue(func() []Country {
	return parse(countriesFile, func(code, name string) Country { return Country{code, name} })
})

var departments = sync.OnceValue(func() []Department {
	return parse(departmentsFile, func(code, name string) Department { return Department{code, name} })
})

// known is a commune with the form in which it is compared.
type known struct {
	folded string
	Commune
}

// communes are sorted by folded name.
var communes = sync.OnceValue(func() []known {
	z, err := gzip.NewReader(bytes.NewReader(communesFile))
	if err != nil {
		return nil // the file is embedded: a test reads it whole
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	all := parse(string(text), func(department, name string) known {
		return known{foldPlace(name), Commune{Name: name, Department: department}}
	})
	slices.SortStableFunc(all, func(a, b known) int { return strings.Compare(a.folded, b.folded) })
	return all
})

func parse[T any](text string, of func(first, second string) T) []T {
	var all []T
	for line := range strings.Lines(text) {
		first, second, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if found {
			all = append(all, of(first, second))
		}
	}
	return all
}

// Countries lists the countries, France first, then by name.
func Countries() []Country { return slices.Clone(countries()) }

// Departments lists the départements in the order of their codes.
func Departments() []Department { return slices.Clone(departments()) }

// CountryName is the name of a country's code, or the text itself when it is none.
func CountryName(code string) string {
	for _, c := range countries() {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}

// DepartmentName is "Yvelines (78)" for "78", or the text itself when it is no code.
func DepartmentName(code string) string {
	for _, d := range departments() {
		if d.Code == code {
			return d.Name + " (" + d.Code + ")"
		}
	}
	return code
}

// FindCommunes lists at most n communes whose name begins with the text, or else has a word that does; of one
// département when its code is given. Accents, capitals, hyphens and « St » for « Saint » do not matter. An
// exact name comes first. A text of fewer than two letters finds nothing.
func FindCommunes(department, text string, n int) []Commune {
	wanted := foldPlace(text)
	if len(wanted) < 2 {
		return nil
	}
	all := communes()
	var first, second []Commune
	at, _ := slices.BinarySearchFunc(all, wanted, func(k known, w string) int { return strings.Compare(k.folded, w) })
	for _, k := range all[at:] {
		if len(first) == n || !strings.HasPrefix(k.folded, wanted) {
			break
		}
		if department == "" || k.Department == department {
			first = append(first, k.Commune)
		}
	}
	if len(first) < n {
		for _, k := range all {
			if len(first)+len(second) == n {
				break
			}
			if (department == "" || k.Department == department) && strings.Contains(k.folded, " "+wanted) && !strings.HasPrefix(k.folded, wanted) {
				second = append(second, k.Commune)
			}
		}
	}
	return append(first, second...)
}

// Recognise is the commune of that very name, in the département whose code is given, or in the only one that has
// such a commune when none is.
func Recognise(department, text string) (Commune, bool) {
	wanted := foldPlace(text)
	all := communes()
	at, _ := slices.BinarySearchFunc(all, wanted, func(k known, w string) int { return strings.Compare(k.folded, w) })
	var found []Commune
	for _, k := range all[at:] {
		if k.folded != wanted {
			break
		}
		if department == "" || k.Department == department {
			found = append(found, k.Commune)
		}
	}
	if len(found) != 1 {
		return Commune{}, false
	}
	return found[0], true
}

// foldPlace is spelling.Fold with the usual short forms written out.
func foldPlace(s string) string {
	words := strings.Fields(spelling.Fold(s))
	for i, w := range words {
		switch w {
		case "st":
			words[i] = "saint"
		case "ste":
			words[i] = "sainte"
		}
	}
	return strings.Join(words, " ")
}
