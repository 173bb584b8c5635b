package moving

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"parvis/internal/base/fault"
	xlsx "parvis/internal/base/sheet"
	"parvis/internal/testkit"
)

// bookOf is a workbook written by hand: the texts that its cells share, then the rows of each of its sheets.
func bookOf(t testing.TB, shared string, sheets ...string) testkit.File {
	t.Helper()
	f := zipOf(t, func(w *zip.Writer) {
		var links, names strings.Builder
		for i, rows := range sheets {
			fmt.Fprintf(&links, `<Relationship Id="r%d" Target="s%d.xml"/>`, i, i)
			fmt.Fprintf(&names, `<sheet name="S%d" id="r%d"/>`, i, i)
			addTo(t, w, fmt.Sprintf("xl/s%d.xml", i), []byte(`<worksheet><sheetData>`+rows+`</sheetData></worksheet>`))
		}
		addTo(t, w, "xl/_rels/workbook.xml.rels", []byte(`<Relationships>`+links.String()+`</Relationships>`))
		addTo(t, w, "xl/workbook.xml", []byte(`<workbook><sheets>`+names.String()+`</sheets></workbook>`))
		addTo(t, w, "xl/sharedStrings.xml", []byte(`<sst>`+shared+`</sst>`))
	})
	f.Name = "export.xlsx"
	return f
}

// opened gives what is taken of a file and how many bytes of memory it took, given back or not.
func opened(ctx context.Context, f testkit.File, u *unfolder) (length, taken int64, err error) {
	u.ctx, u.take = ctx, func(p piece) error {
		length += int64(len(p.content))
		return nil
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = u.sent(f.Name, memoryFile{bytes.NewReader(f.Body)}, int64(len(f.Body)))
	runtime.ReadMemStats(&after)
	return length, int64(after.TotalAlloc - before.TotalAlloc), err
}

func fresh() *unfolder { return &unfolder{left: maxUnfolded, leftXML: maxUnfolded} }

func sentenceOf(err error) string {
	var all []string
	for _, f := range fault.FieldsOf(err) {
		all = append(all, f.Sentence)
	}
	return strings.Join(all, " ")
}

// TestUploadOfASmallWorkbookTakesLittleMemory sends workbooks of a few kilobytes that would unfold to gigabytes.
func TestUploadOfASmallWorkbookTakesLittleMemory(t *testing.T) {
	const mega = 1 << 20
	full := strings.Repeat("a", xlsx.MaxCell)
	shared := func(times int) string { return strings.Repeat(`<c t="s"><v>0</v></c>`, times) }
	row := `<row>` + shared(30) + `</row>` // a sound one, of 983,010 characters
	o := newOffice(t, testkit.SQLite(t, Sources()), nil)
	for name, c := range map[string]struct {
		file  testkit.File
		want  string
		bytes int64
	}{
		"a text of 4 MB in 200 cells": {bookOf(t, `<si><t>`+strings.Repeat("a", 4*mega)+`</t></si>`, `<row>`+shared(200)+`</row>`), "une de ses cellules dépasse", 4 * mega},
		"a full text in 200 cells":    {bookOf(t, `<si><t>`+full+`</t></si>`, `<row>`+shared(200)+`</row>`), "trop grand", 4 * mega},
		"a full text in many rows":    {bookOf(t, `<si><t>`+full+`</t></si>`, strings.Repeat(row, 200)), "trop grand", 16 * mega},
		"quotes that double":          {bookOf(t, `<si><t>`+strings.Repeat(`"`, xlsx.MaxCell)+`</t></si>`, strings.Repeat(row, 200)), "trop grand", 16 * mega},
		"a text in 200 000 pieces":    {bookOf(t, `<si>`+strings.Repeat(`<r><t>aaaaaaaa</t></r>`, 200_000)+`</si>`, `<row>`+shared(1)+`</row>`), "une de ses cellules dépasse", 8 * mega},
		"a row too far":               {bookOf(t, "", `<row r="200001"><c><v>1</v></c></row>`), "trop grand", 2 * mega},
		"few rows, far between":       {bookOf(t, "", strings.Split(strings.Repeat(`<row><c><v>1</v></c></row><row r="200000"><c><v>1</v></c></row>|`, 20), "|")[:20]...), "trop grand", 16 * mega},
		"packed too well":             {bookOf(t, "", strings.Repeat(`<!--`+full+`-->`, 500)), "anormalement compressé", 4 * mega},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.file.Body) > 100<<10 {
				t.Fatalf("a file of %d bytes is no proof", len(c.file.Body))
			}
			_, bytes, err := opened(t.Context(), c.file, fresh())
			if !strings.Contains(sentenceOf(err), c.want) {
				t.Errorf("got %v, want a sentence with %q", err, c.want)
			}
			if bytes > c.bytes {
				t.Errorf("%d KB taken for %d bytes sent", bytes>>10, len(c.file.Body))
			}
			inside := c.file
			inside.Name, inside.Body = "tout.zip", zipOf(t, func(w *zip.Writer) { addTo(t, w, "export.xlsx", c.file.Body) }).Body
			for _, f := range []testkit.File{c.file, inside} {
				if got := o.send(f); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(".error-summary"), c.want) {
					t.Errorf("%s: %d %s", f.Name, got.Status, got.Text("main"))
				}
			}
		})
	}
}

// TestUploadOfWorkbooksIsBoundedTogether: what the first unfolds to is lost for the next.
func TestUploadOfWorkbooksIsBoundedTogether(t *testing.T) {
	file := bookOf(t, "", `<row><c><v>1</v></c></row>`)
	third := func(u *unfolder) {
		t.Helper()
		for i := range 3 {
			_, _, err := opened(t.Context(), file, u)
			if refused := strings.Contains(sentenceOf(err), "trop grand"); refused != (i == 2) {
				t.Errorf("workbook %d: %v", i+1, err)
			}
		}
	}
	one := fresh()
	if _, _, err := opened(t.Context(), file, one); err != nil {
		t.Fatal(err)
	}
	xml, csv := fresh(), fresh()
	xml.leftXML = 2 * (maxUnfolded - one.leftXML)
	third(xml)
	csv.left = 8 // two bytes for each, with room for quotes
	third(csv)
}

func TestUploadStopsWithItsReader(t *testing.T) {
	file := bookOf(t, "", `<row><c><v>1</v></c></row>`)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := opened(gone, file, fresh()); !errors.Is(err, context.Canceled) {
		t.Errorf("gone: %v", err)
	}
	late, end := context.WithTimeout(t.Context(), 0)
	defer end()
	if _, _, err := opened(late, file, fresh()); !strings.Contains(sentenceOf(err), "trop long à ouvrir") {
		t.Errorf("late: %v", err)
	}
}

// TestUploadOfAnArchiveOfCountlessNames is refused before its table is read.
func TestUploadOfAnArchiveOfCountlessNames(t *testing.T) {
	f := zipOf(t, func(w *zip.Writer) {
		for range maxNames + 1 {
			addTo(t, w, "a", nil)
		}
	})
	_, taken, err := opened(t.Context(), f, fresh())
	if !strings.Contains(sentenceOf(err), "plus de 200 fichiers") || taken > 1<<20 {
		t.Errorf("%v, %d KB taken", err, taken>>10)
	}
	book := zipOf(t, func(w *zip.Writer) { addTo(t, w, "tout.xlsx", f.Body) })
	if _, _, err := opened(t.Context(), book, fresh()); !strings.Contains(sentenceOf(err), "une autre archive") {
		t.Errorf("inside: %v", err)
	}
}

func TestUploadOfAFullCellIsTaken(t *testing.T) {
	text := strings.Repeat("é", xlsx.MaxCell)
	length, _, err := opened(t.Context(), bookOf(t, `<si><t>CODE</t></si><si><t>`+text+`</t></si>`, `<row><c t="s"><v>0</v></c></row><row r="200000"><c t="s"><v>1</v></c></row>`), fresh())
	if want := int64(len(text) + 4 + 200_000); err != nil || length != want {
		t.Errorf("%d bytes, want %d, %v", length, want, err)
	}
}
