package activity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The verbs of the set-up: what agents write of an activity without code. Each changes rows of one activity, under its
// lock, refuses to write over what it did not show, and asks for the slots of the open periods to be made again.

// Longest texts, in characters.
const (
	maxName = 120
	maxText = 2000
)

// stampOf names rows as they stand: the same values, the same stamp.
func stampOf(values ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", values))
	return hex.EncodeToString(sum[:8])
}

// Stamp names the details of the activity as they are, for a form that must not write over somebody else's change.
func (a Activity) Stamp() string {
	return stampOf(a.Name, a.Service, a.Description, a.Term, a.ResidentsOnly, a.WholeWeeks, a.MinDays, a.MaxDays, a.AgeFrom, a.AgeTo, a.Levels, a.PayAtOnce, a.Papers, a.Waiting.stamp())
}

func conflict() error {
	return fault.New(fault.Conflict, "Un autre agent a changé ceci depuis que vous avez ouvert la page. Rien n’a été enregistré.")
}

func wrong(field, sentence string) error {
	return fault.InvalidFields(fault.Field{Name: field, Sentence: sentence})
}

func refused(sentence string) error { return fault.New(fault.Refused, sentence) }

// may tells whether an agent sets up the activities of a service.
func may(a actor.Actor, service town.ServiceID) error {
	if !a.Can(Write) || service != "" && !a.CanFor(Write, string(service)) {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// change locks an activity for the rest of the transaction and reads it whole.
func change(tx *db.Tx, a actor.Actor, id ID) (*Activity, error) {
	if !a.Can(Write) {
		return nil, fault.New(fault.Forbidden, "")
	}
	if err := lockActivity(tx, id); err != nil {
		return nil, err
	}
	c, err := readActivities(tx)
	if err != nil {
		return nil, err
	}
	x, known := c.Activity(id)
	if !known {
		return nil, fault.Missing("activity")
	}
	return x, may(a, x.Service)
}

// changed writes the audit line of a verb and, where a period is open, asks for its slots.
func changed(tx *db.Tx, now time.Time, a actor.Actor, action string, id ID, detail string) error {
	open, err := hasOpenPeriod(tx, id)
	if err != nil {
		return fmt.Errorf("look for an open period: %w", err)
	}
	if open {
		if err := jobs.Enqueue(tx, now, jobs.Job{Kind: JobCover, Args: map[string]string{"activity": string(id)}}); err != nil {
			return err
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: action, Object: "activity", ID: string(id), Detail: detail})
}

// differing names the fields that differ, for the audit line: names, never values.
func differing(triples ...any) string {
	var names []string
	for i := 0; i+2 < len(triples); i += 3 {
		if stampOf(triples[i+1]) != stampOf(triples[i+2]) {
			names = append(names, fmt.Sprint(triples[i]))
		}
	}
	return strings.Join(names, " ")
}

// tidy gives the texts their kept form and checks the details.
func (a *Activity) tidy() []fault.Field {
	a.Name, a.Description = person.Clean(a.Name), strings.TrimSpace(a.Description)
	if a.Term == "" {
		a.Term = InTerm
	}
	a.Levels = slices.DeleteFunc(slices.Compact(slices.Clone(a.Levels)), func(l string) bool { return strings.TrimSpace(l) == "" })
	var papers []string
	for _, name := range a.Papers {
		if name = person.Clean(name); name != "" && !slices.Contains(papers, name) {
			papers = append(papers, name)
		}
	}
	a.Papers = papers
	a.Waiting = a.Waiting.tidy()
	return append(a.problems(), a.Waiting.problems()...)
}

func (a *Activity) problems() []fault.Field {
	var fields []fault.Field
	check := func(bad bool, name, sentence string) {
		if bad {
			fields = append(fields, fault.Field{Name: name, Sentence: sentence})
		}
	}
	check(person.Fold(a.Name) == "", "nom", "Indiquez le nom de l’activité.")
	check(utf8.RuneCountInString(a.Name) > maxName, "nom", "Ce nom dépasse 120 caractères. Raccourcissez-le.")
	check(utf8.RuneCountInString(a.Description) > maxText, "description", "Ce texte dépasse 2 000 caractères. Raccourcissez-le.")
	check(a.Term != InTerm && a.Term != InHolidays && a.Term != AllYear, "periode", "Choisissez quand l’activité a lieu.")
	check(a.MinDays < 0 || a.MinDays > 7, "minimum", "Indiquez un nombre de jours entre 0 et 7.")
	check(a.MaxDays < 0 || a.MaxDays > 7, "maximum", "Indiquez un nombre de jours entre 0 et 7.")
	check(a.MaxDays > 0 && a.MinDays > a.MaxDays, "maximum", "Le maximum est plus petit que le minimum.")
	check(a.AgeFrom < 0 || a.AgeFrom > 99, "age_min", "Indiquez un âge entre 0 et 99 ans.")
	check(a.AgeTo < 0 || a.AgeTo > 99, "age_max", "Indiquez un âge entre 0 et 99 ans.")
	check(a.AgeTo > 0 && a.AgeFrom > a.AgeTo, "age_max", "L’âge maximum est plus petit que l’âge minimum.")
	for _, name := range a.Papers {
		check(utf8.RuneCountInString(name) > maxName, "pieces", "« "+string([]rune(name)[:20])+"… » dépasse 120 caractères. Raccourcissez-le.")
	}
	return fields
}

// nameTaken is the sentence of a name that another row has.
const nameTaken = "Ce nom est déjà pris. Donnez-en un autre."

// Add makes an activity as a draft, with its details and one unit that bears no name.
func Add(tx *db.Tx, now time.Time, a actor.Actor, x Activity) (ID, error) {
	if err := may(a, x.Service); err != nil {
		return "", err
	}
	fields := x.tidy()
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	if err := serviceExists(tx, x.Service); err != nil {
		return "", err
	}
	id, made, err := ensureActivity(tx, now, x.Service, x.Name, person.Fold(x.Name))
	if err != nil {
		return "", fmt.Errorf("add activity: %w", err)
	}
	if !made {
		return "", wrong("nom", "Une activité porte déjà ce nom. Donnez-en un autre, ou complétez celle qui existe.")
	}
	x.ID = id
	if err := checkFirst(tx, x.Waiting.First); err != nil {
		return "", err
	}
	if err := updateDetails(tx, &x); err != nil {
		return "", fmt.Errorf("write activity: %w", err)
	}
	if _, err := ensureUnit(tx, id, "", ""); err != nil {
		return "", fmt.Errorf("add unit: %w", err)
	}
	return id, changed(tx, now, a, "activity.added", id, x.Name)
}

func serviceExists(r db.Reader, id town.ServiceID) error {
	if id == "" {
		return nil
	}
	_, err := town.ServiceByID(r, id)
	if fault.KindOf(err) == fault.NotFound {
		return wrong("service", "Choisissez un service de la liste.")
	}
	return err
}

// SetDetails writes what an activity is and who may book: all but its units, places, periods and deadlines.
func SetDetails(tx *db.Tx, now time.Time, a actor.Actor, x Activity, stamp string) error {
	before, err := change(tx, a, x.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := may(a, x.Service); err != nil {
		return err
	}
	if err := fault.InvalidFields(x.tidy()...); err != nil {
		return err
	}
	if err := serviceExists(tx, x.Service); err != nil {
		return err
	}
	switch other, err := activityNamed(tx, person.Fold(x.Name)); {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return err
	case err == nil && other != x.ID:
		return wrong("nom", nameTaken)
	}
	if err := checkFirst(tx, x.Waiting.First); err != nil {
		return err
	}
	if err := updateDetails(tx, &x); err != nil {
		return fmt.Errorf("write activity: %w", err)
	}
	return changed(tx, now, a, "activity.changed", x.ID, differing("name", before.Name, x.Name, "service", before.Service, x.Service,
		"description", before.Description, x.Description, "term", before.Term, x.Term, "residents", before.ResidentsOnly, x.ResidentsOnly,
		"weeks", before.WholeWeeks, x.WholeWeeks, "min", before.MinDays, x.MinDays, "max", before.MaxDays, x.MaxDays,
		"age_from", before.AgeFrom, x.AgeFrom, "age_to", before.AgeTo, x.AgeTo, "levels", before.Levels, x.Levels,
		"pay", before.PayAtOnce, x.PayAtOnce, "papers", before.Papers, x.Papers, "waiting", before.Waiting.stamp(), x.Waiting.stamp()))
}

// OpenActivity lets families see and book an activity, or takes it from their screens. What is booked stays.
func OpenActivity(tx *db.Tx, now time.Time, a actor.Actor, id ID, open bool) error {
	x, err := change(tx, a, id)
	if err != nil {
		return err
	}
	state, action := Draft, "activity.closed"
	if open {
		if lacks := x.Lacks(); len(lacks) > 0 {
			return refused("Il manque encore : " + lacks.words() + ".")
		}
		state, action = Open, "activity.opened"
	}
	if x.State == state {
		return nil
	}
	if err := setState(tx, id, state); err != nil {
		return fmt.Errorf("set activity state: %w", err)
	}
	return changed(tx, now, a, action, id, "")
}

// Lack is something that an activity lacks before families can book it, with the page where it is given.
type Lack struct {
	Sentence string
	Page     string // the end of the page's address
}

// Lacks are what an activity lacks.
type Lacks []Lack

func (l Lacks) words() string {
	all := make([]string, len(l))
	for i, one := range l {
		all[i] = strings.ToLower(one.Sentence[:1]) + one.Sentence[1:]
	}
	return strings.Join(all, ", ")
}

// Lacks lists what must be given before the activity can be opened.
func (a Activity) Lacks() Lacks {
	var all Lacks
	if len(a.Units) == 0 {
		all = append(all, Lack{"Ce que les familles réservent : au moins une unité", "unites"})
	}
	for _, u := range a.Units {
		if u.Weekdays == 0 {
			all = append(all, Lack{"Les jours de la semaine" + ofUnit(u), "unites/" + string(u.ID)})
		}
	}
	if len(a.Units) > 0 && len(a.Choices) == 0 {
		all = append(all, Lack{"Une formule, ou une unité qui se réserve seule", "unites"})
	}
	if len(a.Places) == 0 {
		all = append(all, Lack{"Un lieu", "lieux"})
	}
	if len(a.Policies) == 0 {
		all = append(all, Lack{"Les délais pour réserver et annuler", "delais"})
	}
	if len(a.Periods) == 0 {
		all = append(all, Lack{"Une période", "periodes"})
	}
	return all
}

func ofUnit(u Unit) string {
	if u.Name == "" {
		return ""
	}
	return " de « " + u.Name + " »"
}

// ByID reads one activity whole. Pages of families ask the Cache instead.
func ByID(r db.Reader, id ID) (Activity, error) {
	c, err := readActivities(r)
	if err != nil {
		return Activity{}, err
	}
	x, known := c.Activity(id)
	if !known {
		return Activity{}, fault.Missing("activity")
	}
	return *x, nil
}
