package moving

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// report writes problems as a CSV file that spreadsheets open: UTF-8 with BOM, semicolons.
type report struct {
	w   *bufio.Writer
	err error
}

func newReport(w io.Writer) *report {
	r := &report{w: bufio.NewWriterSize(w, 64<<10)}
	r.write("\ufefffichier;ligne;champ;gravite;probleme;suite_de\r\n")
	return r
}

func (r *report) add(p Problem) {
	line := ""
	if p.Line > 0 {
		line = strconv.Itoa(p.Line)
	}
	r.write(p.File + ";" + line + ";" + cell(p.Field) + ";" + string(p.Gravity) + ";" + cell(p.Sentence) + ";" + p.Follows + "\r\n")
}

func (r *report) write(s string) {
	if r.err == nil {
		_, r.err = r.w.WriteString(s)
	}
}

// flush brings the report to its file; the first failure of any write is returned.
func (r *report) flush() error {
	if r.err == nil {
		r.err = r.w.Flush()
	}
	if r.err != nil {
		return fmt.Errorf("write the report: %w", r.err)
	}
	return nil
}

// cell quotes a value, and keeps a spreadsheet from taking it for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\x00", rune(s[0])) {
		s = "'" + s
	}
	if !strings.ContainsAny(s, ";\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
