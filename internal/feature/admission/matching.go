package admission

import (
	"slices"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/feature/person"
)

// Grade says how likely it is that a newcomer and a known person are one. It is words for an agent who compares: no
// grade links anybody.
type Grade int

// The grades, from the least.
const (
	Nobody   Grade = iota // not proposed
	Near                  // something in common, no more
	Relative              // of the same household, it seems, but another first name
	Homonym               // same name, another birth date
	Possible
	Likely
	Sure
)

// Label is the grade in words.
func (g Grade) Label() string {
	switch g {
	case Near:
		return "Nom proche seulement"
	case Relative:
		return "Un proche, probablement : prénom différent"
	case Homonym:
		return "Homonyme probable : date de naissance différente"
	case Possible:
		return "Peut-être la même personne"
	case Likely:
		return "Probablement la même personne"
	case Sure:
		return "Très probablement la même personne"
	}
	return ""
}

// Same tells whether the grade says one person.
func (g Grade) Same() bool { return g >= Possible }

// Likeness is how one detail compares.
type Likeness int

// The answers for one detail.
const (
	Unknown Likeness = iota // one of the two does not say
	Different
	Close
	Identical
)

// Match is a comparison: the details one by one, the reasons in words (for first, then against), the grade.
type Match struct {
	Grade                              Grade
	Name, Birth, Email, Phone, Address Likeness
	Reasons                            []string
	score                              int
}

// Identicals is how many of the five details are the same.
func (m Match) Identicals() int {
	n := 0
	for _, l := range []Likeness{m.Name, m.Birth, m.Email, m.Phone, m.Address} {
		if l == Identical {
			n++
		}
	}
	return n
}

// naming is how two names compare.
type naming struct {
	last, first           Likeness
	lastReason, firstText string
	initial               bool // the first names begin alike
	points                int
}

// Compare compares a newcomer with somebody known. It is pure: the same two give the same answer.
func Compare(newcomer, known person.Person) Match {
	var m Match
	n := compareNames(newcomer, known)
	m.Name = min(n.last, n.first)
	if n.last == Different || n.first == Different {
		m.Name = Different
	}
	m.score = n.points
	m.say(n.lastReason)
	m.say(n.firstText)
	var against []string
	var birthText string
	m.Birth, birthText = compareBirths(newcomer.BirthDay, known.BirthDay)
	switch m.Birth {
	case Identical:
		m.score += 40
		m.say(birthText)
	case Close:
		m.score += 12
		m.say(birthText)
	case Different:
		m.score -= 30
		against = append(against, birthText)
	}
	m.Email = compareText(newcomer.Email, known.Email)
	m.give(m.Email, 25, "même e-mail", &against, "e-mail différent")
	m.Phone = comparePhones(newcomer, known)
	m.give(m.Phone, 25, "même téléphone", &against, "téléphone différent")
	m.Address = compareText(newcomer.Address.AddressKey(), known.Address.AddressKey())
	m.give(m.Address, 15, "même adresse", &against, "adresse différente")
	m.Reasons = append(m.Reasons, against...)
	m.Grade = grade(n, m)
	return m
}

func (m *Match) say(reason string) {
	if reason != "" {
		m.Reasons = append(m.Reasons, reason)
	}
}

func (m *Match) give(l Likeness, points int, same string, against *[]string, other string) {
	switch l {
	case Identical:
		m.score += points
		m.say(same)
	case Different:
		*against = append(*against, other)
	}
}

// grade weighs a comparison. Names and birth decide; an address, a phone or an e-mail that a household shares
// confirms, and never makes one person of two first names.
func grade(n naming, m Match) Grade {
	contacts := 0
	for _, l := range []Likeness{m.Email, m.Phone, m.Address} {
		if l == Identical {
			contacts++
		}
	}
	reached := m.Email == Identical || m.Phone == Identical
	lastOK, firstOK := n.last >= Close, n.first >= Close
	switch {
	case m.Birth == Different && lastOK && firstOK:
		if reached && m.Email == Identical && m.Phone == Identical {
			return Possible // a birth date misread, perhaps
		}
		return Homonym
	case m.Birth == Identical && lastOK && firstOK:
		switch {
		case n.first == Identical:
			return Sure
		case n.initial:
			return Likely
		}
		return Possible // Maël and Gaël born the same day: a slip, or twins
	case m.Birth == Identical && firstOK && contacts > 0:
		return Likely // another last name: married, or back to the birth name
	case m.Birth == Identical && firstOK && n.first == Identical:
		return Possible
	case lastOK && firstOK && (reached || m.Birth == Close && contacts > 0):
		return Likely
	case lastOK && firstOK && (m.Birth == Close || contacts > 0):
		return Possible
	case lastOK && firstOK && m.Birth == Unknown:
		return Possible
	case firstOK && reached && m.Birth != Different:
		return Possible
	case lastOK && n.first == Different && (m.Birth == Identical || contacts > 0):
		return Relative
	case reached:
		return Relative
	case m.Birth == Identical && lastOK:
		return Possible // no first name to compare
	case lastOK && firstOK:
		return Near
	}
	return Nobody
}

func compareText(a, b string) Likeness {
	switch {
	case a == "" || b == "":
		return Unknown
	case a == b:
		return Identical
	}
	return Different
}

func comparePhones(a, b person.Person) Likeness {
	answer := Unknown
	for _, x := range []string{a.Mobile, a.Phone} {
		for _, y := range []string{b.Mobile, b.Phone} {
			switch compareText(x, y) {
			case Identical:
				return Identical
			case Different:
				answer = Different
			}
		}
	}
	return answer
}

// compareBirths takes two dates for close when one is the other misread: day and month changed places, or one part
// of the three differs by what a wrong key gives.
func compareBirths(a, b civil.Date) (Likeness, string) {
	switch {
	case a.IsZero() || b.IsZero():
		return Unknown, ""
	case a == b:
		return Identical, "même date de naissance"
	case a.Year == b.Year && int(a.Month) == b.Day && a.Day == int(b.Month):
		return Close, "date de naissance proche : jour et mois inversés"
	}
	wrong := 0
	for _, pair := range [][2]string{{digits(a.Day), digits(b.Day)}, {digits(int(a.Month)), digits(int(b.Month))}, {digits(a.Year), digits(b.Year)}} {
		wrong += distance(pair[0], pair[1], 2)
	}
	if wrong == 1 {
		return Close, "date de naissance à un chiffre près"
	}
	return Different, "date de naissance différente"
}

func digits(n int) string {
	const two = "0123456789"
	if n >= 100 {
		return digits(n/100) + digits(n%100)
	}
	return two[n/10:n/10+1] + two[n%10:n%10+1]
}

func compareNames(a, b person.Person) naming {
	var n naming
	n.last, n.lastReason = compareLast(a, b)
	n.first, n.firstText = compareFirst(a.FirstNames, b.FirstNames)
	if n.last < Close && n.first < Close && swapped(a, b) {
		n.last, n.first, n.lastReason, n.firstText = Close, Close, "nom et prénom inversés", ""
	}
	x, y := person.Fold(a.FirstNames), person.Fold(b.FirstNames)
	n.initial = x != "" && y != "" && x[0] == y[0]
	n.points = points(n.last) + points(n.first)
	return n
}

func points(l Likeness) int {
	switch l {
	case Identical:
		return 20
	case Close:
		return 14
	case Different:
		return -10
	}
	return 0
}

func swapped(a, b person.Person) bool {
	return a.LastName != "" && a.FirstNames != "" && person.Fold(a.LastName) == person.Fold(b.FirstNames) && person.Fold(a.FirstNames) == person.Fold(b.LastName)
}

// compareLast compares usual and birth names, each with each: a marriage changes the first and not the second.
func compareLast(a, b person.Person) (Likeness, string) {
	aLast, bLast, aBirth, bBirth := words(a.LastName), words(b.LastName), words(a.BirthName), words(b.BirthName)
	if aLast+aBirth == "" || bLast+bBirth == "" {
		return Unknown, ""
	}
	same := func(x, y string) bool { return x != "" && x == y }
	switch {
	case same(aLast, bLast):
		return Identical, "même nom"
	case same(aBirth, bLast) || same(aLast, bBirth):
		return Close, "nom de naissance identique au nom usuel"
	case same(aBirth, bBirth):
		return Close, "même nom de naissance"
	case slices.ContainsFunc([][2]string{{aLast, bLast}, {aBirth, bLast}, {aLast, bBirth}}, func(p [2]string) bool { return misspelt(p[0], p[1]) }):
		return Close, "nom à une lettre près"
	}
	theirs := person.NameWords(b.LastName, b.BirthName)
	for _, w := range person.NameWords(a.LastName, a.BirthName) {
		if len(w) > 2 && slices.Contains(theirs, w) {
			return Close, "une partie du nom identique"
		}
	}
	return Different, ""
}

func compareFirst(a, b string) (Likeness, string) {
	x, y := strings.Fields(person.Fold(a)), strings.Fields(person.Fold(b))
	switch {
	case len(x) == 0 || len(y) == 0:
		return Unknown, ""
	case slices.Equal(x, y) || strings.Join(x, "") == strings.Join(y, ""):
		return Identical, "même prénom"
	case x[0] == y[0] && !compound(a, b):
		return Identical, "même premier prénom"
	case misspelt(x[0], y[0]) || misspelt(strings.Join(x, ""), strings.Join(y, "")):
		return Close, "prénom à une lettre près"
	case x[0] == y[0] || slices.Contains(y, x[0]) || slices.Contains(x, y[0]):
		return Close, "un prénom en commun"
	}
	return Different, ""
}

// compound tells whether one of two lists of first names starts with one that a hyphen holds together: Jean-Paul is
// not Jean.
func compound(a, b string) bool {
	return strings.Contains(person.Person{FirstNames: a}.FirstName(), "-") != strings.Contains(person.Person{FirstNames: b}.FirstName(), "-")
}

func words(name string) string { return strings.Join(person.NameWords(name), " ") }

// misspelt tells that two folded words differ by one letter (put in, left out, changed, or two changed places), two
// for long ones. Short words are not misspelt: Léa and Lia are two people.
func misspelt(a, b string) bool {
	most := 1
	switch n := min(len(a), len(b)); {
	case n < 4:
		return false
	case n >= 9:
		most = 2
	}
	return distance(a, b, most) <= most
}

// distance is how many letters are put in, left out, changed or change places between two words; more than most is
// most+1.
func distance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > most || len(y)-len(x) > most {
		return most + 1
	}
	before, row := make([]int, len(y)+1), make([]int, len(y)+1)
	var earlier []int
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		earlier, before, row = before, row, make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(before[j]+1, row[j-1]+1, before[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], earlier[j-2]+1)
			}
		}
	}
	return min(row[len(y)], most+1)
}

// mostProposals is how many known people an agent is shown beside a newcomer.
const mostProposals = 5

// Ranked is one known person beside a newcomer.
type Ranked struct {
	Person person.Person
	Match  Match
}

// Rank compares a newcomer with candidates and keeps the best, first the most likely.
func Rank(newcomer person.Person, candidates []person.Person) []Ranked {
	var all []Ranked
	for _, c := range candidates {
		if m := Compare(newcomer, c); m.Grade > Nobody {
			all = append(all, Ranked{c, m})
		}
	}
	slices.SortFunc(all, func(a, b Ranked) int {
		switch {
		case a.Match.Grade != b.Match.Grade:
			return int(b.Match.Grade - a.Match.Grade)
		case a.Match.score != b.Match.score:
			return b.Match.score - a.Match.score
		}
		return strings.Compare(string(a.Person.ID), string(b.Person.ID))
	})
	return all[:min(len(all), mostProposals)]
}
