package db

import (
	"database/sql/driver"
	"fmt"
	"sort"
	"strings"
)

// Args are the few named values that a mail or a job carries, ids above all. In SQL they are one text of
// "name=value" lines in the order of the names.
type Args map[string]string

var (
	escapeArg   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "=", `\e`)
	unescapeArg = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\e`, "=")
)

// Value writes the text form.
func (a Args) Value() (driver.Value, error) {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(escapeArg.Replace(name) + "=" + escapeArg.Replace(a[name]) + "\n")
	}
	return b.String(), nil
}

// Scan reads the text form.
func (a *Args) Scan(src any) error {
	var text string
	switch v := src.(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("args from %T", src)
	}
	*a = Args{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			return fmt.Errorf("args: line %q has no =", line)
		}
		(*a)[unescapeArg.Replace(name)] = unescapeArg.Replace(value)
	}
	return nil
}
