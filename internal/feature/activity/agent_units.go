package activity

import (
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

	"github.com/a-h/templ"
)

func (p Pages) units(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, err := p.deskAt(r, a)
	if err != nil {
		return err
	}
	return web.Render(w, r, d.page("Unités et formules"), unitsPage(d))
}

func (p Pages) unitRoutes(rt *web.Router) {
	write, of := web.AgentWith(Write), web.Object("activity")
	unit := p.unitSheet()
	unit.declare(rt, unitsPath+"/{id}", "activity-unit")
	rt.Post(unitsPath+"/{id}/suppression", write, "activity-unit", p.drop(p.unitAt, "L’unité est retirée.", "unites",
		func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error {
			return DropUnit(tx, now, a, d.ID, UnitID(id))
		}))
	unit.find = func(r *http.Request, a actor.Actor) (desk, Unit, error) {
		d, err := p.deskAt(r, a)
		return d, Unit{Alone: true}, err
	}
	unit.declare(rt, listPath+"/{id}/unites/nouvelle", of)
	choice := p.choiceSheet()
	choice.declare(rt, choicesPath+"/{id}", "activity-choice")
	rt.Post(choicesPath+"/{id}/suppression", write, "activity-choice", p.drop(p.choiceAt, "La formule est retirée.", "unites",
		func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error {
			return DropChoice(tx, now, a, d.ID, ChoiceID(id))
		}))
	choice.find = func(r *http.Request, a actor.Actor) (desk, Choice, error) {
		d, err := p.deskAt(r, a)
		return d, Choice{}, err
	}
	choice.declare(rt, listPath+"/{id}/formules/nouvelle", of)
}

// drop takes a row away and goes back to the page of its kind; a refusal is told there.
func (p Pages) drop(find func(r *http.Request, a actor.Actor) (desk, error), done, end string,
	verb func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		d, err := find(r, a)
		if err != nil {
			return err
		}
		return p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			return d.ID, web.Done{Location: d.path(end), Sentence: done}, verb(tx, p.Now(), a, d, r.PathValue("id"))
		})
	}
}

// deskBy reads the activity that a row belongs to.
func (p Pages) deskBy(r *http.Request, a actor.Actor, of func(r db.Reader, id string) (ID, error)) (desk, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (desk, error) {
		id, err := of(rd, r.PathValue("id"))
		if err != nil {
			return desk{}, err
		}
		return p.deskOf(rd, a, id)
	})
}

func (p Pages) unitAt(r *http.Request, a actor.Actor) (desk, error) { return p.deskBy(r, a, ofUnitRow) }

func (p Pages) choiceAt(r *http.Request, a actor.Actor) (desk, error) {
	return p.deskBy(r, a, ofChoiceRow)
}

func (p Pages) unitSheet() sheet[Unit] {
	return sheet[Unit]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, Unit, error) {
			d, err := p.unitAt(r, a)
			if err != nil {
				return d, Unit{}, err
			}
			u, _ := d.UnitByID(UnitID(r.PathValue("id")))
			return d, u, nil
		},
		title: func(_ desk, u Unit) string {
			if u.ID == "" {
				return "Nouvelle unité"
			}
			if u.Name == "" {
				return "Jours et heures"
			}
			return u.Name
		},
		frame: func(d desk, u Unit) frame {
			f := frame{action: d.path("unites/nouvelle"), back: d.path("unites"), submit: "Enregistrer"}
			if u.ID != "" {
				f.action = unitsPath + "/" + string(u.ID)
				if len(d.Units) > 1 {
					f.drop, f.dropLabel = f.action+"/suppression", "Retirer cette unité"
				}
			}
			return f
		},
		read: readUnit,
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, u Unit, stamp string) (string, error) {
			if u.ID == "" {
				_, err := AddUnit(tx, now, a, d.ID, u)
				return "", err
			}
			return "", SetUnit(tx, now, a, d.ID, u, stamp)
		},
		stamp:  Unit.Stamp,
		facts:  unitFacts,
		fields: unitFields,
		done:   func(_ desk, u Unit) string { return "Enregistré. Les places des jours à venir suivent." },
	}
}

func readUnit(_ desk, f *web.Form, u Unit) (Unit, []fault.Field) {
	var wrong []fault.Field
	u.Name, u.Meal, u.Alone = f.Line("nom"), f.Bool("repas"), f.Bool("seule")
	u.Weekdays = 0
	for _, day := range f.All("jours") {
		if n, err := strconv.Atoi(day); err == nil && n >= 0 && n < 7 {
			u.Weekdays |= On(time.Weekday(n))
		}
	}
	if u.Weekdays == 0 {
		wrong = append(wrong, fault.Field{Name: "jours", Sentence: "Choisissez au moins un jour de la semaine."})
	}
	for _, one := range []struct {
		name   string
		minute *int
	}{{"debut", &u.From}, {"fin", &u.To}} {
		name, minute := one.name, one.minute
		text, ok := f.Text(name), true
		if *minute = 0; text != "" {
			*minute, ok = readClock(text)
		}
		if !ok {
			wrong = append(wrong, fault.Field{Name: name, Sentence: "Indiquez une heure, par exemple 11 h 30."})
		}
	}
	u.Position, wrong = readNumber(f, "rang", 99, wrong)
	u.Needs = UnitID(f.Text("avec"))
	u.Excludes = nil
	for _, id := range f.All("sans") {
		u.Excludes = append(u.Excludes, UnitID(id))
	}
	return u, wrong
}

func unitFacts(d desk, u Unit) []fact {
	var sans []string
	for _, id := range u.Excludes {
		sans = append(sans, d.unitLabel(id))
	}
	slices.Sort(sans)
	return []fact{{"Nom", u.Name}, {"Jours", u.Weekdays.inWords()}, {"Début", typedClock(u.From)}, {"Fin", typedClock(u.To)}, {"Repas", yesNo(u.Meal)},
		{"Se réserve seule", yesNo(u.Alone)}, {"Rang", orEmpty(u.Position)}, {"Demande aussi", d.unitLabel(u.Needs)}, {"Ne va pas avec", strings.Join(sans, ", ")}}
}

// unitLabel names a unit of any activity of the town.
func (d desk) unitLabel(id UnitID) string {
	x, known := d.cat.OfUnit(id)
	if !known {
		return ""
	}
	u, _ := x.UnitByID(id)
	return x.Label(u.Name)
}

// otherUnits are the units of the town but one, to choose from.
func (d desk) otherUnits(but UnitID) []web.Option {
	var own, others []web.Option
	for i := range d.cat.Activities {
		x := &d.cat.Activities[i]
		for _, u := range x.Units {
			switch {
			case u.ID == but:
			case x.ID == d.ID:
				own = append(own, web.Option{Value: string(u.ID), Label: x.Label(u.Name)})
			default:
				others = append(others, web.Option{Value: string(u.ID), Label: x.Label(u.Name)})
			}
		}
	}
	return append(own, others...)
}

func dayOptions() []web.Option {
	var all []web.Option
	for _, d := range weekdays() {
		all = append(all, web.Option{Value: strconv.Itoa(int(d)), Label: capital(civil.WeekdayName(d))})
	}
	return all
}

func capital(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

func dayValues(w Weekdays) []string {
	var all []string
	for _, d := range weekdays() {
		if w.Has(d) {
			all = append(all, strconv.Itoa(int(d)))
		}
	}
	return all
}

// hours is "11 h 30 – 13 h 20", "" when not known.
func (u Unit) hours() string {
	switch {
	case u.From == 0 && u.To == 0:
		return ""
	case u.To == 0:
		return "à partir de " + clock(u.From)
	}
	return clock(u.From) + " – " + clock(u.To)
}

func unitDetail(u Unit) string {
	words := []string{capital(u.Weekdays.inWords())}
	if h := u.hours(); h != "" {
		words = append(words, h)
	}
	if u.Meal {
		words = append(words, "avec repas")
	}
	if !u.Alone {
		words = append(words, "seulement dans une formule")
	}
	return strings.Join(words, ", ")
}

func unitName(a *Activity, u Unit) string {
	if u.Name == "" {
		return a.Name
	}
	return u.Name
}

func (p Pages) choiceSheet() sheet[Choice] {
	return sheet[Choice]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, Choice, error) {
			d, err := p.choiceAt(r, a)
			if err != nil {
				return d, Choice{}, err
			}
			c, err := d.bundle(ChoiceID(r.PathValue("id")))
			return d, c, err
		},
		title: func(_ desk, c Choice) string {
			if c.ID == "" {
				return "Nouvelle formule"
			}
			return c.Name
		},
		frame: func(d desk, c Choice) frame {
			f := frame{action: d.path("formules/nouvelle"), back: d.path("unites"), submit: "Enregistrer"}
			if c.ID != "" {
				f.action = choicesPath + "/" + string(c.ID)
				f.drop, f.dropLabel = f.action+"/suppression", "Retirer cette formule"
			}
			return f
		},
		read: func(_ desk, f *web.Form, c Choice) (Choice, []fault.Field) {
			c.Name, c.Units = f.Line("nom"), nil
			for _, id := range f.All("unites") {
				c.Units = append(c.Units, UnitID(id))
			}
			return c, nil
		},
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, c Choice, stamp string) (string, error) {
			if c.ID == "" {
				_, err := AddChoice(tx, now, a, d.ID, c)
				return "", err
			}
			return "", SetChoice(tx, now, a, d.ID, c, stamp)
		},
		stamp: Choice.Stamp,
		facts: func(d desk, c Choice) []fact {
			return []fact{{"Nom", c.Name}, {"Unités", d.unitNames(c.Units)}}
		},
		fields: func(f *web.Form, d desk, c Choice) templ.Component { return choiceFields(f, d, c) },
		done:   func(_ desk, c Choice) string { return "La formule « " + c.Name + " » est enregistrée." },
	}
}

func (d desk) unitNames(ids []UnitID) string {
	var all []string
	for _, u := range d.Units {
		if slices.Contains(ids, u.ID) {
			all = append(all, unitName(d.Activity, u))
		}
	}
	return strings.Join(all, " + ")
}
