package feed_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/feed"
)

// TestACalendarIsOfOneHome: each home reads what it booked itself, whole, and nothing of the other, also when a day goes
// from one home to the other under a calendar that is read already.
func TestACalendarIsOfOneHome(t *testing.T) {
	each(t, func(h *house) {
		his := h.citizen(h.Bruno)
		hers, bruno := h.address(h.own, "form#creer"), h.address(h.portal.As(his), "form#creer")
		say := func(moment, path, want string) {
			t.Helper()
			var got []string
			for key, e := range h.events(path) {
				if e.Status == "CONFIRMED" && (e.Location == "" || !strings.Contains(e.Start, "T")) {
					t.Errorf("%s: an event without its place or hours: %+v", moment, e)
				}
				got = append(got, strings.TrimPrefix(key, ipek+" ")+" "+e.Status)
			}
			slices.Sort(got)
			if g := strings.Join(got, ", "); g != want {
				t.Errorf("%s: %s, want %s", moment, g, want)
			}
		}
		friday, monday, tuesday := civil.NewDate(2027, 1, 8), civil.NewDate(2027, 1, 11), civil.NewDate(2027, 1, 12)
		h.ask(h.Jeremy, friday, "", "Matin")
		h.askAs(his, h.Jeremy, monday, "", "Matin et repas")
		say("Camille, each its day", hers, "2027-01-08 CONFIRMED")
		say("Bruno, each its day", bruno, "2027-01-11 CONFIRMED")
		if raw := h.anybody.Get(bruno).Body; strings.Contains(raw, "20270108") {
			t.Errorf("the other home's day: %s", raw)
		}
		known := slices.Collect(maps.Values(h.events(hers)))[0].UID

		// An agent writes down that all days are hers from now on, and she hands two of them over.
		if err := db.Do(context.Background(), h.d, func(tx *db.Tx) error {
			_, err := custody.Enter(tx, h.now, familytest.Agent(family.FileWrite), h.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{Home: h.First, Other: h.Second,
				Kind: custody.ByDates, Cells: "A", Days: civil.Range{From: civil.DateOf(h.now)}, Spans: []custody.Span{{Home: h.Second, Range: civil.Range{From: civil.NewDate(2027, 3, 1), To: civil.NewDate(2027, 3, 2)}}}}})
			if err != nil {
				return err
			}
			for _, day := range []civil.Date{friday, tuesday} {
				id, err := custody.OfferDay(tx, h.now, h.camille, h.Jeremy, day)
				if err != nil {
					return err
				}
				if _, err := custody.AnswerDay(tx, h.now, his, id, true); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Minute)
		h.askAs(his, h.Jeremy, tuesday, "", "Matin")
		say("Camille pays what she booked", hers, "2027-01-08 CONFIRMED")
		say("Bruno keeps what he booked, and has the day handed over", bruno, "2027-01-11 CONFIRMED, 2027-01-12 CONFIRMED")

		// She gives Friday up, and Bruno, whose day it is now, books it: the cell is his.
		h.now = h.now.Add(time.Minute)
		h.ask(h.Jeremy, friday, "Matin", "")
		say("Camille gave it up", hers, "2027-01-08 CANCELLED")
		say("Bruno reads nothing of it", bruno, "2027-01-11 CONFIRMED, 2027-01-12 CONFIRMED")
		h.askAs(his, h.Jeremy, friday, "", "Matin")
		say("Bruno booked it", bruno, "2027-01-08 CONFIRMED, 2027-01-11 CONFIRMED, 2027-01-12 CONFIRMED")
		say("it leaves Camille's calendar", hers, "")
		if e := h.events(bruno)[ipek+" 2027-01-08"]; e.UID != known {
			t.Errorf("a cell has one name: %s, was %s", e.UID, known)
		}
	})
}

// TestAnAccountMakesSoManyAddressesInADay: each ends the one before, and stays as a row.
func TestAnAccountMakesSoManyAddressesInADay(t *testing.T) {
	each(t, func(h *house) {
		last := h.address(h.own, "form#creer")
		for range 9 {
			last = h.address(h.own, "form#renouveler")
		}
		page := h.own.Get(feed.Path).Submit("form#renouveler", nil)
		if page.Status != 422 || !strings.Contains(page.Text("main"), "Vous avez déjà fait 10 adresses aujourd’hui") || h.count(`select count(*) from feed`) != 10 {
			t.Errorf("the eleventh: %d %s", page.Status, page.Text("main"))
		}
		if got := h.anybody.Get(last); got.Status != 200 {
			t.Errorf("the one that stands: %d", got.Status)
		}
		h.now = h.now.Add(25 * time.Hour)
		h.address(h.own, "form#renouveler")
	})
}
