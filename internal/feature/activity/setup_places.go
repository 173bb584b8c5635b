package activity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// maxPlaces bounds a capacity: more is a slip of the keyboard.
const maxPlaces = 10_000

// PlacesStamp names the places of the activity as they are.
func (a Activity) PlacesStamp() string {
	var all []any
	for _, p := range a.Places {
		all = append(all, p.Site, number(p.Capacity))
	}
	return stampOf(all...)
}

// Stamp names the group as it is.
func (g Group) Stamp() string { return stampOf(g.Site, g.Name, g.Levels, number(g.Capacity)) }

func number(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func same(a, b *int) bool { return number(a) == number(b) }

func goodCapacity(n *int) bool { return n == nil || *n >= 0 && *n <= maxPlaces }

const capacitySentence = "Indiquez un nombre de places entre 0 et 10 000, ou laissez vide s’il n’y a pas de limite."

// SetPlaces writes the sites of an activity, each with its places a day. Days to come that had the former number get
// the new one, or what is taken where that is more; days with a number of their own keep it.
func SetPlaces(tx *db.Tx, now time.Time, a actor.Actor, id ID, places []Place, stamp string) error {
	_, err := setPlaces(tx, now, a, id, places, stamp)
	return err
}

// setPlaces is SetPlaces, with the places that keep more than asked.
func setPlaces(tx *db.Tx, now time.Time, a actor.Actor, id ID, places []Place, stamp string) ([]Held, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return nil, err
	}
	if x.PlacesStamp() != stamp {
		return nil, conflict()
	}
	if err := checkPlaces(tx, places); err != nil {
		return nil, err
	}
	today := civil.DateOf(now)
	for _, p := range x.Places {
		if slices.ContainsFunc(places, func(other Place) bool { return other.Site == p.Site }) {
			continue
		}
		if err := x.dropPlace(tx, p, today); err != nil {
			return nil, err
		}
	}
	var held []Held
	for _, p := range places {
		more, err := x.setPlace(tx, p, today)
		if err != nil {
			return nil, fmt.Errorf("write place: %w", err)
		}
		held = append(held, more...)
	}
	sortHeld(held)
	return held, changed(tx, now, a, "activity.places.changed", id, fmt.Sprint(len(places)))
}

// dropPlace takes a site away where nobody is expected.
func (a *Activity) dropPlace(tx *db.Tx, p Place, today civil.Date) error {
	if slices.ContainsFunc(a.Groups, func(g Group) bool { return g.Site == p.Site }) {
		return wrong("lieux", "« "+p.Name+" » a des groupes. Retirez-les d’abord.")
	}
	if day, err := takenFrom(tx, a.ID, p.Site, "", today); err != nil {
		return err
	} else if !day.IsZero() {
		return wrong("lieux", "Des enfants sont attendus à « "+p.Name+" » le "+day.Long()+". Ce lieu ne peut pas être retiré.")
	}
	return wrap("drop place", deletePlace(tx, a.ID, p.Site, today))
}

// Held is a slot that keeps more places than it was given, because more are taken.
type Held struct {
	Day    civil.Date
	Unit   UnitID
	Site   town.SiteID
	Group  GroupID
	Taken  int
	Wanted int
}

// heldBy are those of some slots that keep more than a number of places, in the order of their days.
func heldBy(all []Slot, capacity *int) []Held {
	var held []Held
	for _, s := range all {
		if capacity != nil && s.Taken > *capacity {
			held = append(held, Held{Day: s.Day, Unit: s.Unit, Site: s.Site, Group: s.Group, Taken: s.Taken, Wanted: *capacity})
		}
	}
	sortHeld(held)
	return held
}

func sortHeld(all []Held) {
	slices.SortFunc(all, func(a, b Held) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Unit, b.Unit))
	})
}

func checkPlaces(r db.Reader, places []Place) error {
	known, err := town.AllSites(r)
	if err != nil {
		return err
	}
	var fields []fault.Field
	if len(places) > len(known) {
		return fault.InvalidFields(fault.Field{Name: "lieux", Sentence: "Choisissez des lieux de la liste, chacun une fois."})
	}
	for i, p := range places {
		at := slices.IndexFunc(known, func(s town.Site) bool { return s.ID == p.Site })
		if at < 0 || slices.ContainsFunc(places[:i], func(other Place) bool { return other.Site == p.Site }) {
			fields = append(fields, fault.Field{Name: "lieux", Sentence: "Choisissez des lieux de la liste, chacun une fois."})
		} else if !goodCapacity(p.Capacity) {
			fields = append(fields, fault.Field{Name: "places-" + string(p.Site), Sentence: capacitySentence})
		}
	}
	return fault.InvalidFields(fields...)
}

func (a *Activity) setPlace(tx *db.Tx, p Place, today civil.Date) ([]Held, error) {
	at := slices.IndexFunc(a.Places, func(other Place) bool { return other.Site == p.Site })
	if at < 0 {
		return nil, insertPlace(tx, a.ID, p)
	}
	if same(a.Places[at].Capacity, p.Capacity) {
		return nil, nil
	}
	if err := updatePlace(tx, a.ID, p); err != nil {
		return nil, err
	}
	return followCapacity(tx, a.ID, p.Site, "", today, a.Places[at].Capacity, p.Capacity)
}

func (a *Activity) checkGroup(g *Group) error {
	g.Name = person.Clean(g.Name)
	g.Levels = slices.DeleteFunc(slices.Clone(g.Levels), func(l string) bool { return l == "" })
	var fields []fault.Field
	if person.Fold(g.Name) == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom du groupe, par exemple « Petits »."})
	}
	if utf8.RuneCountInString(g.Name) > maxName {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Ce nom dépasse 120 caractères. Raccourcissez-le."})
	}
	for _, other := range a.Groups {
		if other.ID != g.ID && other.Site == g.Site && person.Fold(other.Name) == person.Fold(g.Name) {
			fields = append(fields, fault.Field{Name: "nom", Sentence: "Un autre groupe de ce lieu porte ce nom."})
		}
	}
	if !slices.ContainsFunc(a.Places, func(p Place) bool { return p.Site == g.Site }) {
		fields = append(fields, fault.Field{Name: "lieu", Sentence: "Choisissez un lieu de l’activité."})
	}
	if !goodCapacity(g.Capacity) {
		fields = append(fields, fault.Field{Name: "places", Sentence: capacitySentence})
	}
	return fault.InvalidFields(fields...)
}

// AddGroup adds a group of children at a site. The first one of a site takes the place of the site's own slots, so it
// is refused where children are expected without a group.
func AddGroup(tx *db.Tx, now time.Time, a actor.Actor, id ID, g Group) (GroupID, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return "", err
	}
	g.ID = ""
	if err := x.checkGroup(&g); err != nil {
		return "", err
	}
	today := civil.DateOf(now)
	if !slices.ContainsFunc(x.Groups, func(other Group) bool { return other.Site == g.Site }) {
		if day, err := takenFrom(tx, id, g.Site, "", today); err != nil {
			return "", err
		} else if !day.IsZero() {
			return "", refused("Des enfants sont déjà attendus à ce lieu sans groupe, le " + day.Long() + ". Les groupes se font avant les réservations.")
		}
		if err := deleteFree(tx, id, g.Site, "", today); err != nil {
			return "", bookedOnce(err)
		}
	}
	g.ID = GroupID(db.NewID())
	if err := insertGroup(tx, id, g); err != nil {
		return "", fmt.Errorf("add group: %w", err)
	}
	return g.ID, changed(tx, now, a, "activity.group.added", id, g.Name)
}

// bookedOnce is the refusal of taking slots away that a booking names, be it cancelled.
func bookedOnce(err error) error {
	if db.IsForeignKey(err) {
		return refused("Des réservations, même annulées, tiennent à ces places : elles ne peuvent pas être retirées.")
	}
	return fmt.Errorf("drop slots: %w", err)
}

// SetGroup writes a group; its site stays. Its places change as SetPlaces says.
func SetGroup(tx *db.Tx, now time.Time, a actor.Actor, id ID, g Group, stamp string) error {
	_, err := setGroup(tx, now, a, id, g, stamp)
	return err
}

// setGroup is SetGroup, with the places that keep more than asked.
func setGroup(tx *db.Tx, now time.Time, a actor.Actor, id ID, g Group, stamp string) ([]Held, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return nil, err
	}
	before, err := x.group(g.ID)
	if err != nil {
		return nil, err
	}
	if before.Stamp() != stamp {
		return nil, conflict()
	}
	g.Site = before.Site
	if err := x.checkGroup(&g); err != nil {
		return nil, err
	}
	if err := updateGroup(tx, g); err != nil {
		return nil, fmt.Errorf("write group: %w", err)
	}
	var held []Held
	if !same(before.Capacity, g.Capacity) {
		if held, err = followCapacity(tx, id, g.Site, g.ID, civil.DateOf(now), before.Capacity, g.Capacity); err != nil {
			return nil, fmt.Errorf("write places of group: %w", err)
		}
	}
	return held, changed(tx, now, a, "activity.group.changed", id, g.Name)
}

func (a *Activity) group(id GroupID) (Group, error) {
	i := slices.IndexFunc(a.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{}, fault.Missing("group")
	}
	return a.Groups[i], nil
}

// DropGroup takes a group away in which nobody has ever booked.
func DropGroup(tx *db.Tx, now time.Time, a actor.Actor, id ID, group GroupID) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	g, err := x.group(group)
	if err != nil {
		return err
	}
	if err := deleteFree(tx, id, g.Site, group, civil.Date{}); err != nil {
		return bookedOnce(err)
	}
	if err := deleteGroup(tx, group); err != nil {
		return bookedOnce(err)
	}
	return changed(tx, now, a, "activity.group.dropped", id, g.Name)
}

// Scope is some slots of an activity: those of a range, and of one unit, site or group where it is named.
type Scope struct {
	Days  civil.Range
	Unit  UnitID
	Site  town.SiteID
	Group GroupID
}

// maxScope is how many days a verb on slots takes at once.
const maxScope = 400

func (s Scope) check(x *Activity, today civil.Date) error {
	var fields []fault.Field
	switch {
	case s.Days.From.IsZero() || s.Days.To.IsZero() || s.Days.To.Before(s.Days.From):
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	case s.Days.To.Sub(s.Days.From) > maxScope:
		fields = append(fields, fault.Field{Name: "fin", Sentence: "C’est plus d’un an : vérifiez les dates."})
	case s.Days.From.Before(today):
		fields = append(fields, fault.Field{Name: "debut", Sentence: "Ce jour est passé. Choisissez aujourd’hui ou un jour à venir."})
	}
	if _, known := x.UnitByID(s.Unit); s.Unit != "" && !known {
		fields = append(fields, fault.Field{Name: "unite", Sentence: "Choisissez une unité de la liste."})
	}
	if s.Site != "" && !slices.ContainsFunc(x.Places, func(p Place) bool { return p.Site == s.Site }) {
		fields = append(fields, fault.Field{Name: "lieu", Sentence: "Choisissez un lieu de la liste."})
	}
	if s.Group != "" && !slices.ContainsFunc(x.Groups, func(g Group) bool { return g.ID == s.Group }) {
		fields = append(fields, fault.Field{Name: "lieu", Sentence: "Choisissez un groupe de la liste."})
	}
	return fault.InvalidFields(fields...)
}

func (s Scope) detail() string { return s.Days.From.String() + " " + s.Days.To.String() }

// SetCapacity gives slots their places; nil is no limit. A slot where more are taken gets what is taken: those are
// returned, in order.
func SetCapacity(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope, capacity *int) ([]Held, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return nil, err
	}
	if err := s.check(x, civil.DateOf(now)); err != nil {
		return nil, err
	}
	if !goodCapacity(capacity) {
		return nil, wrong("places", capacitySentence)
	}
	all, err := updateCapacity(tx, id, s, capacity)
	if err != nil {
		return nil, fmt.Errorf("write capacity: %w", err)
	}
	if len(all) == 0 {
		return nil, x.noPlaces(tx, now, s, "Aucune place n’est ouverte ces jours-là. Ouvrez d’abord la période.")
	}
	return heldBy(all, capacity), changed(tx, now, a, "activity.capacity.changed", id, s.detail())
}

// noPlaces is the refusal of a scope without places: that nothing takes place then, else the sentence given.
func (a *Activity) noPlaces(r db.Reader, now time.Time, s Scope, otherwise string) error {
	c, err := catalogueOf(r, now)
	if err != nil {
		return err
	}
	reason := ""
	for _, day := range s.Days.Days() {
		for _, u := range a.Units {
			why, _ := c.Why(a, u, day)
			if why == "" && (s.Unit == "" || s.Unit == u.ID) {
				return refused(otherwise)
			}
			if reason == "" {
				reason = why
			}
		}
	}
	switch {
	case reason == "":
		return refused(otherwise)
	case strings.HasPrefix(reason, "Pas d’accueil"):
		return refused("Pas d’accueil ces jours-là : rien n’a changé.")
	}
	return refused("Pas d’accueil ces jours-là (" + lower(reason) + ") : rien n’a changé.")
}

func lower(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}

// CloseSlots closes slots with a reason that families read. What is booked there stays booked; taken tells how many
// places that is.
func CloseSlots(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope, reason string) (slots, taken int, err error) {
	all, err := Shut(tx, now, a, id, s, reason)
	for _, slot := range all {
		taken += slot.Taken
	}
	return len(all), taken, err
}

// Shut is CloseSlots that returns the slots it closed, for who will open those again and no other.
func Shut(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope, reason string) ([]Slot, error) {
	if reason = person.Clean(reason); reason == "" {
		return nil, wrong("motif", "Indiquez le motif, les familles le lisent : « Sortie scolaire », « Grève »…")
	}
	if utf8.RuneCountInString(reason) > maxName {
		return nil, wrong("motif", "Ce texte dépasse 120 caractères. Raccourcissez-le.")
	}
	return setClosed(tx, now, a, id, s, true, reason)
}

// ReopenSlots opens closed slots again.
func ReopenSlots(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope) (int, error) {
	all, err := setClosed(tx, now, a, id, s, false, "")
	return len(all), err
}

// OpenAgain opens, of some slots of an activity, those still closed, and returns how many. A slot that is gone since is
// left out.
func OpenAgain(tx *db.Tx, now time.Time, a actor.Actor, id ID, slots []SlotID) (int, error) {
	if _, err := change(tx, a, id); err != nil {
		return 0, err
	}
	n, err := openSlots(tx, id, slots)
	if err != nil {
		return n, fmt.Errorf("open slots again: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, changed(tx, now, a, "activity.slots.reopened", id, fmt.Sprint(n))
}

func setClosed(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope, closed bool, reason string) ([]Slot, error) {
	x, err := change(tx, a, id)
	if err != nil {
		return nil, err
	}
	if err := s.check(x, civil.DateOf(now)); err != nil {
		return nil, err
	}
	all, err := updateClosed(tx, id, s, closed, reason)
	if err != nil {
		return nil, fmt.Errorf("close slots: %w", err)
	}
	if len(all) == 0 {
		return nil, x.noPlaces(tx, now, s, "Aucune place n’est ouverte ces jours-là, ou elles sont déjà dans cet état.")
	}
	action := "activity.slots.reopened"
	if closed {
		action = "activity.slots.closed"
	}
	return all, changed(tx, now, a, action, id, s.detail())
}
