package moving

import (
	"strings"

	"parvis/internal/feature/person"
)

// column is one column of an export's file. A file without a required one cannot be read at all; another that
// is absent is told once, and read as empty.
type column struct {
	name     string
	required bool
}

// layout is the columns of one file of the export.
type layout struct {
	file    string
	columns []column

	// placed gives each column of the file its place among columns, -1 for one left aside, when it was said on
	// screen; nil reads the headers. sep then separates them.
	placed []int
	sep    byte
}

// The six files of an export.
const (
	familiesFile   = "familles.csv"
	childrenFile   = "enfants.csv"
	contactsFile   = "contacts.csv"
	enrolmentsFile = "inscriptions.csv"
	bookingsFile   = "reservations.csv"
	invoicesFile   = "factures.csv"
)

// layouts lists the files in the order of reading: what hangs on a line comes after it.
var layouts = []layout{
	layoutOf(familiesFile, "CODE_FAMILLE*", "IDENTIFIANT", "CIVILITE_1", "NOM_1*", "NOM_NAISSANCE_1", "PRENOM_1*",
		"DATE_NAISSANCE_1", "COURRIEL_1*", "PORTABLE_1", "CIVILITE_2", "NOM_2", "PRENOM_2", "DATE_NAISSANCE_2",
		"COURRIEL_2", "PORTABLE_2", "NUMERO", "VOIE", "COMPLEMENT", "CODE_POSTAL", "VILLE", "QUOTIENT",
		"DATE_QUOTIENT", "SITUATION"),
	layoutOf(childrenFile, "CODE_ENFANT*", "CODE_FAMILLE*", "NOM*", "PRENOM*", "SEXE", "DATE_NAISSANCE*", "ECOLE",
		"NIVEAU", "CLASSE", "REGIME", "ALLERGIES", "PAI", "GARDE*"),
	layoutOf(contactsFile, "CODE_FAMILLE*", "NOM*", "PRENOM*", "LIEN", "TELEPHONE", "AUTORISE_A_RECUPERER*"),
	layoutOf(enrolmentsFile, "CODE_ENFANT*", "ACTIVITE*", "LIEU*", "ANNEE_SCOLAIRE", "DATE_DEBUT*", "DATE_FIN*"),
	layoutOf(bookingsFile, "CODE_ENFANT*", "CODE_FAMILLE*", "ACTIVITE*", "UNITE*", "DATE*", "ETAT*"),
	layoutOf(invoicesFile, "NUMERO*", "CODE_FAMILLE*", "PERIODE*", "DATE_EMISSION*", "ECHEANCE", "MONTANT*", "REGLE*",
		"ETAT*"),
}

// layoutOf reads names where a final star means required.
func layoutOf(file string, names ...string) layout {
	l := layout{file: file}
	for _, n := range names {
		bare := strings.TrimSuffix(n, "*")
		l.columns = append(l.columns, column{name: bare, required: bare != n})
	}
	return l
}

// heading is the form in which headers are compared: "Code famille", "code_famille" and "CODE FAMILLE" are one.
func heading(s string) string {
	return strings.ReplaceAll(person.Fold(s), " ", "")
}

// find gives the layout's column of a heading, -1 for another.
func (l layout) find(h string) int {
	for i, c := range l.columns {
		if heading(c.name) == h {
			return i
		}
	}
	return -1
}
