package enrolment_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// canteenOf drafts a canteen at the homes' school.
func canteenOf(t *testing.T, d *db.DB, h familytest.Homes) activity.ID {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (activity.ID, error) {
		id, _, err := activity.EnsureDraft(tx, persontest.Now(), actor.Job("test"), h.Service, "Restauration scolaire", "", h.School)
		return id, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func exec(t *testing.T, d *db.DB, statement string, args ...any) {
	t.Helper()
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

func enrol(t *testing.T, d *db.DB, child family.ChildID, of activity.ID, days civil.Range) enrolment.ID {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (enrolment.ID, error) {
		return enrolment.Insert(tx, persontest.Now(), actor.Job("test"), enrolment.Enrolment{Child: child, Activity: of, Days: days})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var thisYear = civil.Range{From: civil.NewDate(2026, 9, 1), To: civil.NewDate(2027, 7, 2)}

func TestCarryingOverIsForTheYearChosen(t *testing.T) {
	testkit.EachEngine(t, enrolment.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		canteen := canteenOf(t, d, h)
		p := testkit.NewPortal(t, d, persontest.Now())
		desk(d, 0).Agent(p.Router)
		c := p.As(familytest.Agent(enrolment.Write))
		const path = "/agents/inscriptions/reconduire"
		says := func(query, want string) {
			t.Helper()
			if got := c.Get(path + query); got.Has("#reconduire") || !strings.Contains(got.Text("main"), want) {
				t.Errorf("%s: want %q: %s", query, want, got.Text("main"))
			}
		}
		says("", "Aucune inscription de vos services ne va jusqu’en juin 2026")
		enrol(t, d, h.Jeremy, canteen, thisYear)
		next := c.Get(path).Submit("#annee-voulue", map[string]string{"annee": "2027-2028"})
		if !strings.Contains(next.Text("main"), "inscrits en juin 2027") || !next.Has(`#reconduire input[name=annee][value="2027-2028"]`) {
			t.Fatalf("next year: %s", next.Text("main"))
		}
		if none := next.Submit("#reconduire", nil); none.Status != 422 || !none.Has(`#reconduire input[name=annee][value="2027-2028"]`) {
			t.Errorf("no activity chosen: %d %s", none.Status, none.Text("main"))
		}
		done := next.Submit("#reconduire", map[string]string{"activite": string(canteen)}).Follow()
		if !strings.Contains(done.Text("main"), "1 inscription est reconduite pour 2027-2028") || !strings.Contains(done.Text("main"), "Tous les enfants inscrits en juin 2027 le sont déjà pour 2027-2028.") {
			t.Errorf("carried: %s", done.Text("main"))
		}
		if far := c.Get(path + "?annee=2031-2032"); far.Status != 422 {
			t.Errorf("a year that is not offered: %d", far.Status)
		}
		exec(t, d, `delete from enrolment where from_day = '2027-09-01'`)
		exec(t, d, `update family_member set to_day = '2027-01-01' where person = $1`, string(h.Jeremy))
		says("?annee=2027-2028", "Les enfants inscrits en juin 2027 ne sont plus dans une famille connue")
		other := familytest.Agent()
		other.Rights = map[actor.Right][]string{enrolment.Write: {string(h.Youth)}}
		c = p.As(other)
		says("?annee=2027-2028", "Aucune inscription de vos services")
	})
}

func TestTheFormRefusesWhatIsNotMeant(t *testing.T) {
	testkit.EachEngine(t, enrolment.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		canteen := canteenOf(t, d, h)
		year, _ := town.ZoneC20262027()
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error { return town.SetYear(tx, persontest.Now(), actor.Job("test"), year) }); err != nil {
			t.Fatal(err)
		}
		p := testkit.NewPortal(t, d, persontest.Now())
		desk(d, 0).Agent(p.Router)
		c := p.As(familytest.Agent(enrolment.Write))
		page := c.Get("/agents/familles/" + string(h.First) + "/inscriptions")
		if !page.Has(`#inscrire input[name=debut][value="06/01/2027"]`) || !page.Has(`#inscrire input[name=fin][value="`+year.Days.To.French()+`"]`) {
			t.Errorf("the days offered: %s", page.Body)
		}
		if got := page.Text("#inscrire"); !strings.Contains(got, "Jérémy : Élémentaire Jean-Moulin") || !strings.Contains(got, "Inès : Élémentaire Jean-Moulin") {
			t.Errorf("the school is not named: %s", got)
		}
		fill := func(from, to string, more ...string) *testkit.Page {
			form := map[string]string{"enfant": string(h.Ines), "activite": string(canteen), "debut": from, "fin": to}
			for _, name := range more {
				form[name] = "1"
			}
			return c.Get("/agents/familles/"+string(h.First)+"/inscriptions").Submit("#inscrire", form)
		}
		for _, x := range []struct{ from, to, field string }{
			{"06/01/2207", "06/07/2207", "debut"}, {"06/01/1927", "06/07/2027", "debut"}, {"06/01/2027", "06/07/2097", "fin"}, {"06/01/2027", "05/01/2027", "fin"},
		} {
			if got := fill(x.from, x.to); got.Status != 422 || !got.Has(`#inscrire input[name=`+x.field+`][aria-invalid=true]`) {
				t.Errorf("%s to %s: %d %s", x.from, x.to, got.Status, got.Text("#erreurs"))
			}
		}
		exec(t, d, `update activity set age_from = 10 where id = $1`, string(canteen))
		young := fill("06/01/2027", "02/07/2027")
		if young.Status != 422 || !strings.Contains(young.Text("#erreurs"), "L’enfant n’a pas encore l’âge de cette activité") || !young.Has("#inscrire input[name=quand_meme]") {
			t.Fatalf("too young: %d %s", young.Status, young.Text("main"))
		}
		if page.Has("#inscrire input[name=quand_meme]") {
			t.Error("the box shows before anything was refused")
		}
		done := young.Submit("#inscrire", map[string]string{"quand_meme": "1"}).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main .row"), "Élémentaire Jean-Moulin, du 06/01/2027") {
			t.Errorf("anyway: %d %s", done.Status, done.Text("main"))
		}
	})
}

func TestEndingSaysWhatStaysBooked(t *testing.T) {
	testkit.EachEngine(t, enrolment.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		canteen := canteenOf(t, d, h)
		id := enrol(t, d, h.Jeremy, canteen, thisYear)
		p := testkit.NewPortal(t, d, persontest.Now())
		desk := desk(d, 0)
		var asked civil.Range
		desk.Booked = func(_ db.Reader, child family.ChildID, of activity.ID, days civil.Range) (int, error) {
			if child != h.Jeremy || of != canteen {
				t.Errorf("asked of %s, %s", child, of)
			}
			asked = days
			return 12, nil
		}
		desk.Agent(p.Router)
		c := p.As(familytest.Agent(enrolment.Write))
		path := "/agents/familles/" + string(h.First) + "/inscriptions"
		check := c.Get(path).Click("main .row a")
		if !check.Has(`#jour input[name=dernier][value="06/01/2027"]`) || !strings.Contains(check.Text("main"), "12 jours restent réservés") || asked.From != civil.NewDate(2027, 1, 7) || asked.To != thisYear.To {
			t.Errorf("the check: %+v %s", asked, check.Text("main"))
		}
		if bad := check.Submit("#jour", map[string]string{"dernier": "demain"}); bad.Status != 422 || bad.Has("#terminer") || !bad.Has(`#jour input[value=demain]`) {
			t.Errorf("a day that is none: %d", bad.Status)
		}
		for _, day := range []string{"02/07/2027", "03/07/2027", "01/01/2020"} {
			if bad := check.Submit("#jour", map[string]string{"dernier": day}); bad.Status != 422 || bad.Has("#terminer") {
				t.Errorf("%s: %d", day, bad.Status)
			}
			if bad := check.Submit("#terminer", map[string]string{"dernier": day}); bad.Status != 422 {
				t.Errorf("%s, sent: %d", day, bad.Status)
			}
		}
		done := check.Submit("#jour", map[string]string{"dernier": "31/03/2027"}).Submit("#terminer", nil).Follow()
		if text := done.Text("main"); !strings.Contains(text, "au 31/03/2027") || !strings.Contains(text, "L’inscription se termine le 31/03/2027. 12 jours restent réservés") || asked.From != civil.NewDate(2027, 4, 1) {
			t.Errorf("ended: %+v %s", asked, text)
		}
		never := check.Submit("#jour", map[string]string{"dernier": "31/08/2026"})
		if !strings.Contains(never.Text("main"), "elle n’aura jamais commencé") {
			t.Errorf("before it began: %s", never.Text("main"))
		}
		if gone := never.Submit("#terminer", nil).Follow(); !strings.Contains(gone.Text("main"), "retirée avant son début") || gone.Has("main .row") {
			t.Errorf("taken back: %s", gone.Text("main"))
		}
		if bare := c.Get(path + "/fin"); bare.Status != 303 {
			t.Errorf("without an enrolment: %d", bare.Status)
		}
		other := enrol(t, d, h.Ines, canteen, thisYear)
		for query, who := range map[string]family.ID{string(id): h.First, "x": h.First, string(other): h.Second} {
			if got := c.Get("/agents/familles/" + string(who) + "/inscriptions/fin?inscription=" + query); got.Status != 404 {
				t.Errorf("%s in %s: %d, want 404", query, who, got.Status)
			}
		}
		elsewhere := familytest.Agent()
		elsewhere.Rights = map[actor.Right][]string{enrolment.Write: {string(h.Youth)}}
		for _, query := range []string{"", "?inscription=" + string(other)} {
			if got := p.As(elsewhere).Get(path + "/fin" + query); got.Status != 404 {
				t.Errorf("an agent of another service, %q: %d", query, got.Status)
			}
		}
	})
}
