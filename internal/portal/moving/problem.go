package moving

import "strconv"

// Gravity says whether a line is refused or only worth a look.
type Gravity string

// The gravities, as written in the report.
const (
	Refused Gravity = "erreur"
	Doubt   Gravity = "a_verifier"
)

// Problem is one line of the report: what is wrong, and where, in words for the town's agents.
type Problem struct {
	File     string
	Line     int    // first physical line, the header being 1; 0 when the whole file is meant
	Field    string // name of the column, "" for the whole line
	Gravity  Gravity
	Sentence string
	Follows  string // "enfants.csv:88" when the line is refused only because that one is
}

// Own tells a fault of the line itself from the mere consequence of another.
func (p Problem) Own() bool { return p.Follows == "" }

// place names a line in the report's "suite_de" column.
func place(file string, line int) string { return file + ":" + strconv.Itoa(line) }
