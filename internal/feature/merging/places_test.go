package merging_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
)

// slot gives a day some places.
func (h *hall) slot(id, day string, places int) {
	h.t.Helper()
	h.exec(`insert into slot (id, unit, site, day, taken, capacity) values ($1, 'repas', $2, $3, 0, $4)`, id, string(h.homes.School), day, places)
}

// bookPlace books with a place, as a family does.
func (h *hall) bookPlace(child family.ChildID, home family.ID, day, slot string) {
	h.t.Helper()
	h.book(child, home, day, "booked")
	h.write(func(tx *db.Tx) error {
		got, err := activity.Take(tx, []activity.SlotID{activity.SlotID(slot)})
		if err == nil && got[activity.SlotID(slot)] != 1 {
			h.t.Errorf("no place on %s", day)
		}
		if err == nil {
			_, err = tx.Exec(`update booking set slot = $1 where child = $2 and day = $3`, slot, string(child), day)
		}
		return err
	})
}

// placesHold wants as many places taken as bookings hold, and no booking in force without a place where there are some.
func (h *hall) placesHold() {
	h.t.Helper()
	if bad := h.column(`select s.id || ': ' || s.taken from slot s where s.taken <> (select count(*) from booking b where b.slot = s.id and b.state = 'booked')
		or s.capacity < s.taken`); len(bad) != 0 {
		h.t.Errorf("places taken that nobody holds, or the reverse: %q", bad)
	}
	if bad := h.column(`select b.day from booking b join slot s on s.unit = b.unit and s.day = b.day where b.state = 'booked' and b.slot is null`); len(bad) != 0 {
		h.t.Errorf("booked without a place: %q", bad)
	}
}

func TestMergedBookingsTakeTheirPlacesBack(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.homes.Jeremy, h.jeremyAgain(h.homes.First)
		h.slot("full", "2027-01-13", 2)
		h.slot("free", "2027-01-14", 5)
		h.slot("past", "2027-01-08", 2)
		h.slot("closed", "2027-01-15", 2)
		for _, child := range []family.ChildID{keep, gone} {
			h.bookPlace(child, h.homes.First, "2027-01-13", "full")
			h.bookPlace(child, h.homes.First, "2027-01-14", "free")
			h.bookPlace(child, h.homes.First, "2027-01-08", "past")
			h.bookPlace(child, h.homes.First, "2027-01-15", "closed")
		}
		before := h.state()
		id := h.merge(children(keep, gone))
		h.placesHold()
		if told := h.undo(id); len(told) != 0 {
			t.Errorf("no day grew, but: %q", told)
		}
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}

		h.now = h.now.Add(time.Minute)
		id = h.merge(children(keep, gone))
		h.bookPlace(h.homes.Ines, h.homes.First, "2027-01-13", "full") // the place of the twin
		h.bookPlace(h.homes.Ines, h.homes.First, "2027-01-14", "free")
		h.bookPlace(h.homes.Ines, h.homes.First, "2027-01-08", "past")
		h.exec(`update booking set state = 'cancelled', slot = null where day = '2027-01-15'`)
		h.exec(`delete from slot where id = 'closed'`) // the period was closed
		agent := h.portal().As(h.agent)
		page := agent.Get("/agents/fusions/faites/" + string(id))
		if !strings.Contains(page.Text("main"), "gagne une place") {
			t.Errorf("before the undo: %s", page.Text("main"))
		}
		undone := page.Submit("#annulation", map[string]string{"motif": "Jumeaux"}).Follow()
		if text := undone.Text("main"); !strings.Contains(text, "Cantine, Repas, le mercredi 13 janvier 2027 : une place de plus que prévu") ||
			strings.Contains(text, "14 janvier") || strings.Contains(text, "8 janvier") {
			t.Errorf("after the undo: %s", text)
		}
		h.placesHold()
		got := h.column(`select id || ' ' || taken || '/' || capacity from slot order by id`)
		if want := []string{"free 3/5", "full 3/3", "past 3/3"}; !slices.Equal(got, want) {
			t.Errorf("places: %q, want %q", got, want)
		}
		got = h.column(`select day || ' ' || state || ' ' || coalesce(slot, 'none') from booking where child = $1 order by day`, string(gone))
		if want := []string{"2027-01-08 booked past", "2027-01-13 booked full", "2027-01-14 booked free", "2027-01-15 booked none"}; !slices.Equal(got, want) {
			t.Errorf("the bookings that came back: %q, want %q", got, want)
		}
	})
}

// TestMergedTwinInPlaceOfADroppedOne: what was booked since where the dropped one stood keeps its only place.
func TestMergedTwinInPlaceOfADroppedOne(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.homes.Jeremy, h.jeremyAgain(h.homes.First)
		h.slot("full", "2027-01-13", 2)
		h.book(keep, h.homes.First, "2027-01-13", "booked") // from the old portal
		h.exec(`update booking set made_at = 1`)
		h.bookPlace(gone, h.homes.First, "2027-01-13", "full")
		id := h.merge(children(keep, gone))
		h.placesHold() // of the two the one that holds a place stays
		h.exec(`delete from booking`)
		h.exec(`update slot set taken = 0`)
		h.bookPlace(keep, h.homes.First, "2027-01-13", "full")
		said(t, h.undo(id), "Une autre a pris sa place")
		h.placesHold()
		if n := h.count(`select taken from slot`); n != 1 {
			t.Errorf("%d places taken, want 1", n)
		}
	})
}

func TestMergeUndoneByWhoReachesEachFamily(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		again, _ := h.adult(bruno, h.homes.Second, family.Contact, "")
		elsewhere := h.family(h.homes.Youth)
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ('m', $1, $2, 'member', 'approved', '2026-01-01')`, string(elsewhere), string(again))
		keep, gone, _ := h.double() // of two services
		childhood, youth, both := h.staff(string(h.homes.Service)), h.staff(string(h.homes.Youth)), h.staff(string(h.homes.Service))
		both.Rights[merging.Right] = []string{string(h.homes.Service), string(h.homes.Youth)}
		portal := h.portal()
		try := func(id merging.ID, agents ...actor.Actor) {
			t.Helper()
			for _, a := range agents {
				_, err := h.tryUndo(a, id)
				refused(t, err, fault.Refused, "autre service")
				page := portal.As(a).Get("/agents/fusions/faites/" + string(id))
				if page.Status != 409 || page.Has("#annulation") || strings.Contains(page.Text("main"), "Petit") {
					t.Errorf("%d: %s", page.Status, page.Text("main"))
				}
			}
		}
		one := h.merge(people(h.homes.Bruno, again))
		try(one, childhood, youth)
		h.exec(`update family_member set to_day = '2027-01-11' where id = 'm'`) // ended since: the undo gives it back all the same
		try(one, childhood)
		h.exec(`update family_member set to_day = null where id = 'm'`)
		if page := portal.As(both).Get("/agents/fusions/faites/" + string(one)); page.Status != 200 {
			t.Errorf("an agent of both: %d", page.Status)
		}
		if _, err := h.tryUndo(both, one); err != nil {
			t.Errorf("an agent of both: %v", err)
		}
		try(one, childhood) // what is undone shows both still
		two := h.merge(homes(keep, gone))
		try(two, childhood, youth)
		if _, err := h.tryUndo(both, two); err != nil {
			t.Errorf("an agent of both: %v", err)
		}
	})
}
