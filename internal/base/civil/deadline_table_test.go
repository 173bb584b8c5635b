package civil_test

import (
	"encoding/csv"
	"os"
	"testing"
	"time"

	"parvis/internal/base/civil"
)

// TestFortyEightWorkingHoursAgainstATable compares the promise made to newcomers with 200 moments over two years
// that another program computed: closings, public holidays, a free afternoon, both turns of summer time.
func TestFortyEightWorkingHoursAgainstATable(t *testing.T) {
	f, err := os.Open("testdata/deadlines.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	hours, err := civil.ParseOpeningHours("lun 08:30-12:00 13:30-17:30; mar 08:30-12:00 13:30-17:30; mer 08:30-12:00; jeu 08:30-12:00 13:30-17:30; ven 08:30-12:00 13:30-17:30; sam 09:00-12:00")
	if err != nil {
		t.Fatal(err)
	}
	day := civil.NewDate
	working := civil.Working{Hours: hours, Region: civil.Regions()[0], Closings: []civil.Range{
		{From: day(2026, 12, 24), To: day(2027, 1, 1)}, {From: day(2027, 5, 7), To: day(2027, 5, 7)},
		{From: day(2027, 8, 9), To: day(2027, 8, 20)}, {From: day(2028, 2, 29), To: day(2028, 2, 29)}}}
	turns := 0
	for _, row := range rows[1:] {
		from, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		due, err := time.Parse(time.RFC3339, row[1])
		if err != nil {
			t.Fatal(err)
		}
		got := working.Deadline(from.In(paris), 2)
		if !got.Equal(due) {
			t.Errorf("from %s: %s, the table says %s", from.In(paris), got, due.In(paris))
		}
		if _, a := from.In(paris).Zone(); a != offset(due.In(paris)) {
			turns++
		}
	}
	if len(rows) != 201 || turns < 5 {
		t.Errorf("%d moments, %d across a turn of summer time", len(rows)-1, turns)
	}
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
