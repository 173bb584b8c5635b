package booking

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// mostListed is how many lines a page or a mail tells one by one; more are summed up.
const mostListed = 24

// sum is what a confirmation did alike for a child and an activity.
type sum struct {
	What string // "Jérémy, Restauration scolaire"
	Said string // "79 jours réservés"
	Days string // "du … au …, …"
	Mark web.Mark
	days []civil.Date
}

// sumsOf sums lines up, in the order met, those that something was done on first.
func sumsOf(cat *activity.Catalogue, lines []Proof) []sum {
	type alike struct {
		child family.ChildID
		label string
		word  string
		why   string
	}
	var order []alike
	all := map[alike]*sum{}
	for _, done := range []bool{true, false} {
		for _, p := range lines {
			if (p.Did != DidNone) != done {
				continue
			}
			of := alike{p.Child, p.label(cat), p.mark().Word, ""}
			if p.Since {
				of.word = "Changé depuis"
			}
			if !done {
				of.why = p.Why
			}
			x := all[of]
			if x == nil {
				order = append(order, of)
				x = &sum{What: p.ChildName + ", " + of.label, Mark: p.mark()}
				if p.Since {
					x.Mark = web.Mark{Tone: web.Neutral, Icon: "undo", Word: of.word}
				}
				all[of] = x
			}
			x.days = append(x.days, p.Day)
		}
	}
	var sums []sum
	for _, of := range order {
		x := all[of]
		x.Said, x.Days = french.Count(len(x.days), "jour"), strings.Join(ranges(x.days, 0), ", ")
		if of.why != "" {
			x.Said += "\u00a0: " + of.why
		}
		sums = append(sums, *x)
	}
	return sums
}

// words is "Jérémy, Restauration scolaire : 79 jours réservés, du … au …".
func (x sum) words() string {
	days := slices.Clone(x.days)
	slices.SortFunc(days, civil.Date.Compare)
	return x.What + "\u00a0: " + x.Said + " (" + french.Lower(x.Mark.Word) + "), du " + days[0].Long() + " au " + days[len(days)-1].Long() + "."
}

// shortened sums up what a mail would tell in too many lines; nil when it need not, or cannot.
func shortened(cat *activity.Catalogue, lines []Proof) []string {
	if len(lines) <= mostTold {
		return nil
	}
	sums := sumsOf(cat, lines)
	if len(sums) > mostTold {
		return nil
	}
	var all []string
	for _, x := range sums {
		all = append(all, x.words())
	}
	return all
}

// Shortcuts are the first page's direct links: one for each activity that a child is enrolled in now and that may be
// booked, and one for all.
func (p Pages) Shortcuts(r db.Reader, now time.Time, a actor.Actor) ([]web.Link, error) {
	g, err := p.overview(r, now, a)
	if err != nil {
		return nil, err
	}
	var links []web.Link
	for _, act := range g.scene.offered(g.today) {
		links = append(links, web.Link{Href: reserveHref(act.ID), Label: reserveLabel(act)})
	}
	if len(links) > 1 {
		links = append([]web.Link{{Href: reservePath, Label: "Réserver\u00a0: toute la semaine type"}}, links...)
	}
	return links, nil
}
