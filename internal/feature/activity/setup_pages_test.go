package activity_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const oneForm = `main form[novalidate]`

// desk is the set-up's pages, entered by an agent who may write.
func (s *setting) desk(t *testing.T) *testkit.Client {
	t.Helper()
	p := testkit.NewPortal(t, s.d, persontest.Now())
	activity.Pages{DB: s.d, Now: persontest.Now}.Agent(p.Router)
	if err := p.Router.Err(); err != nil {
		t.Fatal(err)
	}
	return p.As(familytest.Agent(activity.Read, activity.Write, family.FileRead, family.FileWrite))
}

func (s *setting) at(end string) string { return "/agents/activites/" + string(s.ID) + end }

// schoolYear enters the town's calendar of this year.
func (s *setting) schoolYear(t *testing.T) town.Year {
	t.Helper()
	year, holidays := town.ZoneC20262027()
	if err := s.do(func(tx *db.Tx, now time.Time) error {
		if err := town.SetYear(tx, now, actor.Job("test"), year); err != nil {
			return err
		}
		for _, h := range holidays {
			if _, err := town.AddSchoolHoliday(tx, now, actor.Job("test"), h); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return year
}

func TestACanteenOfAYearInOneForm(t *testing.T) {
	eachSetting(t, activitytest.Plan{Name: "Étude"}, func(t *testing.T, s *setting) {
		year := s.schoolYear(t)
		c := s.desk(t)
		form := c.Get("/agents/activites").Click(`main a[href$="/nouvelle"]`)
		form.SubmitAll(oneForm, url.Values{"modele": {"cantine"}, "lieux": {string(s.School)}, "places": {"40"}, "service": {string(s.Service)}}).Follow()
		c2, err := db.Read(context.Background(), s.d, func(r db.Reader) (*activity.Catalogue, error) {
			set, err := town.ReadSettings(r)
			if err != nil {
				return nil, err
			}
			return activity.ReadCatalogue(r, set, persontest.Now().Location())
		})
		if err != nil {
			t.Fatal(err)
		}
		var canteen activity.Activity
		for _, a := range c2.Activities {
			if a.Name == "Restauration scolaire" {
				canteen = a
			}
		}
		if canteen.State != activity.Draft || len(canteen.Lacks()) > 0 || len(canteen.Periods) != 1 || canteen.Periods[0].Days != year.Days {
			t.Fatalf("made: %+v", canteen)
		}
		s.ID = canteen.ID
		page := c.Get(s.at("")).Click(`main a[href$="/periodes"]`)
		page.Submit(`main form[action$="/ouverture"]`, nil).Follow()
		x := s.whole(t)
		slots := s.slots(t, x.Periods[0].Days)
		if x.State != activity.Open || !x.Periods[0].Open || len(slots) < 80 || *slots[0].Capacity != 40 {
			t.Errorf("opened: %s %v, %d slots", x.State, x.Periods, len(slots))
		}
		for _, slot := range slots {
			if why, _ := c2.Why(&x, x.Units[0], slot.Day); why != "" {
				t.Errorf("a slot on %s: %s", slot.Day, why)
			}
		}
		if text := c.Get(s.at("/apercu")).Text("main"); !strings.Contains(text, "Réservable jusqu’au jeudi") || !strings.Contains(text, "40 places") {
			t.Errorf("as a family: %s", text)
		}
		if text := c.Get(s.at("/places") + "?mois=2027-02").Text("main table"); !strings.Contains(text, "0 sur 40") || !strings.Contains(text, "Fermé : ") {
			t.Errorf("places by day: %s", text)
		}
	})
}

func TestADraftSaysWhatItLacks(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		if err := s.do(func(tx *db.Tx, now time.Time) (err error) {
			s.ID, _, err = activity.EnsureDraft(tx, now, actor.Job("import"), s.Service, "Accueil du soir", "", "")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c := s.desk(t)
		page := c.Get(s.at(""))
		for _, end := range []string{"/agents/unites/", "/lieux", "/delais", "/periodes"} {
			if !page.Has(`main .notice a[href*="` + end + `"]`) {
				t.Errorf("nothing leads to %s: %s", end, page.Text("main .notice"))
			}
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error { return activity.OpenActivity(tx, now, designer, s.ID, true) }); err == nil || s.whole(t).State == activity.Open {
			t.Errorf("an incomplete activity opened: %v", err)
		}
		s.schoolYear(t)
		page.Click(`main .notice a[href$="/modele"]`).SubmitAll(oneForm, url.Values{"modele": {"soir"}, "lieux": {string(s.School)}}).Follow()
		if x := s.whole(t); len(x.Lacks()) > 0 || x.Units[0].From != 990 || len(x.Policies) != 1 {
			t.Errorf("completed: %+v", x)
		}
	})
}

func TestFormsKeepWhatWasTyped(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		c := s.desk(t)
		unit := "/agents/unites/" + string(s.whole(t).Units[0].ID)
		for _, one := range []struct {
			page, field, typed, problem string
			fields                      url.Values
		}{
			{s.at("/essentiel"), "maximum", "9", "#champ-maximum-erreur", url.Values{"maximum": {"9"}, "nom": {""}}},
			{s.at("/qui"), "age_min", "douze", "#champ-age_min-erreur", url.Values{"age_min": {"douze"}}},
			{unit, "debut", "midi", "#champ-debut-erreur", url.Values{"debut": {"midi"}}},
			{s.at("/unites/nouvelle"), "nom", "Goûter", "#champ-jours-erreur", url.Values{"nom": {"Goûter"}, "jours": {}}},
			{s.at("/formules/nouvelle"), "nom", "Journée", "#champ-unites-erreur", url.Values{"nom": {"Journée"}}},
			{s.at("/groupes/nouveau"), "places", "beaucoup", "#champ-places-erreur", url.Values{"nom": {"Petits"}, "places": {"beaucoup"}}},
			{s.at("/periodes/nouvelle"), "debut", "la rentrée", "#champ-debut-erreur", url.Values{"nom": {"Année"}, "debut": {"la rentrée"}}},
			{"/agents/qualites", "nom", "", "#champ-nom-erreur", url.Values{}},
			{"/agents/familles/" + string(s.First) + "/qualites", "fin", "jamais", "#champ-fin-erreur", url.Values{"fin": {"jamais"}}},
		} {
			got := c.Get(one.page).SubmitAll(oneForm, one.fields)
			if got.Status != 422 || !got.Has(one.problem) || got.Doc.Find(`[name="`+one.field+`"]`).AttrOr("value", "") != one.typed {
				t.Errorf("%s: %d %s", one.page, got.Status, got.Text("main .error-summary"))
			}
		}
	})
}

func TestTwoAgentsAtOnceSeeBothVersions(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		c := s.desk(t)
		unit := "/agents/unites/" + string(s.whole(t).Units[0].ID)
		period := "/agents/periodes/" + string(s.Period)
		for _, one := range []struct{ page, field, first, second string }{
			{s.at("/essentiel"), "nom", "Cantine", "Restaurant"}, {unit, "fin", "13:00", "14:00"},
			{s.at("/lieux"), "places-" + string(s.School), "12", "13"}, {period, "nom", "Automne", "Hiver"},
		} {
			page := c.Get(one.page)
			c.Get(one.page).SubmitAll(oneForm, url.Values{one.field: {one.first}}).Follow()
			both := page.SubmitAll(oneForm, url.Values{one.field: {one.second}})
			if both.Status != 409 || !strings.Contains(both.Text("main table"), one.first) || !strings.Contains(both.Text("main table"), one.second) {
				t.Fatalf("%s: %d %s", one.page, both.Status, both.Text("main"))
			}
			if after := both.SubmitAll(oneForm, nil); after.Status != 303 {
				t.Errorf("%s, again: %d %s", one.page, after.Status, after.Text(".error-summary"))
			}
		}
	})
}

func TestEveryModelGoesThroughTheBuildersForm(t *testing.T) {
	for _, m := range activity.Models(2026) {
		want := m.Policy
		want.From = civil.NewDate(2026, time.December, 1)
		got, wrong := activity.RoundTrip(want)
		byName := cmpopts.SortSlices(func(a, b activity.Rule) bool { return a.Field() < b.Field() })
		if wrong != 0 || !cmp.Equal(want, got, byName, cmpopts.EquateEmpty()) {
			t.Errorf("%s: %d faults\n%s", m.Key, wrong, cmp.Diff(want, got, byName, cmpopts.EquateEmpty()))
		}
	}
}

func TestEveryModelIsPublishedOnScreen(t *testing.T) {
	testkit.EachEngine(t, activity.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		s := &setting{Homes: h, Ready: activitytest.Make(t, d, h, activitytest.Plan{Units: []activity.Unit{{Weekdays: 31, From: 690, To: 800, Alone: true}},
			Days: civil.Range{From: civil.NewDate(2027, 2, 1), To: civil.NewDate(2027, 6, 30)}}), d: d}
		c := s.desk(t)
		for n, m := range activity.Models(2026) {
			page := c.Get(s.at("/delais")).SubmitAll(oneForm, url.Values{"modele": {m.Key}, "action": {"modele"}})
			if page.Status != 200 || page.Doc.Find("#exemples .example").Length() != 5 {
				t.Fatalf("%s: %d, %d examples", m.Key, page.Status, page.Doc.Find("#exemples .example").Length())
			}
			look := page.SubmitAll(oneForm, url.Values{"depuis": {"1 mars 2027"}, "action": {"verifier"}})
			if look.Status != 200 {
				t.Errorf("%s, last look: %d %s", m.Key, look.Status, look.Text(".error-summary"))
				continue
			}
			done := look.SubmitAll(oneForm, url.Values{"action": {"publier"}})
			if done.Status != 303 {
				t.Fatalf("%s, published: %d %s", m.Key, done.Status, done.Text("main"))
			}
			all := s.whole(t).Policies
			got := all[len(all)-1]
			want := m.Policy
			want.Number, want.From = n+2, civil.NewDate(2027, 3, 1)
			byName := cmpopts.SortSlices(func(a, b activity.Rule) bool { return a.Field() < b.Field() })
			if diff := cmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s kept as\n%s", m.Key, diff)
			}
		}
		if len(s.whole(t).Policies) != len(activity.Models(2026))+1 {
			t.Errorf("%d versions", len(s.whole(t).Policies))
		}
	})
}
