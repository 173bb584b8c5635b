package activity

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/civil"
)

// Label names the qualities that every town is offered; another one is its own name.
func (q Quality) Label() string {
	switch q {
	case Resident:
		return "Famille de la commune"
	case WorkingParents:
		return "Deux parents qui travaillent"
	case SingleWorkingParent:
		return "Parent seul qui travaille"
	case VariableHours:
		return "Horaires variables"
	}
	return string(q)
}

// Words is the edge without preposition, "jeudi 7 janvier à 23 h 59", on a page of a day: "aujourd’hui à 9 h", "demain
// jeudi 7 à 23 h 59", and the year when it is another.
func (l Limit) Words(today civil.Date) string {
	switch l.Kind {
	case LimitUnset:
		return "date pas encore fixée"
	case LimitNever:
		return "jamais"
	case LimitAlways:
		return "à tout moment"
	}
	return l.dayWords(today) + " à " + clock(l.Minute)
}

// UntilWords is "jusqu’au jeudi 7 janvier à 23 h 59", for what reads « Modifiable … ».
func (l Limit) UntilWords(today civil.Date) string {
	return l.joined(today, "jusqu’au ", "jusqu’à ")
}

// SinceWords is "depuis le jeudi 7 janvier à 23 h 59", for what reads « Trop tard … ».
func (l Limit) SinceWords(today civil.Date) string { return l.joined(today, "depuis le ", "depuis ") }

// FromWords is "à partir du samedi 9 janvier à 9 h", for what reads « Réservable … ».
func (l Limit) FromWords(today civil.Date) string {
	if l.Kind == LimitAt && l.Day == today {
		return "à partir d’" + l.Words(today)
	}
	return l.joined(today, "à partir du ", "à partir de ")
}

// joined puts the words after a preposition: with the article before a weekday, without it before "demain". What is no
// moment has none.
func (l Limit) joined(today civil.Date, withArticle, without string) string {
	switch words := l.Words(today); {
	case l.Kind != LimitAt:
		return words
	case nearby(l.Day, today):
		return without + words
	default:
		return withArticle + words
	}
}

func nearby(d, today civil.Date) bool { n := d.Sub(today); return n >= -1 && n <= 1 }

func (l Limit) dayWords(today civil.Date) string {
	number := fmt.Sprint(l.Day.Day)
	if l.Day.Day == 1 {
		number = "1er"
	}
	short := civil.WeekdayName(l.Day.Weekday()) + " " + number
	switch l.Day.Sub(today) {
	case -1:
		return "hier " + short
	case 0:
		return "aujourd’hui"
	case 1:
		return "demain " + short
	}
	if l.Day.Year != today.Year {
		return l.Day.Long()
	}
	return l.Day.DayMonth()
}

// clock is "23 h 59", "9 h".
func clock(minute int) string {
	return civil.Clock(time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC))
}

// Sentence says a verdict to a family, with its date: « Trop tard depuis le jeudi 7 janvier à 23 h 59. »
func (v Verdict) Sentence(today civil.Date) string {
	switch v.Is {
	case TooEarly:
		return v.tooEarly(today)
	case Free:
		return v.verb() + " " + v.Limit.UntilWords(today) + "."
	case Late:
		return v.late(today)
	}
	if v.Limit.Kind == LimitAt {
		return "Trop tard " + v.Limit.SinceWords(today) + "."
	}
	return v.never()
}

func (v Verdict) verb() string {
	switch v.Action {
	case Change:
		return "Modifiable"
	case Cancel:
		return "Annulable"
	}
	return "Réservable"
}

func (v Verdict) never() string {
	switch v.Action {
	case Change:
		return "Ce jour ne se modifie pas en ligne."
	case Cancel:
		return "Ce jour ne s’annule pas."
	}
	return "Ce jour ne se réserve pas en ligne."
}

func (v Verdict) tooEarly(today civil.Date) string {
	switch v.Limit.Kind {
	case LimitAt:
		return v.verb() + " " + v.Limit.FromWords(today) + "."
	case LimitNever:
		return "Les réservations ne sont pas ouvertes à votre famille."
	}
	return "La date des réservations n’est pas encore fixée."
}

func (v Verdict) late(today civil.Date) string {
	words := "Délai passé " + v.Limit.SinceWords(today)
	if v.Limit.Kind == LimitNever {
		words = "Pas de réservation libre"
	}
	until := " " + v.Until.UntilWords(today)
	if v.After.Kind == AfterRequest {
		return words + "\u00a0: demande possible" + until + ", le service répond."
	}
	return words + "\u00a0: possible" + until + ", " + v.After.Words() + "."
}

// Words is the policy after the deadline as a family reads it, in the middle of a sentence: "avec une majoration de
// 50 %", "au tarif maximal, pour les 2 premiers jours du mois".
func (a After) Words() string {
	switch a.Kind {
	case AfterRequest:
		return "sur demande au service"
	case AfterSurcharge:
	default:
		return "sans réservation possible"
	}
	var parts []string
	if a.Label != "" {
		parts = append(parts, "comme «\u00a0"+a.Label+"\u00a0»")
	}
	switch {
	case a.Percent == 100:
		parts = append(parts, "au double du prix")
	case a.Percent > 0:
		parts = append(parts, fmt.Sprintf("avec une majoration de %d\u202f%%", a.Percent))
	}
	if a.Flat > 0 {
		parts = append(parts, "avec un supplément de "+a.Flat.String()+" par jour")
	}
	if a.FullPrice {
		parts = append(parts, "sans tenir compte du quotient familial")
	}
	if a.First > 0 {
		parts = append(parts, "pour "+count(a.First, "le premier jour", "les %d premiers jours")+" du mois")
	}
	if a.Forgiven > 0 {
		parts = append(parts, "sans majoration "+count(a.Forgiven, "la première fois", "les %d premières fois")+" de l’année")
	}
	if len(parts) == 0 {
		return "au prix habituel"
	}
	return strings.Join(parts, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}
