// Package fault names the kinds of answer a verb can give besides success, each with a sentence for the
// person in front of the screen. Anything that is not a *Error is a fault of ours: it is logged once, with a
// reference, and answered by the 500 page.
package fault

import (
	"errors"
	"strings"
)

// Kind tells what a refusal means; web turns it into a status.
type Kind int

// The kinds, with the HTTP status that web gives each.
const (
	Unknown     Kind = iota // 500: not ours to explain to the user
	Invalid                 // 422: the form must be corrected; see Error.Fields
	Refused                 // 409: understood, but a rule says no
	Conflict                // 409: somebody changed it meanwhile
	NotFound                // 404: absent, or somebody else's
	Forbidden               // 403: a right is lacking on the route
	Throttled               // 429: too many tries
	Unavailable             // 503: busy or a dependency is down; nothing was done
)

// Field is one field's problem: its name in the form, and the sentence shown beside it.
type Field struct {
	Name     string
	Sentence string
}

// Error is a refusal with words for the user. Sentence and Fields are in French and safe to show.
type Error struct {
	Kind     Kind
	Sentence string
	Fields   []Field
	Err      error // what happened, for logs; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Sentence)
	for _, f := range e.Fields {
		b.WriteString(" [" + f.Name + ": " + f.Sentence + "]")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return strings.TrimSpace(b.String())
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a refusal of one kind with its sentence.
func New(kind Kind, sentence string) error { return &Error{Kind: kind, Sentence: sentence} }

// InvalidFields refuses a form: one entry a field, in the order of the form. It returns nil without fields,
// so that a validator can end with it.
func InvalidFields(fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Fields: fields}
}

// Missing is the answer for an absent object and for somebody else's: what names it for the logs.
func Missing(what string) error {
	return &Error{Kind: NotFound, Err: errors.New("no such " + what)}
}

// KindOf tells the kind of err, Unknown when it carries none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unknown
}

// FieldsOf returns the fields of an Invalid error, nil for any other.
func FieldsOf(err error) []Field {
	var e *Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// SentenceOf returns the sentence for the user, or "".
func SentenceOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Sentence
	}
	return ""
}
