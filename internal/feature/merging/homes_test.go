package merging_test

import (
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
)

// double is Bruno's home made twice, with another holder, a contact of both, rows of every feature.
func (h *hall) double() (keep, gone family.ID, other person.ID) {
	h.t.Helper()
	keep, gone = h.homes.Second, h.family(h.homes.Youth)
	other, _ = h.adult(person.Person{LastName: "Petit", FirstNames: "Anne"}, gone, family.Holder, account.Active)
	h.account(h.homes.Bruno, account.Active)
	for _, home := range []family.ID{keep, gone} {
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ($1, $2, $3, 'contact', 'approved', '2026-01-01')`,
			db.NewID(), string(home), string(h.homes.Contact))
		h.exec(`insert into quotient (id, family, value, from_day, made_at) values ($1, $2, 500, '2026-09-01', 5)`, db.NewID(), string(home))
	}
	h.exec(`insert into quotient (id, family, value, from_day, made_at) values ($2, $1, 400, '2027-01-01', 5)`, string(keep), db.NewID())
	h.exec(`insert into quotient (id, family, value, from_day, made_at) values ($2, $1, 900, '2027-01-01', 6)`, string(gone), db.NewID())
	h.exec(`insert into invoice (id, number, family, period, issued_on, due_on, amount, paid, state, made_at)
		values ($2, 'F-1', $1, '2026-12', '2027-01-02', '2027-01-31', 100, 0, 'issued', 1)`, string(gone), db.NewID())
	kid := h.child(gone, person.Person{LastName: "Petit", FirstNames: "Léo"})
	h.exec(`insert into counter_act (id, family, person, did, made_at) values ('guichet', $1, $2, 'child', 1)`, string(gone), string(kid))
	h.book(kid, gone, "2027-01-12", "booked")
	return keep, gone, other
}

func TestFamilyMadeTwiceThenUndone(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone, other := h.double()
		before := h.state()
		u := homes(keep, gone)
		u.Holder = string(other)
		out := h.preview(u)
		said(t, out.Counts, "1 réservation", "1 facture", "1 service")
		said(t, out.Settled, "Bruno Petit devient co-représentant", "Deux quotients différents depuis le 01/01/2027")
		said(t, out.Gains, "Bruno Petit pourra agir pour Léo", "Anne Petit pourra agir pour Jérémy", "Anne Petit verra les réservations, les factures")
		if strings.Contains(strings.Join(out.Settled, " "), "900") {
			t.Error("a quotient is told")
		}
		id := h.merge(u)
		got := h.column(`select role || ' ' || p.first_names from family_member m join person p on p.id = m.person where family = $1 and role <> 'member' order by 1`, string(keep))
		if want := []string{"coholder Bruno", "contact Marie-Christine", "holder Anne"}; !slices.Equal(got, want) {
			t.Errorf("members: %q", got)
		}
		if got := h.column(`select 'QF ' || value from quotient where family = $1 and from_day = '2027-01-01'`, string(keep)); !slices.Equal(got, []string{"QF 900"}) {
			t.Errorf("quotients: %q", got)
		}
		if n := h.count(`select count(*) from family where id = $1`, string(gone)); n != 0 {
			t.Error("the other family is still there")
		}
		if n := h.count(`select count(*) from mail_outbox where template = $1`, merging.MailDone); n != 2 {
			t.Errorf("%d told", n)
		}
		if told := h.undo(id); len(told) != 0 {
			t.Errorf("told %q", told)
		}
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}
		_, err := h.tryUndo(h.agent, id)
		refused(t, err, fault.Conflict, "déjà défaite")
	})
}

func TestFamilyKeepsWhatWasAddedSince(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone, _ := h.double()
		id := h.merge(homes(keep, gone))
		kid := h.child(keep, person.Person{LastName: "Petit", FirstNames: "Mia"})
		h.book(kid, keep, "2027-02-02", "booked")
		told := h.undo(id)
		said(t, told, "1 membre ou contact ajouté depuis", "1 réservation faite depuis")
		if len(told) != 2 {
			t.Errorf("told %q", told)
		}
		if n := h.count(`select count(*) from family_member where family = $1 and person = $2`, string(keep), string(kid)); n != 1 {
			t.Error("who was added since is gone")
		}
		if n := h.count(`select count(*) from booking where family = $1`, string(gone)); n != 1 {
			t.Errorf("the other family has %d bookings", n)
		}
	})
}

func TestHolderIsOneOfTheTwo(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone, _ := h.double()
		u := homes(keep, gone)
		u.Holder = string(h.homes.Contact)
		_, err := h.tryPreview(h.agent, u)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a contact as holder: %v", err)
		}
	})
}
