package activity

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
)

// Times is which time something is done past a deadline, from 1: of the year, and of its month.
type Times struct {
	Year, Month int
	In          time.Month
}

// Counts tells that the price past the deadline depends on which time it is.
func (a After) Counts() bool { return a.Kind == AfterSurcharge && (a.First > 0 || a.Forgiven > 0) }

// ThisTime says what the deadline costs this time, and what is left of what is forgiven: "1re fois de l’année, sans
// majoration ; il vous en restera 1, puis ce sera avec une majoration de 50 %". It says the fact, not the rule.
func (a After) ThisTime(t Times) string {
	rate := a
	rate.First, rate.Forgiven = 0, 0
	year, month := nth(t.Year)+" fois de l’année, ", nth(t.Month)+" fois "+ofMonth(t.In)+", "
	switch left := a.Forgiven - t.Year; {
	case a.Forgiven > 0 && left > 0:
		return year + fmt.Sprintf("sans majoration\u00a0; il vous en restera %d, puis ce sera ", left) + rate.Words()
	case a.Forgiven > 0 && left == 0:
		return year + "sans majoration pour la dernière fois\u00a0; ensuite, ce sera " + rate.Words()
	case a.First > 0 && t.Month > a.First:
		return month + "au prix habituel"
	case a.First > 0:
		return month + rate.Words()
	case a.Forgiven > 0:
		return year + rate.Words()
	}
	return rate.Words()
}

func nth(n int) string {
	if n == 1 {
		return "1re"
	}
	return fmt.Sprintf("%de", n)
}

// ofMonth is "de janvier", "d’avril".
func ofMonth(m time.Month) string {
	name := civil.MonthName(m)
	if m == time.April || m == time.August || m == time.October {
		return "d’" + name
	}
	return "de " + name
}
