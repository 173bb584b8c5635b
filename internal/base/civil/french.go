package civil

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var weekdays = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}

var months = [...]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
	"septembre", "octobre", "novembre", "décembre"}

// French is 12/01/2027, "" for no date.
func (d Date) French() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year)
}

// Long is "mardi 12 janvier 2027" ("1er" on the first), "" for no date.
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	return d.DayMonth() + fmt.Sprintf(" %d", d.Year)
}

// DayMonth is "mardi 12 janvier".
func (d Date) DayMonth() string { return WeekdayName(d.Weekday()) + " " + d.Short() }

// Short is "12 janvier".
func (d Date) Short() string {
	day := fmt.Sprint(d.Day)
	if d.Day == 1 {
		day = "1er"
	}
	return day + " " + MonthName(d.Month)
}

// Full is "12 janvier 2027", "" for no date.
func (d Date) Full() string {
	if d.IsZero() {
		return ""
	}
	return d.Short() + fmt.Sprintf(" %d", d.Year)
}

// MonthYear is "janvier 2027".
func (d Date) MonthYear() string { return MonthName(d.Month) + fmt.Sprintf(" %d", d.Year) }

// parseWords reads "4 mars 2013", "1er mars 2013", with or without the weekday and the accents.
func parseWords(s string) (Date, bool) {
	words := strings.Fields(unaccent.Replace(strings.ToLower(s)))
	if len(words) == 4 {
		words = words[1:] // the weekday
	}
	if len(words) != 3 {
		return Date{}, false
	}
	for m := time.January; m <= time.December; m++ {
		if unaccent.Replace(MonthName(m)) != words[1] {
			continue
		}
		t, err := time.Parse("2/1/2006", fmt.Sprintf("%s/%d/%s", strings.TrimSuffix(words[0], "er"), m, words[2]))
		return DateOf(t), err == nil
	}
	return Date{}, false
}

var unaccent = strings.NewReplacer("é", "e", "û", "u")

// Of is "de Zoé" or "d’Inès": the word de before a name, elided before a vowel. A mute h cannot be told from an
// aspirated one: names with h keep "de".
func Of(name string) string {
	first, _ := utf8.DecodeRuneInString(name)
	if strings.ContainsRune("aeiouyàâäéèêëîïôöùûüœæ", unicode.ToLower(first)) {
		return "d’" + name
	}
	return "de " + name
}

// WeekdayName is "lundi".
func WeekdayName(w time.Weekday) string { return weekdays[w] }

// WeekdayShort is "lun.".
func WeekdayShort(w time.Weekday) string { return weekdays[w][:3] + "." }

// MonthName is "janvier".
func MonthName(m time.Month) string { return months[m] }

// Clock is "16 h 30" (with narrow no-break spaces), in t's own location.
func Clock(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d\u202fh", t.Hour())
	}
	return fmt.Sprintf("%d\u202fh\u202f%02d", t.Hour(), t.Minute())
}

// Stamp is "20/02/2026 à 11:12", in t's own location: the guide's form for a past moment.
func Stamp(t time.Time) string { return t.Format("02/01/2006 à 15:04") }
