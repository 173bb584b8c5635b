package moving

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"parvis/internal/testkit"
)

func TestWhatCannotBeTakenIsRefused(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	o := newOffice(t, d, nil)
	link := zipOf(t, func(w *zip.Writer) {
		h := &zip.FileHeader{Name: "familles.csv"}
		h.SetMode(0o777 | os.ModeSymlink)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(f, "/etc/passwd")
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	locked := zipFiles(t)
	for i := 0; i+8 < len(locked.Body); i++ { // the flag that says encrypted, in each header
		switch {
		case bytes.HasPrefix(locked.Body[i:], []byte("PK\x03\x04")):
			locked.Body[i+6] |= 1
		case bytes.HasPrefix(locked.Body[i:], []byte("PK\x01\x02")):
			locked.Body[i+8] |= 1
		}
	}
	named := func(name string) testkit.File {
		return zipOf(t, func(w *zip.Writer) { addTo(t, w, name, []byte("CODE_FAMILLE;NOM\n")) })
	}
	inner := zipFiles(t)
	for name, c := range map[string]struct {
		file testkit.File
		want string
	}{
		"a bomb": {zipOf(t, func(w *zip.Writer) { addTo(t, w, "familles.csv", make([]byte, 40<<20)) }), "anormalement compressé"},
		"too many files": {zipOf(t, func(w *zip.Writer) {
			for i := range maxEntries + 1 {
				addTo(t, w, fmt.Sprint(i), nil)
			}
		}), "plus de 200 fichiers"},
		"a way up":           {named("../../familles.csv"), "désigne un autre dossier"},
		"a way up, inside":   {named("a/../../familles.csv"), "désigne un autre dossier"},
		"an absolute path":   {named("/etc/familles.csv"), "désigne un autre dossier"},
		"a Windows way up":   {named(`..\familles.csv`), "désigne un autre dossier"},
		"a Windows drive":    {named(`C:\familles.csv`), "désigne un autre dossier"},
		"a link":             {link, "contient un lien"},
		"a password":         {locked, "protégée par un mot de passe"},
		"a zip in a zip":     {zipOf(t, func(w *zip.Writer) { addTo(t, w, "tout.zip", inner.Body) }), "une autre archive"},
		"a cut zip":          {testkit.File{Field: filesField, Name: "a.zip", Body: inner.Body[:len(inner.Body)/2]}, "abîmée"},
		"an empty zip":       {zipOf(t, func(*zip.Writer) {}), "aucun fichier CSV"},
		"an old workbook":    {testkit.File{Field: filesField, Name: "a.xls", Body: []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")}, "ancien format ou protégé"},
		"an empty file":      {testkit.File{Field: filesField, Name: "a.csv", Body: []byte(" \n")}, "est vide"},
		"UTF-16":             {testkit.File{Field: filesField, Name: "a.csv", Body: []byte("\xff\xfeN\x00")}, "UTF-16"},
		"a picture":          {testkit.File{Field: filesField, Name: "a.png", Body: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00")}, "ni un fichier CSV"},
		"too many columns":   {testkit.File{Field: filesField, Name: "a.csv", Body: []byte(strings.Repeat("a;", 300) + "\n")}, "Le maximum est 200"},
		"a workbook, broken": {zipOf(t, func(w *zip.Writer) { addTo(t, w, "xl/workbook.xml", []byte("<a")) }), "classeur est abîmé"},
	} {
		t.Run(name, func(t *testing.T) {
			got := o.send(c.file)
			if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(".error-summary"), c.want) {
				t.Errorf("%d, want a sentence with %q: %s", got.Status, c.want, got.Text("main"))
			}
		})
	}
	if got := o.send(); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(".error-summary"), "Choisissez les fichiers") {
		t.Errorf("nothing sent: %d %s", got.Status, got.Text("main"))
	}
	if n := count(t, d, `select count(*) from import_upload`); n != 0 {
		t.Errorf("%d uploads kept", n)
	}
	left := 0
	if err := o.desk.Files.Each(func(string, int64, time.Time) error { left++; return nil }); err != nil || left != 0 {
		t.Errorf("%d sealed files left (%v)", left, err)
	}
}
