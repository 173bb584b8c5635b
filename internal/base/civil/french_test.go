package civil

import "testing"

func TestDatesInWords(t *testing.T) {
	for _, c := range []struct {
		day                     Date
		long, dayMonth, short   string
		full, french, monthYear string
	}{
		{NewDate(2027, 1, 12), "mardi 12 janvier 2027", "mardi 12 janvier", "12 janvier", "12 janvier 2027", "12/01/2027", "janvier 2027"},
		{NewDate(2027, 8, 1), "dimanche 1er août 2027", "dimanche 1er août", "1er août", "1er août 2027", "01/08/2027", "août 2027"},
	} {
		got := [...]string{c.day.Long(), c.day.DayMonth(), c.day.Short(), c.day.Full(), c.day.French(), c.day.MonthYear()}
		if want := [...]string{c.long, c.dayMonth, c.short, c.full, c.french, c.monthYear}; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if (Date{}).Long() != "" || (Date{}).Full() != "" {
		t.Errorf("no date says %q, %q", Date{}.Long(), Date{}.Full())
	}
}
