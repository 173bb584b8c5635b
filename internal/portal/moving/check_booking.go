package moving

import (
	"math"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/feature/person"
)

// Columns of inscriptions.csv.
const (
	enrChild = iota
	enrActivity
	enrSite
	enrYear
	enrFrom
	enrTo
)

func (c *checker) enrolments(s *sheet) error {
	type key struct {
		child    *child
		activity uint16
		from     civil.Date
	}
	known := map[key]int{}
	return c.each(s, func(l *lineCheck) {
		e := &enrolmentLine{line: l.r.line, child: l.child(enrChild), site: l.text(enrSite), sum: l.sum()}
		var named bool
		e.activity, named = l.nameActivity(enrActivity, e.site)
		if e.site == "" {
			l.fault("LIEU", "Le lieu manque.")
		}
		from, fromOK := l.day(enrFrom, true)
		to, toOK := l.day(enrTo, true)
		e.period = civil.Range{From: from, To: to}
		if fromOK && toOK && to.Before(from) {
			l.fault("DATE_FIN", "La fin (%s) est avant le début (%s).", to.French(), from.French())
		} else if fromOK && toOK {
			l.schoolYear(e.period)
		}
		if e.child == nil || !named {
			return
		}
		k := key{e.child, e.activity, from}
		if first, taken := known[k]; taken && fromOK {
			l.fault("ACTIVITE", "L’enfant est déjà inscrit à cette activité à partir de ce jour (ligne %d).", first)
		} else {
			known[k] = l.r.line
		}
		l.otherSite(e)
		e.refused = l.refused
		e.child.enrolments = append(e.child.enrolments, e)
	})
}

// child finds the child that a line hangs on; nil when unknown.
func (l *lineCheck) child(column int) *child {
	code := l.get(column)
	k := l.c.exp.childCodes[code]
	switch {
	case code == "":
		l.fault(l.column(column), "Le code de l’enfant manque.")
	case k == nil:
		l.unknown(l.column(column), childrenFile, code, "L’enfant %s n’est pas dans enfants.csv.")
	case k.root() != "":
		l.follow(l.column(column), k.root())
	}
	return k
}

// nameActivity finds the activity of an enrolment, or adds it.
func (l *lineCheck) nameActivity(column int, site string) (uint16, bool) {
	name, exp := l.text(column), l.c.exp
	folded := person.Fold(name)
	if folded == "" {
		l.fault(l.column(column), "L’activité manque.")
		return 0, false
	}
	i, known := exp.activityOf[folded]
	if !known {
		if len(exp.activities) >= math.MaxUint16 {
			l.fault(l.column(column), "L’export nomme plus de 65 000 activités.")
			return 0, false
		}
		i = uint16(len(exp.activities))
		exp.activityOf[folded] = i
		exp.activities = append(exp.activities, &activityName{name: name})
	}
	a := exp.activities[i]
	same := func(s string) bool { return person.Fold(s) == person.Fold(site) }
	if site != "" && !slices.ContainsFunc(a.sites, same) {
		a.sites = append(a.sites, site)
	}
	return i, true
}

// schoolYear asks for a look when ANNEE_SCOLAIRE and the dates do not agree.
func (l *lineCheck) schoolYear(period civil.Range) {
	s := l.get(enrYear)
	if s == "" {
		return
	}
	if len(s) < 9 {
		l.doubt("ANNEE_SCOLAIRE", "« %s » n’est pas une année scolaire (2026-2027).", clip(s))
		return
	}
	from, err := civil.ParseDate(s[:4] + "-08-01")
	if err != nil {
		l.doubt("ANNEE_SCOLAIRE", "« %s » n’est pas une année scolaire (2026-2027).", clip(s))
		return
	}
	if period.From.Before(from) || period.To.After(civil.NewDate(from.Year+1, 8, 31)) {
		l.doubt("ANNEE_SCOLAIRE", "Les dates sortent de l’année scolaire %s.", clip(s))
	}
}

// otherSite asks for a look when a child attends one activity at two sites: a booking does not say which.
func (l *lineCheck) otherSite(e *enrolmentLine) {
	for _, o := range e.child.enrolments {
		if o.activity == e.activity && o.refused == "" && person.Fold(o.site) != person.Fold(e.site) {
			l.doubt("LIEU", "L’enfant est déjà inscrit à cette activité dans un autre lieu (ligne %d).", o.line)
		}
	}
}

// Columns of reservations.csv.
const (
	booChild = iota
	booFamily
	booActivity
	booUnit
	booDay
	booState
)

// bookingCache remembers what the few distinct texts of a long file mean. It is emptied when it grows: a file
// of nonsense must not fill the memory.
type bookingCache struct {
	days       map[string]civil.Date
	words      map[string]bookingWord
	activities map[string]uint16
	units      map[unitName]uint16 // as written
}

func newBookingCache() bookingCache {
	return bookingCache{days: map[string]civil.Date{}, words: map[string]bookingWord{}, activities: map[string]uint16{},
		units: map[unitName]uint16{}}
}

const maxCached = 10_000

func (c *checker) bookings(s *sheet) error {
	return c.each(s, func(l *lineCheck) {
		k := l.c.exp.childCodes[l.get(booChild)]
		h := l.bookingHome(k)
		activity, named := l.bookedActivity()
		word, _ := l.word()
		day, dated := l.bookedDay()
		if k == nil || !named {
			return
		}
		site := l.enrolled(k, activity, day)
		unit, ok := l.unit(activity)
		if !dated || !ok {
			return
		}
		since := uint16(day.Sub(epoch))
		key := uint64(k.index)<<32 | uint64(unit)<<16 | uint64(since)
		if first, taken := c.seen[key]; taken {
			l.fault("DATE", "Cette réservation est déjà donnée à la ligne %d.", first)
		} else {
			c.seen[key] = uint32(l.r.line)
		}
		if l.refused != "" || h == nil || !site {
			return
		}
		h.family.bookings = append(h.family.bookings, bookingLine{line: uint32(l.r.line), child: k.index, unit: unit, day: since, word: word})
	})
}

// bookingHome finds the home that asked for a booking, and refuses the line without one.
func (l *lineCheck) bookingHome(k *child) *home {
	code, familyCode := l.get(booChild), l.get(booFamily)
	f := l.c.exp.byCode[familyCode]
	switch {
	case code == "":
		l.fault("CODE_ENFANT", "Le code de l’enfant manque.")
	case k == nil:
		l.unknown("CODE_ENFANT", childrenFile, code, "L’enfant %s n’est pas dans enfants.csv.")
	case k.root() != "":
		l.follow("CODE_ENFANT", k.root())
		if f != nil || k.claims(familyCode) {
			return nil
		}
	}
	if familyCode == "" {
		l.fault("CODE_FAMILLE", "Le code de la famille manque.")
		return nil
	}
	if f == nil {
		l.unknown("CODE_FAMILLE", familiesFile, familyCode, "La famille %s n’est pas dans familles.csv.")
		return nil
	}
	if k == nil {
		return nil
	}
	h := k.homeAt(familyCode)
	lost := k.lostHome()
	if lost == "" {
		lost = l.lostIn(childrenFile, code)
	}
	switch {
	case h == nil && lost != "":
		l.follow("CODE_FAMILLE", lost) // that line, once its family is right, may well be this home
	case h == nil:
		l.fault("CODE_FAMILLE", "La famille %s n’est pas un foyer de l’enfant %s.", clip(familyCode), clip(code))
	case h.refused != "":
		l.follow("CODE_FAMILLE", h.refused)
	}
	return h
}

func (l *lineCheck) bookedActivity() (uint16, bool) {
	name, cache := l.get(booActivity), l.c.cache.activities
	if i, ok := cache[name]; ok {
		return i, true
	}
	folded := person.Fold(name)
	if folded == "" {
		l.fault("ACTIVITE", "L’activité manque.")
		return 0, false
	}
	i, ok := l.c.exp.activityOf[folded]
	if !ok {
		l.unknown("ACTIVITE", enrolmentsFile, name, "L’activité « %s » n’est nommée par aucune inscription.")
		return 0, false
	}
	remember(cache, name, i)
	return i, true
}

func remember[K comparable, V any](m map[K]V, k K, v V) {
	if len(m) >= maxCached {
		clear(m)
	}
	m[k] = v
}

// unit finds the unit of a booking, or adds it: only bookings name units.
func (l *lineCheck) unit(activity uint16) (uint16, bool) {
	written := unitName{activity, l.get(booUnit)}
	if i, ok := l.c.cache.units[written]; ok {
		return i, true
	}
	exp, folded := l.c.exp, unitName{activity, person.Fold(written.name)}
	if written.name != "" && folded.name == "" {
		l.fault("UNITE", "« %s » ne nomme aucune unité.", clip(written.name))
		return 0, false
	}
	i, ok := exp.unitOf[folded]
	if !ok {
		if len(exp.units) >= math.MaxUint16 || len([]rune(written.name)) > person.MaxText {
			l.fault("UNITE", "Cette unité ne peut pas être reprise : nom trop long, ou trop d’unités.")
			return 0, false
		}
		i = uint16(len(exp.units))
		exp.unitOf[folded] = i
		exp.units = append(exp.units, written)
	}
	remember(l.c.cache.units, written, i)
	return i, true
}

func (l *lineCheck) word() (bookingWord, bool) {
	s := l.get(booState)
	if w, ok := l.c.cache.words[s]; ok {
		return w, true
	}
	w, ok := parseWord(s)
	switch {
	case s == "":
		l.fault("ETAT", "L’état manque.")
	case !ok:
		l.fault("ETAT", "L’état « %s » est inconnu.", clip(s))
	default:
		remember(l.c.cache.words, s, w)
	}
	return w, ok
}

func (l *lineCheck) bookedDay() (civil.Date, bool) {
	s := l.get(booDay)
	if d, ok := l.c.cache.days[s]; ok {
		return d, true
	}
	d, ok := l.day(booDay, true)
	if ok && d.Before(epoch) {
		l.fault("DATE", "Une réservation du %s est trop ancienne.", d.French())
		return d, false
	}
	if ok {
		remember(l.c.cache.days, s, d)
	}
	return d, ok
}

// enrolled checks that the child is enrolled in the activity that a booking names.
func (l *lineCheck) enrolled(k *child, activity uint16, day civil.Date) bool {
	var accepted, within bool
	root := ""
	for _, e := range k.enrolments {
		if e.activity != activity {
			continue
		}
		if e.refused != "" {
			root = e.refused
			continue
		}
		accepted = true
		within = within || e.period.Contains(day)
	}
	if root == "" {
		root = l.lostIn(enrolmentsFile, k.code)
	}
	switch {
	case !accepted && root == "":
		l.fault("ACTIVITE", "L’enfant n’est pas inscrit à l’activité « %s ».", clip(l.get(booActivity)))
	case !accepted:
		l.follow("ACTIVITE", root)
	case !within && !day.IsZero():
		l.doubt("DATE", "Cette réservation sort des dates de l’inscription.")
	}
	return accepted
}
