package booking

import (
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/web"

	"github.com/google/go-cmp/cmp"
)

func TestWord(t *testing.T) {
	today := civil.NewDate(2027, 1, 6)
	past, future := today.AddDays(-2), today.AddDays(5)
	for _, c := range []struct {
		name string
		in   Situation
		want string
		why  string
	}{
		{"nothing on an open day to come", Situation{Day: future}, "Non réservé", ""},
		{"nothing on a past day", Situation{Day: past}, "Non réservé", ""},
		{"nothing on a closed day", Situation{Day: future, Closed: "Week-end"}, "Fermé", "Week-end"},
		{"booked by us", Situation{Day: future, Booking: Booked, Mine: true}, "Réservé", ""},
		{"booked today", Situation{Day: today, Booking: Booked, Mine: true}, "Réservé", ""},
		{"booked, past, nobody noted the presence", Situation{Day: past, Booking: Booked, Mine: true}, "Réservé", "Présence non encore notée"},
		{"booked on a day closed since", Situation{Day: future, Booking: Booked, Mine: true, Closed: "Grève"}, "Réservé", "Ce jour est fermé\u00a0: Grève. Vérifiez auprès du service"},
		{"booked by the other home", Situation{Day: future, Booking: Booked}, "Réservé par l’autre foyer", ""},
		{"present", Situation{Day: past, Booking: Booked, Mine: true, Attendance: Present}, "Présent", ""},
		{"present, booked by the other home", Situation{Day: past, Booking: Booked, Attendance: Present}, "Présent", "Réservé par l’autre foyer"},
		{"present unbooked", Situation{Day: past, Attendance: Present}, "Présent", "Présent sans réservation"},
		{"absent", Situation{Day: past, Booking: Booked, Mine: true, Attendance: Absent}, "Absent", ""},
		{"absence excused", Situation{Day: past, Booking: Booked, Mine: true, Attendance: Excused}, "Absence justifiée", ""},
		{"asked", Situation{Day: future, Booking: Asked, Mine: true}, "Demandé", "Le service n’a pas encore répondu"},
		{"waiting list", Situation{Day: future, Booking: Waiting, Mine: true}, "Liste d’attente", ""},
		{"place offered", Situation{Day: future, Booking: Offered, Mine: true}, "Place proposée", ""},
		{"cancelled", Situation{Day: future, Booking: Cancelled, Mine: true}, "Annulé", ""},
		{"refused", Situation{Day: future, Booking: Refused, Mine: true}, "Refusé", ""},
	} {
		c.in.Today = today
		got := Word(c.in)
		if got.Word != c.want || got.Reason != c.why {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, got.Word, got.Reason, c.want, c.why)
		}
		if !web.HasIcon(got.Icon) {
			t.Errorf("%s: no icon %q", c.name, got.Icon)
		}
	}
}

func TestMondaysOfAMonth(t *testing.T) {
	for first, want := range map[string][]string{
		"2026-11-01": {"2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30"}, // starts on a Sunday
		"2027-01-01": {"2026-12-28", "2027-01-04", "2027-01-11", "2027-01-18", "2027-01-25"}, // on a Friday
		"2027-02-01": {"2027-02-01", "2027-02-08", "2027-02-15", "2027-02-22"},
	} {
		d, _ := civil.ParseDate(first)
		var got []string
		for _, m := range mondays(d) {
			got = append(got, m.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", first, diff)
		}
	}
}

func TestTally(t *testing.T) {
	got := tally([]web.Mark{MarkBooked, markFree, MarkBooked, MarkExcused, MarkExcused, MarkAbsent, markOther, markOther, markWaiting})
	if want := "2 réservés, 2 absences justifiées, 1 absent, 2 réservés par l’autre foyer, 1 liste d’attente"; got != want {
		t.Errorf("tally = %q, want %q", got, want)
	}
}
