package booking

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
)

// Situation is all that decides the word on a cell: a child, a unit, a day.
type Situation struct {
	Booking    State
	Mine       bool // the booking is of the reader's own family
	Attendance Attendance
	Told       bool   // somebody told that the child will not come
	Closed     string // why nothing takes place that day, "" when it does
	Day, Today civil.Date
}

// Said is what a cell says: a state in words, and why or what follows from it.
type Said struct {
	web.Mark
	Reason string
}

// The marks of an agenda, in the order of its legend.
var (
	MarkBooked    = web.Mark{Tone: web.OK, Icon: "check", Word: "Réservé"}
	markOther     = web.Mark{Tone: web.Neutral, Icon: "home", Word: "Réservé par l’autre foyer"}
	markFree      = web.Mark{Tone: web.Outline, Icon: "free", Word: "Non réservé"}
	markAsked     = web.Mark{Tone: web.Warning, Icon: "clock", Word: "Demandé"}
	markWaiting   = web.Mark{Tone: web.Warning, Icon: "hourglass", Word: "Liste d’attente"}
	markOffered   = web.Mark{Tone: web.Warning, Icon: "clock", Word: "Place proposée"}
	MarkPresent   = web.Mark{Tone: web.Info, Icon: "double-check", Word: "Présent"}
	MarkAbsent    = web.Mark{Tone: web.Error, Icon: "x", Word: "Absent"}
	MarkTold      = web.Mark{Tone: web.Info, Icon: "file", Word: "Absence signalée"}
	MarkExcused   = web.Mark{Tone: web.Info, Icon: "file", Word: "Absence justifiée"}
	markCancelled = web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Annulé"}
	markRefused   = web.Mark{Tone: web.Error, Icon: "ban", Word: "Refusé"}
	markClosed    = web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Fermé"}
)

// Word computes what a cell says. What happened wins over what was booked, and both over a closed day, which the
// old portal may have held bookings for.
func Word(s Situation) Said {
	elsewhere := ""
	if s.Booking == Booked && !s.Mine {
		elsewhere = "Réservé par l’autre foyer"
	}
	switch s.Attendance {
	case Present:
		if s.Booking != Booked {
			return Said{MarkPresent, "Présent sans réservation"}
		}
		return Said{MarkPresent, elsewhere}
	case Absent:
		if s.Told {
			return Said{MarkTold, elsewhere}
		}
		return Said{MarkAbsent, elsewhere}
	case Excused:
		return Said{MarkExcused, elsewhere}
	}
	if s.Told && s.Booking == Booked {
		return Said{MarkTold, elsewhere}
	}
	switch s.Booking {
	case Booked:
		return booked(s)
	case Asked:
		return Said{markAsked, "Le service n’a pas encore répondu"}
	case Waiting:
		return Said{markWaiting, ""}
	case Offered:
		return Said{markOffered, ""}
	case Cancelled:
		return Said{markCancelled, ""}
	case Refused:
		return Said{markRefused, ""}
	}
	if s.Closed != "" {
		return Said{markClosed, s.Closed}
	}
	return Said{markFree, ""}
}

func booked(s Situation) Said {
	switch {
	case s.Closed != "":
		return Said{MarkBooked, "Ce jour est fermé\u00a0: " + s.Closed + ". Vérifiez auprès du service"}
	case !s.Mine:
		return Said{markOther, ""}
	case s.Day.Before(s.Today):
		return Said{MarkBooked, "Présence non encore notée"}
	}
	return Said{MarkBooked, ""}
}

// tally says a week in words: "3 réservés, 1 absent".
func tally(marks []web.Mark) string {
	var order []string
	counts := map[string]int{}
	for _, m := range marks {
		m = rankless(m)
		if m == markFree || m == markClosed {
			continue
		}
		if counts[m.Word] == 0 {
			order = append(order, m.Word)
		}
		counts[m.Word]++
	}
	parts := make([]string, len(order))
	for i, word := range order {
		parts[i] = strconv.Itoa(counts[word]) + " " + plural(counts[word], french.Lower(word))
	}
	return strings.Join(parts, ", ")
}

// plural adds the s of a mark's words: "réservés", "absences justifiées", "jours de l’autre foyer"; "liste d’attente" and
// "trop tard" stay.
func plural(n int, words string) string {
	all := strings.Split(words, " ")
	if n < 2 || slices.Contains([]string{"liste", "trop", "sans"}, all[0]) {
		return words
	}
	for i, w := range all {
		if i > 1 || w == "par" || w == "de" {
			break
		}
		all[i] = w + "s"
	}
	return strings.Join(all, " ")
}

// reach is a run of days, both ends included.
type reach civil.Range

// horizon is the days that agendas go through: the school year of today, three before, for what was taken over from
// the old portal, and one after.
func horizon(today civil.Date) reach {
	year := int(civil.SchoolYearOf(today))
	return reach{From: civil.NewDate(year-3, time.September, 1), To: civil.NewDate(year+2, time.August, 31)}
}

// beyond is said on a page asked for outside the horizon, which shows the nearest it has.
func beyond(h reach) string {
	return "L’agenda va de " + h.From.MonthYear() + " à " + h.To.MonthYear() + "."
}

// monthOf reads "2026-11"; anything else is the month of today. A month outside the horizon gives the nearest, and
// true.
func monthOf(s string, today civil.Date) (civil.Date, bool) {
	d, err := civil.ParseDate(s + "-01")
	if err != nil {
		return civil.NewDate(today.Year, today.Month, 1), false
	}
	near := horizon(today).inside(d)
	return civil.NewDate(near.Year, near.Month, 1), near != d
}

// mondayOf reads a day "2026-11-23" and gives its Monday; anything else gives that of today. A day outside the
// horizon gives the nearest week, and true.
func mondayOf(s string, today civil.Date) (civil.Date, bool) {
	d, err := civil.ParseDate(s)
	if err != nil {
		return weekOf(today), false
	}
	h := horizon(today)
	switch {
	case d.Monday().AddDays(6).Before(h.From):
		return h.From.Monday(), true
	case d.Monday().After(h.To):
		return h.To.Monday(), true
	}
	return d.Monday(), false
}

// link is a link to a page that shows from first to last, none when all of it is out of reach.
func (h reach) link(first, last civil.Date, l web.Link) web.Link {
	if last.Before(h.From) || first.After(h.To) {
		return web.Link{}
	}
	return l
}

// inside is the day, or the first or last one in reach.
func (h reach) inside(d civil.Date) civil.Date {
	switch {
	case d.Before(h.From):
		return h.From
	case d.After(h.To):
		return h.To
	}
	return d
}

// mondays lists the Mondays of the weeks that have a weekday in the month that starts on first.
func mondays(first civil.Date) []civil.Date {
	next := civil.NewDate(first.Year, first.Month+1, 1)
	var all []civil.Date
	for m := first.Monday(); m.Before(next); m = m.AddDays(7) {
		if !m.AddDays(4).Before(first) {
			all = append(all, m)
		}
	}
	return all
}
