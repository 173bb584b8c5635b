// Package movingtest makes exports of an old portal, of any size, with faults whose places it knows. The same
// seed gives the same export.
package movingtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Export is a generated export before it is written.
type Export struct {
	rng    *rand.Rand
	files  map[string]*file
	homes  map[string][]*line // CODE_ENFANT → its lines
	family map[string]*line
}

type file struct {
	name    string
	columns []string
	lines   []*line
}

type line struct {
	cells []string
	bad   bool // holds a fault of its own
	at    int  // physical line once written
}

// Fault is the place of one injected fault.
type Fault struct {
	File string
	Line int
	Kind string
}

// Size says how much to make.
type Size struct {
	Families      int
	Days          int     // school days with bookings
	FaultsPer1000 float64 // share of lines given a fault, over all files
}

var names = []string{"familles.csv", "enfants.csv", "contacts.csv", "inscriptions.csv", "reservations.csv", "factures.csv"}

var headers = map[string]string{
	"familles.csv": "CODE_FAMILLE IDENTIFIANT CIVILITE_1 NOM_1 NOM_NAISSANCE_1 PRENOM_1 DATE_NAISSANCE_1 COURRIEL_1 PORTABLE_1 " +
		"CIVILITE_2 NOM_2 PRENOM_2 DATE_NAISSANCE_2 COURRIEL_2 PORTABLE_2 NUMERO VOIE COMPLEMENT CODE_POSTAL VILLE QUOTIENT DATE_QUOTIENT SITUATION",
	"enfants.csv":      "CODE_ENFANT CODE_FAMILLE NOM PRENOM SEXE DATE_NAISSANCE ECOLE NIVEAU CLASSE REGIME ALLERGIES PAI GARDE",
	"contacts.csv":     "CODE_FAMILLE NOM PRENOM LIEN TELEPHONE AUTORISE_A_RECUPERER",
	"inscriptions.csv": "CODE_ENFANT ACTIVITE LIEU ANNEE_SCOLAIRE DATE_DEBUT DATE_FIN",
	"reservations.csv": "CODE_ENFANT CODE_FAMILLE ACTIVITE UNITE DATE ETAT",
	"factures.csv":     "NUMERO CODE_FAMILLE PERIODE DATE_EMISSION ECHEANCE MONTANT REGLE ETAT",
}

// Make builds an export.
func Make(seed uint64, size Size) *Export {
	e := &Export{rng: rand.New(rand.NewPCG(seed, 77)), files: map[string]*file{}, homes: map[string][]*line{}, family: map[string]*line{}}
	for _, n := range names {
		e.files[n] = &file{name: n, columns: strings.Fields(headers[n])}
	}
	for i := range size.Families {
		e.addFamily(i, size.Days)
	}
	e.spoil(size.FaultsPer1000)
	return e
}

func (e *Export) add(name string, cells ...string) *line {
	l := &line{cells: cells}
	e.files[name].lines = append(e.files[name].lines, l)
	return l
}

func (e *Export) one(list ...string) string { return list[e.rng.IntN(len(list))] }

var (
	lastNames  = []string{"MARTIN", "LEFÈVRE", "D’ALMEIDA", "NOËL", "LE GOFF", "BENSAÏD", "MUÑOZ", "SCHÄFER", "O'BRIEN", "GARÇON", "DUBŒUF", "Nguyen"}
	firstNames = []string{"Zoé", "Maël", "Jean-Noël", "Anaïs", "Inès", "Loïc", "Chloé", "Aimé", "François", "Hélène", "Ana", "Tom"}
	schools    = []string{"Élémentaire Jean-Moulin", "Maternelle du Parc", "Collège"}
)

func (e *Export) addFamily(i, days int) {
	code := fmt.Sprintf("F%05d", 10000+i)
	last := e.one(lastNames...) + " " + letters(i)
	adult := func(rank int) []string {
		first := e.one(firstNames...)
		return []string{e.one("M.", "MME", ""), last, first, fmt.Sprintf("%02d/%02d/%d", 1+e.rng.IntN(28), 1+e.rng.IntN(12), 1970+e.rng.IntN(30)),
			fmt.Sprintf("adulte%d.%d@exemple.fr", i, rank), fmt.Sprintf("06%08d", e.rng.IntN(100000000))}
	}
	a := adult(1)
	cells := []string{code, fmt.Sprintf("compte%d", i), a[0], a[1], "", a[2], a[3], a[4], a[5]}
	if e.rng.IntN(5) > 0 {
		cells = append(cells, adult(2)...)
	} else {
		cells = append(cells, "", "", "", "", "", "")
	}
	complement := e.one("", "", "Bât. B", "Résidence \"Les Lilas\"", "Chez M. Léo; étage 2", "Escalier A\nporte 4")
	cells = append(cells, strconv.Itoa(1+e.rng.IntN(180)), "rue de l'Église", complement, "78999", "RIVEBELLE-SUR-SEINE",
		strconv.Itoa(200+e.rng.IntN(2000)), "01/01/2026", "Marié(e)")
	e.family[code] = e.add("familles.csv", cells...)
	for n := range 1 + e.rng.IntN(3) {
		e.addChild(i, n, code, last, days)
	}
	if e.rng.IntN(3) > 0 {
		e.add("contacts.csv", code, e.one(lastNames...), e.one(firstNames...), "Nounou", fmt.Sprintf("01%08d", e.rng.IntN(100000000)), e.one("O", "N"))
	}
	for m := 9; m <= 10; m++ {
		owed := 1000 + e.rng.IntN(20000)
		paid, state := owed, "SOLDEE"
		if e.rng.IntN(4) == 0 {
			paid, state = 0, "A PAYER"
		}
		e.add("factures.csv", fmt.Sprintf("2026-%07d", i*2+m-9), code, fmt.Sprintf("2026-%02d", m), fmt.Sprintf("05/%02d/2026", m+1),
			fmt.Sprintf("28/%02d/2026", m+1), euros(owed), euros(paid), state)
	}
}

// addChild adds a child, sometimes with a second home in the family before, enrolled in a meal and a Wednesday.
func (e *Export) addChild(i, n int, code, last string, days int) {
	child := fmt.Sprintf("E%d", 1000+i*4+n)
	birth := fmt.Sprintf("%02d/%02d/%d", 1+e.rng.IntN(28), 1+e.rng.IntN(12), 2014+e.rng.IntN(9))
	facts := []string{last, firstNames[(i+n*5)%len(firstNames)] + " " + letters(n), e.one("F", "M", "H"), birth, e.one(schools...), "CE1", "CE1-A", e.one("", "sans porc"),
		e.one("", "", "œufs; lait"), e.one("O", "N")}
	homes := []string{code}
	e.homes[child] = []*line{e.add("enfants.csv", append(append([]string{child, code}, facts...), "")...)}
	if i > 0 && e.rng.IntN(12) == 0 {
		other := fmt.Sprintf("F%05d", 10000+i-1)
		homes = append(homes, other)
		e.homes[child] = append(e.homes[child], e.add("enfants.csv", append(append([]string{child, other}, facts...), "ALTERNEE")...))
	}
	for _, activity := range []string{"Restauration scolaire", "Mercredi", "Étude"} {
		e.add("inscriptions.csv", child, activity, "Élémentaire Jean-Moulin", "2026-2027", "01/09/2026", "02/07/2027")
	}
	for day := range days {
		date := fmt.Sprintf("%02d/%02d/%d", 1+day%28, 9+day/28%4, 2026+day/112)
		activity, unit := "Restauration scolaire", ""
		if day%5 == 2 {
			activity, unit = "Mercredi", e.one("Journée", "Matin + repas")
		}
		e.add("reservations.csv", child, homes[day%len(homes)], activity, unit, date, e.one("PRESENT", "RESERVE", "ABSENT", "ABSENT JUSTIFIE"))
	}
}

// letters gives a name part without digits for a number.
func letters(n int) string {
	s := ""
	for {
		s = string(rune('A'+n%26)) + s
		if n < 26 {
			return s
		}
		n = n/26 - 1
	}
}

func euros(cents int) string { return fmt.Sprintf("%d,%02d", cents/100, cents%100) }

// Counts is what must stand after the import, worked out apart from the importer's code.
type Counts struct {
	Families, Adults, Children, Homes, Contacts, Enrolments, Bookings, Invoices int
}

// Expected counts what hangs on no fault.
func (e *Export) Expected() Counts {
	var n Counts
	good := func(code string) bool { l := e.family[code]; return l != nil && !l.bad }
	for _, l := range e.family {
		if !l.bad {
			n.Families++
			n.Adults++
			if l.cells[10] != "" {
				n.Adults++
			}
		}
	}
	at := map[[2]string]bool{}
	for child, lines := range e.homes {
		before := n.Homes
		for _, l := range lines {
			if !l.bad && good(l.cells[1]) {
				at[[2]string{child, l.cells[1]}] = true
				n.Homes++
			}
		}
		if n.Homes > before {
			n.Children++
			at[[2]string{child, ""}] = true
		}
	}
	enrolled := map[[2]string]bool{}
	count := func(name string, ok func(c []string) bool) int {
		total := 0
		for _, l := range e.files[name].lines {
			if !l.bad && ok(l.cells) {
				total++
			}
		}
		return total
	}
	n.Contacts = count("contacts.csv", func(c []string) bool { return good(c[0]) })
	n.Invoices = count("factures.csv", func(c []string) bool { return good(c[1]) })
	n.Enrolments = count("inscriptions.csv", func(c []string) bool {
		ok := at[[2]string{c[0], ""}]
		if ok {
			enrolled[[2]string{c[0], c[1]}] = true
		}
		return ok
	})
	n.Bookings = count("reservations.csv", func(c []string) bool {
		return at[[2]string{c[0], c[1]}] && enrolled[[2]string{c[0], c[2]}]
	})
	return n
}

// Lines is the number of lines of all files, headers left out.
func (e *Export) Lines() int {
	n := 0
	for _, f := range e.files {
		n += len(f.lines)
	}
	return n
}

// insert puts a line after another of the file, anywhere.
func (e *Export) insert(f *file, after int, l *line) {
	f.lines = slices.Insert(f.lines, after+1+e.rng.IntN(len(f.lines)-after), l)
}
