package custody

import (
	"strconv"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// sharingForm is the form of one rhythm, the same for a parent and at the counter: only how the two homes are called
// differs.
type sharingForm struct {
	Kind          rhythm
	First, Second string // how the two homes are called, first the reader’s own
	Action, Back  string
	Child         string
	Agent         bool
}

// checkedSharing is what an arrangement would make of the coming weeks.
type checkedSharing struct {
	Fields        []sentField
	Words         []string
	Court         string
	Weeks         []weekShared
	First, Second string
	Send, Change  string
	Button        string
	Agent         bool
}

func (x sharingForm) homes() []web.Option {
	return []web.Option{{Value: ownHome, Label: x.First}, {Value: otherHome, Label: x.Second}}
}

func blockOptions() []web.Option {
	all := []web.Option{{Value: "1", Label: "Une semaine"}}
	for n := 2; n <= 5; n++ {
		all = append(all, web.Option{Value: strconv.Itoa(n), Label: strconv.Itoa(n) + " semaines"})
	}
	return all
}

// kindLabel is how the days are shared, in a few words.
func (c entry) kindLabel() string {
	switch {
	case c.Kind == EvenOddWeeks:
		return "Semaines paires et impaires, à partir du " + c.Days.From.Full()
	case c.Kind == ByDates:
		return "Des dates précises, à partir du " + c.Days.From.Full()
	}
	return "Un rythme qui revient, à partir du " + c.Days.From.Full()
}

// rows say who asked and when, for agents.
func (v agentView) rows(zone *time.Location) []web.Row {
	rows := []web.Row{{Label: "Enfant", Value: v.Child.Full()}}
	if v.Asked.AskedHome != "" {
		rows = append(rows, web.Row{Label: "Proposé par", Value: french.Upper(v.Titles[v.Asked.AskedHome])})
	}
	rows = append(rows, web.Row{Label: "Le", Value: civil.Stamp(v.Asked.AskedAt.In(zone))})
	if line := v.Asked.courtLine(); line != "" {
		rows = append(rows, web.Row{Label: "Décision de justice", Value: line})
	}
	return rows
}

// Label is the state in words.
func (s State) Label() string {
	switch s {
	case Asked:
		return "En cours de vérification"
	case Standing:
		return "Enregistré"
	case Replaced:
		return "Remplacé"
	case Refused:
		return "Refusé"
	case Withdrawn:
		return "Annulé"
	}
	return ""
}

// line says what became of a day, for one of the two homes.
func (d handedDay) line(own family.ID) string {
	switch {
	case d.State == DayAccepted && d.Taker == own:
		return "L’autre foyer vous l’a confié"
	case d.State == DayAccepted:
		return "Vous l’avez confié à l’autre foyer"
	case d.State == DayDeclined && d.Taker == own:
		return "Vous ne l’avez pas pris"
	case d.State == DayDeclined:
		return "L’autre foyer ne l’a pas pris"
	}
	return "L’autre foyer n’a pas encore répondu"
}
