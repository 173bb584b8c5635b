package town

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
)

// week is the days of the opening hours' form, Monday first, as its fields are named.
func week() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
}

// hourField names the field of a half day: "mardi_matin", "mardi_apres".
func hourField(day time.Weekday, afternoon bool) string {
	if afternoon {
		return civil.WeekdayName(day) + "_apres"
	}
	return civil.WeekdayName(day) + "_matin"
}

var span = regexp.MustCompile(`^(?:de )?(\d{1,2})(?: ?(?:h|:|\.|,) ?(\d{2})?)? ?(?:-|à|a|jusqu'à|/) ?(\d{1,2})(?: ?(?:h|:|\.|,) ?(\d{2})?)?$`)

var plainWords = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "–", "-", "—", "-", "heures", "h", "heure", "h", "minuit", "24h", "midi", "12h", "’", "'")

// ParseSpan reads « 8 h 30 – 12 h » however it is written: "8h30-12h", "8:30 à midi", "de 8 h 30 à 12 h". An
// empty field or « fermé » is no span (ok and zero).
func ParseSpan(text string) (s civil.Span, ok bool) {
	t := strings.Join(strings.Fields(plainWords.Replace(strings.ToLower(text))), " ")
	if t == "" || strings.HasPrefix(t, "ferm") || t == "-" {
		return civil.Span{}, true
	}
	m := span.FindStringSubmatch(t)
	if m == nil {
		return civil.Span{}, false
	}
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // "" is 0; the expression lets digits only
	if n(m[2]) > 59 || n(m[4]) > 59 {
		return civil.Span{}, false
	}
	s = civil.Span{From: n(m[1])*60 + n(m[2]), To: n(m[3])*60 + n(m[4])}
	return s, s.From < s.To && s.To <= 24*60
}

// parseWeek reads the form's fields of the opening hours.
func parseWeek(value func(field string) string) (civil.OpeningHours, []fault.Field) {
	var o civil.OpeningHours
	var fields []fault.Field
	for _, day := range week() {
		for _, afternoon := range []bool{false, true} {
			name := hourField(day, afternoon)
			s, ok := ParseSpan(value(name))
			if !ok {
				fields = append(fields, fault.Field{Name: name, Sentence: "Écrivez les heures " + theDay(day) + " ainsi : 8 h 30 – 12 h."})
				continue
			}
			if s == (civil.Span{}) {
				continue
			}
			if n := len(o[day]); n > 0 && s.From < o[day][n-1].To {
				fields = append(fields, fault.Field{Name: name, Sentence: "L’après-midi " + theDay(day) + " commence après la fin du matin."})
				continue
			}
			o[day] = append(o[day], s)
		}
	}
	if len(fields) == 0 && o.IsZero() {
		fields = append(fields, fault.Field{Name: hourField(time.Monday, false),
			Sentence: "Indiquez au moins une demi-journée d’ouverture : les « 48 heures ouvrées » se comptent dessus."})
	}
	return o, fields
}

func theDay(day time.Weekday) string { return "du " + civil.WeekdayName(day) }

// weekValues are the form's fields for known hours. A third span of a day shows with the afternoon's and is lost
// when saved: no field says it; the town's own words (Horaires affichés) can.
func weekValues(o civil.OpeningHours) map[string]string {
	values := map[string]string{}
	for _, day := range week() {
		for i, s := range o[day] {
			afternoon := i > 0 || s.From >= 12*60
			values[hourField(day, afternoon)] = SpansInWords([]civil.Span{s})
		}
	}
	return values
}
