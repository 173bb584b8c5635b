package booking

import (
	"context"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Proposed is what the check page of a recipe decides, cell by cell, and the signs it carries.
func (p Pages) Proposed(r db.Reader, a actor.Actor, wishes []Wish) ([]Decision, string, error) {
	x, err := p.propose(r, a, wishes, func(Cell) bool { return false })
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

// Checked is what the check page says of each line that will be done.
func (p Pages) Checked(r db.Reader, a actor.Actor, wishes []Wish) ([]string, error) {
	all, s, err := p.preview(r, a, Order{Wishes: wishes})
	if err != nil {
		return nil, err
	}
	var says []string
	for _, l := range viewOf(s, all, civil.DateOf(p.Now())).Done {
		says = append(says, l.Detail)
	}
	return says, nil
}

// Said is what the agenda says of a cell.
func (p Pages) Said(r db.Reader, a actor.Actor, c Cell) (string, error) {
	_, s, err := p.preview(r, a, Order{Wishes: []Wish{{Cell: c}}})
	if err != nil {
		return "", err
	}
	for _, f := range s.faces(family.Child{ID: c.Child, Family: s.kids[c.Child].family, Level: s.kids[c.Child].level}, c.Day) {
		if f.Activity == c.Activity {
			return f.Reason, nil
		}
	}
	return "", nil
}

// MostLooked bounds how many weeks and days a recipe looks at.
const MostLooked = mostLooked

// Looked is how many weeks and days a recipe looked at.
func (r Recipe) Looked(ctx context.Context) (int, error) {
	_, n, err := r.look(ctx)
	return n, err
}

// Named tells which cells the family wrote itself.
func (r Recipe) Named() func(Cell) bool { return r.named() }

// SayOnce takes off the lines of a day what most of them say.
var SayOnce = sayOnce

// Pointers is what SayOnce writes through.
var Pointers = pointers
