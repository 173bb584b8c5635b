package booking

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// A child of two homes whose days are shared (custody.Timeline): a home books its own days. What was booked before a day
// went to the other home stays with who booked it, who alone may give it up.

// otherHomesDay is why a home cannot book.
const otherHomesDay = "Jour de l’autre foyer"

var markElsewhere = web.Mark{Tone: web.Neutral, Icon: "home", Word: otherHomesDay}

// elsewhere tells that a cell’s day is of the other home than the one that acts.
func (s *Scene) elsewhere(c Cell) bool {
	return s.custody[c.Child].Elsewhere(s.kids[c.Child].family, c.Day)
}

// ours tells that a cell’s day is known to be of the home that acts.
func (s *Scene) ours(c Cell) bool {
	home, known := s.custody[c.Child].HomeOn(c.Day)
	return known && home == s.kids[c.Child].family
}

// elsewhereSaid is what a free cell says on a day of the other home, with what would open it; before is what it says
// already.
func (s *Scene) elsewhereSaid(before string) Said {
	if s.Overrule {
		return Said{markElsewhere, joinReason(before, "Réservable ici avec un motif, que la famille lira")}
	}
	return Said{markElsewhere, joinReason(before, "Pour réserver, l’autre foyer doit vous confier ce jour")}
}

// handedWords says of a day that one home handed over to the other, "" for any other day.
func (s *Scene) handedWords(c family.Child, day civil.Date) string {
	switch t := s.custody[c.ID]; {
	case !t.Handed(day):
		return ""
	case t.Elsewhere(c.Family, day):
		return "Jour confié à l’autre foyer"
	}
	return "Jour confié par l’autre foyer"
}
