package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
)

// household is one invented family before it is written: who lives there, what the children attend.
type household struct {
	Civilities []string // one an adult
	LastNames  []string
	FirstNames []string
	BirthDays  []civil.Date
	Emails     []string
	Mobiles    []string
	Number     string
	Street     string
	Children   []pupil
	Contact    neighbour
	Quotient   int // euros
	SecondHome int // index+1 of the household that shares the first child; 0: none
}

// pupil is an invented child.
type pupil struct {
	LastName, FirstName  string
	Birth                civil.Date
	School, Level, Class string
	Diet, Allergies      string
	PAI                  bool
	Attends              []attended
}

// attended is an activity of a child, on some days of the week.
type attended struct {
	Activity string
	Days     []time.Weekday
}

// neighbour is somebody to call.
type neighbour struct {
	LastName, FirstName, Relation, Phone string
	MayCollect                           bool
}

var (
	// masculine and either name the first names that are not a woman's alone; who bears one of either may not say.
	masculine = strings.Fields("Nathan Mathis Théo Gaël Mehdi João Jérémy Ömer Paul Grégory Stéphane Hugo Noah Maël Raphaël Yanis " +
		"Malo Tom Victor Wassim Basile Olivier")
	either    = strings.Fields("Camille Sacha Alix")
	lastNames = strings.Fields("Aubert Roux Prévost Mercier Gauthier Poirier André Lefèvre N’Guessan Benali Da-Silva Nguyễn " +
		"Kowalski O’Brien Traoré Fontaine Royer Barbier Cousin Bertrand Fernandez Haddad Jacquet Leroux Marchand Noël " +
		"Özdemir Pages Quentin Renaud Sow Tessier Urbain Vasseur Weber Yılmaz Zimmermann Delaunay Ibáñez Chevalier")
	firstNames = strings.Fields("Camille Nathan Zoé Mathis Émilie Julie Théo Sarah Gaël Anaïs Mehdi João Inès Jérémy Ömer " +
		"Marine Paul Grégory Stéphane Aïcha Lina Hugo Louise Adèle Noah Maël Chloé Raphaël Léa İpek Yanis Fatou Élise " +
		"Malo Rose Sacha Solène Tom Victor Wassim Alix Basile")
	streets = []string{"rue des Écluses", "quai de la Seine", "avenue du Vieux-Pont", "rue de l’Église", "sente des Vignes",
		"chemin du Clos", "place du Marché", "rue Jean-Moulin", "impasse des Tilleuls", "boulevard de la Gare"}
	diets     = []string{"", "", "", "", "sans porc", "sans viande"}
	relations = []string{"Grand-parent", "Oncle ou tante", "Voisin", "Nourrice", "Ami de la famille"}
)

const (
	canteen   = "Restauration scolaire"
	morning   = "Accueil du matin"
	evening   = "Accueil du soir"
	study     = "Étude"
	lateStudy = "Post-étude"
	wednesday = "Mercredi"
	holidays  = "Petites vacances"
	youth     = "Le Local"

	nursery   = "Maternelle du Parc"
	primary   = "Élémentaire Jean-Moulin"
	primary2  = "Élémentaire Les Sables"
	secondary = "Collège"
)

var schoolDays = []time.Weekday{time.Monday, time.Tuesday, time.Thursday, time.Friday}

// households invents n families, the same for the same seed and day.
func households(seed uint64, n int, today civil.Date) []household {
	rng := rand.New(rand.NewPCG(seed, 2026))
	all := []household{martin(today)}
	for i := 1; i < n; i++ {
		all = append(all, invent(rng, i, today))
	}
	return all
}

// martin is the family of the demo's sign-ins: two adults, three children, one of them in two homes.
func martin(today civil.Date) household {
	h := household{
		Civilities: []string{"Madame", "Monsieur"}, LastNames: []string{"Martin", "Martin"}, FirstNames: []string{"Camille", "Olivier"},
		BirthDays: []civil.Date{civil.NewDate(1987, 5, 14), civil.NewDate(1985, 2, 3)},
		Emails:    []string{"camille.martin@exemple.fr", "olivier.martin@exemple.fr"},
		Mobiles:   []string{"0639980101", "0639980102"}, Number: "12", Street: "rue des Écluses", Quotient: 1240,
		Contact:    neighbour{"Lambert", "Marie-Christine", "Grand-parent", "0199001103", true},
		SecondHome: secondHome,
	}
	h.Children = []pupil{
		child("Martin", "Jérémy", today, 9, 1), child("Martin", "Inès", today, 7, 2), child("Martin", "Zoé", today, 5, 1),
	}
	h.Children[0].Attends = []attended{{canteen, schoolDays}, {study, []time.Weekday{time.Monday, time.Thursday}}, {wednesday, []time.Weekday{time.Wednesday}}}
	h.Children[1].Attends = []attended{{canteen, schoolDays}, {wednesday, []time.Weekday{time.Wednesday}}}
	h.Children[1].Allergies = "arachide"
	h.Children[1].PAI = true
	h.Children[2].Attends = []attended{{canteen, schoolDays}, {evening, []time.Weekday{time.Monday, time.Thursday, time.Friday}}}
	return h
}

func invent(rng *rand.Rand, i int, today civil.Date) household {
	name := lastNames[i%len(lastNames)]
	h := household{Number: fmt.Sprint(1 + rng.IntN(140)), Street: streets[rng.IntN(len(streets))], Quotient: 200 + rng.IntN(2400)}
	adults := 2
	if rng.IntN(4) == 0 {
		adults = 1
	}
	for a := range adults {
		adult := name
		if a == 1 && rng.IntN(3) == 0 {
			adult = lastNames[rng.IntN(len(lastNames))]
		}
		first := firstNames[(i*2+a)%len(firstNames)]
		h.Civilities = append(h.Civilities, civilityOf(first, rng.IntN(9)))
		h.LastNames = append(h.LastNames, adult)
		h.FirstNames = append(h.FirstNames, first)
		h.BirthDays = append(h.BirthDays, civil.NewDate(today.Year-28-rng.IntN(20), time.Month(1+rng.IntN(12)), 1+rng.IntN(28)))
		email := ""
		if rng.IntN(9) != 0 {
			email = fmt.Sprintf("famille%d.%d@exemple.fr", i, a+1)
		}
		h.Emails = append(h.Emails, email)
		h.Mobiles = append(h.Mobiles, fmt.Sprintf("063998%04d", 1000+i*10+a))
	}
	for c := range 1 + rng.IntN(3) {
		h.Children = append(h.Children, child(name, firstNames[(i*3+c*7+5)%len(firstNames)], today, 3+rng.IntN(12), 1+rng.IntN(2)))
		last := &h.Children[len(h.Children)-1]
		last.Diet = diets[rng.IntN(len(diets))]
		if rng.IntN(12) == 0 {
			last.Allergies = []string{"lait", "œuf", "arachide", "gluten"}[rng.IntN(4)]
		}
		last.Attends = wishes(rng, last.School)
	}
	h.Contact = neighbour{lastNames[(i+11)%len(lastNames)], firstNames[(i+17)%len(firstNames)], relations[rng.IntN(len(relations))],
		fmt.Sprintf("019900%04d", 2000+i*10), rng.IntN(3) != 0}
	return h
}

// civilityOf is what goes with a first name; one adult in nine prefers not to say.
func civilityOf(first string, chance int) string {
	switch {
	case chance == 0 || slices.Contains(either, first):
		return ""
	case slices.Contains(masculine, first):
		return "Monsieur"
	}
	return "Madame"
}

// wishes is a plausible typical week for a child of a school.
func wishes(rng *rand.Rand, school string) []attended {
	if school == secondary {
		return []attended{{youth, []time.Weekday{time.Wednesday}}}
	}
	all := []attended{{canteen, schoolDays[:2+rng.IntN(3)]}}
	if rng.IntN(3) == 0 {
		all = append(all, attended{morning, schoolDays})
	}
	if rng.IntN(2) == 0 {
		after := evening
		if school != nursery && rng.IntN(2) == 0 {
			after = study
		}
		all = append(all, attended{after, schoolDays[rng.IntN(2):]})
	}
	if rng.IntN(2) == 0 {
		all = append(all, attended{wednesday, []time.Weekday{time.Wednesday}})
	}
	return all
}

// child places a child of an age in its school and level, by the year of birth as schools do.
func child(last, first string, today civil.Date, age, class int) pupil {
	year := today.Year
	if today.Month < time.September {
		year--
	}
	levels := []string{"PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2", "6e", "5e", "4e", "3e"}
	level := levels[min(max(age-3, 0), len(levels)-1)]
	p := pupil{LastName: last, FirstName: first, Birth: civil.NewDate(year-age, time.Month(2+len(first)%10), 3+len(last)%20), Level: level}
	switch {
	case age < 6:
		p.School = nursery
	case age < 11 && class == 1:
		p.School = primary
	case age < 11:
		p.School = primary2
	default:
		p.School = secondary
	}
	p.Class = fmt.Sprintf("%s-%c", level, 'A'+rune(class-1))
	return p
}

// price is what a unit of an activity costs in the demo's invoices.
var price = map[string]money.Cents{canteen: 310, morning: 180, evening: 260, study: 240, lateStudy: 120, wednesday: 980, holidays: 1120, youth: 200}
