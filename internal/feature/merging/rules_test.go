package merging_test

import (
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
)

var bruno = person.Person{Civility: person.Monsieur, LastName: "Petit", FirstNames: "Bruno", BirthDay: civil.NewDate(1984, 2, 2), Email: "b.petit@exemple.fr",
	Address: person.Address{Number: "7", Street: "rue du Secret", PostCode: "78999", City: "Rivebelle-sur-Seine"}}

func TestTwoAccountsInUseTheChosenOneStays(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		first := h.account(h.homes.Bruno, account.Active)
		again, second := h.adult(bruno, h.homes.First, family.Contact, account.Active)
		h.exec(`insert into session (id, account, token_hash, created_at, seen_at, idle_seconds, expires_at) values ('s', $1, 't', 1, 1, 1, 1)`, string(first))
		u := people(h.homes.Bruno, again)
		u.Account = string(second)
		before := h.state()
		out := h.preview(u)
		said(t, out.Settled, "Deux espaces pour une personne")
		said(t, out.Gains, "Bruno Petit pourra agir pour Jérémy")
		id := h.merge(u)
		got := h.column(`select state || ' ' || person from account where id in ($1, $2) order by state`, string(first), string(second))
		if want := []string{"active " + string(h.homes.Bruno), "closed " + string(h.homes.Bruno)}; !slices.Equal(got, want) {
			t.Errorf("accounts: %q, want %q", got, want)
		}
		if n := h.count(`select count(*) from session where account = $1`, string(first)); n != 0 {
			t.Errorf("the closed account has %d devices", n)
		}
		if got := h.column(`select template from mail_outbox where template like 'merging.%' order by template`); !slices.Equal(got, []string{merging.MailClosed, merging.MailDone}) {
			t.Errorf("mails: %q", got)
		}
		h.undo(id)
		if n := h.count(`select count(*) from mail_outbox where template = $1`, merging.MailUndone); n != 2 {
			t.Errorf("%d told of the undo", n)
		}
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}
	})
}

// TestGainIsToldAndConfirmed is the guard that matters most: nobody gets access that the agent did not read.
func TestGainIsToldAndConfirmed(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.account(h.homes.Bruno, account.Active)
		again, _ := h.adult(bruno, h.homes.First, family.CoHolder, "")
		u := people(h.homes.Bruno, again)
		out := h.preview(u)
		said(t, out.Gains, "Bruno Petit pourra agir pour Inès Martin-Nguyễn", "Bruno Petit pourra agir dans le dossier « Famille Martin")
		_, err := h.try(h.agent, u, merging.Confirmation{Seen: out.Seen()})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("not confirmed: %v", err)
		}
		h.write(func(tx *db.Tx) error { // another child comes in between
			who, err := person.Insert(tx, h.now, actor.Job("test"), person.Person{LastName: "Martin", FirstNames: "Zoé"})
			if err != nil {
				return err
			}
			_, err = family.AddChild(tx, h.now, actor.Job("test"), family.NewChild{Family: h.homes.First, Person: who})
			return err
		})
		_, err = h.try(h.agent, u, merging.Confirmation{Seen: out.Seen(), Read: true})
		refused(t, err, fault.Conflict, "relisez")
		if n := h.count(`select count(*) from merge`); n != 0 {
			t.Errorf("%d merges", n)
		}
	})
}

func TestRestrictionAlwaysSurvives(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		again, _ := h.adult(bruno, "", "", "")
		for i, pair := range [][2]string{{string(again), string(h.homes.Jeremy)}, {string(h.homes.Bruno), string(h.homes.Ines)}} {
			h.exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ($1, $2, $3, '2027-01-01', '2026-12-01', '26/1', 1)`,
				db.NewID()+string(rune('a'+i)), pair[0], pair[1])
		}
		out := h.preview(people(h.homes.Bruno, again))
		said(t, out.Losses, "Bruno Petit ne pourra plus agir pour Jérémy")
		h.merge(people(h.homes.Bruno, again))
		if got := h.column(`select child from restriction where person = $1 order by child`, string(h.homes.Bruno)); len(got) != 2 {
			t.Errorf("restrictions: %q", got)
		}
		if n := h.count(`select count(*) from restriction`); n != 2 {
			t.Errorf("%d restrictions in all", n)
		}
	})
}

// TestAllergyIsNeverLost, whatever is noted on either side.
func TestAllergyIsNeverLost(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		for _, c := range []struct{ keep, gone, want string }{
			{"", "gluten", "gluten"}, {"arachide", "", "arachide"}, {"Arachide", "arachide", "Arachide"}, {"lait", "œufs", "lait ; œufs"},
		} {
			keep, gone := h.jeremyAgain(h.homes.First), h.jeremyAgain(h.homes.First)
			h.write(func(tx *db.Tx) error {
				for child, allergies := range map[family.ChildID]string{keep: c.keep, gone: c.gone} {
					if allergies == "" {
						continue
					}
					if err := family.SetHealth(tx, h.now, actor.Job("test"), child, family.Health{Allergies: allergies, PAI: child == gone}); err != nil {
						return err
					}
				}
				return nil
			})
			h.merge(children(keep, gone))
			pai := h.column(`select case when pai = true then 'oui' else 'non' end from health where child = $1`, string(keep))
			if got := h.column(`select allergies from health where child = $1`, string(keep)); !slices.Equal(got, []string{c.want}) || c.gone != "" && pai[0] != "oui" {
				t.Errorf("%q and %q: %q, pai %q", c.keep, c.gone, got, pai)
			}
		}
	})
}

func TestSamePersonTwiceInAFamilyKeepsTheHigherRole(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		again, _ := h.adult(bruno, h.homes.Second, family.Contact, "")
		h.exec(`update family_member set may_collect = true where person = $1`, string(again))
		id := h.merge(people(again, h.homes.Bruno)) // the holder goes, the contact stays: as holder
		if got := h.column(`select role from family_member where person = $1`, string(again)); !slices.Equal(got, []string{"holder"}) {
			t.Errorf("roles: %q", got)
		}
		h.undo(id)
		if got := h.column(`select role from family_member where person in ($1, $2) order by role`, string(again), string(h.homes.Bruno)); !slices.Equal(got, []string{"contact", "holder"}) {
			t.Errorf("roles after the undo: %q", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		waiting, _ := h.adult(bruno, "", "", account.Waiting)
		suspended, _ := h.adult(bruno, "", "", account.Suspended)
		pending, _ := h.adult(bruno, "", "", "")
		invited, _ := h.adult(bruno, "", "", "")
		aside, asideAccount := h.adult(bruno, "", "", account.Active)
		other, _ := h.adult(bruno, "", "", account.Active)
		h.account(h.homes.Bruno, account.Active)
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ('p', $1, $2, 'coholder', 'pending', '2027-01-01')`, string(h.homes.Second), string(pending))
		h.exec(`insert into invite (id, family, person, email, by_person, token_hash, created_at, expires_at) values ('i', $1, $2, 'x@exemple.fr', $3, 'h', 1, $4)`,
			string(h.homes.Second), string(invited), string(h.homes.Bruno), civil.InstantOf(h.now.AddDate(0, 0, 3)))
		h.exec(`insert into decision (id, account, kind, made_at, started_at, due_at, person, known) values ('d', $1, 'link', 1, 1, 1, $2, $3)`, string(asideAccount), string(aside), string(other))
		for name, c := range map[string]struct {
			u     person.Union
			words string
		}{
			"waits in the queue":      {people(h.homes.Bruno, waiting), "attend dans la file d’activation"},
			"suspended account":       {people(h.homes.Bruno, suspended), "est désactivé"},
			"pending and approved":    {people(h.homes.Bruno, pending), "répondez-y d’abord"},
			"invited still":           {people(h.homes.Thomas, invited), "invitation"},
			"set aside by a link":     {people(h.homes.Thomas, aside), "mise de côté par un rattachement"},
			"adult and child":         {people(h.homes.Bruno, h.homes.Jeremy.PersonID()), "un enfant, l’autre un adulte"},
			"an agent":                {people(h.homes.Bruno, person.ID(h.agent.Person)), "agent"},
			"families with an invite": {homes(h.homes.First, h.homes.Second), "invitation"},
			"three heads":             {homes(h.homes.First, h.homes.Second), "3 responsables"},
		} {
			out := h.preview(c.u)
			if !strings.Contains(strings.Join(out.Refusals, " "), c.words) {
				t.Errorf("%s: %q", name, out.Refusals)
			}
			_, err := h.try(h.agent, c.u, merging.Confirmation{Seen: out.Seen(), Read: true})
			refused(t, err, fault.Refused, c.words)
		}
		_, err := h.tryPreview(h.agent, people(h.homes.Bruno, h.homes.Bruno))
		refused(t, err, fault.Refused, "C’est la même fiche")
	})
}

func TestDoubtsAreConfirmed(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		twin := h.child(h.homes.First, person.Person{LastName: "Martin-Nguyễn", FirstNames: "Jérémy", BirthDay: civil.NewDate(2012, 7, 19)})
		out := h.preview(children(h.homes.Jeremy, twin))
		said(t, out.Doubts, "Les dates de naissance diffèrent", "Rien d’autre que le nom")
		_, err := h.try(h.agent, children(h.homes.Jeremy, twin), merging.Confirmation{Seen: out.Seen()})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("not confirmed: %v", err)
		}
	})
}

func TestTheChildStaysWhicheverIsNamedFirst(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		again, _ := h.adult(person.Person{LastName: "Martin", FirstNames: "Jérémy", BirthDay: civil.NewDate(2017, 3, 3)}, h.homes.Second, family.Member, "")
		u := people(again, h.homes.Jeremy.PersonID())
		u.Taken = map[string]bool{"nom": false} // the name of the one named first
		h.merge(u)
		if got := h.column(`select last_name from person where id in ($1, $2)`, string(again), string(h.homes.Jeremy)); !slices.Equal(got, []string{"Martin"}) {
			t.Errorf("names: %q", got)
		}
		if n := h.count(`select count(*) from child where person = $1`, string(h.homes.Jeremy)); n != 1 {
			t.Error("the child is no more")
		}
	})
}

// TestChildOfTwoHomes: two records of a child, one in each home, make one child of two homes, and both parents are told.
func TestChildOfTwoHomes(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.account(h.homes.Bruno, account.Active)
		h.account(h.homes.Camille, account.Active)
		zoe := person.Person{LastName: "Petit", FirstNames: "Zoé", BirthDay: civil.NewDate(2020, 1, 1)}
		keep, gone := h.child(h.homes.First, zoe), h.child(h.homes.Second, zoe)
		out := h.preview(children(keep, gone))
		said(t, out.Gains, "Camille Martin ne voyait que l’une", "Bruno Petit ne voyait que l’une", "Thomas Nguyễn ne voyait que l’une")
		h.merge(children(keep, gone))
		if n := h.count(`select count(*) from mail_outbox where template = $1`, merging.MailDone); n != 2 {
			t.Errorf("%d told", n)
		}
		for _, args := range h.column(`select args from mail_outbox where template like 'merging.%'`) {
			if strings.Contains(args, "Petit") || strings.Contains(args, "Martin") {
				t.Errorf("a mail keeps a name: %s", args)
			}
		}
	})
}

func TestRightsAndReach(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		again, _ := h.adult(bruno, h.homes.Second, family.Contact, "")
		u := people(h.homes.Bruno, again)
		none := h.agent
		none.Rights = map[actor.Right][]string{family.FileRead: {actor.AllServices}}
		_, err := h.tryPreview(none, u)
		refused(t, err, fault.Forbidden, "")
		_, err = h.try(none, u, merging.Confirmation{})
		refused(t, err, fault.Forbidden, "")
		youth, both := h.staff(string(h.homes.Youth)), h.staff(string(h.homes.Service))
		for _, x := range []person.Union{u, homes(h.homes.First, h.homes.Second)} {
			_, err = h.tryPreview(youth, x)
			refused(t, err, fault.NotFound, "")
			_, err = h.try(youth, x, merging.Confirmation{})
			refused(t, err, fault.NotFound, "")
		}
		elsewhere := h.family(h.homes.Youth) // known by another service
		h.exec(`insert into family_member (id, family, person, role, state, from_day) values ('m', $1, $2, 'member', 'approved', '2026-01-01')`, string(elsewhere), string(again))
		_, err = h.tryPreview(both, u)
		refused(t, err, fault.Refused, "autre service")
		id := h.merge(u)
		_, err = h.tryUndo(none, id)
		refused(t, err, fault.Forbidden, "")
		h.exec(`delete from family_member where id = 'm'`)
		_, err = h.tryUndo(youth, id)
		refused(t, err, fault.NotFound, "")
		_, err = h.tryUndo(h.agent, "00000000-0000-7000-8000-000000000000")
		refused(t, err, fault.NotFound, "")
		own := h.agent
		own.Person = string(h.homes.Thomas)
		other, _ := h.adult(person.Person{LastName: "Nguyễn", FirstNames: "Thomas", Email: "thomas@exemple.fr"}, "", "", "")
		out, err := h.tryPreview(own, people(h.homes.Thomas, other))
		if err != nil || !strings.Contains(strings.Join(out.Refusals, " "), "votre propre fiche") {
			t.Errorf("an agent on their own file: %v %q", err, out.Refusals)
		}
	})
}

func TestLaterMergingIsUndoneFirst(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		second, _ := h.adult(bruno, h.homes.First, family.Contact, "")
		third, _ := h.adult(bruno, "", "", "")
		before := h.state()
		one := h.merge(people(second, third))
		two := h.merge(people(h.homes.Bruno, second))
		_, err := h.tryUndo(h.agent, one)
		refused(t, err, fault.Refused, "Défaites-la d’abord")
		h.undo(two)
		h.undo(one)
		if diff := diffStates(before, h.state()); diff != "" {
			t.Errorf("not exact: %s", diff)
		}
	})
}
