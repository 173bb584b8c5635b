package merging_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"pgregory.net/rapid"
)

// randomTown is a few homes of random people, with rows of every feature.
type randomTown struct {
	*hall
	r        *rapid.T
	homes    []family.ID
	adults   []person.ID
	children []family.ChildID
}

func (w *randomTown) pick(name string, n int) int { return rapid.IntRange(0, n-1).Draw(w.r, name) }

func (w *randomTown) maybe(name string) bool { return rapid.Bool().Draw(w.r, name) }

// somebody has one of few names, days and details, so that many are alike.
func (w *randomTown) somebody() person.Person {
	p := person.Person{LastName: []string{"Petit", "Martin"}[w.pick("name", 2)], FirstNames: []string{"Zoé", "Léo", "Anne"}[w.pick("first", 3)]}
	if w.maybe("born") {
		p.BirthDay = civil.NewDate(2015, 1, 1+w.pick("day", 2))
	}
	if w.maybe("reach") {
		p.Email, p.Mobile = fmt.Sprintf("m%d@exemple.fr", w.pick("mail", 2)), "+33639980001"
	}
	if w.maybe("address") {
		p.Address = person.Address{Number: "1", Street: "rue Haute", PostCode: "78999", City: "Rivebelle"}
	}
	return p
}

func (w *randomTown) build() {
	for range 2 + w.pick("homes", 2) {
		services := []town.ServiceID{w.hall.homes.Service, w.hall.homes.Youth}
		w.homes = append(w.homes, w.family(services[w.pick("service", 2)]))
	}
	states := []account.State{"", account.Active, account.Unclaimed, account.Closed}
	for range 3 {
		role := []family.Role{family.Holder, family.CoHolder, family.Contact, family.Member}[w.pick("role", 4)]
		who, _ := w.adult(w.somebody(), w.homes[w.pick("home", len(w.homes))], role, states[w.pick("account", 4)])
		w.adults = append(w.adults, who)
		if w.maybe("elsewhere") {
			w.place(w.homes[w.pick("home", len(w.homes))], who, role)
		}
	}
	for range 3 {
		kid := w.hall.child(w.homes[w.pick("home", len(w.homes))], w.somebody())
		w.children = append(w.children, kid)
		w.rows(kid)
	}
	for _, home := range w.homes {
		if w.maybe("quotient") {
			w.exec(`insert into quotient (id, family, value, from_day, made_at) values ($1, $2, $3, '2026-09-01', $4)`, db.NewID(), string(home), w.pick("value", 3), w.pick("made", 3))
		}
	}
}

func (w *randomTown) place(home family.ID, who person.ID, role family.Role) {
	w.exec(`insert into family_member (id, family, person, role, state, from_day) values ($1, $2, $3, $4, 'approved', '2026-01-01') on conflict do nothing`,
		db.NewID(), string(home), string(who), string(role))
}

func (w *randomTown) rows(kid family.ChildID) {
	if w.maybe("two homes") {
		w.place(w.homes[w.pick("home", len(w.homes))], kid.PersonID(), family.Member)
	}
	if w.maybe("health") {
		w.write(func(tx *db.Tx) error {
			return family.SetHealth(tx, w.now, actor.Job("test"), kid, family.Health{Diet: []string{"", "sans porc"}[w.pick("diet", 2)],
				Allergies: []string{"lait", "œufs", ""}[w.pick("allergy", 3)], PAI: w.maybe("pai")})
		})
	}
	for day := range 3 {
		if w.maybe("booked") {
			w.book(kid, w.homes[w.pick("home", len(w.homes))], fmt.Sprintf("2027-02-%02d", day+1), []string{"booked", "cancelled", "waiting", "refused"}[w.pick("state", 4)])
		}
		if w.maybe("attended") {
			w.attend(kid, fmt.Sprintf("2027-01-%02d", day+1), []string{"present", "absent", "excused"}[w.pick("attendance", 3)])
		}
	}
	if w.maybe("enrolled") {
		w.enrol(kid, "2026-09-01", []string{"2027-02-01", "2027-07-02"}[w.pick("until", 2)])
	}
	if w.maybe("restricted") {
		w.exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ($1, $2, $3, '2027-01-01', '2026-12-01', '26/1', 1)`,
			db.NewID(), string(w.adults[w.pick("adult", len(w.adults))]), string(kid))
	}
}

// union is two of a kind, with choices at random.
func (w *randomTown) union() person.Union {
	ids := func(n int) (int, int) {
		a := w.pick("keep", n)
		return a, (a + 1 + w.pick("gone", n-1)) % n
	}
	var u person.Union
	switch w.pick("kind", 3) {
	case 0:
		a, b := ids(len(w.children))
		u = children(w.children[a], w.children[b])
	case 1:
		a, b := ids(len(w.adults))
		u = people(w.adults[a], w.adults[b])
	default:
		a, b := ids(len(w.homes))
		u = homes(w.homes[a], w.homes[b])
	}
	u.Taken = map[string]bool{family.FieldSituation: w.maybe("taken")}
	for _, f := range person.MergeFields() {
		u.Taken[f.Key] = w.maybe("taken")
	}
	return u
}

// TestMergeThenUndoIsNothing: whatever the town, whatever is merged and chosen, an undo leaves every row as it was; and
// between the two no booking in force, no allergy and no restriction is lost.
func TestMergeThenUndoIsNothing(t *testing.T) {
	checks, towns := flag.Lookup("rapid.checks"), "30"
	if os.Getenv("PARVIS_DEEP") != "" {
		towns = "500"
	}
	usual := checks.Value.String()
	t.Cleanup(func() { _ = checks.Value.Set(usual) })
	if err := checks.Value.Set(towns); err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		merged := map[person.Subject]int{}
		rapid.Check(t, func(r *rapid.T) {
			w := &randomTown{hall: h, r: r}
			w.build()
			before := h.state()
			kept := []int64{h.count(`select count(*) from (select distinct day from booking where state = 'booked') b`), h.count(`select count(*) from restriction`)}
			u := w.union()
			out, err := h.tryPreview(h.agent, u)
			if err != nil {
				r.Fatalf("preview of %+v: %v", u, err)
			}
			if len(out.Refusals) > 0 {
				return
			}
			id, err := h.try(h.agent, u, merging.Confirmation{Seen: out.Seen(), Read: true})
			if err != nil {
				r.Fatalf("merge of %+v: %v", u, err)
			}
			merged[u.Of]++
			if diff := fmt.Sprint(h.count(`select count(*) from (select distinct day from booking where state = 'booked') b`), h.count(`select count(*) from restriction`)); diff != fmt.Sprint(kept[0], kept[1]) {
				r.Errorf("days booked and restrictions: %s, were %v", diff, kept)
			}
			told, err := h.tryUndo(h.agent, id)
			if err != nil || len(told) != 0 {
				r.Fatalf("undo of %+v: %q %v", u, told, err)
			}
			if diff := diffStates(before, h.state()); diff != "" {
				r.Fatalf("%+v is not undone: %s", u, diff)
			}
		})
		t.Logf("%v", merged)
		if merged[person.OneHuman] == 0 || merged[person.OneHome] == 0 {
			t.Errorf("nothing to prove: %v", merged)
		}
	})
}
