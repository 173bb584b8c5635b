package booking

import (
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// What agendas say of the waiting list.

var markLapsed = web.Mark{Tone: web.Neutral, Icon: "clock", Word: "Sans place"}

const rankWords = ", rang "

// rankMark is "Liste d’attente, rang 3".
func rankMark(rank int) web.Mark {
	m := markWaiting
	if rank > 0 {
		m.Word += rankWords + strconv.Itoa(rank)
	}
	return m
}

// rankless is a mark without what is of one cell alone: for legends and counts.
func rankless(m web.Mark) web.Mark {
	m.Word, _, _ = strings.Cut(m.Word, rankWords)
	return m
}

// answerBefore says until when an offer is held.
func answerBefore(l activity.Limit, today civil.Date) string {
	return "réponse attendue " + l.UntilWords(today)
}

// listFace says of what waits its rank and why it cannot be served now, of what is offered until when.
func (s *Scene) listFace(f Face, a *activity.Activity) Face {
	today := civil.DateOf(s.Now)
	if choice, known := a.ChoiceByID(f.Held.Choice); known {
		f.Options = []Option{{Choice: choice, Full: true}}
	}
	f.Editable = !f.Day.Before(today) && len(f.Options) > 0
	if f.Held.State == Offered {
		f.Reason = "Une place est gardée pour vous, " + answerBefore(activity.StoredLimit(f.Held.OfferUntil, s.Catalogue.Zone), today)
		return f
	}
	f.Mark = rankMark(f.Held.Rank)
	if f.Held.Rank == 0 { // noted elsewhere: it waits for no slot
		f.Editable, f.Reason = false, "Pour quitter cette liste, appelez le service"
		return f
	}
	f.Reason = whenFreed(a)
	x := inLine{Cell: f.Cell, Family: f.Held.Family, Choice: f.Held.Choice, Late: f.Held.Late, Acts: true}
	for _, u := range f.Held.Units {
		x.Units = append(x.Units, lined{id: u.id, unit: u.unit})
	}
	if _, why := s.serve(x); why != "" {
		f.Reason = "Une place libre ne peut pas vous être donnée pour l’instant\u00a0: " + french.Lower(why)
	}
	return f
}

// whenFreed says what becomes of a place that comes free.
func whenFreed(a *activity.Activity) string {
	if a.Waiting.Offers {
		return "Une place qui se libère vous sera proposée"
	}
	return "Réservé dès qu’une place se libère"
}

// fullFace says of a cell without a place left that it may be waited for.
func (s *Scene) fullFace(f Face, a *activity.Activity, d Decision) Face {
	f.Said = Said{markFull, "Toutes les places sont prises"}
	d.Queue = true
	if !s.mayWait(d) {
		return f
	}
	f.Editable, f.Queue = true, true
	f.Reason = "Toutes les places sont prises. Cochez pour rejoindre la liste d’attente"
	if len(a.Choices) > 1 {
		f.Reason = "Toutes les places sont prises. Choisissez pour rejoindre la liste d’attente"
	}
	return f
}

// queueValue is the value of a choice that joins the list: its number with a q.
func queueValue(value string) string { return value + "q" }

// queueLabel is what such a choice is called.
const queueLabel = " (complet\u00a0: liste d’attente)"

// lateWelcomeFace says that a day may be given up past the deadline, since somebody waits.
func (s *Scene) lateWelcomeFace(f Face, a *activity.Activity) (Face, bool) {
	if !s.lateWelcome(f.Held, f.Cell, a) || s.verdict(a, f.Held, f.Cell, activity.Cancel).Is == activity.Free {
		return f, false
	}
	f.Editable, f.Welcome = true, true
	f.Reason = joinReason(f.Reason, welcome)
	return f, true
}
