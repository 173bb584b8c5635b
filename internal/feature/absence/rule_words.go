package absence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/feature/activity"
)

// Label names a kind for everybody.
func (k Kind) Label() string {
	switch k {
	case Unbooked:
		return "Présence sans réservation"
	case LatePickup:
		return "Retard le soir"
	case Missing:
		return "Absence non signalée"
	}
	return ""
}

// counted is "1 présence sans réservation", "3 retards le soir".
func (k Kind) counted(n int) string {
	one, many := map[Kind]string{Unbooked: "présence sans réservation", LatePickup: "retard le soir", Missing: "absence non signalée"}[k],
		map[Kind]string{Unbooked: "présences sans réservation", LatePickup: "retards le soir", Missing: "absences non signalées"}[k]
	if n < 2 {
		return strconv.Itoa(n) + "\u00a0" + one
	}
	return strconv.Itoa(n) + "\u00a0" + many
}

func (s Span) words() string {
	return map[Span]string{PerMonth: "du mois", PerPeriod: "de la période", PerYear: "de l’année scolaire"}[s]
}

// since is "depuis septembre".
func (s Span) since(day civil.Date) string {
	switch s {
	case PerMonth:
		return "ce mois-ci"
	case PerPeriod:
		return "depuis le début de la période"
	}
	return "depuis septembre"
}

// clock is "8 h 30".
func clock(minute int) string {
	return civil.Clock(time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC))
}

func days(n int) string {
	if n < 2 {
		return strconv.Itoa(n) + "\u00a0jour"
	}
	return strconv.Itoa(n) + "\u00a0jours"
}

// words says a moment of a rule: "le jour même avant 9 h".
func (m Moment) words() string {
	switch m.Kind {
	case ThatDay:
		if m.Opens > 0 {
			return "le jour même, de " + clock(m.Opens) + " à " + clock(m.Minute)
		}
		return "le premier jour, jusqu’à " + clock(m.Minute)
	case HoursBefore:
		return strconv.Itoa(m.Count) + "\u00a0heures avant"
	case HoursAfter:
		return "dans les " + strconv.Itoa(m.Count) + "\u00a0heures"
	case DaysBefore:
		return days(m.Count) + " avant, jusqu’à " + clock(m.Minute)
	case DaysAfter:
		return "dans les " + days(m.Count) + ", jusqu’à " + clock(m.Minute)
	case MonthEnd:
		return "avant la fin du mois"
	}
	return "à tout moment"
}

func (e Effect) words() string {
	switch e.Kind {
	case Free:
		return "non facturée"
	case FirstBilled:
		if e.Days == 1 {
			return "premier jour facturé, les suivants non"
		}
		return "les " + days(e.Days) + " du début facturés, les suivants non"
	case FirstFree:
		if e.Days == 1 {
			return "premier jour à la charge de la commune"
		}
		return "les " + days(e.Days) + " du début à la charge de la commune"
	case Share:
		return "facturée à " + strconv.Itoa(e.Percent) + "\u202f%"
	}
	return "facturée"
}

// sentence is the whole rule of a reason, for agents.
func (x Reason) sentence() string {
	who := "déclarée par la famille"
	if x.By == ByTown {
		who = "déclarée par le service seul"
	}
	s := x.Label + "\u00a0: " + who + ", " + x.Tell.words() + "\u202f; " + x.Effect.words()
	if x.Proof {
		s += ", avec un justificatif " + x.Bring.words()
	} else {
		s += ", sans justificatif"
	}
	return s + "."
}

// price is what an incident costs, in words; times multiplies it.
func (x Incident) price(times int) string {
	words := ""
	switch x.Price {
	case NoPrice:
		return "rien de plus"
	case Flat:
		words = x.Amount.String()
	case PerUnit:
		words = x.Amount.String() + " par repas ou par séance"
	case Surcharge:
		words = x.Amount.String() + " en plus du prix"
	case Percent:
		words = strconv.Itoa(x.Percent) + "\u202f% de plus"
		if x.Percent == whole {
			words = "le double du tarif"
		}
	case CostPrice:
		words = "le prix de revient à la place du tarif"
	case TopTariff:
		words = "le tarif le plus élevé"
	}
	if times == 2 {
		words += ", deux fois"
	} else if times > 2 {
		words += ", " + strconv.Itoa(times) + "\u00a0fois"
	}
	return words
}

// nth is "3e", "1re".
func nth(n int) string {
	if n == 1 {
		return "1re"
	}
	return strconv.Itoa(n) + "e"
}

// firstCharged is the first incident of a span that can cost something: the one before it was told at the earliest.
func (x Incident) firstCharged() int { return max(x.Forgiven, 1) + 1 }

// scale says how an incident costs: "la première est gratuite ; à partir de la 3e : 10,00 €".
func (x Incident) scale() string {
	if x.Price == NoPrice {
		return "la famille est prévenue, rien de plus"
	}
	free := "la première ne coûte rien de plus"
	if x.Forgiven > 1 {
		free = "les " + strconv.Itoa(x.Forgiven) + " premières ne coûtent rien de plus"
	}
	if x.Kind == LatePickup {
		free = strings.NewReplacer("la première", "le premier", "les "+strconv.Itoa(x.Forgiven)+" premières", "les "+strconv.Itoa(x.Forgiven)+" premiers").Replace(free)
	}
	s := free + "\u202f; à partir " + map[bool]string{true: "du ", false: "de la "}[x.Kind == LatePickup] + nth(x.firstCharged()) + "\u00a0: " + x.price(1)
	if x.Times > 1 && x.TimesFrom > 0 {
		s += "\u202f; à partir " + map[bool]string{true: "du ", false: "de la "}[x.Kind == LatePickup] + nth(x.TimesFrom) + "\u00a0: " + x.price(x.Times)
	}
	return s
}

func (x Incident) sentence() string {
	s := x.Kind.Label()
	if x.Kind == LatePickup {
		s += " (après " + clock(x.After)
		if x.Tolerance > 0 {
			s += ", " + strconv.Itoa(x.Tolerance) + "\u00a0minutes de tolérance"
		}
		s += ")"
	}
	return s + "\u00a0: " + x.scale() + ". Compté au fil " + x.Span.words() + ", par enfant. Rien n’est facturé avant que la famille ait été prévenue d’une première fois."
}

// Sentences are the rules in words, for agents.
func (r Rules) Sentences() []string {
	var all []string
	for _, x := range r.Reasons {
		all = append(all, x.sentence())
	}
	for _, x := range r.Incidents {
		all = append(all, x.sentence())
	}
	switch r.Quotient {
	case FromProof:
		all = append(all, "Sans quotient connu\u00a0: tarif le plus élevé, jusqu’au jour du justificatif.")
	case FromMonthAfter:
		all = append(all, "Sans quotient connu\u00a0: tarif le plus élevé, jusqu’à la fin du mois du justificatif.")
	}
	if r.Debt.On {
		all = append(all, "Réservation fermée aux familles qui ont plus de "+r.Debt.Over.String()+" en retard de paiement, sauf dispense.")
	}
	if len(all) == 0 {
		all = append(all, "Aucune règle.")
	}
	return all
}

// percentWords is "non facturé", "facturé", "facturé à 50 %".
func percentWords(p int) string {
	switch p {
	case 0:
		return "non facturé"
	case whole:
		return "facturé"
	}
	return "facturé à " + strconv.Itoa(p) + "\u202f%"
}

// before is "avant le mardi 12 janvier à 23 h 59".
func before(l activity.Limit, today civil.Date) string {
	words := l.UntilWords(today)
	return strings.NewReplacer("jusqu’au ", "avant le ", "jusqu’à ", "avant ").Replace(words)
}

// Words says what a day will cost, and why: « non facturé si le justificatif arrive avant le mardi 12 à 23 h 59 ».
func (v Verdict) Words(today civil.Date) string {
	switch {
	case v.Timing == TooSoon:
		return "facturé si vous le signalez maintenant\u00a0: ce motif se signale " + v.Opens.FromWords(today)
	case v.Timing == TooLate && v.Without == whole:
		return "facturé\u00a0: il fallait le signaler " + before(v.Until, today)
	case v.Proof && v.Due.Kind == activity.LimitAt:
		return percentWords(v.With) + " si le justificatif arrive " + before(v.Due, today) + ", sinon " + percentWords(v.Without)
	case v.Proof:
		return percentWords(v.With) + " dès que le service a le justificatif, sinon " + percentWords(v.Without)
	}
	return percentWords(v.Without)
}

// Examples are worked under the builder: five lines of dates and euros, for a day at a price given.
type Example struct{ Caption, Line string }

// sample is what examples reckon with.
var sample = Sample{Tariff: 400, Cost: 1200, Top: 700}

// SampleWords says what examples reckon with.
func SampleWords() string {
	return "Exemples pour un jour à " + sample.Tariff.String() + " (prix de revient " + sample.Cost.String() + ", tarif le plus élevé " + sample.Top.String() + ")."
}

// Examples are at most five lines, each once: the reasons on an absence of three days from a day on, then the incidents,
// then the quotient and the balance. takes tells the days on which the activity takes place.
func (r Rules) Examples(from civil.Date, start int, zone *time.Location, takes func(civil.Date) bool) []Example {
	first := firstDay(from, takes)
	var all, more []Example
	add := func(e Example) {
		if len(all) < 5 && !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	for i, x := range r.Reasons {
		e := x.example(first, start, zone, takes)
		if i < 2 {
			add(e)
		} else {
			more = append(more, e)
		}
	}
	for _, x := range r.Incidents {
		add(x.example())
	}
	if r.Quotient != NoQuotientRule {
		add(r.Quotient.example(first))
	}
	if r.Debt.On {
		add(Example{"Solde en retard de " + (r.Debt.Over + 1).String(), "réservation fermée\u202f; à " + r.Debt.Over.String() + ", elle reste ouverte."})
	}
	for _, e := range more {
		add(e)
	}
	for i, n := 1, 0; i <= 24 && len(r.Reasons) > 0; i++ { // the same reasons when the month, then the year ends
		if end, any := lastOfMonth(civil.NewDate(first.Year, first.Month+time.Month(i), 0), takes); any && end.After(first) {
			add(r.Reasons[n%len(r.Reasons)].example(end, start, zone, takes))
			n++
		}
	}
	for i := 1; i <= 6 && len(r.Incidents) > 0; i++ {
		add(r.Incidents[0].at(i))
	}
	for i := 1; i <= 6 && r.Quotient != NoQuotientRule; i++ {
		add(r.Quotient.example(civil.NewDate(first.Year, first.Month+time.Month(i), 0)))
	}
	for i := 2; i <= 8 && r.Debt.On; i++ {
		owed := r.Debt.Over * money.Cents(i) / 2
		word := "réservation ouverte."
		if r.Debt.Bars(owed, false) {
			word = "réservation fermée\u202f; avec une dispense, elle reste ouverte."
		}
		add(Example{"Solde en retard de " + owed.String(), word})
	}
	return all
}

// furthest is how many days ahead examples look for a day of the activity.
const furthest = 400

// firstDay is the Monday to come, where the activity takes place on it, else its first day.
func firstDay(from civil.Date, takes func(civil.Date) bool) civil.Date {
	for d := from; d.Sub(from) < 15; d = d.AddDays(1) {
		if d.Weekday() == time.Monday && takes(d) {
			return d
		}
	}
	return nextDay(from, takes)
}

// nextDay is the first day of the activity from a day on, that day where none is known.
func nextDay(from civil.Date, takes func(civil.Date) bool) civil.Date {
	for d := from; d.Sub(from) < furthest; d = d.AddDays(1) {
		if takes(d) {
			return d
		}
	}
	return from
}

// lastOfMonth is the last day of the activity in the month that ends on a day.
func lastOfMonth(end civil.Date, takes func(civil.Date) bool) (civil.Date, bool) {
	for d := end; d.Month == end.Month; d = d.AddDays(-1) {
		if takes(d) {
			return d, true
		}
	}
	return civil.Date{}, false
}

// example tells three days of absence in a row from a day on, told at 8:15 on the first one.
func (x Reason) example(first civil.Date, start int, zone *time.Location, takes func(civil.Date) bool) Example {
	now := first.At(8, 15, zone)
	switch x.Tell.Kind {
	case DaysBefore, HoursBefore:
		l := x.Tell.last(first, first, start, zone)
		now = l.Day.At(0, l.Minute, zone)
	}
	sum, proved := money.Cents(0), money.Cents(0)
	var v Verdict
	day := first
	for i := range 3 {
		if i > 0 {
			day = nextDay(day.AddDays(1), takes)
		}
		one := x.Judge(Day{Day: day, First: first, Nth: i + 1, Start: start}, now)
		sum += sample.Tariff * money.Cents(one.Without) / 100
		proved += sample.Tariff * money.Cents(one.With) / 100
		if i == 0 || one.Proof && !v.Proof { // the first limit is that of all: the end of a month may come between the days
			v = one
		}
	}
	line := "signalée le " + first.DayMonth() + " à 8 h 15\u00a0: " + sum.String() + " pour trois jours"
	if x.Tell.Kind == DaysBefore || x.Tell.Kind == HoursBefore {
		line = "signalée jusqu’au " + v.Until.Words(first.AddDays(-400)) + "\u00a0: " + sum.String() + " pour trois jours"
	}
	if v.Proof && v.Due.Kind == activity.LimitAt {
		line += "\u202f; " + proved.String() + " si le justificatif arrive " + before(v.Due, first.AddDays(-400))
	}
	return Example{x.Label + ", trois jours à partir du " + first.Long(), line + "."}
}

// example walks an incident up to the first that costs.
func (x Incident) example() Example { return x.at(x.firstCharged()) }

// at is what the nth incident costs when the family was told of each one before.
func (x Incident) at(n int) Example {
	s := Standing{Nth: n, Warned: n > 1, Times: 1}
	s.Charged = s.Warned && x.Price != NoPrice && n > x.Forgiven
	if s.Charged && x.Times > 1 && n >= x.TimesFrom {
		s.Times = x.Times
	}
	what := x.Kind.Label()
	usual := x.Bill(Standing{}, 1, sample).String()
	line := x.Bill(s, 1, sample).String() + " au lieu de " + usual + "\u202f; la première fois, rien de plus\u00a0: " + usual + "."
	if x.Kind == LatePickup {
		line = x.Bill(s, 1, sample).String() + " en plus du prix du jour\u202f; la première fois, rien de plus."
	}
	if !s.Charged && x.Kind == LatePickup {
		line = "rien de plus que le prix du jour, " + sample.Tariff.String() + "."
	} else if !s.Charged {
		line = "rien de plus que le prix du jour, " + x.Bill(s, 1, sample).String() + "."
	}
	return Example{what + ", la " + nth(n) + " fois " + x.Span.words(), line}
}

func (b Back) example(from civil.Date) Example {
	proof := from.AddDays(9)
	last := proof
	for b.TopOn(last, proof) {
		last = last.AddDays(1)
	}
	return Example{"Quotient apporté le " + proof.Long(), "tarif le plus élevé (" + sample.Top.String() + ") jusqu’au " + last.AddDays(-1).DayMonth() + ", puis " + sample.Tariff.String() + "."}
}

// check is what is wrong with rules, by fields of the builder.
func list(all []string) string {
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " et " + all[len(all)-1]
}

// dayList is "lundi 11, mardi 12 et jeudi 14 janvier".
func dayList(all []civil.Date) string {
	all = slices.Clone(all)
	slices.SortFunc(all, civil.Date.Compare)
	all = slices.Compact(all)
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = d.DayMonth()
		if i+1 < len(all) && all[i+1].Month == d.Month {
			words[i] = civil.WeekdayName(d.Weekday()) + " " + fmt.Sprint(d.Day)
			if d.Day == 1 {
				words[i] += "er"
			}
		}
	}
	return list(words)
}
