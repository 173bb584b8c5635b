package web

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"parvis/internal/base/fault"
)

// fieldID is the HTML id of a field of that name; names such as "jour[2]" lose what an id should not hold.
func fieldID(name string) string {
	return "champ-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, name)
}

// optionID is the id of a question's answer: the first bears the field's own id, so that the summary's link
// lands on it.
func optionID(name string, i int) string {
	if i == 0 {
		return fieldID(name)
	}
	return fieldID(name) + "-" + strconv.Itoa(i)
}

func problemCount(n int) string {
	if n == 1 {
		return "Il y a 1 erreur"
	}
	return fmt.Sprintf("Il y a %d erreurs", n)
}

func inputType(in Input) string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func dateInput(in Input) Input {
	if in.Hint == "" {
		in.Hint = "Jour, mois et année, ainsi : jj/mm/aaaa"
	}
	in.Type, in.Short = "", false
	return in
}

func rowsOf(in Input) string {
	if in.Rows == 0 {
		return "5"
	}
	return strconv.Itoa(in.Rows)
}

func boxValue(in Input) string {
	if in.Value == "" {
		return "1"
	}
	return in.Value
}

// revealWords is what tells one « Afficher » from another: « : ébauche ».
func revealWords(label string) string {
	first, size := utf8.DecodeRuneInString(label)
	if size == 0 {
		return ""
	}
	return ": " + string(unicode.ToLower(first)) + label[size:]
}

func (c Choice) input() Input {
	return Input{Name: c.Name, Label: c.Label, Hint: c.Hint, Required: c.Required, Value: c.Value}
}

// describedBy ties a field to its hint and to what is wrong with it.
func describedBy(name, hint, problem string) string {
	var ids []string
	if hint != "" {
		ids = append(ids, fieldID(name)+"-aide")
	}
	if problem != "" {
		ids = append(ids, fieldID(name)+"-erreur")
	}
	return strings.Join(ids, " ")
}

// fieldAttributes are the attributes that every native field shares.
func fieldAttributes(f *Form, in Input) templ.Attributes {
	a := templ.Attributes{}
	problem := problemOf(f, in.Name)
	if ids := describedBy(in.Name, in.Hint, problem); ids != "" {
		a["aria-describedby"] = ids
	}
	if problem != "" {
		a["aria-invalid"] = "true"
	}
	if in.Required {
		a["aria-required"] = "true"
	}
	if in.Autocomplete != "" {
		a["autocomplete"] = in.Autocomplete
	}
	if in.InputMode != "" {
		a["inputmode"] = in.InputMode
	}
	if in.IsName {
		a["spellcheck"] = "false"
	}
	if in.Autocomplete == "username" || in.Type == "email" { // telephones write a capital at the start
		a["autocapitalize"] = "none"
		a["spellcheck"] = "false"
	}
	for name, value := range in.Attributes {
		a[name] = value
	}
	return a
}

func groupAttributes(f *Form, c Choice) templ.Attributes {
	a := templ.Attributes{}
	if ids := describedBy(c.Name, c.Hint, problemOf(f, c.Name)); ids != "" {
		a["aria-describedby"] = ids
	}
	return a
}

func problemOf(f *Form, name string) string { return f.Problem(name) }

func valueOf(f *Form, in Input) string { return f.Value(in.Name, in.Value) }

// problems is the summary's list: the whole form's sentence first, without a field to lead to.
func problems(ctx context.Context, f *Form) []fault.Field {
	v := visitOf(ctx)
	v.summed = append(v.summed, f)
	if f.Sentence() == "" {
		return f.Problems()
	}
	return append([]fault.Field{{Sentence: f.Sentence()}}, f.Problems()...)
}

// inOrder puts the problems of summed forms in the order of a page's fields, and tells whether any moved. A field that
// the page has not comes last.
func inOrder(page []byte, summed []*Form) (moved bool) {
	for _, f := range summed {
		if len(f.Problems()) < 2 {
			continue
		}
		place := map[string]int{}
		for _, p := range f.problems {
			if place[p.Name] = bytes.Index(page, []byte(` id="`+fieldID(p.Name)+`"`)); place[p.Name] < 0 {
				place[p.Name] = len(page)
			}
		}
		byPlace := func(a, b fault.Field) int { return place[a.Name] - place[b.Name] }
		moved = moved || !slices.IsSortedFunc(f.problems, byPlace)
		slices.SortStableFunc(f.problems, byPlace)
	}
	return moved
}

func ticked(f *Form, in Input) bool { return f.Checked(in.Name, boxValue(in), in.Checked) }

func chosen(f *Form, c Choice, value, kind string) bool {
	known := value == c.Value && (kind == "radio" || c.Value != "")
	return f.Checked(c.Name, value, known || slices.Contains(c.Values, value))
}

func pictureNumber(i int) string { return strconv.Itoa(i + 1) }

func pictureAlt(i int) string { return "Image " + pictureNumber(i) + " du test" }
