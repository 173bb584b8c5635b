package booking

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
)

// TestBookedDaysNameAMonthThatChanges reads days in short across the end of a month.
func TestBookedDaysNameAMonthThatChanges(t *testing.T) {
	var before civil.Date
	var said []string
	for _, d := range []civil.Date{civil.NewDate(2026, time.November, 27), civil.NewDate(2026, time.November, 30), civil.NewDate(2026, time.December, 1), civil.NewDate(2026, time.December, 3)} {
		said = append(said, bookedDay(before, d))
		before = d
	}
	if got, want := strings.ReplaceAll(strings.Join(said, ", "), "\u00a0", " "), "ven. 27, lun. 30, mar. 1er décembre, jeu. 3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
