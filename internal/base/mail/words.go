package mail

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"parvis/internal/base/db"
)

// Words are a town's own subject and text for one kind of mail. They stand in place of the template's subject, its
// paragraphs and its closing; greeting, facts, button and signature stay the template's, so that no wording can lose
// a link or an identifier. Paragraphs are parted by empty lines; {name} stands for a value of the mail.
type Words struct {
	Subject string
	Text    string
	Closing string
}

// Names are what every mail can say, beside what its own template gives in Body.Values.
func Names() []string { return []string{"nom", "mairie"} }

var placeholder = regexp.MustCompile(`\{([^{}\n]{1,40})\}`)

// Placeholders lists the names between braces in a text, each once, in order.
func Placeholders(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if name := placeholderName(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Fill puts values in the place of {names}, once and in one pass: a value that looks like a placeholder stays as it
// is. A name without a value is an error.
func Fill(text string, values map[string]string) (string, error) {
	var unknown string
	filled := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := placeholderName(m[1 : len(m)-1])
		value, known := values[name]
		if !known && unknown == "" {
			unknown = name
		}
		return oneLine(value)
	})
	if unknown != "" {
		return "", fmt.Errorf("no value for {%s}", unknown)
	}
	return filled, nil
}

func placeholderName(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// Reword gives a body with a town's own words.
func Reword(body Body, w Words, town string) (Body, error) {
	values := map[string]string{"nom": body.ToName, "mairie": town}
	for name, value := range body.Values {
		values[placeholderName(name)] = value
	}
	var err error
	if body.Subject, err = Fill(w.Subject, values); err != nil {
		return Body{}, err
	}
	if body.Paragraphs, err = fillAll(w.Text, values); err != nil {
		return Body{}, err
	}
	body.Closing, err = fillAll(w.Closing, values)
	return body, err
}

func fillAll(text string, values map[string]string) ([]string, error) {
	var all []string
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p == "" {
			continue
		}
		filled, err := Fill(p, values)
		if err != nil {
			return nil, err
		}
		if filled = strings.TrimSpace(filled); filled != "" { // a paragraph of one value that this mail lacks
			all = append(all, filled)
		}
	}
	return all, nil
}

// Example is a Template's Specimen for a body that needs nothing of the database.
func Example(body Body) func(db.Reader) (Body, error) {
	return func(db.Reader) (Body, error) { return body, nil }
}

// reword applies the town's words to a rendered mail. A mail must leave: words that no longer fit the template (a
// name it does not give any more) are passed over, with a line in the log.
func (w *Worker) reword(r db.Reader, template string, body Body) (Body, error) {
	if w.Words == nil {
		return body, nil
	}
	words, found, err := w.Words(r, template)
	if err != nil || !found {
		return body, err
	}
	var look Look
	if w.Look != nil {
		if look, err = w.Look(r); err != nil {
			return Body{}, err
		}
	}
	reworded, err := Reword(body, words, look.Town)
	if err != nil {
		slog.Warn("a mail's own words do not fit, the original ones are sent", "template", template, "err", err)
		return body, nil
	}
	return reworded, nil
}
