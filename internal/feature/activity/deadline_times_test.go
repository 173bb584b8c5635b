package activity_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/feature/activity"
)

func TestWhatADeadlineCostsThisTime(t *testing.T) {
	half := activity.After{Kind: activity.AfterSurcharge, Percent: 50}
	with := func(first, forgiven int) activity.After {
		a := half
		a.First, a.Forgiven = first, forgiven
		return a
	}
	for name, c := range map[string]struct {
		after       activity.After
		year, month int
		want        string
	}{
		"no counting":                          {half, 4, 1, "avec une majoration de 50 %"},
		"forgiven, some left":                  {with(0, 3), 1, 1, "1re fois de l’année, sans majoration ; il vous en restera 2, puis ce sera avec une majoration de 50 %"},
		"forgiven, the last":                   {with(0, 3), 3, 1, "3e fois de l’année, sans majoration pour la dernière fois ; ensuite, ce sera avec une majoration de 50 %"},
		"no more forgiven":                     {with(0, 3), 4, 1, "4e fois de l’année, avec une majoration de 50 %"},
		"the first two of a month cost":        {with(2, 0), 9, 2, "2e fois d’avril, avec une majoration de 50 %"},
		"the third does not":                   {with(2, 0), 9, 3, "3e fois d’avril, au prix habituel"},
		"forgiven goes before the month":       {with(2, 1), 1, 1, "1re fois de l’année, sans majoration pour la dernière fois ; ensuite, ce sera avec une majoration de 50 %"},
		"and after it the month's first count": {with(2, 1), 3, 3, "3e fois d’avril, au prix habituel"},
	} {
		got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(c.after.ThisTime(activity.Times{Year: c.year, Month: c.month, In: time.April}))
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
