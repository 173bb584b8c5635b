package activity

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// part is one page of the details of an activity: it writes some of them and keeps the others.
type part struct {
	end    string
	title  string
	read   func(f *web.Form, x *Activity) []fault.Field
	fields func(f *web.Form, d desk) templ.Component
}

func (p Pages) detailRoutes(rt *web.Router) {
	for _, one := range []part{essentials(), whoPart(), waitingPart(), papersPart()} {
		sheet[Activity]{p: p,
			find: func(r *http.Request, a actor.Actor) (desk, Activity, error) {
				d, err := p.deskAt(r, a)
				if err != nil {
					return d, Activity{}, err
				}
				return d, *d.Activity, nil
			},
			title: func(desk, Activity) string { return one.title },
			frame: func(d desk, _ Activity) frame {
				return frame{action: d.path(one.end), back: d.path(""), submit: "Enregistrer"}
			},
			read: func(_ desk, f *web.Form, x Activity) (Activity, []fault.Field) {
				fields := one.read(f, &x)
				return x, fields
			},
			save: func(tx *db.Tx, now time.Time, a actor.Actor, _ desk, x Activity, stamp string) (string, error) {
				return "", SetDetails(tx, now, a, x, stamp)
			},
			stamp:  Activity.Stamp,
			facts:  func(d desk, x Activity) []fact { return x.facts(d) },
			fields: func(f *web.Form, d desk, _ Activity) templ.Component { return one.fields(f, d) },
			done:   func(_ desk, x Activity) string { return "« " + x.Name + " » est enregistrée." },
		}.declare(rt, listPath+"/{id}/"+one.end, web.Object("activity"))
	}
}

func essentials() part {
	return part{end: "essentiel", title: "L’essentiel", fields: essentialFields, read: func(f *web.Form, x *Activity) []fault.Field {
		var wrong []fault.Field
		x.Name, x.Service, x.Description = f.Line("nom"), town.ServiceID(f.Text("service")), f.Text("description")
		x.Term, x.WholeWeeks, x.PayAtOnce = Term(f.Text("periode")), f.Bool("semaines"), f.Bool("paiement")
		x.MinDays, wrong = readNumber(f, "minimum", 7, wrong)
		x.MaxDays, wrong = readNumber(f, "maximum", 7, wrong)
		return wrong
	}}
}

func whoPart() part {
	return part{end: "qui", title: "Qui peut réserver", fields: whoFields, read: func(f *web.Form, x *Activity) []fault.Field {
		var wrong []fault.Field
		x.ResidentsOnly = f.Bool("commune")
		x.AgeFrom, wrong = readNumber(f, "age_min", 99, wrong)
		x.AgeTo, wrong = readNumber(f, "age_max", 99, wrong)
		x.Levels = knownLevels(f.All("classes"), x.Levels)
		return wrong
	}}
}

func papersPart() part {
	return part{end: "pieces", title: "Pièces demandées", fields: papersFields, read: func(f *web.Form, x *Activity) []fault.Field {
		x.Papers = strings.Split(f.Text("pieces"), "\n")
		return nil
	}}
}

// Levels are the school levels that an activity may be kept for.
func Levels() []string {
	return []string{"TPS", "PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2", "6e", "5e", "4e", "3e"}
}

// knownLevels keeps the levels of the list, and those that the row had already.
func knownLevels(typed, had []string) []string {
	var all []string
	for _, l := range levelsWith(had) {
		if slices.Contains(typed, l) {
			all = append(all, l)
		}
	}
	return all
}

func levelsWith(had []string) []string {
	all := Levels()
	for _, l := range had {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

func levelOptions(had []string) []web.Option {
	var all []web.Option
	for _, l := range levelsWith(had) {
		all = append(all, web.Option{Value: l, Label: l})
	}
	return all
}

// readNumber reads a whole number of at most most; left empty it is 0.
func readNumber(f *web.Form, name string, most int, wrong []fault.Field) (int, []fault.Field) {
	text := f.Text(name)
	if text == "" {
		return 0, wrong
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, append(wrong, fault.Field{Name: name, Sentence: fmt.Sprintf("Indiquez un nombre entre 0 et %d, ou laissez vide.", most)})
	}
	return n, wrong
}

// readCapacity reads a number of places; left empty there is no limit.
func readCapacity(f *web.Form, name string, wrong []fault.Field) (*int, []fault.Field) {
	text := f.Text(name)
	if text == "" {
		return nil, wrong
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxPlaces {
		return nil, append(wrong, fault.Field{Name: name, Sentence: capacitySentence})
	}
	return &n, wrong
}

// orEmpty shows a number that may be left out.
func orEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// label is the term as a question answers it.
func (t Term) label() string {
	switch t {
	case InHolidays:
		return "Pendant les vacances scolaires"
	case AllYear:
		return "Toute l’année"
	}
	return "Pendant les semaines d’école"
}

func yesNo(b bool) string {
	if b {
		return "oui"
	}
	return "non"
}

func (a Activity) facts(d desk) []fact {
	return []fact{{"Nom", a.Name}, {"Service", d.serviceName(a.Service)}, {"Description", a.Description}, {"Quand", a.Term.label()},
		{"Semaines entières", yesNo(a.WholeWeeks)}, {"Jours par semaine au moins", orEmpty(a.MinDays)}, {"Jours par semaine au plus", orEmpty(a.MaxDays)},
		{"Paiement à la réservation", yesNo(a.PayAtOnce)}, {"Réservé aux familles de la commune", yesNo(a.ResidentsOnly)},
		{"Âge minimum", orEmpty(a.AgeFrom)}, {"Âge maximum", orEmpty(a.AgeTo)}, {"Classes", strings.Join(a.Levels, ", ")},
		{"Pièces", strings.Join(a.Papers, ", ")},
		{"Place libérée proposée", yesNo(a.Waiting.Offers)}, {"Heures pour répondre", orEmpty(a.Waiting.OfferHours)},
		{"Annulation tardive quand une famille attend", yesNo(a.Waiting.LateFree)}, {"Heures avant le début", orEmpty(a.Waiting.LateHours)},
		{"Priorités de la liste d’attente", d.qualityNames(a.Waiting.First)}}
}

// readClock reads an hour as people write it: 11:30, 11 h 30, 11h.
func readClock(text string) (minute int, ok bool) {
	text = strings.NewReplacer(" ", "", "\u202f", "", "\u00a0", "", "H", ":", "h", ":").Replace(text)
	hours, minutes, cut := strings.Cut(text, ":")
	if cut && minutes == "" {
		minutes = "0"
	}
	if !cut {
		minutes = "0"
	}
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if err != nil || err2 != nil || h < 0 || h > 24 || m < 0 || m > 59 || h == 24 && m > 0 {
		return 0, false
	}
	if h == 24 {
		return lastMinute, true
	}
	return h*60 + m, true
}

// typedClock is an hour as a field shows it, "" for none.
func typedClock(minute int) string {
	if minute == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%02d", minute/60, minute%60)
}

// readDays reads two days as people write them.
func readDays(f *web.Form, from, to string) (civil.Range, []fault.Field) {
	var days civil.Range
	var wrong []fault.Field
	days.From, wrong = readDay(f, from, wrong)
	days.To, wrong = readDay(f, to, wrong)
	return days, wrong
}

// readDay reads a day; left empty it is zero.
func readDay(f *web.Form, name string, wrong []fault.Field) (civil.Date, []fault.Field) {
	text := f.Text(name)
	if text == "" {
		return civil.Date{}, wrong
	}
	d, err := civil.ParseFrench(text)
	if err != nil {
		return civil.Date{}, append(wrong, fault.Field{Name: name, Sentence: "Indiquez le jour, par exemple 3 mars 2027."})
	}
	return d, wrong
}
