package moving

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/civil"
	"parvis/internal/feature/person"
)

// parseDay reads JJ/MM/AAAA or AAAA-MM-JJ, with a midnight that some databases add. Years outside 1900–2100
// are slips of the keyboard.
func parseDay(s string) (civil.Date, error) {
	day, clock, _ := strings.Cut(s, " ")
	if strings.Trim(clock, "0:.") != "" {
		return civil.Date{}, fmt.Errorf("date %q: hour", s)
	}
	d, err := civil.ParseFrench(day)
	if err != nil {
		d, err = civil.ParseDate(strings.ReplaceAll(day, "/", "-"))
	}
	if err != nil || d.Year < 1900 || d.Year > 2100 {
		return civil.Date{}, fmt.Errorf("date %q", s)
	}
	return d, nil
}

// parseYesNo reads O or N, and the usual other ways of saying so.
func parseYesNo(s string) (yes, ok bool) {
	switch person.Fold(s) {
	case "o", "oui", "1", "vrai", "true", "x":
		return true, true
	case "n", "non", "0", "faux", "false":
		return false, true
	}
	return false, false
}

// parseWord reads the ETAT of a booking.
func parseWord(s string) (bookingWord, bool) {
	switch person.Fold(s) {
	case "reserve", "reservee":
		return wordBooked, true
	case "present", "presente":
		return wordPresent, true
	case "absent", "absente", "absent non justifie", "absent injustifie":
		return wordAbsent, true
	case "absent justifie", "absente justifiee", "absence justifiee":
		return wordExcused, true
	case "annule", "annulee":
		return wordCancelled, true
	}
	return 0, false
}

// settled is what the ETAT of an invoice says of its payment.
type settled uint8

const (
	unsettled settled = iota + 1
	partly
	fully
)

func parseSettled(s string) (settled, bool) {
	switch person.Fold(s) {
	case "soldee", "solde", "payee", "reglee", "acquittee":
		return fully, true
	case "a payer", "impayee", "non payee", "emise", "en retard", "relancee":
		return unsettled, true
	case "partiel", "partielle", "partiellement payee", "partiellement reglee":
		return partly, true
	}
	return 0, false
}

// parsePeriod reads 2026-09 or 09/2026, and gives 2026-09.
func parsePeriod(s string) (string, bool) {
	if len(s) == 7 && (s[2] == '/' || s[2] == '-') {
		s = s[3:] + "-" + s[:2]
	}
	if len(s) != 7 {
		return "", false
	}
	d, err := civil.ParseDate(strings.Replace(s, "/", "-", 1) + "-01")
	if err != nil || d.Year < 1990 || d.Year > 2100 {
		return "", false
	}
	return d.String()[:7], true
}

// phoneProblem tells why a phone number is worth a look, "" when it is not.
func phoneProblem(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	french := len(digits) == 10 && digits[0] == '0' && !strings.HasPrefix(s, "+")
	foreign := (strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00")) && len(digits) >= 8 && len(digits) <= 17
	if s == "" || (strings.Trim(s, "0123456789 +.-/()") == "" && (french || foreign)) {
		return ""
	}
	return fmt.Sprintf("« %s » n’est pas un numéro de téléphone complet.", clip(s))
}

// nameProblem tells what is wrong with a name: faulty ones refuse the line, doubtful ones do not.
func nameProblem(s string) (sentence string, faulty bool) {
	switch {
	case s == "":
		return "", false
	case utf8.RuneCountInString(s) > person.MaxText:
		return "Ce nom dépasse 200 caractères.", true
	case strings.ContainsAny(s, "?\ufffd"):
		return fmt.Sprintf("« %s » a perdu une lettre dans l’ancien portail : corrigez-la avec la famille.", clip(s)), false
	case mangled(s):
		return fmt.Sprintf("« %s » semble mal codé : vérifiez les accents.", clip(s)), false
	case strings.IndexFunc(s, unicode.IsLetter) < 0:
		return fmt.Sprintf("« %s » ne contient aucune lettre.", clip(s)), true
	}
	return "", false
}

// mangled finds UTF-8 read as Windows-1252 somewhere in the past: "FranÃ§ois".
func mangled(s string) bool {
	previous := rune(0)
	for _, r := range s {
		if (previous == 'Ã' || previous == 'Â' || previous == 'Å') && !unicode.IsLetter(r) && r != ' ' && r != '-' && r != '\'' && r != '’' {
			return true
		}
		previous = r
	}
	return false
}

// older tells whether somebody born on that day is at least that many years old today.
func older(birth, today civil.Date, years int) bool {
	return !civil.NewDate(birth.Year+years, birth.Month, birth.Day).After(today)
}
