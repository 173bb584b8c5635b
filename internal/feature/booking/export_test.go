package booking

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
)

// Proposed is what the check page of a recipe decides, cell by cell, and the signs it carries.
func (p Pages) Proposed(r db.Reader, a actor.Actor, wishes []Wish) ([]Decision, string, error) {
	x, err := p.propose(r, a, wishes)
	return x.lines, x.shown, err
}

// ConfirmShown does what a check page showed.
func ConfirmShown(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, wishes []Wish, shown string) (Outcome, error) {
	return confirm(tx, now, a, cat, wishes, shown, Order{})
}

// ErrDearer is what stops a confirmation that would cost more than was shown.
var ErrDearer = errDearer

// Ranges puts days in words.
func Ranges(days []civil.Date, on activity.Weekdays) []string { return ranges(days, on) }
