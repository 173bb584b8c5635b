package activity

import (
	"fmt"
	"strings"

	"parvis/internal/base/civil"
)

// Sentence is the rule as agents read and write it: "jusqu’au jeudi de la semaine d’avant à 23 h 59", "à partir de
// 6 semaines avant, à 9 h". No capital, no stop; whom it is for stands beside it, under the name that the town gives.
func (r Rule) Sentence() string {
	words := r.core()
	if r.Anchor == AnchorNone || r.Anchor == AnchorNever || r.Anchor == AnchorDates {
		return words
	}
	this, closed := "ce jour", "s’il"
	if r.Anchor == AnchorWeek || r.Anchor == AnchorPeriod && r.OnDay {
		this = "ce " + civil.WeekdayName(r.Weekday)
	}
	if r.Holiday == ShiftNone {
		closed = "si " + this
	} else {
		words += "\u202f; si " + this + " tombe pendant les vacances, " + r.shiftWords(r.Holiday)
	}
	if r.Closed != ShiftNone {
		words += "\u202f; " + closed + " est férié ou fermé, " + r.shiftWords(r.Closed)
	}
	return words
}

func (r Rule) core() string {
	at := " à " + clock(r.Minute)
	switch r.Anchor {
	case AnchorNone:
		return "sans limite"
	case AnchorNever:
		return "jamais"
	case AnchorDay:
		return r.led(r.dayPhrase())
	case AnchorWeek:
		weekday := "le " + civil.WeekdayName(r.Weekday)
		switch r.Offset {
		case 0:
			return r.led(weekday+" de la même semaine") + at
		case 1:
			return r.led(weekday+" de la semaine d’avant") + at
		}
		return r.led(fmt.Sprintf("%s, %d semaines avant,", weekday, r.Offset)) + at
	case AnchorPeriod:
		return r.led(r.periodPhrase())
	case AnchorTable:
		return r.tablePhrase()
	case AnchorDates:
		return r.datesPhrase()
	}
	return "sans règle"
}

// led puts « jusqu’à » or « à partir de » before a phrase that may start with an article.
func (r Rule) led(phrase string) string {
	to, from := "jusqu’à ", "à partir de "
	if rest, ok := strings.CutPrefix(phrase, "le "); ok {
		phrase, to, from = rest, "jusqu’au ", "à partir du "
	}
	if r.Action == OpenFrom {
		return from + phrase
	}
	return to + phrase
}

// dayPhrase is "la veille à 9 h", "15 jours francs avant, à 23 h 59", "48 heures avant le début".
func (r Rule) dayPhrase() string {
	at := " à " + clock(r.Minute)
	switch {
	case r.Measure == Hours && r.Offset == 0:
		return "l’heure du début"
	case r.Measure == Hours:
		return r.length() + " avant le début"
	case r.Offset == 0 && r.Measure != ClearDays:
		return "le jour même" + at
	case r.Measure == WorkingDays && r.Offset == 1:
		return "le " + r.basisWord(1) + " précédent" + at
	case r.Measure == Days && r.Offset == 1:
		return "la veille" + at
	case r.Measure == Days && r.Offset == 2:
		return "l’avant-veille" + at
	}
	return r.length() + " avant," + at
}

// periodPhrase is "3 semaines avant le début de la période, à 23 h 59", with the weekday where one is asked for.
func (r Rule) periodPhrase() string {
	start := r.length() + " avant le début de la période"
	if r.Offset == 0 && r.Measure != ClearDays {
		start = "le premier jour de la période"
	}
	if r.OnDay {
		weekday := "le dernier " + civil.WeekdayName(r.Weekday) + " au moins "
		if r.Offset == 0 && r.Measure != ClearDays {
			weekday, start = "le dernier "+civil.WeekdayName(r.Weekday)+" avant ", "la période, ou son premier jour"
		}
		start = weekday + start
	}
	if r.Measure == Hours {
		return start + ", à l’heure du début"
	}
	return start + ", à " + clock(r.Minute)
}

func (r Rule) tablePhrase() string {
	lines := make([]string, len(r.Weekdays))
	for i, l := range r.Weekdays {
		before := " d’avant"
		if l.Back == 1 {
			before = " d’avant, une semaine plus tôt,"
		} else if l.Back > 1 {
			before = fmt.Sprintf(" d’avant, %d semaines plus tôt,", l.Back)
		}
		lines[i] = "pour le " + civil.WeekdayName(l.For) + ", " + r.led("le "+civil.WeekdayName(l.On)+before) + " à " + clock(l.Minute)
	}
	return strings.Join(lines, "\u202f; ")
}

func (r Rule) datesPhrase() string {
	kind := "date limite"
	if r.Action == OpenFrom {
		kind = "date d’ouverture"
	}
	if len(r.Dates) == 0 {
		return "selon un calendrier encore vide"
	}
	first, last := r.Dates[0], r.Dates[len(r.Dates)-1]
	if len(r.Dates) == 1 {
		return kind + " fixée au " + first.On.Long() + " à " + clock(first.Minute)
	}
	return fmt.Sprintf("selon un calendrier de %d dates, du %s au %s", len(r.Dates), first.On.Long(), last.On.Long())
}

// length is "15 jours francs", "1 semaine", "72 heures".
func (r Rule) length() string {
	n := r.Offset
	switch r.Measure {
	case Hours:
		return fmt.Sprint(n) + plural(n, " heure", " heures")
	case Weeks:
		return fmt.Sprint(n) + plural(n, " semaine", " semaines")
	case ClearDays:
		return fmt.Sprint(n) + plural(n, " jour franc", " jours francs")
	case WorkingDays:
		return fmt.Sprint(n) + " " + r.basisWord(n)
	}
	return fmt.Sprint(n) + plural(n, " jour", " jours")
}

// basisWord is "jour ouvré" or "jours ouvrés".
func (r Rule) basisWord(n int) string {
	switch r.Basis {
	case Weekday6:
		return plural(n, "jour ouvrable", "jours ouvrables")
	case SchoolDays:
		return plural(n, "jour d’école", "jours d’école")
	case ServiceDays:
		return plural(n, "jour d’activité", "jours d’activité")
	}
	return plural(n, "jour ouvré", "jours ouvrés")
}

func (r Rule) shiftWords(s Shift) string {
	if s == ShiftSame && (r.Anchor == AnchorWeek || r.Anchor == AnchorPeriod && r.OnDay) {
		return "le dernier " + civil.WeekdayName(r.Weekday) + " qui convient avant"
	} else if s == ShiftSame {
		return "le même jour d’une semaine d’avant"
	}
	return "le " + r.basisWord(1) + " précédent"
}

func plural(n int, one, many string) string {
	if n > 1 {
		return many
	}
	return one
}
