package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/internal/base/fault"
)

// Form is what was typed, with what is wrong with it. Components take it; a nil or new Form is one that nobody has
// filled in yet.
type Form struct {
	values   url.Values
	problems []fault.Field
	sentence string
	posted   bool
}

// NewForm is a form not yet sent; fill defaults with Set or with each component's Value.
func NewForm() *Form { return &Form{values: url.Values{}} }

// ReadForm reads the posted fields, or the query of a GET (filters).
func ReadForm(r *http.Request) *Form {
	if r.Method == http.MethodPost {
		if r.PostForm == nil {
			_ = r.ParseForm() // the wrapper has parsed it already; only direct callers come here
			cleanForm(r)
		}
		return &Form{values: r.PostForm, posted: true}
	}
	return &Form{values: r.URL.Query(), posted: r.URL.RawQuery != ""}
}

// Text is a field without surrounding spaces, no-break spaces as spaces, without invisible characters but line ends.
func (f *Form) Text(name string) string {
	text := strings.Map(func(c rune) rune {
		switch {
		case c == '\u00a0' || c == '\u202f' || c == '\u2007' || c == '\t':
			return ' '
		case c == '\r', c == '\u200b', c == '\ufeff', !kept(c):
			return -1
		}
		return c
	}, f.Raw(name))
	return strings.TrimSpace(text)
}

// Line is Text on one line: line ends are spaces.
func (f *Form) Line(name string) string {
	return strings.Join(strings.Fields(f.Text(name)), " ")
}

// Raw is a field as sent, but for the characters that no keyboard makes (see clean): passwords.
func (f *Form) Raw(name string) string {
	if f == nil {
		return ""
	}
	return f.values.Get(name)
}

// Bool tells whether a box was ticked.
func (f *Form) Bool(name string) bool {
	v := f.Raw(name)
	return v != "" && v != "0" && v != "non"
}

// All are all the values of a field, each once, in the order of the form.
func (f *Form) All(name string) []string {
	if f == nil {
		return nil
	}
	if len(f.values[name]) < 2 {
		return f.values[name]
	}
	seen := make(map[string]bool, len(f.values[name]))
	return slices.DeleteFunc(slices.Clone(f.values[name]), func(v string) bool {
		twice := seen[v]
		seen[v] = true
		return twice
	})
}

// Names are the names of the fields that were sent.
func (f *Form) Names() []string {
	if f == nil {
		return nil
	}
	names := make([]string, 0, len(f.values))
	for name := range f.values {
		names = append(names, name)
	}
	return names
}

// Set gives a field its value, as if typed.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

// Posted tells whether the form was sent.
func (f *Form) Posted() bool { return f != nil && f.posted }

// Value is what a field shows: what was typed, else fallback.
func (f *Form) Value(name, fallback string) string {
	if f == nil {
		return fallback
	}
	if _, typed := f.values[name]; typed || f.posted {
		return f.values.Get(name)
	}
	return fallback
}

// Checked tells whether the box or radio of that value is ticked; fallback is for a form not yet sent.
func (f *Form) Checked(name, value string, fallback bool) bool {
	if f == nil {
		return fallback
	}
	all, typed := f.values[name]
	if !typed && !f.posted {
		return fallback
	}
	for _, v := range all {
		if v == value {
			return true
		}
	}
	return false
}

// Take copies the fields of an Invalid error into the form and tells whether err was one: then the handler shows
// its form again with status 422; any other error it returns.
func (f *Form) Take(err error) bool {
	if fault.KindOf(err) != fault.Invalid {
		return false
	}
	f.problems = append(f.problems, fault.FieldsOf(err)...)
	if s := fault.SentenceOf(err); s != "" {
		f.sentence = s
	}
	return true
}

// Fail adds a problem to a field; name "" is one of the whole form.
func (f *Form) Fail(name, sentence string) {
	if name == "" {
		f.sentence = sentence
		return
	}
	f.problems = append(f.problems, fault.Field{Name: name, Sentence: sentence})
}

// Failed tells whether anything is wrong.
func (f *Form) Failed() bool { return f != nil && (len(f.problems) > 0 || f.sentence != "") }

// Problems are the fields to correct, in order.
func (f *Form) Problems() []fault.Field {
	if f == nil {
		return nil
	}
	return f.problems
}

// Problem is the sentence beside a field, "" when it is right.
func (f *Form) Problem(name string) string {
	for _, p := range f.Problems() {
		if p.Name == name {
			return p.Sentence
		}
	}
	return ""
}

// Sentence is what is wrong with the whole form, "" for nothing.
func (f *Form) Sentence() string {
	if f == nil {
		return ""
	}
	return f.sentence
}

// Err is the form's problems as an Invalid error, nil without any: the checks of a handler end with it.
func (f *Form) Err() error {
	if !f.Failed() {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Sentence: f.sentence, Fields: f.problems, Err: errors.New("form refused")}
}
