package web

import (
	"net/http/httptest"
	"testing"
)

func TestSpreadsheetsComputeNothing(t *testing.T) {
	w := httptest.NewRecorder()
	err := CSV(w, "liste-2027-01-12", [][]string{{"Nom", "Note"}, {"=1+1", "+33"}, {"  @x", "-2"}, {"Zoë; « dite »", "a\r\nb"}, {"\u202f=1", ""}})
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffNom;Note\r\n'=1+1;'+33\r\n'  @x;'-2\r\n\"Zoë; « dite »\";\"'a\r\nb\"\r\n'\u202f=1;\r\n"
	if got := w.Body.String(); got != want {
		t.Errorf("file = %q\nwant   %q", got, want)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="liste-2027-01-12.csv"` {
		t.Errorf("name = %q", got)
	}
}
