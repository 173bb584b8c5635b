package family_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// TestFileTellsHowToReachAnAdultAndItsAccount reads an adult's card as a counter does.
func TestFileTellsHowToReachAnAdultAndItsAccount(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		must(t, d, func(tx *db.Tx) error {
			if _, err := tx.Exec(`update person set phone = '+33199001234', preferred = 'mobile' where id = $1`, string(h.Camille)); err != nil {
				return err
			}
			id, err := account.Insert(tx, now, actor.Job("test"), account.Account{Person: h.Camille, Audience: account.Citizen, Username: "camille.martin",
				Email: "camille.martin@exemple.fr", State: account.Active}, "")
			if err != nil {
				return err
			}
			if err := account.SignedInAs(tx, now.AddDate(0, 0, -2), actor.Job("test"), id); err != nil {
				return err
			}
			_, _, err = account.InsertUnclaimed(tx, now, actor.Job("test"), h.Thomas, "", "thomas@exemple.fr")
			return err
		})
		p := testkit.NewPortal(t, d, now)
		family.Pages{DB: d, Now: persontest.Now, Settings: &town.Cache{DB: d}, Activation: func(_ db.Reader, a actor.Actor, _ map[person.ID]account.Account) (func(account.Account, person.Person) string, error) {
			return func(acc account.Account, _ person.Person) string {
				if a.Can("test.activations") {
					return "/agents/activations?q=" + acc.Username
				}
				return ""
			}, nil
		}}.Agent(p.Router)
		path := "/agents/familles/" + string(h.First)
		page := p.As(familytest.Agent(family.FileRead, "test.activations")).Get(path)
		camille, thomas := page.Text("main .sheet:nth-of-type(1)"), page.Text("main .sheet:nth-of-type(2)")
		for _, want := range []string{"Actif", "Dernière connexion le 04/01/2027", "Mobile", "À joindre par", "Téléphone mobile"} {
			if !strings.Contains(camille, want) {
				t.Errorf("the holder's card lacks %q: %s", want, camille)
			}
		}
		if !strings.Contains(thomas, "Jamais ouvert") || !strings.Contains(thomas, "Jamais connecté") {
			t.Errorf("the co-holder's card: %s", thomas)
		}
		for _, link := range []string{"tel:0199001234", "tel:0612345678", "mailto:camille.martin@exemple.fr", "/agents/activations?q=camille.martin"} {
			if !page.Has(`main a[href="` + link + `"]`) {
				t.Errorf("no link %s", link)
			}
		}
		if p.As(familytest.Agent(family.FileRead)).Get(path).Has(`a[href^="/agents/activations"]`) {
			t.Error("the activation is linked for an agent who may not read it")
		}
	})
}

// TestOpeningAFileIsWrittenDown writes one line an agent, family and hour, and none for who is refused.
func TestOpeningAFileIsWrittenDown(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		p := testkit.NewPortal(t, d, now)
		family.Pages{DB: d, Now: func() time.Time { return now }, Settings: &town.Cache{DB: d}}.Agent(p.Router)
		nadia, omar := familytest.Agent(family.FileRead), familytest.Agent(family.FileRead)
		nadia.Account, omar.Account = "nadia", "omar"
		open := func(who actor.Actor, id family.ID, want int64) {
			t.Helper()
			p.As(who).Get("/agents/familles/" + string(id))
			got, err := db.Read(t.Context(), d, func(r db.Reader) (int64, error) {
				return db.One(r, "count", db.Column[int64], `select count(*) from audit_event where action = 'family.file.read' and kind = 'read'`)
			})
			if err != nil || got != want {
				t.Errorf("%d lines, want %d (%v)", got, want, err)
			}
		}
		open(nadia, h.First, 1)
		open(nadia, h.First, 1) // reloaded
		open(omar, h.First, 2)
		open(nadia, h.Second, 3)
		open(familytest.Agent(family.MemberApprove), h.First, 3) // refused
		now = now.Add(family.ReadingLasts + time.Minute)
		open(nadia, h.First, 4)
	})
}

// TestWhoSeesAPhoto is the whole rule: one's own home, never the other one, nobody under a restriction.
func TestWhoSeesAPhoto(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		see := func(who, whose person.ID, change ...func(*actor.Actor)) bool {
			t.Helper()
			a := persontest.Citizen(who)
			for _, c := range change {
				c(&a)
			}
			may, err := db.Read(t.Context(), d, func(r db.Reader) (bool, error) { return family.MaySeePhoto(r, now, a, whose) })
			if err != nil {
				t.Fatal(err)
			}
			return may
		}
		jeremy, ines := h.Jeremy.PersonID(), h.Ines.PersonID()
		check := func(name string, got, want bool) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		check("the co-holder's", see(h.Camille, h.Thomas), true)
		check("the holder's", see(h.Thomas, h.Camille), true)
		check("a child's", see(h.Camille, ines), true)
		check("a child of two homes", see(h.Bruno, jeremy), true)
		check("the other home's adult", see(h.Bruno, h.Camille), false)
		check("the other home's child", see(h.Bruno, ines), false)
		check("a contact's", see(h.Camille, h.Contact), false)
		check("nobody's", see(h.Camille, "nobody"), false)
		check("to an account that waits", see(h.Camille, ines, func(a *actor.Actor) { a.State = actor.Waiting }), false)
		check("to an agent", see(h.Camille, ines, func(a *actor.Actor) { a.Kind = actor.Agent }), false)
		must(t, d, func(tx *db.Tx) error {
			_, err := family.Restrict(tx, now, familytest.Agent(family.RestrictSet), family.Restriction{Person: h.Thomas, Child: h.Jeremy,
				DecidedOn: civil.NewDate(2026, 12, 12), Reference: "RG 26/1"})
			return err
		})
		check("a child kept from one", see(h.Thomas, jeremy), false)
		check("the adult on the other side", see(h.Thomas, h.Camille), false)
		check("the restricted adult", see(h.Camille, h.Thomas), false)
		check("the sister", see(h.Thomas, ines), true)
		file := func(a actor.Actor, whose person.ID) bool {
			t.Helper()
			may, err := db.Read(t.Context(), d, func(r db.Reader) (bool, error) { return family.FilePhoto(r, now, a, whose) })
			if err != nil {
				t.Fatal(err)
			}
			return may
		}
		check("an agent of the service", file(familytest.AgentOf(h.Service, family.FileRead), h.Camille), true)
		check("an agent of all services", file(familytest.Agent(family.FileRead), h.Contact), true)
		check("an agent of another service", file(familytest.AgentOf(h.Youth, family.FileRead), h.Camille), false)
		check("an agent without the right", file(familytest.Agent(person.Read), h.Camille), false)
		check("somebody of no family", file(familytest.Agent(family.FileRead), "nobody"), false)
	})
}

// TestBirthWithoutCivility says a birth without guessing.
func TestBirthWithoutCivility(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		must(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update person set civility = '' where id = $1`, string(h.Jeremy))
			return err
		})
		p := portal(t, d)
		if text := p.As(persontest.Citizen(h.Camille)).Get("/espace/famille").Text("main"); !strings.Contains(text, "Membre, date de naissance : 3 mars 2017") {
			t.Errorf("the family reads: %s", text)
		}
		if text := p.As(familytest.Agent(family.FileRead)).Get("/agents/familles/" + string(h.First)).Text("main"); !strings.Contains(text, "Date de naissance : 3 mars 2017") {
			t.Errorf("the agent reads: %s", text)
		}
	})
}

// TestFamilyPageShowsPhotosOfTheOwnHome checks what the page prints against the rule.
func TestFamilyPageShowsPhotosOfTheOwnHome(t *testing.T) {
	testkit.EachEngine(t, family.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		must(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update person set photo = 'x', photo_at = 1`)
			return err
		})
		src := func(id person.ID) string { return `img[src="/espace/photos/` + string(id) + `"]` }
		p := portal(t, d)
		page := p.As(persontest.Citizen(h.Camille)).Get("/espace/famille")
		for _, id := range []person.ID{h.Camille, h.Thomas, h.Jeremy.PersonID(), h.Ines.PersonID()} {
			if !page.Has(src(id)) {
				t.Errorf("no photo of %s", id)
			}
		}
		if page.Has(src(h.Contact)) {
			t.Error("a contact's photo shows")
		}
		if n := p.As(persontest.Citizen(h.Bruno)).Get("/espace/famille").Doc.Find("main img").Length(); n != 2 {
			t.Errorf("the other home sees %d photos, want its own and the child's", n)
		}
		file := p.As(familytest.Agent(family.FileRead)).Get("/agents/familles/" + string(h.First))
		if n := file.Doc.Find(`main img[src^="/agents/photos/"]`).Length(); n != 5 {
			t.Errorf("the agents' file shows %d photos, want 5", n)
		}
		must(t, d, func(tx *db.Tx) error {
			_, err := family.Restrict(tx, persontest.Now(), familytest.Agent(family.RestrictSet), family.Restriction{Person: h.Thomas, Child: h.Jeremy,
				DecidedOn: civil.NewDate(2026, 12, 12), Reference: "RG 26/1"})
			return err
		})
		if p.As(persontest.Citizen(h.Camille)).Get("/espace/famille").Has(src(h.Thomas)) {
			t.Error("the restricted adult's photo shows")
		}
	})
}

func must(t *testing.T, d *db.DB, verb func(*db.Tx) error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := db.Do(ctx, d, verb); err != nil {
		t.Fatal(err)
	}
}
