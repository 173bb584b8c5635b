package moving

import "parvis/internal/feature/person"

// Columns of enfants.csv.
const (
	chiCode = iota
	chiFamily
	chiLast
	chiFirst
	chiSex
	chiBirth
	chiSchool
	chiLevel
	chiClass
	chiDiet
	chiAllergies
	chiPAI
	chiCustody
)

func (c *checker) childrenLines(s *sheet) error {
	err := c.each(s, c.childLine)
	if err != nil {
		return err
	}
	for _, k := range c.exp.children {
		if len(k.homes) == 1 && k.homes[0].shared {
			l := &lineCheck{c: c, s: s, r: row{line: k.homes[0].line}}
			l.doubt("GARDE", "La garde est alternée, mais un seul foyer est donné.")
		}
	}
	return nil
}

func (c *checker) childLine(l *lineCheck) {
	code := l.get(chiCode)
	if code == "" {
		l.fault("CODE_ENFANT", "Le code de l’enfant manque.")
	}
	h := &home{line: l.r.line, code: l.get(chiFamily), family: l.family(chiFamily), facts: l.readFacts(), sum: l.sum()}
	h.shared = l.custody()
	k := c.exp.childCodes[code]
	if code != "" && k != nil && !l.secondHome(k, h) {
		return
	}
	if code == "" {
		return
	}
	if k == nil {
		k = &child{index: uint32(len(c.exp.children)), code: code}
		c.exp.children = append(c.exp.children, k)
		c.exp.childCodes[code] = k
		f := h.facts
		l.onePerson("NOM", person.Person{LastName: f.last, FirstNames: f.first, BirthDay: f.birth}, "cet enfant")
		l.namesake(h)
	}
	h.child, h.refused, h.own = k, l.refused, l.own
	k.homes = append(k.homes, h)
	if h.refused == "" {
		h.family.homes = append(h.family.homes, h)
	}
}

// secondHome tells whether a line that names a child again is its other home. If so, what differs from the
// first line is worth a look.
func (l *lineCheck) secondHome(k *child, h *home) bool {
	first := k.homes[0]
	switch {
	case k.homeAt(l.get(chiFamily)) != nil || l.get(chiFamily) == "":
		l.fault("CODE_ENFANT", "L’enfant %s est déjà donné à la ligne %d.", clip(k.code), first.line)
		return false
	case !h.shared && !first.shared:
		l.fault("CODE_ENFANT", "Le code %s est déjà celui de la ligne %d, et la garde n’est pas alternée.", clip(k.code), first.line)
		return false
	case len(k.homes) > 1:
		l.fault("CODE_FAMILLE", "L’enfant %s a déjà deux foyers (lignes %d et %d).", clip(k.code), first.line, k.homes[1].line)
		return false
	}
	if first.own || l.own {
		return true
	}
	for _, d := range differences(first.facts, h.facts) {
		l.doubt(d, "Cette valeur diffère de celle de la ligne %d, qui est gardée.", first.line)
	}
	return true
}

// differences lists the columns that two lines of a child do not fill alike.
func differences(a, b childFacts) []string {
	var names []string
	differ := func(name string, yes bool) {
		if yes {
			names = append(names, name)
		}
	}
	differ("NOM", person.Fold(a.last) != person.Fold(b.last))
	differ("PRENOM", person.Fold(a.first) != person.Fold(b.first))
	differ("SEXE", a.sex != b.sex)
	differ("DATE_NAISSANCE", a.birth != b.birth)
	differ("ECOLE", person.Fold(a.school) != person.Fold(b.school))
	differ("NIVEAU", person.Fold(a.level) != person.Fold(b.level))
	differ("CLASSE", person.Fold(a.class) != person.Fold(b.class))
	differ("REGIME", person.Fold(a.diet) != person.Fold(b.diet))
	differ("ALLERGIES", person.Fold(a.allergies) != person.Fold(b.allergies))
	differ("PAI", a.pai != b.pai)
	return names
}

func (l *lineCheck) readFacts() childFacts {
	f := childFacts{last: l.name(chiLast, true), first: l.name(chiFirst, true), birth: l.birthDay(chiBirth, true),
		school: l.text(chiSchool), level: l.text(chiLevel), class: l.text(chiClass), diet: l.text(chiDiet),
		allergies: l.get(chiAllergies)}
	var ok bool
	if f.sex, ok = person.ParseCivility(l.get(chiSex)); !ok {
		switch person.Fold(l.get(chiSex)) {
		case "g", "garcon", "masculin":
			f.sex = person.Monsieur
		case "fille", "feminin":
			f.sex = person.Madame
		default:
			l.doubt("SEXE", "« %s » est inconnu : il n’est pas repris.", clip(l.get(chiSex)))
		}
	}
	if !f.birth.IsZero() && older(f.birth, l.c.today, 26) {
		l.doubt("DATE_NAISSANCE", "Cet enfant a plus de 25 ans.")
	}
	f.pai = l.yesNo(chiPAI)
	return f
}

func (l *lineCheck) custody() bool {
	switch s := l.get(chiCustody); person.Fold(s) {
	case "":
		return false
	case "alternee", "alterne", "garde alternee":
		return true
	default:
		l.doubt("GARDE", "« %s » est inconnu : seul ALTERNEE a un sens ici.", clip(s))
		return false
	}
}

// namesake asks for a look when a household has two children of the same name.
func (l *lineCheck) namesake(h *home) {
	if h.family == nil || h.facts.first == "" {
		return
	}
	for _, other := range h.family.homes {
		same := person.Fold(other.facts.first) == person.Fold(h.facts.first) && person.Fold(other.facts.last) == person.Fold(h.facts.last)
		if same && other.facts.birth != h.facts.birth {
			l.doubt("PRENOM", "Doublon possible : un enfant du même nom est à la ligne %d.", other.line)
		}
	}
}
