package merging_test

import (
	"slices"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// shares makes a child's days shared between two homes, with a span and days handed over.
func (h *hall) shares(child family.ChildID, home, other family.ID, state string) {
	h.t.Helper()
	id := db.NewID()
	h.exec(`insert into custody (id, child, home, other, kind, from_day, anchor, step, cells, state, asked_home, asked_by, asked_at)
		values ($1, $2, $3, $4, 'weeks', '2027-01-04', '2027-01-04', 1, '', $5, $3, $6, 1)`, id, string(child), string(home), string(other), state, string(h.homes.Bruno))
	h.exec(`insert into custody_span (custody, position, home, from_day, to_day) values ($1, 0, $2, '2027-02-15', '2027-02-21')`, id, string(other))
	if state != "standing" {
		return
	}
	h.exec(`insert into custody_day (id, child, day, giver, taker, state, offered_by, offered_at) values ($1, $2, '2027-01-12', $3, $4, 'accepted', $5, 1)`,
		db.NewID(), string(child), string(home), string(other), string(h.homes.Bruno))
}

func (h *hall) custody() []string {
	return h.column(`select 'custody ' || state || ' ' || home || ' ' || other from custody union all select 'span ' || home from custody_span
		union all select 'day ' || giver || ' ' || taker from custody_day order by 1`)
}

// TestSharedDaysFollowTheHome: what a home made twice shares with another one is of the home that stays; what the two
// shared between them is no more. An undo brings all back.
func TestSharedDaysFollowTheHome(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone, other := h.double()
		kid := h.child(gone, person.Person{LastName: "Petit", FirstNames: "Nina"})
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ($1, $2, $3, 'member', 'approved', '2026-01-01')`, db.NewID(), string(h.homes.First), string(kid))
		h.shares(kid, gone, h.homes.First, "standing")
		shared := h.child(gone, person.Person{LastName: "Petit", FirstNames: "Noé"})
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ($1, $2, $3, 'member', 'approved', '2026-01-01')`, db.NewID(), string(keep), string(shared))
		h.shares(shared, keep, gone, "standing")
		before := h.state()
		u := homes(keep, gone)
		u.Holder = string(other)
		said(t, h.preview(u).Settled, "Les jours d’un enfant étaient partagés entre ces deux familles")
		id := h.merge(u)
		first := string(h.homes.First)
		want := []string{"custody standing " + string(keep) + " " + first, "day " + string(keep) + " " + first, "span " + first}
		if got := h.custody(); !slices.Equal(got, want) {
			t.Errorf("after: %q, want %q", got, want)
		}
		if told := h.undo(id); len(told) != 0 {
			t.Errorf("told %q", told)
		}
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}
	})
}

// TestSharedDaysFollowTheChild: of two sharings that would stand, that of the record kept stays.
func TestSharedDaysFollowTheChild(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.full()
		h.shares(keep, h.homes.First, h.homes.Second, "standing")
		h.shares(gone, h.homes.Second, h.homes.First, "standing")
		h.shares(keep, h.homes.First, h.homes.Second, "withdrawn")
		before := h.state()
		said(t, h.preview(children(keep, gone)).Settled, "Un partage des jours entre deux foyers est enregistré sur les deux fiches")
		id := h.merge(children(keep, gone))
		if got := h.column(`select home from custody where child = $1 and state = 'standing'`, string(keep)); !slices.Equal(got, []string{string(h.homes.First)}) {
			t.Errorf("standing: %q", got)
		}
		if n := h.count(`select count(*) from custody where child = $1`, string(keep)); n != 3 {
			t.Errorf("%d sharings, want all three", n)
		}
		if told := h.undo(id); len(told) != 0 {
			t.Errorf("told %q", told)
		}
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}
	})
}
