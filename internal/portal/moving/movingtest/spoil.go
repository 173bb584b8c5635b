package movingtest

import (
	"slices"
	"sort"
)

// spoiler is one way of spoiling a line: cell takes the value, or the line is added beside the sound one.
type spoiler struct {
	kind  string
	cell  int
	value string
	extra bool // added as a new line, the sound one staying: other lines hang on it
	copy  bool // an exact copy
}

var spoilers = map[string][]spoiler{
	"familles.csv": {{kind: "impossible date", cell: 6, value: "29/02/1985"}, {kind: "malformed e-mail", cell: 7, value: "sans-arobase.exemple.fr"},
		{kind: "missing name", cell: 3}, {kind: "missing first name", cell: 5}, {kind: "future birth", cell: 6, value: "12/03/2031"},
		{kind: "quotient not a number", cell: 20, value: "n.c."}, {kind: "duplicate code", copy: true}},
	"enfants.csv": {{kind: "unknown family", cell: 1, value: "F99999"}, {kind: "missing first name", cell: 3}, {kind: "missing name", cell: 2},
		{kind: "future birth", cell: 5, value: "12/03/2031"}, {kind: "impossible date", cell: 5, value: "31/04/2019"},
		{kind: "neither yes nor no", cell: 11, value: "?"}, {kind: "duplicate child", copy: true}},
	"contacts.csv": {{kind: "missing name", cell: 1}, {kind: "unknown family", cell: 0, value: "F99999"},
		{kind: "neither yes nor no", cell: 5, value: "peut-être"}, {kind: "duplicate contact", copy: true}},
	"inscriptions.csv": {{kind: "end before start", cell: 5, value: "01/01/2020"}, {kind: "impossible date", cell: 4, value: "00/09/2026"},
		{kind: "unknown child", cell: 0, value: "E0", extra: true}, {kind: "missing activity", cell: 1, extra: true},
		{kind: "duplicate enrolment", copy: true}},
	"reservations.csv": {{kind: "unknown child", cell: 0, value: "E0"}, {kind: "unknown activity", cell: 2, value: "Poterie lunaire"},
		{kind: "impossible date", cell: 4, value: "2026/13/45"}, {kind: "unknown state", cell: 5, value: "PEUT ETRE"},
		{kind: "unknown family", cell: 1, value: "F99998"}, {kind: "not enrolled", cell: 2, value: "Accueil du soir"},
		{kind: "duplicate booking", copy: true}},
	"factures.csv": {{kind: "not a number", cell: 5, value: "douze"}, {kind: "paid more than owed", cell: 6, value: "99999,00"},
		{kind: "unknown family", cell: 1, value: "F99999"}, {kind: "unknown state", cell: 7, value: "PERDUE"},
		{kind: "not a month", cell: 2, value: "2026-13"}, {kind: "duplicate number", copy: true}},
}

// spoil gives faults to that share of the lines, at least one of each kind when the share is not nil.
func (e *Export) spoil(per1000 float64) {
	if per1000 == 0 {
		return
	}
	// "Accueil du soir" has to be known to the export for a booking of it to be just "not enrolled".
	first := e.files["enfants.csv"].lines[0]
	e.add("inscriptions.csv", first.cells[0], "Accueil du soir", "Élémentaire Jean-Moulin", "2026-2027", "01/09/2026", "02/07/2027")
	for _, name := range names {
		f, ways := e.files[name], spoilers[name]
		untouched := e.pick(f, max(len(ways), int(float64(len(f.lines))*per1000/1000)))
		for i, at := range untouched {
			e.spoilLine(f, f.lines[at], at, ways[i%len(ways)])
		}
	}
}

// pick chooses lines, from the last to the first so that inserting after one does not move the next. Lines of
// the first family are left alone.
func (e *Export) pick(f *file, n int) []int {
	order := e.rng.Perm(len(f.lines))
	order = slices.DeleteFunc(order, func(i int) bool {
		c := f.lines[i].cells
		return c[0] == "F10000" || c[1] == "F10000" || c[0] == e.files["enfants.csv"].lines[0].cells[0]
	})
	order = order[:min(n, len(order))]
	sort.Sort(sort.Reverse(sort.IntSlice(order)))
	return order
}

func (e *Export) spoilLine(f *file, l *line, at int, s spoiler) {
	if s.kind == "not enrolled" && l.cells[3] != "" {
		s.cell, s.value = 5, "PEUT ETRE"
	}
	if !s.copy && !s.extra {
		l.cells[s.cell], l.bad = s.value, true
		return
	}
	spoilt := &line{cells: slices.Clone(l.cells), bad: true}
	if s.extra {
		spoilt.cells[s.cell] = s.value
	}
	e.insert(f, at, spoilt)
}

// Faults lists the injected faults once the export is written, in the order of files and lines.
func (e *Export) Faults() []Fault {
	var all []Fault
	for _, name := range names {
		for _, l := range e.files[name].lines {
			if l.bad {
				all = append(all, Fault{File: name, Line: l.at})
			}
		}
	}
	return all
}
