package activity

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// Stamp names the unit as it is.
func (u Unit) Stamp() string {
	excludes := slices.Clone(u.Excludes)
	slices.Sort(excludes)
	return stampOf(u.Name, u.Weekdays, u.From, u.To, u.Meal, u.Alone, u.Position, u.Needs, excludes)
}

// Stamp names the choice as it is.
func (c Choice) Stamp() string { return stampOf(c.Name, c.Units) }

const allDays = 127

func (u *Unit) tidy() []fault.Field {
	u.Name = person.Clean(u.Name)
	var fields []fault.Field
	if utf8.RuneCountInString(u.Name) > maxName {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Ce nom dépasse 120 caractères. Raccourcissez-le."})
	}
	if u.Weekdays < 0 || u.Weekdays > allDays {
		fields = append(fields, fault.Field{Name: "jours", Sentence: "Choisissez des jours de la semaine."})
	}
	if u.From < 0 || u.From > lastMinute || u.To < 0 || u.To > lastMinute {
		fields = append(fields, fault.Field{Name: "debut", Sentence: "Indiquez une heure entre 0 h et 23 h 59."})
	}
	if u.To != 0 && u.To <= u.From {
		fields = append(fields, fault.Field{Name: "fin", Sentence: "L’heure de fin est avant l’heure de début."})
	}
	u.Excludes = slices.DeleteFunc(slices.Clone(u.Excludes), func(id UnitID) bool { return id == u.ID || id == "" })
	slices.Sort(u.Excludes)
	u.Excludes = slices.Compact(u.Excludes)
	return fields
}

// checkUnit refuses a unit that bears another's name, or leans on units that are not, or on itself by a detour.
func checkUnit(tx *db.Tx, x *Activity, u *Unit) error {
	fields := u.tidy()
	for _, other := range x.Units {
		if other.ID == u.ID {
			continue
		}
		if person.Fold(other.Name) == person.Fold(u.Name) {
			fields = append(fields, fault.Field{Name: "nom", Sentence: sameUnit(u.Name)})
		}
	}
	needs, err := unitNeeds(tx)
	if err != nil {
		return fmt.Errorf("read units: %w", err)
	}
	if u.Needs != "" {
		if _, known := needs[u.Needs]; !known {
			fields = append(fields, fault.Field{Name: "avec", Sentence: "Choisissez une unité de la liste."})
		}
	}
	for next, steps := u.Needs, 0; next != "" && steps <= len(needs); next, steps = needs[next], steps+1 {
		if next == u.ID && u.ID != "" {
			fields = append(fields, fault.Field{Name: "avec", Sentence: "Ces unités dépendraient l’une de l’autre. Choisissez-en une autre."})
			break
		}
	}
	for _, other := range u.Excludes {
		if _, known := needs[other]; !known {
			fields = append(fields, fault.Field{Name: "sans", Sentence: "Choisissez des unités de la liste."})
		}
		if other == u.Needs {
			fields = append(fields, fault.Field{Name: "sans", Sentence: "Cette unité ne peut pas aller avec celle dont elle a besoin."})
		}
	}
	return fault.InvalidFields(fields...)
}

func sameUnit(name string) string {
	if name == "" {
		return "Une unité n’a pas encore de nom. Donnez un nom à chacune."
	}
	return "Une autre unité de l’activité porte ce nom."
}

// AddUnit adds a unit to an activity.
func AddUnit(tx *db.Tx, now time.Time, a actor.Actor, id ID, u Unit) (UnitID, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return "", err
	}
	u.ID = ""
	if err := checkUnit(tx, x, &u); err != nil {
		return "", err
	}
	u.ID = UnitID(db.NewID())
	if u.Position == 0 {
		for _, other := range x.Units {
			u.Position = max(u.Position, other.Position+1)
		}
	}
	if err := insertUnit(tx, id, u); err != nil {
		return "", fmt.Errorf("add unit: %w", err)
	}
	if err := setExclusions(tx, u); err != nil {
		return "", fmt.Errorf("write exclusions: %w", err)
	}
	return u.ID, changed(tx, now, a, "activity.unit.added", id, u.Name)
}

// SetUnit writes a unit. Days that lose the unit keep what is booked on them.
func SetUnit(tx *db.Tx, now time.Time, a actor.Actor, id ID, u Unit, stamp string) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	before, known := x.UnitByID(u.ID)
	if !known {
		return fault.Missing("unit")
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := checkUnit(tx, x, &u); err != nil {
		return err
	}
	if err := updateUnit(tx, u); err != nil {
		return fmt.Errorf("write unit: %w", err)
	}
	if err := setExclusions(tx, u); err != nil {
		return fmt.Errorf("write exclusions: %w", err)
	}
	return changed(tx, now, a, "activity.unit.changed", id, u.Name)
}

// DropUnit takes a unit away that nobody has ever booked and no bundle holds.
func DropUnit(tx *db.Tx, now time.Time, a actor.Actor, id ID, unit UnitID) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	u, known := x.UnitByID(unit)
	if !known {
		return fault.Missing("unit")
	}
	for _, c := range x.Choices {
		if c.ID != ChoiceID(unit) && slices.Contains(c.Units, unit) {
			return refused("La formule « " + c.Name + " » comprend cette unité. Retirez d’abord la formule.")
		}
	}
	if err := deleteUnit(tx, unit); err != nil {
		if db.IsForeignKey(err) {
			return refused("Des réservations ou une autre unité tiennent à celle-ci : elle ne peut pas être retirée. Retirez-lui ses jours pour qu’elle ne soit plus proposée.")
		}
		return fmt.Errorf("drop unit: %w", err)
	}
	return changed(tx, now, a, "activity.unit.dropped", id, u.Name)
}

// checkChoice refuses a bundle without a name of its own, or of fewer than two units.
func checkChoice(x *Activity, c *Choice) error {
	c.Name = person.Clean(c.Name)
	var fields []fault.Field
	if person.Fold(c.Name) == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom de la formule, par exemple « Journée avec repas »."})
	}
	if utf8.RuneCountInString(c.Name) > maxName {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Ce nom dépasse 120 caractères. Raccourcissez-le."})
	}
	for _, other := range x.Choices {
		if other.ID != c.ID && person.Fold(other.Name) == person.Fold(c.Name) {
			fields = append(fields, fault.Field{Name: "nom", Sentence: nameTaken})
			break
		}
	}
	var units []UnitID
	for _, u := range x.Units { // in the order of the activity, each once
		if slices.Contains(c.Units, u.ID) {
			units = append(units, u.ID)
		}
	}
	c.Units = units
	if len(units) < 2 {
		fields = append(fields, fault.Field{Name: "unites", Sentence: "Choisissez au moins deux unités : une unité seule n’a pas besoin de formule."})
	}
	for i, id := range units {
		u, _ := x.UnitByID(id)
		for _, other := range units[i+1:] {
			if slices.Contains(u.Excludes, other) {
				o, _ := x.UnitByID(other)
				fields = append(fields, fault.Field{Name: "unites", Sentence: "« " + u.Name + " » et « " + o.Name + " » ne vont pas ensemble."})
			}
		}
	}
	return fault.InvalidFields(fields...)
}

// AddChoice adds a bundle of units.
func AddChoice(tx *db.Tx, now time.Time, a actor.Actor, id ID, c Choice) (ChoiceID, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return "", err
	}
	c.ID = ""
	if err := checkChoice(x, &c); err != nil {
		return "", err
	}
	c.ID = ChoiceID(db.NewID())
	if err := insertChoice(tx, id, c, len(x.Choices)); err != nil {
		return "", fmt.Errorf("add choice: %w", err)
	}
	return c.ID, changed(tx, now, a, "activity.choice.added", id, c.Name)
}

// bundle finds a choice that has a row of its own: not a unit alone.
func (a *Activity) bundle(id ChoiceID) (Choice, error) {
	c, known := a.ChoiceByID(id)
	if _, alone := a.UnitByID(UnitID(id)); !known || alone {
		return Choice{}, fault.Missing("choice")
	}
	return c, nil
}

// SetChoice writes a bundle. What is booked already keeps the units it took.
func SetChoice(tx *db.Tx, now time.Time, a actor.Actor, id ID, c Choice, stamp string) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	before, err := x.bundle(c.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := checkChoice(x, &c); err != nil {
		return err
	}
	if err := updateChoice(tx, c); err != nil {
		return fmt.Errorf("write choice: %w", err)
	}
	return changed(tx, now, a, "activity.choice.changed", id, c.Name)
}

// DropChoice takes a bundle away that nobody has booked.
func DropChoice(tx *db.Tx, now time.Time, a actor.Actor, id ID, choice ChoiceID) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	c, err := x.bundle(choice)
	if err != nil {
		return err
	}
	if err := deleteChoice(tx, choice); err != nil {
		if db.IsForeignKey(err) {
			return refused("Des familles ont réservé cette formule : elle ne peut pas être retirée.")
		}
		return fmt.Errorf("drop choice: %w", err)
	}
	return changed(tx, now, a, "activity.choice.dropped", id, c.Name)
}
