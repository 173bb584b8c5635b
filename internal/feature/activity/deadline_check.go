package activity

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
)

// Bounds of what agents may write.
const (
	mostOffset  = 400  // hours, days or weeks
	mostWeeks   = 57   // 400 days
	mostPercent = 1000 // ten times more
	checkedDays = 400  // days for which a policy is tried before it is accepted
)

// Field is the first part of the names of a rule's fields in forms: "reserver", "annuler".
func (a Action) Field() string {
	switch a {
	case OpenFrom:
		return "ouvrir"
	case Book:
		return "reserver"
	case Change:
		return "modifier"
	case Cancel:
		return "annuler"
	case LateUntil:
		return "retard"
	}
	return ""
}

// Field is the first part of the names of a rule's fields: "reserver", or "reserver_resident" for some families.
func (r Rule) Field() string {
	if r.For == "" {
		return r.Action.Field()
	}
	return r.Action.Field() + "_" + string(r.For)
}

// Check lists what is wrong with a policy that an agent wrote: each rule by itself, then all of them on the days from
// that day on for more than a year, with a date as example. takes are the weekdays of the activity, 0 when not known.
// Fields are named after Rule.Field, then _regle, _nombre, _mesure, _base, _jour, _heure, _vacances, _ferie, _tableau or
// _dates; those of After are named apres_majoration, apres_premiers, apres_pardon.
func (p Policy) Check(g Ground, takes Weekdays, from civil.Date) []fault.Field {
	var all []fault.Field
	seen := map[string]bool{}
	for _, r := range p.Rules {
		if seen[r.Field()] {
			all = append(all, fault.Field{Name: r.Field() + "_regle", Sentence: "Deux règles disent la même chose pour les mêmes familles\u00a0: gardez-en une."})
		}
		seen[r.Field()] = true
		all = append(all, r.Check(takes)...)
	}
	all = append(all, p.After.check()...)
	if len(all) > 0 {
		return all
	}
	return p.tryDays(g, takes, from)
}

func (a After) check() []fault.Field {
	var all []fault.Field
	add := func(part, sentence string) {
		all = append(all, fault.Field{Name: "apres_" + part, Sentence: sentence})
	}
	switch a.Kind {
	case AfterRefuse, AfterRequest:
		return nil
	case AfterSurcharge:
	default:
		add("genre", "Choisissez ce qui se passe après le délai.")
		return all
	}
	switch {
	case a.Percent < 0 || a.Percent > mostPercent || a.Flat < 0:
		add("majoration", fmt.Sprintf("Indiquez une majoration de 0 à %d\u202f%%, ou un montant positif.", mostPercent))
	case a.Percent == 0 && a.Flat == 0 && !a.FullPrice && a.Label == "":
		add("majoration", "Indiquez la majoration\u00a0: un pourcentage, un montant, ou le prix sans quotient.")
	}
	if a.First < 0 || a.First > 31 {
		add("premiers", "Indiquez un nombre de jours du mois, de 0 à 31.")
	}
	if a.Forgiven < 0 || a.Forgiven > 99 {
		add("pardon", "Indiquez un nombre de fois, de 0 à 99.")
	}
	return all
}

// faults collects the faults of one rule.
type faults struct {
	prefix string
	all    []fault.Field
}

func (f *faults) add(part, sentence string) {
	f.all = append(f.all, fault.Field{Name: f.prefix + "_" + part, Sentence: sentence})
}

// Check lists what is wrong with a rule by itself.
func (r Rule) Check(takes Weekdays) []fault.Field {
	f := &faults{prefix: r.Field()}
	if r.Action.Field() == "" {
		f.add("regle", "Choisissez ce que la règle limite.")
	}
	switch r.Anchor {
	case AnchorNone, AnchorNever:
		return f.all
	case AnchorDay, AnchorPeriod:
		r.checkCount(f)
	case AnchorWeek:
		r.checkOffset(f, mostWeeks, "de semaines")
		r.checkMinute(f, "heure", r.Minute)
	case AnchorTable:
		r.checkTable(f, takes)
	case AnchorDates:
		r.checkDates(f)
		return f.all
	default:
		f.add("regle", "Choisissez une règle.")
		return f.all
	}
	if r.Weekday < time.Sunday || r.Weekday > time.Saturday {
		f.add("jour", "Choisissez un jour de la semaine.")
	}
	r.checkShifts(f)
	return f.all
}

func (r Rule) checkCount(f *faults) {
	switch r.Measure {
	case Hours:
		if r.Anchor == AnchorPeriod {
			f.add("mesure", "Avant une période, comptez en jours ou en semaines.")
		}
		r.checkOffset(f, mostOffset, "d’heures")
		return // the hour is the unit's
	case Days, ClearDays, WorkingDays:
		r.checkOffset(f, mostOffset, "de jours")
	case Weeks:
		r.checkOffset(f, mostWeeks, "de semaines")
	default:
		f.add("mesure", "Choisissez des heures, des jours ou des semaines.")
	}
	r.checkMinute(f, "heure", r.Minute)
}

func (r Rule) checkOffset(f *faults, most int, what string) {
	if r.Offset < 0 || r.Offset > most {
		f.add("nombre", fmt.Sprintf("Indiquez un nombre %s de 0 à %d.", what, most))
	}
}

func (r Rule) checkMinute(f *faults, part string, minute int) {
	switch {
	case minute < 0 || minute > lastMinute:
		f.add(part, "Indiquez une heure de 0\u202fh à 23\u202fh\u202f59.")
	case minute == 0 && r.Action != OpenFrom:
		f.add(part, "Minuit peut se lire de deux façons\u00a0: choisissez 23\u202fh\u202f59, la veille ou le jour même.")
	}
}

func (r Rule) checkShifts(f *faults) {
	known := []Shift{ShiftNone, ShiftSame, ShiftPrevious}
	if !slices.Contains(known, r.Holiday) {
		f.add("vacances", "Choisissez où va la date limite.")
	}
	if !slices.Contains(known, r.Closed) {
		f.add("ferie", "Choisissez où va la date limite.")
	}
	needs := r.Holiday == ShiftPrevious || r.Closed == ShiftPrevious || r.Measure == WorkingDays && (r.Anchor == AnchorDay || r.Anchor == AnchorPeriod)
	if needs && !slices.Contains([]Basis{Weekday5, Weekday6, SchoolDays, ServiceDays}, r.Basis) {
		f.add("base", "Choisissez les jours qui comptent\u00a0: ouvrés, ouvrables, d’école ou d’activité.")
	}
}

func (r Rule) checkTable(f *faults, takes Weekdays) {
	var given Weekdays
	for _, l := range r.Weekdays {
		if l.For < time.Sunday || l.For > time.Saturday || l.On < time.Sunday || l.On > time.Saturday {
			f.add("tableau", "Choisissez un jour de la semaine à chaque ligne.")
			continue
		}
		name := civil.WeekdayName(l.For)
		if given.Has(l.For) {
			f.add("tableau", "Le "+name+" est deux fois dans le tableau.")
		}
		given |= On(l.For)
		if l.Back < 0 || l.Back > mostWeeks {
			f.add("tableau", fmt.Sprintf("Pour le %s, indiquez de 0 à %d semaines de plus.", name, mostWeeks))
		}
		r.checkMinute(f, "tableau", l.Minute)
	}
	if len(r.Weekdays) == 0 {
		f.add("tableau", "Remplissez au moins une ligne du tableau.")
		return
	}
	for i := range 7 {
		if w := time.Weekday((i + 1) % 7); takes.Has(w) && !given.Has(w) {
			f.add("tableau", "L’activité a lieu le "+civil.WeekdayName(w)+"\u00a0: indiquez son jour limite.")
		}
	}
}

func (r Rule) checkDates(f *faults) {
	if len(r.Dates) == 0 {
		f.add("dates", "Indiquez au moins une date.")
	}
	for i, l := range r.Dates {
		switch {
		case l.On.IsZero() || l.Days.From.IsZero() || l.Days.To.IsZero():
			f.add("dates", fmt.Sprintf("Ligne %d\u00a0: indiquez la date, et les jours qu’elle concerne.", i+1))
			continue
		case l.Days.To.Before(l.Days.From):
			f.add("dates", fmt.Sprintf("Ligne %d\u00a0: le dernier jour, %s, est avant le premier.", i+1, l.Days.To.Long()))
			continue
		case l.On.After(l.Days.From):
			f.add("dates", fmt.Sprintf("Ligne %d\u00a0: le %s vient après le premier jour concerné, le %s.", i+1, l.On.Long(), l.Days.From.Long()))
		case l.Days.From.Sub(l.On) > mostOffset:
			f.add("dates", fmt.Sprintf("Ligne %d\u00a0: le %s est plus de %d jours avant.", i+1, l.On.Long(), mostOffset))
		}
		r.checkMinute(f, "dates", l.Minute)
		for _, o := range r.Dates[:i] {
			if !o.Days.To.Before(l.Days.From) && !l.Days.To.Before(o.Days.From) {
				f.add("dates", fmt.Sprintf("Ligne %d\u00a0: des jours à partir du %s ont déjà une date.", i+1, laterDay(o.Days.From, l.Days.From).Long()))
				break
			}
		}
	}
}

func laterDay(a, b civil.Date) civil.Date {
	if a.After(b) {
		return a
	}
	return b
}

// tryDays looks for a day on which the rules contradict each other: one fault a field, with the first day as example.
func (p Policy) tryDays(g Ground, takes Weekdays, from civil.Date) []fault.Field {
	var all []fault.Field
	told := map[string]bool{}
	tell := func(name, sentence string) {
		if !told[name] {
			told[name] = true
			all = append(all, fault.Field{Name: name, Sentence: sentence})
		}
	}
	for day := from; day.Sub(from) < checkedDays; day = day.AddDays(1) {
		if takes != 0 && !takes.Has(day.Weekday()) || g.Service != nil && !g.Service(day) {
			continue
		}
		for _, r := range p.Rules {
			l, ok := r.Moment(g, day)
			if ok && l.Kind == LimitAt && l.Day.After(day) {
				tell(r.Field()+"_regle", fmt.Sprintf("Pour le %s, la date serait le %s\u00a0: après le jour lui-même.", day.Long(), l.Words(civil.Date{})))
			}
		}
		p.tryWindow(p.Window(g, day, nil), "", tell)
		for _, q := range p.named() {
			p.tryWindow(p.Window(g, day, []Quality{q}), q, tell)
		}
	}
	return all
}

// named lists the qualities that rules name.
func (p Policy) named() []Quality {
	var all []Quality
	for _, r := range p.Rules {
		if r.For != "" && !slices.Contains(all, r.For) {
			all = append(all, r.For)
		}
	}
	return all
}

// tryWindow tells of an opening that comes after its last moment, and of a late hour that comes before it. What some
// families are given is told under their own rule when they have one.
func (p Policy) tryWindow(w Window, q Quality, tell func(name, sentence string)) {
	if w.Open.Kind == LimitAt && w.Book.Kind == LimitAt && w.Open.at >= w.Book.at {
		tell(p.fieldOf(OpenFrom, q)+"_regle", fmt.Sprintf("Pour le %s, les réservations ouvriraient le %s, après la date limite\u00a0: le %s.",
			w.Day.Long(), w.Open.Words(civil.Date{}), w.Book.Words(civil.Date{})))
	}
	has := slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Action == LateUntil && r.Anchor != AnchorNever })
	if has && p.After.Kind != AfterRefuse && w.Late.Kind == LimitAt && w.Book.Kind == LimitAt && w.Late.at <= w.Book.at {
		tell(p.fieldOf(LateUntil, q)+"_regle", fmt.Sprintf("Pour le %s, les retards s’arrêteraient le %s, avant le délai normal\u00a0: le %s.",
			w.Day.Long(), w.Late.Words(civil.Date{}), w.Book.Words(civil.Date{})))
	}
}

func (p Policy) fieldOf(action Action, q Quality) string {
	own := Rule{Action: action, For: q}
	if slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Action == action && r.For == q }) {
		return own.Field()
	}
	return action.Field()
}
