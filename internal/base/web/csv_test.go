package web

import (
	"net/http/httptest"
	"testing"
)

// TestSignsLikeThoseOfFormulasAreInert goes through the signs that a spreadsheet may read as the beginning of a formula.
func TestSignsLikeThoseOfFormulasAreInert(t *testing.T) {
	for _, cell := range []string{"=1", "＝1", "+1", "＋33", "-1", "－1", "−1", "@x", "＠x", "﹦1", "⁼1", "\u3000＝1", "\u200b=1", "\u2009=1", "a\tb", "a\rb", "\t=1", "\v=1", "a\x00"} {
		if got := inert(cell); got != "'"+cell {
			t.Errorf("%q is written %q", cell, got)
		}
	}
	for _, cell := range []string{"", " ", "Zoë", "1 – 2", "– –", "O’Connor", "1+1", "a@b.fr", "« = »", "\xff"} {
		if got := inert(cell); got != cell {
			t.Errorf("%q is written %q", cell, got)
		}
	}
}

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
