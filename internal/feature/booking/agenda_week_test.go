package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/web"
	"parvis/internal/feature/booking"
)

func TestADaySaysOnceWhatItsLinesSay(t *testing.T) {
	late, other := "Trop tard pour annuler depuis jeudi", "Hors délai\u202f: votre demande ira au service"
	for _, c := range []struct {
		name    string
		reasons string // one a line, « + » before that of a box
		once    string
		left    string
	}{
		{"all lines", late + "|" + late, late, "|"},
		{"most lines, the others say another thing", late + "|" + other + "|" + late, "Sauf mention contraire, trop tard pour annuler depuis jeudi", "|" + other + "|"},
		{"a line that says nothing", late + "||" + late, "", late + "||" + late},
		{"a line whose mark says all", late + "|*|" + late, "Sauf mention contraire, trop tard pour annuler depuis jeudi", "||"},
		{"one line alone", late + "|" + other, "", late + "|" + other},
		{"what may be changed keeps its own", late + "|" + late + "|+" + other, "Sauf mention contraire, trop tard pour annuler depuis jeudi", "||+" + other},
		{"boxes alone", "+" + other + "|+" + other, "", "+" + other + "|+" + other},
		{"nothing", "", "", ""},
	} {
		var lines []web.AgendaLine
		for _, reason := range strings.Split(c.reasons, "|") {
			l := web.AgendaLine{Reason: reason, Mark: booking.MarkBooked}
			if text, told := strings.CutPrefix(reason, "*"); told {
				l.Reason, l.Mark = text, web.Mark{Word: "Absence signalée"}
			}
			if text, box := strings.CutPrefix(reason, "+"); box {
				l.Reason, l.Box = text, &web.Box{}
			}
			lines = append(lines, l)
		}
		once := booking.SayOnce(booking.Pointers(lines))
		var left []string
		for _, l := range lines {
			if l.Box != nil {
				l.Reason = "+" + l.Reason
			}
			left = append(left, l.Reason)
		}
		if got := strings.Join(left, "|"); once != c.once || got != c.left {
			t.Errorf("%s: %q and %q, want %q and %q", c.name, once, got, c.once, c.left)
		}
	}
}
