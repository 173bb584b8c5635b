package moving

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/feature/person"
)

// Columns of familles.csv, by their place in the layout.
const (
	famCode = iota
	famLogin
	famCivility1
	famLast1
	famBirthName1
	famFirst1
	famBirth1
	famEmail1
	famMobile1
	famCivility2
	famLast2
	famFirst2
	famBirth2
	famEmail2
	famMobile2
	famNumber
	famStreet
	famComplement
	famPostCode
	famCity
	famQuotient
	famQuotientDay
	famSituation
)

func (c *checker) families(s *sheet) error {
	err := c.each(s, func(l *lineCheck) {
		f := &household{line: l.r.line, code: l.get(famCode), login: l.get(famLogin), situation: l.get(famSituation), sum: l.sum()}
		first := c.exp.byCode[f.code]
		switch {
		case f.code == "":
			l.fault("CODE_FAMILLE", "Le code de la famille manque.")
		case first != nil:
			l.fault("CODE_FAMILLE", "La famille %s est déjà donnée à la ligne %d.", clip(f.code), first.line)
		}
		l.readAdults(f, first == nil)
		l.readAddress(f)
		l.readQuotient(f)
		if first != nil || f.code == "" {
			return
		}
		l.oneLogin(f.login)
		f.refused = l.refused
		c.exp.byCode[f.code] = f
		c.exp.families = append(c.exp.families, f)
	})
	return err
}

// readAdults reads the one or two adults; known tells a line of its own, not the copy of another.
func (l *lineCheck) readAdults(f *household, known bool) {
	f.adults = []adult{l.readAdult(1, known, famCivility1, famLast1, famBirthName1, famFirst1, famBirth1, famEmail1, famMobile1)}
	if l.get(famLast2)+l.get(famFirst2)+l.get(famBirth2)+l.get(famEmail2) == "" {
		return
	}
	f.adults = append(f.adults, l.readAdult(2, known, famCivility2, famLast2, -1, famFirst2, famBirth2, famEmail2, famMobile2))
}

func (l *lineCheck) readAdult(rank int, known bool, civility, last, birthName, first, birth, email, mobile int) adult {
	p := person.Person{LastName: l.name(last, true), FirstNames: l.name(first, true), Mobile: l.get(mobile)}
	if birthName >= 0 {
		p.BirthName = l.name(birthName, false)
	}
	p.Civility = l.civility(civility)
	p.BirthDay = l.birthDay(birth, false)
	if !p.BirthDay.IsZero() && !older(p.BirthDay, l.c.today, 15) {
		l.doubt(l.column(birth), "Cette personne a moins de 15 ans : est-ce bien un responsable ?")
	}
	if s := phoneProblem(p.Mobile); s != "" {
		l.doubt(l.column(mobile), "%s", s)
	}
	p.Email = l.email(email, known)
	if known {
		l.onePerson(l.column(last), p, "cette personne")
	}
	return adult{rank: rank, person: p}
}

func (l *lineCheck) column(i int) string { return l.s.layout.columns[i].name }

// name reads a name; a missing one is a fault when required.
func (l *lineCheck) name(column int, required bool) string {
	s := l.get(column)
	if s == "" && required {
		l.fault(l.column(column), "%s", map[bool]string{true: "Le prénom manque.", false: "Le nom manque."}[isFirstName(l.column(column))])
	}
	if sentence, faulty := nameProblem(s); faulty {
		l.fault(l.column(column), "%s", sentence)
	} else if sentence != "" {
		l.doubt(l.column(column), "%s", sentence)
	}
	return s
}

func isFirstName(column string) bool { return len(column) >= 6 && column[:6] == "PRENOM" }

func (l *lineCheck) civility(column int) person.Civility {
	v, ok := person.ParseCivility(l.get(column))
	if !ok {
		l.doubt(l.column(column), "La civilité « %s » est inconnue : elle n’est pas reprise.", clip(l.get(column)))
	}
	return v
}

// day reads a date; "" is no date, unless required.
func (l *lineCheck) day(column int, required bool) (civil.Date, bool) {
	s := l.get(column)
	if s == "" {
		if required {
			l.fault(l.column(column), "La date manque.")
		}
		return civil.Date{}, !required
	}
	d, err := parseDay(s)
	if err != nil {
		l.fault(l.column(column), "« %s » n’est pas une date du calendrier (JJ/MM/AAAA).", clip(s))
		return civil.Date{}, false
	}
	return d, true
}

func (l *lineCheck) birthDay(column int, required bool) civil.Date {
	d, ok := l.day(column, required)
	switch {
	case !ok:
	case d.IsZero():
		l.doubt(l.column(column), "La date de naissance manque : elle servira à reconnaître la personne.")
	case d.After(l.c.today):
		l.fault(l.column(column), "La date de naissance %s est dans le futur.", d.French())
	case d.Year < 1910:
		l.doubt(l.column(column), "La date de naissance %s est très ancienne.", d.French())
	}
	return d
}

func (l *lineCheck) email(column int, known bool) string {
	s := l.get(column)
	if s == "" {
		l.doubt(l.column(column), "Sans adresse e-mail : le courrier d’activation sera à imprimer.")
		return ""
	}
	clean, err := person.CheckEmail(s)
	if err != nil {
		l.fault(l.column(column), "« %s » n’est pas une adresse e-mail.", clip(s))
		return ""
	}
	if at, taken := l.c.emails[clean]; taken && known {
		l.doubt(l.column(column), "L’adresse %s est aussi celle d’un autre adulte (%s) : deux comptes, un courriel chacun.", clip(clean), at)
	} else if known {
		l.c.emails[clean] = l.here()
	}
	return clean
}

// onePerson asks for a look when somebody of the same name and birth day is already in the files.
func (l *lineCheck) onePerson(field string, p person.Person, who string) {
	if p.LastName == "" || p.FirstNames == "" {
		return
	}
	key := person.Fold(p.LastName) + "|" + person.Fold(p.FirstNames) + "|"
	born := key + p.BirthDay.String()
	if at, taken := l.c.people[born]; taken && !p.BirthDay.IsZero() {
		l.doubt(field, "Doublon possible : %s a le même nom et la même date de naissance qu’à %s.", who, at)
	}
	l.c.people[born] = l.here()
}

func (l *lineCheck) readAddress(f *household) {
	f.address = person.Address{Number: l.text(famNumber), Street: l.text(famStreet), Complement: l.text(famComplement),
		PostCode: l.text(famPostCode), City: l.text(famCity)}
	if person.CheckPostCode(f.address.PostCode, "") != "" {
		l.doubt("CODE_POSTAL", "« %s » n’est pas un code postal français.", clip(f.address.PostCode))
	}
}

// text reads a free text of at most 200 characters.
func (l *lineCheck) text(column int) string {
	s := l.get(column)
	if r := []rune(s); len(r) > person.MaxText {
		l.doubt(l.column(column), "Ce texte dépasse 200 caractères : seul le début est repris.")
		return string(r[:person.MaxText])
	}
	return s
}

const maxQuotient = 100_000_00 // cents; beyond, it is something else

func (l *lineCheck) readQuotient(f *household) {
	day, _ := l.day(famQuotientDay, false)
	s := l.get(famQuotient)
	if s == "" {
		return
	}
	q, err := money.Parse(s)
	if err != nil || q < 0 || q > maxQuotient {
		l.fault("QUOTIENT", "« %s » n’est pas un quotient familial.", clip(s))
		return
	}
	if q%100 != 0 {
		l.doubt("QUOTIENT", "Le quotient familial est repris sans ses centimes.")
	}
	f.quotient, f.quotientAt, f.hasQF = q, day, true
	if day.IsZero() && l.get(famQuotientDay) == "" {
		l.doubt("DATE_QUOTIENT", "La date du quotient familial manque : il est repris au jour de l’import.")
		f.quotientAt = l.c.today
	}
}

func (l *lineCheck) oneLogin(login string) {
	folded := person.Fold(login)
	if folded == "" {
		l.doubt("IDENTIFIANT", "Sans identifiant : il en sera donné un d’après le prénom et le nom.")
		return
	}
	if at, taken := l.c.logins[folded]; taken {
		l.doubt("IDENTIFIANT", "L’identifiant « %s » est déjà pris (%s) : un autre sera donné.", clip(login), at)
		return
	}
	l.c.logins[folded] = l.here()
}

// Columns of contacts.csv.
const (
	conCode = iota
	conLast
	conFirst
	conRelation
	conPhone
	conCollect
)

func (c *checker) contacts(s *sheet) error {
	known := map[string]int{}
	return c.each(s, func(l *lineCheck) {
		f := l.family(conCode)
		k := contact{line: l.r.line, last: l.name(conLast, true), first: l.name(conFirst, false), relation: l.text(conRelation),
			phone: l.text(conPhone), sum: l.sum()}
		if k.first == "" && k.last != "" {
			l.doubt("PRENOM", "Le prénom manque.")
		}
		switch problem := phoneProblem(k.phone); {
		case k.phone == "":
			l.doubt("TELEPHONE", "Le téléphone manque : cette personne ne pourra pas être appelée.")
		case problem != "":
			l.doubt("TELEPHONE", "%s", problem)
		}
		k.mayCollect = l.yesNo(conCollect)
		key := l.get(conCode) + "|" + contactKey(k)
		if first, taken := known[key]; taken && k.last != "" {
			l.fault("NOM", "Ce contact est déjà donné à la ligne %d.", first)
		}
		known[key] = l.r.line
		if l.refused == "" {
			f.contacts = append(f.contacts, k)
		}
	})
}

// contactKey tells the contacts of a family apart.
func contactKey(k contact) string {
	return person.Fold(k.last) + "|" + person.Fold(k.first) + "|" + person.Fold(k.phone)
}

// family finds the household that a line hangs on; nil refuses the line.
func (l *lineCheck) family(column int) *household {
	code := l.get(column)
	f := l.c.exp.byCode[code]
	switch {
	case code == "":
		l.fault(l.column(column), "Le code de la famille manque.")
	case f == nil:
		l.unknown(l.column(column), familiesFile, code, "La famille %s n’est pas dans familles.csv.")
	case f.refused != "":
		l.follow(l.column(column), f.refused)
	}
	return f
}

// yesNo reads O or N; an empty cell is N, worth a look.
func (l *lineCheck) yesNo(column int) bool {
	s := l.get(column)
	yes, ok := parseYesNo(s)
	switch {
	case s == "":
		l.doubt(l.column(column), "Sans O ni N : repris comme N.")
	case !ok:
		l.fault(l.column(column), "« %s » n’est ni O ni N.", clip(s))
	}
	return yes
}
