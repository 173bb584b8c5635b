package merging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/portal/moving"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// parts are those that the town lists, lowest first.
func parts() []person.Part {
	return []person.Part{person.MergePart(), account.MergePart(), family.MergePart(), custody.MergePart(), admission.MergePart(), enrolment.MergePart(),
		booking.MergePart(), tariff.MergePart(), billing.MergePart(), moving.MergePart()}
}

func sources() []db.Source {
	return db.Join(merging.Sources(), admission.Sources(), tariff.Sources(), enrolment.Sources(), booking.Sources(), billing.Sources(), moving.Sources())
}

// hall is two homes, an activity, and agents.
type hall struct {
	t     testing.TB
	d     *db.DB
	now   time.Time
	homes familytest.Homes
	desk  merging.Desk
	agent actor.Actor
}

func newHall(t testing.TB, d *db.DB) *hall {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t: t, d: d, now: time.Date(2027, 1, 11, 10, 12, 0, 0, paris), desk: merging.Desk{Parts: parts(), Alike: alike}}
	h.homes = familytest.New(t, d)
	h.write(func(tx *db.Tx) error {
		if _, err := tx.Exec(`insert into activity (id, name, folded, state, made_at) values ('cantine', 'Cantine', 'cantine', 'open', 1)`); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into unit (id, activity, name) values ('repas', 'cantine', 'Repas')`)
		return err
	})
	h.agent = h.staff(actor.AllServices)
	return h
}

// alike is the town's comparison, as app gives it.
func alike(a, b person.Person) merging.Likeness {
	m := admission.Compare(a, b)
	return merging.Likeness{Rank: int(m.Grade), Label: m.Grade.Label(), Reasons: m.Reasons, Proven: m.Proven(), Same: m.Grade.Same()}
}

func eachHall(t *testing.T, fn func(t *testing.T, h *hall)) {
	t.Helper()
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) { fn(t, newHall(t, d)) })
}

// staff is an agent with a real account, for one service or all.
func (h *hall) staff(service string) actor.Actor {
	acc := accounttest.Agent(h.t, h.d, h.now, "")
	a := actor.Actor{Kind: actor.Agent, Second: true, Account: string(acc.ID), Person: string(acc.Person), Name: "Nadia Rahmani", Rights: map[actor.Right][]string{}}
	for _, r := range []actor.Right{merging.Right, family.FileRead, person.Read} {
		a.Rights[r] = []string{service}
	}
	return a
}

func (h *hall) write(verb func(tx *db.Tx) error) {
	h.t.Helper()
	if err := db.Do(context.Background(), h.d, verb); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) exec(query string, args ...any) {
	h.t.Helper()
	h.write(func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err })
}

func (h *hall) column(query string, args ...any) []string {
	h.t.Helper()
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query, args...) })
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *hall) count(query string, args ...any) int64 {
	h.t.Helper()
	return accounttest.Count(h.t, h.d, query, args...)
}

// adult adds somebody with a role in a family, with an account when state is not "".
func (h *hall) adult(p person.Person, home family.ID, role family.Role, state account.State) (id person.ID, acc account.ID) {
	h.t.Helper()
	h.write(func(tx *db.Tx) (err error) {
		if id, err = person.Insert(tx, h.now, accounttest.Job, p); err != nil {
			return err
		}
		if home != "" {
			if _, err = family.AddMember(tx, h.now, accounttest.Job, family.NewMember{Family: home, Person: id, Role: role}); err != nil {
				return err
			}
		}
		if state != "" {
			acc, err = account.Insert(tx, h.now, accounttest.Job, account.Account{Person: id, Audience: account.Citizen, State: state,
				Username: strings.ToLower(p.FirstNames+"."+p.LastName) + db.NewID(), Email: "e" + db.NewID() + "@exemple.fr", EmailConfirmedAt: 1}, "")
		}
		return err
	})
	return id, acc
}

func (h *hall) account(who person.ID, state account.State) account.ID {
	h.t.Helper()
	var acc account.ID
	h.write(func(tx *db.Tx) (err error) {
		acc, err = account.Insert(tx, h.now, accounttest.Job, account.Account{Person: who, Audience: account.Citizen, State: state,
			Username: "u" + db.NewID(), Email: "e" + db.NewID() + "@exemple.fr", EmailConfirmedAt: 1}, "")
		return err
	})
	return acc
}

func (h *hall) child(home family.ID, p person.Person) (id family.ChildID) {
	h.t.Helper()
	h.write(func(tx *db.Tx) error {
		who, err := person.Insert(tx, h.now, accounttest.Job, p)
		if err != nil {
			return err
		}
		id, err = family.AddChild(tx, h.now, accounttest.Job, family.NewChild{Family: home, Person: who})
		return err
	})
	return id
}

// jeremyAgain is the same boy, made twice.
func (h *hall) jeremyAgain(home family.ID) family.ChildID {
	return h.child(home, person.Person{LastName: "Martin Nguyen", FirstNames: "Jeremy", BirthDay: civil.NewDate(2017, 3, 3)})
}

func (h *hall) family(service town.ServiceID) (id family.ID) {
	h.t.Helper()
	h.write(func(tx *db.Tx) (err error) {
		id, err = family.Insert(tx, h.now, accounttest.Job, "", service)
		return err
	})
	return id
}

func (h *hall) book(child family.ChildID, home family.ID, day, state string) {
	h.t.Helper()
	h.exec(`insert into booking (id, child, unit, day, family, state, made_at) values ($1, $2, 'repas', $3, $4, $5, $6)`,
		db.NewID(), string(child), day, string(home), state, civil.InstantOf(h.now))
}

func (h *hall) attend(child family.ChildID, day, state string) {
	h.t.Helper()
	h.exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, 'repas', $2, $3, $4)`, string(child), day, state, civil.InstantOf(h.now))
}

func (h *hall) enrol(child family.ChildID, from, to string) {
	h.t.Helper()
	h.exec(`insert into enrolment (id, child, activity, from_day, to_day, state, made_at) values ($1, $2, 'cantine', $3, $4, 'active', 1)`,
		db.NewID(), string(child), from, to)
}

func people(keep, gone person.ID) person.Union {
	return person.Union{Of: person.OneHuman, Keep: string(keep), Gone: string(gone)}
}

func children(keep, gone family.ChildID) person.Union {
	return people(keep.PersonID(), gone.PersonID())
}

func homes(keep, gone family.ID) person.Union {
	return person.Union{Of: person.OneHome, Keep: string(keep), Gone: string(gone)}
}

// preview is what an agent reads, nothing written.
func (h *hall) preview(u person.Union) merging.Outcome {
	h.t.Helper()
	out, err := h.tryPreview(h.agent, u)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *hall) tryPreview(a actor.Actor, u person.Union) (merging.Outcome, error) {
	return h.desk.Look(context.Background(), h.d, h.now, a, u)
}

// merge reads, confirms all, and merges.
func (h *hall) merge(u person.Union) merging.ID {
	h.t.Helper()
	out := h.preview(u)
	if len(out.Refusals) > 0 {
		h.t.Fatalf("refused: %v", out.Refusals)
	}
	id, err := h.try(h.agent, u, merging.Confirmation{Seen: out.Seen(), Read: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *hall) try(a actor.Actor, u person.Union, c merging.Confirmation) (merging.ID, error) {
	return db.Write(context.Background(), h.d, func(tx *db.Tx) (merging.ID, error) { return h.desk.Merge(tx, h.now, a, u, c) })
}

func (h *hall) undo(id merging.ID) []string {
	h.t.Helper()
	told, err := h.tryUndo(h.agent, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return told
}

func (h *hall) tryUndo(a actor.Actor, id merging.ID) ([]string, error) {
	return db.Write(context.Background(), h.d, func(tx *db.Tx) ([]string, error) { return h.desk.Undo(tx, h.now, a, id, "Deux personnes différentes") })
}

// state is every row of every table but those that grow with each act.
func (h *hall) state() map[string][]string {
	h.t.Helper()
	var b bytes.Buffer
	if err := db.Dump(context.Background(), h.d, &b); err != nil {
		h.t.Fatal(err)
	}
	all, table := map[string][]string{}, ""
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "[") {
			var head struct{ Table string }
			if err := json.Unmarshal([]byte(line), &head); err != nil {
				h.t.Fatal(err)
			}
			table = head.Table
			continue
		}
		switch table {
		case "merge", "merge_row", "audit_event", "mail_outbox", "session":
		default:
			all[table] = append(all[table], strings.TrimSpace(line))
		}
	}
	for _, rows := range all {
		slices.Sort(rows)
	}
	return all
}

// said wants a sentence that holds each of the words.
func said(t testing.TB, all []string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, w) }) {
			t.Errorf("nothing says %q: %q", w, all)
		}
	}
}

func refused(t testing.TB, err error, kind fault.Kind, words string) {
	t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(fault.SentenceOf(err), words) {
		t.Errorf("got %v %v, want %v with %q", fault.KindOf(err), err, kind, words)
	}
}

// full gives two records of a boy, in his mother's home twice over, everything that a child can have.
func (h *hall) full() (keep, gone family.ChildID) {
	h.t.Helper()
	keep, gone = h.homes.Jeremy, h.jeremyAgain(h.homes.First)
	h.write(func(tx *db.Tx) error {
		return family.SetHealth(tx, h.now, accounttest.Job, gone, family.Health{Allergies: "Gluten"})
	})
	h.book(keep, h.homes.First, "2027-01-12", "cancelled")
	h.book(gone, h.homes.First, "2027-01-12", "booked")
	h.book(keep, h.homes.First, "2027-01-13", "booked")
	h.book(gone, h.homes.First, "2027-01-13", "booked")
	h.book(gone, h.homes.First, "2027-01-14", "booked")
	h.attend(keep, "2027-01-05", "absent")
	h.attend(gone, "2027-01-05", "present")
	h.attend(gone, "2027-01-06", "excused")
	h.enrol(keep, "2026-09-01", "2027-02-01")
	h.enrol(gone, "2026-09-01", "2027-07-02")
	h.enrol(gone, "2027-07-05", "2027-08-01")
	h.exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ($1, $2, $3, '2027-01-01', '2026-12-01', '26/1', 1)`,
		db.NewID(), string(h.homes.Bruno), string(gone))
	h.exec(`insert into counter_act (id, family, person, did, made_at) values ('guichet', $1, $2, 'child', 1)`, string(h.homes.First), string(gone))
	h.exec(`insert into import_batch (id, source, started_at) values ('lot', 'test', 1)`)
	h.exec(`insert into import_source (source, file, code, batch, object, object_id, content) values ('test', 'enfants.csv', 'E9', 'lot', 'child', $1, 1)`, string(gone))
	return keep, gone
}

func TestChildMadeTwiceThenUndone(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.full()
		before := h.state()
		out := h.preview(children(keep, gone))
		if diff := cmp.Diff(before, h.state()); diff != "" {
			t.Fatalf("the preview wrote: %s", diff)
		}
		if n := h.count(`select count(*) from merge`) + h.count(`select count(*) from audit_event where action like 'merging.%'`); n != 0 {
			t.Errorf("the preview left %d rows", n)
		}
		said(t, out.Counts, "2 réservations", "2 pointages", "1 inscription", "1 restriction")
		said(t, out.Settled, "2 réservations étaient faites", "1 pointage diffère", "Deux inscriptions à Cantine depuis le même jour : il en reste une, jusqu’au 02/07/2027", "fiches de santé diffèrent")
		said(t, out.Losses, "Bruno Petit ne pourra plus agir pour Jérémy")
		id := h.merge(children(keep, gone))

		want := []string{"2027-01-12 booked", "2027-01-13 booked", "2027-01-14 booked"}
		if got := h.column(`select day || ' ' || state from booking where child = $1 order by day`, string(keep)); !slices.Equal(got, want) {
			t.Errorf("bookings: %q", got)
		}
		if got := h.column(`select day || ' ' || state from attendance where child = $1 order by day`, string(keep)); !slices.Equal(got, []string{"2027-01-05 present", "2027-01-06 excused"}) {
			t.Errorf("attendances: %q", got)
		}
		if got := h.column(`select allergies from health where child = $1`, string(keep)); !slices.Equal(got, []string{"arachide ; Gluten"}) {
			t.Errorf("allergies: %q", got)
		}
		if got := h.column(`select object_id from import_source`); !slices.Equal(got, []string{string(keep)}) {
			t.Errorf("import key: %q", got)
		}
		if n := h.count(`select count(*) from person where id = $1`, string(gone)) + h.count(`select count(*) from family_member where person = $1`, string(gone)); n != 0 {
			t.Errorf("%d rows still name the one who went", n)
		}
		if told := h.undo(id); len(told) != 0 {
			t.Errorf("nothing happened since, but: %q", told)
		}
		if diff := cmp.Diff(before, h.state()); diff != "" {
			t.Errorf("the undo is not exact: %s", diff)
		}
		_, err := h.tryUndo(h.agent, id)
		refused(t, err, fault.Conflict, "déjà défaite")
		for _, side := range []family.ChildID{keep, gone} {
			if n := h.count(`select count(*) from audit_event where object = 'person' and object_id = $1 and action in ('merging.person.merged', 'merging.person.undone')`, string(side)); n != 2 {
				t.Errorf("%d audit lines for %s", n, side)
			}
		}
	})
}

func TestWhatHappenedSinceStays(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.full()
		id := h.merge(children(keep, gone))
		h.now = h.now.Add(time.Hour)
		h.book(keep, h.homes.First, "2027-01-20", "booked")
		h.exec(`update booking set state = 'cancelled' where child = $1 and day = '2027-01-14'`, string(keep))
		h.exec(`delete from booking where child = $1 and day = '2027-01-12'`, string(keep)) // gone's, that had won
		h.book(keep, h.homes.First, "2027-01-12", "asked")                                  // in the place of the one dropped
		h.exec(`update health set allergies = 'arachide ; Gluten ; lait' where child = $1`, string(keep))
		told := h.undo(id)
		said(t, told, "Reste à Jérémy Martin-Nguyễn : 2 réservations faites depuis", "Changé depuis, laissé comme il est : la santé",
			"N’existe plus, n’est pas refait : une réservation", "Une autre a pris sa place, qui reste : une réservation")
		if got := h.column(`select day || ' ' || state from booking where child = $1 order by day`, string(keep)); !slices.Equal(got, []string{"2027-01-12 asked", "2027-01-13 booked", "2027-01-20 booked"}) {
			t.Errorf("keep's bookings: %q", got)
		}
		if got := h.column(`select day || ' ' || state from booking where child = $1 order by day`, string(gone)); !slices.Equal(got, []string{"2027-01-13 booked", "2027-01-14 cancelled"}) {
			t.Errorf("the other's: %q", got)
		}
		if got := h.column(`select allergies from health order by allergies`); !slices.Equal(got, []string{"Gluten", "arachide ; Gluten ; lait"}) {
			t.Errorf("allergies: %q", got)
		}
	})
}

func diffStates(a, b map[string][]string) string { return cmp.Diff(a, b) }
