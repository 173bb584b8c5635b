package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

var honest = Limits{Bytes: 128 << 20, Free: 1 << 20, Ratio: 200, Elements: 100_000, Shared: 1 << 20, Rows: 1000, Columns: 200}

// book is a workbook of these parts; what is not given is the least there can be.
func book(t *testing.T, method uint16, parts map[string]string) *zip.Reader {
	t.Helper()
	least := map[string]string{"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="one.xml"/></Relationships>`,
		"xl/workbook.xml": oneSheet, "xl/one.xml": rowOf(`<c t="s"><v>0</v></c>`)}
	for name, text := range parts {
		least[name] = text
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range least {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
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

func rowOf(cells string) string {
	return `<worksheet><sheetData><row>` + cells + `</row></sheetData></worksheet>`
}

func sharing(items string) map[string]string {
	return map[string]string{"xl/sharedStrings.xml": `<sst>` + items + `</sst>`}
}

func rows(text string) map[string]string { return map[string]string{"xl/one.xml": text} }

func numbers(styles string) map[string]string {
	return map[string]string{"xl/styles.xml": styles, "xl/one.xml": rowOf(`<c s="0"><v>7</v></c>`)}
}

// taken gives the rows and how many bytes were taken from memory for them, given back or not.
func taken(z *zip.Reader, limits Limits) (got [][]string, bytes int64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = Read(context.Background(), z, limits, func(_ string, _ int, cells []string) error {
		got = append(got, append([]string(nil), cells...))
		return nil
	})
	runtime.ReadMemStats(&after)
	return got, int64(after.TotalAlloc - before.TotalAlloc), err
}

// TestSmallFilesThatUnfoldAreRefusedEarly sends what attacks are made of: files of a few kilobytes.
func TestSmallFilesThatUnfoldAreRefusedEarly(t *testing.T) {
	const mega = 1 << 20
	full := strings.Repeat("a", MaxCell)
	piece := "<r><t>aaaaaaaaaa</t></r>"
	for name, c := range map[string]struct {
		method uint16
		parts  map[string]string
		want   error
		bytes  int64
	}{
		"one text, endless":            {zip.Deflate, sharing(`<si><t>` + strings.Repeat("a", 8*mega) + `</t></si>`), ErrLongCell, 4 * mega},
		"one text, raw":                {zip.Deflate, sharing(`<si><t><![CDATA[` + strings.Repeat("a", 2*mega) + `]]></t></si>`), ErrLongCell, 4 * mega},
		"one character too many":       {zip.Deflate, sharing(`<si><t>` + full + `a</t></si>`), ErrLongCell, mega},
		"the same in a cell":           {zip.Deflate, rows(rowOf(`<c t="inlineStr"><is><t>` + full + `a</t></is></c>`)), ErrLongCell, mega},
		"a number of no end":           {zip.Deflate, rows(rowOf(`<c><v>1` + strings.Repeat("0", MaxCell) + `</v></c>`)), ErrLongCell, mega},
		"a text in too long pieces":    {zip.Deflate, sharing(`<si>` + strings.Repeat(piece, MaxCell/10+1) + `</si>`), ErrLongCell, 4 * mega},
		"a text in too many pieces":    {zip.Deflate, sharing(`<si>` + strings.Repeat("<r/>", 200_000) + `</si>`), ErrTooBig, 2 * mega},
		"a text of cuts":               {zip.Deflate, sharing(`<si><t>` + strings.Repeat("<![CDATA[é]]>", MaxCell+1) + `</t></si>`), ErrLongCell, 4 * mega},
		"a shared text in all columns": {zip.Deflate, merged(sharing(`<si><t>`+full+`</t></si>`), rows(rowOf(strings.Repeat(`<c t="s"><v>0</v></c>`, 200)))), ErrTooBig, mega},
		"too many shared texts":        {zip.Deflate, sharing(strings.Repeat("<si/>", 1<<20/perText+1)), ErrTooBig, 40 * mega},
		"too long shared texts":        {zip.Deflate, sharing(strings.Repeat("<si><t>"+full+"</t></si>", 33)), ErrTooBig, 4 * mega},
		"too deep":                     {zip.Deflate, rows(strings.Repeat("<a>", 100_000)), ErrTooBig, mega},
		"too deep in a cell":           {zip.Deflate, rows(rowOf("<c>" + strings.Repeat("<a>", 100_000))), ErrTooBig, mega},
		"too many elements":            {zip.Store, rows("<a>" + strings.Repeat("<b/>", 100_000)), ErrTooBig, 40 * mega},
		"a comment, endless":           {zip.Deflate, rows("<!--" + strings.Repeat("a", 8*mega) + "-->"), ErrTooBig, 4 * mega},
		"an attribute, endless":        {zip.Deflate, rows(`<row r="` + strings.Repeat("a", 8*mega) + `">`), ErrTooBig, 4 * mega},
		"attributes, endless":          {zip.Deflate, rows(`<row ` + strings.Repeat(`a="" `, 2*mega) + `/>`), ErrTooBig, 40 * mega},
		"letters, endless":             {zip.Deflate, rows(rowOf(`<c r="` + strings.Repeat("A", 100_000) + `1"><v>1</v></c>`)), ErrTooBig, mega},
		"packed too well":              {zip.Deflate, rows("<a>" + strings.Repeat("<!--"+full+"-->", 500)), ErrRatio, 4 * mega},
		"too many formats":             {zip.Store, numbers(`<s>` + numFmts(maxLooks+1) + `</s>`), ErrTooBig, 200 * mega},
		"too many styles":              {zip.Store, numbers(`<s><cellXfs>` + strings.Repeat("<xf/>", maxLooks+1) + `</cellXfs></s>`), ErrTooBig, 40 * mega},
		"too many sheets":              {zip.Deflate, map[string]string{"xl/workbook.xml": `<workbook>` + strings.Repeat(`<sheet name="S" id="r1"/>`, maxSheets+1) + `</workbook>`}, ErrTooBig, 2 * mega},
		"too many parts":               {zip.Deflate, map[string]string{"xl/_rels/workbook.xml.rels": `<R>` + relationships(maxParts+1) + `</R>`}, ErrTooBig, 2 * mega},
		"a row beyond numbers":         {zip.Deflate, rows(fmt.Sprintf(`<s><row r="%d"/><row><c><v>1</v></c></row></s>`, math.MaxInt)), ErrTooBig, mega},
	} {
		t.Run(name, func(t *testing.T) {
			_, bytes, err := taken(book(t, c.method, c.parts), honest)
			if !errors.Is(err, c.want) || (c.want == ErrTooBig && errors.Is(err, ErrLongCell)) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if bytes > c.bytes {
				t.Errorf("%d KB taken, want at most %d", bytes>>10, c.bytes>>10)
			}
		})
	}
}

func TestAllPartsCountTogether(t *testing.T) {
	limits := honest
	limits.Bytes = 1 << 20
	z := book(t, zip.Store, rows("<s>"+strings.Repeat("<!--"+strings.Repeat("a", 1000)+"-->", 1100)+"</s>"))
	if _, err := Read(t.Context(), z, limits, nil); !errors.Is(err, ErrTooBig) {
		t.Errorf("got %v", err)
	}
}

func merged(a, b map[string]string) map[string]string {
	for k, v := range b {
		a[k] = v
	}
	return a
}

func numFmts(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `<numFmt numFmtId="%d" formatCode="0"/>`, i)
	}
	return s.String()
}

func relationships(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `<Relationship Id="r%d" Target="one.xml"/>`, i)
	}
	return s.String()
}

func TestWhatIsLongButHonestIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		parts map[string]string
		want  string
	}{
		"a full cell":           {sharing(`<si><t>` + strings.Repeat("&#233;", MaxCell) + `</t></si>`), strings.Repeat("é", MaxCell)},
		"many pieces":           {sharing(`<si>` + strings.Repeat(`<r><rPr><b/></rPr><t>12345678</t></r>`, 4000) + `<rPh><t>no</t></rPh></si>`), strings.Repeat("12345678", 4000)},
		"a format of zeros":     {numbers(`<s><numFmt numFmtId="200" formatCode="` + strings.Repeat("0", 1000) + `"/><cellXfs><xf numFmtId="200"/></cellXfs></s>`), strings.Repeat("0", 39) + "7"},
		"a format beyond all":   {numbers(`<s><numFmt numFmtId="200" formatCode="` + strings.Repeat("y", maxFormat) + `d"/><cellXfs><xf numFmtId="200"/></cellXfs></s>`), "7"},
		"coloured rows far off": {rows(`<s><row r="5"><c><v>1</v></c></row><row r="900000"><c s="1"/></row></s>`), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, bytes, err := taken(book(t, zip.Deflate, c.parts), honest)
			if err != nil || len(got) != 1 || got[0][0] != c.want {
				t.Errorf("got %d rows, %v", len(got), err)
			}
			if bytes > 6<<20 { // the square of four thousand pieces is 64 MB
				t.Errorf("%d KB taken", bytes>>10)
			}
		})
	}
}

func TestReadingStopsWithItsReader(t *testing.T) {
	long := book(t, zip.Store, rows("<s>"+strings.Repeat("<row><c><v>1</v></c></row>", 20_000)+"</s>"))
	limits := honest
	limits.Rows = 20_000
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	read, err := Read(ctx, long, limits, func(string, int, []string) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n == 20_000 || read > 200<<10 {
		t.Errorf("gone: %v after %d rows and %d bytes", err, n, read)
	}
	late, end := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer end()
	if _, err := Read(late, long, limits, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: %v", err)
	}
	if read, err := Read(t.Context(), long, limits, func(string, int, []string) error { return nil }); err != nil || read < 500_000 {
		t.Errorf("%d bytes read, %v", read, err)
	}
}
