package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// A day that can no longer be cancelled is not given up in two gestures, the whole day for a morning: unless the town said
// until when to change.
func TestPartsAreGivenUpWithinTheHourOfCancelling(t *testing.T) {
	for name, own := range map[string][]activity.Rule{"no hour for changing": nil, "an hour for changing": {rule(activity.Change, 1, activity.Days, 540)}} {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
				plan := activitytest.Wednesday()
				plan.Policy = policyOf(activity.AfterSurcharge, append(own, rule(activity.Book, 1, activity.Days, 540), rule(activity.Cancel, 7, activity.Days, 1439))...)
				o := bookingtest.NewOpen(t, d, plan)
				day := civil.NewDate(2027, 1, 27)
				choice := map[string]activity.ChoiceID{}
				cat, err := o.Catalogue.Get(t.Context(), persontest.Now())
				if err != nil {
					t.Fatal(err)
				}
				act, _ := cat.Activity(o.ID)
				for _, c := range act.Choices {
					choice[c.Name] = c.ID
				}
				parent, early, late := persontest.Citizen(o.Camille), day.AddDays(-9).At(10, 0, persontest.Now().Location()), day.AddDays(-3).At(10, 0, persontest.Now().Location())
				if out, err := o.Apply(t, early, parent, booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, day, choice["Matin et repas"])}}); err != nil || out.Done() != 1 {
					t.Fatalf("booking: %+v, %v", out.Lines, err)
				}
				wish := func(from, to string) booking.Order {
					return booking.Order{Wishes: []booking.Wish{{Cell: booking.Cell{Child: o.Ines, Activity: o.ID, Day: day}, Want: choice[to], Seen: booking.Holding{State: booking.Booked, Choice: choice[from]}.Token()}}}
				}
				if out, err := o.Apply(t, late, parent, wish("Matin et repas", "Journée")); err != nil || out.Done() != 1 {
					t.Errorf("an afternoon more: %+v, %v", out.Lines, err)
				}
				out, err := o.Apply(t, late, parent, wish("Journée", "Matin"))
				if err != nil {
					t.Fatal(err)
				}
				if taken := out.Done() == 1; taken != (own != nil) || !taken && !strings.Contains(out.Lines[0].Why, "rop tard pour annuler") {
					t.Errorf("the morning alone: %+v", out.Lines)
				}
				if own != nil {
					return
				}
				order := wish("Journée", "Matin")
				order.Overrule, order.Reason, order.Family = true, "Certificat médical", o.First
				if out, err := o.Apply(t, late, familytest.AgentOf(o.Service, booking.Write), order); err != nil || out.Done() != 1 {
					t.Errorf("by an agent: %+v, %v", out.Lines, err)
				}
			})
		})
	}
}
