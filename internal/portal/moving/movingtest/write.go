package movingtest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// Form is how an export is written.
type Form struct {
	Encoding string // "utf-8", "utf-8-bom", "utf-8-nfd" or "windows-1252"
	Sep      string
	EOL      string
	Shuffle  bool // columns in another order, headers in another writing
	Quote    bool // every cell quoted
}

// Forms lists every encoding with every separator, in several orders of columns.
func Forms() []Form {
	var all []Form
	for i, enc := range []string{"windows-1252", "utf-8", "utf-8-bom", "utf-8-nfd"} {
		for j, sep := range []string{";", ",", "\t"} {
			all = append(all, Form{Encoding: enc, Sep: sep, EOL: []string{"\r\n", "\n"}[(i+j)%2], Shuffle: (i+j)%3 > 0, Quote: j == 1})
		}
	}
	return all
}

// String names a form in test output.
func (f Form) String() string {
	return fmt.Sprintf("%s %q %q shuffle=%v quote=%v", f.Encoding, f.Sep, f.EOL, f.Shuffle, f.Quote)
}

// Write writes the six files, and remembers the physical line of each record.
func (e *Export) Write(dir string, form Form) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if err := e.writeFile(dir, e.files[name], form); err != nil {
			return err
		}
	}
	return nil
}

func (e *Export) writeFile(dir string, f *file, form Form) error {
	out, err := os.Create(filepath.Join(dir, f.name))
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<16)
	order := make([]int, len(f.columns))
	for i := range order {
		order[i] = i
	}
	header := f.columns
	if form.Shuffle {
		order = e.rng.Perm(len(order))
		header = make([]string, len(f.columns))
		for i, c := range f.columns {
			header[i] = strings.ToLower(strings.ReplaceAll(c, "_", " "))
		}
	}
	if form.Encoding == "utf-8-bom" {
		w.WriteString("\ufeff")
	}
	at := 1
	record := func(cells []string) error {
		parts := make([]string, len(order))
		for i, from := range order {
			parts[i] = quoted(cells[from], form)
		}
		text, err := encoded(strings.Join(parts, form.Sep)+form.EOL, form.Encoding)
		if err != nil {
			return err
		}
		at += strings.Count(text, "\n")
		_, err = w.WriteString(text)
		return err
	}
	if err := record(header); err != nil {
		return err
	}
	for _, l := range f.lines {
		l.at = at
		if err := record(l.cells); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}

func quoted(s string, form Form) string {
	if form.Quote || strings.ContainsAny(s, form.Sep+"\"\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func encoded(s, encoding string) (string, error) {
	switch encoding {
	case "windows-1252":
		return charmap.Windows1252.NewEncoder().String(s)
	case "utf-8-nfd":
		return norm.NFD.String(s), nil
	}
	return s, nil
}
