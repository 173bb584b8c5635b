package suspension

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// Effect is what a suspension would do, before it is made.
type Effect struct {
	Lines    []EffectLine
	Families int
	Children int
	Mails    int // one a head of family who may read of it
	Happened int // days whose presence is noted already: they stay
	ByChild  []childDays
	Calls    []call // the children of whom no mail speaks
	Open     bool   // some place there is still open
}

// childDays is how many days a child loses.
type childDays struct {
	child family.ChildID
	days  int
}

// EffectLine counts the children that an activity loses on a day.
type EffectLine struct {
	Activity string
	Day      civil.Date
	Booked   int
	Changed  int // booked, of which another choice stays
	Asked    int // asked, waited for or offered
}

func effectOf(r db.Reader, cat *activity.Catalogue, x Asked, today civil.Date) (Effect, error) {
	all, err := across{x.scopes(cat), x.Days}.heldBy(r, cat, "")
	if err != nil {
		return Effect{}, err
	}
	var e Effect
	families, children := map[family.ID][]family.ChildID{}, map[family.ChildID]int{}
	at := map[string]int{}
	for _, h := range all {
		act, known := cat.Activity(h.Activity)
		if !known {
			continue
		}
		if h.happened() {
			e.Happened++
			continue
		}
		if !h.changes(cat) {
			continue
		}
		families[h.family] = append(families[h.family], h.Child)
		children[h.Child]++
		key := h.Day.String() + string(h.Activity)
		i, seen := at[key]
		if !seen {
			i = len(e.Lines)
			at[key] = i
			e.Lines = append(e.Lines, EffectLine{Activity: act.Name, Day: h.Day})
		}
		switch {
		case h.left != "":
			e.Lines[i].Changed++
		case h.State == booking.Booked:
			e.Lines[i].Booked++
		default:
			e.Lines[i].Asked++
		}
	}
	slices.SortFunc(e.Lines, func(x, y EffectLine) int {
		return cmp.Or(x.Day.Compare(y.Day), strings.Compare(x.Activity, y.Activity))
	})
	e.Families, e.Children = len(families), len(children)
	e.ByChild = sorted(children)
	told, err := booking.MailsTo(r, today, families)
	if err != nil {
		return e, err
	}
	for _, x := range told {
		e.Mails += x.Mails
	}
	if e.Calls, err = toCall(r, families, told, today); err != nil {
		return e, err
	}
	e.Open, err = x.anyOpen(r, cat)
	return e, err
}

// sorted are children with their days, in a fixed order.
func sorted(days map[family.ChildID]int) []childDays {
	var all []childDays
	for id, n := range days {
		all = append(all, childDays{id, n})
	}
	slices.SortFunc(all, func(x, y childDays) int { return strings.Compare(string(x.child), string(y.child)) })
	return all
}

// happenedWords tells the days that stay.
func (e Effect) happenedWords() string {
	if e.Happened == 1 {
		return "1\u00a0jour reste\u00a0: sa présence est déjà notée."
	}
	return strconv.Itoa(e.Happened) + "\u00a0jours restent\u00a0: leur présence est déjà notée."
}

// mailsWords are "4 courriels partiront".
func (e Effect) mailsWords() string {
	switch e.Mails {
	case 0:
		return "Aucun courriel ne partira\u00a0: personne à prévenir n’a d’adresse électronique."
	case 1:
		return "1\u00a0courriel partira, avec les jours de ses enfants, le motif et le message."
	}
	return strconv.Itoa(e.Mails) + "\u00a0courriels partiront, un par responsable, avec les jours de ses enfants, le motif et le message."
}

// button is what confirming does.
func (e Effect) button() string {
	switch {
	case e.Mails > 0:
		return "Suspendre et prévenir"
	case len(e.Lines) > 0:
		return "Suspendre"
	}
	return "Fermer ces places"
}

// partly tells that some keep a part of their day.
func (e Effect) partly() bool {
	return slices.ContainsFunc(e.Lines, func(l EffectLine) bool { return l.Changed > 0 })
}

// totals are "3 enfants de 2 familles".
func (e Effect) totals() string {
	return french.Count(e.Children, "enfant") + " de " + french.Count(e.Families, "famille")
}
