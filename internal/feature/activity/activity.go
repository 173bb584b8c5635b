// Package activity keeps what children can attend: activities, their units and the sites where they take place.
// What the import names is made as a draft that nobody can book until an agent completes it.
//
// It owns the tables activity, unit and activity_site. It does not know who attends (enrolment, booking) nor the
// price (tariff).
package activity

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// ID names an activity.
type ID string

// UnitID names a unit: the smallest part of an activity that can be booked on a day.
type UnitID string

// The rights of agents over activities.
const (
	Read  actor.Right = "activity.read"
	Write actor.Right = "activity.write"
)

// State tells whether families may book.
type State string

// The states of an activity.
const (
	Draft State = "draft"
	Open  State = "open"
)

// Label is the word on screen.
func (s State) Label() string {
	if s == Open {
		return "Ouverte"
	}
	return "Brouillon, à compléter"
}

// EnsureDraft finds or makes the activity of that name with its unit (unit "" is the only one) at a site
// (SiteID "" names none), and returns both ids. What exists is left as it is, its state too; only what is missing
// is added. service, when set, is given to an activity made now.
func EnsureDraft(tx *db.Tx, now time.Time, a actor.Actor, service town.ServiceID, name, unit string, site town.SiteID) (ID, UnitID, error) {
	if !a.Can(Write) {
		return "", "", fault.New(fault.Forbidden, "")
	}
	folded := person.Fold(name)
	if folded == "" {
		return "", "", fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Indiquez le nom de l’activité."})
	}
	id, made, err := ensureActivity(tx, now, service, person.Clean(name), folded)
	if err != nil {
		return "", "", fmt.Errorf("ensure activity: %w", err)
	}
	u, err := ensureUnit(tx, id, person.Clean(unit), person.Fold(unit))
	if err != nil {
		return "", "", fmt.Errorf("ensure unit: %w", err)
	}
	if site != "" {
		if err := ensureSite(tx, id, site); err != nil {
			return "", "", fmt.Errorf("ensure activity site: %w", err)
		}
	}
	if !made {
		return id, u, nil
	}
	return id, u, audit.Write(tx, now, a, audit.Entry{Action: "activity.drafted", Object: "activity", ID: string(id), Detail: name})
}

// Weekdays is a set of days of the week, Monday the lowest of seven bits. Empty means not known.
type Weekdays int

// On is the set of one day.
func On(d time.Weekday) Weekdays { return 1 << ((int(d) + 6) % 7) }

// Has tells whether the set holds the day.
func (w Weekdays) Has(d time.Weekday) bool { return w&On(d) != 0 }

// HeldOn notes that a unit takes place on these weekdays, besides those known: a draft learns its week from the
// bookings that the old portal held, so that Wednesdays do not show as bookable for the canteen.
func HeldOn(tx *db.Tx, unit UnitID, days Weekdays) error {
	_, err := tx.Exec(`update unit set weekdays = (weekdays | $2) where id = $1 and (weekdays | $2) <> weekdays`, string(unit), int(days))
	return wrap("note weekdays", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
