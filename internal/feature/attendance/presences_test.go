package attendance

import (
	"strconv"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
)

func TestPresencesAreFoldedByMonth(t *testing.T) {
	var v presencesView
	for i := range 40 {
		v.rows = append(v.rows, Presence{Day: civil.NewDate(2026, 11, 24).AddDays(-i), Unit: activity.UnitID("u" + strconv.Itoa(i))})
	}
	recent, older := v.folded()
	if len(recent) != 10 || len(older) != 2 || len(older[0].rows) != 14 || older[1].words() != "Octobre 2026\u00a0: 16\u00a0pointages" {
		t.Errorf("%d recent, %d months", len(recent), len(older))
	}
	v.about = v.rows[20].id()
	if recent, _ = v.folded(); len(recent) != 21 {
		t.Errorf("the line that a form is about is folded: %d shown", len(recent))
	}
}
