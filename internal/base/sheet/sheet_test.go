package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var wide = Limits{Bytes: 1 << 20, Elements: 1000, Shared: 1 << 20, Rows: 1000, Columns: 20}

func open(t *testing.T, content []byte) *zip.Reader {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func all(t *testing.T, z *zip.Reader) []string {
	t.Helper()
	var rows []string
	_, err := Read(t.Context(), z, wide, func(sheet string, n int, cells []string) error {
		rows = append(rows, fmt.Sprintf("%s %d %s", sheet, n, strings.Join(cells, "|")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestCellsOfAnotherProgramsWorkbook reads what a spreadsheet library wrote, day by day and look by look.
func TestCellsOfAnotherProgramsWorkbook(t *testing.T) {
	f := excelize.NewFile()
	style := func(number int, custom string) int {
		s := &excelize.Style{NumFmt: number}
		if custom != "" {
			s.CustomNumFmt = &custom
		}
		id, err := f.NewStyle(s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	day := time.Date(2018, 3, 4, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at    string
		value any
		style int
	}{
		{"A1", "Éloïse", 0}, {"B1", "a;\"b\"\nc", 0}, {"D1", 12.3, 0}, {"E1", true, 0}, {"F1", 42, 0},
		{"A3", day, style(14, "")}, {"B3", day, style(0, "dd/mm/yyyy")}, {"C3", day, style(0, `[$-40C]d\ mmmm\ yyyy;@`)}, {"D3", day, style(17, "")},
		{"E3", day.Add(90 * time.Minute), style(22, "")}, {"F3", 1350, style(0, "00000")}, {"G3", 612345678, style(0, `0#\ ##\ ##\ ##\ ##`)},
		{"H3", 1234.5, style(0, `#,##0.00\ "€"`)}, {"I3", 0.30000000000000004, 0}, {"J3", 12, style(0, `0" jours"`)},
	} {
		if err := f.SetCellValue("Sheet1", c.at, c.value); err != nil {
			t.Fatal(err)
		}
		if c.style > 0 {
			if err := f.SetCellStyle("Sheet1", c.at, c.at, c.style); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := f.NewSheet("Deux"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellRichText("Deux", "B2", []excelize.RichTextRun{{Text: "deux "}, {Text: "tons", Font: &excelize.Font{Bold: true}}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := []string{"Sheet1 1 Éloïse|a;\"b\"\nc||12.3|1|42",
		"Sheet1 3 2018-03-04|2018-03-04|2018-03-04|2018-03|2018-03-04 01:30|01350|0612345678|1234.5|0.3|12", "Deux 2 |deux tons"}
	if diff := cmp.Diff(want, all(t, open(t, out.Bytes()))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// made is a workbook written by hand.
func made(t *testing.T, workbook, sheet string) *zip.Reader {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="/xl/one.xml"/></Relationships>`,
		"xl/workbook.xml":            workbook,
		"xl/styles.xml":              `<styleSheet><cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		"xl/one.xml":                 sheet,
	} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, out.Bytes())
}

const oneSheet = `<workbook><sheets><sheet name="S" id="r1"/></sheets></workbook>`

func TestOldDaysAndCellsWithoutPlace(t *testing.T) {
	rows := `<worksheet><sheetData><row><c s="1"><v>1</v></c><c s="1"><v>59</v></c><c s="1"><v>61</v></c><c s="1"><v>-4</v></c><c t="e"><v>#N/A</v></c><c t="inlineStr"><is><t>ici</t></is></c><c><v>1E+3</v></c></row></sheetData></worksheet>`
	if diff := cmp.Diff([]string{"S 1 1900-01-01|1900-02-28|1900-03-01|-4||ici|1000"}, all(t, made(t, oneSheet, rows))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	from04 := `<workbook><workbookPr date1904="1"/><sheets><sheet name="S" id="r1"/></sheets></workbook>`
	if diff := cmp.Diff([]string{"S 1 2018-03-04"}, all(t, made(t, from04, `<worksheet><row><c s="1"><v>41701</v></c></row></worksheet>`))); diff != "" {
		t.Errorf("since 1904 (-want +got)\n%s", diff)
	}
}

func TestWhatGoesBeyondTheLimitsIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		sheet string
		want  error
	}{
		"a row too far":      {`<worksheet><row r="1001"><c><v>1</v></c></row></worksheet>`, ErrTooBig},
		"a column too far":   {`<worksheet><row r="1"><c r="XFD1"><v>1</v></c></row></worksheet>`, ErrTooBig},
		"a column of no end": {`<worksheet><row r="1"><c r="ZZZZZZZZZZZZZZZZ1"><v>1</v></c></row></worksheet>`, ErrTooBig},
		"too much":           {"<worksheet>" + strings.Repeat(" ", 2<<20) + "</worksheet>", ErrTooBig},
		"too much in a cell": {"<worksheet><row><c><v>" + strings.Repeat("1", 2<<20) + "</v></c></row></worksheet>", ErrLongCell},
		"no XML":             {"<worksheet><row", ErrFormat},
		"an entity":          {`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet><row><c><v>&a;</v></c></row></worksheet>`, ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(t.Context(), made(t, oneSheet, c.sheet), wide, func(string, int, []string) error { return nil })
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
