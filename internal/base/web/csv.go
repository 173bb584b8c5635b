package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// csvMark tells spreadsheets that accents are in UTF-8.
const csvMark = "\ufeff"

// CSV answers with a file for spreadsheets: UTF-8 with its mark, semicolons, and no cell that a spreadsheet would
// compute. The first row holds the heads; name is the file's, without what it ends in.
func CSV(w http.ResponseWriter, name string, rows [][]string) error {
	var out bytes.Buffer
	out.WriteString(csvMark)
	file := csv.NewWriter(&out)
	file.Comma, file.UseCRLF = ';', true
	for _, row := range rows {
		safe := make([]string, len(row))
		for i := range row {
			safe[i] = inert(row[i])
		}
		if err := file.Write(safe); err != nil {
			return fmt.Errorf("write spreadsheet: %w", err)
		}
	}
	file.Flush()
	if err := file.Error(); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, err := w.Write(out.Bytes())
	return err
}

// formulaStarts are the signs that begin a formula, and those that spreadsheets of other scripts read as the same: full
// width, small, superscript, the minus sign.
const formulaStarts = "=+-@" + "＝＋－＠" + "﹦﹢﹣﹫" + "⁼⁺⁻" + "−"

// inert keeps a spreadsheet from computing a cell: people choose their names, and a name may begin like a formula.
func inert(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(cell, func(r rune) bool { return unicode.In(r, unicode.Zs, unicode.Cf) }))
	if strings.ContainsRune(formulaStarts, first) && first != utf8.RuneError || strings.ContainsFunc(cell, unicode.IsControl) {
		return "'" + cell
	}
	return cell
}
