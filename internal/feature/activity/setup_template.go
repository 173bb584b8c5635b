package activity

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/town"
)

// Template is a usual activity of French towns to start from: its units, hours and deadlines, all of which agents then
// change as they like.
type Template struct {
	Key         string
	Name        string
	Detail      string
	Description string
	Term        Term
	Units       []Unit
	Choices     []bundleOf
	Model       string // the key of a model of deadlines
}

// bundleOf is a choice of a template: the places of its units in Units.
type bundleOf struct {
	name  string
	units []int
}

const (
	schoolWeek = 1 | 2 | 8 | 16 // Monday, Tuesday, Thursday, Friday
	fullWeek   = 31             // Monday to Friday
)

// Templates lists the usual activities.
func Templates() []Template {
	day := func(days Weekdays) []Unit {
		return []Unit{
			{Name: "Matin", Weekdays: days, From: 480, To: 720, Alone: true, Position: 1},
			{Name: "Repas", Weekdays: days, From: 720, To: 810, Meal: true, Position: 2},
			{Name: "Après-midi", Weekdays: days, From: 810, To: 1110, Alone: true, Position: 3},
		}
	}
	bundles := []bundleOf{{"Matin et repas", []int{0, 1}}, {"Repas et après-midi", []int{1, 2}}, {"Journée", []int{0, 1, 2}}}
	one := func(from, to int, meal bool) []Unit {
		return []Unit{{Weekdays: schoolWeek, From: from, To: to, Meal: meal, Alone: true}}
	}
	return []Template{
		{Key: "cantine", Name: "Restauration scolaire", Detail: "Lundi, mardi, jeudi, vendredi, 11 h 30 – 13 h 20 ; jusqu’au jeudi soir pour la semaine suivante",
			Description: "Le repas de midi à l’école, les jours d’école.", Term: InTerm, Units: one(690, 800, true), Model: "semaine-jeudi"},
		{Key: "matin", Name: "Accueil du matin", Detail: "Lundi, mardi, jeudi, vendredi, 7 h 30 – 8 h 30 ; jusqu’à la veille à 9 h",
			Description: "L’accueil avant l’école.", Term: InTerm, Units: one(450, 510, false), Model: "veille-9h"},
		{Key: "soir", Name: "Accueil du soir", Detail: "Lundi, mardi, jeudi, vendredi, 16 h 30 – 18 h 30 ; jusqu’à la veille à 9 h",
			Description: "L’accueil après l’école, goûter compris.", Term: InTerm, Units: one(990, 1110, false), Model: "veille-9h"},
		{Key: "etude", Name: "Étude", Detail: "Lundi, mardi, jeudi, vendredi, 16 h 45 – 17 h 45 ; jusqu’à la veille à 9 h",
			Description: "L’étude surveillée après l’école.", Term: InTerm, Units: one(1005, 1065, false), Model: "veille-9h"},
		{Key: "mercredi", Name: "Mercredi", Detail: "Matin, repas, après-midi ou journée ; de six semaines avant à la veille 9 h",
			Description: "L’accueil de loisirs du mercredi, à la demi-journée ou à la journée.", Term: InTerm, Units: day(On(time.Wednesday)), Choices: bundles, Model: "mercredis"},
		{Key: "vacances", Name: "Vacances", Detail: "Du lundi au vendredi, demi-journée ou journée ; de six à trois semaines avant",
			Description: "L’accueil de loisirs pendant les vacances scolaires.", Term: InHolidays, Units: day(fullWeek), Choices: bundles, Model: "vacances-6-3"},
	}
}

func templateOf(key string) (Template, bool) {
	all := Templates()
	i := slices.IndexFunc(all, func(t Template) bool { return t.Key == key })
	if i < 0 {
		return Template{}, false
	}
	return all[i], true
}

// Start is what makes an activity from a template in one go.
type Start struct {
	Template string
	Model    string // of deadlines; "" for the template's
	Places   []Place
	Year     civil.SchoolYear // its period, or its holidays; 0 for none
}

// Complete gives an activity what it lacks of a template: weekdays and hours of its units, or its units when it has but
// one without a name and without days; places, deadlines, periods. What it has already stays.
func Complete(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Start) error {
	t, known := templateOf(s.Template)
	if !known {
		return wrong("modele", "Choisissez un modèle de la liste.")
	}
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	if err := x.completeUnits(tx, now, a, t); err != nil {
		return err
	}
	if len(x.Places) == 0 && len(s.Places) > 0 {
		if err := SetPlaces(tx, now, a, id, s.Places, x.PlacesStamp()); err != nil {
			return err
		}
	}
	if err := x.completeDetails(tx, now, a, t); err != nil {
		return err
	}
	var first civil.Date
	if s.Year != 0 && len(x.Periods) == 0 {
		if _, err := PrepareYear(tx, now, a, id, s.Year); err != nil {
			return err
		}
	}
	if y, err := town.YearOf(tx, s.Year); err == nil {
		first = y.Days.From
	}
	if len(x.Policies) > 0 {
		return nil
	}
	return addModel(tx, now, a, id, s, t, first)
}

func addModel(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Start, t Template, first civil.Date) error {
	key := s.Model
	if key == "" {
		key = t.Model
	}
	today := civil.DateOf(now)
	if first.IsZero() || first.After(today) {
		first = today
	}
	for _, m := range Models(civil.SchoolYearOf(today)) {
		if m.Key == key {
			p := m.Policy
			p.From = first
			_, err := AddPolicy(tx, now, a, id, p)
			return err
		}
	}
	return wrong("delais", "Choisissez un modèle de délais de la liste.")
}

func (a *Activity) completeDetails(tx *db.Tx, now time.Time, who actor.Actor, t Template) error {
	fresh, err := ByID(tx, a.ID)
	if err != nil {
		return err
	}
	stamp := fresh.Stamp()
	fresh.Term = t.Term
	if fresh.Description == "" {
		fresh.Description = t.Description
	}
	return SetDetails(tx, now, who, fresh, stamp)
}

func (a *Activity) completeUnits(tx *db.Tx, now time.Time, who actor.Actor, t Template) error {
	if len(a.Units) == 1 && a.Units[0].Name == "" && len(t.Units) > 1 {
		if a.Units[0].Weekdays != 0 {
			return refused("Des jours sont déjà connus pour cette activité, qui n’a qu’une unité. Nommez-la d’abord, par exemple « Journée », ou choisissez un modèle d’une seule unité.")
		}
		return a.makeUnits(tx, now, who, t)
	}
	for _, u := range a.Units {
		from := t.Units[0]
		for _, other := range t.Units {
			if other.Name == u.Name {
				from = other
			}
		}
		stamp := u.Stamp()
		if u.Weekdays == 0 {
			u.Weekdays = from.Weekdays
		}
		if u.From == 0 && u.To == 0 && (u.Name == from.Name || len(a.Units) == 1) {
			u.From, u.To = from.From, from.To
		}
		u.Meal = u.Meal || from.Meal && (u.Name == from.Name || len(a.Units) == 1)
		if u.Stamp() == stamp {
			continue
		}
		if err := SetUnit(tx, now, who, a.ID, u, stamp); err != nil {
			return err
		}
	}
	return nil
}

// makeUnits gives the only unit its name, adds the others and the bundles.
func (a *Activity) makeUnits(tx *db.Tx, now time.Time, who actor.Actor, t Template) error {
	ids := make([]UnitID, len(t.Units))
	for i, u := range t.Units {
		var err error
		if i == 0 {
			u.ID = a.Units[0].ID
			err = SetUnit(tx, now, who, a.ID, u, a.Units[0].Stamp())
		} else {
			u.ID, err = AddUnit(tx, now, who, a.ID, u)
		}
		if err != nil {
			return err
		}
		ids[i] = u.ID
	}
	for _, b := range t.Choices {
		c := Choice{Name: b.name}
		for _, i := range b.units {
			c.Units = append(c.Units, ids[i])
		}
		if _, err := AddChoice(tx, now, who, a.ID, c); err != nil {
			return err
		}
	}
	return nil
}

// AddFrom makes an activity from a template, complete but for opening its period.
func AddFrom(tx *db.Tx, now time.Time, a actor.Actor, x Activity, s Start) (ID, error) {
	if _, known := templateOf(s.Template); !known {
		return "", wrong("modele", "Choisissez un modèle de la liste.")
	}
	id, err := Add(tx, now, a, x)
	if err != nil {
		return "", err
	}
	return id, Complete(tx, now, a, id, s)
}

// shortest is how many days school holidays have that make a period of their own: bridges do not.
const shortest = 5

// PrepareYear adds the periods of a school year: the year from its first to its last day, or each of its holidays for
// what takes place in them. It returns how many it added; the dates are those of the town's calendar.
func PrepareYear(tx *db.Tx, now time.Time, a actor.Actor, id ID, y civil.SchoolYear) (int, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return 0, err
	}
	year, err := town.YearOf(tx, y)
	if fault.KindOf(err) == fault.NotFound {
		return 0, refused("Le calendrier de l’année " + y.String() + " n’est pas encore entré. Ouvrez « Réglages », « Années scolaires », puis revenez.")
	}
	if err != nil {
		return 0, err
	}
	var periods []Period
	if x.Term == InHolidays {
		s, err := town.ReadSettings(tx)
		if err != nil {
			return 0, err
		}
		holidays, err := town.SchoolHolidays(tx, s.Zone, civil.Range{From: year.Days.From, To: civil.NewDate(int(y)+1, time.August, 31)})
		if err != nil {
			return 0, fmt.Errorf("read school holidays: %w", err)
		}
		for _, h := range holidays {
			if h.Days.To.Sub(h.Days.From) >= shortest {
				periods = append(periods, Period{Name: fmt.Sprintf("%s %d", h.Name, h.Days.From.Year), Days: h.Days})
			}
		}
		if len(periods) == 0 {
			return 0, refused("Les vacances de l’année " + y.String() + " ne sont pas encore entrées. Ouvrez « Réglages », « Vacances scolaires », puis revenez.")
		}
	} else {
		periods = []Period{{Name: "Année " + y.String(), Days: year.Days}}
	}
	added := 0
	for _, p := range periods {
		_, err := AddPeriod(tx, now, a, id, p)
		if fault.KindOf(err) == fault.Invalid && len(periods) > 1 {
			continue // some of the holidays are there already
		}
		if err != nil {
			return added, err
		}
		added++
	}
	if added == 0 {
		return 0, refused("Les périodes de l’année " + y.String() + " sont déjà là.")
	}
	return added, nil
}
