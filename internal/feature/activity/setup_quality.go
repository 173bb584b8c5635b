package activity

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// NamedQuality is a quality as screens name it.
type NamedQuality struct {
	Code Quality
	Name string
}

// FamilyQuality is a quality that an agent gave a family after seeing a proof, for some days: a zero To is open.
type FamilyQuality struct {
	Family  family.ID
	Quality Quality
	Name    string
	Days    civil.Range
	Proof   string // which paper was seen
}

// AddQuality adds a quality that the town gives a priority or an exemption to, besides those that Qualities lists.
func AddQuality(tx *db.Tx, now time.Time, a actor.Actor, name string) (Quality, error) {
	if err := may(a, ""); err != nil {
		return "", err
	}
	name = person.Clean(name)
	folded := person.Fold(name)
	switch {
	case folded == "":
		return "", wrong("nom", "Indiquez ce que la famille doit être, par exemple « Agent communal ».")
	case utf8.RuneCountInString(name) > maxName:
		return "", wrong("nom", "Ce nom dépasse 120 caractères. Raccourcissez-le.")
	}
	all, err := AllQualities(tx)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(all, func(q NamedQuality) bool { return person.Fold(q.Name) == folded }) {
		return "", wrong("nom", nameTaken)
	}
	q := NamedQuality{Code: Quality("q-" + db.NewID()), Name: name}
	if err := ensureQuality(tx, q, len(all)); err != nil {
		return "", fmt.Errorf("add quality: %w", err)
	}
	return q.Code, audit.Write(tx, now, a, audit.Entry{Action: "activity.quality.added", Object: "quality", ID: string(q.Code), Detail: name})
}

// AllQualities lists the qualities that rules may ask for: the usual ones, then the town's own.
func AllQualities(r db.Reader) ([]NamedQuality, error) {
	own, err := ownQualities(r)
	if err != nil {
		return nil, fmt.Errorf("list qualities: %w", err)
	}
	all := make([]NamedQuality, 0, len(own)+4)
	for _, q := range Qualities() {
		all = append(all, NamedQuality{Code: q, Name: q.Label()})
	}
	for _, q := range own {
		if !slices.Contains(Qualities(), q.Code) {
			all = append(all, q)
		}
	}
	return all, nil
}

// SetFamilyQuality gives a family a quality for some days; the same first day again writes over it.
func SetFamilyQuality(tx *db.Tx, now time.Time, a actor.Actor, x FamilyQuality) error {
	if err := family.Readable(tx, a, x.Family, family.FileWrite); err != nil {
		return err
	}
	all, err := AllQualities(tx)
	if err != nil {
		return err
	}
	x.Proof = person.Clean(x.Proof)
	at := slices.IndexFunc(all, func(q NamedQuality) bool { return q.Code == x.Quality })
	var fields []fault.Field
	if at < 0 {
		fields = append(fields, fault.Field{Name: "qualite", Sentence: "Choisissez une qualité de la liste."})
	}
	if x.Days.From.IsZero() {
		fields = append(fields, fault.Field{Name: "debut", Sentence: "Indiquez à partir de quel jour."})
	} else if !x.Days.To.IsZero() && x.Days.To.Before(x.Days.From) {
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Le dernier jour est avant le premier."})
	}
	if x.Proof == "" {
		fields = append(fields, fault.Field{Name: "preuve", Sentence: "Indiquez quel document vous avez vu, par exemple « Facture d’énergie de moins de trois mois »."})
	} else if utf8.RuneCountInString(x.Proof) > 300 {
		fields = append(fields, fault.Field{Name: "preuve", Sentence: "Ce texte dépasse 300 caractères. Raccourcissez-le."})
	}
	if err := fault.InvalidFields(fields...); err != nil {
		return err
	}
	if err := family.Lock(tx, x.Family); err != nil {
		return err
	}
	held, err := QualitiesOf(tx, x.Family)
	if err != nil {
		return err
	}
	for _, h := range held {
		if h.Quality == x.Quality && h.Days.From != x.Days.From && overlap(h.Days, x.Days) {
			return wrong("debut", "La famille a déjà cette qualité à partir du "+h.Days.From.Long()+". Terminez-la d’abord, ou reprenez ce premier jour.")
		}
	}
	if err := ensureQuality(tx, all[at], at); err != nil {
		return fmt.Errorf("write quality: %w", err)
	}
	if err := upsertFamilyQuality(tx, now, x); err != nil {
		return fmt.Errorf("write quality of family: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "activity.quality.given", Object: "family", ID: string(x.Family), Detail: string(x.Quality)})
}

func overlap(a, b civil.Range) bool {
	return (a.To.IsZero() || !a.To.Before(b.From)) && (b.To.IsZero() || !b.To.Before(a.From))
}

// EndFamilyQuality gives a family's quality a last day; before its first day it never was.
func EndFamilyQuality(tx *db.Tx, now time.Time, a actor.Actor, id family.ID, q Quality, from, last civil.Date) error {
	if err := family.Readable(tx, a, id, family.FileWrite); err != nil {
		return err
	}
	if last.IsZero() {
		return wrong("fin", "Indiquez le dernier jour.")
	}
	n, err := endFamilyQuality(tx, now, id, q, from, last)
	if err != nil {
		return fmt.Errorf("end quality of family: %w", err)
	}
	if n == 0 {
		return fault.Missing("family quality")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "activity.quality.ended", Object: "family", ID: string(id), Detail: string(q)})
}
