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
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// chosen is the value of a list of the page.
func chosen(p *testkit.Page, name string) string {
	return p.Doc.Find(`select[name="`+name+`"] option[selected]`).AttrOr("value", "nothing")
}

func typed(p *testkit.Page, selector string) string {
	return p.Doc.Find(selector).AttrOr("value", "")
}

func TestAnEmptyNumberNeverMeansUnlimited(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(30)}, func(t *testing.T, s *setting) {
		c := s.desk(t)
		day := s.slots(t, s.Days)[0].Day
		capacity := func() *int { return s.slots(t, civil.Range{From: day, To: day})[0].Capacity }
		page := c.Get(s.at("/places") + "?mois=2027-02")
		if page.Has(`#places [name=motif]`) || page.Has(`#fermeture [name=places]`) {
			t.Fatal("closing and capacity are one form")
		}
		for name, fields := range map[string]url.Values{
			"nothing typed": {"debut": {day.French()}, "fin": {day.French()}},
			"both":          {"debut": {day.French()}, "places": {"5"}, "sans_limite": {"1"}},
			"no day":        {"places": {"5"}},
		} {
			got := page.SubmitAll("#places", fields)
			if got.Status != 422 || capacity() == nil || *capacity() != 30 {
				t.Fatalf("%s: %d, capacity %v", name, got.Status, capacity())
			}
			if name != "no day" && !got.Has("#champ-places-erreur") || name == "no day" && !got.Has("#champ-debut-erreur") {
				t.Errorf("%s: no sentence at the field", name)
			}
			if typed(got, "#places [name=debut]") != fields.Get("debut") || typed(got, "#places [name=places]") != fields.Get("places") ||
				typed(got, "#places [name=mois]") != "2027-02" || got.Has("#places [name=sans_limite][checked]") != (name == "both") {
				t.Errorf("%s: what was typed is lost", name)
			}
		}
		if got := page.SubmitAll("#fermeture", url.Values{"ferme_debut": {day.French()}, "action": {"fermer"}}); got.Status != 422 || !got.Has("#champ-motif-erreur") ||
			typed(got, "#fermeture [name=ferme_debut]") != day.French() || typed(got, "#places [name=debut]") != "" {
			t.Errorf("closed without a reason: %d", got.Status)
		}
		if got := page.SubmitAll("#fermeture", url.Values{"ferme_debut": {"4 janvier 2027"}, "motif": {"Grève"}, "action": {"fermer"}}); got.Status != 422 || !got.Has("#champ-ferme_debut-erreur") {
			t.Errorf("a past day: %d, no sentence at its field", got.Status)
		}
		page.SubmitAll("#fermeture", url.Values{"ferme_debut": {day.French()}, "motif": {"Grève"}, "action": {"fermer"}}).Follow()
		if got := s.slots(t, civil.Range{From: day, To: day})[0]; !got.Closed || *got.Capacity != 30 {
			t.Errorf("closed: %+v", got)
		}
		page.SubmitAll("#places", url.Values{"debut": {day.French()}, "sans_limite": {"1"}}).Follow()
		if capacity() != nil {
			t.Errorf("without limit: %d", *capacity())
		}
	})
}

func TestFewerPlacesThanChildrenAreTold(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(12)}, func(t *testing.T, s *setting) {
		slot := s.take(t, 11)
		c := s.desk(t)
		want := slot.Day.Short()
		told := "Le " + want + " : 11 enfants pour 5 places, le jour en garde 11"
		page := c.Get(s.at("/lieux")).SubmitAll(oneForm, url.Values{"places-" + string(s.School): {"5"}}).Follow()
		if !strings.Contains(page.Text("body"), told) {
			t.Errorf("places: %q is not told in %s", told, page.Text("body"))
		}
		page = c.Get(s.at("/places")).SubmitAll("#places", url.Values{"debut": {slot.Day.French()}, "fin": {slot.Day.AddDays(5).French()}, "places": {"4"}}).Follow()
		if told := "Le " + want + " : 11 enfants pour 4 places, le jour en garde 11"; !strings.Contains(page.Text("body"), told) {
			t.Errorf("places by day: %q is not told in %s", told, page.Text("body"))
		}
	})
}

func TestASecondPublicationShowsTheFirst(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		c := s.desk(t)
		one, two := c.Get(s.at("/delais")), c.Get(s.at("/delais"))
		hour := func(h string) url.Values { return url.Values{"reserver_heure": {h}, "action": {"verifier"}} }
		late := two.SubmitAll(oneForm, hour("11 h")) // looked at before the first is published
		one.SubmitAll(oneForm, hour("10 h")).SubmitAll(oneForm, url.Values{"action": {"publier"}}).Follow()
		var seen *testkit.Page
		for _, look := range []struct {
			name string
			page *testkit.Page
		}{{"published", late.SubmitAll(oneForm, url.Values{"action": {"publier"}})}, {"checked", two.SubmitAll(oneForm, hour("11 h"))}} {
			seen = look.page
			if seen.Status != 409 || len(s.whole(t).Policies) != 2 {
				t.Fatalf("%s: %d, %d versions", look.name, seen.Status, len(s.whole(t).Policies))
			}
			table := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(seen.Text("main table"))
			if !strings.Contains(table, "10 h") || !strings.Contains(table, "11 h") || typed(seen, `[name=reserver_heure]`) != "11 h" {
				t.Errorf("%s: both are not shown: %s", look.name, table)
			}
		}
		seen.SubmitAll(oneForm, url.Values{"action": {"verifier"}}).SubmitAll(oneForm, url.Values{"action": {"publier"}}).Follow()
		if n := len(s.whole(t).Policies); n != 3 {
			t.Errorf("knowing the other, %d versions", n)
		}
	})
}

func TestARuleOfAnotherTypeStartsAfresh(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		c := s.desk(t)
		page := c.Get(s.at("/delais"))
		if chosen(page, "reserver_ferie") != "previous" || chosen(page, "reserver_regle") != "day" {
			t.Fatalf("the canteen's rule is %s %s", chosen(page, "reserver_regle"), chosen(page, "reserver_ferie"))
		}
		same := page.SubmitAll(oneForm, url.Values{"reserver_nombre": {"9"}, "action": {"recalculer"}})
		if typed(same, `[name=reserver_nombre]`) != "9" || chosen(same, "reserver_ferie") != "previous" {
			t.Error("options of the same type are lost")
		}
		week := same.SubmitAll(oneForm, url.Values{"reserver_regle": {"week"}, "action": {"recalculer"}})
		if chosen(week, "reserver_ferie") != "" || chosen(week, "reserver_vacances") != "" || chosen(week, "reserver_nombre") != "1" || chosen(week, "reserver_jour") != "4" {
			t.Errorf("a weekday's rule kept %s %s %s", chosen(week, "reserver_ferie"), chosen(week, "reserver_vacances"), chosen(week, "reserver_nombre"))
		}
		table := week.SubmitAll(oneForm, url.Values{"reserver_regle": {"table"}, "annuler_regle": {"never"}, "action": {"verifier"}})
		if table.Status != 200 {
			t.Fatalf("a table as it begins: %d %s", table.Status, table.Text(".error-summary"))
		}
		table.SubmitAll(oneForm, url.Values{"action": {"publier"}}).Follow()
		all := s.whole(t).Policies
		rule := all[len(all)-1].Rules[0]
		if rule.Anchor != activity.AnchorTable || len(rule.Weekdays) != 4 || rule.Closed != activity.ShiftNone || rule.Holiday != activity.ShiftNone {
			t.Errorf("published: %+v", rule)
		}
	})
}

func TestFirstDeadlinesDoNotBeginInAnotherAge(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		reader := familytest.Agent(activity.Read)
		portal := testkit.NewPortal(t, s.d, persontest.Now())
		activity.Pages{DB: s.d, Now: persontest.Now}.Agent(portal.Router)
		if page := portal.As(reader).Get(s.at("/delais")); page.Has("main form") || !strings.Contains(page.Text("main"), "Seul un administrateur") {
			t.Errorf("who may not publish has fields: %s", page.Text("main"))
		}
		old := activitytest.Model(t, "veille-9h")
		for from, want := range map[civil.Date]bool{civil.NewDate(1900, 1, 1): false, civil.NewDate(2026, 9, 1): true} {
			old.From = from
			if err := s.try(func(tx *db.Tx, now time.Time) error {
				if _, err := tx.Exec(`delete from deadline_row`); err != nil {
					return err
				}
				if _, err := tx.Exec(`delete from deadline_rule`); err != nil {
					return err
				}
				if _, err := tx.Exec(`delete from policy`); err != nil {
					return err
				}
				_, err := activity.AddPolicy(tx, now, designer, s.ID, old)
				return err
			}); (err == nil) != want {
				t.Errorf("from %s: %v", from, err)
			}
		}
	})
}

func TestTheFirstDayOfDeadlinesIsCheckedAtOnce(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		page := s.desk(t).Get(s.at("/delais"))
		for _, day := range []string{"", "1 mars 2227", "5 janvier 2027"} {
			got := page.SubmitAll(oneForm, url.Values{"depuis": {day}, "action": {"verifier"}})
			if got.Status != 422 || !got.Has("#champ-depuis-erreur") || typed(got, `[name=depuis]`) != day {
				t.Errorf("%q: %d", day, got.Status)
			}
		}
		far := activitytest.Model(t, "veille-9h")
		far.From = civil.NewDate(2227, 3, 1)
		if err := s.try(func(tx *db.Tx, now time.Time) error {
			_, err := activity.AddPolicy(tx, now, designer, s.ID, far)
			return err
		}); err == nil {
			t.Error("deadlines of the next century are published")
		}
	})
}

func TestExamplesBeginWithThePeriodToCome(t *testing.T) {
	plan := activitytest.Plan{Days: civil.Range{From: civil.NewDate(2027, 3, 2), To: civil.NewDate(2027, 6, 30)}}
	plan.Policy = activity.Policy{From: civil.NewDate(2027, 1, 1), After: activity.After{Kind: activity.AfterRefuse}, Rules: []activity.Rule{
		{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 7, Measure: activity.Days, Minute: 540},
		{Action: activity.Book, For: activity.Resident, Anchor: activity.AnchorDay, Offset: 2, Measure: activity.Days, Minute: 540},
	}}
	eachSetting(t, plan, func(t *testing.T, s *setting) {
		shown := s.desk(t).Get(s.at("/delais"))
		if first := shown.Doc.Find("#exemples .example").First().Text(); !strings.Contains(first, "Premier jour de la période, 2 mars") {
			t.Errorf("first example: %s", first)
		}
		text := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(shown.Text("#exemples"))
		if !strings.Contains(text, "Famille de la commune : jusqu’au dimanche 28 février à 9 h ; autres familles : jusqu’au mardi 23 février à 9 h.") {
			t.Errorf("both families: %s", text)
		}
		if n := shown.Doc.Find("#exemples .example").Length(); n != 5 {
			t.Errorf("%d examples", n)
		}
	})
}

func TestPlacesByDaySayWhatDaysAre(t *testing.T) {
	plan := activitytest.Plan{Capacity: number(8), Days: civil.Range{From: civil.NewDate(2026, 12, 14), To: civil.NewDate(2027, 1, 29)}}
	plan.Policy = activitytest.Model(t, "veille-9h")
	eachSetting(t, plan, func(t *testing.T, s *setting) {
		c := s.desk(t)
		if _, err := db.Write(context.Background(), s.d, func(tx *db.Tx) (int64, error) {
			return tx.Exec(`delete from slot where day = $1`, civil.NewDate(2027, 1, 4)) // a past day that never had places
		}); err != nil {
			t.Fatal(err)
		}
		text := c.Get(s.at("/places") + "?mois=2027-01").Text("main table")
		for _, want := range []string{"lundi 4 janvierPassé", "mardi 5 janvierPassé, aucun enfant", "jeudi 7 janvier0 sur 8"} {
			if !strings.Contains(strings.ReplaceAll(text, "janvier ", "janvier"), want) {
				t.Errorf("%q is not in %s", want, text)
			}
		}
		december := c.Get(s.at("/places") + "?mois=2026-12").Text("main table") // places made before, of days gone by
		if !strings.Contains(december, "Passé, aucun enfant") || strings.Contains(december, "0 sur 8") {
			t.Errorf("a day gone by looks open: %s", december)
		}
		if strings.Contains(text, "Pas encore ouvert") {
			t.Errorf("days of an open period are not open yet: %s", text)
		}
		got := c.Get(s.at("/places")).SubmitAll("#places", url.Values{"debut": {"13 janvier 2027"}, "places": {"4"}}) // a Wednesday
		if got.Status != 409 || !strings.Contains(got.Text(".error-summary"), "Pas d’accueil ces jours-là") {
			t.Errorf("a day without the activity: %d %s", got.Status, got.Text(".error-summary"))
		}
		got = c.Get(s.at("/places")).SubmitAll("#places", url.Values{"debut": {"15 mars 2027"}, "places": {"4"}})
		if got.Status != 409 || !strings.Contains(got.Text(".error-summary"), "Ouvrez d’abord la période") {
			t.Errorf("a day of no period: %d %s", got.Status, got.Text(".error-summary"))
		}
	})
}

func TestTheFamilysViewIsOneSchoolAndItsPeriod(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(8), Days: civil.Range{From: civil.NewDate(2027, 5, 3), To: civil.NewDate(2027, 6, 30)}}, func(t *testing.T, s *setting) {
		other := s.addSite(t)
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			x := s.whole(t)
			return activity.SetPlaces(tx, now, designer, s.ID, []activity.Place{{Site: s.School, Capacity: number(8)}, {Site: other, Capacity: number(3)}}, x.PlacesStamp())
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := activity.CoverOpen(context.Background(), s.d, persontest.Now(), s.ID, civil.Date{}, nil); err != nil {
			t.Fatal(err)
		}
		c := s.desk(t)
		page := c.Get(s.at("/apercu"))
		if text := page.Text("main"); !strings.Contains(text, "Lundi 3 mai") || strings.Contains(text, "11 places") {
			t.Errorf("as a family: %s", text)
		}
		page = page.SubmitAll(`main form[method=get]`, url.Values{"lieu": {string(other)}})
		if text := page.Text("main"); !strings.Contains(text, "3 places") || strings.Contains(text, "8 places") {
			t.Errorf("at the other school: %s", text)
		}
	})
	late := activitytest.Model(t, "veille-9h")
	late.Rules = []activity.Rule{{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 20, Measure: activity.Days, Minute: 540}}
	late.After = activity.After{Kind: activity.AfterSurcharge, Percent: 50}
	eachSetting(t, activitytest.Plan{Policy: late}, func(t *testing.T, s *setting) {
		if text := s.desk(t).Get(s.at("/apercu")).Text("main"); !strings.Contains(text, "Hors délai : avec une majoration") {
			t.Errorf("after the deadline: %s", text)
		}
	})
}

// addSite opens a second school.
func (s *setting) addSite(t *testing.T) (id town.SiteID) {
	t.Helper()
	if err := s.do(func(tx *db.Tx, now time.Time) (err error) {
		id, err = town.AddSite(tx, now, actor.Job("test"), town.Site{Name: "École des Tilleuls", Kind: town.School})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAnUncheckedCalendarIsToldBeforeOpening(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		year := s.schoolYear(t)
		c := s.desk(t)
		set := func(checked bool) {
			year.Checked = checked
			if err := s.do(func(tx *db.Tx, now time.Time) error {
				return town.SetYear(tx, now, actor.Job("test"), year)
			}); err != nil {
				t.Fatal(err)
			}
		}
		set(false)
		if c.Get(s.at("/periodes")).Has("main .notice") {
			t.Error("told where nothing is left to open")
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			_, err := activity.AddPeriod(tx, now, designer, s.ID, activity.Period{Name: "Printemps", Days: civil.Range{From: civil.NewDate(2027, 4, 1), To: civil.NewDate(2027, 6, 30)}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if text := c.Get(s.at("/periodes")).Text("main .notice"); !strings.Contains(text, "Calendrier à vérifier") || !strings.Contains(text, "2026-2027") {
			t.Errorf("unchecked: %s", text)
		}
		set(true)
		if c.Get(s.at("/periodes")).Has("main .notice") {
			t.Error("a checked calendar is doubted")
		}
	})
}
