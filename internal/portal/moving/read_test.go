package moving

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// problemsOf checks a folder and gives its problems as "file:line champ gravite".
func problemsOf(t testing.TB, dir string) ([]string, *export, tally) {
	t.Helper()
	var all []string
	exp, found, err := check(dir, today, func(p Problem) {
		s := place(p.File, p.Line) + " " + p.Field + " " + string(p.Gravity)
		if p.Follows != "" {
			s += " < " + p.Follows
		}
		all = append(all, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, exp, found
}

func own(all []string) []string {
	kept := []string{}
	for _, s := range all {
		if strings.Contains(s, " erreur") {
			kept = append(kept, s)
		}
	}
	return kept
}

func TestEachLineIsJudgedByItsOwnRule(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace []string
		want    []string // errors
	}{
		{"a sound export", nil, []string{}},
		{"29 February of a common year", []string{"01/02/1980", "29/02/1981"}, []string{"familles.csv:2 DATE_NAISSANCE_1 erreur",
			"enfants.csv:2 CODE_FAMILLE erreur < familles.csv:2", "contacts.csv:2 CODE_FAMILLE erreur < familles.csv:2",
			"reservations.csv:2 CODE_FAMILLE erreur < familles.csv:2", "factures.csv:2 CODE_FAMILLE erreur < familles.csv:2"}},
		{"two faults of one line", []string{"ana@exemple.fr", "ana", "01/02/1980", "31/04/1980", "N1;F1", "N1;F2"}, []string{
			"familles.csv:2 DATE_NAISSANCE_1 erreur", "familles.csv:2 COURRIEL_1 erreur", "enfants.csv:2 CODE_FAMILLE erreur < familles.csv:2",
			"contacts.csv:2 CODE_FAMILLE erreur < familles.csv:2", "reservations.csv:2 CODE_FAMILLE erreur < familles.csv:2"}},
		{"a child without first name in both homes", []string{"Zoé", ""}, []string{"enfants.csv:2 PRENOM erreur", "enfants.csv:3 PRENOM erreur",
			"inscriptions.csv:2 CODE_ENFANT erreur < enfants.csv:2", "reservations.csv:2 CODE_ENFANT erreur < enfants.csv:2",
			"reservations.csv:3 CODE_ENFANT erreur < enfants.csv:2"}},
		{"a second home that is not shared custody", []string{"ALTERNEE", ""}, []string{"enfants.csv:3 CODE_ENFANT erreur",
			"reservations.csv:3 CODE_FAMILLE erreur"}},
		{"the alternating line first", []string{"CE1;A;;;N;\n", "CE1;A;;;N;ALTERNEE\n", "N;ALTERNEE", "N;"}, []string{}},
		{"an enrolment that ends before it starts", []string{"02/07/2027\nE2", "02/07/2020\nE2"}, []string{"inscriptions.csv:2 DATE_FIN erreur",
			"reservations.csv:2 ACTIVITE erreur < inscriptions.csv:2", "reservations.csv:3 ACTIVITE erreur < inscriptions.csv:2"}},
		{"the same day booked by both homes", []string{"02/10/2026", "01/10/2026"}, []string{"reservations.csv:3 DATE erreur"}},
		{"a state nobody knows", []string{"ABSENT", "MALADE"}, []string{"reservations.csv:4 ETAT erreur"}},
		{"paid more than owed", []string{"20,00;0,00", "20,00;20,01"}, []string{"factures.csv:3 REGLE erreur"}},
		{"a fault under a refused family", []string{"tom@exemple.fr", "tom", "20,00", "vingt"}, []string{"familles.csv:3 COURRIEL_1 erreur",
			"enfants.csv:3 CODE_FAMILLE erreur < familles.csv:3", "enfants.csv:4 CODE_FAMILLE erreur < familles.csv:3",
			"inscriptions.csv:3 CODE_ENFANT erreur < familles.csv:3", "reservations.csv:3 CODE_FAMILLE erreur < familles.csv:3",
			"reservations.csv:4 CODE_ENFANT erreur < familles.csv:3", "factures.csv:3 CODE_FAMILLE erreur < familles.csv:3", "factures.csv:3 MONTANT erreur"}},
		{"a quote never closed", []string{"un;MARTIN", "un;\"MARTIN"}, []string{"familles.csv:2  erreur",
			"enfants.csv:2 CODE_FAMILLE erreur < familles.csv:2", "contacts.csv:2 CODE_FAMILLE erreur < familles.csv:2",
			"reservations.csv:2 CODE_FAMILLE erreur < familles.csv:2", "factures.csv:2 CODE_FAMILLE erreur < familles.csv:2"}},
		{"an unreadable child and an unreadable enrolment", []string{"E2;F2;ROUX", "E2;\"F2\"x;ROUX", "E1;Cantine;Jean", "E1;\"Cantine;Jean"}, []string{
			"enfants.csv:4  erreur", "inscriptions.csv:2  erreur", "inscriptions.csv:3 CODE_ENFANT erreur < enfants.csv:4",
			"reservations.csv:2 ACTIVITE erreur < inscriptions.csv:2", "reservations.csv:3 ACTIVITE erreur < inscriptions.csv:2",
			"reservations.csv:4 CODE_ENFANT erreur < enfants.csv:4"}},
		{"too many values", []string{"ABSENT", "ABSENT;oui"}, []string{"reservations.csv:4  erreur"}},
		{"a cell over three lines", []string{"tom@exemple.fr", "\"tom@exemple.fr\"", "PETIT;Ida;Voisine", "PETIT;Ida;\"Voi\n\nsine\"", "ABSENT", "\"RIEN\nDU TOUT\"\nE2;F2;Cantine;;03/10/2026;FAUX"},
			[]string{"reservations.csv:4 ETAT erreur", "reservations.csv:6 ETAT erreur"}},
		{"Excel's line above the header", []string{"CODE_FAMILLE;IDENTIFIANT", "sep=;\n\nCODE_FAMILLE;IDENTIFIANT", "tom@exemple.fr", "tom"}, []string{"familles.csv:5 COURRIEL_1 erreur",
			"enfants.csv:3 CODE_FAMILLE erreur < familles.csv:5", "enfants.csv:4 CODE_FAMILLE erreur < familles.csv:5",
			"inscriptions.csv:3 CODE_ENFANT erreur < familles.csv:5", "reservations.csv:3 CODE_FAMILLE erreur < familles.csv:5",
			"reservations.csv:4 CODE_ENFANT erreur < familles.csv:5", "factures.csv:3 CODE_FAMILLE erreur < familles.csv:5"}},
		{"a dated hour, ISO days, accents in words", []string{"01/10/2026;PRESENT", "01/10/2026 00:00:00;Présent", "02/10/2026", "2026-10-02", "ABSENT", "Absence justifiée"}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, _ := problemsOf(t, folder(t, c.replace...))
			if diff := cmp.Diff(c.want, own(got)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDoubtsKeepTheLine(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace []string
		want    []string
	}{
		{"a sound export", nil, nil},
		{"no e-mail", []string{"tom@exemple.fr", ""}, []string{"familles.csv:3 COURRIEL_1 a_verifier"}},
		{"one address for two adults", []string{"leo@exemple.fr", "ANA@exemple.fr"}, []string{"familles.csv:2 COURRIEL_2 a_verifier"}},
		{"one person twice", []string{"ROUX;Tom;01/02/1982", "Martin;ANA;01/02/1980"}, []string{"familles.csv:3 NOM_1 a_verifier"}},
		{"a name that lost a letter", []string{"Max", "M?x"}, []string{"enfants.csv:4 PRENOM a_verifier"}},
		{"a name badly coded in the past", []string{"Max", "FranÃ§ois"}, []string{"enfants.csv:4 PRENOM a_verifier"}},
		{"the second home says another class", []string{"CE1;A;;;N;ALTERNEE", "CE1;B;;;N;ALTERNEE"}, []string{"enfants.csv:3 CLASSE a_verifier"}},
		{"the same identifier twice", []string{"deux", "UN"}, []string{"familles.csv:3 IDENTIFIANT a_verifier"}},
		{"a phone too short", []string{"0144556677", "014455"}, []string{"contacts.csv:2 TELEPHONE a_verifier"}},
		{"paid, says the state", []string{"20,00;0,00;A PAYER", "20,00;5,00;SOLDEE"}, []string{"factures.csv:3 ETAT a_verifier"}},
		{"a day outside the enrolment", []string{"02/10/2026", "02/10/2028"}, []string{"reservations.csv:3 DATE a_verifier"}},
		{"a namesake in the family", []string{"ROUX;Max", "MARTIN;Zoe"}, []string{"enfants.csv:4 PRENOM a_verifier"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, exp, _ := problemsOf(t, folder(t, c.replace...))
			var kept []string
			for _, s := range got {
				if !strings.Contains(s, ":1 ") { // the small export leaves columns out
					kept = append(kept, s)
				}
			}
			if diff := cmp.Diff(c.want, kept); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if want := (Counts{2, 3, 2, 3, 1, 2, 3, 2}); exp.counts != want {
				t.Errorf("counts: got %v, want %v", exp.counts, want)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsAllThatIsTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"missing", func(dir string) error { return os.Remove(filepath.Join(dir, contactsFile)) }, "contacts.csv:0  erreur"},
		{"empty", func(dir string) error { return os.WriteFile(filepath.Join(dir, contactsFile), nil, 0o600) }, "contacts.csv:0  erreur"},
		{"a spreadsheet", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, contactsFile), []byte("PK\x03\x04…"), 0o600)
		}, "contacts.csv:0  erreur"},
		{"UTF-16", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, contactsFile), []byte("\xff\xfeC\x00"), 0o600)
		}, "contacts.csv:0  erreur"},
		{"no required column", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, contactsFile), []byte("CODE_FAMILLE;PRENOM;LIEN;TELEPHONE;AUTORISE_A_RECUPERER\n"), 0o600)
		}, "contacts.csv:1 NOM erreur"},
		{"a column twice", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, contactsFile), []byte("CODE_FAMILLE;NOM;nom;PRENOM;LIEN;TELEPHONE;AUTORISE_A_RECUPERER\n"), 0o600)
		}, "contacts.csv:1 NOM erreur"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			got, _, found := problemsOf(t, dir)
			if diff := cmp.Diff([]string{c.want}, own(got)); diff != "" || !found.fatal {
				t.Errorf("errors, fatal %v (-want +got):\n%s", found.fatal, diff)
			}
			r, err := Run(t.Context(), Deps{Now: clock}, Options{From: dir, DryRun: true})
			if err == nil || r.Status != NothingDone || !strings.Contains(err.Error(), "contacts.csv") {
				t.Errorf("got %+v %v, want status 1", r, err)
			}
		})
	}
	if r, err := Run(t.Context(), Deps{Now: clock}, Options{From: filepath.Join(t.TempDir(), "absent")}); err == nil || r.Status != Usage {
		t.Errorf("absent folder: got %+v %v, want status 2", r, err)
	}
}

func TestUpperCaseFileNamesAndLoneCarriageReturnsAreRead(t *testing.T) {
	dir := t.TempDir()
	for name, text := range smallTown {
		if err := os.WriteFile(filepath.Join(dir, strings.ToUpper(name)), []byte(strings.ReplaceAll(text, "\n", "\r")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, exp, _ := problemsOf(t, dir)
	if want := (Counts{2, 3, 2, 3, 1, 2, 3, 2}); exp.counts != want || len(own(got)) != 0 {
		t.Errorf("counts: got %v, want %v; %v", exp.counts, want, own(got))
	}
}

func TestHugeLinesAreRefusedNotKept(t *testing.T) {
	dir := folder(t, "ABSENT", strings.Repeat("A", 3<<20), "PRESENT", strings.Repeat("B", 5000))
	got, _, _ := problemsOf(t, dir)
	want := []string{"reservations.csv:2  erreur", "reservations.csv:2 ETAT erreur", "reservations.csv:4  erreur"}
	if diff := cmp.Diff(want, own(got)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestReportCellsAreNoFormulas(t *testing.T) {
	for given, want := range map[string]string{"=1+1": "'=1+1", "-3": "'-3", "@x": "'@x", "+33": "'+33", "\tx": "'\tx", "a;b": `"a;b"`, `a"b`: `"a""b"`,
		"=A1;B": `"'=A1;B"`, "simple": "simple", "": ""} {
		if got := cell(given); got != want {
			t.Errorf("cell(%q) = %q, want %q", given, got, want)
		}
	}
}

// bytesFile is a file in memory.
type bytesFile struct{ *bytes.Reader }

func (bytesFile) Close() error { return nil }

// checkBytes checks the small export with one of its files replaced by any bytes: no failure, and every line told
// has a place in the file.
func checkBytes(t testing.TB, which byte, content []byte) {
	name := layouts[int(which)%len(layouts)].file
	lines := bytes.Count(content, []byte("\n")) + bytes.Count(content, []byte("\r")) + 1
	_, _, err := checkFiles(func(file string) (io.ReadSeekCloser, error) {
		if file == name {
			return bytesFile{bytes.NewReader(content)}, nil
		}
		return bytesFile{bytes.NewReader([]byte(smallTown[file]))}, nil
	}, layouts, today, func(p Problem) {
		if p.File == name && (p.Line < 0 || p.Line > lines) {
			t.Errorf("line %d of %d: %s", p.Line, lines, p.Sentence)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnyBytesAreReadWithoutPanic(t *testing.T) {
	rounds := 4_000
	if os.Getenv("PARVIS_DEEP") != "" {
		rounds = 1_000_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	tokens := []string{";", ",", "\t", "\"", "\"\"", "\n", "\r\n", "\r", "\x00", "\xff", "\ufeff", "é", "e\u0301", "=", "F1", "E1", "E2", "31/02/2020", "ALTERNEE",
		"99999999999999999999", "-1", "?", " ", "\u00a0", "Cantine", strings.Repeat("x", 5000)}
	for range rounds {
		which := byte(rng.IntN(len(layouts)))
		content := []byte(smallTown[layouts[which].file])
		for range 1 + rng.IntN(12) {
			at := rng.IntN(len(content) + 1)
			end := min(len(content), at+rng.IntN(20))
			content = slices.Concat(content[:at], []byte(tokens[rng.IntN(len(tokens))]), content[end:])
		}
		checkBytes(t, which, content)
		if t.Failed() {
			t.Fatalf("file %d: %q", which, content)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for i, l := range layouts {
		f.Add(byte(i), []byte(smallTown[l.file]))
	}
	f.Add(byte(4), []byte("\xef\xbb\xbfCODE_ENFANT\tCODE_FAMILLE\tACTIVITE\tUNITE\tDATE\tETAT\n\"E1\n\tF1\t\"\"\"\tx\n\x00\xff;"))
	f.Add(byte(0), []byte("CODE_FAMILLE,NOM_1,PRENOM_1,COURRIEL_1\r\r\"\"\"\r"))
	f.Fuzz(func(t *testing.T, which byte, content []byte) { checkBytes(t, which, content) })
}
