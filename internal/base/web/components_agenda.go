package web

import (
	"strconv"
	"strings"
)

func deadlineIcon(locked bool) string {
	if locked {
		return "lock"
	}
	return "clock"
}

// nextAnchor leads past week i: to the next one, or after the agenda.
func nextAnchor(weeks []AgendaWeek, i int) Link {
	if i+1 < len(weeks) {
		return Link{Href: "#" + weeks[i+1].anchor(), Label: "Passer à la semaine suivante"}
	}
	return Link{Href: "#apres-agenda", Label: "Aller après l’agenda"}
}

func lineID(day AgendaDay, i int) string { return "jour-" + day.Date.String() + "-" + strconv.Itoa(i) }

// before is the reason as it stands before a link: a sentence of its own.
func (l AgendaLine) before() string {
	if l.Reason == "" || l.Link.Href == "" {
		return l.Reason
	}
	return strings.TrimRight(l.Reason, ". ") + ". "
}
