package moving

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parvis/internal/testkit"
)

// sentFiles are files as a browser sends them.
func sentFiles(t *testing.T, files ...testkit.File) []*multipart.FileHeader {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := w.CreateFormFile(filesField, f.Name)
		if err == nil {
			_, err = part.Write(f.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(&body, w.Boundary()).ReadForm(64 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { form.RemoveAll() })
	return form.File[filesField]
}

func csvFile(name, content string) testkit.File {
	return testkit.File{Field: filesField, Name: name, Body: []byte(content)}
}

// pieces are the names of what is taken.
func pieces(t *testing.T, ctx context.Context, files ...testkit.File) (names []string, err error) {
	t.Helper()
	err = unfold(ctx, sentFiles(t, files...), func(p piece) error {
		names = append(names, p.name)
		return nil
	})
	return names, err
}

func TestUploadLeavesOutWhatSystemsAdd(t *testing.T) {
	noise := zipOf(t, func(w *zip.Writer) {
		if _, err := w.Create("export/"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"export/.DS_Store", "__MACOSX/familles.csv", "export/Thumbs.db", "export/desktop.ini"} {
			addTo(t, w, name, []byte("\x00\x00bruit"))
		}
		addTo(t, w, "export/familles.csv", []byte("CODE_FAMILLE;NOM\n"))
		addTo(t, w, "export/r\x82servations.csv", []byte("CODE_FAMILLE;NOM\n")) // as Windows writes é in a zip
	})
	names, err := pieces(t, t.Context(), noise)
	if got := strings.Join(names, " "); err != nil || got != "familles.csv r?servations.csv" {
		t.Errorf("taken %s, %v", got, err)
	}
	names, err = pieces(t, t.Context(), csvFile(`C:\exports\familles.csv`, "CODE_FAMILLE;NOM\n"))
	if err != nil || len(names) != 1 || names[0] != "familles.csv" {
		t.Errorf("a name with its folder: %v, %v", names, err)
	}
}

func TestUploadRefusesEachSortOfBadArchive(t *testing.T) {
	line := []byte("CODE_FAMILLE;NOM\n")
	raw := func(h zip.FileHeader, content []byte) testkit.File {
		return zipOf(t, func(w *zip.Writer) {
			h.Name, h.CRC32, h.UncompressedSize64 = "familles.csv", crc32.ChecksumIEEE(line), uint64(len(line))
			f, err := w.CreateRaw(&h)
			if err == nil {
				_, err = f.Write(content)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	named := func(name string) testkit.File {
		return zipOf(t, func(w *zip.Writer) { addTo(t, w, name, line) })
	}
	var many []testkit.File
	for i := range maxFiles + 1 {
		many = append(many, csvFile(fmt.Sprintf("%d.csv", i), string(line)))
	}
	crowd := zipOf(t, func(w *zip.Writer) {
		addTo(t, w, "xl/workbook.xml", []byte("<workbook/>"))
		for range maxNames {
			addTo(t, w, "a", nil)
		}
	})
	for name, c := range map[string]struct {
		files []testkit.File
		want  string
	}{
		"another way of packing": {[]testkit.File{raw(zip.FileHeader{Method: 99, CompressedSize64: uint64(len(line))}, line)}, "au format zip ordinaire"},
		"another text than said": {[]testkit.File{raw(zip.FileHeader{Method: zip.Store, CompressedSize64: uint64(len(line))}, bytes.ToLower(line))}, "ce fichier de l’archive est abîmé"},
		"a name cut by a zero":   {[]testkit.File{named("familles.csv\x00.exe")}, "désigne un autre dossier"},
		"a way up and down":      {[]testkit.File{named("a/../familles.csv")}, "désigne un autre dossier"},
		"a way up at the end":    {[]testkit.File{named("familles.csv/..")}, "désigne un autre dossier"},
		"an absolute path":       {[]testkit.File{named("/familles.csv")}, "désigne un autre dossier"},
		"too many CSV files":     {many, "plus de 30 fichiers"},
		"countless names inside": {[]testkit.File{zipOf(t, func(w *zip.Writer) { addTo(t, w, "a.xlsx", crowd.Body) })}, "une autre archive"},
	} {
		if names, err := pieces(t, t.Context(), c.files...); !strings.Contains(sentenceOf(err), c.want) {
			t.Errorf("%s: taken %v, %v", name, names, err)
		}
	}
	huge := raw(zip.FileHeader{Method: zip.Store, CompressedSize64: 1 << 57}, line)
	if _, err := pieces(t, t.Context(), huge); !strings.Contains(sentenceOf(err), "ce fichier de l’archive est abîmé") {
		t.Errorf("an archive that lies about its size: %v", err)
	}
}

// TestUploadOfFilesIsBoundedTogether: what the first holds is lost for the next, whole or in an archive.
func TestUploadOfFilesIsBoundedTogether(t *testing.T) {
	line := "CODE_FAMILLE;NOM\n"
	packed := zipOf(t, func(w *zip.Writer) { addTo(t, w, "familles.csv", []byte(line)) })
	for name, f := range map[string]testkit.File{"alone": csvFile("familles.csv", line), "in a zip": packed} {
		u := fresh()
		u.left = 2*int64(len(line)) + 3
		for i := range 3 {
			_, _, err := opened(t.Context(), f, u)
			if refused := strings.Contains(sentenceOf(err), "dépassent 128 Mo"); refused != (i == 2) || !refused && err != nil {
				t.Errorf("%s, file %d: %v", name, i+1, err)
			}
		}
	}
}

func TestUploadGivesUpBeforeTheAnswerIsLate(t *testing.T) {
	book := bookOf(t, "", strings.Repeat(`<row><c><v>1</v></c></row>`, 2), strings.Repeat(`<row><c><v>1</v></c></row>`, 2))
	synctest.Test(t, func(t *testing.T) {
		taken := 0
		err := unfold(context.Background(), sentFiles(t, book), func(piece) error {
			taken++
			time.Sleep(maxReading + time.Second) // of the test's own clock
			return nil
		})
		if taken != 1 || !strings.Contains(sentenceOf(err), "trop long à ouvrir") {
			t.Errorf("%d sheets taken, %v", taken, err)
		}
	})
}

func TestUploadCutsLongHeadings(t *testing.T) {
	names, _, err := headingsOf([]byte(strings.Repeat("é", 81) + ";NOM\n"))
	if err != nil || len(names) != 2 || names[0] != strings.Repeat("é", 80) {
		t.Errorf("%d headings, %v: %q", len(names), err, names)
	}
}

// TestUploadOfAWorkbookKeepsItsBounds sends workbooks that go over one bound each.
func TestUploadOfAWorkbookKeepsItsBounds(t *testing.T) {
	wide := `<row>` + strings.Repeat(`<c><v>1</v></c>`, maxColumns+1) + `</row>`
	for name, c := range map[string]struct {
		file testkit.File
		want string
	}{
		"a column too far":  {bookOf(t, "", wide), "trop grand"},
		"too many elements": {bookOf(t, "", `</sheetData>`+strings.Repeat(`<x/>`, maxElements)+`<sheetData>`), "trop grand"},
		"texts shared":      {bookOf(t, strings.Repeat(`<si><t>`+strings.Repeat("a", 32_000)+`</t></si>`, maxShared/32_000+1), `<row><c><v>1</v></c></row>`), "trop grand"},
	} {
		u := fresh()
		u.left = 1 << 40
		if _, _, err := opened(t.Context(), looser(t, c.file), u); !strings.Contains(sentenceOf(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUploadCountsTheQuotesOfACell: a text of quotes doubles once in CSV, and is counted so before it is written.
func TestUploadCountsTheQuotesOfACell(t *testing.T) {
	u := fresh()
	u.left = 1500
	if _, _, err := opened(t.Context(), bookOf(t, `<si><t>`+strings.Repeat(`"`, 1000)+`</t></si>`, `<row><c t="s"><v>0</v></c></row>`), u); !strings.Contains(sentenceOf(err), "trop grand") {
		t.Errorf("%d left, %v", u.left, err)
	}
}

// looser is a workbook whose parts are kept as they are, so that only the bound in question stops it.
func looser(t *testing.T, f testkit.File) testkit.File {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(f.Body), int64(len(f.Body)))
	if err != nil {
		t.Fatal(err)
	}
	out := zipOf(t, func(w *zip.Writer) {
		for _, e := range in.File {
			r, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			part, err := w.CreateHeader(&zip.FileHeader{Name: e.Name, Method: zip.Store})
			if err == nil {
				_, err = io.Copy(part, r)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	out.Name = f.Name
	return out
}
