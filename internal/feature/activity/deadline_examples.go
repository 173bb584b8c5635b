package activity

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
)

// StripState is what a family can do to an example's day on one of the days before it.
type StripState string

// The states of a strip's day, in the order of its legend. StripGap stands for the days left out of a long strip.
const (
	StripEarly  StripState = "early"  // not open yet
	StripFree   StripState = "free"   // modifiable
	StripLast   StripState = "last"   // the last day
	StripLate   StripState = "late"   // too late
	StripClosed StripState = "closed" // too late, and a weekend, a holiday or a closing
	StripGap    StripState = "gap"
	StripItself StripState = "itself" // the example's day itself
)

// StripDay is one cell of a strip.
type StripDay struct {
	Day civil.Date
	Is  StripState
}

// Example is a day with what a policy gives for it. Closed is a day on which nothing takes place: it has no strip.
type Example struct {
	Day     civil.Date
	Caption string // « Un lundi d’école »
	Note    string // « Le jeudi 18 février est en vacances. », "" when nothing needs a reason
	Closed  bool
	Window  Window
	Strip   []StripDay
}

// Line is the date of an example as families read it: "jusqu’au jeudi 7 janvier à 23 h 59".
func (e Example) Line(today civil.Date) string {
	if e.Closed {
		return "fermé ce jour"
	}
	return e.Window.Book.UntilWords(today)
}

// Lengths of strips. A limit further away than stripLongest leaves the middle of its strip out.
const (
	stripLength  = 12
	stripLongest = 28
	stripHead    = 8
)

// Examples are up to five telling days among the days from that day on, always the same for the same calendar: an
// ordinary day, another of its week, the return from holidays, the day after a public holiday, that holiday itself; where
// the calendar lacks one, the first after a change of the clock, a Wednesday, then the next days of the activity.
func Examples(p Policy, g Ground, from civil.Date, days int, qualities ...Quality) []Example {
	return examples(p, g, from, days, "", qualities...)
}

// examples are Examples that begin with the first day of the activity under that caption, unless it is empty.
func examples(p Policy, g Ground, from civil.Date, days int, first string, qualities ...Quality) []Example {
	s := survey{p: p, g: g, q: qualities}
	for d := from; d.Sub(from) < days; d = d.AddDays(1) {
		s.days = append(s.days, d)
	}
	if first != "" {
		s.next(first, func(civil.Date) bool { return true })
	}
	s.ordinary(first == "")
	s.comeback(first == "")
	s.around()
	s.afterClock()
	s.next("Un mercredi", func(d civil.Date) bool { return d.Weekday() == time.Wednesday })
	for range 5 {
		s.next("", func(civil.Date) bool { return true })
	}
	return s.found
}

// survey looks for the examples.
type survey struct {
	p     Policy
	g     Ground
	q     []Quality
	days  []civil.Date
	found []Example
}

func (s *survey) takesPlace(d civil.Date) bool { return s.g.counts(ServiceDays, d) && !s.g.shut(d) }

// add keeps a day unless five are kept or this one is.
func (s *survey) add(d civil.Date, caption string) {
	if len(s.found) == 5 || slices.ContainsFunc(s.found, func(e Example) bool { return e.Day == d }) {
		return
	}
	e := Example{Day: d, Caption: caption, Window: s.p.Window(s.g, d, s.q), Closed: !s.takesPlace(d)}
	if e.Closed {
		e.Note = "Ce jour est fermé\u00a0: la case dit «\u00a0Fermé\u00a0»."
		if s.g.public(d) {
			e.Note = "Jour férié\u00a0: la case dit «\u00a0Fermé\u00a0»."
		}
	} else {
		e.Note = s.note(d, e.Window.Book)
		e.Strip = s.g.strip(e.Window)
	}
	s.found = append(s.found, e)
}

// next keeps the first day of the activity that suits and is not kept yet. Without caption it gets a plain one.
func (s *survey) next(caption string, suits func(civil.Date) bool) {
	for _, d := range s.days {
		if s.takesPlace(d) && suits(d) && !slices.ContainsFunc(s.found, func(e Example) bool { return e.Day == d }) {
			if caption == "" {
				caption = "Un " + civil.WeekdayName(d.Weekday())
			}
			s.add(d, caption)
			return
		}
	}
}

// ordinary keeps a Monday whose date is still to come and which nothing moves, or the first such day of an activity
// without Mondays; then, where two are wanted, the last day of its week, or one of the week after.
func (s *survey) ordinary(two bool) {
	plain := func(d civil.Date) bool {
		for i := -7; i <= 0; i++ {
			if x := d.AddDays(i); s.g.shut(x) || s.g.holiday(x) != s.g.holiday(d) {
				return false
			}
		}
		return s.takesPlace(d)
	}
	ahead := func(d civil.Date) bool {
		l := s.p.Window(s.g, d, s.q).Book
		return l.Kind == LimitAt && !l.Day.Before(s.days[0])
	}
	monday := func(d civil.Date) bool { return d.Weekday() == time.Monday }
	for _, suits := range []func(civil.Date) bool{
		func(d civil.Date) bool { return plain(d) && monday(d) && ahead(d) },
		func(d civil.Date) bool { return plain(d) && ahead(d) },
		plain, s.takesPlace,
	} {
		i := slices.IndexFunc(s.days, suits)
		if i < 0 {
			continue
		}
		d := s.days[i]
		name := civil.WeekdayName(d.Weekday())
		if s.g.counts(SchoolDays, d) && !s.g.holiday(d) {
			s.add(d, "Un "+name+" d’école")
		} else {
			s.add(d, "Un "+name+" ordinaire")
		}
		if !two {
			return
		}
		for x := d.Monday().AddDays(6); x.After(d); x = x.AddDays(-1) {
			if s.takesPlace(x) && fromMonday(x.Weekday()) <= 4 {
				s.add(x, "Un "+civil.WeekdayName(x.Weekday())+", même semaine")
				return
			}
		}
		s.next("La semaine suivante", func(x civil.Date) bool { return x.After(d.Monday().AddDays(6)) })
		return
	}
}

// comeback keeps the first day after school holidays, else, where it is wanted, the first of a period.
func (s *survey) comeback(orFirst bool) {
	for _, d := range s.days {
		if !s.takesPlace(d) || s.g.holiday(d) {
			continue
		}
		for x := d.AddDays(-1); d.Sub(x) < 8 && !s.takesPlace(x); x = x.AddDays(-1) {
			if s.g.holiday(x) && s.g.holiday(x.AddDays(-6)) {
				s.add(d, "Retour de vacances")
				return
			}
		}
	}
	if !orFirst {
		return
	}
	s.next("Premier jour de la période", func(d civil.Date) bool {
		if s.g.Period == nil {
			return false
		}
		r, ok := s.g.Period(d)
		return ok && d.Sub(r.From) < 4
	})
}

// around keeps the day after a public holiday, preferring one that moves the date, and a public holiday on which the
// activity would have taken place, preferring a Monday.
func (s *survey) around() {
	var after, cause, on civil.Date
	moved, monday := false, false
	for _, d := range s.days {
		if !s.g.public(d) || weekend(d) {
			continue
		}
		usual := s.takesPlace(d.AddDays(-7)) || s.takesPlace(d.AddDays(7))
		if isMonday := d.Weekday() == time.Monday; usual && (on.IsZero() || isMonday && !monday) {
			on, monday = d, isMonday
		}
		for x := d.AddDays(1); x.Sub(d) < 5; x = x.AddDays(1) {
			if !s.takesPlace(x) {
				continue
			}
			if m := s.note(x, s.p.Window(s.g, x, s.q).Book) != ""; after.IsZero() || m && !moved {
				after, cause, moved = x, d, m
			}
			break
		}
	}
	if !after.IsZero() {
		s.add(after, "Après "+withArticle(s.name(cause)))
	}
	if !on.IsZero() {
		s.add(on, s.name(on))
	}
}

// name is "Ascension", or "Jour férié" where nobody named it.
func (s *survey) name(d civil.Date) string {
	if s.g.Why != nil {
		if name := s.g.Why(d); name != "" {
			return name
		}
	}
	return "Jour férié"
}

// withArticle is "l’Ascension", "le lundi de Pâques".
func withArticle(holiday string) string {
	for article, first := range map[string][]string{
		"le ": {"Jour", "Lundi", "Vendredi"},
		"la ": {"Fête", "Victoire", "Toussaint", "Saint"},
		"l’":  {"Ascension", "Assomption", "Armistice", "Abolition"},
	} {
		for _, word := range first {
			if !strings.HasPrefix(holiday, word) {
				continue
			}
			if article == "le " {
				return article + strings.ToLower(word) + holiday[len(word):]
			}
			return article + holiday
		}
	}
	return "un jour férié"
}

// afterClock keeps the first day of the activity after a change of the clock.
func (s *survey) afterClock() {
	zone := zoneOf(s.g.Zone)
	for i, d := range s.days {
		if i == 0 || offsetAt(d.At(12, 0, zone), zone) == offsetAt(s.days[i-1].At(12, 0, zone), zone) {
			continue
		}
		s.next("Après le changement d’heure", func(x civil.Date) bool { return !x.Before(d) })
		return
	}
}

// note says why the date is not the one that the rule names first.
func (s *survey) note(day civil.Date, book Limit) string {
	for _, r := range s.p.Rules {
		if r.Action != Book || !r.may(s.q) {
			continue
		}
		if l, ok := r.Moment(s.g, day); !ok || l != book {
			continue
		}
		if on, _, ok := r.count(s.g, day); ok && r.Anchor != AnchorDates && on != book.Day {
			return s.reason(r, on, book.Day)
		}
	}
	return ""
}

// reason is "Le jeudi 6 mai est férié, pas d’école le mercredi."
func (s *survey) reason(r Rule, on, to civil.Date) string {
	words := "Le " + on.DayMonth()
	switch {
	case r.leaves(s.g, on) == ShiftNone:
		return ""
	case s.g.public(on) && r.Closed != ShiftNone:
		words += " est férié"
	case s.g.shut(on) && r.Closed != ShiftNone:
		words += " est fermé"
	default:
		return words + " est en vacances."
	}
	if r.Basis == SchoolDays && r.Closed == ShiftPrevious {
		for d := on.AddDays(-1); d.After(to); d = d.AddDays(-1) {
			if !weekend(d) && !s.g.shut(d) && !s.g.holiday(d) && !s.g.counts(SchoolDays, d) {
				return words + ", pas d’école le " + civil.WeekdayName(d.Weekday()) + "."
			}
		}
	}
	return words + "."
}

// strip is the days before a day, with what a family can do to it on each: twelve cells, or from the eve of the last day
// on when that is further away.
func (g Ground) strip(w Window) []StripDay {
	first := w.Day.AddDays(1 - stripLength)
	if w.Book.Kind == LimitAt && w.Book.Day.AddDays(-1).Before(first) {
		first = w.Book.Day.AddDays(-1)
	}
	length := w.Day.Sub(first) + 1
	var all []StripDay
	for i := range length {
		if length > stripLongest && i >= stripHead && i < length-stripLength {
			if i == stripHead {
				all = append(all, StripDay{first.AddDays(i), StripGap})
			}
			continue
		}
		all = append(all, StripDay{first.AddDays(i), g.stripState(w, first.AddDays(i))})
	}
	return all
}

func (g Ground) stripState(w Window, d civil.Date) StripState {
	switch {
	case d == w.Day:
		return StripItself
	case w.Open.Kind != LimitAlways && (w.Open.Kind != LimitAt || d.Before(w.Open.Day)):
		return StripEarly
	case w.Book.Kind == LimitAt && d == w.Book.Day:
		return StripLast
	case w.Book.Kind == LimitAt && d.Before(w.Book.Day):
		return StripFree
	case weekend(d) || g.shut(d) || g.holiday(d):
		return StripClosed
	}
	return StripLate
}
